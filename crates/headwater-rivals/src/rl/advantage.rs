//! Advantages and returns of a batch.

use headwater_core::Scored;

/// Generalised advantage estimation without discount (arXiv:1506.02438), for every row r of a trajectory with states
/// s_r, payoffs c_r and values V:
///
/// ```text
/// δ_r = c_r + V(s_{r+1}) − V(s_r),   A_r = Σ_k λ^k δ_{r+k},   G_r = A_r + V(s_r)
/// ```
///
/// The value behind the last row is zero. λ = 1 gives A_r = Σ_{k≥r} c_k − V(s_r).
pub(super) fn estimate(
    rows: &Scored,
    payoffs: &[f64],
    value: impl Fn(usize) -> f64,
    lambda: f64,
    advantages: &mut Vec<f64>,
    returns: &mut Vec<f64>,
) {
    for v in [&mut *advantages, &mut *returns] {
        v.clear();
        v.resize(rows.rows(), 0.0);
    }
    for b in 0..rows.trajectories() {
        let (mut advantage, mut next) = (0.0, 0.0);
        for r in rows.range(b).rev() {
            let here = value(r);
            advantage = payoffs[r] + next - here + lambda * advantage;
            advantages[r] = advantage;
            returns[r] = advantage + here;
            next = here;
        }
    }
}

/// Shifts and scales to mean zero and variance one; numbers that are all the same become zero.
pub(super) fn normalise(advantages: &mut [f64]) {
    let n = advantages.len() as f64;
    let mean = advantages.iter().sum::<f64>() / n;
    let variance = advantages.iter().map(|a| (a - mean) * (a - mean)).sum::<f64>() / n;
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    for a in advantages {
        *a = (*a - mean) * scale;
    }
}
