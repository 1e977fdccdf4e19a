//! Sums over all DAGs against adding up every one of them, and against what symmetry says.

use headwater_core::Key;
use headwater_posterior::{Graph, Modular, TooManyNodes};

use crate::support::dags;

/// log Z and edges by adding up all DAGs.
fn by_hand(n: usize, log_weight: impl Fn(usize, u64) -> f64) -> Modular {
    let graphs = dags(n);
    let log = |g: &Graph| g.iter().enumerate().map(|(v, &p)| log_weight(v, p)).sum::<f64>();
    let logs: Vec<f64> = graphs.iter().map(log).collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|l| (l - largest).exp()).sum();
    let mut edges = vec![0.0; n * n];
    for (graph, log) in graphs.iter().zip(&logs) {
        for (to, from) in (0..n).flat_map(|to| (0..n).map(move |from| (to, from))) {
            if graph[to] >> from & 1 == 1 {
                edges[from * n + to] += (log - largest).exp() / total;
            }
        }
    }
    Modular { log_z: largest + total.ln(), edges }
}

/// Weights without any structure, spread over `spread` on the scale of logarithms.
fn random(seed: u64, spread: f64) -> impl Fn(usize, u64) -> f64 {
    move |node, parents| spread * (Key::new(seed).fold(node as u64).fold(parents).unit() - 0.5)
}

#[track_caller]
fn same(found: &Modular, expected: &Modular, bound: f64) {
    let far = (found.log_z - expected.log_z).abs();
    assert!(far < bound * (1.0 + expected.log_z.abs()), "{} instead of {}", found.log_z, expected.log_z);
    for (k, (x, y)) in found.edges.iter().zip(&expected.edges).enumerate() {
        assert!((x - y).abs() < bound, "edge {k}: {x} instead of {y}");
    }
}

#[test]
fn sums_are_those_of_all_dags_added_up() {
    for n in 1..=5 {
        for (seed, spread) in [(1, 0.0), (2, 2.0), (3, 60.0), (4, 3000.0)] {
            let weight = random(seed, spread);
            let found = Modular::new(n, &weight).expect("few nodes").expect("positive weights");
            same(&found, &by_hand(n, &weight), 1e-12);
        }
    }
}

#[test]
fn families_can_be_forbidden() {
    // At most one parent each: forests, of which there are 16 and 125 on 3 and 4 nodes.
    let few = |_: usize, parents: u64| if parents.count_ones() > 1 { f64::NEG_INFINITY } else { 0.0 };
    for (n, count) in [(2, 3.0), (3, 16.0), (4, 125.0), (12, 13f64.powi(11))] {
        let found = Modular::new(n, few).expect("few nodes").expect("there are forests");
        assert!((found.log_z - f64::ln(count)).abs() < 1e-14 * n as f64, "{n}: {}", found.log_z);
        // A forest on n nodes with a root besides is a tree on n + 1 of them; each of n(n − 1) edges is as likely, and a
        // node has the root for a parent in 2 of n + 1 of those trees.
        let each = (1.0 - 2.0 / (n as f64 + 1.0)) / (n as f64 - 1.0);
        assert!(found.edges.iter().all(|p| *p == 0.0 || (p - each).abs() < 1e-14), "{found:?}");
    }
    // Every node must have a parent: there is no such DAG.
    let never = |_: usize, parents: u64| if parents == 0 { f64::NEG_INFINITY } else { 0.0 };
    assert_eq!(Modular::new(4, never), Ok(None));
}

/// Where nearly everything cancels: without edges of any weight f(U) = 1 is a sum of 2^n − 1 terms ±1.
#[test]
fn nothing_is_lost_to_cancellation() {
    for n in [8, 12] {
        let alone = |_: usize, parents: u64| if parents == 0 { 0.0 } else { -200.0 };
        let found = Modular::new(n, alone).expect("few nodes").expect("positive weights");
        // One edge of all n(n − 1).
        let edge = (-200.0f64).exp();
        assert!(found.log_z.abs() < 1e-15, "{}", found.log_z);
        let near = |p: f64| (p / edge - 1.0).abs() < 1e-6;
        let off = |k: usize| k / n != k % n;
        // All sets of parents of a weight e^−200 that hold an edge: 2^(n−2) of them.
        let families = (1u64 << (n - 2)) as f64;
        assert!((0..n * n).filter(|k| off(*k)).all(|k| near(found.edges[k] / families)), "{found:?}");
    }
}

/// Two halves of nodes that do not know of each other: log Z is the sum, and edges are those of each half.
#[test]
fn independent_halves_are_independent() {
    let weight = random(7, 20.0);
    let half = by_hand(5, &weight);
    let both = |node: usize, parents: u64| {
        let (mine, other) =
            if node < 5 { (parents & 31, parents >> 5) } else { (parents >> 5, parents & 31) };
        if other == 0 { weight(node % 5, mine) } else { f64::NEG_INFINITY }
    };
    let found = Modular::new(10, both).expect("few nodes").expect("positive weights");
    let mut edges = vec![0.0; 100];
    for (i, j) in (0..5).flat_map(|i| (0..5).map(move |j| (i, j))) {
        edges[i * 10 + j] = half.edges[i * 5 + j];
        edges[(i + 5) * 10 + j + 5] = half.edges[i * 5 + j];
    }
    same(&found, &Modular { log_z: 2.0 * half.log_z, edges }, 1e-12);
}

#[test]
fn too_many_nodes_are_refused() {
    assert_eq!(Modular::new(17, |_, _| 0.0), Err(TooManyNodes(17)));
}
