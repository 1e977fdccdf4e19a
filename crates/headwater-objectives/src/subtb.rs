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
//! Needs a flow head and P_B. Time is quadratic in the length of trajectories; no memory is allocated.

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

impl SubTb {
    /// λ^(length − base): over-long powers vanish instead of overflowing.
    fn weight(&self, length: usize, edges: usize) -> f64 {
        let base = if self.lambda > 1.0 { edges } else { 1 };
        self.lambda.powi(length as i32 - base as i32)
    }
}

impl Objective for SubTb {
    fn needs(&self) -> Needs {
        crate::db::Db(self.head).needs()
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let mut tally = Tally::new(g);
        for b in 0..rows.trajectories() {
            let range = rows.range(b);
            let n = range.len();
            let total: f64 = (1..=n).map(|d| (n + 1 - d) as f64 * self.weight(d, n)).sum();
            let scale = 1.0 / (total * rows.trajectories() as f64);
            for start in range.clone() {
                let mut forward = self.head.log_flow(rows, start);
                for r in start..range.end {
                    forward += log_ratio(rows, r);
                    let last = r + 1 == range.end;
                    let target = if last { rows.log_reward[b] } else { self.head.log_flow(rows, r + 1) };
                    let slope = tally.add(forward - target, scale * self.weight(r + 1 - start, n));
                    grads.log_flow[start] += slope;
                    if !last {
                        grads.log_flow[r + 1] -= slope;
                    }
                }
            }
            // An edge's gradient sums over the pieces that have started and not yet ended, which is the running sum of
            // the flows' gradients: these arrived zeroed, and every piece entered them with + at its start and − at
            // its end.
            let mut open = 0.0;
            for r in range {
                open += grads.log_flow[r];
                pull_ratio(grads, r, open);
            }
        }
        tally.report()
    }
}
