//! Scores under way while the policy learns: the same bits whoever is faster, and the same target.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use headwater_core::Key;
use headwater_rewards::{Budget, Forms, Objects, Oracle, Recorded, RewardError, Scorer, Tally, Transform};
use headwater_train::Trainer;

use crate::support::{Plan, Problem, bits, grid, int, objective, problem};

/// The environment's own scores, given slowly, and sometimes not at all.
struct Slow {
    batches: Arc<AtomicU64>,
    /// Longest time for a batch, in microseconds.
    longest: u32,
    /// The batch that fails.
    fails: Option<u64>,
}

impl Oracle for Slow {
    fn forms(&self) -> Forms {
        Forms::NATIVE
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        let batch = self.batches.fetch_add(1, Ordering::SeqCst);
        if self.longest > 0 {
            std::thread::sleep(Duration::from_micros(Key::new(batch).below(self.longest).into()));
        }
        if self.fails == Some(batch) {
            return Err(RewardError::Failed { oracle: "test".into(), message: "down".into() });
        }
        out.copy_from_slice(objects.native());
        Ok(())
    }
}

fn lagged(lag: u64, steps: u64) -> Plan {
    let mut plan = Plan::default().cosine(steps, 0.005, 0.05);
    plan.train.lag = lag;
    plan
}

fn slow(plan: &Plan, problem: &Problem, longest: u32, fails: Option<u64>) -> (Trainer, Arc<AtomicU64>) {
    let batches = Arc::new(AtomicU64::new(0));
    let oracle = Slow { batches: Arc::clone(&batches), longest, fails };
    let scorer = Scorer::new(Box::new(oracle), Transform::plain(problem.scale));
    (plan.trainer_with(problem, problem.sim.fork(), scorer, objective("tb")), batches)
}

#[test]
fn a_policy_learns_the_target_from_batches_of_the_past() {
    let problem = grid(2, 6);
    for (name, lag) in [("tb", 16), ("db", 4), ("fm", 4)] {
        let mut trainer = lagged(lag, 2500).trained(&problem, objective(name));
        let tv = problem.exact().evaluate(&mut trainer.policy()).divergence.tv;
        assert!(tv < 0.02, "{name} {lag} updates late: TV {tv}");
    }
}

#[test]
fn bits_depend_neither_on_how_fast_scores_come_nor_on_threads() {
    let problem = grid(2, 6);
    let run = |threads, longest| {
        let plan = Plan { threads, ..lagged(3, 30) };
        let (mut trainer, batches) = slow(&plan, &problem, longest, None);
        for _ in 0..30 {
            trainer.step().unwrap();
        }
        // Nothing is asked for that no update would use.
        assert_eq!(batches.load(Ordering::SeqCst), 30);
        bits(&trainer.state())
    };
    let expected = run(1, 0);
    assert_eq!(run(1, 3000), expected);
    assert_eq!(run(2, 500), expected);
    // Nor on whether scores are an oracle's at all.
    assert_eq!(bits(&lagged(3, 30).trained(&problem, objective("tb")).state()), expected);
    assert_ne!(bits(&lagged(2, 30).trained(&problem, objective("tb")).state()), expected);
}

#[test]
fn later_batches_are_under_way_before_the_first_is_waited_for() {
    let problem = grid(2, 6);
    let (mut trainer, batches) = slow(&lagged(5, 30), &problem, 0, None);
    trainer.step().unwrap();
    // The thread may still be at work on them.
    let mut patience = 0;
    while batches.load(Ordering::SeqCst) < 6 && patience < 1000 {
        std::thread::sleep(Duration::from_millis(5));
        patience += 1;
    }
    assert_eq!(batches.load(Ordering::SeqCst), 6);
}

#[test]
fn a_run_with_batches_under_way_can_be_saved_and_goes_on() {
    let problem = grid(2, 6);
    let plan = lagged(4, 30);
    let expected = bits(&plan.trained(&problem, objective("tb")).state());
    for saved_after in [0, 1, 13, 28] {
        let (mut first, _) = slow(&plan, &problem, 200, None);
        for _ in 0..saved_after {
            first.step().unwrap();
        }
        let state = first.state();
        assert_eq!(state.flights.len(), if saved_after == 0 { 0 } else { 4.min(30 - saved_after) });
        let (mut second, _) = slow(&plan, &problem, 0, None);
        second.restore(state).unwrap();
        for _ in saved_after..30 {
            second.step().unwrap();
        }
        assert_eq!(bits(&second.state()), expected, "saved after {saved_after}");
    }
    // Walks that the environment does not have are refused.
    let mut state = lagged(4, 30).trainer(&problem, objective("tb")).state();
    let (mut other, _) = slow(&plan, &problem, 0, None);
    other.step().unwrap();
    state.flights = other.state().flights;
    state.flights[0].actions[0] = vec![0; 9];
    assert!(slow(&plan, &problem, 0, None).0.restore(state).is_err());
}

#[test]
fn an_update_whose_scores_fail_changes_nothing_and_can_be_made_again() {
    let problem = grid(2, 6);
    let plan = lagged(2, 20);
    let expected = bits(&plan.trained(&problem, objective("tb")).state());
    let (mut trainer, _) = slow(&plan, &problem, 100, Some(7));
    let mut failed = 0;
    while trainer.steps() < 20 {
        let before = bits(&trainer.state());
        if trainer.step().is_err() {
            failed += 1;
            assert_eq!(bits(&trainer.state()), before);
        }
    }
    assert_eq!((failed, bits(&trainer.state())), (1, expected));
}

/// The environment's own scores, of unfinished states too, counted.
struct Counted(Arc<AtomicU64>);

impl Oracle for Counted {
    fn forms(&self) -> Forms {
        Forms::NATIVE
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        self.0.fetch_add(objects.len() as u64, Ordering::SeqCst);
        out.copy_from_slice(objects.native());
        Ok(())
    }
}

#[test]
fn as_many_scores_are_asked_for_whatever_the_lag_and_however_often_a_run_stops() {
    let problem = problem("subsets", &[("n", int(6))], "energies", &[]);
    for (name, replay) in [("tb", 0), ("tb", 5), ("fl-db", 0), ("fl-db", 5)] {
        for lag in [0, 1, 5] {
            let mut plan = lagged(lag, 20);
            plan.train.replay = replay;
            // 20 batches, and under `fl-db` each state of an update once besides.
            let mut free = plan.trainer(&problem, objective(name));
            let states: u64 = (0..20).map(|_| free.step().unwrap().state_rewards).sum();
            assert_eq!(states > 0, name == "fl-db");
            let asked = 20 * plan.train.batch as u64;
            assert_eq!(free.reward_calls(), asked, "{name}, lag {lag}, replay {replay}");
            let counted = Arc::new(AtomicU64::new(0));
            let scorer = Scorer::new(Box::new(Counted(counted.clone())), Transform::plain(problem.scale));
            let mut trainer = plan.trainer_with(&problem, problem.sim.fork(), scorer, objective(name));
            for _ in 0..20 {
                trainer.step().unwrap();
            }
            assert_eq!(counted.load(Ordering::SeqCst), asked + states, "{name}, lag {lag}, replay {replay}");
            assert_eq!(bits(&trainer.state()), bits(&free.state()));
            // Stopped with batches on their way, and resumed by another process.
            let mut stopped = plan.trainer(&problem, objective(name));
            for _ in 0..7 {
                stopped.step().unwrap();
            }
            let mut resumed = plan.trainer(&problem, objective(name));
            resumed.restore(stopped.state()).unwrap();
            for _ in 7..20 {
                resumed.step().unwrap();
            }
            assert_eq!(resumed.reward_calls(), asked, "{name}, lag {lag}, replay {replay}");
            assert_eq!(bits(&resumed.state()), bits(&free.state()));
        }
    }
}

/// A failure says nothing of the objects of its batch: the update can be made again, and comes to the same.
#[test]
fn an_update_that_failed_behind_a_budget_can_be_made_again() {
    let problem = grid(2, 6);
    for lag in [0, 3] {
        let plan = lagged(lag, 12);
        let trained = |fails| {
            let oracle = Slow { batches: Arc::new(AtomicU64::new(0)), longest: 0, fails };
            let budget = Budget { max_calls: Some(1_000_000), max_seconds: None };
            let oracle = Recorded::new(Box::new(oracle), None, Box::new(Tally::default()), budget);
            let scorer = Scorer::new(Box::new(oracle), Transform::plain(problem.scale));
            let mut trainer = plan.trainer_with(&problem, problem.sim.fork(), scorer, objective("tb"));
            let (mut made, mut failed) = (0, 0);
            while made < 12 {
                match trainer.step() {
                    Ok(_) => made += 1,
                    Err(e) => {
                        assert_eq!(
                            e.to_string(),
                            "test failed: down",
                            "the cause is named, not what follows from it"
                        );
                        failed += 1;
                    }
                }
            }
            (trainer, failed)
        };
        let (good, none) = trained(None);
        let (again, once) = trained(Some(2));
        assert_eq!((none, once), (0, 1), "lag {lag}");
        assert!(bits(&good.state()) == bits(&again.state()), "lag {lag}");
    }
}
