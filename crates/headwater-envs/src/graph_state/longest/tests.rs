//! The searches against every subset of small random graphs, and what they say when they are given up.

use headwater_core::Key;
use headwater_graph::Undirected;

use super::*;
use crate::graph_state::Graph;

fn random(n: usize, p: f64, seed: u64) -> Graph {
    Graph::new(Undirected::random(n, p, Key::new(seed)))
}

fn closed(g: &Graph) -> Vec<Vertices> {
    (0..g.n()).map(|v| g.rows[v].or(&Vertices::of([v]))).collect()
}

fn subsets(n: usize) -> impl Iterator<Item = Vertices> {
    (0..1u32 << n).map(move |bits| Vertices::of((0..n).filter(|v| bits >> v & 1 == 1)))
}

/// Can `k` colours colour the set?
fn colours(g: &Graph, set: Vertices, k: u32) -> bool {
    let vertices: Vec<usize> = set.iter().collect();
    (0..k.pow(vertices.len() as u32)).any(|code| {
        let colour = |i: usize| code / k.pow(i as u32) % k;
        let clash = |i: usize| (0..i).any(|j| colour(i) == colour(j) && g.rows[vertices[i]].has(vertices[j]));
        !(0..vertices.len()).any(clash)
    })
}

#[test]
fn searches_find_what_every_subset_says() {
    for seed in 0..12 {
        let n = 1 + seed as usize % 9;
        let g = random(n, 0.15 + 0.07 * seed as f64, seed);
        let closed = closed(&g);
        let independent = |s: &Vertices| s.iter().all(|v| g.rows[v].and(s).is_empty());
        let largest = subsets(n).filter(independent).map(|s| s.len() as usize).max();
        assert_eq!(Some(compatible(&closed)), largest, "seed {seed}");
        let dominating = |s: &Vertices| closed.iter().all(|row| !row.and(s).is_empty());
        let smallest = subsets(n).filter(dominating).map(|s| s.len() as usize).min();
        assert_eq!(Some(n - removable(&closed)), smallest, "seed {seed}");
        for k in 1..=3 {
            let most = subsets(n).filter(|s| colours(&g, *s, k)).map(|s| s.len() as usize).max();
            assert_eq!(Some(colourable(&g.rows, k as usize)), most, "seed {seed}, {k} colours");
        }
    }
}

#[test]
fn searches_that_are_given_up_are_not_too_small() {
    // 60 cycles of five in a row: 120 independent vertices, 120 dominating ones, 240 that two colours colour.
    let edges: Vec<(u32, u32)> =
        (0..60).flat_map(|c| (0..5).map(move |i| (5 * c + i, 5 * c + (i + 1) % 5))).collect();
    let g = Graph::small(300, &edges);
    let closed = closed(&g);
    assert!((120..=300).contains(&compatible(&closed)));
    assert!((180..=300).contains(&removable(&closed)));
    assert!((240..=300).contains(&colourable(&g.rows, 2)));
    assert_eq!(colourable(&g.rows, 3), 300);
}
