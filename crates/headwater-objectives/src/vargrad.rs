//! Log-partition variance (VarGrad): all trajectories imply the same log Z, whatever it is.
//!
//! Residual of trajectory τ in a batch of B:
//!
//! > δ = ζ(τ) − (1/B) Σ ζ(τ′), with ζ(τ) = Σ log P_F − log R(x) − Σ log P_B
//!
//! so that −mean ζ stands where trajectory balance has a learned log Z. The loss is the mean of g(δ) over trajectories:
//! the sample variance of ζ under the squared loss. The gradient is that of the loss, through the mean as well; under
//! the squared loss the mean contributes nothing, since Σ δ = 0. A batch of one trajectory teaches nothing.
//!
//! Reference: Zhang et al., "Robust scheduling with GFlowNets", arXiv:2302.05446; Richter et al.,
//! "VarGrad", arXiv:2010.10436. Needs P_B.

use headwater_core::{Entry, Grads, LossReport, Needs, Objective, Regression, Scored};

use crate::ObjectiveEntry;
use crate::balance::{Tally, pull_ratio};
use crate::tb::log_excess;

/// The registry line.
pub const ENTRY: ObjectiveEntry = ObjectiveEntry {
    entry: Entry {
        name: "vargrad",
        summary: "log-partition variance: trajectory balance with the batch's own estimate of log Z",
        formula: "ζ(τ) − mean ζ, with ζ(τ) = Σ log P_F − log R(x) − Σ log P_B",
        reference: "Zhang et al., Robust scheduling with GFlowNets, arXiv:2302.05446",
        fields: &[],
    },
    build: |_| Box::new(VarGrad),
};

/// Log-partition variance; see the module.
#[derive(Clone, Copy, Debug)]
pub struct VarGrad;

impl Objective for VarGrad {
    fn needs(&self) -> Needs {
        Needs { backward: true, ..Needs::default() }
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        // ζ is cheaper to sum again than to keep: three passes, no memory.
        let n = rows.trajectories();
        let weight = 1.0 / n as f64;
        let mean = (0..n).map(|b| log_excess(rows, b)).sum::<f64>() * weight;
        let mut tally = Tally::new(g);
        let mut pull_of_mean = 0.0;
        for b in 0..n {
            pull_of_mean += tally.add(log_excess(rows, b) - mean, weight) * weight;
        }
        for b in 0..n {
            let slope = weight * g.at(log_excess(rows, b) - mean).1 - pull_of_mean;
            for r in rows.range(b) {
                pull_ratio(grads, r, slope);
            }
        }
        tally.report()
    }
}
