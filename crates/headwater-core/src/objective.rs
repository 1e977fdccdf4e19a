//! What an objective is: residuals over rows, a regression loss outside them, and what it needs.

use crate::settings::choice;
use crate::{Grads, Scored};

/// What an objective needs of environment, reward and policy; checked once, when a trainer is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// A learned scalar log Z.
    pub log_z: bool,
    /// A head for log F(s).
    pub flow: bool,
    /// log P_B of every edge.
    pub backward: bool,
    /// log R of unfinished states.
    pub state_reward: bool,
    /// An environment whose every state may stop.
    pub stop_everywhere: bool,
    /// The logits of the edges entering every visited state.
    pub inflow: bool,
}

/// What [`Objective::loss`] says besides the gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossReport {
    /// The mean regression loss.
    pub loss: f64,
    /// Root mean square of the residuals, in nats.
    pub residual_rms: f64,
}

/// A training objective: residuals of a batch of trajectories, each of which vanishes at an exact flow.
pub trait Objective: Send + Sync {
    /// What the objective reads.
    fn needs(&self) -> Needs;

    /// Adds the gradient into `grads`, which arrives zeroed and in shape, and returns the loss.
    ///
    /// `g` is applied to every residual; the loss is their mean, weighted as the objective says.
    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport;
}

choice! {
    /// The regression loss g applied to a residual t ("Beyond squared error", arXiv:2410.02596).
    ///
    /// Every choice is convex with g(0) = g′(0) = 0 and g″(0) = 2, so that rates carry over between them. The sign
    /// is t = log(forward flow / backward flow); `linex` weighs over-estimated backward flow, that is objects the
    /// sampler misses, exponentially.
    pub enum Regression {
        /// g(t) = t²: zero-forcing.
        Squared = "squared",
        /// g(t) = t² for |t| ≤ 1, and 2|t| − 1 beyond: robust to outliers.
        Huber = "huber",
        /// g(t) = 2(e^{−t} + t − 1): zero-avoiding.
        Linex = "linex",
        /// g(t) = 2(cosh t − 1): zero-forcing and zero-avoiding.
        ShiftedCosh = "shifted-cosh",
    }
}

impl Regression {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Squared, Self::Huber, Self::Linex, Self::ShiftedCosh];

    /// Residuals beyond this are continued linearly by the exponential losses, so that no gradient overflows.
    const KNEE: f64 = 12.0;

    /// The value g(t) and the slope g′(t).
    #[inline]
    pub fn at(self, t: f64) -> (f64, f64) {
        match self {
            Self::Squared => (t * t, 2.0 * t),
            Self::Huber if t.abs() <= 1.0 => (t * t, 2.0 * t),
            Self::Huber => (2.0 * t.abs() - 1.0, 2.0 * t.signum()),
            Self::Linex => {
                // exp_m1 keeps g ≥ 0 near its minimum, where exp(−t) + t − 1 cancels.
                let k = t.max(-Self::KNEE);
                let e = (-k).exp_m1();
                let slope = -2.0 * e;
                (2.0 * (e + k) + slope * (t - k), slope)
            }
            Self::ShiftedCosh => {
                let k = t.clamp(-Self::KNEE, Self::KNEE);
                let half = (0.5 * k).sinh();
                let slope = 2.0 * k.sinh();
                (4.0 * half * half + slope * (t - k), slope)
            }
        }
    }
}
