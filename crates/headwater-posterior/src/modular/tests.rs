//! Sums over DAGs against numbers that are known.

use super::*;

/// Numbers of labelled DAGs on 1, 2, 3, … nodes (OEIS A003024).
const DAGS: [i128; 11] = [
    1,
    3,
    25,
    543,
    29_281,
    3_781_503,
    1_138_779_265,
    783_702_329_343,
    1_213_442_454_842_881,
    4_175_098_976_430_598_143,
    31_603_459_396_418_917_607_425,
];

#[test]
fn dags_are_counted_exactly() {
    for (i, count) in DAGS.into_iter().enumerate() {
        let n = i + 1;
        let mut weights = LogWeights::new(n).expect("few nodes");
        weights.tables.fill(0.0);
        let sums = Sums::new(&weights);
        let found = sums.dags[(1 << n) - 1];
        assert_eq!(found.whole(), count, "{n} nodes");
        // What can follow no nodes at all is all DAGs.
        assert_eq!(sums.slopes().1[0].whole(), count, "{n} nodes");
        // By symmetry all edges are alike.
        let edges = Dags::new(weights).expect("there are DAGs").marginals.edges;
        let off = |k: usize| k / n != k % n;
        let first = edges.get(1).copied().unwrap_or(0.0);
        assert!((0..n * n).all(|k| (edges[k] - if off(k) { first } else { 0.0 }).abs() < 1e-15), "{edges:?}");
    }
}
