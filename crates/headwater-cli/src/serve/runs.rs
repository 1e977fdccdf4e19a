//! The runs that are served, and what is told of them.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use headwater_report::{Columns, Group, curves, figures};
use headwater_run::diagnose::Check;
use headwater_run::door::damage;
use headwater_run::{Manifest, RunDir, RunError, Status, View};
use serde_json::{Map, Value as Json, json};

use crate::out::Failure;

/// The files that are read of a run, besides its newest checkpoint.
const FILES: [&str; 4] = ["config.toml", "manifest.json", "metrics.csv", "steps.csv"];

/// Rows of a table that are told, about: no screen has more columns.
const MOST_ROWS: usize = 400;

/// The runs of a directory, or one run.
#[derive(Debug)]
pub struct Runs {
    place: Place,
    known: Arc<Known>,
}

#[derive(Debug)]
enum Place {
    Below(PathBuf),
    One { name: String, path: PathBuf },
}

/// What is wrong with the files of runs, by their directories, and how the files were when that was found out.
type Known = Mutex<HashMap<PathBuf, (Stamp, Vec<String>)>>;

/// A run that was there a moment ago.
#[derive(Debug)]
pub struct Run {
    name: String,
    path: PathBuf,
    known: Arc<Known>,
}

impl Runs {
    pub fn below(path: &Path) -> Result<Self, Failure> {
        let path = path.canonicalize().map_err(|source| RunError::Io {
            action: "open",
            path: path.to_owned(),
            source,
        })?;
        if RunDir::open(&path).is_ok() {
            let name = path.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy());
            return Ok(Self::at(Place::One { name: name.into_owned(), path }));
        }
        // Whether it can be listed at all is found out now.
        fs::read_dir(&path).map_err(|source| RunError::Io { action: "open", path: path.clone(), source })?;
        Ok(Self::at(Place::Below(path)))
    }

    fn at(place: Place) -> Self {
        Self { place, known: Arc::default() }
    }

    fn run(&self, name: String, path: PathBuf) -> Run {
        Run { name, path, known: Arc::clone(&self.known) }
    }

    /// All runs, by name.
    fn all(&self) -> Vec<Run> {
        let dir = match &self.place {
            Place::One { name, path } => return vec![self.run(name.clone(), path.clone())],
            Place::Below(dir) => dir,
        };
        let run = |entry: fs::DirEntry| {
            // The type of the entry itself: a link, wherever it leads, is no directory.
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let name = entry.file_name().into_string().ok()?;
            (is_dir && RunDir::open(&entry.path()).is_ok()).then(|| self.run(name, entry.path()))
        };
        let mut runs: Vec<Run> = fs::read_dir(dir).into_iter().flatten().flatten().filter_map(run).collect();
        runs.sort_by(|a, b| a.name.cmp(&b.name));
        runs
    }

    /// The run of this name, if it is one of them.
    pub fn named(&self, name: &str) -> Option<Run> {
        self.all().into_iter().find(|run| run.name == name)
    }

    /// A line for each run.
    pub fn list(&self) -> Vec<Json> {
        let now = Manifest::now_unix_s();
        self.all().iter().filter_map(|run| Some(Json::Object(run.summary(&run.view()?, now)))).collect()
    }
}

impl Run {
    /// The run now. One whose files are links shows nothing, since they might lead anywhere.
    fn view(&self) -> Option<View> {
        let own = |file: &str| match fs::symlink_metadata(self.path.join(file)) {
            Ok(meta) => meta.is_file(),
            Err(e) => e.kind() == ErrorKind::NotFound,
        };
        if FILES.iter().all(|file| own(file)) { View::of(&self.path).ok() } else { None }
    }

    /// How it stands.
    fn summary(&self, view: &View, now_unix_s: u64) -> Map<String, Json> {
        let m = &view.manifest;
        let seconds = m.end_unix_s.unwrap_or(now_unix_s).saturating_sub(m.start_unix_s);
        let mut out = Map::new();
        let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
        put("name", json!(self.name));
        put("kinds", json!(view.kinds));
        put("status", json!(if view.is_dead(now_unix_s) { "looks dead" } else { m.status.name() }));
        put("ended", json!(m.status != Status::Running));
        put("reason", json!(m.reason));
        put("silent_s", json!(now_unix_s.saturating_sub(m.heartbeat_unix_s)));
        put("seconds", json!(seconds));
        put("step", json!(view.step()));
        put("steps", json!(view.total));
        for name in [
            "tv",
            "jsd",
            "log_z_learned",
            "log_z_true",
            "log_z_estimate",
            "log_z_at_least",
            "elbo",
            "eubo",
            "elbo_estimate",
            "ess",
            "modes",
        ] {
            put(name, json!(view.metrics.last(name)));
        }
        out
    }

    /// All that is told of it, as JSON; without its tables if they are not wanted, or are still as whoever asks knows
    /// them, by the number of rows that he was told before.
    pub fn report(&self, tables: bool, since: Option<usize>) -> Option<Json> {
        let (view, now) = (self.view()?, Manifest::now_unix_s());
        let mut out = self.summary(&view, now);
        let rows = view.steps.rows() + view.metrics.rows();
        out.insert("updates_per_s".to_owned(), json!(view.updates_per_s()));
        out.insert("trajectories_per_s".to_owned(), json!(view.trajectories_per_s()));
        out.insert("left_s".to_owned(), json!(view.left_s(now)));
        let findings = self.cautions().into_iter().map(of_files).chain(view.findings(now));
        out.insert("findings".to_owned(), json!(findings.map(|check| check.to_json()).collect::<Vec<_>>()));
        out.insert("rows".to_owned(), json!(rows));
        for name in ["loss", "residual_rms", "entropy", "grad_norm", "log_z_learned", "log_scale"] {
            out.insert(format!("last_{name}"), json!(view.steps.last(name)));
        }
        if tables && since != Some(rows) {
            let tables = json!({ "train": table(&view.steps), "eval": table(&view.metrics) });
            out.insert("tables".to_owned(), tables);
        }
        Some(Json::Object(out))
    }

    /// What is wrong with its files. A checkpoint is read once: what is known of it holds until there is another.
    fn cautions(&self) -> Vec<String> {
        let Some(stamp) = Stamp::of(&self.path) else { return Vec::new() };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&self.path) {
            Some((then, cautions)) if *then == stamp => cautions.clone(),
            _ => {
                let cautions = damage(&self.path);
                known.insert(self.path.clone(), (stamp, cautions.clone()));
                cautions
            }
        }
    }

    /// Its curves as a document of figures.
    pub fn figures(&self) -> Option<String> {
        let View { steps, metrics, .. } = self.view()?;
        let run = headwater_report::Run { name: self.name.clone(), steps, metrics };
        let figures = figures(&curves(&[Group { name: self.name.clone(), runs: vec![run] }]));
        Some(format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">\n{figures}</div>\n"))
    }
}

/// The files that cautions are about: when each was last changed, and how long it is.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(Vec<Option<(SystemTime, u64)>>);

impl Stamp {
    /// `None` if the newest checkpoint is a link, which might lead anywhere.
    fn of(run: &Path) -> Option<Self> {
        let checkpoints = RunDir::open(run).ok()?.checkpoints(1);
        let newest = checkpoints.steps().ok()?.last().map(|&step| checkpoints.path(step));
        let changed = |file: &PathBuf| {
            let meta = fs::symlink_metadata(file).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        };
        if newest.as_ref().is_some_and(|file| fs::symlink_metadata(file).is_ok_and(|meta| !meta.is_file())) {
            return None;
        }
        // The tables of a run at work change all the time: whether they are there is what counts.
        let tables = ["metrics.csv", "steps.csv"].map(|table| run.join(table));
        let tables =
            tables.iter().map(|table| changed(table).map(|(_, len)| (SystemTime::UNIX_EPOCH, len.min(1))));
        Some(Self(tables.chain(newest.iter().map(changed)).collect()))
    }
}

/// A caution as a finding.
fn of_files(caution: String) -> Check {
    Check {
        name: "files",
        value: caution,
        threshold: "whole files, as the run wrote them".to_owned(),
        passed: false,
        meaning: "what is shown here may not be all of the run, or not be of this configuration".to_owned(),
        remedy: "put the files back from a copy; `headwater train --resume` goes on from the newest whole checkpoint"
            .to_owned(),
    }
}

/// A table's columns, thinned; what is no finite number is null.
fn table(columns: &Columns) -> Json {
    let thinned = columns.thinned(MOST_ROWS);
    Json::Object(thinned.iter().map(|(name, column)| (name.to_owned(), json!(column))).collect())
}
