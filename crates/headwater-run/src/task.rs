//! An environment with its reward, built from a checked configuration.

use std::path::Path;

use headwater_core::settings::{SettingError, settings};
use headwater_core::{RewardScale, Simulator};
use headwater_exact::EnumerateError;
use headwater_rewards::{
    Budget, Missing, Native, Oracle, Recorded, Scorer, Source, Transform, TransformConfig, World,
};
use headwater_train::{EvalConfig, Exact, ExactError};

use crate::ledger::ScoreFile;
use crate::{Checked, Problem};

settings! {
    /// Settings of the ledger of scores.
    pub struct LedgerConfig {
        /// Are scores that are paid for (by a program, a service) kept, and shared by runs? Then nothing is paid twice.
        keep: bool = "true", Kind::Bool;
        /// The file that keeps them, relative to the working directory.
        path: String = "\"runs/scores.sqlite\"", Kind::Text;
    }
}

/// An environment with its reward.
pub struct Task {
    /// Many copies of the environment.
    pub sim: Box<dyn Simulator>,
    /// Its reward.
    pub scorer: Scorer,
    /// Is every score paid for, so that none should be asked for without need?
    pub paid: bool,
}

/// Why a space is not enumerated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotExact {
    /// It is too large.
    #[error(transparent)]
    Enumerate(EnumerateError),
    /// Its rewards are paid for.
    #[error(
        "scores are paid for, and exact evaluation needs that of every object (`eval.exact_cap` allows it)"
    )]
    Paid,
}

impl Task {
    /// Builds the environment and the reward that a configuration names.
    ///
    /// # Errors
    /// If their settings do not fit together, or a file that they name cannot be used.
    pub fn build(checked: &Checked) -> Result<Self, Problem> {
        let entry =
            headwater_envs::find(checked.kind("env")).expect("the schema has registered environments only");
        let values = &checked.section("env").values;
        let reward = checked.section("reward");
        let kind = checked.kind("reward");
        let native = entry.reward(kind);
        let built = entry.build(values, native.map(|_| (kind, &reward.values)));
        let sim = built.map_err(|e| {
            let section = match e.section {
                headwater_envs::Section::Env => "env",
                headwater_envs::Section::Reward => "reward",
            };
            checked.blame(section, &e.error)
        })?;
        let blame = |e: SettingError| checked.blame("reward", &e);
        let (oracle, scale): (Option<Box<dyn Oracle>>, RewardScale) = match native {
            Some(native) => (None, native.scale),
            None => {
                let oracle =
                    headwater_rewards::find_oracle(kind).expect("the schema has registered rewards only");
                let features = sim.features();
                let world = World { spec: sim.spec(), features: &features };
                (Some((oracle.build)(&reward.values, &world).map_err(blame)?), oracle.scale)
            }
        };
        let statistics = oracle.as_ref().and_then(|oracle| oracle.statistics());
        let config: TransformConfig = checked.read("reward");
        let transform = Transform::new(&config, scale, statistics).map_err(blame)?;
        if let Some(oracle) = &oracle
            && oracle.missing() == Missing::Floor
            && transform.log_floor().is_none()
        {
            let error =
                SettingError::at("missing", "objects without a score have the floor, and there is none");
            return Err(blame(error.hint("set `reward.floor`")));
        }
        let paid = oracle.as_ref().is_some_and(|oracle| oracle.identity().is_some());
        let source = recorded(checked, oracle)?.map_or(Source::Native, Source::Oracle);
        Ok(Self { sim, scorer: Scorer::new(source, transform), paid })
    }

    /// Enumerates the space with its target; `Ok(Err(_))` says why that is not done. What is paid for is enumerated only
    /// if the configuration gives a cap.
    ///
    /// # Errors
    /// If an object has no reward.
    pub fn enumerate(&mut self, checked: &Checked) -> Result<Result<Exact, NotExact>, Problem> {
        if self.paid && checked.section("eval").is_default("exact_cap") {
            return Ok(Err(NotExact::Paid));
        }
        let EvalConfig { exact_cap, .. } = checked.read("eval");
        match Exact::new(&*self.sim, &mut self.scorer, exact_cap) {
            Ok(exact) => Ok(Ok(exact)),
            Err(ExactError::Enumerate(e)) => Ok(Err(NotExact::Enumerate(e))),
            Err(ExactError::Reward(e)) => {
                let error = SettingError { field: None, message: e.to_string(), hint: None };
                Err(checked.blame("reward", &error))
            }
        }
    }
}

/// The file of scores that a configuration's reward is kept in, and under which identity; `None` if it is not kept.
pub fn ledger(checked: &Checked, oracle: &dyn Oracle) -> Result<Option<ScoreFile>, Problem> {
    let LedgerConfig { keep, path } = checked.read("ledger");
    let Some(identity) = oracle.identity().filter(|_| keep) else { return Ok(None) };
    let identity = format!("{}\n{identity}", checked.kind("env"));
    ScoreFile::open(Path::new(&path), &identity).map(Some)
}

/// Puts a ledger and a budget before an oracle, where it has a use for them. Native scores are an oracle's only under a
/// budget.
fn recorded(checked: &Checked, oracle: Option<Box<dyn Oracle>>) -> Result<Option<Box<dyn Oracle>>, Problem> {
    let budget: Budget = checked.read("ledger");
    let bounded = budget.max_calls.is_some() || budget.max_seconds.is_some();
    let oracle = match oracle {
        None if !bounded => return Ok(None),
        None => Box::new(Native) as Box<dyn Oracle>,
        Some(oracle) => oracle,
    };
    let ledger = ledger(checked, &*oracle)?;
    if ledger.is_none() && !bounded {
        return Ok(Some(oracle));
    }
    let ledger = ledger.map(|ledger| Box::new(ledger) as Box<dyn headwater_rewards::Ledger>);
    Ok(Some(Box::new(Recorded::new(oracle, ledger, budget))))
}
