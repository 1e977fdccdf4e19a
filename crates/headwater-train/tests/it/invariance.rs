//! Results are a function of configuration and seed: not of threads, not of interruptions.

use std::ops::ControlFlow;

use headwater_core::Key;
use headwater_core::settings::{Schedule, Shape, Value};
use headwater_rewards::{Budget, Native, Recorded, Scorer, Tally, Transform};
use headwater_train::{BackwardKind, Behaviour, Sample, Sampler, StateMismatch, TrainState, Trainer, sample};

use crate::support::{Net, Plan, Problem, bits, grid, int, objective, problem, strings, text};

fn run(trainer: &mut Trainer, steps: usize) -> Vec<headwater_train::StepReport> {
    (0..steps).map(|_| trainer.step().unwrap()).collect()
}

/// A grid on which a batch has some thousand distinct states, and a network that is worth sharing.
fn wide() -> (Problem, Plan) {
    (grid(4, 8), Plan { net: Net::Mlp(128), ..Plan::default() }.batch(512))
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (problem, plan) = wide();
    for (name, backward) in
        [("tb", BackwardKind::Learned), ("subtb", BackwardKind::LearnedOwn), ("fm", BackwardKind::Uniform)]
    {
        let with = |threads| {
            let plan = Plan { threads, backward, ..plan.clone() };
            let mut trainer = plan.trainer(&problem, objective(name));
            let reports = run(&mut trainer, 12);
            assert!(reports[0].evaluated_rows > 400, "a batch is cut into blocks");
            (bits(&trainer.state()), reports)
        };
        let one = with(1);
        for threads in [2, 7] {
            assert!(with(threads) == one, "{name}: {threads} threads give other bits than one");
        }
    }
}

/// Where panels of the head without a valid label are not computed.
#[test]
fn the_number_of_threads_changes_no_bit_of_many_labels() {
    let settings = [("n", int(24)), ("k", int(6)), ("growth", text("fill"))];
    let problem = problem("bits", &settings, "hamming-per-bit", &[]);
    for backward in [BackwardKind::Learned, BackwardKind::LearnedOwn] {
        let with = |threads| {
            let plan = Plan { net: Net::Mlp(128), threads, backward, ..Plan::default() }.batch(128);
            let mut trainer = plan.trainer(&problem, objective("tb"));
            let reports = run(&mut trainer, 8);
            (bits(&trainer.state()), reports)
        };
        let one = with(1);
        for threads in [2, 7] {
            assert!(with(threads) == one, "{threads} threads give other bits than one");
        }
    }
}

#[test]
fn an_interrupted_run_goes_on_as_if_it_had_not_been() {
    let on = [("strings", strings(5)), ("grid", grid(2, 8))];
    for name in ["tb", "subtb", "fm"] {
        for (env, problem) in &on {
            let backward = if name == "tb" { BackwardKind::Learned } else { BackwardKind::Uniform };
            let plan = Plan { backward, ..Plan::default() }.cosine(60, 0.01, 0.1);
            let mut whole = plan.trainer(problem, objective(name));
            run(&mut whole, 25);
            let checkpoint: TrainState = whole.state();
            let rest = run(&mut whole, 25);

            let other = Plan { threads: 2, ..plan.clone() };
            let mut resumed = other.trainer(problem, objective(name));
            run(&mut resumed, 3);
            resumed.restore(checkpoint.clone()).unwrap();
            assert!(bits(&resumed.state()) == bits(&checkpoint), "{name} on {env}: restored as it was");
            assert_eq!(resumed.steps(), 25);
            assert_eq!(run(&mut resumed, 25), rest, "{name} on {env}: the same reports");
            assert!(bits(&resumed.state()) == bits(&whole.state()), "{name} on {env}: the same state");
        }
    }
}

/// Every update reads every schedule at its own step: each is repeated by a trainer whose rates stay what they were.
#[test]
fn schedules_are_read_at_every_update() {
    let problem = strings(5);
    let ramp = |from, to| Schedule { from, to, steps: 5, shape: Shape::Linear };
    let mut plan = Plan::default();
    plan.train.lr = ramp(0.01, 0.001);
    plan.train.lr_log_z = ramp(0.3, 0.1);
    plan.train.epsilon = ramp(0.9, 0.1);
    plan.train.temperature = ramp(3.0, 1.0);
    let mut whole = plan.trainer(&problem, objective("tb"));
    for step in 0..8 {
        let mut fixed = plan.clone();
        let train = &mut fixed.train;
        for s in [&mut train.lr, &mut train.lr_log_z, &mut train.epsilon, &mut train.temperature] {
            *s = Schedule::constant(s.at(step));
        }
        let mut single = fixed.trainer(&problem, objective("tb"));
        single.restore(whole.state()).unwrap();
        assert_eq!(single.step().unwrap(), whole.step().unwrap(), "step {step}");
        assert!(bits(&single.state()) == bits(&whole.state()), "step {step}");
    }
}

#[test]
fn a_checkpoint_of_another_network_is_refused() {
    let problem = strings(3);
    let narrow = Plan::default().trainer(&problem, objective("tb")).state();
    let plan = Plan { net: Net::Mlp(48), ..Plan::default() };
    let mut wide = plan.trainer(&problem, objective("tb"));
    let before = bits(&wide.state());
    assert_eq!(wide.restore(narrow), Err(StateMismatch));
    assert!(bits(&wide.state()) == before);
}

#[test]
fn the_seed_decides_everything() {
    let problem = strings(5);
    let after = |plan: &Plan| {
        let mut trainer = plan.trainer(&problem, objective("tb"));
        let reports = run(&mut trainer, 20);
        (bits(&trainer.state()), reports)
    };
    let plan = Plan::default();
    assert!(after(&plan) == after(&plan), "the same seed gives the same bits");
    let mut other = Plan { seed: 2, ..plan.clone() };
    assert!(after(&other).0 != after(&plan).0, "another seed gives others");
    // The draws of trajectories, not only the first weights, come from the seed.
    other.net = Net::Table;
    let table = Plan { net: Net::Table, ..plan };
    assert!(after(&other).0 != after(&table).0, "another seed draws other trajectories");
}

#[test]
fn a_larger_batch_begins_with_the_smaller_one() {
    // Draws depend on the lane and not on how many there are: see the first update's mean over nested batches.
    let problem = problem("binary-tree", &[("depth", Value::Int(4))], "index", &[]);
    let mut seen = Vec::new();
    for n in [1, 2, 3, 5] {
        let mut trainer = Plan::default().batch(n).trainer(&problem, objective("tb"));
        seen.push((n, trainer.step().unwrap().log_reward_mean * n as f64));
    }
    for pair in seen.windows(2) {
        let ((n, small), (m, large)) = (pair[0], pair[1]);
        let rest = (large - small).exp();
        // What the additional lanes add is the log of a product of m − n whole numbers between 1 and 16.
        assert!((rest - rest.round()).abs() < 1e-6 * rest, "{n} to {m}: {rest}");
        assert!(large - small <= (m - n) as f64 * 16f64.ln() + 1e-9);
    }
}

/// What is native stays native behind a budget: unfinished states keep their scores, edges their guides.
#[test]
fn a_budget_before_a_native_reward_changes_no_bit() {
    let mut problem = problem("subsets", &[("n", int(6))], "energies", &[]);
    assert!(problem.sim.has_guide() && problem.state_reward);
    problem.sim.guide_by(1.0);
    for lag in [0, 2] {
        let mut plan = Plan::default().cosine(20, 0.01, 0.1);
        plan.train.lag = lag;
        let budget = Budget { max_calls: Some(100_000), max_seconds: None };
        let recorded = Recorded::new(Box::new(Native), None, Box::new(Tally::default()), budget);
        let scorer = Scorer::new(Box::new(recorded), Transform::plain(problem.scale));
        let mut free = plan.trainer(&problem, objective("fl-db"));
        let mut counted = plan.trainer_with(&problem, problem.sim.fork(), scorer, objective("fl-db"));
        assert_eq!(run(&mut free, 20), run(&mut counted, 20), "lag {lag}");
        assert!(bits(&free.state()) == bits(&counted.state()), "lag {lag}");
    }
}

#[test]
fn what_an_update_found_stays_while_others_sample() {
    let problem = grid(2, 8);
    let mut plan = Plan::default().batch(16);
    plan.train.replay = 4;
    let mut trainer = plan.trainer(&problem, objective("tb"));
    let found = |trainer: &Trainer| {
        let (sim, lanes, log_reward) = trainer.found();
        (lanes.map(|lane| sim.text(lane)).collect::<Vec<_>>(), log_reward.to_vec())
    };
    assert_eq!(found(&trainer), (vec![], vec![]), "there was no update yet");
    run(&mut trainer, 3);
    let before = found(&trainer);
    assert_eq!(before.0.len(), 16);
    let mut drawn = 0;
    sample(&mut trainer.policy(), 100, Behaviour::ON_POLICY, Key::new(9), &mut |_| drawn += 1).unwrap();
    assert_eq!(drawn, 100);
    let state = trainer.state();
    trainer.restore(state).unwrap();
    assert_eq!(found(&trainer), before);
    // Each object's log R is its own.
    let mut scorer = problem.scorer();
    let mut sim = trainer.simulator();
    sim.reset(1);
    for (text, log_reward) in before.0.iter().zip(&before.1) {
        sim.load(0, text).unwrap();
        let mut own = [0.0];
        scorer.log_reward(&*sim, &[0], &mut own).unwrap();
        assert_eq!(own[0], *log_reward, "{text}");
    }
}

/// Batch by batch, beginning with one object, and until somebody breaks off: nothing more is scored then.
#[test]
fn objects_do_not_depend_on_how_many_are_drawn_together() {
    let (problem, plan) = (strings(5), Plan { net: Net::Mlp(32), ..Plan::default() });
    let mut trainer = plan.trainer(&problem, objective("tb"));
    run(&mut trainer, 3);
    let (n, key) = (3000, Key::new(5));
    let mut together = Vec::new();
    sample(&mut trainer.policy(), n, Behaviour::ON_POLICY, key, &mut |s| together.push(s)).unwrap();
    let mut drawn = |n: usize, enough: usize| {
        let (mut all, mut batches) = (Vec::new(), Vec::new());
        let mut view = trainer.policy();
        let sink = &mut |batch: &mut dyn Iterator<Item = Sample>| {
            let before = all.len();
            all.extend(batch);
            batches.push(all.len() - before);
            if all.len() >= enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        Sampler::new(&view).draw_while(&mut view, n, Behaviour::ON_POLICY, key, sink).unwrap();
        (all, batches)
    };
    let (all, batches) = drawn(n, usize::MAX);
    assert!(all == together);
    assert_eq!(batches, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 953]);
    let (few, batches) = drawn(usize::MAX, 5);
    assert!(few == together[..7]);
    assert_eq!(batches, [1, 2, 4]);
}
