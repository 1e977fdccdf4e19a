//! The flows to choose from, each by its backward policy.

use headwater_exact::{maxent_backward, uniform_backward};
use headwater_graph::{Attribute, Network};

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
    /// A flow on few edges: a vertex of the polytope of flows that has the least total flow, so that the edges that
    /// carry flow form a forest where capacities do not split it.
    Sparse,
    /// The least total of cost times flow, within capacities if there are any.
    Cost,
    /// Within capacities, with the largest used share of any capacity as small as can be.
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
}

/// log P_B of every edge for the chosen flow. At nodes that no flow passes it is uniform.
///
/// # Errors
/// If the file lacks what the choice asks for, or no flow is within the capacities.
pub fn backward(network: &Network, choice: Choice) -> Result<Vec<f64>, Unsolvable> {
    let g = network.graph();
    match choice {
        Choice::Uniform => Ok(uniform_backward(g)),
        Choice::MaxEnt => Ok(maxent_backward(g)),
        Choice::Given => given(network),
        Choice::Sparse | Choice::Cost | Choice::Capacity => todo!(),
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
