//! Rewards that fail and rates that blow up: an error that names the object, a state that has not changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_rewards::RewardError;
use headwater_train::{BackwardKind, StepError};

use crate::support::{Net, Plan, Problem, bits, grid, grid_with, objective, strings};

/// A 5×5 grid whose reward at `2,1` is the number of these bits, and so can break and recover.
fn fragile() -> (Problem, Arc<AtomicU64>) {
    let score = Arc::new(AtomicU64::new(1.5f64.to_bits()));
    let at = Arc::clone(&score);
    let problem =
        grid_with(
            5,
            move |_, x| {
                if x[..2] == [2, 1] { f64::from_bits(at.load(Ordering::Relaxed)) } else { 0.5 }
            },
        );
    (problem, score)
}

#[test]
fn a_failed_reward_names_its_object_and_changes_nothing() {
    for (name, backward) in
        [("tb", BackwardKind::Learned), ("fm", BackwardKind::Uniform), ("fl-subtb", BackwardKind::MaxEnt)]
    {
        let plan = Plan { backward, ..Plan::default() }.batch(64);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0] {
            let (problem, score) = fragile();
            let mut steady = plan.trainer(&problem, objective(name));
            let mut shaken = plan.trainer(&problem, objective(name));
            for _ in 0..5 {
                steady.step().unwrap();
                shaken.step().unwrap();
            }
            let before = bits(&shaken.state());
            score.store(bad.to_bits(), Ordering::Relaxed);
            for _ in 0..2 {
                let error = shaken.step().unwrap_err();
                let (object, value) = match &error {
                    StepError::Reward(
                        RewardError::NotFinite { object, value }
                        | RewardError::Negative { object, value }
                        | RewardError::Zero { object, value },
                    ) => (object, *value),
                    other => panic!("{name}, {bad}: {other}"),
                };
                assert_eq!(object, "2,1");
                assert_eq!(value.to_bits(), bad.to_bits(), "{name}: {error}");
                assert!(error.to_string().contains("`2,1`"), "{error}");
                assert!(bits(&shaken.state()) == before, "{name}, {bad}: an error changed the state");
            }
            // Once the reward recovers, training goes on as if nothing had happened.
            score.store(1.5f64.to_bits(), Ordering::Relaxed);
            for _ in 0..5 {
                assert_eq!(steady.step().unwrap(), shaken.step().unwrap(), "{name}, {bad}");
            }
            assert!(bits(&steady.state()) == bits(&shaken.state()), "{name}, {bad}");
        }
    }
}

#[test]
fn rates_that_blow_up_end_in_an_error_and_never_in_a_panic() {
    let on = [("grid", grid(2, 8)), ("strings", strings(5))];
    let mut ended = 0;
    for entry in headwater_objectives::registry() {
        let name = entry.entry.name;
        for (env, problem) in &on {
            for net in [Net::Mlp(32), Net::Table] {
                for rate in [1e3, 1e12, 1e30, 1e38] {
                    let learned = objective(name).needs().backward;
                    let backward = if learned { BackwardKind::Learned } else { BackwardKind::Uniform };
                    let mut plan = Plan { net, backward, ..Plan::default() };
                    plan.train.lr = headwater_core::settings::Schedule::constant(rate);
                    plan.train.lr_log_z = plan.train.lr;
                    let mut trainer = plan.trainer(problem, objective(name));
                    let mut before = bits(&trainer.state());
                    for _ in 0..30 {
                        match trainer.step() {
                            Ok(report) => assert!(report.loss.is_finite() && report.grad_norm.is_finite()),
                            Err(StepError::NotFinite { step, object, .. }) => {
                                assert_eq!(step, trainer.steps() + 1);
                                assert!(!object.is_empty());
                                assert!(
                                    bits(&trainer.state()) == before,
                                    "{name} on {env}, {net:?} at {rate}"
                                );
                                ended += 1;
                                break;
                            }
                            Err(other) => panic!("{name} on {env}, {net:?} at {rate}: {other}"),
                        }
                        before = bits(&trainer.state());
                    }
                }
            }
        }
    }
    assert!(ended > 0, "some rate is too large");
}
