//! The file of scores: shared, told apart by identity, and refused where it is something else.

use headwater_rewards::{Ledger, Texts};
use headwater_run::ScoreFile;

use crate::sample::Temp;

fn keep(file: &mut ScoreFile, scores: &[(&str, f64)]) {
    let texts: Texts = scores.iter().map(|(object, _)| *object).collect();
    let scores: Vec<f64> = scores.iter().map(|(_, score)| *score).collect();
    file.keep(&texts, &scores).unwrap();
}

fn recall(file: &mut ScoreFile, objects: &[&str]) -> Vec<Option<f64>> {
    let mut out = vec![None; objects.len()];
    file.recall(&objects.iter().copied().collect(), &mut out).unwrap();
    out
}

#[test]
fn scores_are_found_again_under_their_identity() {
    let dir = Temp::new();
    let path = dir.path("deep/down/scores.sqlite");
    let mut file = ScoreFile::open(&path, "dock 1").unwrap();
    keep(&mut file, &[("a", 0.1), ("b\"; DROP TABLE score", -3e300), ("∅", 2.0)]);
    // The first score of an object stays.
    keep(&mut file, &[("a", 7.0)]);
    drop(file);
    let mut file = ScoreFile::open(&path, "dock 1").unwrap();
    assert_eq!(recall(&mut file, &["∅", "c", "a"]), [Some(2.0), None, Some(0.1)]);
    assert_eq!(file.objects().unwrap().len(), 3);
    let mut other = ScoreFile::open(&path, "dock 2").unwrap();
    assert_eq!(recall(&mut other, &["a"]), [None]);
    assert!(other.objects().unwrap().is_empty());
}

#[test]
fn a_run_is_told_what_it_has_paid() {
    let dir = Temp::new();
    let path = dir.path("scores.sqlite");
    let mut file = ScoreFile::open(&path, "x").unwrap();
    assert_eq!(file.attribute("one"), Ok(0));
    keep(&mut file, &[("a", 1.0), ("b", 2.0)]);
    assert_eq!(file.attribute("two"), Ok(0));
    keep(&mut file, &[("c", 3.0)]);
    let mut again = ScoreFile::open(&path, "x").unwrap();
    assert_eq!((again.attribute("one"), again.attribute("two")), (Ok(2), Ok(1)));
}

#[test]
fn many_write_at_once() {
    let dir = Temp::new();
    let path = dir.path("scores.sqlite");
    std::thread::scope(|scope| {
        for t in 0..6 {
            let path = &path;
            scope.spawn(move || {
                let mut file = ScoreFile::open(path, if t % 2 == 0 { "even" } else { "odd" }).unwrap();
                for i in 0..40 {
                    keep(&mut file, &[(&format!("{t} {i}"), f64::from(i)), ("shared", 1.0)]);
                }
            });
        }
    });
    for identity in ["even", "odd"] {
        let all = ScoreFile::open(&path, identity).unwrap().objects().unwrap();
        assert_eq!(all.len(), 3 * 40 + 1);
    }
}

#[test]
fn what_is_no_ledger_is_refused() {
    let dir = Temp::new();
    let refused = |path: &std::path::Path| {
        let problem = ScoreFile::open(path, "x").err().expect("it is no ledger");
        problem.to_string().replace(&path.display().to_string(), "FILE")
    };
    let garbage = dir.path("garbage");
    std::fs::write(&garbage, "object,score\na,1\n".repeat(500)).unwrap();
    let message =
        "error: the ledger `FILE` cannot be used: file is not a database\n\nhint: `ledger.path` names";
    assert!(refused(&garbage).starts_with(message), "{}", refused(&garbage));
    let foreign = dir.path("foreign");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let message = refused(&foreign);
    assert!(
        message.contains("it is another program's database") && message.contains("ledger.path"),
        "{message}"
    );
    let later = dir.path("later");
    drop(ScoreFile::open(&later, "x").unwrap());
    rusqlite::Connection::open(&later).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    assert!(refused(&later).contains("it has version 9, and this program knows version 1"));
    assert!(refused(dir.path("").as_path()).contains("cannot be used"));
}
