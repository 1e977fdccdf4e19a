//! Explicit DAGs: the toy, labels, and how errors of files reach the settings.
//!
//! How files are read is tested in headwater-graph.

use std::collections::BTreeMap;

use headwater_core::settings::{File, Value, Values};
use headwater_core::{Environment, SettingError, Stop};
use headwater_envs::dag::{Config, Dag};
use headwater_envs::{Registered, RewardValues};

use crate::explore::{explore, native_log_z};

fn file(path: &str, text: &str) -> File {
    File::new(path, text)
}

fn load(graph: File, rewards: Option<File>) -> Result<Dag, SettingError> {
    Dag::from_config(Config { graph, rewards })
}

fn json(text: &str) -> Result<Dag, SettingError> {
    load(file("g.json", text), None)
}

fn csv(edges: &str, rewards: &str) -> Result<Dag, SettingError> {
    load(file("e.csv", edges), Some(file("r.csv", rewards)))
}

#[test]
fn the_toy_is_one_dag_in_every_format() {
    let toys = [
        json(include_str!("../../../../examples/toy.json")),
        csv(
            include_str!("../../../../examples/toy-edges.csv"),
            include_str!("../../../../examples/toy-rewards.csv"),
        ),
        load(file("toy.graphml", include_str!("../../../../examples/toy.graphml")), None),
        load(file("toy.dot", include_str!("../../../../examples/toy.dot")), None),
    ]
    .map(|toy| toy.expect("a DAG"));
    for env in toys {
        let g = explore(&env);
        assert_eq!((g.states.len(), g.n_edges, env.max_len()), (11, 13, 5));
        assert!((native_log_z(&env, "given", &[]) - 112f64.ln()).abs() < 1e-12);
        let stops = ["0", "3", "10"].map(|n| env.stop(&env.parse(n).expect("a node")));
        assert_eq!(stops, [Stop::Never, Stop::May, Stop::Must]);
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_of_its_setting() {
    let edges = "from,to\na,b\nb,c\n";
    let whole = file("g.json", r#"{"edges": [["a", "b"]], "rewards": {"b": 1}}"#);
    for (built, field, message) in [
        (csv("from,to\na,a\n", "node,reward\na,1\n"), "graph", "e.csv:2: the edge from `a` to `a` is a loop"),
        (load(file("e.csv", edges), None), "graph", "e.csv:1: there are no rewards"),
        (csv(edges, "node,reward\nc,-1\n"), "rewards", "r.csv:2: the reward of `c` is `-1`"),
        (
            load(whole, Some(file("r.csv", "node,reward\nb,1\n"))),
            "rewards",
            "r.csv:1: the rewards are already in the graph's file",
        ),
    ] {
        let error = built.expect_err("the graph is refused");
        assert_eq!(error.to_string(), message);
        assert_eq!(error.field, Some(field));
        assert!(message.contains("loop") || error.hint.is_some());
    }
}

#[test]
fn labels_are_as_few_as_the_largest_degree() {
    // A grid of 30 × 30 nodes: at most two edges leave a node, and two enter.
    let mut edges = String::from("from,to\n");
    for (x, y) in (0..30).flat_map(|x| (0..30).map(move |y| (x, y))) {
        if x < 29 {
            edges += &format!("{x}:{y},{}:{y}\n", x + 1);
        }
        if y < 29 {
            edges += &format!("{x}:{y},{x}:{}\n", y + 1);
        }
    }
    let dag = csv(&edges, "node,reward\n29:29,1\n").expect("a DAG");
    assert_eq!((dag.n_actions(), dag.max_len()), (2, 58));
    let g = explore(&dag);
    assert_eq!((g.states.len(), g.n_edges), (900, 2 * 30 * 29));
}

/// Objects of reward 0 are left out only where the reward is the file's own and nothing lifts it.
#[test]
fn nodes_that_lead_to_no_reward_are_no_states_where_zero_is_nothing() {
    let text = r#"{"edges": [["s", "a"], ["s", "b"], ["a", "x"], ["b", "x"], ["b", "dead"], ["a", "end"]],
                   "rewards": {"a": 0, "x": 2, "dead": 0, "end": 1}}"#;
    let entry = headwater_envs::find("dag").expect("registered");
    let mut values = Values::new();
    values.insert("graph", Value::File(File::new("g.json", text)));
    let none = Values::new();
    let states = |zero_is_nothing: bool| {
        let reward = RewardValues { name: "given", values: &none, zero_is_nothing };
        let sim = entry.build_of(&values, &[], Some(reward)).expect("a graph");
        headwater_testkit::conformance::check_simulator(&*sim, 100).expect("it keeps the contract");
        let graph = headwater_exact::enumerate(&*sim, 100).expect("a small graph");
        let state = |s: usize| (graph.sim().text(s as u32), graph.is_object(s));
        (0..graph.n_states()).map(state).collect::<BTreeMap<_, _>>()
    };
    let of =
        |names: &[(&str, bool)]| names.iter().map(|&(n, o)| (n.to_owned(), o)).collect::<BTreeMap<_, _>>();
    assert_eq!(states(true), of(&[("s", false), ("a", false), ("b", false), ("x", true), ("end", true)]));
    assert_eq!(
        states(false),
        of(&[("s", false), ("a", true), ("b", false), ("x", true), ("dead", true), ("end", true)])
    );
}
