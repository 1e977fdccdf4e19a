//! The same key gives the same bits, for any number of threads.

use super::support::{Net, Problem, int};

#[test]
fn threads_change_no_bit() {
    let problem = Problem::grid(2, 6);
    for name in ["ent-ppo", "ppo", "reinforce", "sac", "soft-dqn"] {
        let run = |threads: usize, seed: u64| {
            let net = Net { threads, seed, ..Net::mlp(32) };
            let mut method = problem.method(name, &[("batch", int(64))], net);
            let mut seen = Vec::new();
            for _ in 0..8 {
                method.round(&mut |found| seen.extend(found.log_reward.iter().map(|r| r.to_bits()))).unwrap();
            }
            let policy = method.policy(problem.exact()).unwrap();
            seen.extend(policy.edge.iter().chain(&policy.stop).map(|p| p.to_bits()));
            seen
        };
        let one = run(1, 1);
        assert!(one == run(3, 1), "{name}: threads");
        assert!(one == run(1, 1), "{name}: again");
        assert!(one != run(1, 2), "{name}: another key");
    }
}
