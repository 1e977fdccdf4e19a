//! Observations of a random linear-Gaussian network, for instances without a file.

use headwater_core::Key;

use super::data::Data;
use super::graph::Graph;

/// Standard deviation of the noise: a variance of 0.1.
const NOISE: f64 = 0.316_227_766_016_837_94;

/// A random network: every pair of nodes is joined with one probability, along a random order.
pub struct Generated {
    /// Who depends on whom.
    pub truth: Graph,
    /// What was observed.
    pub data: Data,
}

/// Draws a network on `n` nodes with `edges_per_node` · n edges in expectation (at most all), weights N(0, 1), and `rows`
/// observations x_j = Σ w_ij x_i + N(0, 0.1) over the parents i of j.
pub fn generate(n: usize, edges_per_node: f64, rows: usize, seed: u64) -> Generated {
    let key = Key::new(seed);
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, key.fold(0).fold(i as u64).below(i as u32 + 1) as usize);
    }
    let p = 2.0 * edges_per_node / (n - 1) as f64;
    let mut truth = Graph::empty(n);
    let mut weights = vec![0.0; n * n];
    for (k, &to) in order.iter().enumerate() {
        for &from in &order[..k] {
            let pair = (from * n + to) as u64;
            if key.fold(1).fold(pair).unit() < p {
                truth.add(from, to);
                weights[from * n + to] = key.fold(2).fold(pair).normal();
            }
        }
    }
    let mut columns: Vec<Vec<f64>> = vec![Vec::with_capacity(rows); n];
    for row in 0..rows {
        let noise = key.fold(3).fold(row as u64);
        for &to in &order {
            let mean: f64 = super::graph::nodes(truth.parents()[to])
                .map(|from| weights[from * n + to] * columns[from][row])
                .sum();
            columns[to].push(mean + NOISE * noise.fold(to as u64).normal());
        }
    }
    let named = columns.into_iter().enumerate().map(|(i, values)| (format!("x{i}"), values));
    Generated { truth, data: Data::of_numbers(named.collect()) }
}
