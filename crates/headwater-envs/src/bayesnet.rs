//! Structures of Bayesian networks: labelled DAGs, grown one edge at a time.
//!
//! **Objects.** DAGs on d named nodes, no node with more than `max_parents` parents, written as their edges,
//! `rain->grass;sprinkler->grass`, by source and then target; without edges, `no edges`. Nodes are the columns of `data`,
//! or x0, x1, … with data that are generated.
//!
//! **DAG.** A trajectory starts without edges; edge j(d−1) + i, or j(d−1) + i − 1 for i > j, adds i → j where that is
//! absent and closes no cycle. Every state is an object, and a trajectory may end anywhere; it must where no edge can be
//! added, which is where node number k of an order of the nodes has min(k, `max_parents`) parents. A state holds its
//! transitive closure, which is updated with each edge.
//!
//! **Rewards**, both relative to the graph without edges, with a prior over structures, and defined on every state:
//! - `bge`: log R = log p(data | G) for Gaussian data
//! - `bdeu`: log R = log p(data | G) for categories
//!
//! **Source.** Deleu et al. 2022, arXiv:2202.13903. BGe as in Geiger & Heckerman 2002 with t of Kuipers, Moffa & Heckerman
//! 2014, with the columns' means for the prior mean; BDeu as in Heckerman, Geiger & Chickering 1995. The prior `fair` is
//! that of Friedman & Koller 2003, 1/C(d − 1, p). Generated data are those of gfnx: noise of variance 0.1.
//!
//! | instance | states | edges |
//! |---|---|---|
//! | 2 nodes | 3 | 2 |
//! | 3 nodes | 25 | 48 |
//! | 4 nodes | 543 | 2,016 |
//! | 5 nodes | 29,281 | 176,320 |
//! | 3 nodes, one parent each (forests) | 16 | 24 |
//! | 4 nodes, two parents each | 443 | 1,524 |

pub mod bdeu;
pub mod bge;
mod data;
mod edges;
pub mod families;
mod generate;
mod graph;
mod picture;
mod prior;
mod special;

use std::fmt::Write;

use headwater_core::picture::Picture;
use headwater_core::settings::{File, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, SettingError, Settings, Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, Registered};
pub use bdeu::{Bdeu, MAX_CATEGORIES};
pub use bge::Bge;
pub use data::{Column, Data};
use generate::{Generated, generate};
pub use graph::Graph;
pub use prior::Structure;

/// The largest number of nodes: parents are a word of 64 bits.
pub const MAX_NODES: usize = 64;

/// How the graph without edges is written.
const EMPTY: &str = "no edges";

settings! {
    /// Settings of a family of network structures.
    pub struct Config {
        /// Observations: a CSV file with a header; each column is a node. Without it, data are generated.
        data: Option<File>, Kind::File;
        /// Most parents of a node; without it, any number.
        max_parents: Option<usize>, Kind::Int { min: 1, max: MAX_NODES as i64 };
        /// Number of nodes, where data are generated; without it, 5.
        n: Option<usize>, Kind::Int { min: 2, max: MAX_NODES as i64 };
        /// Number of observations, where data are generated.
        rows: usize = "100", Kind::Int { min: 2, max: 1_000_000 };
        /// Edges per node in expectation, where data are generated: each pair is joined with probability 2e/(d − 1).
        edges_per_node: f64 = "1.0", Kind::Real { min: 0.0, max: 64.0 };
        /// Seed of the data that are generated: of order, edges, weights and noise.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

/// A family of network structures; see the module.
#[derive(Clone, Debug)]
pub struct BayesNet {
    n: usize,
    max_parents: u32,
    /// Per edge label its source and target.
    ends: Vec<(u8, u8)>,
    data: Data,
    /// The network that the data were generated from, if they were.
    truth: Option<Graph>,
}

impl BayesNet {
    fn new(data: Data, truth: Option<Graph>, max_parents: Option<usize>) -> Self {
        let n = data.columns().len();
        let sources = |to| (0..n).filter(move |&from| from != to).map(move |from| (from as u8, to as u8));
        let max_parents = max_parents.map_or(n, |m| m.min(n)) as u32;
        Self { n, max_parents, ends: (0..n).flat_map(sources).collect(), data, truth }
    }

    fn generated(n: usize, rows: usize, edges_per_node: f64, seed: u64, max_parents: Option<usize>) -> Self {
        let Generated { truth, data } = generate(n, edges_per_node, rows, seed);
        Self::new(data, Some(truth), max_parents)
    }

    /// Number of nodes.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Most parents that a node may have.
    pub fn max_parents(&self) -> usize {
        self.max_parents as usize
    }

    /// The observations.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The network that the data were generated from, if they were.
    pub fn truth(&self) -> Option<&Graph> {
        self.truth.as_ref()
    }

    /// The name of a node.
    pub fn name(&self, node: usize) -> &str {
        &self.data.columns()[node].name
    }

    /// The node with this name.
    pub fn node(&self, name: &str) -> Option<usize> {
        self.data.columns().iter().position(|c| c.name == name)
    }

    /// The source and the target of the edge that label `a` adds.
    pub fn ends(&self, a: Action) -> (usize, usize) {
        let (from, to) = self.ends[a.index()];
        (usize::from(from), usize::from(to))
    }

    fn all(&self) -> u64 {
        u64::MAX >> (64 - self.n)
    }

    /// Nodes as bits, without the place of `node`, which is not among them.
    fn others(bits: u64, node: usize) -> u64 {
        let low = (1 << node) - 1;
        bits & low | bits >> 1 & !low
    }

    /// Number of structures where k earlier nodes have 2^k sets of parents, or fewer by `max_parents`: those along one
    /// order.
    fn along_an_order(&self) -> f64 {
        let choices = |k: usize| {
            let mut term = 1.0;
            let most = k.min(self.max_parents as usize);
            let next = |i: usize| {
                term *= (k - i) as f64 / (i + 1) as f64;
                term
            };
            1.0 + (0..most).map(next).sum::<f64>()
        };
        (0..self.n).map(choices).product::<f64>().min(f64::MAX)
    }
}

impl Environment for BayesNet {
    type State = Graph;

    fn initial(&self) -> Graph {
        Graph::empty(self.n)
    }

    fn n_actions(&self) -> usize {
        self.n * (self.n - 1)
    }

    fn max_len(&self) -> usize {
        (0..self.n).map(|k| k.min(self.max_parents as usize)).sum()
    }

    fn states_at_least(&self) -> f64 {
        // From six nodes on the labelled DAGs are 3,781,503 and more.
        let all = self.max_parents as usize >= self.n - 1;
        match self.n {
            6 if all => 3_781_503.0,
            7 if all => 1_138_779_265.0,
            _ => self.along_an_order(),
        }
    }

    fn stop(&self, s: &Graph) -> Stop {
        if s.n_edges() as usize == self.max_len() { Stop::Must } else { Stop::May }
    }

    fn forward_mask(&self, s: &Graph, mask: &mut MaskRow<'_>) {
        for (to, (&parents, &below)) in s.parents().iter().zip(s.descendants()).enumerate() {
            if parents.count_ones() < self.max_parents {
                let free = !(parents | below) & self.all();
                mask.set_bits(to * (self.n - 1), Self::others(free, to).into());
            }
        }
    }

    fn backward_mask(&self, s: &Graph, mask: &mut MaskRow<'_>) {
        for (to, &parents) in s.parents().iter().enumerate() {
            mask.set_bits(to * (self.n - 1), Self::others(parents, to).into());
        }
    }

    fn step(&self, s: &mut Graph, a: Action) {
        let (from, to) = self.ends(a);
        s.add(from, to);
    }

    fn unstep(&self, s: &mut Graph, a: Action) {
        let (from, to) = self.ends(a);
        s.remove(from, to);
    }

    fn encoding(&self) -> Encoding {
        // One column per label for absent, one for present.
        Encoding::one_hot(2 * self.n_actions(), self.n_actions())
    }

    fn encode(&self, s: &Graph, row: EncodedRow<'_>) {
        for (to, columns) in row.indices.chunks_exact_mut(self.n - 1).enumerate() {
            let (first, mut bits) = (2 * to * (self.n - 1), Self::others(s.parents()[to], to));
            for (i, column) in columns.iter_mut().enumerate() {
                *column = (first + 2 * i) as u32 + (bits & 1) as u32;
                bits >>= 1;
            }
        }
    }

    fn show(&self, s: &Graph, out: &mut String) {
        let mut separator = "";
        for from in 0..self.n {
            for to in (0..self.n).filter(|&to| s.parents()[to] >> from & 1 == 1) {
                let (from, to) = (self.name(from), self.name(to));
                write!(out, "{separator}{from}->{to}").expect("writing to a string cannot fail");
                separator = ";";
            }
        }
        if separator.is_empty() {
            out.push_str(EMPTY);
        }
    }

    fn parse(&self, text: &str) -> Option<Graph> {
        let mut s = self.initial();
        for edge in text.split(';').filter(|_| text != EMPTY) {
            let (from, to) = edge.split_once("->")?;
            let (from, to) = (self.node(from)?, self.node(to)?);
            if (s.parents()[to] | s.descendants()[to]) >> from & 1 == 1 {
                return None;
            }
            s.add(from, to);
        }
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        let few = s.parents().iter().all(|p| p.count_ones() <= self.max_parents);
        (few && canonical == text).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["edges", "roots", "leaves"].map(str::to_owned);
        let parents = (0..self.n).map(|j| format!("parents_{j}"));
        let edge = |&(from, to): &(u8, u8)| format!("edge_{from}_{to}");
        totals.into_iter().chain(parents).chain(self.ends.iter().map(edge)).collect()
    }

    fn measure(&self, s: &Graph, out: &mut [f64]) {
        let (totals, rest) = out.split_at_mut(3);
        let (counts, edges) = rest.split_at_mut(self.n);
        for (count, parents) in counts.iter_mut().zip(s.parents()) {
            *count = parents.count_ones().into();
        }
        for (edge, &(from, to)) in edges.iter_mut().zip(&self.ends) {
            *edge = (s.parents()[usize::from(to)] >> from & 1) as f64;
        }
        let has_children = s.parents().iter().fold(0, |all, p| all | p);
        let roots = counts.iter().filter(|&&count| count == 0.0).count();
        let leaves = (!has_children & self.all()).count_ones();
        totals.copy_from_slice(&[counts.iter().sum(), roots as f64, leaves.into()]);
    }

    fn draw(&self, s: &Graph) -> Option<Picture> {
        picture::draw(self, s)
    }

    fn describe(&self, a: Action) -> String {
        let (from, to) = self.ends(a);
        format!("add {}->{}", self.name(from), self.name(to))
    }

    fn small() -> Vec<Self> {
        let free = [2, 3, 4].map(|n| Self::generated(n, 20, 0.5, 1, None));
        let bounded = [(3, 1), (4, 2)].map(|(n, most)| Self::generated(n, 20, 0.5, 1, Some(most)));
        free.into_iter().chain(bounded).collect()
    }
}

impl Registered for BayesNet {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "bayesnet",
        summary: "structures of Bayesian networks over the columns of a table, grown edge by edge",
        formula: "x a labelled DAG on d nodes, at most max_parents parents each; edges add i -> j, closing no cycle",
        reference: "Deleu et al. 2022, arXiv:2202.13903",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "edges", meaning: "the number of edges" },
        Feature { name: "roots", meaning: "the number of nodes without parents" },
        Feature { name: "leaves", meaning: "the number of nodes without children" },
        Feature { name: "parents_{j}", meaning: "the number of parents of node j, counted from 0" },
        Feature { name: "edge_{i}_{j}", meaning: "1 if there is an edge from node i to node j, else 0" },
    ];

    rewards!(Bge, Bdeu);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        if let Some(file) = &config.data {
            if let Some(n) = config.n {
                let what =
                    format!("`{n}` nodes are asked for, and the nodes are the columns of `{}`", file.path);
                return Err(SettingError::at("n", what).hint("leave `n` or `data` out"));
            }
            return Ok(Self::new(Data::read(file)?, None, config.max_parents));
        }
        let n = config.n.unwrap_or(5);
        within("n", n, 2..=MAX_NODES)?;
        within("rows", config.rows, 2..=1_000_000)?;
        Ok(Self::generated(n, config.rows, config.edges_per_node, config.seed, config.max_parents))
    }
}

#[cfg(test)]
mod tests;
