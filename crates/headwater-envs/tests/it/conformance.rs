//! The conformance suite over every registered environment.

use headwater_core::settings::Value;
use headwater_envs::{EnvEntry, Registered, Visitor, find, visit_all};
use headwater_testkit::conformance::{check_simulator, check_small};

use crate::explore::env_values;

struct Suite;

impl Visitor for Suite {
    fn visit<E: Registered>(&mut self, entry: &'static EnvEntry) {
        let name = entry.entry.name;
        let reports = check_small::<E>(name).unwrap_or_else(|finding| panic!("{name}: {finding}"));
        assert!(reports.iter().all(|r| r.exhaustive), "{name}: every state of a small instance is looked at");
    }
}

#[test]
fn every_environment_keeps_the_contract() {
    visit_all(&mut Suite);
}

/// Instances as large as the settings allow, by random play: what small instances cannot show is overflow.
#[test]
fn the_largest_instances_keep_the_contract() {
    let (int, text) = (Value::Int, |t: &str| Value::Text(t.into()));
    let alphabet: String = (0..128).filter_map(|i| char::from_u32(0x4E00 + i)).collect();
    for (name, settings) in [
        ("bayesnet", vec![("n", int(8)), ("max_parents", int(3))]),
        ("binary-tree", vec![("depth", int(63))]),
        ("bits", vec![("n", int(120)), ("k", int(10)), ("growth", text("prepend-append"))]),
        ("bits", vec![("n", int(128)), ("k", int(2)), ("growth", text("prepend-append"))]),
        ("bits", vec![("n", int(120)), ("k", int(8)), ("growth", text("fill"))]),
        ("bits", vec![("n", int(128)), ("k", int(1)), ("growth", text("fill"))]),
        ("hypergrid", vec![("dim", int(16)), ("side", int(256))]),
        ("hypergrid", vec![("dim", int(16)), ("side", int(256)), ("wall", text("terminate"))]),
        ("strings", vec![("alphabet", text(&alphabet)), ("max_len", int(64)), ("min_len", int(0))]),
        ("knapsack", vec![("n", int(64))]),
        ("permutations", vec![("n", int(63))]),
        ("permutations", vec![("n", int(63)), ("growth", text("fill"))]),
        ("assignments", vec![("agents", int(64)), ("posts", int(64))]),
        ("assignments", vec![("agents", int(64)), ("posts", int(8)), ("capacity", int(5))]),
        ("scheduling", vec![("jobs", int(64)), ("machines", int(8)), ("layers", int(8))]),
        (
            "scheduling",
            vec![("jobs", int(64)), ("speeds", Value::Reals(vec![0.5; 8])), ("p", Value::Real(0.0))],
        ),
        ("line", vec![("steps", int(64)), ("reach", int(500))]),
        ("ising", vec![("dim", int(1)), ("side", int(128))]),
        ("ising", vec![("dim", int(2)), ("side", int(11))]),
        ("phylo", vec![("n", int(128))]),
        (
            "strings",
            vec![("alphabet", text(&alphabet)), ("max_len", int(64)), ("growth", text("prepend-append"))],
        ),
        ("subsets", vec![("n", int(64))]),
        ("subsets", vec![("n", int(64)), ("min_size", int(30)), ("max_size", int(40))]),
        ("tetris", vec![("width", int(10)), ("height", int(20))]),
    ] {
        let entry = find(name).expect("registered");
        let sim =
            entry.build(&env_values(entry, &settings), None).expect("the largest settings are in range");
        let report = check_simulator(&*sim, 1000).unwrap_or_else(|finding| panic!("{name}: {finding}"));
        assert!(!report.exhaustive && report.trajectories > 0, "{name}: {report}");
    }
}
