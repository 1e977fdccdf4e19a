//! Runs in one table: what each reached by its last evaluation, and the mean over seeds of finished runs that differ in
//! nothing else.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use crate::assemble::TopConfig;
use crate::door::Reading;
use crate::session::SessionError;
use crate::{OverSeeds, Status};

/// The numbers of a run, by their names in the glossary, and what a person reads above them.
pub const COLUMNS: &[(&str, &str)] = &[
    ("iterations", "updates"),
    ("loss", "loss"),
    ("log_z_learned", "log Z learned"),
    ("log_z_true", "log Z true"),
    ("log_z_estimate", "log Z estimated"),
    ("log_z_at_least", "log Z at least"),
    ("elbo", "ELBO"),
    ("eubo", "EUBO"),
    ("tv", "TV"),
    ("jsd", "JSD"),
    ("ess", "ESS"),
    ("modes", "modes"),
    ("trajectories_per_s", "traj/s"),
    ("seconds", "time s"),
];

/// Keys in which runs may differ and still be replicates of one another.
const OF_NO_CONSEQUENCE: &[&str] =
    &["seed", "train.threads", "run.name", "run.checkpoint_every", "run.keep_checkpoints", "run.log_every"];

/// A run by its last evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where the run is.
    pub run: PathBuf,
    /// Its seed.
    pub seed: u64,
    /// How it stands.
    pub status: Status,
    /// A number per column of [`COLUMNS`], where there is one.
    pub values: Vec<Option<f64>>,
    /// Equal for replicates.
    pub fingerprint: String,
    /// What a person should know of the run's files.
    pub cautions: Vec<String>,
}

/// Replicates of one configuration, all of them finished.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Where they are, at least two.
    pub runs: Vec<PathBuf>,
    /// Over their seeds, per column of [`COLUMNS`]; where all of them have a number.
    pub values: Vec<Option<OverSeeds>>,
}

/// Why a run does not count among the replicates of its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It has not made all of its updates; how it stands instead.
    Unfinished(Status),
    /// A run before it has the same seed.
    SameSeed,
}

impl LeftOut {
    /// In a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unfinished(status) => status.name(),
            Self::SameSeed => "same seed",
        }
    }
}

impl Row {
    /// Reads the files of a run.
    ///
    /// # Errors
    /// If it is not a run, or its files cannot be read.
    pub fn read(path: &Path) -> Result<Self, SessionError> {
        let mut reading = Reading::open(path)?;
        reading.inspect();
        let Reading { dir, checked, cautions } = reading;
        let metrics = dir.read_metrics()?;
        let seconds = metrics.worked_s().last().copied();
        let rate = metrics.last("trajectories").zip(seconds.filter(|&s| s > 0.0)).map(|(n, s)| n / s);
        let value = |name: &str| match name {
            "iterations" => metrics.last("step"),
            "trajectories_per_s" => rate,
            "seconds" => seconds,
            _ => metrics.last(name),
        };
        Ok(Self {
            run: path.to_owned(),
            seed: checked.read::<TopConfig>("").seed,
            status: dir.manifest()?.status,
            values: COLUMNS.iter().map(|(name, _)| value(name)).collect(),
            fingerprint: checked.fingerprint(OF_NO_CONSEQUENCE),
            cautions,
        })
    }

    /// The row as JSON.
    pub fn to_json(&self) -> Json {
        let mut out = Map::new();
        out.insert("run".to_owned(), json!(self.run.display().to_string()));
        out.insert("seed".to_owned(), json!(self.seed));
        out.insert("status".to_owned(), json!(self.status.name()));
        for ((name, _), value) in COLUMNS.iter().zip(&self.values) {
            out.insert((*name).to_owned(), json!(value));
        }
        out.insert("cautions".to_owned(), json!(self.cautions));
        Json::Object(out)
    }
}

/// Pools the rows of finished runs whose configurations differ in the seed only; of those with the same seed the first
/// counts. Says which replicates do not count, and why: what an unfinished run has reached says nothing of what it would
/// have reached.
pub fn pool(rows: &[Row]) -> (Vec<Pool>, Vec<(PathBuf, LeftOut)>) {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| group[0].fingerprint == row.fingerprint) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    let (mut pools, mut left_out) = (Vec::new(), Vec::new());
    for group in groups.iter().filter(|group| group.len() > 1) {
        let (counting, others) = replicates(group.iter().copied(), |row| (row.status, row.seed));
        left_out.extend(others.into_iter().map(|(row, why)| (row.run.clone(), why)));
        if counting.len() > 1 {
            pools.push(Pool::of(&counting));
        }
    }
    (pools, left_out)
}

/// Of runs of one configuration, with how each stands and its seed: those that count when they are pooled, and those that
/// do not, with why.
pub fn replicates<T>(
    runs: impl IntoIterator<Item = T>,
    of: impl Fn(&T) -> (Status, u64),
) -> (Vec<T>, Vec<(T, LeftOut)>) {
    let (mut counting, mut seeds, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        match of(&run) {
            (Status::Finished, seed) if seeds.contains(&seed) => others.push((run, LeftOut::SameSeed)),
            (Status::Finished, seed) => {
                seeds.push(seed);
                counting.push(run);
            }
            (status, _) => others.push((run, LeftOut::Unfinished(status))),
        }
    }
    (counting, others)
}

impl Pool {
    fn of(rows: &[&Row]) -> Self {
        let over = |i: usize| {
            let values: Option<Vec<f64>> = rows.iter().map(|row| row.values[i]).collect();
            OverSeeds::of(&values?)
        };
        let runs = rows.iter().map(|row| row.run.clone()).collect();
        Self { runs, values: (0..COLUMNS.len()).map(over).collect() }
    }

    /// The pool as JSON.
    pub fn to_json(&self) -> Json {
        let mut out = Map::new();
        let runs: Vec<String> = self.runs.iter().map(|run| run.display().to_string()).collect();
        out.insert("seeds".to_owned(), json!(runs.len()));
        out.insert("runs".to_owned(), json!(runs));
        for ((name, _), over) in COLUMNS.iter().zip(&self.values) {
            let value = over.map(|over| {
                let (low, high) = over.interval().unzip();
                json!({ "mean": over.mean, "sd": over.sd, "low": low, "high": high })
            });
            out.insert((*name).to_owned(), json!(value));
        }
        Json::Object(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(run: &str, seed: u64, fingerprint: &str, loss: impl Into<Option<f64>>) -> Row {
        let mut values = vec![Some(1.0); COLUMNS.len()];
        values[1] = loss.into();
        let (run, fingerprint) = (run.into(), fingerprint.to_owned());
        Row { run, seed, status: Status::Finished, values, fingerprint, cautions: Vec::new() }
    }

    #[test]
    fn replicates_are_pooled_and_others_are_not() {
        let rows =
            [row("a", 0, "x", 1.0), row("b", 1, "x", 3.0), row("c", 1, "x", 9.0), row("d", 0, "y", 1.0)];
        let (pools, left_out) = pool(&rows);
        assert_eq!(pools.len(), 1);
        assert_eq!(pools[0].runs, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(pools[0].values[1], OverSeeds::of(&[1.0, 3.0]));
        assert_eq!(left_out, [(PathBuf::from("c"), LeftOut::SameSeed)]);
        assert_eq!(pool(&[row("a", 0, "x", None), row("b", 1, "x", 1.0)]).0[0].values[1], None);
    }

    #[test]
    fn what_is_not_finished_is_left_out() {
        let unfinished = |run: &str, seed: u64, status| Row { status, ..row(run, seed, "x", 100.0) };
        let rows = [
            unfinished("stopped", 0, Status::Interrupted),
            row("a", 0, "x", 1.0),
            unfinished("failed", 2, Status::Failed),
            row("b", 1, "x", 3.0),
            unfinished("at work, or killed", 3, Status::Running),
            unfinished("spent", 4, Status::Spent),
            row("another", 1, "y", 7.0),
        ];
        let (pools, left_out) = pool(&rows);
        assert_eq!(pools.len(), 1);
        assert_eq!(pools[0].runs, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(pools[0].values[1].map(|over| over.mean), Some(2.0));
        let why: Vec<&str> = left_out.iter().map(|(_, why)| why.name()).collect();
        assert_eq!(why, ["interrupted", "failed", "running", "spent"]);
        // One finished run has no spread.
        let (pools, left_out) = pool(&rows[..3]);
        assert_eq!((pools, left_out.len()), (Vec::new(), 2));
    }
}
