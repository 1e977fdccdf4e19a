//! The exact posterior over all DAGs whose weights are products over nodes: log Z, the edges, independent draws and the best
//! DAG, by dynamic programming.
//!
//! A weight is *modular* if it is w(G) = ∏_v w_v(Pa_v). Let α_v(S) = Σ_{P ⊆ S} w_v(P), and f(U) be the sum of the weights of
//! the DAGs on U. Inclusion and exclusion over sets L of nodes that no node of U has for a parent (Robinson 1973; with
//! weights, Tian & He 2009) gives
//!
//! f(U) = Σ_{∅ ≠ L ⊆ U} (−1)^{|L|+1} f(U∖L) ∏_{v ∈ L} α_v(U∖L),  f(∅) = 1,  Z = f(V):
//!
//! 3ⁿ terms, and no order of the nodes is preferred. The probability of a family is that of its weight's share in Z,
//! w_v(P) ∂Z/∂w_v(P) / Z; all derivatives together, which are taken backwards through the sum, cost as much as Z a few
//! times. [`draw`] says how DAGs are drawn, [`best`] how the best one is found.
//!
//! **Accuracy.** Terms have both signs. Written out, every DAG is in as many of them as there are ordered partitions of
//! its nodes into sets that have parents in earlier sets only: a(n), the ordered Bell number (1, 3, 13, 75, 541, …), at
//! most. So the terms' absolute values add up to a(n) Z at most, and those with one family to a(n) times its share. In plain
//! numbers six to eight digits could be lost for ten nodes; numbers of 106 bits ([`wide::Wide`]) bound the relative error
//! of Z and of every probability by a(n) · n 2ⁿ · 2⁻¹⁰³, which is 10⁻¹⁶ for twelve nodes, 10⁻⁹ for sixteen and 10⁻²
//! for twenty, if all roundings went the same way; they do not, and the square root is nearer to what happens. What is
//! left is the rounding of the log weights themselves: 10⁻¹⁶ of their sizes, in log Z.

mod best;
mod draw;
mod wide;

use crate::networks::Graph;
use wide::Wide;

/// The largest number of nodes: n 2ⁿ numbers of 24 bytes and half as many of 8, about a gigabyte; 3ⁿ terms, which take
/// minutes.
pub const MAX_NODES: usize = 20;

/// There are too many nodes to sum over all DAGs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum over all DAGs is worked out for at most {MAX_NODES} nodes, not for `{0}`: it has 3ⁿ terms")]
pub struct TooManyNodes(pub usize);

/// The logarithms of the weights of all families: of each node with each set of parents.
#[derive(Clone, Debug)]
pub struct LogWeights {
    n: usize,
    /// A table of 2ⁿ⁻¹ per node.
    tables: Vec<f64>,
}

impl LogWeights {
    /// Weights on `n` nodes, at least one, that forbid every family so far.
    ///
    /// # Errors
    /// If there are more than [`MAX_NODES`] nodes.
    pub fn new(n: usize) -> Result<Self, TooManyNodes> {
        if n > MAX_NODES {
            return Err(TooManyNodes(n));
        }
        Ok(Self { n, tables: vec![f64::NEG_INFINITY; n * ((1 << n) / 2)] })
    }

    /// Gives `node` with `parents`, as bits, a weight; −∞ forbids the family.
    pub fn set(&mut self, node: usize, parents: u64, log_weight: f64) {
        let at = node * self.families() + place_of(parents as usize, node);
        self.tables[at] = log_weight;
    }

    /// The weight of `node` with `parents`.
    pub fn get(&self, node: usize, parents: u64) -> f64 {
        self.table(node)[place_of(parents as usize, node)]
    }

    fn families(&self) -> usize {
        (1 << self.n) / 2
    }

    fn table(&self, node: usize) -> &[f64] {
        &self.tables[node * self.families()..][..self.families()]
    }
}

/// What is known of the distribution over DAGs in proportion to a modular weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Modular {
    /// The logarithm of the sum of all weights.
    pub log_z: f64,
    /// P(i → j) at i · n + j.
    pub edges: Vec<f64>,
}

impl Modular {
    /// Expected number of edges.
    pub fn mean_edges(&self) -> f64 {
        self.edges.iter().sum()
    }
}

/// The distribution over DAGs with the weights ∏_v w_v(Pa_v).
#[derive(Clone, Debug)]
pub struct Dags {
    weights: LogWeights,
    sums: Sums,
    /// ∂Z/∂f(U) by the bits of U: the sum of the weights that the nodes outside U can have, where each may have any of U
    /// as parents.
    rest: Vec<Wide>,
    /// log Z and the edges.
    pub marginals: Modular,
}

impl Dags {
    /// Sums over all DAGs; `None` if none has a weight.
    pub fn new(weights: LogWeights) -> Option<Self> {
        let n = weights.n;
        let sums = Sums::new(&weights);
        let z = sums.dags[sums.dags.len() - 1];
        if z == Wide::ZERO {
            return None;
        }
        let (slopes, rest) = sums.slopes();
        let families = weights.families();
        let mut edges = vec![0.0; n * n];
        for node in 0..n {
            let slopes = &slopes[node * families..][..families];
            for (place, (&weight, &slope)) in weights.table(node).iter().zip(slopes).enumerate() {
                if weight == f64::NEG_INFINITY {
                    continue;
                }
                // Rounding may leave a share of nothing below 0.
                let share = Wide::exp(weight).times(slope).over(z).max(0.0);
                let parents = parents_at(place, node);
                (0..n).filter(|i| parents >> i & 1 == 1).for_each(|i| edges[i * n + node] += share);
            }
        }
        edges.iter_mut().for_each(|p| *p = p.min(1.0));
        Some(Self { weights, sums, rest, marginals: Modular { log_z: z.ln(), edges } })
    }

    /// Number of nodes.
    pub fn n(&self) -> usize {
        self.weights.n
    }

    /// The logarithm of a DAG's weight.
    pub fn log_weight(&self, graph: &[u64]) -> f64 {
        graph.iter().enumerate().map(|(node, &parents)| self.weights.get(node, parents)).sum()
    }

    /// All DAGs that have a weight: for few nodes, since there are 29,281 DAGs on five and 3,781,503 on six.
    pub fn list(&self) -> Vec<Graph> {
        let (mut graph, mut out) = (vec![0; self.n()], Vec::new());
        self.list_from(0, &mut graph, &mut out);
        out
    }

    /// The DAGs in which the nodes before `node` have the parents that they have in `graph`.
    fn list_from(&self, node: usize, graph: &mut [u64], out: &mut Vec<Graph>) {
        if node == graph.len() {
            if is_acyclic(graph) {
                out.push((&*graph).into());
            }
            return;
        }
        for (place, &weight) in self.weights.table(node).iter().enumerate() {
            if weight > f64::NEG_INFINITY {
                graph[node] = parents_at(place, node);
                self.list_from(node + 1, graph, out);
            }
        }
    }
}

/// Do these parents make no cycle? A DAG loses a node without parents again and again, until nothing is left.
fn is_acyclic(graph: &[u64]) -> bool {
    let mut left = u64::MAX >> (64 - graph.len());
    while let Some(root) = (0..graph.len()).find(|&j| left >> j & 1 == 1 && graph[j] & left == 0) {
        left &= !(1 << root);
    }
    left == 0
}

/// The parents that stand at `place` in the table of `node`: their bits with one for the node put in between.
fn parents_at(place: usize, node: usize) -> u64 {
    let low = (1u64 << node) - 1;
    let place = place as u64;
    place & low | (place & !low) << 1
}

/// Where a set without `node` stands in its table.
fn place_of(set: usize, node: usize) -> usize {
    let low = (1 << node) - 1;
    set & low | set >> 1 & !low
}

/// The sums of the recurrence.
#[derive(Clone, Debug)]
struct Sums {
    n: usize,
    /// α_v(S), a table of 2ⁿ⁻¹ per node.
    parents: Vec<Wide>,
    /// f(U) by the bits of U.
    dags: Vec<Wide>,
}

impl Sums {
    fn new(weights: &LogWeights) -> Self {
        let (n, families) = (weights.n, weights.families());
        let mut parents: Vec<Wide> = weights.tables.iter().map(|&w| Wide::exp(w)).collect();
        for table in parents.chunks_exact_mut(families.max(1)) {
            for bit in (0..n - 1).map(|i| 1 << i) {
                for place in (0..families).filter(|place| place & bit != 0) {
                    table[place] = table[place].plus(table[place ^ bit]);
                }
            }
        }
        let mut sums = Self { n, parents, dags: vec![Wide::ZERO; 1 << n] };
        sums.dags[0] = Wide::ONE;
        let mut above = Above::default();
        for below in 0..1 << n {
            above.fill(&sums, below);
            let f = sums.dags[below];
            for (m, (&set, &product)) in above.sets.iter().zip(&above.products).enumerate().skip(1) {
                sums.dags[set] = sums.dags[set].plus(signed(m, f.times(product)));
            }
        }
        sums
    }

    /// α_v(S), `node` not being in S.
    fn parents(&self, node: usize, set: usize) -> Wide {
        self.parents[node * ((1 << self.n) / 2) + place_of(set, node)]
    }

    /// ∂Z/∂w_v(P), laid out as α is, and ∂Z/∂f(U).
    fn slopes(&self) -> (Vec<Wide>, Vec<Wide>) {
        let (n, all) = (self.n, self.dags.len() - 1);
        let families = (1usize << n) / 2;
        // By α_v(S) first.
        let mut slopes = vec![Wide::ZERO; n * families];
        let mut by_dags = vec![Wide::ZERO; self.dags.len()];
        by_dags[all] = Wide::ONE;
        let (mut above, mut by_products) = (Above::default(), Vec::new());
        for below in (0..all).rev() {
            above.fill(self, below);
            by_products.clear();
            by_products.extend(above.sets.iter().enumerate().map(|(m, &set)| signed(m, by_dags[set])));
            by_products[0] = Wide::ZERO;
            for m in (1..above.sets.len()).rev() {
                let (rest, node) = (m & (m - 1), above.nodes[m.trailing_zeros() as usize]);
                let at = node * families + place_of(below, node);
                slopes[at] = slopes[at].plus(by_products[m].times(above.products[rest]));
                by_products[rest] = by_products[rest].plus(by_products[m].times(self.parents[at]));
            }
            by_dags[below] = by_products[0];
            for &node in &above.nodes {
                let at = node * families + place_of(below, node);
                slopes[at] = slopes[at].times(self.dags[below]);
            }
        }
        // A family is in α_v(S) for every S that holds it.
        for table in slopes.chunks_exact_mut(families.max(1)) {
            for bit in (0..n - 1).map(|i| 1 << i) {
                for place in (0..families).filter(|place| place & bit == 0) {
                    table[place] = table[place].plus(table[place ^ bit]);
                }
            }
        }
        (slopes, by_dags)
    }
}

/// (−1)^{|L|+1} x, for the set L with these bits.
fn signed(bits: usize, x: Wide) -> Wide {
    if bits.count_ones().is_multiple_of(2) { x.negative() } else { x }
}

/// For one set S: all sets L of the other nodes, numbered by bits over those.
#[derive(Default)]
struct Above {
    /// The nodes that are not in S.
    nodes: Vec<usize>,
    /// S ∪ L.
    sets: Vec<usize>,
    /// ∏_{v ∈ L} α_v(S).
    products: Vec<Wide>,
}

impl Above {
    fn fill(&mut self, sums: &Sums, below: usize) {
        self.nodes.clear();
        self.nodes.extend((0..sums.n).filter(|v| below >> v & 1 == 0));
        self.sets.clear();
        self.sets.push(below);
        self.products.clear();
        self.products.push(Wide::ONE);
        for m in 1usize..1 << self.nodes.len() {
            let (rest, node) = (m & (m - 1), self.nodes[m.trailing_zeros() as usize]);
            self.sets.push(self.sets[rest] | 1 << node);
            self.products.push(self.products[rest].times(sums.parents(node, below)));
        }
    }
}

#[cfg(test)]
mod tests;
