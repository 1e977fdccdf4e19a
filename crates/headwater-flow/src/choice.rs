//! The flows to choose from, each by its backward policy.

use headwater_exact::{maxent_backward, uniform_backward};
use headwater_graph::{Attribute, Network};

use crate::capacity::{cheapest_within, most_even};
use crate::cut::Cut;
use crate::paths::{cheapest, shared};

/// Which of the valid flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// P_B is uniform over the edges that enter a node.
    Uniform,
    /// P_B(s|s′) = n(s)/n(s′), in proportion to the number of trajectories: every trajectory to an object carries the
    /// same flow, and no flow has trajectories of larger entropy (arXiv:2312.14331).
    MaxEnt,
    /// P_B is proportional to the weights in the file.
    Given,
    /// A flow on few edges. Without capacities, or where it is within them, a tree with as few edges as a local search
    /// finds; otherwise a vertex of the polytope of flows that has the least total flow, so that the edges that are
    /// neither empty nor full form a forest.
    Sparse,
    /// The least total of cost times flow, within capacities if there are any. Where they do not split it, every
    /// reward travels along one cheapest path, of those the one with the fewest edges.
    Cost,
    /// Within capacities, with the largest used share of any finite capacity as small as can be, and of these flows
    /// one with the least total flow.
    Capacity,
}

/// Why there is no such flow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unsolvable {
    /// No edge of the file has the attribute.
    #[error("no edge has a {}", .0.name())]
    Lacks(Attribute),
    /// The weights of the edges that enter a node are all zero.
    #[error("every edge that enters `{0}` has weight 0, so that no parent can be chosen")]
    NoWeight(String),
    /// The capacities of some edges are less than the rewards behind them.
    #[error("no flow fits: {0}")]
    Cut(Cut),
    /// Rounding got the better of the linear program.
    #[error("the linear program was not solved: {0}")]
    Numerical(String),
}

impl Unsolvable {
    /// What could be done.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Lacks(which) => {
                Some(format!("add the attribute `{}` to the edges of the graph", which.name()))
            }
            Self::NoWeight(_) => Some("give one of these edges a positive weight".to_owned()),
            Self::Cut(_) => Some("raise capacities there, or lower the rewards".to_owned()),
            Self::Numerical(_) => None,
        }
    }
}

/// log P_B of every edge for the chosen flow. At nodes that no flow passes it is uniform.
///
/// Whatever the choice, [`crate::Solution::new`] makes of it a flow that is exact for rewards of any range. But what is
/// best within capacities comes from a linear program in double precision, unless a tree fits: capacities then hold to
/// 1e-9 of Z, and rewards and capacities below about 1e-14 of Z escape it, except that an edge of capacity 0 never
/// carries anything. The program takes one to two seconds for 10⁴ edges, and of more edges somewhat more than the
/// square of their number: 13 seconds for 3 · 10⁴, some minutes for 10⁵. Trees take a few passes over the edges.
///
/// # Errors
/// If the file lacks what the choice asks for, or no flow is within the capacities.
pub fn backward(network: &Network, choice: Choice) -> Result<Vec<f64>, Unsolvable> {
    let g = network.graph();
    match choice {
        Choice::Uniform => Ok(uniform_backward(g)),
        Choice::MaxEnt => Ok(maxent_backward(g)),
        Choice::Given => given(network),
        Choice::Sparse => cheapest_within(network, &vec![1.0; g.n_edges()], &shared(network)),
        Choice::Cost => {
            let costs = network.attribute(Attribute::Cost).ok_or(Unsolvable::Lacks(Attribute::Cost))?;
            cheapest_within(network, costs, &cheapest(g, costs))
        }
        Choice::Capacity => most_even(network).ok_or(Unsolvable::Lacks(Attribute::Capacity))?,
    }
}

/// The backward policy proportional to the file's weights.
fn given(network: &Network) -> Result<Vec<f64>, Unsolvable> {
    let g = network.graph();
    let weights = network.attribute(Attribute::Weight).ok_or(Unsolvable::Lacks(Attribute::Weight))?;
    let mut backward: Vec<f64> = weights.iter().map(|w| w.ln()).collect();
    for v in 0..g.n_states() {
        let entering = g.entering(v);
        // Weights may be so large that their sum is infinite; shares of the largest cannot.
        let largest = entering.iter().map(|&e| weights[e as usize]).fold(0.0, f64::max);
        if largest == 0.0 && !entering.is_empty() {
            return Err(Unsolvable::NoWeight(network.name(v).to_owned()));
        }
        let total: f64 = entering.iter().map(|&e| weights[e as usize] / largest).sum();
        entering.iter().for_each(|&e| backward[e as usize] -= largest.ln() + total.ln());
    }
    Ok(backward)
}
