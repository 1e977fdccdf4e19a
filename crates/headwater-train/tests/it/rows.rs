//! Rows over distinct states are those of a pass over every visit, whatever the behaviour was.

use std::sync::Arc;

use headwater_core::settings::Schedule;
use headwater_core::{Action, BitMatrix, Encoded, Estimator, Needs, Scored, Simulator, Stop, Wanted};
use headwater_exact::{enumerate, log_trajectories};
use headwater_nn::Pool;
use headwater_train::{BackwardKind, encodings};

use crate::support::{Net, Plan, Problem, Recorder, Spy, grid, int, objective, problem, strings, text};

/// What an objective can ask for.
const EVERYTHING: Needs = Needs {
    log_z: true,
    flow: true,
    backward: true,
    state_reward: true,
    stop_everywhere: true,
    inflow: false,
};

/// One state, its network's outputs and its edges; one forward pass each, nothing shared.
struct Visit {
    out: Vec<f32>,
    valid: Vec<usize>,
    entering: Vec<usize>,
    stop: Stop,
    log_paths: f64,
}

impl Visit {
    fn lse(&self, at: usize, columns: &[usize]) -> f64 {
        columns.iter().map(|&c| f64::from(self.out[at + c]).exp()).sum::<f64>().ln()
    }
}

/// Evaluates states one by one with a network that has made no update.
struct Naive {
    sim: Box<dyn Simulator>,
    net: Box<dyn Estimator>,
    backward: BackwardKind,
    log_paths: Vec<f64>,
    states: headwater_core::RowSet,
}

impl Naive {
    fn new(problem: &Problem, plan: &Plan, needs: Needs) -> Self {
        let graph = enumerate(&*problem.sim, 100_000).unwrap();
        let mut sim = problem.sim.fork();
        sim.reset(2);
        Self {
            net: plan.estimator(&*sim, needs, &Arc::new(Pool::new(1))),
            sim,
            backward: plan.backward,
            log_paths: log_trajectories(&graph),
            states: encodings(&graph),
        }
    }

    fn visit(&self, lane: u32) -> Visit {
        let (spec, heads) = (self.sim.spec(), self.net.heads());
        let mut x = Encoded::new(spec.encoding, 1);
        self.sim.encode(&[lane], &mut x, 0);
        let (mut out, mut tape) = (vec![0.0; heads.stride], vec![0.0; self.net.tape_width()]);
        self.net.forward(&x, 0..1, Wanted::All, &mut out, &mut tape);
        let mut masks = BitMatrix::new(2, spec.n_actions);
        self.sim.forward_masks(&[lane], &mut masks, 0);
        self.sim.backward_masks(&[lane], &mut masks, 1);
        let mut stop = [Stop::Never];
        self.sim.stops(&[lane], &mut stop);
        let may = (stop[0] == Stop::May).then_some(spec.n_actions);
        let log_paths = self.log_paths[self.states.find(&x, 0).unwrap() as usize];
        Visit {
            out,
            valid: masks.ones(0).chain(may).collect(),
            entering: masks.ones(1).collect(),
            stop: stop[0],
            log_paths,
        }
    }

    fn log_pb(&self, parent: &Visit, a: Action, child: &Visit) -> f64 {
        match self.backward {
            BackwardKind::Uniform => -(child.entering.len() as f64).ln(),
            BackwardKind::MaxEnt => parent.log_paths - child.log_paths,
            BackwardKind::Learned | BackwardKind::LearnedOwn => {
                let at = self.net.heads().backward.unwrap();
                f64::from(child.out[at + a.index()]) - child.lse(at, &child.entering)
            }
        }
    }

    /// Checks the rows of trajectory `b`, which took `actions`, and gives the number of them.
    fn check(&mut self, rows: &Scored, b: usize, actions: &[Action], needs: Needs) -> usize {
        let n = self.sim.spec().n_actions;
        let close = |what: &str, r: usize, got: f64, want: f64| {
            assert!(
                (got - want).abs() < 1e-6 * (1.0 + want.abs()),
                "{what} of row {r}: {got}, naively {want}"
            );
        };
        let score = |sim: &dyn Simulator| {
            let mut score = [0.0];
            sim.score(&[0], &mut score);
            score[0]
        };
        let (range, scale) = (rows.range(b), if needs.inflow { rows.log_z } else { 0.0 });
        self.sim.reset(2);
        let mut here = self.visit(0);
        let mut steps = actions.iter().copied().chain([Action(n as u32)]);
        for r in range.clone() {
            let a = steps.next().expect("a row for every edge and one for the stop edge");
            let may = here.stop == Stop::May;
            close(
                "log P_F",
                r,
                rows.logit[r] - rows.lse[r],
                f64::from(here.out[a.index()]) - here.lse(0, &here.valid),
            );
            assert_eq!(rows.stop_logit[r] > f64::NEG_INFINITY, may, "stop logit of row {r}");
            if needs.flow || needs.inflow || here.valid.len() > 1 {
                close("logit", r, rows.logit[r], f64::from(here.out[a.index()]) + scale);
                if may {
                    close("stop logit", r, rows.stop_logit[r], f64::from(here.out[n]) + scale);
                }
            }
            if needs.flow {
                let at = self.net.heads().flow.unwrap();
                close("log flow", r, rows.log_flow[r], f64::from(here.out[at]) + rows.log_z);
            }
            if needs.state_reward {
                // The score of these rewards is log R.
                close("log R of the state", r, rows.state_log_reward[r], score(&*self.sim));
            }
            if a.index() == n {
                assert!(may && r + 1 == range.end && rows.is_stop(b, r));
                assert_eq!(rows.log_pb[r], 0.0);
                break;
            }
            self.sim.step(&[0], &[a]);
            let next = self.visit(0);
            close("log P_B", r, rows.log_pb[r], self.log_pb(&here, a, &next));
            if needs.inflow {
                let entering = rows.inflow.offsets[r] as usize..rows.inflow.offsets[r + 1] as usize;
                assert_eq!(entering.len(), next.entering.len());
                for (k, &back) in entering.zip(&next.entering) {
                    self.sim.copy(0, 1);
                    self.sim.unstep(&[1], &[Action(back as u32)]);
                    let parent = self.visit(1);
                    close("inflow", r, rows.inflow.logit[k], f64::from(parent.out[back]) + scale);
                }
            }
            here = next;
        }
        assert_eq!(here.stop == Stop::Must, rows.complete[b]);
        close("log R", b, rows.log_reward[b], score(&*self.sim));
        range.len()
    }
}

#[test]
fn rows_are_those_of_a_pass_over_every_visit() {
    let subsets = [("n", int(6)), ("min_size", int(2)), ("max_size", int(4))];
    let fixed = [("max_len", int(4)), ("growth", text("prepend-append"))];
    let log_grid = || {
        let mut grid = grid(2, 5);
        // Whatever the score means, it is log R here.
        grid.scale = headwater_core::RewardScale::LogReward;
        grid
    };
    let cases: [(Problem, &str, Needs, BackwardKind); 6] = [
        (log_grid(), "tb", EVERYTHING, BackwardKind::Learned),
        (strings(4), "db", EVERYTHING, BackwardKind::LearnedOwn),
        (problem("subsets", &subsets, "energies", &[]), "fl-subtb", EVERYTHING, BackwardKind::MaxEnt),
        (problem("strings", &fixed, "hamming", &[]), "tb", objective("tb").needs(), BackwardKind::Learned),
        (log_grid(), "fm", Needs { backward: true, ..objective("fm").needs() }, BackwardKind::Uniform),
        (strings(4), "fm", Needs { backward: true, ..objective("fm").needs() }, BackwardKind::MaxEnt),
    ];
    for (problem, name, needs, backward) in cases {
        for epsilon in [0.0, 0.4, 1.0] {
            let mut plan = Plan { net: Net::Mlp(32), backward, ..Plan::default() }.batch(150).log_z(1.25);
            plan.train.epsilon = Schedule::constant(epsilon);
            plan.train.temperature = Schedule::constant(1.0 + epsilon);
            let (recorder, record) = Recorder::new(problem.sim.fork());
            let (spy, rows) = Spy::new(objective(name), needs);
            let mut trainer = plan.trainer_on(&problem, Box::new(recorder), Box::new(spy));
            let report = trainer.step().unwrap();
            let (rows, record) = (rows.lock().unwrap(), record.lock().unwrap());
            let mut naive = Naive::new(&problem, &plan, needs);
            let checked: usize = record
                .forward
                .iter()
                .enumerate()
                .map(|(b, actions)| naive.check(&rows, b, actions, needs))
                .sum();
            assert_eq!((checked, rows.trajectories(), rows.log_z), (rows.rows(), 150, 1.25));
            assert_eq!(report.transitions, rows.rows() as u64);
            assert!(3 * report.evaluated_rows < report.transitions, "{report:?}: states recur in this batch");
        }
    }
}
