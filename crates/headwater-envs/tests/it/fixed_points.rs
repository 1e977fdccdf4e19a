//! Every objective at the exact flows of every small instance under its default reward.

use headwater_core::RewardScale;
use headwater_envs::registry;
use headwater_exact::{Graph, enumerate};
use headwater_testkit::fixed_point;

/// Native log R per state; NaN, which nobody may read, for states that are no objects.
fn log_rewards(g: &Graph, scale: RewardScale) -> Vec<f64> {
    let objects: Vec<u32> = g.objects().map(|s| s as u32).collect();
    let mut scores = vec![0.0; objects.len()];
    g.sim().score(&objects, &mut scores);
    let mut out = vec![f64::NAN; g.n_states()];
    for (&s, y) in objects.iter().zip(scores) {
        out[s as usize] = if scale == RewardScale::Reward { y.ln() } else { y };
    }
    out
}

#[test]
fn objectives_vanish_at_the_exact_flows_of_every_environment() {
    for entry in registry() {
        for (i, sim) in entry.small().into_iter().enumerate() {
            let g = enumerate(&*sim, 10_000).expect("small instances are small");
            let checked = fixed_point::check(&g, &log_rewards(&g, entry.rewards[0].scale));
            checked.unwrap_or_else(|e| panic!("small instance {i} of {}: {e}", entry.entry.name));
        }
    }
}
