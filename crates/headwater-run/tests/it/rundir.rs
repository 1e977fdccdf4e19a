//! Run directories: numbered without races, locked, and complete from the moment they appear.

use std::collections::BTreeSet;

use expect_test::expect;
use headwater_run::{Cell, Checkpoint, Manifest, Problem, RunDir, Status};
use serde_json::json;

use crate::sample::{Temp, names};

fn manifest() -> Manifest {
    Manifest::new("0.1.0", "avx2 fma", 2, 7, "00ff".into(), 1_000)
}

#[test]
fn runs_are_numbered_without_races() {
    let dir = Temp::new();
    let runs = dir.path("deep/runs");
    let create = || RunDir::create(&runs, "grid-tb", "seed = 1\n", &manifest()).unwrap().path().to_owned();
    let five = || (0..5).map(|_| create()).collect::<Vec<_>>();
    let paths: BTreeSet<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(five)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let expected: BTreeSet<_> = (1..=40).map(|i| runs.join(format!("grid-tb-{i:04}"))).collect();
    assert_eq!(paths, expected);
    assert_eq!(names(&runs).len(), 40, "nothing unfinished is left");
    std::fs::write(runs.join("grid-tb-0041"), "a file in the way").unwrap();
    std::fs::create_dir(runs.join("grid-0007")).unwrap();
    let next = |name: &str| {
        RunDir::create(&runs, name, "", &manifest()).unwrap().path().file_name().unwrap().to_owned()
    };
    assert_eq!(next("grid-tb"), "grid-tb-0042");
    assert_eq!(next("grid"), "grid-0008");
    assert_eq!(next("../a b/ü:"), "-a-b-ü--0001");
    assert_eq!(next(" "), "run-0001");
}

#[test]
fn a_run_may_be_put_where_nothing_is() {
    let dir = Temp::new();
    std::fs::create_dir(dir.path("empty")).unwrap();
    for name in ["empty", "new/deep"] {
        let run = RunDir::create_at(&dir.path(name), "seed = 1\n", &manifest()).unwrap();
        assert!(run.is_locked());
        assert_eq!(dir.names(name), ["checkpoints", "config.toml", "lock", "manifest.json"]);
        assert_eq!(run.config().unwrap(), "seed = 1\n");
        assert_eq!(run.manifest().unwrap(), manifest());
    }
    dir.write("file", "");
    for name in ["empty", "file"] {
        let error = RunDir::create_at(&dir.path(name), "", &manifest()).unwrap_err();
        assert_eq!(dir.mask(&error), format!("`TMP/{name}` exists already and is not empty"));
    }
    assert_eq!(dir.names(""), ["empty", "file", "new"]);
}

#[test]
fn what_a_killed_process_left_of_a_new_run_is_removed() {
    let dir = Temp::new();
    let left = |name: &str, files: &[&str]| {
        std::fs::create_dir_all(dir.path(&format!("runs/{name}/checkpoints"))).unwrap();
        files.iter().for_each(|file| drop(dir.write(&format!("runs/{name}/{file}"), "")));
    };
    left(".grid-tb.9.0.tmp", &["config.toml", "lock", ".manifest.json.9.1.tmp"]);
    left(".ising-tb.9.0.tmp", &[]);
    left(".notes.tmp", &[]);
    left(".a.9.0.tmp", &["of-somebody-else"]);
    left(".alive.9.0.tmp", &["lock"]);
    let lock = std::fs::File::open(dir.path("runs/.alive.9.0.tmp/lock")).unwrap();
    lock.lock().unwrap();
    RunDir::create(&dir.path("runs"), "grid-tb", "", &manifest()).unwrap();
    assert_eq!(dir.names("runs"), [".a.9.0.tmp", ".alive.9.0.tmp", ".notes.tmp", "grid-tb-0001"]);
    assert!(dir.path("runs/.a.9.0.tmp/of-somebody-else").exists());
    drop(lock);
    RunDir::create_at(&dir.path("runs/mine"), "", &manifest()).unwrap();
    assert_eq!(dir.names("runs"), [".a.9.0.tmp", ".notes.tmp", "grid-tb-0001", "mine"]);
}

#[test]
fn what_is_no_run_is_said_to_be_none() {
    let dir = Temp::new();
    dir.write("half/config.toml", "");
    dir.write("file", "");
    std::fs::create_dir(dir.path("empty")).unwrap();
    let messages: Vec<String> = ["none", "file", "empty", "half"]
        .map(|name| dir.mask(RunDir::open(&dir.path(name)).unwrap_err()))
        .into();
    expect![[r#"
        `TMP/none` is not a run directory: there is no such file or directory
        `TMP/file` is not a run directory: a part of its path is not a directory
        `TMP/empty` is not a run directory: `config.toml`, `manifest.json` and `checkpoints` are missing
        `TMP/half` is not a run directory: `manifest.json` and `checkpoints` are missing"#]]
    .assert_eq(&messages.join("\n"));
}

#[test]
fn one_process_writes_and_any_reads() {
    let dir = Temp::new();
    let path = dir.path("run");
    let first = RunDir::create_at(&path, "", &manifest()).unwrap();
    let error = RunDir::resume(&path).unwrap_err();
    let message = dir.mask(Problem::from(&error)).replace(&std::process::id().to_string(), "PID");
    expect![[r#"
        error: `TMP/run` is in use by another process (PID)

        hint: wait until it ends, or end it with Ctrl-C so that it saves"#]]
    .assert_eq(&message);
    assert!(!RunDir::open(&path).unwrap().is_locked());
    drop(first);
    dir.write("run/.metrics.csv.1.2.tmp", "left by a killed process");
    dir.write("run/checkpoints/.latest.1.2.tmp", "left by a killed process");
    assert!(RunDir::resume(&path).unwrap().is_locked());
    assert_eq!(dir.names("run"), ["checkpoints", "config.toml", "lock", "manifest.json"]);
    assert_eq!(dir.names("run/checkpoints"), Vec::<String>::new());
}

#[test]
fn a_run_holds_its_files() {
    let dir = Temp::new();
    let run = RunDir::create_at(&dir.path("run"), "seed = 1\n", &manifest()).unwrap();
    run.metrics(&["step", "tv"]).unwrap().append(&[Cell::Int(1), Cell::Real(0.5)]).unwrap();
    run.steps(&["step", "loss"]).unwrap().append(&[Cell::Int(1), Cell::Real(2.5)]).unwrap();
    run.checkpoints(3).save(&Checkpoint::new(1)).unwrap();
    assert_eq!(run.exact().unwrap(), None);
    run.write_exact(&json!({ "n_states": 64, "log_z": 1.5 })).unwrap();
    assert_eq!(run.exact().unwrap().unwrap()["n_states"], 64);
    run.log("one").unwrap();
    run.log("two\n").unwrap();
    run.write_samples(|list| list.write("3-4", 0.0, -1.0, -0.5, "policy")).unwrap();
    let failed = run.write_samples(|_| Err(std::io::ErrorKind::StorageFull.into())).unwrap_err();
    assert_eq!(dir.mask(failed), "cannot write `TMP/run/samples.csv`: the disk is full");
    run.write_config("seed = 2\n").unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path("run").join(name)).unwrap();
    assert_eq!(read("log.txt"), "one\ntwo\n");
    assert_eq!(
        read("samples.csv"),
        "# seed = 1\ntext,log_reward,log_pf,log_pb,origin\n3-4,0.0,-1.0,-0.5,policy\n"
    );
    assert_eq!(
        (read("metrics.csv"), read("steps.csv")),
        ("step,tv\n1,0.5\n".into(), "step,loss\n1,2.5\n".into())
    );
    expect![
        "checkpoints config.toml exact.json lock log.txt manifest.json metrics.csv samples.csv steps.csv"
    ]
    .assert_eq(&dir.names("run").join(" "));
}

#[test]
fn manifests_tell_the_story() {
    let dir = Temp::new();
    let run = RunDir::create_at(&dir.path("run"), "", &manifest()).unwrap();
    let ended = run.manifest().unwrap().end(Status::Failed, Some("the loss is `nan`".into()), 1_060);
    run.write_manifest(&ended).unwrap();
    assert_eq!(run.manifest().unwrap(), ended);
    let mut json = ended.to_json();
    (json["os"], json["arch"]) = (json!("linux"), json!("x86_64"));
    expect![[r#"
        {
          "program": "headwater",
          "version": "0.1.0",
          "git_revision": null,
          "os": "linux",
          "arch": "x86_64",
          "cpu": "avx2 fma",
          "threads": 2,
          "seed": 7,
          "fingerprint": "00ff",
          "start_unix_s": 1000,
          "end_unix_s": 1060,
          "heartbeat_unix_s": 1060,
          "status": "failed",
          "reason": "the loss is `nan`"
        }"#]]
    .assert_eq(&format!("{json:#}"));
    let again = Manifest { git_revision: Some("abc".into()), ..ended.resume(2_000) };
    assert_eq!(Manifest::from_json(&again.to_json()).unwrap(), again);
    assert_eq!((again.status, again.end_unix_s, again.start_unix_s), (Status::Running, None, 1_000));
    assert!(again.is_dead(2_061, 60) && !again.is_dead(2_060, 60) && !again.is_dead(1_000, 60));
    assert!(!again.clone().end(Status::Finished, None, 2_001).is_dead(9_999, 60));
    assert!(Manifest::now_unix_s() > 1_700_000_000);
    let error = |key: &str, value| {
        let mut json = again.to_json();
        json[key] = value;
        Manifest::from_json(&json).unwrap_err()
    };
    let errors = [
        error("status", json!("asleep")),
        error("threads", json!(-1)),
        error("version", json!(null)),
        error("reason", json!(3)),
        Manifest::from_json(&json!({})).unwrap_err(),
        Manifest::from_json(&json!([])).unwrap_err(),
    ];
    expect![[r#"
        `status` is `asleep`, expected running, finished, interrupted or failed
        `threads` is not a whole number
        `version` is not a string
        `reason` is not a string
        `status` is missing
        it is no JSON object"#]]
    .assert_eq(&errors.join("\n"));
    dir.write("run/manifest.json", "{ \"status\": ");
    expect![
        "`TMP/run/manifest.json` is damaged: it is not JSON: EOF while parsing a value at line 1 column 12"
    ]
    .assert_eq(&dir.mask(run.manifest().unwrap_err()));
}
