//! Whoever reads a run is told what is wrong with it.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use expect_test::expect;
use headwater_run::assemble::schema;
use headwater_run::door::{Reading, cautions};
use headwater_run::evaluation::Evaluation;
use headwater_run::session::{Observer, Session};
use headwater_run::{Input, RunDir};
use headwater_train::StepReport;

use crate::sample::Temp;

const GRID: &str = "\
[env]
kind = \"hypergrid\"
side = 4

[policy]
kind = \"tabular\"

[train]
steps = 6
batch = 4
threads = 1
lr = 0.01

[run]
checkpoint_every = 2
samples = 4
";

struct Silent;

impl Observer for Silent {
    fn step(&mut self, _: &StepReport) {}
    fn evaluated(&mut self, _: &Evaluation) {}
    fn note(&mut self, text: &str) {
        panic!("{text}");
    }
}

fn trained(dir: &Temp) -> PathBuf {
    let path = dir.path("run");
    let checked = Input::text("grid.toml", GRID).check(&schema()).unwrap();
    let mut session = Session::create(&checked, &dir.path("runs"), Some(&path)).unwrap();
    session.run(&AtomicBool::new(false), &mut Silent).unwrap();
    path
}

/// What is said by those who rebuild the policy, and by those who only look.
fn said(dir: &Temp, path: &std::path::Path) -> (String, String) {
    let loaded = Reading::open(path).and_then(|mut run| run.load().map(|_| run.cautions));
    let loaded = loaded.map_or_else(|e| e.problems().to_string(), |cautions| cautions.join("\n"));
    (dir.mask(loaded), dir.mask(cautions(path).join("\n")))
}

#[test]
fn a_sound_run_is_read_without_a_word() {
    let dir = Temp::new();
    let path = trained(&dir);
    assert_eq!(said(&dir, &path), (String::new(), String::new()));
    let config = RunDir::open(&path).unwrap().config().unwrap();
    let same = |config: &str| {
        dir.write("run/config.toml", config);
        assert_eq!(said(&dir, &path), (String::new(), String::new()), "{config}");
    };
    // Comments, and what a resumed run may be given.
    same(&config.replace("lr = 0.01\n", "lr = 0.01 # as before\n"));
    same(&config.replace("steps = 6\n", "steps = 60\n"));
}

#[test]
fn a_damaged_checkpoint_is_said_by_all_readers() {
    let dir = Temp::new();
    let path = trained(&dir);
    dir.write("run/checkpoints/step-00000006.safetensors", "torn");
    let caution = "`TMP/run/checkpoints/step-00000006.safetensors` is damaged: header too small; \
                   the checkpoint of update 4 is used";
    assert_eq!(said(&dir, &path), (caution.to_owned(), caution.to_owned()));
    for step in [2, 4] {
        dir.write(&format!("run/checkpoints/step-{step:08}.safetensors"), "torn");
    }
    let (loaded, looked) = said(&dir, &path);
    let none = "`TMP/run/checkpoints/step-00000006.safetensors` is damaged: header too small";
    assert_eq!((loaded, looked), (format!("error: {none}"), none.to_owned()));
}

#[test]
fn a_changed_configuration_is_refused() {
    let dir = Temp::new();
    let path = trained(&dir);
    let config = RunDir::open(&path).unwrap().config().unwrap();
    for (from, to) in [
        ("beta = 1.0  # default", "beta = 2.0"),
        ("lr = 0.01", "lr = 0.02"),
        ("lr = 0.01\n", ""),
        ("seed = 0  # default", "seed = 1"),
    ] {
        assert!(config.contains(from), "{config}");
        dir.write("run/config.toml", config.replacen(from, to, 1));
        let (loaded, looked) = said(&dir, &path);
        expect![[r#"
            error: `TMP/run/config.toml` is not what the run was trained with: it, or a file that it names, was changed since

            hint: undo the change, or train anew with it; `headwater train --resume RUN --set KEY=VALUE` changes what may change, such as `train.steps`"#]]
        .assert_eq(&loaded);
        expect!["`TMP/run/config.toml` is not what the run was trained with: it, or a file that it names, was changed since"]
            .assert_eq(&looked);
    }
}

#[test]
fn what_cannot_be_compared_and_what_is_missing_are_said() {
    let dir = Temp::new();
    let path = trained(&dir);
    dir.write("run/manifest.json", "{");
    std::fs::remove_file(dir.path("run/steps.csv")).unwrap();
    dir.write("run/metrics.csv", "");
    let (loaded, looked) = said(&dir, &path);
    expect![[r#"
        `TMP/run/manifest.json` is damaged: it is not JSON: EOF while parsing an object at line 1 column 1: whether `config.toml` is as it was cannot be said
        `TMP/run/steps.csv` is missing or empty
        `TMP/run/metrics.csv` is missing or empty"#]].assert_eq(&loaded);
    assert_eq!(loaded, looked);
}
