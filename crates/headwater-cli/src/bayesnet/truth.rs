//! The exact posterior of scores that are a sum over nodes, by which everything else is judged.

use headwater_core::{RewardScale, Settings};
use headwater_envs::NativeReward;
use headwater_envs::bayesnet::bdeu::BdeuConfig;
use headwater_envs::bayesnet::bge::BgeConfig;
use headwater_envs::bayesnet::{BayesNet, Bdeu, Bge};
use headwater_posterior::{MAX_NODES, Modular};
use headwater_rewards::{Transform, TransformConfig};
use headwater_run::Checked;

use crate::out::{Failure, fail};

/// log Z and the edges' probabilities under the reward of `checked`.
///
/// `None` where they are not worked out: there are more than [`MAX_NODES`] nodes, the score is none of the environment's
/// own, whose log is a sum over nodes, or a transform, a floor or a ceiling makes something else of it.
///
/// # Errors
/// If the reward cannot be built.
pub fn truth(env: &BayesNet, checked: &Checked) -> Result<Option<Modular>, Failure> {
    let values = &checked.section("reward").values;
    let family: Box<dyn Fn(usize, u64) -> f64> = match checked.kind("reward") {
        "bge" => {
            let reward = Bge::from_config(BgeConfig::read(values), env).map_err(fail)?;
            Box::new(move |node, parents| reward.family(node, parents))
        }
        "bdeu" => {
            let reward = Bdeu::from_config(BdeuConfig::read(values), env).map_err(fail)?;
            Box::new(move |node, parents| reward.family(node, parents))
        }
        _ => return Ok(None),
    };
    let transform = Transform::new(&TransformConfig::read(values), RewardScale::LogReward, None);
    let line = transform.map_err(fail)?.line();
    let (Some((slope, intercept)), true) = (line, env.n() <= MAX_NODES) else { return Ok(None) };
    let weight = |node: usize, parents: u64| {
        let few = parents.count_ones() as usize <= env.max_parents();
        if few { slope * family(node, parents) } else { f64::NEG_INFINITY }
    };
    let found = Modular::new(env.n(), weight).map_err(fail)?;
    Ok(found.map(|m| Modular { log_z: m.log_z + intercept, ..m }))
}

#[cfg(test)]
mod tests {
    use headwater_core::Environment;
    use headwater_envs::Registered;
    use headwater_envs::bayesnet::Config;
    use headwater_run::Input;
    use headwater_run::assemble::schema;
    use headwater_run::task::Task;

    use super::*;

    fn both(sets: &[&str]) -> (BayesNet, Checked) {
        let sets = ["env.kind=bayesnet", "env.rows=50"].iter().chain(sets).map(|&set| set.to_owned());
        let checked = Input::default().set(sets).check(&schema()).expect("a good configuration");
        let env =
            BayesNet::from_config(Config::read(&checked.section("env").values)).expect("a good network");
        (env, checked)
    }

    /// Holds log Z and all edges against every network added up; the truth's log Z.
    #[track_caller]
    fn agrees(sets: &[&str]) -> f64 {
        let (env, checked) = both(sets);
        let found = truth(&env, &checked).expect("a good reward").expect("few nodes");
        let mut task = Task::build(&checked).expect("a good task");
        let exact = task.enumerate(&checked).expect("rewards").expect("a small space");
        let (g, n) = (exact.graph(), env.n());
        let mut edges = vec![0.0; n * n];
        for s in g.objects() {
            let x = env.parse(&g.sim().text(s as u32)).expect("the text of a network");
            for (from, to) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let there = x.parents()[to] >> from & 1 == 1;
                edges[from * n + to] += if there { exact.log_target()[s].exp() } else { 0.0 };
            }
        }
        assert!((found.log_z - exact.log_z()).abs() < 1e-9, "{}, not {}", found.log_z, exact.log_z());
        let far = found.edges.iter().zip(&edges).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        assert!(far < 1e-9, "an edge is off by {far} under {sets:?}");
        found.log_z
    }

    #[test]
    fn every_score_and_prior_agrees_with_all_networks_added_up() {
        for score in ["bge", "bdeu"] {
            for prior in ["uniform", "edge", "erdos-renyi", "fair"] {
                let (score, prior) = (format!("reward.kind={score}"), format!("reward.prior={prior}"));
                for more in ["env.n=4", "env.max_parents=2", "reward.beta=0.5", "reward.scale=3.0"] {
                    agrees(&[&score, &prior, "env.n=4", more]);
                }
            }
        }
        agrees(&["env.n=5", "reward.kind=bge"]);
        let z = [1.0, 10.0].map(|s| agrees(&["env.n=3", "reward.kind=bge", &format!("reward.scale={s}")]));
        assert!((z[1] - z[0] - 10f64.ln()).abs() < 1e-12, "{z:?}");
    }

    #[test]
    fn what_is_no_sum_over_nodes_has_no_truth() {
        let none = |sets: &[&str]| {
            let (env, checked) = both(sets);
            assert_eq!(truth(&env, &checked).expect("a good reward"), None, "{sets:?}");
        };
        none(&["reward.kind=bge", "reward.floor=1e-3"]);
        none(&["reward.kind=bge", "reward.ceiling=1e3"]);
        none(&["reward.kind=bge", "reward.transform=sigmoid", "reward.mid=0", "reward.width=1"]);
        none(&["reward.kind=expression", "reward.expression=\"edges\""]);
        none(&["reward.kind=bge", "env.n=17"]);
    }
}
