//! The exact posterior over all DAGs whose weights are products over nodes: log Z and the edges, by dynamic programming.
//!
//! A weight is *modular* if it is w(G) = ∏_v w_v(Pa_v). Let α_v(S) = Σ_{P ⊆ S} w_v(P), and f(U) be the sum of the weights of
//! the DAGs on U. Inclusion and exclusion over sets L of nodes that no node of U has for a parent (Robinson 1973; with
//! weights, Tian & He 2009) gives
//!
//! f(U) = Σ_{∅ ≠ L ⊆ U} (−1)^{|L|+1} f(U∖L) ∏_{v ∈ L} α_v(U∖L),  f(∅) = 1,  Z = f(V):
//!
//! 3ⁿ terms, and no order of the nodes is preferred. The probability of a family is that of its weight's share in Z,
//! w_v(P) ∂Z/∂w_v(P) / Z; all derivatives together, which are taken backwards through the sum, cost as much as Z a few
//! times.
//!
//! **Accuracy.** Terms have both signs. Written out, every DAG is in as many of them as there are ordered partitions of
//! its nodes into sets that have parents in earlier sets only: a(n), the ordered Bell number (1, 3, 13, 75, 541, …), at
//! most. So the terms' absolute values add up to a(n) Z at most, and those with one family to a(n) times its share. In plain
//! numbers six to eight digits could be lost for ten nodes; numbers of 106 bits ([`wide::Wide`]) bound the relative error
//! of Z and of every probability by a(n) · n 2ⁿ · 2⁻¹⁰³, which is 10⁻¹⁶ for twelve nodes and 10⁻⁹ for sixteen. What is
//! left is the rounding of the log weights themselves: 10⁻¹⁶ of their sizes, in log Z.

mod wide;

use wide::Wide;

/// The largest number of nodes: n 2ⁿ numbers of 24 bytes, 3ⁿ terms.
pub const MAX_NODES: usize = 16;

/// There are too many nodes to sum over all DAGs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum over all DAGs is worked out for at most {MAX_NODES} nodes, not for `{0}`: it has 3ⁿ terms")]
pub struct TooManyNodes(pub usize);

/// What is known of the distribution over DAGs in proportion to a modular weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Modular {
    /// The logarithm of the sum of all weights.
    pub log_z: f64,
    /// P(i → j) at i · n + j.
    pub edges: Vec<f64>,
}

impl Modular {
    /// The distribution over DAGs on `n` nodes with weights ∏_v exp(`log_weight`(v, Pa_v)), parents as bits; −∞ forbids a
    /// family.
    ///
    /// Asks for each of the n 2ⁿ⁻¹ families once. `None` if no DAG has a weight.
    ///
    /// # Errors
    /// If there are more than [`MAX_NODES`] nodes.
    pub fn new(
        n: usize,
        mut log_weight: impl FnMut(usize, u64) -> f64,
    ) -> Result<Option<Self>, TooManyNodes> {
        if n > MAX_NODES {
            return Err(TooManyNodes(n));
        }
        let mut weights = Vec::with_capacity(n * ((1 << n) / 2));
        for node in 0..n {
            weights
                .extend((0..(1 << n) / 2).map(|place| Wide::exp(log_weight(node, parents_at(place, node)))));
        }
        Ok(Self::of(n, &weights))
    }

    fn of(n: usize, weights: &[Wide]) -> Option<Self> {
        let sums = Sums::new(n, weights);
        let z = sums.dags[sums.dags.len() - 1];
        if z == Wide::ZERO {
            return None;
        }
        let slopes = sums.slopes();
        let families = (1usize << n) / 2;
        let mut edges = vec![0.0; n * n];
        for node in 0..n {
            let range = node * families..(node + 1) * families;
            for (place, (&weight, &slope)) in weights[range.clone()].iter().zip(&slopes[range]).enumerate() {
                // Rounding may leave a share of nothing below 0.
                let share = weight.times(slope).over(z).max(0.0);
                let parents = parents_at(place, node);
                (0..n).filter(|i| parents >> i & 1 == 1).for_each(|i| edges[i * n + node] += share);
            }
        }
        edges.iter_mut().for_each(|p| *p = p.min(1.0));
        Some(Self { log_z: z.ln(), edges })
    }

    /// Expected number of edges.
    pub fn mean_edges(&self) -> f64 {
        self.edges.iter().sum()
    }
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
struct Sums {
    n: usize,
    /// α_v(S), a table of 2ⁿ⁻¹ per node.
    parents: Vec<Wide>,
    /// f(U) by the bits of U.
    dags: Vec<Wide>,
}

impl Sums {
    fn new(n: usize, weights: &[Wide]) -> Self {
        let families = (1usize << n) / 2;
        let mut parents = weights.to_vec();
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

    /// ∂Z/∂w_v(P), laid out as α is.
    fn slopes(&self) -> Vec<Wide> {
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
        slopes
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
        let families = (1usize << sums.n) / 2;
        self.nodes.clear();
        self.nodes.extend((0..sums.n).filter(|v| below >> v & 1 == 0));
        self.sets.clear();
        self.sets.push(below);
        self.products.clear();
        self.products.push(Wide::ONE);
        for m in 1usize..1 << self.nodes.len() {
            let (rest, node) = (m & (m - 1), self.nodes[m.trailing_zeros() as usize]);
            self.sets.push(self.sets[rest] | 1 << node);
            let factor = sums.parents[node * families + place_of(below, node)];
            self.products.push(self.products[rest].times(factor));
        }
    }
}

#[cfg(test)]
mod tests;
