//! Modes behind plains of little reward are found where the power of the reward rises from 0, and not without.

use headwater_core::Scored;
use headwater_core::settings::{Schedule, Shape, Value};

use crate::support::{Net, Plan, int, objective, problem};

/// Total variation on a grid of 24 by 24, whose four modes are 11 cells of a ten thousandth of their reward apart.
fn distance(name: &str, from: f64) -> f64 {
    let reward = [("r0", Value::Real(1e-4))];
    let problem = problem("hypergrid", &[("dim", int(2)), ("side", int(24))], "original", &reward);
    let mut plan = Plan { net: Net::Mlp(64), ..Plan::default() }.cosine(2000, 0.005, 0.05).batch(64);
    plan.train.reward_power = Schedule { from, to: 1.0, steps: 750, shape: Shape::Linear };
    let exact = problem.exact();
    exact.evaluate(&mut plan.trained(&problem, objective(name)).policy()).divergence.tv
}

#[test]
fn far_modes_are_found_under_a_rising_power() {
    for (name, at_most) in [("tb", 0.03), ("fl-subtb", 0.1), ("mdb", 0.1)] {
        let (risen, direct) = (distance(name, 0.0), distance(name, 1.0));
        assert!(risen < at_most, "{name}: total variation {risen}");
        // One mode of four.
        assert!((direct - 0.75).abs() < 0.01, "{name} without: total variation {direct}");
    }
}

#[test]
fn powers_raise_rewards_of_unfinished_states_too() {
    let mut rows = Scored { log_reward: vec![2.0, -4.0], state_log_reward: vec![1.0], ..Scored::default() };
    rows.raise(0.5);
    assert_eq!((rows.log_reward, rows.state_log_reward), (vec![1.0, -2.0], vec![0.5]));
}
