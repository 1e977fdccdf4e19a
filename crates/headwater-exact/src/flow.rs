//! The unique flow of a reward and a backward policy, and how far a forward policy is from it.

use headwater_core::StateGraph;

use crate::policy::accumulate;
use crate::{ForwardPolicy, log_sum_exp, log_visits};

/// A Markovian flow on an enumerated graph, in logarithms ("GFlowNet Foundations", arXiv:2111.09266, section 2).
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Per state: log F(s); −∞ where the state leads to no reward.
    pub state: Vec<f64>,
    /// Per edge: log F(s→s′).
    pub edge: Vec<f64>,
    /// Per state: log flow of its stop edge, that is log R; −∞ for states that are no objects.
    pub stop: Vec<f64>,
    /// log Z = log F(s₀) = log Σ R.
    pub log_z: f64,
}

impl Flow {
    /// The forward policy P_F(s′|s) = F(s→s′) / F(s), whose trajectories end in x with probability R(x) / Z.
    ///
    /// A state without flow is never visited; there the policy is uniform.
    pub fn forward_policy(&self, g: &StateGraph) -> ForwardPolicy {
        let mut policy = ForwardPolicy { edge: self.edge.clone(), stop: self.stop.clone() };
        for s in 0..g.n_states() {
            if self.state[s] == f64::NEG_INFINITY {
                policy.set_uniform(g, s);
                continue;
            }
            policy.stop[s] -= self.state[s];
            for p in &mut policy.edge[g.out(s)] {
                *p -= self.state[s];
            }
        }
        policy
    }
}

/// The flow whose stop edges carry the reward and whose backward policy is the given one.
///
/// `log_reward` has one value per state, below +∞ and not NaN; those of states that are no objects are ignored.
/// `backward` is log P_B of every edge; over the edges that enter a state the probabilities sum to one.
pub fn flow(g: &StateGraph, log_reward: &[f64], backward: &[f64]) -> Flow {
    let mut stop = vec![f64::NEG_INFINITY; g.n_states()];
    for s in g.objects() {
        stop[s] = log_reward[s];
    }
    let mut state = stop.clone();
    let mut edge = vec![f64::NEG_INFINITY; g.n_edges()];
    for &s in g.order().iter().rev() {
        let s = s as usize;
        for e in g.out(s) {
            edge[e] = state[g.to(e)] + backward[e];
        }
        state[s] = log_sum_exp(edge[g.out(s)].iter().copied().chain([stop[s]]));
    }
    Flow { log_z: state[g.source()], state, edge, stop }
}

/// The uniform backward policy: log P_B of every edge, minus the log of the number of edges entering its target.
pub fn uniform_backward(g: &StateGraph) -> Vec<f64> {
    (0..g.n_edges()).map(|e| -(g.entering(g.to(e)).len() as f64).ln()).collect()
}

/// Per state: log n(s), the log of the number of trajectories from the source; counted by labels, so that two edges
/// between the same states make two trajectories.
pub fn log_trajectories(g: &StateGraph) -> Vec<f64> {
    accumulate(g, &vec![0.0; g.n_edges()])
}

/// The backward policy of maximum entropy, P_B(s|s′) = n(s) / n(s′): given an object, every trajectory to it is equally
/// probable ("Maximum entropy GFlowNets with soft Q-learning", arXiv:2312.14331). Log P_B of every edge.
pub fn maxent_backward(g: &StateGraph) -> Vec<f64> {
    let n = log_trajectories(g);
    (0..g.n_edges()).map(|e| n[g.from(e)] - n[g.to(e)]).collect()
}

/// The number of trajectories that end in an object, or `None` if it does not fit in 128 bits.
pub fn count_trajectories(g: &StateGraph) -> Option<u128> {
    let mut count = vec![0u128; g.n_states()];
    count[g.source()] = 1;
    for &s in g.order() {
        for e in g.out(s as usize) {
            count[g.to(e)] = count[g.to(e)].checked_add(count[s as usize])?;
        }
    }
    g.objects().try_fold(0u128, |sum, s| sum.checked_add(count[s]))
}

/// The target distribution: per state log R(x) / Z, and −∞ for states that are no objects. −∞ everywhere, and so no
/// distribution, if no object has a reward.
pub fn log_target(g: &StateGraph, log_reward: &[f64]) -> Vec<f64> {
    let log_z = log_sum_exp(g.objects().map(|s| log_reward[s]));
    let none = log_z == f64::NEG_INFINITY;
    let target = |s| if g.is_object(s) && !none { log_reward[s] - log_z } else { f64::NEG_INFINITY };
    (0..g.n_states()).map(target).collect()
}

/// Per state: |P(visit s) − F(s)/Z|, how much of the probability passes the state that should not, or the reverse.
///
/// It vanishes everywhere iff the policy's flow is the given one. A policy may sample the target exactly and still
/// differ, if its backward policy is another than that of `flow`.
pub fn flow_errors(g: &StateGraph, policy: &ForwardPolicy, flow: &Flow) -> Vec<f64> {
    let mut errors = log_visits(g, policy);
    for (visit, state) in errors.iter_mut().zip(&flow.state) {
        let share = if *state == f64::NEG_INFINITY { 0.0 } else { (state - flow.log_z).exp() };
        *visit = (visit.exp() - share).abs();
    }
    errors
}

/// The `k` largest errors with their states, largest first, ties by state; fewer if there are fewer states.
pub fn worst(errors: &[f64], k: usize) -> Vec<(usize, f64)> {
    let mut ranked = Vec::from_iter(errors.iter().copied().enumerate());
    let by_error = |a: &(usize, f64), b: &(usize, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if k < ranked.len() {
        ranked.select_nth_unstable_by(k, by_error);
        ranked.truncate(k);
    }
    ranked.sort_unstable_by(by_error);
    ranked
}
