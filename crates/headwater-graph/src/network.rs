//! A checked flow network: its nodes, edges, rewards and what the file says of its edges.

use headwater_core::StateGraph;

use crate::Names;

/// A number that edges may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// P_B is proportional to it over the edges that enter a node; finite, not negative.
    Weight,
    /// Cost of a unit of flow; finite.
    Cost,
    /// Most flow that the edge carries, in the unit of the rewards; not negative, perhaps infinite.
    Capacity,
}

impl Attribute {
    /// All of them, in the order of their columns.
    pub const ALL: [Self; 3] = [Self::Weight, Self::Cost, Self::Capacity];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Cost => "cost",
            Self::Capacity => "capacity",
        }
    }

    /// The attribute of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    /// What an edge has that says nothing, in a file where another edge does.
    pub fn default(self) -> f64 {
        match self {
            Self::Weight => 1.0,
            Self::Cost => 0.0,
            Self::Capacity => f64::INFINITY,
        }
    }
}

/// A pointed DAG with rewards, as read from a file.
///
/// Node numbers are places in [`Network::names`]. Exactly one node, [`StateGraph::source`], has no incoming edge; a
/// node is an object iff it has a reward, and one without outgoing edges has. Some reward is positive.
#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) names: Names,
    pub(crate) graph: StateGraph,
    pub(crate) rewards: Vec<Option<f64>>,
    /// By [`Attribute`]; empty where no edge of the file has it.
    pub(crate) attributes: [Vec<f64>; Attribute::ALL.len()],
}

impl Network {
    /// Nodes and edges; a stop edge belongs to every node with a reward.
    pub fn graph(&self) -> &StateGraph {
        &self.graph
    }

    /// The names of the nodes, by number.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The name of node `v`.
    pub fn name(&self, v: usize) -> &str {
        self.names.get(v)
    }

    /// Per node: its reward, finite and not negative, if it has one.
    pub fn rewards(&self) -> &[Option<f64>] {
        &self.rewards
    }

    /// Per node: log R, −∞ for nodes without a reward.
    pub fn log_rewards(&self) -> Vec<f64> {
        self.rewards.iter().map(|r| r.map_or(f64::NEG_INFINITY, f64::ln)).collect()
    }

    /// Per edge: the attribute, with its default where the file is silent; `None` if no edge of the file has it.
    pub fn attribute(&self, which: Attribute) -> Option<&[f64]> {
        let values = &self.attributes[which as usize];
        (!values.is_empty()).then_some(values)
    }

    /// The edge between two nodes.
    pub fn edge(&self, from: usize, to: usize) -> Option<usize> {
        self.graph.out(from).find(|&e| self.graph.to(e) == to)
    }
}
