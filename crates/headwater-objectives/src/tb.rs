//! Trajectory balance: whole trajectories carry the same flow forwards and backwards.
//!
//! Residual of a trajectory s₀→…→x:
//!
//! > δ = log Z + Σ log P_F − log R(x) − Σ log P_B
//!
//! The sums run over all edges; a stop edge has P_B = 1. The loss is the mean of g(δ) over trajectories.
//!
//! Reference: Malkin et al., "Trajectory balance", arXiv:2201.13259.
//! Needs log Z and P_B.

use headwater_core::{Entry, Grads, LossReport, Needs, Objective, Regression, Scored};

use crate::ObjectiveEntry;
use crate::balance::{Tally, log_ratio, pull_ratio};

/// The registry line.
pub const ENTRY: ObjectiveEntry = ObjectiveEntry {
    entry: Entry {
        name: "tb",
        summary: "trajectory balance: every trajectory is as likely forwards as backwards from its reward",
        formula: "log Z + Σ log P_F − log R(x) − Σ log P_B",
        reference: "Malkin et al., Trajectory balance, arXiv:2201.13259",
        fields: &[],
    },
    build: |_| Box::new(Tb),
};

/// Trajectory balance; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Tb;

impl Objective for Tb {
    fn needs(&self) -> Needs {
        Needs { log_z: true, backward: true, ..Needs::default() }
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let weight = 1.0 / rows.trajectories() as f64;
        let mut tally = Tally::new(g);
        for b in 0..rows.trajectories() {
            let slope = tally.add(rows.log_z + log_excess(rows, b), weight);
            grads.log_z += slope;
            for r in rows.range(b) {
                pull_ratio(grads, r, slope);
            }
        }
        tally.report()
    }
}

/// Σ log P_F − Σ log P_B − log R of trajectory `b`: the residual without log Z.
pub(crate) fn log_excess(rows: &Scored, b: usize) -> f64 {
    rows.range(b).map(|r| log_ratio(rows, r)).sum::<f64>() - rows.log_reward[b]
}
