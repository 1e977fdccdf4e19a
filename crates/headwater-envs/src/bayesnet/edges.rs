//! How many edges the DAGs on labelled nodes have, where each edge multiplies the weight of a DAG by one factor.
//!
//! A DAG is taken apart into layers: the nodes without parents first, then again and again those whose parents all lie in
//! earlier layers, at least one of them in the last one. With u nodes placed, l of them in the last layer, a further node
//! has a(u, l) = Σ_j [C(u, j) − C(u − l, j)] x^j, j at least 1, as the weight of its parents, and
//!
//! F(u, l) = Σ_{m ≥ 1} C(n − u, m) a(u, l)^m F(u + m, m),  F(n, ·) = 1,
//!
//! where the first layer has a = 1. All terms are positive, so that no digits are lost, and there are n³ of them. The
//! number of edges in the mean is carried along.

use super::special::log_sum;

/// The logarithm of a sum of weights, and the mean number of edges under them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Total {
    /// log Σ x^edges.
    pub log: f64,
    /// Σ edges · x^edges / Σ x^edges.
    pub edges: f64,
}

impl Total {
    /// The sum of weighted parts, each with its own mean.
    fn of(parts: &[(f64, f64)]) -> Self {
        let log = log_sum(parts.iter().map(|part| part.0));
        let edges = parts.iter().map(|(part, edges)| (part - log).exp() * edges).sum();
        Self { log, edges }
    }
}

/// The DAGs on `n` labelled nodes (1 to 64) with at most `most` parents each, where log x is `log_factor`.
pub fn total(n: usize, most: usize, log_factor: f64) -> Total {
    let choose = binomials(n);
    let log = |count: u64| (count as f64).ln();
    // By nodes placed and nodes in the last layer.
    let mut rest = vec![Total { log: 0.0, edges: 0.0 }; (n + 1) * (n + 1)];
    let mut parts = Vec::new();
    for placed in (0..n).rev() {
        for last in 1.min(placed)..=placed {
            let parents = if placed == 0 {
                Total { log: 0.0, edges: 0.0 }
            } else {
                parts.clear();
                let sets = |j: usize| choose[placed][j] - choose[placed - last][j];
                let weight = |j: usize| (log(sets(j)) + j as f64 * log_factor, j as f64);
                parts.extend((1..=placed.min(most)).map(weight));
                Total::of(&parts)
            };
            parts.clear();
            parts.extend((1..=n - placed).map(|m| {
                let after = rest[(placed + m) * (n + 1) + m];
                let many = m as f64;
                let weight = log(choose[n - placed][m]) + many * parents.log + after.log;
                (weight, many * parents.edges + after.edges)
            }));
            rest[placed * (n + 1) + last] = Total::of(&parts);
        }
    }
    rest[0]
}

/// The logarithm of the factor under which DAGs on `n` nodes with at most `most` parents each have `edges` edges in the
/// mean, which is more than 0 and less than what they can have at most.
pub fn log_factor(n: usize, most: usize, edges: f64) -> f64 {
    // The mean rises with the factor. 60 halvings of this range leave nothing but rounding.
    let (mut low, mut high) = (-64.0, 64.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if total(n, most, middle).edges < edges {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// C(i, j) for i and j up to `n` ≤ 64, which 64 bits hold.
fn binomials(n: usize) -> Vec<Vec<u64>> {
    let mut rows = vec![vec![0u64; n + 1]; n + 1];
    for i in 0..=n {
        rows[i][0] = 1;
        for j in 1..=i {
            rows[i][j] = rows[i - 1][j - 1] + rows[i - 1][j];
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dags_are_counted() {
        // OEIS A003024; with one parent each at most they are forests, (n + 1)^(n − 1).
        let counts =
            [(1, 1.0), (2, 3.0), (3, 25.0), (4, 543.0), (5, 29_281.0), (11, 3.160_345_939_641_892e22)];
        for (n, count) in counts.into_iter().chain([(20, 2.344_880_451_051_089e72)]) {
            let log = total(n, n, 0.0).log;
            assert!((log - f64::ln(count)).abs() < 1e-12 * (1.0 + log), "{n} nodes: {log}");
        }
        for n in [3, 7, 64] {
            let (log, forests) = (total(n, 1, 0.0).log, (n - 1) as f64 * ((n + 1) as f64).ln());
            assert!((log - forests).abs() < 1e-12 * (1.0 + log), "{n} nodes: {log}");
        }
        // 2,016 edges lead to larger ones among the 543 DAGs on four nodes: as many as they have, all in all.
        assert!((total(4, 4, 0.0).edges - 2016.0 / 543.0).abs() < 1e-12);
    }

    #[test]
    fn the_mean_is_the_slope_of_the_logarithm() {
        for (n, most, at) in [(5, 5, -1.0), (9, 2, 0.7), (20, 20, -2.0), (64, 64, -3.0)] {
            let slope = (total(n, most, at + 1e-5).log - total(n, most, at - 1e-5).log) / 2e-5;
            let mean = total(n, most, at).edges;
            assert!((slope - mean).abs() < 1e-5 * mean, "{n} nodes: {mean} instead of {slope}");
        }
    }

    #[test]
    fn factors_give_the_edges_that_are_asked_for() {
        for (n, most, edges) in [(2, 2, 0.2), (20, 20, 20.0), (64, 64, 128.0), (12, 2, 15.0), (5, 5, 9.5)] {
            let found = total(n, most, log_factor(n, most, edges)).edges;
            assert!((found - edges).abs() < 1e-9 * edges, "{n} nodes: {found} instead of {edges}");
        }
    }
}
