//! Runs from configuration to samples: stopped at every step, resumed, and refused.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use expect_test::expect;
use headwater_run::assemble::schema;
use headwater_run::door::Reading;
use headwater_run::evaluation::Evaluation;
use headwater_run::session::{Observer, Session, SessionError};
use headwater_run::{Checked, Coverage, Input, Status};
use headwater_train::StepReport;

use crate::sample::Temp;

const GRID: &str = "\
[env]
kind = \"hypergrid\"
side = 4

[policy]
width = 16

[train]
steps = 12
batch = 4
threads = 1

[eval]
every = 3

[run]
checkpoint_every = 5
log_every = 2
samples = 8
";

fn checked(sets: &[&str]) -> Checked {
    Input::text("grid.toml", GRID).set(sets.iter().copied()).check(&schema()).unwrap()
}

/// Asks for a stop after a number of updates, and counts what it sees.
struct Stop<'a> {
    after: u64,
    flag: &'a AtomicBool,
    updates: u64,
    evaluations: u64,
    notes: Vec<String>,
}

impl Observer for Stop<'_> {
    fn step(&mut self, _: &StepReport) {
        self.updates += 1;
        if self.updates == self.after {
            self.flag.store(true, Ordering::Relaxed);
        }
    }

    fn evaluated(&mut self, _: &Evaluation) {
        self.evaluations += 1;
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }
}

/// Runs until so many updates are made; gives the status and the numbers of updates, evaluations and notes.
fn run(session: &mut Session, after: u64) -> (Status, u64, u64, Vec<String>) {
    let flag = AtomicBool::new(after == 0);
    let mut stop = Stop { after, flag: &flag, updates: 0, evaluations: 0, notes: Vec::new() };
    let outcome = session.run(&flag, &mut stop).unwrap();
    assert_eq!(outcome.updates, stop.updates);
    (outcome.status, stop.updates, stop.evaluations, stop.notes)
}

/// The bytes of a file of a run, less the second column, which tells the time, of a table of metrics.
fn bytes(run: &Path, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(run.join(name)).unwrap();
    if !["metrics.csv", "steps.csv"].contains(&name) {
        return bytes;
    }
    let timeless = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells.remove(1);
        cells.join(",") + "\n"
    };
    String::from_utf8(bytes).unwrap().lines().map(timeless).collect::<String>().into_bytes()
}

#[test]
fn a_run_stopped_after_any_update_goes_on_to_the_same_end() {
    goes_on_to_the_same_end(&[]);
}

/// The same with all that a checkpoint may hold: objects kept for replay, which replace each other, modes, and batches on
/// their way, some of whose trajectories were drawn back from data.
#[test]
fn a_run_with_replay_modes_and_batches_on_their_way_goes_on_to_the_same_end() {
    let data = Temp::new();
    data.write("objects.txt", "0,0\n3,3\n1,2\n");
    let given = format!("train.data={:?}", data.path("objects.txt").display().to_string());
    goes_on_to_the_same_end(&[
        "train.replay=4",
        "train.replay_capacity=6",
        "train.replay_power=1",
        "train.lag=3",
        "eval.mode_fraction=0.1",
        &given,
    ]);
}

fn goes_on_to_the_same_end(settings: &[&str]) {
    let dir = Temp::new();
    let sets = |out: &str| (checked(settings), dir.path(out));
    let (config, whole) = sets("whole");
    let mut session = Session::create(&config, &dir.path("runs"), Some(&whole)).unwrap();
    assert_eq!(run(&mut session, u64::MAX), (Status::Finished, 12, 4, vec![]));
    drop(session);
    for after in 0..12 {
        let (config, path) = sets(&format!("stopped-{after}"));
        let mut session = Session::create(&config, &dir.path("runs"), Some(&path)).unwrap();
        assert_eq!(run(&mut session, after), (Status::Interrupted, after, after / 3, vec![]));
        drop(session);
        // Sampling from a stopped run is possible too.
        assert_eq!(Reading::open(&path).unwrap().load().unwrap().trainer.steps(), after);
        let mut session = Session::resume(&path, &[]).unwrap();
        assert_eq!(run(&mut session, u64::MAX), (Status::Finished, 12 - after, 4 - after / 3, vec![]));
        for name in [
            "config.toml",
            "exact.json",
            "samples.csv",
            "metrics.csv",
            "steps.csv",
            "checkpoints/step-00000012.safetensors",
        ] {
            assert!(bytes(&whole, name) == bytes(&path, name), "{name} differs after {after}");
        }
    }
}

/// A sampled evaluation that is interrupted is made when the run goes on, at the end as well; the loss of its update is
/// not kept.
#[test]
fn an_evaluation_that_was_interrupted_is_made_up_for() {
    let dir = Temp::new();
    let config = checked(&["eval.exact_cap=15", "eval.samples=16", "eval.objects=4"]);
    let whole = dir.path("whole");
    let mut session = Session::create(&config, &dir.path("runs"), Some(&whole)).unwrap();
    assert_eq!(run(&mut session, u64::MAX), (Status::Finished, 12, 4, vec![]));
    let without_loss = |run: &Path| {
        let text = String::from_utf8(bytes(run, "metrics.csv")).unwrap();
        let cells =
            |line: &str| line.split(',').enumerate().filter(|c| c.0 != 4).map(|c| c.1.to_owned()).collect();
        text.lines().map(cells).collect::<Vec<Vec<String>>>()
    };
    assert!(bytes(&whole, "metrics.csv").starts_with(b"step,trajectories,transitions,reward_calls,loss,"));
    for after in [3, 5, 12] {
        let path = dir.path(&format!("stopped-{after}"));
        let mut session = Session::create(&config, &dir.path("runs"), Some(&path)).unwrap();
        // The stop is asked for between the update and the evaluation that follows it.
        let evaluations = (after - 1) / 3;
        assert_eq!(run(&mut session, after), (Status::Interrupted, after, evaluations, vec![]));
        assert!(!path.join("samples.csv").exists());
        drop(session);
        let mut session = Session::resume(&path, &[]).unwrap();
        assert_eq!(run(&mut session, u64::MAX), (Status::Finished, 12 - after, 4 - evaluations, vec![]));
        assert_eq!(without_loss(&path), without_loss(&whole));
        for name in ["samples.csv", "checkpoints/step-00000012.safetensors"] {
            assert!(bytes(&whole, name) == bytes(&path, name), "{name} differs after {after}");
        }
    }
}

/// What was begun with an older checkpoint is done again, and nothing is there twice.
#[test]
fn a_run_whose_newest_checkpoint_is_damaged_goes_on_from_an_older_one() {
    let dir = Temp::new();
    let (whole, path) = (dir.path("whole"), dir.path("damaged"));
    for out in [&whole, &path] {
        let mut session = Session::create(&checked(&[]), &dir.path("runs"), Some(out)).unwrap();
        run(&mut session, u64::MAX);
    }
    dir.write("damaged/checkpoints/step-00000012.safetensors", "torn");
    let mut session = Session::resume(&path, &[]).unwrap();
    let (status, updates, evaluations, notes) = run(&mut session, u64::MAX);
    assert_eq!((status, updates, evaluations), (Status::Finished, 2, 1));
    expect!["`TMP/damaged/checkpoints/step-00000012.safetensors` is damaged: header too small; the checkpoint of update 10 is used"].assert_eq(&dir.mask(notes.join("\n")));
    for name in ["metrics.csv", "steps.csv", "checkpoints/step-00000012.safetensors"] {
        assert!(bytes(&whole, name) == bytes(&path, name), "{name} differs");
    }
}

#[test]
fn a_space_that_is_too_large_has_a_run_without_exact_answers() {
    let dir = Temp::new();
    let config = checked(&["eval.exact_cap=15", "eval.samples=16", "eval.objects=3", "run.samples=0"]);
    let mut session = Session::create(&config, &dir.path("runs"), None).unwrap();
    assert!(session.not_exact().is_some());
    assert!(session.path().ends_with("runs/hypergrid-tb-0001"));
    assert_eq!(run(&mut session, u64::MAX).0, Status::Finished);
    assert_eq!(
        dir.names("runs/hypergrid-tb-0001"),
        ["checkpoints", "config.toml", "lock", "manifest.json", "metrics.csv", "steps.csv"]
    );
}

#[test]
fn coverage_is_counted_where_the_space_is_enumerated_and_else_estimated() {
    let dir = Temp::new();
    // Two columns of four, and a row that is no object.
    let rows = (0..8).map(|i| format!("\"{},{}\",1\n", i / 4, i % 4)).collect::<String>();
    dir.write("table.csv", format!("object,score\n{rows}x,1\n"));
    let path = format!("reward.path={}", dir.path("table.csv").display());
    let table = ["reward.kind=table", path.as_str(), "reward.missing=floor", "reward.floor=0.1"];
    let create = |sets: &[&str]| {
        Session::create(&checked(&[&table, sets].concat()), &dir.path("runs"), None)
            .unwrap()
            .coverage()
            .unwrap()
    };
    let whole = create(&[]);
    assert_eq!(whole, Coverage { rows: 9, covered: 8, of: 16, whole: true });
    assert_eq!((whole.fraction().value, whole.fraction().low), (0.5, 0.5));
    // An interval of 95 % that is right fails for one seed in twenty; this seed is not one of those.
    let drawn = create(&["eval.exact_cap=15"]);
    assert_eq!((drawn.rows, drawn.of, drawn.whole), (9, 1000, false));
    let f = drawn.fraction();
    let p = uniform_play_ends_in_the_first_columns();
    assert!(f.low < p && p < f.high && f.high - f.low < 0.06, "{p} in {f:?}");
    let all = Coverage { rows: 1, covered: 100, of: 100, whole: false }.fraction();
    assert!(all.low > 0.95 && all.low < 0.97 && all.high > 1.0 - 1e-9, "{all:?}");
    let mut native = Session::create(&checked(&[]), &dir.path("runs"), None).unwrap();
    assert_eq!(native.coverage(), None);
}

/// The probability of ending with a first coordinate of 0 or 1 on a grid of side 4 where each choice is as likely as the
/// others.
fn uniform_play_ends_in_the_first_columns() -> f64 {
    let mut reached = [[0.0; 5]; 5];
    reached[0][0] = 1.0;
    let mut ended = 0.0;
    for x in 0..4 {
        for y in 0..4 {
            let share = reached[x][y] / (1 + usize::from(x < 3) + usize::from(y < 3)) as f64;
            reached[x + 1][y] += share;
            reached[x][y + 1] += share;
            ended += if x < 2 { share } else { 0.0 };
        }
    }
    ended
}

#[test]
fn what_cannot_be_built_leaves_nothing_behind() {
    let dir = Temp::new();
    let create = |sets: &[&str]| Session::create(&checked(sets), &dir.path("runs"), None).err().unwrap();
    let error = create(&["policy.width=20"]);
    assert!(matches!(&error, SessionError::Config(problems) if problems.first.len() == 1), "{error:?}");
    let large = create(&["policy.backward=maxent", "eval.exact_cap=3"]).problems();
    expect![[r#"
        error: a `maxent` backward policy needs a space that can be enumerated; there are more than 3 states in `--set policy.backward=maxent`

        hint: raise `eval.exact_cap`, or use another policy"#]].assert_eq(&large.to_string());
    assert!(!dir.path("runs").exists());
    let missing = Reading::open(&dir.path("runs")).err().unwrap();
    expect![[r#"
        error: `TMP/runs` is not a run directory: there is no such file or directory

        hint: name the directory that `headwater train` printed"#]]
    .assert_eq(&dir.mask(missing.problems()));
}

/// A run of a version whose checkpoints had texts and flights as facts in their header.
#[test]
fn checkpoints_of_layout_1_are_read() {
    let dir = Temp::new();
    let settings = [
        "env.side=3",
        "train.steps=6",
        "train.replay=2",
        "train.replay_capacity=5",
        "train.lag=2",
        "run.checkpoint_every=4",
    ];
    let old = Input::text("grid.toml", GRID).set(settings);
    let path = dir.path("old");
    let checked = old.check(&schema()).unwrap();
    drop(Session::create(&checked, &dir.path("runs"), Some(&path)).unwrap());
    dir.write("old/checkpoints/step-00000004.safetensors", include_bytes!("layout-1.safetensors"));
    let state = Reading::open(&path).unwrap().load().unwrap().trainer.state();
    let texts = |texts: &[std::sync::Arc<str>]| texts.join(" ");
    assert_eq!((state.step, state.flights.len()), (4, 2));
    assert!(state.flights.iter().all(|flight| flight.actions.len() == 4));
    expect!["0,0 0,2 | 0,2 0,1 0,0 1,2 2,1"].assert_eq(&format!(
        "{} | {}",
        texts(&state.modes),
        texts(&state.kept.objects)
    ));
    let mut session = Session::resume(&path, &[]).unwrap();
    assert_eq!(run(&mut session, u64::MAX), (Status::Finished, 2, 1, vec![]));
}
