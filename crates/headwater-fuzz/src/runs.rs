//! The files of a run: each is replaced by inputs while the others stay whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use headwater_rewards::{Ledger, Objects};
use headwater_run::assemble::schema;
use headwater_run::door::{self, Reading};
use headwater_run::evaluation::Evaluation;
use headwater_run::session::{Observer, Session};
use headwater_run::summary::Row;
use headwater_run::{Checkpoint, ScoreFile, View};

use crate::readers::{Read, Reader, checked, temporary};

const RUN: &str = "seed = 3\n[env]\nkind = \"strings\"\nalphabet = \"ab\"\nmax_len = 3\n[reward]\nkind = \"expression\"\n\
                   expression = \"1 + count_a\"\n[policy]\nkind = \"mlp\"\nwidth = 16\ndepth = 1\n[train]\nsteps = 4\nbatch = 4\n\
                   replay = 2\nthreads = 1\n[run]\nsamples = 5\n";

/// One reader for each file.
pub fn all() -> Vec<Reader> {
    const CHECKPOINT: &[&str] = &["F32", "F64", "shape", "dtype", "data_offsets", "step"];
    const LEDGER: &[&str] = &["SQLite format 3", "CREATE TABLE", "score", "object"];
    let mut all = Vec::new();
    for name in ["config.toml", "manifest.json", "metrics.csv", "steps.csv", "samples.csv", "exact.json"] {
        let seeds = move || vec![written(|_| name.to_owned()), b"step\n".to_vec(), b"{}".to_vec()];
        let tokens = &["step", "NaN", "\"", ",", "{", "}"];
        all.push(Reader::new(&format!("run-{name}"), tokens, seeds, move |dir| {
            replaced(dir, |_| name.to_owned())
        }));
    }
    let seeds = || vec![written(newest)];
    all.push(Reader::new("run-checkpoint", CHECKPOINT, seeds, |dir| replaced(dir, newest)));
    all.push(Reader::new("checkpoint", CHECKPOINT, seeds, |_| {
        Box::new(|bytes| Checkpoint::from_bytes(bytes).map(drop))
    }));
    let seeds = || {
        let dir = temporary("ledger");
        let path = dir.join("scores.sqlite");
        fill(&path);
        let bytes = std::fs::read(&path).unwrap_or_default();
        let _ = std::fs::remove_dir_all(&dir);
        vec![bytes]
    };
    all.push(Reader::new("ledger", LEDGER, seeds, |dir| {
        let path = dir.join("scores.sqlite");
        Box::new(move |bytes| {
            std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
            let read = look_up(&path);
            // What SQLite leaves beside a file belongs to that file.
            for end in ["-wal", "-shm", "-journal"] {
                let _ = std::fs::remove_file(format!("{}{end}", path.display()));
            }
            read
        })
    }));
    all
}

/// What a run has in one of its files.
fn written(file: impl Fn(&Path) -> String) -> Vec<u8> {
    let dir = temporary("run");
    let run = train(&dir);
    let bytes = std::fs::read(run.join(file(&run))).unwrap_or_default();
    // If it cannot be removed, it is small.
    let _ = std::fs::remove_dir_all(&dir);
    bytes
}

/// The name of the newest checkpoint within a run.
fn newest(run: &Path) -> String {
    let names = std::fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    let newest = names.filter_map(|entry| entry.file_name().into_string().ok()).max();
    format!("checkpoints/{}", newest.unwrap_or_default())
}

struct Silent;

impl Observer for Silent {
    fn step(&mut self, _: &headwater_train::StepReport) {}
    fn evaluated(&mut self, _: &Evaluation) {}
    fn note(&mut self, _: &str) {}
}

/// A small run in `dir`.
fn train(dir: &Path) -> PathBuf {
    let _ = std::fs::remove_dir_all(dir);
    let checked = checked(RUN, Path::new(""), &[], &schema()).unwrap_or_else(|e| panic!("{e}"));
    let out = dir.join("run");
    let session = Session::create(&checked, dir, Some(&out));
    let mut session = session.unwrap_or_else(|e| panic!("{}", e.problems()));
    session.run(&AtomicBool::new(false), &mut Silent).unwrap_or_else(|e| panic!("{}", e.problems()));
    out
}

/// Everything that looks at runs, with inputs in the place of `file`.
fn replaced(dir: &Path, file: impl Fn(&Path) -> String) -> Read {
    let run = train(&dir.join("runs"));
    let path = run.join(file(&run));
    Box::new(move |bytes| {
        std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
        let mut said = Vec::new();
        let mut tell = |result: Result<(), String>| said.extend(result.err());
        let opened = Reading::open(&run).and_then(|mut reading| reading.load().map(drop));
        tell(opened.map_err(|e| e.problems().to_string()));
        door::cautions(&run).into_iter().chain(door::damage(&run)).for_each(|caution| tell(Err(caution)));
        tell(View::of(&run).map(drop).map_err(|e| e.to_string()));
        tell(Row::read(&run).map(drop).map_err(|e| e.problems().to_string()));
        match headwater_run::RunDir::open(&run) {
            Ok(dir) => {
                tell(dir.samples().map(drop).map_err(|p| p.to_string()));
                tell(dir.read_steps().map(drop).map_err(|e| e.to_string()));
                tell(dir.read_metrics().map(drop).map_err(|e| e.to_string()));
                tell(dir.exact().map(drop).map_err(|e| e.to_string()));
            }
            Err(e) => tell(Err(e.to_string())),
        }
        // The one that is most likely to be too long.
        said.into_iter().max_by_key(String::len).map_or(Ok(()), Err)
    })
}

const IDENTITY: &str = "strings\nprogram";

/// Three objects by their texts.
fn three() -> Objects {
    let checked = checked(RUN, Path::new(""), &[], &schema()).unwrap_or_else(|e| panic!("{e}"));
    let mut sim = headwater_run::task::Task::build(&checked).unwrap_or_else(|e| panic!("{e}")).sim;
    sim.reset(3);
    for (lane, text) in [(0, "a"), (1, "ab"), (2, "bb")] {
        sim.load(lane, text).unwrap_or_else(|e| panic!("{e}"));
    }
    let mut objects = Objects::default();
    objects.read(&*sim, &[0, 1, 2], headwater_rewards::Forms::TEXTS, 0);
    objects
}

fn fill(path: &Path) {
    let mut ledger = ScoreFile::at(path, IDENTITY, None).unwrap_or_else(|e| panic!("{e}"));
    ledger.keep(three().texts(), &[1.0, 2.0, 3.0], true).unwrap_or_else(|e| panic!("{e}"));
}

fn look_up(path: &Path) -> Result<(), String> {
    let mut ledger = ScoreFile::at(path, IDENTITY, None).map_err(|e| e.to_string())?;
    ledger.objects().map_err(|e| e.to_string())?;
    ledger.recall(three().texts(), &mut [None; 3])?;
    ledger.keep(three().texts(), &[1.0, 2.0, 3.0], true)
}
