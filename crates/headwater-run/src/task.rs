//! An environment with its reward, built from a checked configuration.

use std::path::{Path, PathBuf};

use headwater_core::settings::{SettingError, settings};
use headwater_core::{RewardScale, Settings, Simulator};
use headwater_envs::{PartValues, RewardValues};
use headwater_exact::EnumerateError;
use headwater_rewards::{
    Budget, COMBINATION, Combination, CombinationConfig, Ledger, Missing, Native, Oracle, Part, PartConfig,
    Recorded, Scorer, Transform, TransformConfig, Unusable, World,
};
use headwater_train::{EvalConfig, Exact, ExactError, PolicyConfig};

use crate::account::{Account, differences};
use crate::ledger::ScoreFile;
use crate::{Checked, Problem, Section};

settings! {
    /// Settings of the ledger of scores.
    pub struct LedgerConfig {
        /// Are scores that are paid for (by a program, a service) kept, and shared by runs? Then nothing is paid twice.
        keep: bool = "true", Kind::Bool;
        /// The file that keeps them, relative to the working directory in which a run begins.
        path: String = "\"runs/scores.sqlite\"", Kind::Text;
    }
}

/// An environment with its reward.
pub struct Task {
    /// Many copies of the environment.
    pub sim: Box<dyn Simulator>,
    /// Its reward.
    pub scorer: Scorer,
    /// What is paid for in a score: the identity of every oracle that is, as ledgers know it. Where there is any, no score
    /// should be asked for without need.
    pub paid: Vec<String>,
    /// What whoever is to ask for scores should know.
    pub notes: Vec<String>,
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
    /// Builds the environment and the reward that a configuration names, for nobody's account.
    ///
    /// # Errors
    /// If their settings do not fit together, or a file that they name cannot be used.
    pub fn build(checked: &Checked) -> Result<Self, Problem> {
        Self::build_for(checked, &Account::default(), Use::Work)
    }

    /// The same, for the account of a run.
    ///
    /// # Errors
    /// As [`Task::build`], or if the account cannot be read.
    pub fn build_for(checked: &Checked, account: &Account, purpose: Use) -> Result<Self, Problem> {
        let entry =
            headwater_envs::find(checked.kind("env")).expect("the schema has registered environments only");
        let values = &checked.section("env").values;
        let whole = checked.section("reward");
        let is_native = |s: &Section| is_native(entry, s);
        let mut natives = [whole].into_iter().chain(checked.parts("reward").map(|(_, part)| part));
        let native = natives.by_ref().find(|s| is_native(s));
        if let Some(second) = natives.find(|s| is_native(s)) {
            let error = SettingError::at("kind", "the environment's own rewards can be in one part only");
            return Err(checked.blame(&second.name, &error));
        }
        let parts = checked.parts("env").map(|(name, section)| PartValues {
            name,
            entry: section.kind.and_then(headwater_envs::find).expect("the schema has registered parts only"),
            values: &section.values,
        });
        let parts: Vec<PartValues<'_>> = parts.collect();
        let zero_is_nothing =
            native_transform(checked).is_some_and(|t| t.log_reward(0.0) == Err(Unusable::Zero));
        let reward = native.map(|s| RewardValues {
            name: s.kind.unwrap_or_default(),
            values: &s.values,
            zero_is_nothing,
        });
        let built = entry.build_of(values, &parts, reward);
        let mut sim = built.map_err(|e| {
            let section = match e.section {
                headwater_envs::Section::Env => "env".to_owned(),
                headwater_envs::Section::Part(i) => format!("env.{}", parts[i].name),
                headwater_envs::Section::Reward => native.map_or("reward", |s| &*s.name).to_owned(),
            };
            checked.blame(&section, &e.error)
        })?;
        let PolicyConfig { guide, .. } = checked.read("policy");
        if guide > 0.0 {
            if !sim.has_guide() {
                let message = format!("`{}` does not say which edges it prefers", checked.kind("reward"));
                let error = SettingError::at("guide", message).hint("set `policy.guide` to 0");
                return Err(checked.blame("policy", &error));
            }
            sim.guide_by(guide as f32);
        }
        let features = sim.features();
        let world = World { spec: sim.spec(), features: &features };
        let (paid, notes) = (Vec::new(), Vec::new());
        let mut builder = Builder { checked, entry, sim: &*sim, world, account, purpose, paid, notes };
        let (oracle, transform) = builder.reward()?;
        let Builder { paid, notes, .. } = builder;
        Ok(Self { scorer: Scorer::new(oracle, transform), sim, paid, notes })
    }

    /// Enumerates the space with its target; `Ok(Err(_))` says why that is not done. What is paid for is enumerated only
    /// if the configuration gives a cap.
    ///
    /// # Errors
    /// If an object has no reward.
    pub fn enumerate(&mut self, checked: &Checked) -> Result<Result<Exact, NotExact>, Problem> {
        if !self.paid.is_empty() && checked.section("eval").is_default("exact_cap") {
            return Ok(Err(NotExact::Paid));
        }
        let EvalConfig { exact_cap, .. } = checked.read("eval");
        match Exact::new(&*self.sim, &mut self.scorer, exact_cap) {
            // Where nothing may be asked, all must be known.
            Ok(exact) if exact.graph().objects().any(|s| exact.log_reward()[s].is_nan()) => {
                Ok(Err(NotExact::Paid))
            }
            Ok(exact) => Ok(Ok(exact)),
            Err(ExactError::Enumerate(e)) => Ok(Err(NotExact::Enumerate(e))),
            Err(ExactError::Reward(e)) => {
                let error = SettingError { field: None, message: e.to_string(), hint: None };
                Err(checked.blame("reward", &error))
            }
        }
    }
}

/// What makes log R of the environment's own score, where that is the whole reward; `None` if it is not, or its settings
/// do not fit together.
pub fn native_transform(checked: &Checked) -> Option<Transform> {
    let whole = checked.section("reward");
    let entry = headwater_envs::find(checked.kind("env"))?;
    let native = entry.reward(whole.kind.unwrap_or_default())?;
    Transform::new(&TransformConfig::read(&whole.values), native.scale, None).ok()
}

/// Is the reward of this section one of the environment's own?
fn is_native(entry: &headwater_envs::EnvEntry, section: &Section) -> bool {
    entry.reward(section.kind.unwrap_or_default()).is_some()
}

/// What a task is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Its rewards are asked, within the budget.
    Work,
    /// A run is looked at: budgets hold for what is paid for alone.
    Look,
    /// What was kept is read: rewards are known as they were when the run last went on.
    Read,
}

/// Makes oracles of the sections of a configuration.
struct Builder<'a> {
    checked: &'a Checked,
    entry: &'static headwater_envs::EnvEntry,
    sim: &'a dyn Simulator,
    world: World<'a>,
    account: &'a Account,
    purpose: Use,
    /// The identities that were met on the way.
    paid: Vec<String>,
    notes: Vec<String>,
}

impl Builder<'_> {
    /// The reward of the configuration.
    fn reward(&mut self) -> Result<(Box<dyn Oracle>, Transform), Problem> {
        let whole = self.checked.section("reward");
        let budget: Budget = self.checked.read("ledger");
        let bounded = budget.max_calls.is_some() || budget.max_seconds.is_some();
        let (oracle, transform) = if whole.kind == Some(COMBINATION.name) {
            self.combination(whole)?
        } else {
            let (oracle, scale) = self.oracle(whole)?;
            let transform = self.transform(whole, &*oracle, scale)?;
            (oracle, transform)
        };
        if oracle.missing() == Missing::Floor && transform.log_floor().is_none() {
            let error =
                SettingError::at("missing", "objects without a score have the floor, and there is none");
            return Err(self.checked.blame("reward", &error.hint("set `reward.floor`")));
        }
        // Where nothing is paid for, a budget counts every score.
        let counts = self.paid.is_empty() && bounded && self.purpose == Use::Work;
        let oracle = match counts {
            true => Box::new(Recorded::new(oracle, None, self.account.meter(&whole.name), budget)),
            false => oracle,
        };
        Ok((oracle, transform))
    }

    fn combination(&mut self, whole: &Section) -> Result<(Box<dyn Oracle>, Transform), Problem> {
        let checked = self.checked;
        let part = |(name, section): (&str, &Section)| {
            let (oracle, scale) = self.oracle(section)?;
            let transform = self.transform(section, &*oracle, scale)?;
            Ok(Part { name: name.to_owned(), oracle, transform, config: checked.read(&section.name) })
        };
        let parts = checked.parts("reward").map(part).collect::<Result<Vec<Part>, Problem>>()?;
        let config: CombinationConfig = checked.read("reward");
        let combination = Combination::new(&config, parts).map_err(|e| checked.blame("reward", &e))?;
        let transform = self.transform(whole, &combination, RewardScale::Reward)?;
        let (combination, transform) = combination.with_transform(transform);
        Ok((Box::new(combination), transform))
    }

    /// The oracle of a section that is no combination, behind its ledger if it is paid for, and what its score means.
    fn oracle(&mut self, section: &Section) -> Result<(Box<dyn Oracle>, RewardScale), Problem> {
        let kind = section.kind.unwrap_or_default();
        if let Some(native) = self.entry.reward(kind) {
            return Ok((Box::new(Native), native.scale));
        }
        let registered =
            headwater_rewards::find_oracle(kind).expect("the schema has registered rewards only");
        let built = (registered.build)(&section.values, &self.world);
        let blame = |e: SettingError| self.checked.blame(&section.name, &e);
        let mut oracle = built.map_err(blame)?;
        oracle.rehearse(self.sim).map_err(blame)?;
        let Some(identity) = oracle.identity() else { return Ok((oracle, registered.scale)) };
        let mut identity = format!("{}\n{identity}", self.checked.kind("env"));
        self.account.note(&section.name, &identity);
        if self.purpose == Use::Read {
            identity = self.account.before(&section.name).unwrap_or(identity);
        }
        let ledger = match ledger(self.checked) {
            Some(path) => Some(self.ledger(&path, &section.name, &identity)?),
            None => None,
        };
        self.paid.push(identity);
        let meter = self.account.meter(&section.name);
        let recorded = Recorded::new(oracle, ledger, meter, self.checked.read("ledger"));
        Ok((Box::new(recorded), registered.scale))
    }

    /// The ledger of a section, with notes on what it has of others that may be taken for the same.
    fn ledger(&mut self, path: &Path, section: &str, identity: &str) -> Result<Box<dyn Ledger>, Problem> {
        let mut file = ScoreFile::at(path, identity, self.account.name(section).as_deref())?;
        if let Some((name, ending)) = self.account.former(section) {
            self.account.take_over(section, file.paid(&name, &ending)?);
        }
        let kin = file.kin()?;
        let n: u64 = kin.iter().map(|(_, n)| n).sum();
        if n > 0 {
            let mut words: Vec<String> = kin.iter().map(|(other, _)| differences(other, identity)).collect();
            words.dedup();
            let scores = if n == 1 { "1 score".to_owned() } else { format!("{n} scores") };
            self.notes.push(format!(
                "{} has {scores} of `{section}` as it was before or is elsewhere, which are not used; what differs: {}",
                path.display(),
                words.join("; ")
            ));
        }
        Ok(Box::new(file))
    }

    fn transform(
        &self,
        section: &Section,
        oracle: &dyn Oracle,
        scale: RewardScale,
    ) -> Result<Transform, Problem> {
        let config = TransformConfig::read(&section.values);
        let transform = Transform::new(&config, scale, oracle.statistics());
        transform.map_err(|e| self.checked.blame(&section.name, &e))
    }
}

/// The file that keeps the scores of a configuration, if they are kept; relative to the working directory, unless a run
/// wrote it down.
pub fn ledger(checked: &Checked) -> Option<PathBuf> {
    let LedgerConfig { keep, path } = checked.read("ledger");
    keep.then(|| PathBuf::from(path))
}

/// The kinds of parts that a combination may have in an environment are those of rewards, with fields of their own.
pub fn part_fields() -> Vec<headwater_core::settings::Field> {
    [PartConfig::FIELDS, TransformConfig::FIELDS].concat()
}
