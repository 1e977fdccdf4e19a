//! Networks: from weighted DAGs to the probabilities of edges, paths and Markov blankets.

use std::collections::HashMap;

use headwater_core::Ones;

use crate::essential::{Essential, essential};
use crate::probability::{Evidence, Probability, Share};

/// A DAG: per node the bits of its parents. At most 64 nodes.
pub type Graph = Box<[u64]>;

/// A distribution over DAGs.
#[derive(Clone, Debug)]
pub struct Networks {
    n: usize,
    /// Distinct graphs and their probabilities, the most probable first, ties by the graph.
    graphs: Vec<(Graph, f64)>,
    /// Σ(w/W)² of the draws of each.
    squares: Vec<f64>,
    evidence: Evidence,
}

/// A relation of two nodes in a DAG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// There is an edge from i to j.
    Edge,
    /// j is a descendant of i; no node is its own.
    Path,
    /// j is in the Markov blanket of i: a parent, a child, or another parent of a child.
    Blanket,
}

impl Relation {
    /// Per node i the bits of all j.
    fn of(self, graph: &[u64]) -> Vec<u64> {
        match self {
            Self::Edge => children(graph),
            Self::Path => descendants(graph),
            Self::Blanket => (0..graph.len()).map(|i| blanket(graph, i)).collect(),
        }
    }
}

impl Networks {
    /// The distribution that every graph on `n` nodes has with these log-probabilities, known up to a constant.
    pub fn exact(n: usize, graphs: impl IntoIterator<Item = (Graph, f64)>) -> Self {
        Self::new(n, graphs, |_| Evidence::Exact)
    }

    /// What draws with these log-weights, known up to a constant, say of the distribution that they are weighted for;
    /// draws without weights have log-weights 0.
    pub fn draws(n: usize, graphs: impl IntoIterator<Item = (Graph, f64)>) -> Self {
        Self::new(n, graphs, |weights| {
            let (sum, squares) = weights.iter().fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
            let effective = if squares > 0.0 { sum * sum / squares } else { 0.0 };
            Evidence::Draws { effective, count: weights.len() as f64 }
        })
    }

    /// What draws that depend on each other say: as much as `effective` independent ones, 0 for no intervals at all.
    pub fn dependent(n: usize, graphs: impl IntoIterator<Item = Graph>, effective: f64) -> Self {
        let evidence = Evidence::Draws { effective, count: effective };
        let mut networks = Self::new(n, graphs.into_iter().map(|graph| (graph, 0.0)), |_| evidence);
        let shares = networks.graphs.iter().map(|(_, p)| p / effective.max(1.0));
        networks.squares = shares.collect();
        networks
    }

    fn new(
        n: usize,
        graphs: impl IntoIterator<Item = (Graph, f64)>,
        evidence: impl FnOnce(&[f64]) -> Evidence,
    ) -> Self {
        let (graphs, mut weights): (Vec<Graph>, Vec<f64>) = graphs.into_iter().unzip();
        let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        weights.iter_mut().for_each(|w| *w = (*w - largest).exp());
        let (evidence, total) = (evidence(&weights), weights.iter().sum::<f64>());
        let mut sums: HashMap<Graph, (f64, f64)> = HashMap::new();
        for (graph, weight) in graphs.into_iter().zip(weights) {
            let (sum, squares) = sums.entry(graph).or_default();
            *sum += weight / total;
            *squares += (weight / total).powi(2);
        }
        let mut all: Vec<(Graph, (f64, f64))> = sums.into_iter().collect();
        all.sort_unstable_by(|a, b| b.1.0.total_cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
        let squares = all.iter().map(|(_, sums)| sums.1).collect();
        let graphs = all.into_iter().map(|(graph, sums)| (graph, sums.0)).collect();
        Self { n, graphs, squares, evidence }
    }

    /// Number of nodes.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Where this comes from.
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// Distinct graphs with their probabilities, the most probable first.
    pub fn graphs(&self) -> &[(Graph, f64)] {
        &self.graphs
    }

    /// The probability of graph `i` of [`Networks::graphs`], with its interval.
    pub fn known_graph(&self, i: usize) -> Probability {
        self.evidence.probability(self.share(i))
    }

    fn share(&self, i: usize) -> Share {
        Share { value: self.graphs[i].1, squares: self.squares[i] }
    }

    /// P(i and j are so related) at i · n + j.
    pub fn known(&self, relation: Relation) -> Vec<Probability> {
        self.shares(relation).into_iter().map(|share| self.evidence.probability(share)).collect()
    }

    /// The same without intervals.
    pub fn matrix(&self, relation: Relation) -> Vec<f64> {
        self.shares(relation).into_iter().map(|share| share.value).collect()
    }

    fn shares(&self, relation: Relation) -> Vec<Share> {
        let mut shares = vec![Share::default(); self.n * self.n];
        for (i, (graph, _)) in self.graphs.iter().enumerate() {
            let one = self.share(i);
            for (row, shares) in relation.of(graph).into_iter().zip(shares.chunks_exact_mut(self.n)) {
                for j in Ones::new(&[row]) {
                    shares[j].add(one);
                }
            }
        }
        shares
    }

    /// The Markov blankets of `node` as bits, with their probabilities, the most probable first.
    pub fn blankets_of(&self, node: usize) -> Vec<(u64, Probability)> {
        self.group(|graph| blanket(graph, node))
    }

    /// Markov equivalence classes with their probabilities, the most probable first. Data cannot tell the graphs of a
    /// class apart; the prior may.
    pub fn classes(&self) -> Vec<(Essential, Probability)> {
        self.group(essential)
    }

    fn group<K: Clone + Eq + std::hash::Hash>(&self, key: impl Fn(&[u64]) -> K) -> Vec<(K, Probability)> {
        let mut places: HashMap<K, usize> = HashMap::new();
        let mut groups: Vec<(K, Share)> = Vec::new();
        for (i, (graph, _)) in self.graphs.iter().enumerate() {
            let key = key(graph);
            let place = *places.entry(key.clone()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.1.add(self.share(i)),
                None => groups.push((key, self.share(i))),
            }
        }
        // Stable: ties are in the order of their first graphs.
        groups.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
        groups.into_iter().map(|(key, share)| (key, self.evidence.probability(share))).collect()
    }

    /// Expected number of edges.
    pub fn mean_edges(&self) -> f64 {
        let count = |graph: &Graph| graph.iter().map(|p| p.count_ones()).sum::<u32>();
        self.graphs.iter().map(|(graph, p)| p * f64::from(count(graph))).sum()
    }

    /// Expected [`distance`] from `truth`.
    pub fn mean_distance(&self, truth: &[u64]) -> f64 {
        self.graphs.iter().map(|(graph, p)| p * f64::from(distance(graph, truth))).sum()
    }

    /// The entropy of the distribution of graphs in nats; of draws that of the sample, which is too low where there are
    /// few.
    pub fn entropy(&self) -> f64 {
        self.graphs.iter().filter(|(_, p)| *p > 0.0).map(|(_, p)| -p * p.ln()).sum()
    }
}

/// The structural Hamming distance: pairs of nodes that two graphs join differently. A turned edge counts once.
pub fn distance(a: &[u64], b: &[u64]) -> u32 {
    let edge = |graph: &[u64], from: usize, to: usize| graph[to] >> from & 1;
    let pairs = (0..a.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    let differ = |&(i, j): &(usize, usize)| edge(a, i, j) != edge(b, i, j) || edge(a, j, i) != edge(b, j, i);
    pairs.filter(differ).count() as u32
}

fn children(parents: &[u64]) -> Vec<u64> {
    let mut children = vec![0; parents.len()];
    for (to, &from) in parents.iter().enumerate() {
        Ones::new(&[from]).for_each(|i| children[i] |= 1 << to);
    }
    children
}

fn descendants(parents: &[u64]) -> Vec<u64> {
    let mut below = children(parents);
    // Warshall: after round k, paths through the nodes up to k are known.
    for k in 0..below.len() {
        let through = below[k];
        below.iter_mut().filter(|b| **b >> k & 1 == 1).for_each(|b| *b |= through);
    }
    below
}

fn blanket(parents: &[u64], node: usize) -> u64 {
    let mut all = parents[node];
    for (child, &with) in parents.iter().enumerate() {
        if with >> node & 1 == 1 {
            all |= 1 << child | with;
        }
    }
    all & !(1 << node)
}
