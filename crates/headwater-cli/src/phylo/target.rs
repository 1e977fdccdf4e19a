//! The target of a run over trees as a function of mutations, where it is one: what climbs and chains need to know.

use headwater_core::RewardScale;
use headwater_core::Settings;
use headwater_envs::Registered;
use headwater_envs::phylo::{Config, ParsimonyConfig, Phylo};
use headwater_rewards::{Transform, TransformConfig};
use headwater_run::Checked;

use crate::out::Failure;

/// The trees of a configuration, and what they are worth.
pub struct Target {
    /// The trees.
    pub env: Phylo,
    worth: Option<Worth>,
}

struct Worth {
    parsimony: ParsimonyConfig,
    transform: Transform,
}

/// log R of a tree whose reward has no logarithm: training says what is wrong with it.
const WORTHLESS: f64 = -1e9;

impl Target {
    /// The trees and the reward of a configuration.
    ///
    /// # Errors
    /// If its settings do not fit together, with the place.
    pub fn new(checked: &Checked) -> Result<Self, Failure> {
        let config = Config::read(&checked.section("env").values);
        let env = Phylo::from_config(config).map_err(|e| checked.blame("env", &e))?;
        let worth = if checked.kind("reward") == "parsimony" {
            let parsimony: ParsimonyConfig = checked.read("reward");
            let settings: TransformConfig = checked.read("reward");
            let transform = Transform::new(&settings, RewardScale::LogReward, None);
            Some(Worth { parsimony, transform: transform.map_err(|e| checked.blame("reward", &e))? })
        } else {
            None
        };
        Ok(Self { env, worth })
    }

    /// log R of a tree by its mutations; `None` if the reward is another one.
    pub fn log_reward(&self) -> Option<impl Fn(u32) -> f64 + Sync> {
        let Worth { parsimony, transform } = self.worth.as_ref()?;
        let (c, per_nat) = (parsimony.c, parsimony.per_nat);
        Some(move |mutations| transform.log_reward((c - f64::from(mutations)) / per_nat).unwrap_or(WORTHLESS))
    }
}
