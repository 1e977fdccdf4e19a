//! Flow matching: what flows into a state flows out of it.
//!
//! The logits are log flows of edges, log F(s→s′). Residual of every visited state s′ but the initial one:
//!
//! > δ = log Σ_s F(s→s′) − log Σ_s″ F(s′→s″)
//!
//! where the out-flow has the stop edge in it, and is R(x) at a complete object. A stop edge carries the reward, so each
//! trajectory that ends in one has the residual δ = log F(x→⊤) − log R(x) besides. That is one residual for every row;
//! the loss is the mean of g(δ). The paper folds R into the out-flow and floors both flows at ε; here the stop edge is
//! an edge like any other, and flows are floored with the reward.
//!
//! Reference: Bengio et al., "Flow network based generative models", arXiv:2106.04399, equation 12.
//! Needs the logits of the edges entering every visited state. That is what it costs: a trajectory that adds n things in
//! any order visits n states with n(n + 1)/2 parents, and each of these is a row of the network.

use headwater_core::{Entry, Grads, LossReport, Needs, Objective, Regression, Scored};

use crate::ObjectiveEntry;
use crate::balance::Tally;

/// The registry line.
pub const ENTRY: ObjectiveEntry = ObjectiveEntry {
    entry: Entry {
        name: "fm",
        summary: "flow matching: what flows into a state flows out of it",
        formula: "log Σ_s F(s→s′) − log Σ_s″ F(s′→s″), and log F(x→⊤) − log R(x)",
        reference: "Bengio et al., Flow network based generative models, arXiv:2106.04399",
        fields: &[],
    },
    build: |_| Box::new(Fm),
};

/// Flow matching; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Fm;

impl Objective for Fm {
    fn needs(&self) -> Needs {
        Needs { inflow: true, ..Needs::default() }
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let weight = 1.0 / rows.rows() as f64;
        let mut tally = Tally::new(g);
        for b in 0..rows.trajectories() {
            let end = rows.range(b).end;
            for r in rows.range(b) {
                if rows.is_stop(b, r) {
                    grads.logit[r] += tally.add(rows.logit[r] - rows.log_reward[b], weight);
                    continue;
                }
                let last = r + 1 == end;
                let entering = rows.inflow.offsets[r] as usize..rows.inflow.offsets[r + 1] as usize;
                let logits = &rows.inflow.logit[entering.clone()];
                let inflow = log_sum_exp(logits);
                let outflow = if last { rows.log_reward[b] } else { rows.lse[r + 1] };
                let slope = tally.add(inflow - outflow, weight);
                for (d, logit) in grads.inflow[entering].iter_mut().zip(logits) {
                    *d += slope * (logit - inflow).exp();
                }
                if !last {
                    grads.lse[r + 1] -= slope;
                }
            }
        }
        tally.report()
    }
}

/// log Σ exp, without overflow.
fn log_sum_exp(logits: &[f64]) -> f64 {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + logits.iter().map(|x| (x - max).exp()).sum::<f64>().ln()
}
