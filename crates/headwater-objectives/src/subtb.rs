//! Sub-trajectory balance SubTB(λ): detailed balance between any two states of a trajectory.
//!
//! Residual of the piece sᵢ→…→sⱼ, i < j, where the end of the trajectory counts as a state of flow R(x):
//!
//! > δᵢⱼ = log F(sᵢ) + Σ log P_F − log F(sⱼ) − Σ log P_B
//!
//! The loss of a trajectory is the mean of g(δᵢⱼ) over its pieces with weights λ^{j−i}; the loss is the mean over
//! trajectories. Short pieces have low variance, long ones low bias: λ → 0 is detailed balance within each
//! trajectory, λ → ∞ is trajectory balance with Z = F(s₀).
//!
//! Reference: Madan et al., "Learning GFlowNets from partial episodes", arXiv:2209.12782.
//! Needs a flow head and P_B.
//!
//! A trajectory of n edges has n(n + 1)/2 pieces. Up to `MAX_EACH` edges each is looked at. On longer trajectories the
//! squared loss sums over all of them in linear time: δᵢⱼ is the difference of a number of state i and one of state j, so
//! that running sums of powers of it, decayed by λ, do. Other losses there have pieces of some lengths only, all up to
//! `DENSE` edges and then each about a sixteenth longer than the one before, up to the whole trajectory (counted from the other end if λ > 1); these carry the
//! weights of those left out, so that time grows as n log n. No memory is allocated.

use std::ops::Range;

use headwater_core::settings::settings;
use headwater_core::{Entry, Grads, LossReport, Needs, Objective, Regression, Scored, Settings};

use crate::ObjectiveEntry;
use crate::balance::{FlowHead, Tally, log_ratio, pull_ratio};

settings! {
    /// Settings of `subtb` and `fl-subtb`.
    pub struct Config {
        /// Weight of a piece per edge of its length:
        /// near 0 is detailed balance, large is trajectory balance.
        lambda: f64 = "0.9", Kind::Real { min: 1e-6, max: 10.0 };
    }
}

/// The registry line.
pub const ENTRY: ObjectiveEntry = ObjectiveEntry {
    entry: Entry {
        name: "subtb",
        summary: "sub-trajectory balance: detailed balance between any two states of a trajectory",
        formula: "log F(sᵢ) + Σ log P_F − log F(sⱼ) − Σ log P_B, with weight λ^(j−i)",
        reference: "Madan et al., Learning GFlowNets from partial episodes, arXiv:2209.12782",
        fields: Config::FIELDS,
    },
    build: |values| Box::new(SubTb { lambda: Config::read(values).lambda, head: FlowHead::Plain }),
};

/// Sub-trajectory balance over the flows that a head predicts; see the module.
#[derive(Clone, Copy, Debug)]
pub struct SubTb {
    /// λ > 0.
    pub lambda: f64,
    /// What the flow head predicts.
    pub head: FlowHead,
}

/// Edges of the longest trajectory of which every piece is looked at.
const MAX_EACH: usize = 256;

/// Edges up to which a longer trajectory has pieces of every length.
const DENSE: usize = 64;

impl SubTb {
    /// λ^(length − base): over-long powers vanish instead of overflowing.
    fn weight(&self, length: usize, edges: usize) -> f64 {
        let base = if self.lambda > 1.0 { edges } else { 1 };
        self.lambda.powi(length as i32 - base as i32)
    }

    /// The weights of all pieces of a trajectory.
    fn total(&self, n: usize) -> f64 {
        (1..=n).map(|d| (n + 1 - d) as f64 * self.weight(d, n)).sum()
    }

    /// log F of the state at the end of row `r`, which is of trajectory `b`.
    fn target(&self, rows: &Scored, b: usize, r: usize) -> f64 {
        if r + 1 == rows.range(b).end { rows.log_reward[b] } else { self.head.log_flow(rows, r + 1) }
    }

    /// Adds the gradient by flows of every piece, one by one.
    fn each_piece(&self, rows: &Scored, b: usize, tally: &mut Tally, grads: &mut Grads) {
        let range = rows.range(b);
        let n = range.len();
        let scale = 1.0 / (self.total(n) * rows.trajectories() as f64);
        for start in range.clone() {
            let mut forward = self.head.log_flow(rows, start);
            for r in start..range.end {
                forward += log_ratio(rows, r);
                let residual = forward - self.target(rows, b, r);
                let slope = tally.add(residual, scale * self.weight(r + 1 - start, n));
                grads.log_flow[start] += slope;
                if r + 1 < range.end {
                    grads.log_flow[r + 1] -= slope;
                }
            }
        }
    }

    /// The same sum for the squared loss, in linear time. Pass after pass, once over the pieces that end in each state and
    /// once over those that begin there.
    fn squared(&self, rows: &Scored, b: usize, tally: &mut Tally, grads: &mut Grads) {
        let range = rows.range(b);
        let n = range.len();
        let scale = 1.0 / (self.total(n) * rows.trajectories() as f64);
        // The weight λ^(j−i) of a piece, up to a factor of all, as three that do not overflow: of where it begins, of its
        // length and of where it ends, both counted from the side that a pass comes from.
        let (side, length) = if self.lambda > 1.0 { (1.0 / self.lambda, 1.0) } else { (1.0, self.lambda) };
        let enter = |k: usize| side.powi(k as i32);
        let take = |k: usize| scale * side.powi((n - 1 - k) as i32);
        // δ of the piece of one edge; those of longer pieces differ from their beginnings' by as much.
        let edge = |r: usize| self.head.log_flow(rows, r) + log_ratio(rows, r) - self.target(rows, b, r);
        let mut ending = Moments::default();
        for (k, r) in range.clone().enumerate() {
            ending = ending.plus(enter(k)).shifted(edge(r));
            tally.add_squares(take(k) * ending.square);
            if r + 1 < range.end {
                grads.log_flow[r + 1] -= 2.0 * take(k) * ending.sum;
            }
            ending = ending.times(length);
        }
        let mut starting = Moments::default();
        for (k, r) in range.rev().enumerate() {
            starting = starting.plus(enter(k)).shifted(edge(r));
            grads.log_flow[r] += 2.0 * take(k) * starting.sum;
            starting = starting.times(length);
        }
    }

    /// The pieces of some lengths, with the weights of all.
    fn some_lengths(&self, rows: &Scored, b: usize, tally: &mut Tally, grads: &mut Grads) {
        let range = rows.range(b);
        let n = range.len();
        let scale = 1.0 / (self.total(n) * rows.trajectories() as f64);
        for run in lengths(n) {
            // Runs are short where weights are large, and all of a run count as the one of the largest weight.
            let (alike, length) = if self.lambda > 1.0 {
                (n + 2 - run.end..n + 2 - run.start, n + 1 - run.start)
            } else {
                (run.clone(), run.start)
            };
            let weights: f64 = alike.map(|d| (n + 1 - d) as f64 * self.weight(d, n)).sum();
            let weight = scale * weights / (n + 1 - length) as f64;
            let ratio = |r: usize| log_ratio(rows, r);
            let mut ratios: f64 = (range.start..range.start + length).map(ratio).sum();
            for start in range.start..=range.end - length {
                let last = start + length - 1;
                let residual = self.head.log_flow(rows, start) + ratios - self.target(rows, b, last);
                let slope = tally.add(residual, weight);
                grads.log_flow[start] += slope;
                if last + 1 < range.end {
                    grads.log_flow[last + 1] -= slope;
                    ratios += ratio(last + 1) - ratio(start);
                }
            }
        }
    }
}

/// The lengths of pieces of a long trajectory of `n` edges, in runs of those that are taken for alike. The last is n alone.
fn lengths(n: usize) -> impl Iterator<Item = Range<usize>> {
    let run = move |from: usize| {
        let to = if from < n { (from + 1 + from.saturating_sub(DENSE) / 16).min(n) } else { n + 1 };
        (from <= n).then_some(from..to)
    };
    std::iter::successors(run(1), move |last| run(last.end))
}

/// Σ w, Σ w δ and Σ w δ² of some pieces.
#[derive(Clone, Copy, Default)]
struct Moments {
    weight: f64,
    sum: f64,
    square: f64,
}

impl Moments {
    /// With one more piece, of residual 0.
    fn plus(self, weight: f64) -> Self {
        Self { weight: self.weight + weight, ..self }
    }

    /// With every residual larger by `by`.
    fn shifted(self, by: f64) -> Self {
        let Self { weight, sum, square } = self;
        Self { weight, sum: sum + weight * by, square: square + by * (2.0 * sum + weight * by) }
    }

    fn times(self, factor: f64) -> Self {
        let Self { weight, sum, square } = self;
        Self { weight: factor * weight, sum: factor * sum, square: factor * square }
    }
}

impl Objective for SubTb {
    fn needs(&self) -> Needs {
        crate::db::Db(self.head).needs()
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let mut tally = Tally::new(g);
        for b in 0..rows.trajectories() {
            match (rows.range(b).len(), g) {
                (..=MAX_EACH, _) => self.each_piece(rows, b, &mut tally, grads),
                (_, Regression::Squared) => self.squared(rows, b, &mut tally, grads),
                _ => self.some_lengths(rows, b, &mut tally, grads),
            }
            // An edge's gradient sums over the pieces that have started and not yet ended, which is the running sum of
            // the flows' gradients: these arrived zeroed, and every piece entered them with + at its start and − at
            // its end.
            let mut open = 0.0;
            for r in rows.range(b) {
                open += grads.log_flow[r];
                pull_ratio(grads, r, open);
            }
        }
        tally.report()
    }
}

#[cfg(test)]
mod tests;
