//! Flows within capacities.

use headwater_core::Key;
use headwater_flow::{Choice, Unsolvable};
use headwater_graph::{Attribute, Network};

use crate::random::{dag, layered, small, wide};
use crate::reference::{cuts, excess, least_cost};
use crate::{carried, close, network, random, solve, total_cost, with};

fn capacities(n: &Network) -> &[f64] {
    n.attribute(Attribute::Capacity).expect("the network has capacities")
}

/// Two ways to x, of which the shorter is too narrow.
fn two_ways() -> Network {
    let n = network(&[("s", "x"), ("s", "a"), ("a", "x")], &[("x", 3.0)]);
    with(n, Attribute::Capacity, &[("s", "x", 1.0), ("s", "a", 10.0)])
}

#[test]
fn what_does_not_fit_goes_another_way() {
    let n = with(two_ways(), Attribute::Cost, &[("s", "a", 2.0)]);
    for choice in [Choice::Sparse, Choice::Cost] {
        let solution = solve(&n, choice).unwrap();
        assert!(close(carried(&n, &solution, "s", "x"), 1.0));
        assert!(close(carried(&n, &solution, "a", "x"), 2.0));
        assert!(close(total_cost(&n, &solution), 4.0));
        assert!(close(solution.used_share(&n).unwrap(), 1.0));
    }
}

#[test]
fn the_most_even_flow_uses_equal_shares() {
    let n = two_ways();
    let solution = solve(&n, Choice::Capacity).unwrap();
    assert!(close(carried(&n, &solution, "s", "x"), 3.0 / 11.0));
    assert!(close(solution.used_share(&n).unwrap(), 3.0 / 11.0));
}

#[test]
fn of_the_most_even_flows_the_shortest() {
    // s → x must be full; to every y there is a long way and a short one, neither as full as that.
    let names = Vec::from_iter((0..8).map(|i| format!("y{i}")));
    let mut edges = vec![("s", "x"), ("s", "a"), ("a", "b")];
    names.iter().for_each(|y| edges.extend([("b", y.as_str()), ("s", y.as_str())]));
    let rewards = Vec::from_iter(edges.iter().filter(|e| e.0 == "b").map(|e| (e.1, 1.0)));
    let n = network(&edges, &[&rewards[..], &[("x", 1.0)]].concat());
    let capacities =
        Vec::from_iter(edges.iter().map(|&(from, to)| (from, to, if to == "x" { 1.0 } else { 20.0 })));
    let n = with(n, Attribute::Capacity, &capacities);
    let solution = solve(&n, Choice::Capacity).unwrap();
    assert!(close(solution.used_share(&n).unwrap(), 1.0));
    assert_eq!(carried(&n, &solution, "a", "b"), 0.0);
}

#[test]
fn infinite_capacities_are_none() {
    let n = with(network(&[("s", "x"), ("s", "a"), ("a", "x")], &[("x", 3.0)]), Attribute::Capacity, &[]);
    for choice in [Choice::Sparse, Choice::Capacity] {
        let solution = solve(&n, choice).unwrap();
        assert!(close(carried(&n, &solution, "s", "x"), 3.0));
        assert_eq!(solution.used_share(&n), Some(0.0));
    }
}

#[test]
fn capacities_that_are_only_just_enough_are_enough() {
    // Tenths have no exact sums.
    let names = Vec::from_iter((0..30).map(|i| format!("x{i}")));
    let mut edges = vec![("s", "a"), ("s", "b")];
    names.iter().for_each(|x| edges.extend([("a", x.as_str()), ("b", x.as_str())]));
    let rewards = Vec::from_iter(names.iter().map(|x| (x.as_str(), 0.1)));
    let n = with(network(&edges, &rewards), Attribute::Capacity, &[("s", "a", 1.4), ("s", "b", 1.6)]);
    for choice in [Choice::Sparse, Choice::Capacity] {
        let solution = solve(&n, choice).unwrap();
        assert!(excess(&solution, capacities(&n)) < 1e-9);
    }
}

#[test]
fn an_edge_of_capacity_zero_carries_nothing() {
    let edges = [("s", "a"), ("s", "b"), ("a", "x"), ("b", "x"), ("a", "y"), ("b", "y")];
    let n = with(
        network(&edges, &[("x", 1.0), ("y", 1e-200)]),
        Attribute::Capacity,
        &[("s", "a", 0.9), ("a", "y", 0.0)],
    );
    for choice in [Choice::Sparse, Choice::Capacity] {
        let solution = solve(&n, choice).unwrap();
        assert_eq!(carried(&n, &solution, "a", "y"), 0.0);
        assert!(close(carried(&n, &solution, "b", "y"), 1e-200));
    }
}

#[test]
fn a_tree_that_fits_is_exact_at_any_scale() {
    let n = network(&[("s", "a"), ("a", "x"), ("s", "x"), ("s", "y")], &[("x", 1e-300), ("y", 1e300)]);
    let n = with(n, Attribute::Capacity, &[("s", "x", 1e-300), ("s", "y", 1e300)]);
    let solution = solve(&n, Choice::Sparse).unwrap();
    assert!(close(carried(&n, &solution, "s", "x"), 1e-300));
    // Too little, by nothing that double precision could tell from Z: found in logarithms, and then not seen.
    let n = with(n, Attribute::Capacity, &[("s", "x", 1e-301), ("s", "y", 1e300)]);
    assert!(excess(&solve(&n, Choice::Sparse).unwrap(), capacities(&n)) < 1e-9);
}

/// 400 random DAGs of 5 to 12 nodes with whole costs (some negative), rewards and capacities: the linear program
/// agrees with successive shortest paths in whether there is a flow and in its least cost.
#[test]
fn the_program_agrees_with_successive_shortest_paths() {
    let (mut fit, mut bound) = (0, 0);
    for trial in 0..400 {
        let key = Key::new(21).fold(trial);
        let n = dag(key, 5 + key.below(8), small);
        let n = random::with(n, Attribute::Cost, key.fold(7), |k| f64::from(k.below(21)) - 7.0);
        let capacity = |k: Key| if k.below(4) == 0 { f64::INFINITY } else { f64::from(k.fold(1).below(40)) };
        let n = random::with(n, Attribute::Capacity, key.fold(8), capacity);
        let costs = n.attribute(Attribute::Cost).unwrap();
        let ones = vec![1.0; costs.len()];
        let least = least_cost(&n, costs, capacities(&n));
        match (solve(&n, Choice::Cost), least) {
            (Ok(solution), Some(least)) => {
                let found = total_cost(&n, &solution);
                assert!((found - least).abs() <= 1e-9 * (1.0 + least.abs()), "{trial}: {found}, not {least}");
                assert!(excess(&solution, capacities(&n)) < 1e-9);
                fit += 1;
                bound +=
                    usize::from(least != least_cost(&n, costs, &vec![f64::INFINITY; costs.len()]).unwrap());
                let sparse = solve(&n, Choice::Sparse).unwrap();
                assert!(excess(&sparse, capacities(&n)) < 1e-9);
                let total: f64 = sparse.flow.edge.iter().map(|f| f.exp()).sum();
                // A tree that fits may share edges for longer ways; a vertex has the least total.
                let tree = sparse.backward.iter().all(|&b| b == 0.0 || b == f64::NEG_INFINITY);
                assert!(tree || total >= least_cost(&n, &ones, capacities(&n)).unwrap() - 1e-9);
            }
            (Err(Unsolvable::Cut(cut)), None) => {
                assert!(cut.carry < cut.need);
                assert!(matches!(solve(&n, Choice::Sparse), Err(Unsolvable::Cut(_))));
                assert!(matches!(solve(&n, Choice::Capacity), Err(Unsolvable::Cut(_))));
            }
            (found, least) => panic!("{trial}: {found:?}, not {least:?}"),
        }
    }
    assert!(fit > 100 && bound > 40, "{fit} {bound}");
}

/// 300 random DAGs of 5 to 9 nodes: the largest used share is the largest need over capacity of any cut.
#[test]
fn the_most_even_flow_is_as_even_as_its_tightest_cut() {
    let mut fit = 0;
    for trial in 0..300 {
        let key = Key::new(22).fold(trial);
        let n = dag(key, 5 + key.below(5), |k| k.unit());
        let capacity = |k: Key| if k.below(4) == 0 { f64::INFINITY } else { 3.0 * k.fold(1).unit() };
        let n = random::with(n, Attribute::Capacity, key.fold(8), capacity);
        let ratio = cuts(&n, capacities(&n)).iter().map(|(carry, need)| need / carry).fold(0.0, f64::max);
        match solve(&n, Choice::Capacity) {
            Ok(solution) => {
                fit += 1;
                let used = solution.used_share(&n).unwrap();
                assert!((used - ratio).abs() <= 1e-9, "{trial}: {used}, not {ratio}");
            }
            Err(error) => assert!(ratio > 1.0 && matches!(error, Unsolvable::Cut(_)), "{trial}: {error}"),
        }
    }
    assert!(fit > 100, "{fit}");
}

/// The network with another object, to which the cheaper way is too narrow, so that no tree is the answer; costs of
/// its edges are zero but for one of 1, by which one half of its reward must go.
fn with_detour(n: &Network, reward: f64, costs: &[f64]) -> Network {
    let (g, name) = (n.graph(), |v| n.name(v));
    let mut edges = Vec::from_iter((0..g.n_edges()).map(|e| (name(g.from(e)), name(g.to(e)))));
    edges.extend([("0", "near"), ("near", "goal"), ("0", "far"), ("far", "goal")]);
    let mut rewards: Vec<_> = g.objects().filter_map(|v| Some((name(v), n.rewards()[v]?))).collect();
    rewards.push(("goal", reward));
    let with_detour = network(&edges, &rewards);
    let old = |e: usize| n.edge(node_of(n, &with_detour, e, true)?, node_of(n, &with_detour, e, false)?);
    let all = 0..with_detour.graph().n_edges();
    let near = crate::edge(&with_detour, "near", "goal");
    let far = crate::edge(&with_detour, "far", "goal");
    let cost = |e: usize| old(e).map_or(if e == far { 1.0 } else { 0.0 }, |e| costs[e]);
    let costs = all.clone().map(cost).collect();
    let capacities = all.map(|e| if e == near { reward / 2.0 } else { 1e300 }).collect();
    let with_costs = with_detour.with_attribute(Attribute::Cost, costs);
    with_costs.and_then(|n| n.with_attribute(Attribute::Capacity, capacities)).expect("one number per edge")
}

fn node_of(n: &Network, other: &Network, e: usize, from: bool) -> Option<usize> {
    let g = other.graph();
    let v = if from { g.from(e) } else { g.to(e) };
    n.names().find(other.name(v)).map(|v| v as usize)
}

/// 200 random DAGs of 30 nodes with capacities that are finite and large, and one that forces the linear program: it
/// agrees with the tree of cheapest paths.
#[test]
fn the_program_agrees_with_dynamic_programming() {
    for trial in 0..200 {
        let key = Key::new(23).fold(trial);
        // One edge in five is to be avoided.
        let cost = |k: Key| if k.below(5) == 0 { 1e7 } else { k.fold(1).normal() };
        let n = random::with(dag(key, 30, |k| 3.0 * k.unit()), Attribute::Cost, key.fold(7), cost);
        let least = total_cost(&n, &solve(&n, Choice::Cost).unwrap());
        let forced = with_detour(&n, 5.0, n.attribute(Attribute::Cost).unwrap());
        let solution = solve(&forced, Choice::Cost).unwrap();
        assert!(close(carried(&forced, &solution, "far", "goal"), 2.5));
        let found = total_cost(&forced, &solution);
        assert!((found - 2.5 - least).abs() <= 1e-9 * (1.0 + least.abs()), "{trial}: {found} {least}");
    }
}

/// 100 random DAGs of 30 nodes with rewards from 1e-300 to 1e300 in the linear program: its flow is as exact as any,
/// and within capacities to 1e-9 of Z.
#[test]
fn the_program_bears_rewards_of_any_range() {
    for trial in 0..100 {
        let key = Key::new(24).fold(trial);
        let n = random::with(dag(key, 30, wide), Attribute::Cost, key.fold(7), Key::normal);
        let largest = n.rewards().iter().flatten().fold(0.0f64, |a, &b| a.max(b));
        let forced = with_detour(&n, largest, n.attribute(Attribute::Cost).unwrap());
        for choice in [Choice::Sparse, Choice::Cost, Choice::Capacity] {
            let solution = solve(&forced, choice).unwrap();
            assert!(excess(&solution, capacities(&forced)) < 1e-9);
        }
    }
}

/// A layered DAG of about 10⁴ edges, with capacities around what the uniform flow carries, and rewards over two orders
/// of magnitude.
#[test]
fn ten_thousand_edges_are_solved() {
    let key = Key::new(25);
    let n = layered(key, 16, 128, 5);
    let uniform = solve(&n, Choice::Uniform).unwrap();
    let edges = 0..n.graph().n_edges();
    let factor = |e: usize| 1.0 + 2.0 * key.fold(6).fold(e as u64).unit();
    let capacities = edges.clone().map(|e| uniform.flow.edge[e].exp() * factor(e)).collect();
    let costs = edges.map(|e| key.fold(7).fold(e as u64).unit()).collect();
    let n = n.with_attribute(Attribute::Cost, costs).unwrap();
    let n = n.with_attribute(Attribute::Capacity, capacities).unwrap();
    assert!(n.graph().n_edges() > 9_500);
    let cheap = solve(&n, Choice::Cost).unwrap();
    assert!(excess(&cheap, self::capacities(&n)) < 1e-9);
    assert!(cheap.mean_cost(&n) < uniform.mean_cost(&n) && cheap.n_carrying() < uniform.n_carrying());
    let even = solve(&n, Choice::Capacity).unwrap();
    assert!(even.used_share(&n) < uniform.used_share(&n));
}
