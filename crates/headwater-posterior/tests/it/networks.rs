//! Posteriors over networks that can be worked out by hand or by enumeration.

use std::collections::HashMap;

use headwater_core::Key;
use headwater_posterior::{Evidence, Graph, Networks, distance, essential};

use crate::support::dags;

fn graph(parents: &[u64]) -> Graph {
    parents.into()
}

#[test]
fn three_graphs_have_the_probabilities_that_one_adds_up() {
    // 0 → 2 ← 1, 0 → 1 → 2, and nothing; weights 3 : 2 : 5.
    let (v, chain, none) = (graph(&[0, 0, 0b11]), graph(&[0, 1, 0b10]), graph(&[0, 0, 0]));
    let weights = [(v.clone(), 3f64.ln()), (chain.clone(), 2f64.ln()), (none, 5f64.ln())];
    let exact = Networks::exact(3, weights.clone());
    let near = |found: &[f64], expected: &[f64]| {
        let far = found.iter().zip(expected).any(|(x, y)| (x - y).abs() > 1e-12);
        assert!(!far && found.len() == expected.len(), "{found:?} instead of {expected:?}");
    };
    near(&exact.edges(), &[0.0, 0.2, 0.3, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0]);
    near(&exact.paths(), &[0.0, 0.2, 0.5, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0]);
    // In the collider, 0 and 1 are parents of one child; in the chain, 0 and 2 are no neighbours.
    near(&exact.blankets(), &[0.0, 0.5, 0.3, 0.5, 0.0, 0.5, 0.3, 0.5, 0.0]);
    assert_eq!(exact.blankets_of(0).iter().map(|b| b.0).collect::<Vec<_>>(), [0b000, 0b110, 0b010]);
    near(&[exact.mean_edges(), exact.mean_distance(&v)], &[1.0, 0.2 * 2.0 + 0.5 * 2.0]);
    let entropy = -(0.3 * 0.3f64.ln() + 0.2 * 0.2f64.ln() + 0.5 * 0.5f64.ln());
    near(&[exact.entropy(), exact.graphs()[1].1], &[entropy, 0.3]);
    assert_eq!(exact.known(0.3).low, 0.3);

    // Three draws of these weights: (Σw)²/Σw² = 100/38.
    let draws = Networks::draws(3, weights);
    let Evidence::Draws { effective } = draws.evidence() else { panic!("draws are no enumeration") };
    near(&[effective], &[100.0 / 38.0]);
    near(&draws.edges(), &exact.edges());
    assert_eq!(distance(&chain, &v), 2);
    assert_eq!(distance(&chain, &graph(&[0b10, 0b100, 0])), 2);
}

#[test]
fn intervals_are_wilsons() {
    // By the formula, z² being 3.841459, for 8 of 10 and 0 of 10.
    let of = |effective, value| Evidence::Draws { effective }.probability(value);
    let p = of(10.0, 0.8);
    assert!((p.low - 0.490162).abs() < 1e-6 && (p.high - 0.943318).abs() < 1e-6, "{p:?}");
    let p = of(10.0, 0.0);
    assert!(p.low == 0.0 && (p.high - 0.277533).abs() < 1e-6, "{p:?}");
    let p = of(0.0, 1.0);
    assert!(p.low < 0.3 && p.high == 1.0, "{p:?}");
}

#[test]
fn intervals_cover_nearly_as_often_as_they_say() {
    // 2000 intervals of 200 draws each. At 95 % coverage 1900 hold the truth, with a standard deviation of 9.7; Wilson's
    // coverage at these p is 94.4, 94.4 and 95.6 %, at which a bound fails with probability below 3e-9.
    for (k, p) in [0.03, 0.5, 0.9].into_iter().enumerate() {
        let held = |trial: u64| {
            let key = Key::new(k as u64).fold(trial);
            let hits = (0..200).filter(|&i| key.fold(i).unit() < p).count() as f64 / 200.0;
            let interval = Evidence::Draws { effective: 200.0 }.probability(hits);
            (interval.low..=interval.high).contains(&p)
        };
        let share = (0..2000).filter(|&trial| held(trial)).count();
        assert!((1820..=1960).contains(&share), "{share} of 2000 at {p}");
    }
}

#[test]
fn essential_graphs_are_what_the_graphs_of_a_class_share() {
    // 1, 2, 11, 185 classes: Gillispie & Perlman 2001.
    for (n, classes) in [(1, 1), (2, 2), (3, 11), (4, 185)] {
        let mut members: HashMap<_, Vec<Graph>> = HashMap::new();
        for dag in dags(n) {
            members.entry(essential(&dag)).or_default().push(dag);
        }
        assert_eq!(members.len(), classes);
        for (essential, members) in members {
            for j in 0..n {
                let in_all = members.iter().fold(u64::MAX, |all, dag| all & dag[j]);
                let in_any = members.iter().fold(0, |any, dag| any | dag[j]);
                assert_eq!(essential.directed[j], in_all, "{essential:?}");
                assert_eq!(essential.directed[j] | essential.undirected[j], in_any, "{essential:?}");
            }
        }
    }
}

#[test]
fn uniform_dags_have_the_edges_that_symmetry_asks_for() {
    let all = dags(4);
    assert_eq!(all.len(), 543);
    let uniform = Networks::exact(4, all.into_iter().map(|dag| (dag, 0.0)));
    // 2016 edges in 543 DAGs, over 12 pairs.
    let edge = 2016.0 / 543.0 / 12.0;
    let edges = uniform.edges();
    assert!((0..16).all(|k| (edges[k] - if k % 5 == 0 { 0.0 } else { edge }).abs() < 1e-12), "{edges:?}");
    assert_eq!(uniform.classes().len(), 185);
    assert!((uniform.entropy() - 543f64.ln()).abs() < 1e-12);
}
