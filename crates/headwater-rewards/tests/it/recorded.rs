//! The ledger before an oracle: what is asked, what is kept, and when the budget ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use headwater_rewards::{Budget, Ledger, Objects, Oracle, Recorded, RewardError, Texts};

/// Everything that outlives a [`Recorded`] in a test.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    scores: BTreeMap<String, f64>,
    paid: HashMap<String, u64>,
    run: String,
    asked: Vec<String>,
}

impl Ledger for Book {
    fn recall(&mut self, objects: &Texts, out: &mut [Option<f64>]) -> Result<(), String> {
        let pages = self.0.lock().unwrap();
        for (object, score) in objects.iter().zip(out) {
            *score = pages.scores.get(object).copied();
        }
        Ok(())
    }

    fn keep(&mut self, objects: &Texts, scores: &[f64]) -> Result<(), String> {
        let mut pages = self.0.lock().unwrap();
        assert!(scores.iter().all(|y| y.is_finite()));
        let run = pages.run.clone();
        *pages.paid.entry(run).or_default() += scores.len() as u64;
        pages.scores.extend(objects.iter().map(str::to_owned).zip(scores.iter().copied()));
        Ok(())
    }

    fn attribute(&mut self, run: &str) -> Result<u64, String> {
        let mut pages = self.0.lock().unwrap();
        pages.run = run.to_owned();
        Ok(pages.paid.get(run).copied().unwrap_or(0))
    }
}

/// The length of a text; none for `nan`, and it fails at `bad`, after what came before.
struct Length(Book);

impl Oracle for Length {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        for (text, y) in objects.texts().iter().zip(out) {
            self.0.0.lock().unwrap().asked.push(text.to_owned());
            match text {
                "bad" => return Err(RewardError::Failed { oracle: "length".into(), message: "bad".into() }),
                "nan" => {}
                _ => *y = text.len() as f64,
            }
        }
        Ok(())
    }

    fn identity(&self) -> Option<String> {
        Some("length".to_owned())
    }
}

fn recorded(book: &Book, max_calls: Option<u64>, max_seconds: Option<f64>) -> Recorded {
    let budget = Budget { max_calls, max_seconds };
    Recorded::new(Box::new(Length(book.clone())), Some(Box::new(book.clone())), budget)
}

/// The scores, or the error in words, and what the oracle was asked for since the last time.
fn score(oracle: &mut Recorded, book: &Book, texts: &[&str]) -> (Result<Vec<f64>, String>, String) {
    let mut out = vec![0.0; texts.len()];
    let result = oracle.score(&texts.iter().copied().collect(), &mut out);
    let asked = std::mem::take(&mut book.0.lock().unwrap().asked).join(" ");
    (result.map(|()| out).map_err(|e| e.to_string()), asked)
}

#[test]
fn an_object_is_asked_for_once_whoever_asks() {
    let book = Book::default();
    let mut first = recorded(&book, None, None);
    let (scores, asked) = score(&mut first, &book, &["a", "bb", "a", "ccc"]);
    assert_eq!((scores.unwrap(), asked.as_str()), (vec![1.0, 2.0, 1.0, 3.0], "a bb ccc"));
    let (scores, asked) = score(&mut first, &book, &["bb", "dddd"]);
    assert_eq!((scores.unwrap(), asked.as_str()), (vec![2.0, 4.0], "dddd"));
    // Another process with the same ledger.
    let (scores, asked) = score(&mut recorded(&book, None, None), &book, &["dddd", "a", "e"]);
    assert_eq!((scores.unwrap(), asked.as_str()), (vec![4.0, 1.0, 1.0], "e"));
}

#[test]
fn what_has_no_score_is_not_kept_and_not_asked_for_again() {
    let book = Book::default();
    let mut first = recorded(&book, None, None);
    for expected in ["nan a", ""] {
        let (scores, asked) = score(&mut first, &book, &["nan", "a"]);
        let scores = scores.unwrap();
        assert!(scores[0].is_nan() && scores[1] == 1.0);
        assert_eq!(asked, expected);
    }
    assert_eq!(score(&mut recorded(&book, None, None), &book, &["nan"]).1, "nan");
}

#[test]
fn scores_before_a_failure_are_kept() {
    let book = Book::default();
    let (scores, _) = score(&mut recorded(&book, None, None), &book, &["a", "bb", "bad", "ccc"]);
    assert_eq!(scores.unwrap_err(), "length failed: bad");
    assert_eq!(book.0.lock().unwrap().scores, BTreeMap::from([("a".into(), 1.0), ("bb".into(), 2.0)]));
}

#[test]
fn a_budget_of_calls_is_spent_to_the_last_and_belongs_to_a_run() {
    let book = Book::default();
    let mut first = recorded(&book, Some(3), None);
    first.attribute("run 1").unwrap();
    assert!(score(&mut first, &book, &["a", "bb"]).0.is_ok());
    let (scores, asked) = score(&mut first, &book, &["ccc", "dddd", "a"]);
    let message = "the budget is spent (max_calls = 3): 3 scores have been paid for";
    assert_eq!((scores.unwrap_err().as_str(), asked.as_str()), (message, "ccc"));
    // What is known is free.
    assert_eq!(score(&mut first, &book, &["ccc", "bb"]).0.unwrap(), [3.0, 2.0]);
    // The run in another process has nothing left, and another run has.
    let mut again = recorded(&book, Some(3), None);
    again.attribute("run 1").unwrap();
    assert_eq!(score(&mut again, &book, &["a", "x"]), (Err(message.to_owned()), String::new()));
    let mut other = recorded(&book, Some(3), None);
    other.attribute("run 2").unwrap();
    assert_eq!(score(&mut other, &book, &["a", "x"]), (Ok(vec![1.0, 1.0]), "x".to_owned()));
}

#[test]
fn a_budget_of_seconds_ends_too() {
    let book = Book::default();
    let mut oracle = recorded(&book, None, Some(0.0));
    let (scores, asked) = score(&mut oracle, &book, &["a"]);
    let message = "the budget is spent (max_seconds = 0): 0 scores have been paid for";
    assert_eq!((scores.unwrap_err().as_str(), asked.as_str()), (message, ""));
}
