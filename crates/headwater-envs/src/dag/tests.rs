use headwater_core::Key;

use super::colouring::colour;

/// Colours are proper at both ends of every edge, and no more than the largest degree.
fn check(n: usize, edges: &[(u32, u32)]) {
    let (colours, n_colours) = colour(n, edges);
    let mut degrees = vec![0; 2 * n];
    let mut seen = std::collections::HashSet::new();
    for (&(u, v), &c) in edges.iter().zip(&colours) {
        for end in [u as usize, n + v as usize] {
            degrees[end] += 1;
            assert!(seen.insert((end, c)), "colour {c} twice at {end} of {edges:?}");
        }
        assert!((c as usize) < n_colours);
    }
    assert_eq!(n_colours, degrees.into_iter().max().unwrap_or(0), "{edges:?}");
}

#[test]
fn stars_and_complete_graphs_need_as_many_colours_as_their_largest_degree() {
    check(1, &[]);
    check(2, &[(0, 1)]);
    check(50, &(1..50).map(|v| (0, v)).collect::<Vec<_>>());
    check(50, &(1..50).map(|v| (v, 0)).collect::<Vec<_>>());
    check(30, &(0..30).flat_map(|u| (u + 1..30).map(move |v| (u, v))).collect::<Vec<_>>());
}

#[test]
fn random_graphs_in_random_order_need_as_many_colours_as_their_largest_degree() {
    for trial in 0..200 {
        let key = Key::new(trial);
        let n = 2 + key.fold(0).below(40);
        let density = key.fold(1).unit();
        let mut edges: Vec<(u32, u32)> = (0..n)
            .flat_map(|u| (0..n).map(move |v| (u, v)))
            .filter(|&(u, v)| key.fold(2).fold(u64::from(u * n + v)).unit() < density)
            .collect();
        edges.sort_by_key(|&(u, v)| key.fold(3).fold(u64::from(u * n + v)).bits());
        check(n as usize, &edges);
    }
}
