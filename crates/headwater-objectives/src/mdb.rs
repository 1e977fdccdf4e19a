//! Modified detailed balance: where every state may stop, its reward fixes its flow, and no flow is learned.
//!
//! F(s) = R(s)/P_F(⊤∣s) in detailed balance gives the residual of an edge s→s′ that is not a stop edge:
//!
//! > δ = log R(s) + log P_F(s′∣s) + log P_F(⊤∣s′) − log R(s′) − log P_B(s∣s′) − log P_F(⊤∣s)
//!
//! A complete object stops for sure: P_F(⊤∣x) = 1. The loss is the mean of g(δ) over the rows that are not stop edges;
//! a trajectory that stops at once has no residual.
//!
//! Reference: Deleu et al., "Bayesian structure learning with generative flow networks", arXiv:2202.13903.
//! Needs P_B, an environment whose every state may stop, and the reward of every state.

use headwater_core::{Entry, Grads, LossReport, Needs, Objective, Regression, Scored};

use crate::ObjectiveEntry;
use crate::balance::Tally;

/// The registry line.
pub const ENTRY: ObjectiveEntry = ObjectiveEntry {
    entry: Entry {
        name: "mdb",
        summary: "modified detailed balance: flows follow from rewards where every state may stop",
        formula: "log R(s)P_F(s′∣s)P_F(⊤∣s′) − log R(s′)P_B(s∣s′)P_F(⊤∣s)",
        reference: "Deleu et al., Bayesian structure learning with GFlowNets, arXiv:2202.13903",
        fields: &[],
    },
    build: |_| Box::new(Mdb),
};

/// Modified detailed balance; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Mdb;

impl Objective for Mdb {
    fn needs(&self) -> Needs {
        Needs { backward: true, state_reward: true, stop_everywhere: true, ..Needs::default() }
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let n = rows.trajectories();
        let stop_rows = rows.complete.iter().filter(|&&complete| !complete).count();
        let weight = 1.0 / (rows.rows() - stop_rows) as f64;
        let mut tally = Tally::new(g);
        for b in 0..n {
            let end = rows.range(b).end;
            for r in rows.range(b).filter(|&r| !rows.is_stop(b, r)) {
                let last = r + 1 == end;
                let log_flow_target = if last {
                    rows.log_reward[b]
                } else {
                    rows.state_log_reward[r + 1] - (rows.stop_logit[r + 1] - rows.lse[r + 1])
                };
                // The log-sum-exp of s is in both of its log-probabilities and cancels.
                let log_odds = rows.logit[r] - rows.stop_logit[r];
                let residual = rows.state_log_reward[r] + log_odds - rows.log_pb[r] - log_flow_target;
                let slope = tally.add(residual, weight);
                grads.logit[r] += slope;
                grads.stop_logit[r] -= slope;
                grads.log_pb[r] -= slope;
                if !last {
                    grads.stop_logit[r + 1] += slope;
                    grads.lse[r + 1] -= slope;
                }
            }
        }
        tally.report()
    }
}
