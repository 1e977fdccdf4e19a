//! How trees of so many leaves are learned unless something else is asked for.

/// What is the same for all. P_B is uniform, since an order of merges is as good as another.
pub const RECIPE: [&str; 4] =
    ["env.kind=phylo", "reward.kind=parsimony", "policy.backward=uniform", "objective.kind=tb"];

/// The most leaves whose forests are enumerated by default.
pub const SMALL: usize = 8;

/// The width of the network.
const WIDTH: usize = 256;

/// The most leaves of which 64 trees are learned from at once; beyond, memory and the time of an update decide.
const MANY: usize = 64;

/// Settings for trees of n leaves, and for so many updates if that is asked for. Where the space is small, wide exploration
/// and no guide make unlikely trees as exact as likely ones, for eight leaves in more time; where it is large, the reward
/// guides, and trees of chains show where its mass is.
pub fn training(n: usize, steps: Option<u64>) -> Vec<String> {
    let (usual, batch, guide, epsilon) = match n {
        _ if n < SMALL => (5000, 128, 0.0, [0.7, 0.2]),
        SMALL => (20_000, 128, 0.0, [0.7, 0.3]),
        _ if n <= MANY => (2000, 64, 1.0, [0.02, 0.0]),
        _ => (2000, (64 * MANY * MANY / (n * n)).max(8), 1.0, [0.02, 0.0]),
    };
    let steps = steps.unwrap_or(usual);
    let schedule = |name: &str, [from, to]: [f64; 2], shape: &str| {
        let steps = steps.max(1);
        format!("train.{name}={{ from = {from:?}, to = {to:?}, steps = {steps}, shape = \"{shape}\" }}")
    };
    let mut settings = vec![
        format!("train.steps={steps}"),
        format!("train.batch={batch}"),
        format!("policy.guide={guide:?}"),
        format!("policy.width={WIDTH}"),
        "objective.loss=huber".to_owned(),
        schedule("lr", [2e-3, 2e-5], "cosine"),
        schedule("lr_log_z", [0.1, 1e-3], "cosine"),
        schedule("epsilon", epsilon, "linear"),
    ];
    if n > SMALL {
        // Correlations over trees of uniform play say little of large trees, and cost more than training.
        settings.extend([
            format!("eval.every={}", (steps / 4).max(1)),
            "eval.samples=1024".to_owned(),
            "eval.objects=16".to_owned(),
            "eval.backward_samples=8".to_owned(),
        ]);
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Schedules end with training, however long it is.
    #[test]
    fn schedules_are_as_long_as_training() {
        for n in [5, 8, 9, 50, 128] {
            for steps in [None, Some(1), Some(300), Some(60_000)] {
                let settings = training(n, steps);
                let total = settings[0].strip_prefix("train.steps=").unwrap();
                assert!(steps.is_none_or(|steps| total == steps.to_string()), "{settings:?}");
                let schedules: Vec<_> = settings.iter().filter(|s| s.contains("shape")).collect();
                assert_eq!(schedules.len(), 3);
                assert!(schedules.iter().all(|s| s.contains(&format!("steps = {total},"))), "{settings:?}");
            }
        }
    }
}
