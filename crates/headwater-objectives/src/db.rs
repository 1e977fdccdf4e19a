//! Detailed balance: the flow along every edge is the same seen from either end.
//!
//! Residual of an edge s→s′:
//!
//! > δ = log F(s) + log P_F(s′∣s) − log F(s′) − log P_B(s∣s′)
//!
//! At the end of a trajectory the flow is the reward: F(x) P_F(⊤∣x) = R(x) for a stop edge, and F(x) = R(x) where the
//! object is complete. The loss is the mean of g(δ) over all rows; log Z is log F(s₀).
//!
//! Reference: Bengio et al., "GFlowNet Foundations", arXiv:2111.09266.
//! Needs a flow head and P_B.

use headwater_core::{Entry, Grads, LossReport, Needs, Objective, Regression, Scored};

use crate::ObjectiveEntry;
use crate::balance::{FlowHead, Tally, log_ratio, pull_ratio};

/// The registry line.
pub const ENTRY: ObjectiveEntry = ObjectiveEntry {
    entry: Entry {
        name: "db",
        summary: "detailed balance: every edge carries the same flow seen from either end",
        formula: "log F(s) + log P_F(s′∣s) − log F(s′) − log P_B(s∣s′)",
        reference: "Bengio et al., GFlowNet Foundations, arXiv:2111.09266",
        fields: &[],
    },
    build: |_| Box::new(Db(FlowHead::Plain)),
};

/// Detailed balance over the flows that a head predicts; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Db(pub FlowHead);

impl Objective for Db {
    fn needs(&self) -> Needs {
        let state_reward = self.0 == FlowHead::ForwardLooking;
        Needs { flow: true, backward: true, state_reward, ..Needs::default() }
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let weight = 1.0 / rows.rows() as f64;
        let mut tally = Tally::new(g);
        for b in 0..rows.trajectories() {
            let end = rows.range(b).end;
            for r in rows.range(b) {
                let last = r + 1 == end;
                let target = if last { rows.log_reward[b] } else { self.0.log_flow(rows, r + 1) };
                let residual = self.0.log_flow(rows, r) + log_ratio(rows, r) - target;
                let slope = tally.add(residual, weight);
                pull_ratio(grads, r, slope);
                grads.log_flow[r] += slope;
                if !last {
                    grads.log_flow[r + 1] -= slope;
                }
            }
        }
        tally.report()
    }
}
