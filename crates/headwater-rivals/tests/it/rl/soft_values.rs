//! Soft deep Q-learning and the soft actor-critic.

use headwater_core::settings::Value;
use headwater_exact::log_visits;

use super::support::{Net, Problem, fall, int, text};

/// A setting of several tries, by name.
type Setting = (&'static str, Value);

#[test]
fn soft_dqn_samples_the_target() {
    let plain: &[Setting] = &[];
    let on_policy = [("replay", int(0)), ("batch", int(32))];
    let copies = [("target_every", int(20)), ("target_rate", Value::Real(1.0)), ("loss", text("squared"))];
    let munchausen = [("munchausen", Value::Real(0.3))];
    for problem in [Problem::dag(), Problem::grid(2, 5)] {
        let target = problem.exact().log_target();
        for (what, settings) in
            [("plain", plain), ("on-policy", &on_policy), ("copies", &copies), ("munchausen", &munchausen)]
        {
            for (net, lr) in [(Net::TABLE, 0.05), (Net::mlp(32), 0.003)] {
                let rounds = 2000;
                let settings = [settings, &[("lr", fall(lr, rounds))]].concat();
                let (_, policy, spent) = problem.trained("soft-dqn", &settings, net, rounds);
                let tv = problem.tv(&policy, target);
                assert!(tv < 0.002, "{what}: total variation {tv}");
                assert_eq!(spent.objects, spent.reward_calls);
            }
        }
    }
}

#[test]
fn values_far_from_zero_are_no_way_to_climb() {
    let problem = Problem::dag_times("e60");
    assert!(problem.exact().log_z() > 100.0);
    for name in ["ent-ppo", "soft-dqn"] {
        let (_, policy, _) = problem.trained(name, &[("lr", fall(0.003, 1500))], Net::mlp(32), 1500);
        let tv = problem.tv(&policy, problem.exact().log_target());
        assert!(tv < 0.002, "{name}: total variation {tv}");
    }
}

#[test]
fn without_log_pb_soft_dqn_counts_trajectories() {
    let problem = Problem::grid(2, 5);
    let settings = [("payoff", text("log-reward")), ("lr", fall(0.05, 2000))];
    let (_, policy, _) = problem.trained("soft-dqn", &settings, Net::TABLE, 2000);
    assert!(problem.tv(&policy, &problem.log_counted_target()) < 0.002);
}

#[test]
fn the_actor_critic_of_fixed_temperature_counts_trajectories() {
    for problem in [Problem::dag(), Problem::grid(2, 5)] {
        let target = problem.log_counted_target();
        for (what, replay) in [("replay", 100_000), ("on-policy", 0)] {
            let settings = [
                ("payoff", text("log-reward")),
                ("alpha", Value::AutoReal(Some(1.0))),
                ("target_rate", Value::Real(0.1)),
                ("replay", int(replay)),
                ("batch", int(32)),
                ("lr", fall(0.03, 3000)),
            ];
            let (_, policy, _) = problem.trained("sac", &settings, Net::TABLE, 3000);
            let tv = problem.tv(&policy, &target);
            assert!(tv < 0.01, "{what}: total variation {tv}");
        }
    }
}

#[test]
fn a_learned_temperature_keeps_the_entropy_it_aims_at() {
    let problem = Problem::grid(2, 8);
    let g = problem.graph();
    for aim in [0.5, 0.9] {
        let settings = [
            ("entropy", Value::Real(aim)),
            ("target_rate", Value::Real(0.1)),
            ("replay", int(0)),
            ("lr", fall(0.01, 3000)),
        ];
        let (_, policy, _) = problem.trained("sac", &settings, Net::mlp(32), 3000);
        // What is aimed at, and what is reached, over the states that the policy visits where it has a choice.
        let visits = log_visits(g, &policy);
        let (mut reached, mut largest) = (0.0, 0.0);
        for s in 0..g.n_states() {
            let log_p: Vec<f64> = g.out(s).map(|e| policy.edge[e]).chain([policy.stop[s]]).collect();
            let log_p: Vec<f64> = log_p.into_iter().filter(|p| p.is_finite()).collect();
            let visit = visits[s].exp();
            reached -= visit * log_p.iter().map(|p| p.exp() * p).sum::<f64>();
            largest += visit * (log_p.len() as f64).ln();
        }
        let fraction = reached / largest;
        assert!((fraction - aim).abs() < 0.05, "aimed at {aim}, reached {fraction}");
    }
}
