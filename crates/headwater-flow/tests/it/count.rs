//! Numbers of trajectories.

use headwater_core::Key;
use headwater_flow::Count;
use num_bigint::BigUint;

use crate::random::{dag, small};
use crate::reference::trajectories;

/// `k` diamonds in a row: 2^k trajectories to the one object.
fn ladder(k: usize) -> headwater_graph::Network {
    let rung = |i: usize| {
        format!("[\"{i}\",\"{i}a\"],[\"{i}\",\"{i}b\"],[\"{i}a\",\"{0}\"],[\"{i}b\",\"{0}\"]", i + 1)
    };
    let edges = Vec::from_iter((0..k).map(rung)).join(",");
    crate::read(&format!("{{\"edges\": [{edges}], \"rewards\": {{\"{k}\": 1}}}}"))
}

/// 100 random DAGs of 3 to 14 nodes.
#[test]
fn counts_are_those_of_enumeration() {
    for trial in 0..100 {
        let key = Key::new(41).fold(trial);
        let n = dag(key, 3 + key.below(12), small);
        let n_trajectories = trajectories(n.graph()).len();
        assert_eq!(Count::new(n.graph()), Count::Exact(BigUint::from(n_trajectories)));
    }
}

#[test]
fn ladders_have_powers_of_two() {
    for k in [1, 2, 63, 64, 65, 128, 1000, 5000] {
        assert_eq!(Count::new(ladder(k).graph()), Count::Exact(BigUint::from(1u32) << k));
    }
    assert_eq!(Count::new(ladder(10).graph()).to_string(), "1024");
    assert_eq!(Count::new(ladder(100).graph()).to_string(), "1267650600228229401496703205376");
}

#[test]
fn beyond_that_the_logarithm_is_known() {
    let k = 40_000;
    let count = Count::new(ladder(k).graph());
    let Count::Log(log) = count else { panic!("{count}") };
    let wanted = k as f64 * 2f64.ln();
    assert!((log - wanted).abs() < 1e-9 * wanted);
    assert_eq!(count.to_string(), "about 10^12041.20");
}
