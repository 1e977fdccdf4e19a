//! Forward policies on an enumerated graph, and the probabilities of visiting and of ending in each state.

use headwater_core::{StateGraph, Stop};

/// log P_F of every edge and every stop edge.
///
/// Over the edges leaving a state and its stop edge the probabilities sum to one.
#[derive(Clone, Debug, PartialEq)]
pub struct ForwardPolicy {
    /// Per edge: log P_F(target | source).
    pub edge: Vec<f64>,
    /// Per state: log-probability of stopping there; −∞ where a trajectory may not end, 0 where it must.
    pub stop: Vec<f64>,
}

impl ForwardPolicy {
    /// Every edge that leaves a state, and its stop edge if it has one, with equal probability.
    pub fn uniform(g: &StateGraph) -> Self {
        let mut policy = Self { edge: vec![0.0; g.n_edges()], stop: vec![f64::NEG_INFINITY; g.n_states()] };
        for s in 0..g.n_states() {
            policy.set_uniform(g, s);
        }
        policy
    }

    /// Makes state `s` choose uniformly.
    pub(crate) fn set_uniform(&mut self, g: &StateGraph, s: usize) {
        let choices = g.out(s).len() + usize::from(g.stops()[s] == Stop::May);
        let log_p = -(choices.max(1) as f64).ln();
        self.edge[g.out(s)].fill(log_p);
        self.stop[s] = match g.stops()[s] {
            Stop::Never => f64::NEG_INFINITY,
            Stop::May => log_p,
            Stop::Must => 0.0,
        };
    }
}

/// Per state: the log-probability that a trajectory of the policy visits it.
pub fn log_visits(g: &StateGraph, policy: &ForwardPolicy) -> Vec<f64> {
    accumulate(g, &policy.edge)
}

/// Per state: log p(x), the log-probability that a trajectory of the policy ends there; −∞ for states that are no
/// objects.
pub fn log_terminating(g: &StateGraph, policy: &ForwardPolicy) -> Vec<f64> {
    log_terminating_after(g, policy, &log_visits(g, policy))
}

/// [`log_terminating`], where the policy's [`log_visits`] are known already.
pub fn log_terminating_after(g: &StateGraph, policy: &ForwardPolicy, visits: &[f64]) -> Vec<f64> {
    let end =
        |(s, visit): (usize, &f64)| visit + if g.is_object(s) { policy.stop[s] } else { f64::NEG_INFINITY };
    visits.iter().enumerate().map(end).collect()
}

/// Σ exp `log_p`: one, up to rounding, if a distribution was meant.
pub fn mass(log_p: &[f64]) -> f64 {
    log_p.iter().map(|p| p.exp()).sum()
}

/// log Σ exp of the values; −∞ if there are none.
pub fn log_sum_exp<I>(values: I) -> f64
where
    I: IntoIterator<Item = f64>,
    I::IntoIter: Clone,
{
    let values = values.into_iter();
    let max = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if max.is_infinite() {
        return max;
    }
    max + values.map(|v| (v - max).exp()).sum::<f64>().ln()
}

/// Per state: log of the sum over paths from the source of the product of the edges' weights, in one pass.
pub(crate) fn accumulate(g: &StateGraph, log_weight: &[f64]) -> Vec<f64> {
    let mut total = vec![0.0; g.n_states()];
    for &s in &g.order()[1..] {
        let terms =
            g.entering(s as usize).iter().map(|&e| total[g.from(e as usize)] + log_weight[e as usize]);
        total[s as usize] = log_sum_exp(terms);
    }
    total
}
