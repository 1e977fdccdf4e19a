//! Equal rewards in a corner that 70 paths lead to and on an edge that one path leads to are sampled equally often.
//!
//! A sampler that loses P_B on the way weighs objects by the number of their paths. The control is such a sampler.

use headwater_core::settings::Schedule;
use headwater_core::{Grads, LossReport, Needs, Objective, Regression, Scored};
use headwater_exact::{count_trajectories, log_terminating};
use headwater_train::{BackwardKind, Trainer};

use crate::support::{Plan, Problem, grid_with, objective};

/// Reward one in the corner `4,4` and at the end `4,0` of an edge of the grid, and a thousandth elsewhere.
fn corner_and_edge() -> Problem {
    grid_with(5, |_, x| if x[0] == 4 && (x[1] == 0 || x[1] == 4) { 1.0 } else { 1e-3 })
}

/// p(corner) / p(edge), exactly.
fn odds(problem: &Problem, trainer: &mut Trainer) -> f64 {
    let mut exact = problem.exact();
    let policies = exact.policies(&mut trainer.policy());
    let log_p = log_terminating(exact.graph(), &policies.forward);
    let mut at = |text| exact.graph_mut().find(text).unwrap().unwrap();
    let (corner, edge) = (at("4,4"), at("4,0"));
    (log_p[corner] - log_p[edge]).exp()
}

fn plan(backward: BackwardKind) -> Plan {
    let mut plan = Plan { backward, ..Plan::default() }.cosine(2000, 0.005, 0.05).batch(64);
    // The edge is one path among hundreds: what is not tried cannot be learned.
    plan.train.epsilon = Schedule::constant(0.3);
    plan
}

#[test]
fn corner_and_edge_are_sampled_one_to_one() {
    let problem = corner_and_edge();
    for name in ["tb", "db", "subtb", "vargrad", "fm"] {
        for backward in [BackwardKind::Uniform, BackwardKind::Learned, BackwardKind::MaxEnt] {
            if name == "fm" && backward != BackwardKind::Uniform {
                continue;
            }
            let odds = odds(&problem, &mut plan(backward).trained(&problem, objective(name)));
            assert!((odds.ln()).abs() < 0.05, "{name} with {backward:?}: {odds} to 1");
        }
    }
}

/// Trajectory balance that has lost log P_B.
struct WithoutBackward(Box<dyn Objective>);

impl Objective for WithoutBackward {
    fn needs(&self) -> Needs {
        self.0.needs()
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let mut rows = rows.clone();
        rows.log_pb.fill(0.0);
        self.0.loss(&rows, g, grads)
    }
}

#[test]
fn without_p_b_the_corner_would_win_by_its_paths() {
    let problem = corner_and_edge();
    let mut trainer =
        plan(BackwardKind::Uniform).trained(&problem, Box::new(WithoutBackward(objective("tb"))));
    let odds = odds(&problem, &mut trainer);
    assert!((odds / 70.0).ln().abs() < 0.05, "{odds} to 1");
    // 70 paths lead to the corner of this grid, and one to the end of its edge.
    assert_eq!(count_trajectories(problem.exact().graph()), Some((1..=5).map(paths).sum()));
}

/// The number of monotone paths to the cells (k − 1, 0..5) of a grid.
fn paths(k: u128) -> u128 {
    (0..5).map(|y| (1..k).fold(1, |c, i| c * (y + i) / i)).sum()
}
