//! Native, typed rewards: a score of an object, written beside its environment.

use crate::Environment;

/// A native score of an object; lives in the environment's file. Every `Fn(&E, &E::State) -> f64` is one.
///
/// What the number means (a reward, its logarithm) is said by the registry entry's [`crate::RewardScale`]; how it
/// becomes log R is the business of `headwater-rewards`.
pub trait Reward<E: Environment>: Send + Sync {
    /// The score of `x`. Never NaN.
    fn score(&self, env: &E, x: &E::State) -> f64;

    /// Is the score also defined on unfinished states, as forward-looking and modified detailed balance need?
    fn covers_unfinished(&self) -> bool {
        false
    }

    /// Can the reward say which edges it prefers?
    fn guides(&self) -> bool {
        false
    }

    /// Writes for every edge that leaves `s` how much the score changes along it, or another finite preference on the
    /// scale of log R, into `out`, one place per label; they arrive zero. A guided policy adds it to its logits; what is
    /// sampled after training does not depend on it.
    fn guide(&self, env: &E, s: &E::State, out: &mut [f32]) {
        let _ = (env, s, out);
    }
}

impl<E: Environment, F: Fn(&E, &E::State) -> f64 + Send + Sync> Reward<E> for F {
    fn score(&self, env: &E, x: &E::State) -> f64 {
        self(env, x)
    }
}
