//! What a run shows to those who only look: how it stands, how fast it goes, how good it is.

use std::path::Path;

use headwater_report::Columns;

use crate::diagnose::{Check, Facts, judge};
use crate::{Manifest, RunDir, RunError, Status};

/// Seconds without a sign of life after which a run that claims to be running looks dead. One is given every ten
/// seconds, but not within an update or an evaluation.
pub const SILENCE_S: u64 = 60;

/// Rows of `steps.csv` that a rate is taken over.
const WINDOW: usize = 20;

/// A run at one moment. It is read without its lock, while it may be written to.
#[derive(Clone, Debug)]
pub struct View {
    /// What ran, where, when, and how it ended.
    pub manifest: Manifest,
    /// The kinds of its environment, objective and policy, as far as the configuration names them.
    pub kinds: Vec<String>,
    /// Updates it shall make.
    pub total: Option<u64>,
    /// A row per evaluation.
    pub metrics: Columns,
    /// A row for every so many updates.
    pub steps: Columns,
}

impl View {
    /// Looks at the run at `path`.
    ///
    /// # Errors
    /// If it is no run, or a file cannot be read or is damaged.
    pub fn of(path: &Path) -> Result<Self, RunError> {
        let dir = RunDir::open(path)?;
        let config: toml::Table = dir.config()?.parse().unwrap_or_default();
        let key = |section: &str, key: &str| config.get(section)?.as_table()?.get(key).cloned();
        let kinds = ["env", "objective", "policy"];
        let manifest = dir.manifest()?;
        // An update is written before the evaluation at it, and that before the next update: whoever reads the updates
        // first misses no evaluation before the last of them.
        let steps = dir.read_steps()?;
        Ok(Self {
            manifest,
            kinds: kinds.iter().filter_map(|s| Some(key(s, "kind")?.as_str()?.to_owned())).collect(),
            total: key("train", "steps").and_then(|steps| steps.as_integer()?.try_into().ok()),
            metrics: dir.read_metrics()?,
            steps,
        })
    }

    /// Updates made, as far as the tables say.
    pub fn step(&self) -> u64 {
        let last = |table: &Columns| table.last("step").unwrap_or(0.0);
        last(&self.steps).max(last(&self.metrics)) as u64
    }

    /// Updates per second, of late.
    pub fn updates_per_s(&self) -> Option<f64> {
        self.steps.updates_per_s(WINDOW).or_else(|| self.metrics.updates_per_s(WINDOW))
    }

    /// Trajectories per second, of late.
    pub fn trajectories_per_s(&self) -> Option<f64> {
        let batch = self.metrics.last("trajectories")? / self.metrics.last("step")?;
        Some(batch * self.updates_per_s()?).filter(|rate| rate.is_finite())
    }

    /// Seconds until its last update, at the rate of late; `None` unless it is at work.
    pub fn left_s(&self, now_unix_s: u64) -> Option<f64> {
        let at_work = self.manifest.status == Status::Running && !self.is_dead(now_unix_s);
        let left = self.total?.saturating_sub(self.step());
        at_work.then_some(left as f64 / self.updates_per_s()?)
    }

    /// Does it claim to be running, and has been silent for [`SILENCE_S`]?
    pub fn is_dead(&self, now_unix_s: u64) -> bool {
        self.manifest.is_dead(now_unix_s, SILENCE_S)
    }

    /// The checks of `headwater diagnose` that can be made of the tables alone, and tripped. How the run ended is told
    /// by its status.
    pub fn findings(&self, now_unix_s: u64) -> Vec<Check> {
        let said = judge(&Facts::of_view(self, now_unix_s));
        said.checks.into_iter().filter(|check| !check.passed && check.name != "ended").collect()
    }
}
