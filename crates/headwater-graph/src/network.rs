//! A checked flow network: its nodes, edges, rewards and what the file says of its edges.

use headwater_core::{StateGraph, Stop};

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

    /// The numbers that it may be, in words.
    pub fn range(self) -> &'static str {
        match self {
            Self::Weight => "finite and not negative",
            Self::Cost => "finite",
            Self::Capacity => "not negative",
        }
    }

    /// Is the number in its range?
    pub fn allows(self, value: f64) -> bool {
        match self {
            Self::Weight => value.is_finite() && value >= 0.0,
            Self::Cost => value.is_finite(),
            Self::Capacity => value >= 0.0,
        }
    }
}

/// Why numbers cannot be an attribute of a network's edges.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadAttribute {
    /// There are not as many as edges.
    #[error("{found} numbers for {expected} edges")]
    Length {
        /// How many there are.
        found: usize,
        /// Edges of the network.
        expected: usize,
    },
    /// One is out of range.
    #[error("the {} of `{from}` → `{to}` is `{value}`; expected a number that is {}", .which.name(), .which.range())]
    Range {
        /// What the numbers were to be.
        which: Attribute,
        /// The name of the node that the edge leaves.
        from: String,
        /// The name of the node that it enters.
        to: String,
        /// The first number that is out of range.
        value: f64,
    },
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

    /// The same network with other rewards, one per node; a node has one if it had one.
    ///
    /// # Panics
    /// If there are not as many as nodes, or others have one.
    #[must_use]
    pub fn with_rewards(self, rewards: Vec<Option<f64>>) -> Self {
        let has = |r: &Option<f64>| r.is_some();
        assert!(rewards.iter().map(has).eq(self.rewards.iter().map(has)), "the same nodes have rewards");
        Self { rewards, ..self }
    }

    /// The network without what leads to no positive reward: a node whose reward is 0 is not an object, and where that
    /// leaves a dead end, or nodes that lead to dead ends only, they are left out. What stays keeps its order, and the
    /// flow through it is that of this network.
    #[must_use]
    pub fn without_zeros(self) -> Self {
        if !self.rewards.contains(&Some(0.0)) {
            return self;
        }
        let Self { names, graph, rewards, attributes } = self;
        let positive = |v: usize| rewards[v].filter(|&r| r > 0.0);
        let mut leads = vec![false; graph.n_states()];
        for &v in graph.order().iter().rev() {
            let v = v as usize;
            leads[v] = positive(v).is_some() || graph.out(v).any(|e| leads[graph.to(e)]);
        }
        let kept: Vec<usize> = (0..graph.n_states()).filter(|&v| leads[v]).collect();
        let (mut number, mut new_names) = (vec![0; graph.n_states()], Names::default());
        kept.iter().for_each(|&v| number[v] = new_names.add(names.get(v)));
        let edges: Vec<usize> = (0..graph.n_edges()).filter(|&e| leads[graph.to(e)]).collect();
        let ends = |end: &dyn Fn(usize) -> usize| edges.iter().map(|&e| number[end(e)]).collect::<Vec<u32>>();
        let (from, to) = (ends(&|e| graph.from(e)), ends(&|e| graph.to(e)));
        let stop = |&v: &usize| match positive(v) {
            None => Stop::Never,
            Some(_) if graph.out(v).any(|e| leads[graph.to(e)]) => Stop::May,
            Some(_) => Stop::Must,
        };
        let stops = kept.iter().map(stop).collect();
        let of_edges = |values: Vec<f64>| match values.is_empty() {
            true => values,
            false => edges.iter().map(|&e| values[e]).collect(),
        };
        Self {
            graph: StateGraph::new(from, to, stops).expect("a part of a DAG is one"),
            names: new_names,
            rewards: kept.iter().map(|&v| positive(v)).collect(),
            attributes: attributes.map(of_edges),
        }
    }

    /// The same network with other numbers for an attribute, one per edge of its graph.
    ///
    /// # Errors
    /// If there are not as many as edges, or one is not in the attribute's range.
    pub fn with_attribute(mut self, which: Attribute, values: Vec<f64>) -> Result<Self, BadAttribute> {
        let (found, expected) = (values.len(), self.graph.n_edges());
        if found != expected {
            return Err(BadAttribute::Length { found, expected });
        }
        if let Some(e) = values.iter().position(|&value| !which.allows(value)) {
            let [from, to] = [self.graph.from(e), self.graph.to(e)].map(|v| self.name(v).to_owned());
            return Err(BadAttribute::Range { which, from, to, value: values[e] });
        }
        self.attributes[which as usize] = values;
        Ok(self)
    }

    /// The edge between two nodes, in time proportional to the smaller of their degrees.
    pub fn edge(&self, from: usize, to: usize) -> Option<usize> {
        let (mut out, entering) = (self.graph.out(from), self.graph.entering(to));
        if out.len() <= entering.len() {
            return out.find(|&e| self.graph.to(e) == to);
        }
        entering.iter().map(|&e| e as usize).find(|&e| self.graph.from(e) == from)
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::settings::File;

    use super::*;

    #[test]
    fn attributes_are_checked() {
        let text = r#"{"edges": [["s", "a"], ["a", "x"]], "rewards": {"x": 1}}"#;
        let file = File::new("g.json", text);
        let n = crate::read(&file, None).unwrap();
        assert_eq!(n.attribute(Attribute::Cost), None);
        let n = n.with_attribute(Attribute::Cost, vec![-1.0, 2.0]).unwrap();
        assert_eq!(n.attribute(Attribute::Cost), Some(&[-1.0, 2.0][..]));
        let short = n.clone().with_attribute(Attribute::Weight, vec![1.0]).unwrap_err();
        assert_eq!(short.to_string(), "1 numbers for 2 edges");
        let message = "of `a` → `x` is `-1`; expected a number that is";
        let cases = [
            (Attribute::Weight, "weight", "finite and not negative"),
            (Attribute::Capacity, "capacity", "not negative"),
        ];
        for (which, name, range) in cases {
            let error = n.clone().with_attribute(which, vec![0.0, -1.0]).unwrap_err();
            assert_eq!(error.to_string(), format!("the {name} {message} {range}"));
            assert!(n.clone().with_attribute(which, vec![0.0, f64::NAN]).is_err());
        }
        assert!(n.clone().with_attribute(Attribute::Cost, vec![0.0, f64::INFINITY]).is_err());
        assert!(n.with_attribute(Attribute::Capacity, vec![0.0, f64::INFINITY]).is_ok());
    }

    #[test]
    fn what_leads_to_no_reward_is_left_out() {
        // s leads to the objects x and y, to z, which leads on but is worth nothing, and to the dead ends d and e.
        let text = r#"{"edges": [
            {"from": "s", "to": "d", "cost": 1}, {"from": "s", "to": "z", "cost": 2}, {"from": "z", "to": "x", "cost": 3},
            {"from": "z", "to": "e", "cost": 4}, {"from": "d", "to": "e", "cost": 5}, {"from": "s", "to": "y", "cost": 6},
            {"from": "y", "to": "e", "cost": 7}, {"from": "x", "to": "y", "cost": 8}],
            "rewards": {"d": 0, "e": 0, "z": 0, "x": 2, "y": 3}}"#;
        let file = |text: &str| crate::read(&File::new("g.json", text), None).unwrap();
        let all = file(text);
        let kept = all.clone().without_zeros();
        assert_eq!(kept.names().iter().collect::<Vec<_>>(), ["s", "z", "x", "y"]);
        let g = kept.graph();
        let edges: Vec<_> = (0..g.n_edges()).map(|e| (kept.name(g.from(e)), kept.name(g.to(e)))).collect();
        assert_eq!(edges, [("s", "z"), ("s", "y"), ("z", "x"), ("x", "y")]);
        assert_eq!(g.stops(), [Stop::Never, Stop::Never, Stop::May, Stop::Must]);
        assert_eq!(kept.rewards(), [None, None, Some(2.0), Some(3.0)]);
        assert_eq!(kept.attribute(Attribute::Cost), Some(&[2.0, 6.0, 3.0, 8.0][..]));
        assert_eq!((g.source(), g.longest()), (0, 3));
        // Where nothing is worth nothing, all stays.
        let floored = all.clone().with_rewards(all.rewards().iter().map(|r| r.map(|r| r.max(0.5))).collect());
        assert_eq!(floored.clone().without_zeros().graph(), all.graph());
        assert_eq!(floored.rewards()[1], Some(0.5));
    }
}
