//! Training on given objects: trajectories drawn back from them by P_B, with or without forward ones beside them.

use headwater_train::BackwardKind;

use crate::support::{Plan, Problem, bits, grid, grid_with, objective};

/// Two modes in opposite corners and a desert between, which on-policy training does not cross.
fn desert() -> Problem {
    grid_with(8, |_, x| match (x[0], x[1]) {
        (0, 0) | (7, 7) => 1.0,
        _ => 1e-6,
    })
}

fn tv(problem: &Problem, trainer: &mut headwater_train::Trainer) -> f64 {
    problem.exact().evaluate(&mut trainer.policy()).divergence.tv
}

fn every_object(problem: &Problem) -> Vec<String> {
    let exact = problem.exact();
    exact.graph().objects().map(|s| exact.graph().sim().text(s as u32)).collect()
}

/// Any training distribution with full support will do (arXiv:2106.04399, proposition 3): here every trajectory is
/// drawn back from an object, and none is the policy's own.
#[test]
fn objects_alone_teach_the_target() {
    let problem = grid(2, 6);
    for (name, backward) in [
        ("tb", BackwardKind::Uniform),
        ("db", BackwardKind::Learned),
        ("subtb", BackwardKind::MaxEnt),
        ("fm", BackwardKind::Uniform),
    ] {
        let mut plan = Plan { backward, ..Plan::default() }.cosine(2500, 0.005, 0.05).batch(64);
        plan.train.data_share = 1.0;
        let trainer = plan.trainer(&problem, objective(name));
        let mut trainer = trainer.with_data(every_object(&problem)).unwrap();
        for _ in 0..plan.train.steps {
            trainer.step().unwrap();
        }
        let tv = tv(&problem, &mut trainer);
        assert!(tv < 0.02, "{name} with {backward:?}: TV {tv}");
    }
}

/// The far mode is never found without data, and is with a few objects of it; modes are not counted from data.
#[test]
fn a_share_of_data_shows_what_acting_misses() {
    let problem = desert();
    let mut plan = Plan::default().cosine(800, 0.005, 0.05).batch(32);
    plan.train.data_share = 0.25;
    let alone = tv(&problem, &mut plan.trained(&problem, objective("tb")));
    let trainer = plan.trainer(&problem, objective("tb"));
    let mut trainer = trainer.with_data(vec!["7,7".to_owned()]).unwrap();
    for _ in 0..plan.train.steps {
        trainer.step().unwrap();
    }
    let shown = tv(&problem, &mut trainer);
    assert!(alone > 0.45 && shown < 0.1, "TV {alone} alone, {shown} with data");
}

#[test]
fn data_is_read_before_training_and_draws_are_a_function_of_the_key() {
    let problem = desert();
    let plan = Plan::default().batch(16);
    let trainer = || plan.trainer(&problem, objective("tb"));
    let (at, why) = trainer().with_data(vec!["1,2".to_owned(), "8,8".to_owned()]).err().unwrap();
    assert_eq!(at, 1);
    assert!(why.contains("`8,8`"), "{why}");
    let run = || {
        let mut trainer = trainer().with_data(every_object(&problem)).unwrap();
        (0..20).for_each(|_| {
            trainer.step().unwrap();
        });
        bits(&trainer.state())
    };
    assert!(run() == run());
}
