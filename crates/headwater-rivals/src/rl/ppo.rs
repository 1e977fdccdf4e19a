//! Proximal policy optimisation, as the first GFlowNet paper compares with it, and Ent-PPO, which samples the target.
//!
//! An epoch is one update on each minibatch. There is one of them by default, the whole batch, whose distinct states are
//! evaluated together. With several, the split of a batch stays the same over its epochs.

use headwater_core::settings::{Schedule, settings};
use headwater_core::{Entry, SettingError, Settings};

use super::Payoff;
use super::policy_gradient::{Baseline, PolicyGradient, Recipe};
use crate::MethodEntry;

settings! {
    /// Settings of PPO.
    pub struct Config {
        /// Trajectories of a round.
        batch: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Learning rate; one step of a schedule is a round.
        lr: Schedule = "0.001", Kind::Schedule { min: 0.0, max: 1000.0 };
        /// Passes over each batch.
        epochs: u64 = "4", Kind::Int { min: 1, max: 1000 };
        /// Parts of a batch, each of which makes one update a pass.
        minibatches: usize = "1", Kind::Int { min: 1, max: 1 << 20 };
        /// Probability ratios further from 1 than this gain nothing.
        clip: f64 = "0.2", Kind::Real { min: 0.0, max: 1000.0 };
        /// What is paid: `reward`, that is R(x) at the end, `log-reward`, or `corrected`, that is log R(x) at the end and
        /// log P_B(s | s′) along each edge.
        payoff: Payoff = "\"reward\"", Kind::Choice(Payoff::NAMES);
        /// Decay λ of generalised advantages: 1 for returns less values, 0 for one step (as the code of the paper has it).
        lambda: f64 = "0.95", Kind::Real { min: 0.0, max: 1.0 };
        /// Weight of the squared error of values.
        value: f64 = "1.0", Kind::Real { min: 0.0, max: 1000.0 };
        /// Scales the advantages of a minibatch to mean zero and variance one.
        normalise: bool = "false", Kind::Bool;
        /// Weight c of the entropy; 0.5 is the paper's for grids.
        entropy: f64 = "0.5", Kind::Real { min: 0.0, max: 1000.0 };
        /// Pays −c log π(a | s) along each edge, so that the entropy of later states counts, and not only that of the
        /// present one; turn `normalise` off then, which would change the weight.
        soft: bool = "false", Kind::Bool;
        /// Largest Euclidean norm of a gradient; 0 for no limit.
        max_norm: f64 = "0.0", Kind::Real { min: 0.0, max: f64::MAX };
    }
}

settings! {
    /// Settings of Ent-PPO.
    pub struct EntConfig {
        /// Trajectories of a round.
        batch: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Learning rate; one step of a schedule is a round.
        lr: Schedule = "0.001", Kind::Schedule { min: 0.0, max: 1000.0 };
        /// Passes over each batch.
        epochs: u64 = "4", Kind::Int { min: 1, max: 1000 };
        /// Parts of a batch, each of which makes one update a pass.
        minibatches: usize = "1", Kind::Int { min: 1, max: 1 << 20 };
        /// Probability ratios further from 1 than this gain nothing.
        clip: f64 = "0.2", Kind::Real { min: 0.0, max: 1000.0 };
        /// Decay λ of generalised advantages.
        lambda: f64 = "0.7", Kind::Real { min: 0.0, max: 1.0 };
        /// Weight of the squared error of values.
        value: f64 = "1.0", Kind::Real { min: 0.0, max: 1000.0 };
        /// Largest Euclidean norm of a gradient; 0 for no limit.
        max_norm: f64 = "0.0", Kind::Real { min: 0.0, max: f64::MAX };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "ppo",
        summary: "proximal policy optimisation: clipped ratios, generalised advantages, a bonus for entropy",
        formula: "L = −min(ρA, clip(ρ, 1 ± ε)A) + c_V ½(V − G)² − c H(π),   ρ = π/π°",
        reference: "Schulman et al. 2017, arXiv:1707.06347; settings of arXiv:2106.04399",
        fields: Config::FIELDS,
    },
    samples_target: false,
    build: |values, arena| Ok(Box::new(PolicyGradient::new(checked(recipe(&Config::read(values)))?, arena))),
};

pub(crate) const ENT_ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "ent-ppo",
        summary: "PPO of maximum entropy with log P_B along the edges, which samples the target",
        formula: "A of log P_B(s | s′) − log π°(s′ | s) and log R(x); L = −min(ρA, clip(ρ)A) + ½(V − G)² + KL(π ‖ π°)",
        reference: "arXiv:2606.15793",
        fields: EntConfig::FIELDS,
    },
    samples_target: true,
    build: |values, arena| {
        Ok(Box::new(PolicyGradient::new(checked(ent_recipe(&EntConfig::read(values)))?, arena)))
    },
};

/// No minibatch is empty.
fn checked(recipe: Recipe) -> Result<Recipe, SettingError> {
    let Recipe { batch, minibatches, .. } = recipe;
    if minibatches <= batch {
        return Ok(recipe);
    }
    Err(SettingError::at("minibatches", format!("a batch of {batch} has no {minibatches} parts")))
}

fn recipe(config: &Config) -> Recipe {
    Recipe {
        batch: config.batch,
        lr: config.lr,
        max_norm: config.max_norm,
        payoff: config.payoff,
        baseline: Baseline::Learned,
        lambda: config.lambda,
        normalise: config.normalise,
        soft: config.soft,
        entropy: config.entropy,
        value: config.value,
        clip: config.clip,
        epochs: config.epochs,
        minibatches: config.minibatches,
    }
}

fn ent_recipe(config: &EntConfig) -> Recipe {
    Recipe {
        batch: config.batch,
        lr: config.lr,
        max_norm: config.max_norm,
        payoff: Payoff::Corrected,
        baseline: Baseline::Learned,
        lambda: config.lambda,
        normalise: false,
        soft: true,
        entropy: 1.0,
        value: config.value,
        clip: config.clip,
        epochs: config.epochs,
        minibatches: config.minibatches,
    }
}
