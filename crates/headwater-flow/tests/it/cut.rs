//! What is in the way of a flow is named.

use headwater_core::Key;
use headwater_flow::{Choice, Cut, Unsolvable};
use headwater_graph::{Attribute, Network};

use crate::random::{dag, wide};
use crate::{network, random, solve, with};

fn cut(n: &Network, choice: Choice) -> Cut {
    match solve(n, choice) {
        Err(Unsolvable::Cut(cut)) => cut,
        other => panic!("{other:?}"),
    }
}

/// The cut separates some nodes from the source, and its capacities are less than their rewards.
fn assert_violated(n: &Network, cut: &Cut) {
    let g = n.graph();
    let mut reached = vec![false; g.n_states()];
    reached[g.source()] = true;
    for &v in g.order() {
        let v = v as usize;
        let open = g.entering(v).iter().map(|&e| e as usize).filter(|e| !cut.edges.contains(e));
        reached[v] |= open.into_iter().any(|e| reached[g.from(e)]);
    }
    let capacities = n.attribute(Attribute::Capacity).expect("the network has capacities");
    let carry: f64 = cut.edges.iter().map(|&e| capacities[e]).sum();
    // All that is cut off needs no less than what the cut counts.
    let need: f64 = (0..g.n_states()).filter(|&v| !reached[v]).filter_map(|v| n.rewards()[v]).sum();
    assert_eq!(cut.carry, carry);
    assert!(carry < cut.need && cut.need <= need * (1.0 + 1e-12), "{cut:?} {need}");
}

#[test]
fn the_cut_is_named_with_what_it_carries_and_what_is_needed() {
    let edges = [("s", "a"), ("s", "c"), ("a", "b"), ("c", "d"), ("b", "x"), ("d", "x"), ("s", "y")];
    let capacities = [("a", "b", 1.0), ("c", "d", 2.0), ("s", "a", 4.0), ("s", "y", 0.5)];
    let n = with(network(&edges, &[("x", 4.0), ("b", 1.0), ("y", 0.25)]), Attribute::Capacity, &capacities);
    for choice in [Choice::Sparse, Choice::Capacity] {
        let error = solve(&n, choice).unwrap_err();
        let message =
            "no flow fits: the edges `a` → `b`, `c` → `d` can carry 3, and the rewards behind them need 5";
        assert_eq!(error.to_string(), message);
        assert_eq!(error.hint().unwrap(), "raise capacities there, or lower the rewards");
        assert_violated(&n, &cut(&n, choice));
    }
}

#[test]
fn a_single_edge_and_awkward_numbers() {
    let n = network(&[("s", "a"), ("a", "x"), ("a", "y")], &[("x", 0.1), ("y", 0.2)]);
    let n = with(n, Attribute::Capacity, &[("s", "a", 1e-30)]);
    let message = "no flow fits: the edge `s` → `a` can carry 1e-30, and the rewards behind it need 0.3";
    assert_eq!(solve(&n, Choice::Sparse).unwrap_err().to_string(), message);
}

#[test]
fn a_long_cut_is_named_in_part() {
    let names = Vec::from_iter((0..9).map(|i| format!("a{i}")));
    let edges = names.iter().flat_map(|a| [("s", a.as_str()), (a.as_str(), "x")]);
    let edges = Vec::from_iter(edges);
    let full = Vec::from_iter(names.iter().map(|a| ("s", a.as_str(), 0.5)));
    let n = with(network(&edges, &[("x", 1e20)]), Attribute::Capacity, &full);
    let message = "no flow fits: the edges `s` → `a0`, `s` → `a1`, `s` → `a2`, `s` → `a3` and 5 more can carry 4.5, \
                   and the rewards behind them need 1e20";
    let error = solve(&n, Choice::Capacity).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(cut(&n, Choice::Capacity).edges.len(), 9);
}

#[test]
fn an_edge_without_capacity_is_in_the_way_of_the_least_reward() {
    let n = network(&[("s", "a"), ("a", "x"), ("a", "y")], &[("x", 1e-300), ("y", 1e300)]);
    let n = with(n, Attribute::Capacity, &[("a", "x", 0.0)]);
    let message = "no flow fits: the edge `a` → `x` can carry 0, and the rewards behind it need 1e-300";
    assert_eq!(solve(&n, Choice::Sparse).unwrap_err().to_string(), message);
    // Where nothing is to arrive, nothing is in the way.
    let n = network(&[("s", "a"), ("a", "x"), ("a", "y")], &[("x", 0.0), ("y", 1.0)]);
    let n = with(n, Attribute::Capacity, &[("a", "x", 0.0)]);
    assert!(solve(&n, Choice::Sparse).is_ok());
}

/// 300 random DAGs of 30 nodes, half with rewards from 1e-300 to 1e300: a cut that is named is violated indeed.
#[test]
fn named_cuts_are_violated() {
    let mut named = 0;
    for trial in 0..300 {
        let key = Key::new(31).fold(trial);
        let n = if trial % 2 == 0 { dag(key, 30, wide) } else { dag(key, 30, Key::unit) };
        let z: f64 = n.rewards().iter().flatten().sum();
        let capacity = |k: Key| if k.below(12) == 0 { 0.0 } else { 3.0 * z * k.fold(1).unit() };
        let n = random::with(n, Attribute::Capacity, key.fold(8), capacity);
        if let Err(error) = solve(&n, Choice::Sparse) {
            let Unsolvable::Cut(cut) = error else { panic!("{trial}: {error}") };
            assert_violated(&n, &cut);
            named += 1;
        }
    }
    assert!((50..250).contains(&named), "{named}");
}
