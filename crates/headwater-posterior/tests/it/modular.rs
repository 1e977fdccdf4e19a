//! Sums over all DAGs against adding up every one of them, and against what symmetry says; draws from them.

use std::collections::HashMap;

use headwater_core::Key;
use headwater_posterior::{Dags, Graph, LogWeights, Modular, TooManyNodes};

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

/// All DAGs on `n` nodes with these log weights.
fn all(n: usize, log_weight: impl Fn(usize, u64) -> f64) -> Option<Dags> {
    let mut weights = LogWeights::new(n).expect("few nodes");
    for node in 0..n {
        for parents in (0..1u64 << n).filter(|parents| parents >> node & 1 == 0) {
            weights.set(node, parents, log_weight(node, parents));
        }
    }
    Dags::new(weights)
}

fn sum(n: usize, log_weight: impl Fn(usize, u64) -> f64) -> Modular {
    all(n, log_weight).expect("there are DAGs with a weight").marginals
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
            let found = sum(n, &weight);
            same(&found, &by_hand(n, &weight), 1e-12);
        }
    }
}

#[test]
fn families_can_be_forbidden() {
    // At most one parent each: forests, of which there are 16 and 125 on 3 and 4 nodes.
    let few = |_: usize, parents: u64| if parents.count_ones() > 1 { f64::NEG_INFINITY } else { 0.0 };
    for (n, count) in [(2, 3.0), (3, 16.0), (4, 125.0), (12, 13f64.powi(11))] {
        let found = sum(n, few);
        assert!((found.log_z - f64::ln(count)).abs() < 1e-14 * n as f64, "{n}: {}", found.log_z);
        // A forest on n nodes with a root besides is a tree on n + 1 of them; each of n(n − 1) edges is as likely, and a
        // node has the root for a parent in 2 of n + 1 of those trees.
        let each = (1.0 - 2.0 / (n as f64 + 1.0)) / (n as f64 - 1.0);
        assert!(found.edges.iter().all(|p| *p == 0.0 || (p - each).abs() < 1e-14), "{found:?}");
    }
    // Every node must have a parent: there is no such DAG.
    let never = |_: usize, parents: u64| if parents == 0 { f64::NEG_INFINITY } else { 0.0 };
    assert!(all(4, never).is_none());
}

/// Where nearly everything cancels: without edges of any weight f(U) = 1 is a sum of 2^n − 1 terms ±1.
#[test]
fn nothing_is_lost_to_cancellation() {
    for n in [8, 12] {
        let alone = |_: usize, parents: u64| if parents == 0 { 0.0 } else { -200.0 };
        let found = sum(n, alone);
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
    let found = sum(10, both);
    let mut edges = vec![0.0; 100];
    for (i, j) in (0..5).flat_map(|i| (0..5).map(move |j| (i, j))) {
        edges[i * 10 + j] = half.edges[i * 5 + j];
        edges[(i + 5) * 10 + j + 5] = half.edges[i * 5 + j];
    }
    same(&found, &Modular { log_z: 2.0 * half.log_z, edges }, 1e-12);
}

#[test]
fn too_many_nodes_are_refused() {
    assert_eq!(LogWeights::new(21).err(), Some(TooManyNodes(21)));
}

/// Weights as a hundred thousand rows make them: log weights of tens of thousands, of both signs, and networks that lie
/// 28,000 apart. Adding the same to all families of a node shifts log Z, and nothing else.
#[test]
fn weights_of_any_size_neither_overflow_nor_vanish() {
    for n in [4, 5] {
        let weight = random(11, 56_000.0);
        for shift in [-1e5, 0.0, 1e5] {
            let shifted = |node: usize, parents: u64| weight(node, parents) + shift * (node as f64 + 1.0);
            let found = all(n, shifted).expect("positive weights");
            let expected = by_hand(n, shifted);
            same(&found.marginals, &expected, 1e-10);
            // One network is left, and it is drawn and found.
            let best = found.best();
            assert!(found.draw(50, Key::new(1)).iter().all(|graph| *graph == best), "{best:?}");
            assert!((found.log_weight(&best) - expected.log_z).abs() < 1e-6);
        }
        // Near ties among numbers of this size stay what they are: two families alike but for ln 3.
        let tied = |node: usize, parents: u64| match (node, parents) {
            (0, 0b10) => 28_000.0 + 3f64.ln(),
            (1, 0b01) => 28_000.0,
            _ => -28_000.0 * parents.count_ones() as f64,
        };
        let found = sum(n, tied);
        let close = (found.edges[n] - 0.75).abs().max((found.edges[1] - 0.25).abs());
        assert!(close < 1e-9, "{found:?}");
    }
}

/// Pearson's statistic of counts against probabilities, those with fewer than five expected in one cell; and its degrees of
/// freedom.
fn pearson(counts: &HashMap<Graph, usize>, expected: &[(Graph, f64)]) -> (f64, f64) {
    let (mut statistic, mut cells, mut rest) = (0.0, 0.0, (0.0, 0.0));
    for (graph, expected) in expected {
        let count = counts.get(graph).copied().unwrap_or(0) as f64;
        if *expected < 5.0 {
            rest = (rest.0 + count, rest.1 + expected);
        } else {
            statistic += (count - expected) * (count - expected) / expected;
            cells += 1.0;
        }
    }
    if rest.1 > 0.0 {
        statistic += (rest.0 - rest.1) * (rest.0 - rest.1) / rest.1;
        cells += 1.0;
    }
    (statistic, cells - 1.0)
}

/// The log weight of a node with its parents.
type Weight = Box<dyn Fn(usize, u64) -> f64>;

#[test]
fn draws_are_those_of_the_posterior() {
    // Pearson's statistic has mean k and variance 2k, and is nearly normal for the large k here; five standard deviations
    // above the mean are exceeded once in 10⁶ times for large k, in 10⁵ for k of 20, by draws that are what they should be.
    // A cell with few expected draws adds some variance. The seed is fixed.
    const DRAWS: usize = 200_000;
    let few = |node: usize, parents: u64| {
        if parents.count_ones() > 1 { f64::NEG_INFINITY } else { random(9, 4.0)(node, parents) }
    };
    let weights: [(usize, Weight); 6] = [
        (3, Box::new(|_, _| 0.0)),
        (4, Box::new(random(5, 2.0))),
        (4, Box::new(few)),
        (5, Box::new(|_, _| 0.0)),
        (5, Box::new(random(6, 6.0))),
        (5, Box::new(random(7, 20.0))),
    ];
    for (case, (n, weight)) in weights.iter().enumerate() {
        let found = all(*n, weight).expect("positive weights");
        let mut counts = HashMap::new();
        for graph in found.draw(DRAWS, Key::new(case as u64)) {
            *counts.entry(graph).or_insert(0) += 1;
        }
        let log_z = found.marginals.log_z;
        let listed = found.list();
        let expected: Vec<(Graph, f64)> = listed
            .into_iter()
            .map(|graph| {
                let p = (found.log_weight(&graph) - log_z).exp();
                (graph, DRAWS as f64 * p)
            })
            .collect();
        let total: f64 = expected.iter().map(|e| e.1).sum();
        assert!((total / DRAWS as f64 - 1.0).abs() < 1e-9, "case {case}: all add up to {total}");
        assert!(counts.keys().all(|graph| expected.iter().any(|e| e.0 == *graph)), "case {case}");
        let (statistic, k) = pearson(&counts, &expected);
        assert!(
            statistic < k + 5.0 * (2.0 * k).sqrt(),
            "case {case}: {statistic} for {k} degrees of freedom"
        );
        let best = expected.iter().map(|e| e.1).fold(0.0, f64::max);
        let found_best = (found.log_weight(&found.best()) - log_z).exp() * DRAWS as f64;
        assert!((found_best / best - 1.0).abs() < 1e-9, "case {case}: {found_best}, not {best}");
    }
}

/// At nine nodes nothing can be listed: the edges of draws are those of the sum, and more draws begin as fewer do.
#[test]
fn edges_of_draws_are_those_of_the_sum() {
    let (n, weight) = (9, random(13, 30.0));
    let found = all(n, weight).expect("positive weights");
    let graphs = found.draw(20_000, Key::new(3));
    for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
        let p = found.marginals.edges[i * n + j];
        let share = graphs.iter().filter(|graph| graph[j] >> i & 1 == 1).count() as f64 / 20_000.0;
        // 72 edges, each beyond five standard deviations and a count of two once in 10⁶ times.
        let bound = 5.0 * (p * (1.0 - p) / 20_000.0).sqrt() + 1e-4;
        assert!((share - p).abs() <= bound, "{i} -> {j}: {share}, not {p}");
    }
    assert_eq!(found.draw(100, Key::new(3)), graphs[..100]);
}
