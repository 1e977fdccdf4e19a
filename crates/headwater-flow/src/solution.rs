//! A flow and what follows from it: policies, p(x), the entropy of trajectories.

use headwater_exact::{Flow, ForwardPolicy, flow, log_terminating_after, log_visits};
use headwater_graph::{Attribute, Network};

/// A valid flow through a network with its policies; everything in natural logarithms.
#[derive(Clone, Debug)]
pub struct Solution {
    /// Flows of nodes, edges and stop edges, and log Z.
    pub flow: Flow,
    /// P_F, also of stop edges; uniform at nodes without flow.
    pub forward: ForwardPolicy,
    /// Per edge: log P_B(from | to).
    pub backward: Vec<f64>,
    /// Per node: log p(x), the probability that a trajectory of P_F ends there, by a pass of its own from the source;
    /// −∞ for nodes without a reward.
    pub log_p: Vec<f64>,
    /// Entropy of the distribution of trajectories, in nats.
    pub entropy: f64,
}

impl Solution {
    /// The flow of a backward policy, given as log P_B of every edge; over the edges that enter a node the
    /// probabilities sum to one.
    pub fn new(network: &Network, backward: Vec<f64>) -> Self {
        let g = network.graph();
        let flow = flow(g, &network.log_rewards(), &backward);
        let forward = flow.forward_policy(g);
        let visits = log_visits(g, &forward);
        let log_p = log_terminating_after(g, &forward, &visits);
        let entropy = entropy(network, &forward, &visits);
        Self { flow, forward, backward, log_p, entropy }
    }

    /// How many edges carry flow, stop edges not counted.
    pub fn n_carrying(&self) -> usize {
        self.flow.edge.iter().filter(|&&f| f > f64::NEG_INFINITY).count()
    }

    /// Mean cost of a trajectory, Σ cost · F(e) / Z; the flow's total cost is Z times this. `None` if the file has no
    /// costs.
    pub fn mean_cost(&self, network: &Network) -> Option<f64> {
        let costs = network.attribute(Attribute::Cost)?;
        Some(self.flow.edge.iter().zip(costs).map(|(f, c)| c * (f - self.flow.log_z).exp()).sum())
    }

    /// The largest used share of any finite capacity, F(e) / capacity, at most 1 if the flow is within them; an edge of
    /// capacity 0 counts if it carries flow. `None` if the file has no capacities.
    pub fn used_share(&self, network: &Network) -> Option<f64> {
        self.log_used_share(network).map(f64::exp)
    }

    /// Its logarithm, which is finite also where the share is beyond what an f64 holds; −∞ if no edge with a capacity
    /// carries flow, ∞ if one of capacity 0 does.
    pub fn log_used_share(&self, network: &Network) -> Option<f64> {
        let capacities = network.attribute(Attribute::Capacity)?;
        let carrying = self.flow.edge.iter().zip(capacities).filter(|(f, _)| **f > f64::NEG_INFINITY);
        Some(carrying.map(|(f, c)| f - c.ln()).fold(f64::NEG_INFINITY, f64::max))
    }
}

/// The policy that maximum-entropy reinforcement learning finds when the reward is paid at the end and every
/// trajectory counts: V(s) = log(R(s) + Σ exp V(s′)). It treats the DAG as the tree of its trajectories, so that it ends
/// in x with a probability proportional to n(x) R(x), where n(x) is the number of trajectories to x
/// (arXiv:2106.04399, proposition 1).
pub fn soft_rl(network: &Network) -> ForwardPolicy {
    // Backward probabilities of one are the copies of a node, one for each trajectory.
    let g = network.graph();
    flow(g, &network.log_rewards(), &vec![0.0; g.n_edges()]).forward_policy(g)
}

/// Entropy of trajectories, in nats: by the chain rule, the choice at every node weighted by the visits to it.
fn entropy(network: &Network, forward: &ForwardPolicy, visits: &[f64]) -> f64 {
    let g = network.graph();
    let term = |log_p: f64| if log_p == f64::NEG_INFINITY { 0.0 } else { -log_p.exp() * log_p };
    let choice = |v: usize| {
        let visit = visits[v].exp();
        if visit == 0.0 {
            return 0.0;
        }
        visit * (forward.edge[g.out(v)].iter().map(|&p| term(p)).sum::<f64>() + term(forward.stop[v]))
    };
    (0..g.n_states()).map(choice).sum()
}
