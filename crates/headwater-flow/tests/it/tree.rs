//! `sparse` and `cost` without capacities: trees.

use headwater_core::Key;
use headwater_flow::{Choice, Solution, Unsolvable};
use headwater_graph::Attribute;

use crate::random::{dag, small, wide};
use crate::reference::{backward_of, trees};
use crate::{carried, close, network, random, solve, total_cost, with};

/// Every probability of the backward policy is 0 or 1 where flow arrives.
fn assert_tree(network: &headwater_graph::Network, solution: &Solution) {
    for e in (0..network.graph().n_edges()).filter(|&e| solution.flow.edge[e] > f64::NEG_INFINITY) {
        assert_eq!(solution.backward[e], 0.0);
    }
    let carrying = solution.flow.state.iter().filter(|&&f| f > f64::NEG_INFINITY).count();
    assert_eq!(solution.n_carrying(), carrying - 1);
}

#[test]
fn cost_takes_the_cheapest_of_parallel_paths() {
    let edges = [("s", "a"), ("s", "b"), ("a", "x"), ("b", "x"), ("s", "x")];
    let n = with(
        network(&edges, &[("x", 3.0)]),
        Attribute::Cost,
        &[("s", "a", 1.0), ("a", "x", 1.0), ("s", "b", 5.0), ("b", "x", -4.0), ("s", "x", 2.5)],
    );
    let solution = solve(&n, Choice::Cost).unwrap();
    assert!(close(carried(&n, &solution, "b", "x"), 3.0));
    assert_eq!((carried(&n, &solution, "a", "x"), carried(&n, &solution, "s", "x")), (0.0, 0.0));
    assert!(close(total_cost(&n, &solution), 3.0));
    assert_eq!(solution.n_carrying(), 2);
}

#[test]
fn of_paths_that_cost_the_same_the_shortest_and_then_the_first() {
    // To y the longer path comes first, to x there are two alike.
    let edges = [("s", "a"), ("a", "c"), ("c", "y"), ("s", "b"), ("b", "y"), ("a", "x"), ("b", "x")];
    let n = with(network(&edges, &[("x", 1.0), ("y", 1.0)]), Attribute::Cost, &[]);
    let solution = solve(&n, Choice::Cost).unwrap();
    assert_eq!(carried(&n, &solution, "b", "y"), 1.0);
    assert_eq!(carried(&n, &solution, "a", "x"), 1.0);
}

#[test]
fn a_single_path_has_one_flow() {
    let n =
        with(network(&[("s", "a"), ("a", "x")], &[("s", 1.0), ("a", 0.0), ("x", 2.0)]), Attribute::Cost, &[]);
    for choice in [Choice::Sparse, Choice::Cost] {
        let solution = solve(&n, choice).unwrap();
        assert!(close(carried(&n, &solution, "s", "a"), 2.0));
    }
}

#[test]
fn costs_near_the_largest_number_do_not_overflow() {
    let edges = [("s", "a"), ("s", "b"), ("a", "c"), ("b", "c"), ("c", "x")];
    let costs = [("s", "a", 1.7e308), ("s", "b", 1.6e308), ("a", "c", 1.7e308), ("c", "x", 1e308)];
    let n =
        with(network(&edges, &[("x", 1.0)]), Attribute::Cost, &[&costs[..], &[("b", "c", 1.7e308)]].concat());
    assert_eq!(carried(&n, &solve(&n, Choice::Cost).unwrap(), "s", "b"), 1.0);
}

#[test]
fn what_the_file_lacks_is_named() {
    let n = network(&[("s", "x")], &[("x", 1.0)]);
    assert_eq!(solve(&n, Choice::Cost).unwrap_err(), Unsolvable::Lacks(Attribute::Cost));
    let error = solve(&n, Choice::Capacity).unwrap_err();
    assert_eq!(error.to_string(), "no edge has a capacity");
    assert_eq!(error.hint().unwrap(), "add the attribute `capacity` to the edges of the graph");
}

#[test]
fn sparse_shares_a_parent() {
    // The shortest paths take a, b and c; d serves all three.
    let edges = [
        ("s", "a"),
        ("s", "b"),
        ("s", "c"),
        ("a", "x"),
        ("b", "y"),
        ("c", "z"),
        ("s", "d"),
        ("d", "x"),
        ("d", "y"),
        ("d", "z"),
        ("s", "dead"),
        ("dead", "end"),
    ];
    let n = network(&edges, &[("x", 1.0), ("y", 2.0), ("z", 3.0), ("end", 0.0)]);
    let solution = solve(&n, Choice::Sparse).unwrap();
    assert_tree(&n, &solution);
    assert_eq!(solution.n_carrying(), 4);
    assert!(close(carried(&n, &solution, "s", "d"), 6.0));
}

/// 300 random DAGs of 5 to 10 nodes: no tree is cheaper, and of all trees hardly one has fewer edges.
#[test]
fn no_tree_is_cheaper_and_few_are_sparser() {
    let (mut tried, mut missed) = (0, 0);
    for trial in 0..300 {
        let key = Key::new(11).fold(trial);
        let cost = |k: Key| f64::from(k.below(21)) - 7.0;
        let n = random::with(dag(key, 5 + key.below(6), small), Attribute::Cost, key.fold(7), cost);
        let (sparse, cheap) = (solve(&n, Choice::Sparse).unwrap(), solve(&n, Choice::Cost).unwrap());
        assert_tree(&n, &sparse);
        assert_tree(&n, &cheap);
        let (mut fewest, mut least) = (usize::MAX, f64::INFINITY);
        let complete = trees(n.graph(), 5000, |chosen| {
            let tree = Solution::new(&n, backward_of(n.graph(), chosen));
            fewest = fewest.min(tree.n_carrying());
            least = least.min(tree.mean_cost(&n).unwrap());
        });
        if complete {
            tried += 1;
            assert!(cheap.mean_cost(&n).unwrap() <= least + 1e-12);
            assert!((fewest..=fewest + 1).contains(&sparse.n_carrying()), "{trial}");
            missed += usize::from(sparse.n_carrying() > fewest);
        }
    }
    assert!(tried >= 200, "{tried}");
    assert!(100 * missed <= tried, "{missed} of {tried}");
}

/// 100 random DAGs of 40 nodes with rewards from 1e-300 to 1e300: [`solve`] checks every equation to 1e-9.
#[test]
fn rewards_of_any_range_stay_exact() {
    for trial in 0..100 {
        let key = Key::new(12).fold(trial);
        let n = random::with(dag(key, 40, wide), Attribute::Cost, key.fold(7), |k| 1e3 * k.normal());
        for choice in [Choice::Sparse, Choice::Cost] {
            assert_tree(&n, &solve(&n, choice).unwrap());
        }
    }
}
