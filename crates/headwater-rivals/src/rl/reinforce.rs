//! REINFORCE: the gradient of the expected return, with a baseline and a bonus for entropy.

use headwater_core::settings::{Schedule, settings};
use headwater_core::{Entry, Settings};

use super::Payoff;
use super::policy_gradient::{Baseline, PolicyGradient, Recipe};
use crate::MethodEntry;

settings! {
    /// Settings of REINFORCE.
    pub struct Config {
        /// Trajectories of a round, which is one update.
        batch: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Learning rate.
        lr: Schedule = "0.001", Kind::Schedule { min: 0.0, max: 1000.0 };
        /// What is paid: `reward`, that is R(x) at the end, `log-reward`, or `corrected`, that is log R(x) at the end and
        /// log P_B(s | s′) along each edge.
        payoff: Payoff = "\"reward\"", Kind::Choice(Payoff::NAMES);
        /// What returns are compared with: `moving-average`, or `learned`, a value V(s) on the trunk of the policy.
        baseline: Baseline = "\"moving-average\"", Kind::Choice(Baseline::NAMES);
        /// Weight of the squared error of a learned value.
        value: f64 = "1.0", Kind::Real { min: 0.0, max: 1000.0 };
        /// Scales the advantages of a batch to mean zero and variance one.
        normalise: bool = "true", Kind::Bool;
        /// Weight c of the entropy.
        entropy: f64 = "0.1", Kind::Real { min: 0.0, max: 1000.0 };
        /// Pays −c log π(a | s) along each edge, so that the entropy of later states counts, and not only that of the
        /// present one. With weight 1 and `payoff = "corrected"` the optimal policy samples the target; turn
        /// `normalise` off then, which would change the weight.
        soft: bool = "false", Kind::Bool;
        /// Largest Euclidean norm of a gradient; 0 for no limit.
        max_norm: f64 = "0.0", Kind::Real { min: 0.0, max: f64::MAX };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "reinforce",
        summary: "policy gradient with a baseline and a bonus for entropy",
        formula: "∇ = −E Σ (G_t − b) ∇ log π(a_t | s_t) − c ∇H(π(· | s_t)),   G_t = R(x)",
        reference: "Williams 1992, doi:10.1007/BF00992696",
        fields: Config::FIELDS,
    },
    samples_target: false,
    build: |values, arena| Ok(Box::new(PolicyGradient::new(recipe(&Config::read(values)), arena))),
};

fn recipe(config: &Config) -> Recipe {
    Recipe {
        batch: config.batch,
        lr: config.lr,
        max_norm: config.max_norm,
        payoff: config.payoff,
        baseline: config.baseline,
        lambda: 1.0,
        normalise: config.normalise,
        soft: config.soft,
        entropy: config.entropy,
        value: config.value,
        clip: f64::INFINITY,
        epochs: 1,
        minibatches: 1,
    }
}
