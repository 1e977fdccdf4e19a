//! Every bug of a simulator of one's own is rejected: lanes mixed up, rows mixed up, forks and copies that leak.

use std::sync::Arc;

use headwater_core::{
    Action, BitMatrix, Encoded, EnvSpec, Environment, Key, Lanes, ParseError, Picture, Simulator, Stop,
};
use headwater_testkit::conformance::{check_simulator, lockstep};

use crate::grid::{Cell, Grid};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Bug {
    None,
    StopsByRow,
    ForwardMasksByRow,
    BackwardMasksNotCleared,
    MasksPastTheirRows,
    EncodeIgnoresAt,
    HashesByLane,
    SameOnlyItself,
    StepByRow,
    UnstepReversed,
    CopyBackwards,
    CopyToAll,
    ResetKeeps,
    ResizeForgets,
    LoadClobbers,
    ForkKeepsLanes,
    ForkOtherFacts,
    ScoreByRow,
    ScoreNan,
    MeasureByRow,
    LargeBatchesBiased,
    OtherMoves,
}

struct Buggy {
    inner: Lanes<Grid>,
    spec: EnvSpec,
    bug: Bug,
}

fn buggy(bug: Bug) -> Buggy {
    let score = move |_: &Grid, x: &Cell| {
        let [x, y] = x.cells();
        if bug == Bug::ScoreNan { f64::NAN } else { f64::from(4 * x + y) }
    };
    let inner = Lanes::new("grid", Grid::default()).with_reward(Arc::new(score));
    Buggy { spec: inner.spec().clone(), inner, bug }
}

impl Buggy {
    /// The first lanes in place of those asked for.
    fn by_row<'a>(&self, bug: Bug, lanes: &'a [u32], rows: &'a [u32]) -> &'a [u32] {
        if self.bug == bug { &rows[..lanes.len()] } else { lanes }
    }
}

fn rows(lanes: &[u32]) -> Vec<u32> {
    (0..lanes.len() as u32).collect()
}

impl Simulator for Buggy {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }

    fn reset(&mut self, lanes: usize) {
        if self.bug == Bug::ResetKeeps && self.lanes() > 0 {
            self.resize(lanes);
        } else {
            self.inner.reset(lanes);
        }
    }

    fn resize(&mut self, lanes: usize) {
        let grows = lanes > self.lanes();
        self.inner.resize(lanes);
        if self.bug == Bug::ResizeForgets && grows {
            self.inner.reset(lanes);
        }
    }

    fn stops(&self, lanes: &[u32], out: &mut [Stop]) {
        self.inner.stops(self.by_row(Bug::StopsByRow, lanes, &rows(lanes)), out);
    }

    fn forward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize) {
        self.inner.forward_masks(self.by_row(Bug::ForwardMasksByRow, lanes, &rows(lanes)), out, at);
        if self.bug == Bug::MasksPastTheirRows && at + lanes.len() < out.rows() {
            out.clear(at + lanes.len());
        }
        if self.bug == Bug::LargeBatchesBiased && lanes.len() > 1000 {
            for r in (at..at + lanes.len()).filter(|r| r % 2 == 0) {
                if out.count(r) == 2 {
                    out.row_mut(r).0[0] = 1;
                }
            }
        }
    }

    fn backward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize) {
        if self.bug != Bug::BackwardMasksNotCleared {
            return self.inner.backward_masks(lanes, out, at);
        }
        for (i, &l) in lanes.iter().enumerate() {
            self.inner.env().backward_mask(&self.inner.states()[l as usize], &mut out.row_mut(at + i));
        }
    }

    fn step(&mut self, lanes: &[u32], actions: &[Action]) {
        let rows = rows(lanes);
        let wrong = self.bug == Bug::StepByRow;
        // Moves only where a move exists, so that the mix-up does not leave the grid.
        let lanes = if wrong { rows.as_slice() } else { lanes };
        for (&l, &a) in lanes.iter().zip(actions) {
            let a = if self.bug == Bug::OtherMoves { Action(1 - a.0) } else { a };
            let mut mask = BitMatrix::new(1, 2);
            self.inner.forward_masks(&[l], &mut mask, 0);
            if mask.get(0, a.index()) {
                self.inner.step(&[l], &[a]);
            }
        }
    }

    fn unstep(&mut self, lanes: &[u32], actions: &[Action]) {
        let mut actions = actions.to_vec();
        if self.bug == Bug::UnstepReversed {
            actions.reverse();
        }
        let actions =
            actions.into_iter().map(|a| if self.bug == Bug::OtherMoves { Action(1 - a.0) } else { a });
        self.inner.unstep(lanes, &Vec::from_iter(actions));
    }

    fn features(&self) -> Vec<String> {
        self.inner.features()
    }

    fn measure(&self, lanes: &[u32], out: &mut [f64]) {
        self.inner.measure(self.by_row(Bug::MeasureByRow, lanes, &rows(lanes)), out);
    }

    fn encode(&self, lanes: &[u32], out: &mut Encoded, at: usize) {
        self.inner.encode(lanes, out, if self.bug == Bug::EncodeIgnoresAt { 0 } else { at });
    }

    fn hashes(&self, lanes: &[u32], out: &mut [u64]) {
        self.inner.hashes(lanes, out);
        if self.bug == Bug::HashesByLane {
            out.iter_mut().zip(lanes).for_each(|(h, &l)| *h += u64::from(l >= 16));
        }
    }

    fn same(&self, a: u32, b: u32) -> bool {
        if self.bug == Bug::SameOnlyItself && a < 16 && b < 16 { a == b } else { self.inner.same(a, b) }
    }

    fn copy(&mut self, from: u32, to: u32) {
        match self.bug {
            Bug::CopyBackwards if from >= 16 || to >= 16 => self.inner.copy(to, from),
            Bug::CopyToAll => (0..self.lanes() as u32).for_each(|l| self.inner.copy(from, l)),
            _ => self.inner.copy(from, to),
        }
    }

    fn has_score(&self) -> bool {
        true
    }

    fn scores_unfinished(&self) -> bool {
        false
    }

    fn score(&self, lanes: &[u32], out: &mut [f64]) {
        self.inner.score(self.by_row(Bug::ScoreByRow, lanes, &rows(lanes)), out);
    }

    fn has_guide(&self) -> bool {
        self.inner.has_guide()
    }

    fn guide_by(&mut self, strength: f32) {
        self.inner.guide_by(strength);
    }

    fn show(&self, lane: u32, out: &mut String) {
        self.inner.show(lane, out);
    }

    fn draw(&self, lane: u32) -> Option<Picture> {
        self.inner.draw(lane)
    }

    fn load(&mut self, lane: u32, text: &str) -> Result<(), ParseError> {
        self.inner.load(lane, text).inspect_err(|_| {
            if self.bug == Bug::LoadClobbers {
                self.inner.load(lane, "0,0").expect("the initial state has this text");
            }
        })
    }

    fn describe(&self, a: Action) -> String {
        self.inner.describe(a)
    }

    fn fork(&self) -> Box<dyn Simulator> {
        let mut fork = buggy(self.bug);
        match self.bug {
            Bug::ForkKeepsLanes => fork.inner.reset(3),
            Bug::ForkOtherFacts => fork.spec.max_len += 1,
            _ => {}
        }
        Box::new(fork)
    }
}

#[test]
fn a_correct_simulator_passes() {
    check_simulator(&buggy(Bug::None), 100).unwrap();
    lockstep(&buggy(Bug::None), &Grid::default(), Key::new(3)).unwrap();
}

#[test]
fn every_seeded_bug_of_a_simulator_is_rejected() {
    let cases = [
        (Bug::StopsByRow, "stop"),
        (Bug::ForwardMasksByRow, "the edges form a cycle"),
        (Bug::BackwardMasksNotCleared, "backward mask"),
        (Bug::MasksPastTheirRows, "forward_masks writes to rows that it was not asked for"),
        (Bug::EncodeIgnoresAt, "its encoding in a batch is not its encoding alone"),
        (Bug::HashesByLane, "equal states have different hashes"),
        (Bug::SameOnlyItself, "`"),
        (Bug::StepByRow, "`"),
        (Bug::UnstepReversed, "after a batched step and unstep"),
        (Bug::CopyBackwards, "`"),
        (Bug::CopyToAll, "`"),
        (Bug::ResetKeeps, "after reset"),
        (Bug::ResizeForgets, "`"),
        (Bug::LoadClobbers, "a lane is changed by refusing"),
        (Bug::ForkKeepsLanes, "a fork starts with 3 lanes, not with none"),
        (Bug::ForkOtherFacts, "a fork states other facts than the original"),
        (Bug::ScoreByRow, "score"),
        (Bug::ScoreNan, "`0,0`: the native score is NaN"),
        (Bug::MeasureByRow, "features"),
        (Bug::LargeBatchesBiased, "uniform play is off the exact distribution: χ² ="),
    ];
    let mut failures = Vec::new();
    for (bug, words) in cases {
        match check_simulator(&buggy(bug), 100) {
            Ok(_) => failures.push(format!("{bug:?} slips through")),
            Err(f) if !f.to_string().contains(words) => failures.push(format!("{bug:?}: {f}")),
            Err(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A simulator that is right in itself and yet another environment's.
#[test]
fn lockstep_rejects_a_simulator_of_another_environment() {
    let finding = lockstep(&buggy(Bug::OtherMoves), &Grid::default(), Key::new(3)).unwrap_err().to_string();
    assert!(finding.contains("the simulator's state"), "{finding}");
    let finding = lockstep(&buggy(Bug::StopsByRow), &Grid::default(), Key::new(3)).unwrap_err().to_string();
    assert!(finding.contains("the simulator's stop rule differs"), "{finding}");
}
