//! Graph problems: what is known of small graphs, and every subset of random ones.

mod brute_force;
mod known;

use headwater_core::settings::{File, Value};
use headwater_core::{Environment, Key, Stop};
use headwater_envs::clique::{self, Clique};
use headwater_envs::colouring::{self, Colouring};
use headwater_envs::dominating_set::{self, DominatingSet};
use headwater_envs::independent_set::{self, IndependentSet};
use headwater_envs::max_cut::{self, MaxCut};
use headwater_envs::{Registered, find};

use headwater_testkit::conformance::random_play;

use crate::explore::{env_values, explore, native_log_z};

const PETERSEN: &str = include_str!("../../../../examples/graphs/petersen.col");
const KARATE: &str = include_str!("../../../../examples/graphs/karate.graph");

/// A graph of `n` vertices with edges between vertices numbered from 0, as a file.
fn dimacs(n: usize, edges: &[(usize, usize)]) -> String {
    let lines: String = edges.iter().map(|(a, b)| format!("e {} {}\n", a + 1, b + 1)).collect();
    format!("p edge {n} {}\n{lines}", edges.len())
}

fn path(n: usize) -> String {
    dimacs(n, &Vec::from_iter((1..n).map(|v| (v - 1, v))))
}

fn cycle(n: usize) -> String {
    dimacs(n, &Vec::from_iter((0..n).map(|v| (v, (v + 1) % n))))
}

fn complete(n: usize) -> String {
    dimacs(n, &Vec::from_iter((0..n).flat_map(|b| (0..b).map(move |a| (a, b)))))
}

fn star(leaves: usize) -> String {
    dimacs(leaves + 1, &Vec::from_iter((1..=leaves).map(|v| (0, v))))
}

fn file(text: &str) -> Option<File> {
    let path = if text.starts_with('%') { "g.graph" } else { "g.col" };
    Some(File::new(path, text))
}

fn independent_sets(text: &str, maximal: bool) -> IndependentSet {
    let config = independent_set::Config { graph: file(text), n: 1, p: 0.0, seed: 0, maximal };
    IndependentSet::from_config(config).expect("a good graph")
}

fn cliques(text: &str, maximal: bool) -> Clique {
    let config = clique::Config { graph: file(text), n: 1, p: 0.0, seed: 0, maximal };
    Clique::from_config(config).expect("a good graph")
}

fn dominating_sets(text: &str, minimal: bool) -> DominatingSet {
    let config = dominating_set::Config { graph: file(text), n: 1, p: 0.0, seed: 0, minimal };
    DominatingSet::from_config(config).expect("a good graph")
}

fn cuts(text: &str) -> MaxCut {
    let config = max_cut::Config { graph: file(text), n: 2, p: 0.0, seed: 0 };
    MaxCut::from_config(config).expect("a good graph")
}

fn colourings(text: &str, k: usize, maximal: bool) -> Colouring {
    let config = colouring::Config { graph: file(text), n: 1, p: 0.0, seed: 0, k, maximal };
    Colouring::from_config(config).expect("a good graph")
}

/// Numbers of states and of objects; checks the length of the longest trajectory and the bound of the first.
fn size<E: Environment>(env: &E) -> (usize, usize) {
    let g = explore(env);
    assert_eq!(g.depth.iter().max(), Some(&env.max_len()));
    assert!(env.states_at_least() <= g.states.len() as f64);
    (g.states.len(), g.states.iter().filter(|s| env.stop(s) != Stop::Never).count())
}

/// The texts of all objects, sorted.
fn objects<E: Environment>(env: &E) -> Vec<String> {
    let text = |s: &E::State| {
        let mut text = String::new();
        env.show(s, &mut text);
        text
    };
    let states = explore(env).states;
    let mut texts: Vec<String> = states.iter().filter(|s| env.stop(s) != Stop::Never).map(text).collect();
    texts.sort_unstable();
    texts
}

#[track_caller]
fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{value} instead of {expected}");
}

/// Graphs of several words, by random play; they are large, and a few trajectories see thousands of states.
#[test]
fn large_graphs_keep_the_contract() {
    let (int, real) = (Value::Int, Value::Real);
    for (name, settings) in [
        ("clique", vec![("n", int(512)), ("p", real(0.8))]),
        ("colouring", vec![("n", int(150)), ("p", real(0.1)), ("k", int(20))]),
        (
            "colouring",
            vec![("n", int(130)), ("p", real(0.1)), ("k", int(3)), ("maximal", Value::Bool(false))],
        ),
        ("dominating-set", vec![("n", int(512)), ("p", real(0.01))]),
        ("independent-set", vec![("n", int(512)), ("p", real(0.05))]),
        ("independent-set", vec![("n", int(65)), ("p", real(0.05)), ("maximal", Value::Bool(false))]),
        ("max-cut", vec![("n", int(129)), ("p", real(0.5))]),
        ("max-cut", vec![("n", int(512)), ("p", real(0.5))]),
    ] {
        let entry = find(name).expect("registered");
        let sim = entry.build(&env_values(entry, &settings), None).expect("in range");
        random_play(&*sim, 3, Key::new(0)).unwrap_or_else(|finding| panic!("{name}: {finding}"));
    }
}

#[test]
fn copies_of_colourings_allocate_nothing() {
    let env = colourings(KARATE, 5, true);
    let (mut s, t) = (env.initial(), env.parse("{1,10}{2,17}").expect("a colouring"));
    let address = |s: &colouring::Classes| std::ptr::from_ref(s.members(0));
    let before = address(&s);
    s.clone_from(&t);
    assert!(s == t && std::ptr::eq(before, address(&s)));
}

#[test]
fn files_that_do_not_fit_are_refused_where_they_are_wrong() {
    for name in ["clique", "colouring", "dominating-set", "independent-set", "max-cut"] {
        let entry = find(name).expect("registered");
        let refused = |path: &str, text: &str| {
            let mut values =
                headwater_core::settings::defaults(entry.entry.fields).expect("all have defaults");
            values.insert("graph", Value::File(File::new(path, text)));
            let error = entry.build(&values, None).err().expect("refused").error;
            (error.field, error.to_string(), error.hint.is_some())
        };
        let loops = (Some("graph"), "g.col:2:5: the edge from `1` to itself".to_owned(), true);
        assert_eq!(refused("g.col", "p edge 2 1\ne 1 1\n"), loops);
        let large = (Some("graph"), "`g` has `513` vertices, more than 512".to_owned(), true);
        assert_eq!(refused("g", "p edge 513 0\n"), large);
    }
    let one = max_cut::Config { graph: file("p edge 1 0\n"), n: 9, p: 0.5, seed: 0 };
    let error = MaxCut::from_config(one).expect_err("nothing to cut");
    assert_eq!(
        (error.field, error.to_string().as_str()),
        (Some("graph"), "`1` vertex has nothing to be cut from")
    );
    let many = colouring::Config { graph: file(&path(3)), n: 9, p: 0.5, seed: 0, k: 4, maximal: true };
    let error = Colouring::from_config(many).expect_err("too many colours");
    assert_eq!(
        (error.field, error.to_string().as_str()),
        (Some("k"), "`4` colours are more than the 3 vertices")
    );
}

#[test]
fn texts_are_read_only_in_their_canonical_form() {
    let path = path(4);
    let refused = |parse: &dyn Fn(&str) -> bool, texts: &[&str]| {
        for text in texts {
            assert!(!parse(text), "{text:?}");
        }
    };
    let sets = [
        "", "{", "}", "1,3", "{3,1}", "{1,1}", "{1,2}", "{5}", "{1,}", "{,}", "{ 1}", "{1}{3}", "{1}}",
        "{01}",
    ];
    let (independent, dominating) = (independent_sets(&path, true), dominating_sets(&path, true));
    refused(&|text| independent.parse(text).is_some(), &sets);
    refused(&|text| dominating.parse(text).is_some(), &["", "{}", "{1}", "{2,1}", "{1,2}", "{1}{4}"]);
    let cut = cuts(&path);
    refused(
        &|text| cut.parse(text).is_some(),
        &["", "{}{}", "{1}", "{2}{1}", "{1,2}{2}", "{2,1}{}", "{1}{2}{3}"],
    );
    let colours = colourings(&path, 2, true);
    let partitions = ["", "{}{}", "{1}{}", "{3}{2}", "{1,2}", "{1}{1}", "{1}{2}{4}", "{1,5}"];
    refused(&|text| colours.parse(text).is_some(), &partitions);
    assert!(
        colours.parse("{1,3}{2}").is_some() && colours.parse("{}").is_some() && cut.parse("{1}{}").is_some()
    );
}
