//! Runs in one table: what each reached by its last evaluation, and the mean over seeds of runs that differ in nothing
//! else.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use crate::assemble::TopConfig;
use crate::session::{SessionError, configuration};
use crate::{RunDir, Status};

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
}

/// Replicates of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Where they are.
    pub runs: Vec<PathBuf>,
    /// Mean, and standard deviation with divisor n − 1, per column of [`COLUMNS`]; where all of them have a number.
    pub values: Vec<Option<(f64, f64)>>,
}

impl Row {
    /// Reads the files of a run.
    ///
    /// # Errors
    /// If it is not a run, or its files cannot be read.
    pub fn read(path: &Path) -> Result<Self, SessionError> {
        let dir = RunDir::open(path)?;
        let checked = configuration(&dir, &[])?;
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
        Json::Object(out)
    }
}

/// Pools the rows whose configurations differ in the seed only; of those with the same seed the first counts.
pub fn pool(rows: &[Row]) -> Vec<Pool> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| group[0].fingerprint == row.fingerprint) {
            Some(group) if group.iter().any(|other| other.seed == row.seed) => {}
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups.retain(|group| group.len() > 1);
    let pooled = |group: &Vec<&Row>| Pool {
        runs: group.iter().map(|row| row.run.clone()).collect(),
        values: (0..COLUMNS.len()).map(|i| spread(group.iter().map(|row| row.values[i]))).collect(),
    };
    groups.iter().map(pooled).collect()
}

fn spread(values: impl Iterator<Item = Option<f64>>) -> Option<(f64, f64)> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    Some((mean, (squares / (n - 1.0)).sqrt()))
}

impl Pool {
    /// The pool as JSON.
    pub fn to_json(&self) -> Json {
        let mut out = Map::new();
        let runs: Vec<String> = self.runs.iter().map(|run| run.display().to_string()).collect();
        out.insert("seeds".to_owned(), json!(runs.len()));
        out.insert("runs".to_owned(), json!(runs));
        for ((name, _), value) in COLUMNS.iter().zip(&self.values) {
            let value = value.map(|(mean, sd)| json!({ "mean": mean, "sd": sd }));
            out.insert((*name).to_owned(), json!(value));
        }
        Json::Object(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(run: &str, seed: u64, fingerprint: &str, loss: Option<f64>) -> Row {
        let mut values = vec![Some(1.0); COLUMNS.len()];
        values[1] = loss;
        let (run, fingerprint) = (run.into(), fingerprint.to_owned());
        Row { run, seed, status: Status::Finished, values, fingerprint }
    }

    #[test]
    fn replicates_are_pooled_and_others_are_not() {
        let rows = [
            row("a", 0, "x", Some(1.0)),
            row("b", 1, "x", Some(3.0)),
            row("c", 1, "x", Some(9.0)),
            row("d", 0, "y", Some(1.0)),
        ];
        let pools = pool(&rows);
        assert_eq!(pools.len(), 1);
        assert_eq!(pools[0].runs, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(pools[0].values[1], Some((2.0, 2f64.sqrt())));
        assert_eq!(pool(&[row("a", 0, "x", None), row("b", 1, "x", Some(1.0))])[0].values[1], None);
    }
}
