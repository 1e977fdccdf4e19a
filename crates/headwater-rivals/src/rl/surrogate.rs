//! The losses of policy gradients, as functions of rows.

use headwater_core::Scored;
use headwater_train::{Experience, Slopes};

/// Weights of a loss's terms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weights {
    /// Ratios outside 1 ± this gain nothing; infinite for no clipping.
    pub clip: f64,
    /// Of the entropy, which is to be large.
    pub entropy: f64,
    /// Of the drift from the policy that acted, which is to be small.
    pub drift: f64,
    /// Of the error of values.
    pub value: f64,
}

/// What a batch says of itself once, before the policy changes; one number per row each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged<'a> {
    /// log π°(a | s) of the policy that acted.
    pub log_acted: &'a [f64],
    /// The advantage A of the edge taken.
    pub advantages: &'a [f64],
    /// The return G, which values are to predict.
    pub returns: &'a [f64],
}

/// The clipped surrogate with its regularisers (arXiv:1707.06347), averaged over rows, and its slopes:
///
/// ```text
/// L = −min(ρ A, clip(ρ, 1 − ε, 1 + ε) A) + c_V ½ (V − G)² − c_H H + c_D KL(π ‖ π°),   ρ = π(a | s) / π°(a | s)
/// ```
///
/// Without clipping, where π is still π°, its gradient is that of REINFORCE, −A ∇ log π. `entropy` and `drift` are those
/// of an [`Experience`] and may be empty if they have no weight; so may log flows, which are the values.
///
/// [`Experience`]: headwater_train::Experience
pub(super) fn loss(
    rows: &Scored,
    entropy: &[f64],
    drift: &[f64],
    judged: Judged<'_>,
    weights: Weights,
    slopes: &mut Slopes,
) -> f64 {
    let share = 1.0 / rows.rows() as f64;
    let mut loss = 0.0;
    for r in 0..rows.rows() {
        let a = judged.advantages[r];
        let ratio = (rows.logit[r] - rows.lse[r] - judged.log_acted[r]).exp();
        let clipped = ratio.clamp(1.0 - weights.clip, 1.0 + weights.clip) * a;
        loss -= (ratio * a).min(clipped) * share;
        if ratio * a <= clipped {
            let slope = -ratio * a * share;
            slopes.rows.logit[r] += slope;
            slopes.rows.lse[r] -= slope;
        }
        if weights.value > 0.0 {
            let error = rows.log_flow[r] - judged.returns[r];
            loss += 0.5 * weights.value * error * error * share;
            slopes.rows.log_flow[r] += weights.value * error * share;
        }
        if weights.entropy > 0.0 {
            loss -= weights.entropy * entropy[r] * share;
            slopes.entropy[r] -= weights.entropy * share;
        }
        if weights.drift > 0.0 {
            loss += weights.drift * drift[r] * share;
            slopes.drift[r] += weights.drift * share;
        }
    }
    loss
}

/// [`loss`] of what `experience` looks at.
pub(super) fn loss_of(
    experience: &Experience,
    judged: Judged<'_>,
    weights: Weights,
    slopes: &mut Slopes,
) -> f64 {
    slopes.zero_like(experience);
    loss(experience.rows(), experience.entropy(), experience.drift(), judged, weights, slopes)
}
