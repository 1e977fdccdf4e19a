//! Networks: from weighted DAGs to the probabilities of edges, paths and Markov blankets.

use std::collections::HashMap;

use crate::essential::{Essential, essential};
use crate::probability::{Evidence, Probability};

/// A DAG: per node the bits of its parents. At most 64 nodes.
pub type Graph = Box<[u64]>;

/// A distribution over DAGs.
#[derive(Clone, Debug)]
pub struct Networks {
    n: usize,
    /// Distinct graphs and their probabilities, the most probable first, ties by the graph.
    graphs: Vec<(Graph, f64)>,
    evidence: Evidence,
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
            Evidence::Draws { effective: if squares > 0.0 { sum * sum / squares } else { 0.0 } }
        })
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
        let mut sums: HashMap<Graph, f64> = HashMap::new();
        for (graph, weight) in graphs.into_iter().zip(weights) {
            *sums.entry(graph).or_default() += weight / total;
        }
        let mut graphs: Vec<(Graph, f64)> = sums.into_iter().collect();
        graphs.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Self { n, graphs, evidence }
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

    /// A probability of this distribution, with its interval.
    pub fn known(&self, value: f64) -> Probability {
        self.evidence.probability(value)
    }

    /// The share of the graphs where row i of what `relation` makes of them has bit j, at i · n + j.
    fn matrix(&self, relation: impl Fn(&[u64]) -> Vec<u64>) -> Vec<f64> {
        let mut shares = vec![0.0; self.n * self.n];
        for (graph, p) in &self.graphs {
            for (row, shares) in relation(graph).into_iter().zip(shares.chunks_exact_mut(self.n)) {
                for (j, share) in shares.iter_mut().enumerate() {
                    if row >> j & 1 == 1 {
                        *share += p;
                    }
                }
            }
        }
        shares
    }

    /// P(i → j) at i · n + j.
    pub fn edges(&self) -> Vec<f64> {
        self.matrix(children)
    }

    /// P(j is a descendant of i) at i · n + j; 0 on the diagonal.
    pub fn paths(&self) -> Vec<f64> {
        self.matrix(descendants)
    }

    /// P(j is in the Markov blanket of i) at i · n + j: a parent, a child, or another parent of a child.
    pub fn blankets(&self) -> Vec<f64> {
        self.matrix(|graph| (0..graph.len()).map(|i| blanket(graph, i)).collect())
    }

    /// The Markov blankets of `node` as bits, with their probabilities, the most probable first.
    pub fn blankets_of(&self, node: usize) -> Vec<(u64, f64)> {
        self.group(|graph| blanket(graph, node))
    }

    /// Markov equivalence classes with their probabilities, the most probable first. Data cannot tell the graphs of a
    /// class apart; the prior may.
    pub fn classes(&self) -> Vec<(Essential, f64)> {
        self.group(essential)
    }

    fn group<K: Clone + Eq + std::hash::Hash>(&self, key: impl Fn(&[u64]) -> K) -> Vec<(K, f64)> {
        let mut places: HashMap<K, usize> = HashMap::new();
        let mut groups: Vec<(K, f64)> = Vec::new();
        for (graph, p) in &self.graphs {
            let key = key(graph);
            let place = *places.entry(key.clone()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.1 += p,
                None => groups.push((key, *p)),
            }
        }
        // Stable: ties are in the order of their first graphs.
        groups.sort_by(|a, b| b.1.total_cmp(&a.1));
        groups
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

fn bits(word: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |i| word >> i & 1 == 1)
}

fn children(parents: &[u64]) -> Vec<u64> {
    let mut children = vec![0; parents.len()];
    for (to, &from) in parents.iter().enumerate() {
        bits(from).for_each(|i| children[i] |= 1 << to);
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
