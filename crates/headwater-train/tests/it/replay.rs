//! Replay: what was found is learned from again, without new scores, and nothing else changes.

use crate::support::{Net, Plan, bits, grid, objective};

fn replaying(steps: u64, lag: u64) -> Plan {
    let mut plan = Plan::default().cosine(steps, 0.005, 0.05).batch(16);
    plan.train.lag = lag;
    plan.train.replay = 48;
    plan.train.replay_capacity = 30;
    plan
}

#[test]
fn the_target_is_learned_with_replays_beside() {
    let problem = grid(2, 6);
    for (name, lag, power) in [("tb", 0, 0.0), ("db", 4, 0.0), ("fm", 0, 0.0), ("subtb", 4, 1.0)] {
        let mut plan = replaying(2500, lag);
        plan.train.replay_power = power;
        let tv =
            problem.exact().evaluate(&mut plan.trained(&problem, objective(name)).policy()).divergence.tv;
        assert!(tv < 0.02, "{name}, lag {lag}, power {power}: TV {tv}");
    }
}

/// Sixteen new objects a round are too few for a table, which learns nothing about one state from another.
#[test]
fn replays_teach_more_per_score() {
    let problem = grid(2, 8);
    let tv = |replay| {
        let mut plan = Plan { net: Net::Table, ..Plan::default() }.cosine(400, 0.05, 0.05).batch(16);
        plan.train.replay = replay;
        let mut trainer = plan.trained(&problem, objective("tb"));
        assert_eq!(trainer.reward_calls(), 400 * 16);
        problem.exact().evaluate(&mut trainer.policy()).divergence.tv
    };
    let (alone, replayed) = (tv(0), tv(112));
    assert!(replayed < 0.6 * alone, "TV {alone} alone, {replayed} with replays");
}

#[test]
fn a_saved_run_replays_the_same_objects() {
    let problem = grid(2, 6);
    for (lag, threads) in [(0, 1), (0, 2), (3, 1)] {
        let plan = Plan { threads, ..replaying(30, lag) };
        let expected = bits(&plan.trained(&problem, objective("tb")).state());
        if threads == 2 {
            assert_eq!(expected, bits(&replaying(30, lag).trained(&problem, objective("tb")).state()));
        }
        for saved_after in [0, 1, 13] {
            let mut first = plan.trainer(&problem, objective("tb"));
            for _ in 0..saved_after {
                first.step().unwrap();
            }
            let mut second = plan.trainer(&problem, objective("tb"));
            second.restore(first.state()).unwrap();
            for _ in saved_after..30 {
                second.step().unwrap();
            }
            assert_eq!(bits(&second.state()), expected, "lag {lag}, saved after {saved_after}");
        }
        // Objects that the environment does not have are refused.
        let mut state = plan.trained(&problem, objective("tb")).state();
        assert_eq!(state.kept.objects.len(), 30);
        state.kept.objects[3] = "9,9".into();
        plan.trainer(&problem, objective("tb")).restore(state).unwrap_err();
    }
}
