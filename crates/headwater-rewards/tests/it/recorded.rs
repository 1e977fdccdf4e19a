//! The ledger before an oracle: what is asked, what is kept, and when the budget ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use headwater_rewards::{
    Asking, Budget, Ledger, Listener, Meter, Missing, Objects, Oracle, Recorded, RewardError, Texts,
};

/// Everything that outlives a [`Recorded`] in a test.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    scores: BTreeMap<String, f64>,
    calls: HashMap<&'static str, u64>,
    asked: Vec<String>,
    /// How many entries were made, and how many of them to last.
    entries: (u64, u64),
    is_prepared: bool,
}

impl Ledger for Book {
    fn name(&self) -> String {
        "the book".to_owned()
    }

    fn recall(&mut self, objects: &Texts, out: &mut [Option<f64>]) -> Result<(), String> {
        let pages = self.0.lock().unwrap();
        for (object, score) in objects.iter().zip(out) {
            *score = pages.scores.get(object).copied();
        }
        Ok(())
    }

    fn prepare(&mut self) -> Result<(), String> {
        self.0.lock().unwrap().is_prepared = true;
        Ok(())
    }

    fn keep(&mut self, objects: &Texts, scores: &[f64], lasting: bool) -> Result<(), String> {
        let mut pages = self.0.lock().unwrap();
        assert!(pages.is_prepared && scores.iter().all(|y| y.is_finite()));
        pages.entries = (pages.entries.0 + 1, pages.entries.1 + u64::from(lasting));
        pages.scores.extend(objects.iter().map(str::to_owned).zip(scores.iter().copied()));
        Ok(())
    }

    fn forget(&mut self, objects: &Texts) -> Result<(), String> {
        let mut pages = self.0.lock().unwrap();
        objects.iter().for_each(|object| assert!(pages.scores.remove(object).is_some(), "{object}"));
        Ok(())
    }
}

/// The calls of a run.
struct Calls(Book, &'static str);

impl Meter for Calls {
    fn calls(&mut self) -> Result<u64, String> {
        Ok(self.0.0.lock().unwrap().calls.get(self.1).copied().unwrap_or(0))
    }

    fn count(&mut self, n: u64) -> Result<(), String> {
        *self.0.0.lock().unwrap().calls.entry(self.1).or_default() += n;
        Ok(())
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
    of_run("run", Length(book.clone()), book, max_calls, max_seconds)
}

fn of_run(
    run: &'static str,
    oracle: impl Oracle + 'static,
    book: &Book,
    max_calls: Option<u64>,
    max_seconds: Option<f64>,
) -> Recorded {
    let (budget, meter) = (Budget { max_calls, max_seconds }, Calls(book.clone(), run));
    Recorded::new(Box::new(oracle), Some(Box::new(book.clone())), Box::new(meter), budget)
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
    assert!(score(&mut first, &book, &["a", "bb"]).0.is_ok());
    let (scores, asked) = score(&mut first, &book, &["ccc", "dddd", "a"]);
    let message = "the budget is spent (max_calls = 3): 3 calls have been made";
    assert_eq!((scores.unwrap_err().as_str(), asked.as_str()), (message, "ccc"));
    // What is known is free.
    assert_eq!(score(&mut first, &book, &["ccc", "bb"]).0.unwrap(), [3.0, 2.0]);
    // The run in another process has nothing left, and another run has.
    let mut again = recorded(&book, Some(3), None);
    assert_eq!(score(&mut again, &book, &["a", "x"]), (Err(message.to_owned()), String::new()));
    let mut other = of_run("other", Length(book.clone()), &book, Some(3), None);
    assert_eq!(score(&mut other, &book, &["a", "x"]), (Ok(vec![1.0, 1.0]), "x".to_owned()));
}

#[test]
fn a_budget_of_seconds_ends_too() {
    let book = Book::default();
    let mut oracle = recorded(&book, None, Some(0.0));
    let (scores, asked) = score(&mut oracle, &book, &["a"]);
    let message = "the budget is spent (max_seconds = 0): 0 calls have been made";
    assert_eq!((scores.unwrap_err().as_str(), asked.as_str()), (message, ""));
}

/// What has failed is not known to have no score: it can be tried again, and the error is the cause and not a NaN.
#[test]
fn an_oracle_that_has_failed_is_asked_again() {
    let book = Book::default();
    let mut oracle = recorded(&book, None, None);
    for _ in 0..2 {
        assert_eq!(score(&mut oracle, &book, &["a", "bad", "bb"]).0.unwrap_err(), "length failed: bad");
    }
    assert_eq!(score(&mut oracle, &book, &["a", "bb"]), (Ok(vec![1.0, 2.0]), "bb".to_owned()));
}

#[test]
fn a_receipt_says_what_was_asked_and_what_was_known() {
    let book = Book::default();
    assert!(score(&mut recorded(&book, None, None), &book, &["a", "bb", "nan"]).0.is_ok());
    let mut oracle = recorded(&book, None, None);
    assert!(score(&mut oracle, &book, &["a", "a", "ccc", "dddd"]).0.is_ok());
    assert!(score(&mut oracle, &book, &["a", "bb", "ccc"]).0.is_ok());
    assert_eq!(oracle.receipt().unwrap().to_string(), "2 new scores, 2 from the book");
}

#[test]
fn nothing_is_asked_for_that_is_not_wanted() {
    let book = Book::default();
    assert!(score(&mut recorded(&book, None, None), &book, &["a"]).0.is_ok());
    let mut oracle = recorded(&book, Some(2), None);
    oracle.restrict(Asking::Nothing);
    let (scores, asked) = score(&mut oracle, &book, &["a", "bb"]);
    let scores = scores.unwrap();
    assert!(scores[0] == 1.0 && scores[1].is_nan() && asked.is_empty());
    assert_eq!(oracle.missing(), Missing::Floor);
    oracle.restrict(Asking::Affordable);
    let (scores, asked) = score(&mut oracle, &book, &["a", "bb", "ccc"]);
    let scores = scores.unwrap();
    assert!(scores[..2] == [1.0, 2.0] && scores[2].is_nan() && asked == "bb");
    oracle.restrict(Asking::All);
    assert_eq!(oracle.missing(), Missing::Error);
    assert!(score(&mut oracle, &book, &["ccc"]).0.is_err());
}

/// Makes each call twice, as it were, if it may; says `void` in the end if it is `lying`.
struct Wasteful(Book, bool);

impl Oracle for Wasteful {
    fn score(&mut self, _: &Objects, _: &mut [f64]) -> Result<(), RewardError> {
        unreachable!("it is listened to")
    }

    fn score_in_pieces(
        &mut self,
        objects: &Objects,
        out: &mut [f64],
        listener: &mut dyn Listener,
    ) -> Result<(), RewardError> {
        for i in 0..out.len() {
            listener.called(1);
            if !listener.may_repeat() {
                continue;
            }
            listener.called(1);
            out[i] = i as f64;
            listener.scored(i..i + 1, &[i as f64]);
            listener.pause();
            let pages = self.0.0.lock().unwrap();
            assert_eq!(
                pages.scores.get(objects.texts().get(i)),
                Some(&(i as f64)),
                "kept before the next is there"
            );
        }
        if self.1 {
            out.fill(f64::NAN);
            listener.void();
            return Err(RewardError::Failed { oracle: "it".into(), message: "cannot be trusted".into() });
        }
        Ok(())
    }
}

#[test]
fn calls_that_come_to_nothing_count_and_a_budget_is_never_exceeded() {
    let book = Book::default();
    let mut oracle = of_run("run", Wasteful(book.clone(), false), &book, Some(10), None);
    assert_eq!(score(&mut oracle, &book, &["a", "b", "c"]).0, Ok(vec![0.0, 1.0, 2.0]));
    assert_eq!(book.0.lock().unwrap().calls["run"], 6);
    // Four calls are left, and one of them may come to nothing.
    let message = "the budget is spent (max_calls = 10): 10 calls have been made";
    assert_eq!(score(&mut oracle, &book, &["d", "e", "f"]).0.unwrap_err(), message);
    let pages = book.0.lock().unwrap();
    assert_eq!(pages.calls["run"], 10);
    assert_eq!(pages.scores.len(), 4);
    // Every score has its entry, and few of them wait for the disk.
    assert!(pages.entries.0 >= 4 && pages.entries.1 < pages.entries.0, "{:?}", pages.entries);
}

#[test]
fn scores_that_turn_out_to_be_void_are_removed() {
    let book = Book::default();
    assert!(score(&mut recorded(&book, None, None), &book, &["old"]).0.is_ok());
    let mut oracle = of_run("run", Wasteful(book.clone(), true), &book, None, None);
    assert_eq!(score(&mut oracle, &book, &["old", "a", "b"]).0.unwrap_err(), "it failed: cannot be trusted");
    assert_eq!(book.0.lock().unwrap().scores, BTreeMap::from([("old".into(), 3.0)]));
}
