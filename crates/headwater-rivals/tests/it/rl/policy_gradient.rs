//! REINFORCE and PPO, with and without entropy.

use headwater_core::settings::Value;
use headwater_exact::log_terminating;

use super::support::{Net, Problem, fall, int, text};

/// Entropy of weight one that is paid along the edges, and log R at the end.
fn max_ent(payoff: &str, lr: f64, rounds: u64) -> Vec<(&'static str, Value)> {
    vec![
        ("payoff", text(payoff)),
        ("soft", Value::Bool(true)),
        ("normalise", Value::Bool(false)),
        ("entropy", Value::Real(1.0)),
        ("batch", int(32)),
        ("lr", fall(lr, rounds)),
    ]
}

#[test]
fn of_maximum_entropy_they_count_trajectories() {
    for problem in [Problem::dag(), Problem::grid(2, 5)] {
        let target = problem.log_counted_target();
        for (name, net, lr, rounds, at_most) in [
            ("reinforce", Net::TABLE, 0.02, 3000, 0.01),
            ("ppo", Net::TABLE, 0.02, 1500, 0.001),
            ("ppo", Net::mlp(32), 0.003, 1500, 0.001),
        ] {
            let mut settings = max_ent("log-reward", lr, rounds);
            if name == "reinforce" {
                settings.push(("baseline", text("learned")));
            }
            let (_, policy, _) = problem.trained(name, &settings, net, rounds);
            let tv = problem.tv(&policy, &target);
            assert!(tv < at_most, "{name}: total variation {tv}");
            let apart = problem.tv(&policy, problem.exact().log_target());
            assert!(apart > 0.05, "{name}: that is not the distribution of R alone, {apart} away");
        }
    }
}

#[test]
fn with_log_pb_along_the_edges_they_sample_the_target() {
    for problem in [Problem::dag(), Problem::grid(2, 5)] {
        let target = problem.exact().log_target().to_vec();
        let mut moving = max_ent("corrected", 0.02, 3000);
        moving.push(("baseline", text("moving-average")));
        let ent = [("batch", int(32)), ("lr", fall(0.02, 1500))];
        let mut parts = max_ent("corrected", 0.02, 1500);
        parts.push(("minibatches", int(3)));
        for (name, settings, rounds) in [
            ("reinforce", &moving[..], 3000),
            ("ppo", &max_ent("corrected", 0.02, 1500)[..], 1500),
            ("ppo", &parts[..], 1500),
            ("ent-ppo", &ent[..], 1500),
        ] {
            let (_, policy, _) = problem.trained(name, settings, Net::TABLE, rounds);
            let tv = problem.tv(&policy, &target);
            assert!(tv < 0.02, "{name}: total variation {tv}");
        }
    }
}

#[test]
fn without_entropy_they_find_the_largest_reward() {
    let problem = Problem::grid(2, 8);
    let best = problem.exact().log_reward().iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for name in ["ppo", "reinforce"] {
        let settings =
            [("entropy", Value::Real(0.01)), ("normalise", Value::Bool(true)), ("lr", fall(0.01, 1500))];
        let (_, policy, _) = problem.trained(name, &settings, Net::mlp(32), 1500);
        let log_p = log_terminating(problem.graph(), &policy);
        let at_best: f64 = log_p
            .iter()
            .zip(problem.exact().log_reward())
            .filter(|&(_, &r)| r > best - 1e-9)
            .map(|(p, _)| p.exp())
            .sum();
        assert!(at_best > 0.95, "{name} ends in the best objects with probability {at_best}");
    }
}

#[test]
fn minibatches_are_parts_of_one_batch_and_updates_of_their_own() {
    let problem = Problem::grid(2, 6);
    let first_round = |minibatches: i64| {
        let settings = [("batch", int(20)), ("epochs", int(1)), ("minibatches", int(minibatches))];
        let mut method = problem.method("ppo", &settings, Net::TABLE);
        let mut seen = Vec::new();
        let spent =
            method.round(&mut |found| seen.extend(found.log_reward.iter().map(|r| r.to_bits()))).unwrap();
        let policy = method.policy(problem.exact()).unwrap();
        (seen, spent, policy.edge)
    };
    let (objects, spent, whole) = first_round(1);
    let (same, as_much, parts) = first_round(3);
    assert!(objects.len() == 20 && objects == same && spent == as_much);
    // Adam's first step has the size of the rate; three have up to three times that.
    let moved = |policy: &[f64]| policy.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(moved(&parts) > 1e-6, "{}", moved(&parts));
}
