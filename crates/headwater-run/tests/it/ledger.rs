//! The file of scores: shared, told apart by identity, and refused where it is something else.

use headwater_rewards::{Ledger, Texts};
use headwater_run::ScoreFile;

use crate::sample::Temp;

fn keep(file: &mut ScoreFile, scores: &[(&str, f64)]) {
    let texts: Texts = scores.iter().map(|(object, _)| *object).collect();
    let scores: Vec<f64> = scores.iter().map(|(_, score)| *score).collect();
    file.keep(&texts, &scores, true).unwrap();
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
    let mut file = ScoreFile::at(&path, "dock 1", None).unwrap();
    keep(&mut file, &[("a", 0.1), ("b\"; DROP TABLE score", -3e300), ("∅", 2.0)]);
    // The first score of an object stays.
    keep(&mut file, &[("a", 7.0)]);
    drop(file);
    let mut file = ScoreFile::at(&path, "dock 1", None).unwrap();
    assert_eq!(recall(&mut file, &["∅", "c", "a"]), [Some(2.0), None, Some(0.1)]);
    assert_eq!(file.objects().unwrap().len(), 3);
    let mut other = ScoreFile::at(&path, "dock 2", None).unwrap();
    assert_eq!(recall(&mut other, &["a"]), [None]);
    assert!(other.objects().unwrap().is_empty());
}

/// Nobody who only looks leaves a file behind.
#[test]
fn a_ledger_is_made_when_there_is_something_to_keep() {
    let dir = Temp::new();
    let path = dir.path("deep/scores.sqlite");
    let mut file = ScoreFile::at(&path, "x", None).unwrap();
    assert_eq!((recall(&mut file, &["a"]), file.objects().unwrap().len()), (vec![None], 0));
    assert!(file.kin().unwrap().is_empty() && !dir.path("deep").exists());
    // Another process makes it meanwhile.
    keep(&mut ScoreFile::at(&path, "x", None).unwrap(), &[("a", 1.0)]);
    assert_eq!(recall(&mut file, &["a"]), [Some(1.0)]);
    let empty = dir.path("empty.sqlite");
    std::fs::write(&empty, "").unwrap();
    let mut file = ScoreFile::at(&empty, "x", None).unwrap();
    assert!(file.objects().unwrap().is_empty() && std::fs::metadata(&empty).unwrap().len() == 0);
    file.prepare().unwrap();
    keep(&mut file, &[("b", 2.0)]);
    assert_eq!(recall(&mut file, &["b"]), [Some(2.0)]);
}

#[test]
fn scores_that_wait_for_no_disk_are_there_for_others() {
    let dir = Temp::new();
    let path = dir.path("scores.sqlite");
    let mut file = ScoreFile::at(&path, "x", Some("run")).unwrap();
    let texts: Texts = ["a", "b"].into_iter().collect();
    file.keep(&texts, &[1.0, 2.0], false).unwrap();
    assert_eq!(recall(&mut ScoreFile::at(&path, "x", None).unwrap(), &["a", "b"]), [Some(1.0), Some(2.0)]);
    file.keep(&Texts::default(), &[], true).unwrap();
    // What turns out to be void is removed, but nothing that another run has paid for.
    let mut other = ScoreFile::at(&path, "x", Some("other")).unwrap();
    keep(&mut other, &[("c", 3.0)]);
    file.forget(&["a", "c"].into_iter().collect()).unwrap();
    assert_eq!(recall(&mut other, &["a", "b", "c"]), [None, Some(2.0), Some(3.0)]);
}

#[test]
fn identities_that_may_be_taken_for_the_same_are_told_of() {
    let dir = Temp::new();
    let path = dir.path("scores.sqlite");
    let said = "strings\ncommand [\"sh\", \"a%b_.sh\"] version \"\"";
    for (identity, n) in [
        (format!("{said}\nfile 1"), 1),
        (said.to_owned(), 2),
        (format!("{said}\nfile 2"), 3),
        (said.replace('%', "x"), 4),
        (said.replace("strings", "bits"), 5),
    ] {
        let scores: Vec<(String, f64)> = (0..n).map(|i| (i.to_string(), 1.0)).collect();
        let scores: Vec<(&str, f64)> = scores.iter().map(|(x, y)| (x.as_str(), *y)).collect();
        keep(&mut ScoreFile::at(&path, &identity, None).unwrap(), &scores);
    }
    let mut file = ScoreFile::at(&path, &format!("{said}\nfile 2"), None).unwrap();
    assert_eq!(file.kin().unwrap(), [(format!("{said}\nfile 1"), 1), (said.to_owned(), 2)]);
}

/// Earlier versions counted in the ledger, under the place and the start of a run.
#[test]
fn what_an_earlier_version_counted_is_found_wherever_the_run_is() {
    let dir = Temp::new();
    let path = dir.path("scores.sqlite");
    for (run, n) in [("/a/run 1700000001", 1), ("/a/run 1700000001 dock", 2), ("/b/run 1700000002", 3)] {
        let mut file = ScoreFile::at(&path, "x", Some(run)).unwrap();
        let texts: Vec<String> = (0..n).map(|i| format!("{run}{i}")).collect();
        let texts: Texts = texts.iter().map(String::as_str).collect();
        file.keep(&texts, &vec![1.0; n], true).unwrap();
    }
    let mut file = ScoreFile::at(&path, "x", None).unwrap();
    let mut paid = |name: &str, ending: &str| file.paid(name, ending).unwrap();
    assert_eq!(paid("/a/run 1700000001", " 1700000001"), 1);
    assert_eq!(paid("/moved 1700000001 dock", " 1700000001 dock"), 2);
    assert_eq!(paid("/moved 1700000002", " 1700000002"), 3);
    assert_eq!(paid("/moved 1700000003", " 1700000003"), 0);
}

#[test]
fn many_write_at_once() {
    let dir = Temp::new();
    let path = dir.path("scores.sqlite");
    std::thread::scope(|scope| {
        for t in 0..6 {
            let path = &path;
            scope.spawn(move || {
                let mut file = ScoreFile::at(path, if t % 2 == 0 { "even" } else { "odd" }, None).unwrap();
                for i in 0..40 {
                    keep(&mut file, &[(&format!("{t} {i}"), f64::from(i)), ("shared", 1.0)]);
                }
            });
        }
    });
    for identity in ["even", "odd"] {
        let all = ScoreFile::at(&path, identity, None).unwrap().objects().unwrap();
        assert_eq!(all.len(), 3 * 40 + 1);
    }
}

#[test]
fn what_is_no_ledger_is_refused() {
    let dir = Temp::new();
    let refused = |path: &std::path::Path| {
        let problem = ScoreFile::at(path, "x", None).err().expect("it is no ledger");
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
    ScoreFile::at(&later, "x", None).unwrap().prepare().unwrap();
    rusqlite::Connection::open(&later).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    assert!(refused(&later).contains("it has version 9, and this program knows version 1"));
    assert!(refused(dir.path("").as_path()).contains("cannot be used"));
}
