//! Trajectories drawn from a forward policy, each a function of the key and its number.

use headwater_core::Key;
use headwater_exact::ForwardPolicy;
use headwater_graph::Network;

/// A trajectory from the source to an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    /// The nodes passed, the source first and the object last.
    pub nodes: Vec<u32>,
    /// Log-probability of the trajectory under the policy, its stop included.
    pub log_pf: f64,
}

impl Trajectory {
    /// The node in which it ends.
    pub fn object(&self) -> usize {
        *self.nodes.last().expect("a trajectory begins at the source") as usize
    }
}

/// Draws trajectories of a forward policy.
#[derive(Clone, Copy, Debug)]
pub struct Sampler<'a> {
    network: &'a Network,
    policy: &'a ForwardPolicy,
    key: Key,
}

impl<'a> Sampler<'a> {
    /// Draws come from `key` alone.
    pub fn new(network: &'a Network, policy: &'a ForwardPolicy, key: Key) -> Self {
        Self { network, policy, key }
    }

    /// Trajectory number `i`, whatever was drawn before.
    pub fn draw(&self, i: u64) -> Trajectory {
        let g = self.network.graph();
        let key = self.key.fold(i);
        let mut v = g.source();
        let (mut nodes, mut log_pf) = (vec![v as u32], 0.0);
        loop {
            let mut rest = key.fold(nodes.len() as u64).unit();
            // The stop edge first, then the others; where rounding leaves nothing, the last that is possible.
            let edges = g.out(v).map(|e| (Some(e), self.policy.edge[e]));
            let mut taken = None;
            for (edge, log_p) in [(None, self.policy.stop[v])].into_iter().chain(edges) {
                if log_p == f64::NEG_INFINITY {
                    continue;
                }
                taken = Some((edge, log_p));
                rest -= log_p.exp();
                if rest < 0.0 {
                    break;
                }
            }
            let (edge, log_p) = taken.expect("a policy leaves every node, or stops there");
            log_pf += log_p;
            match edge {
                None => return Trajectory { nodes, log_pf },
                Some(e) => v = g.to(e),
            }
            nodes.push(v as u32);
        }
    }
}
