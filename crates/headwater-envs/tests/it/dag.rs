//! Explicit DAGs: both file formats, and what is said of files that are no DAG.

use headwater_core::settings::File;
use headwater_core::{Environment, SettingError, Stop};
use headwater_envs::Registered;
use headwater_envs::dag::{Config, Dag};

use crate::explore::{explore, native_log_z};

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.into() }
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

#[track_caller]
fn refused(built: Result<Dag, SettingError>, field: &str, message: &str) {
    let error = built.expect_err("the graph is refused");
    assert_eq!(error.to_string(), message);
    assert_eq!(error.field, Some(field));
}

#[test]
fn both_formats_of_the_toy_are_one_dag() {
    let from_json = json(include_str!("../../../../examples/toy.json")).expect("a DAG");
    let from_csv = csv(
        include_str!("../../../../examples/toy-edges.csv"),
        include_str!("../../../../examples/toy-rewards.csv"),
    )
    .expect("a DAG");
    let [a, b] = [&from_json, &from_csv].map(explore);
    assert_eq!((a.states, a.n_edges, a.depth), (b.states, b.n_edges, b.depth));
    for env in [from_json, from_csv] {
        assert!((native_log_z(&env, "given", &[]) - 112f64.ln()).abs() < 1e-12);
        let stops = ["0", "3", "10"].map(|n| env.stop(&env.parse(n).expect("a node")));
        assert_eq!(stops, [Stop::Never, Stop::May, Stop::Must]);
    }
}

#[test]
fn quoting_blank_lines_windows_line_ends_and_byte_order_marks_are_read() {
    let edges = "\u{feff}from,to\r\n\r\n\"a, b\",c\r\n c , d \r\n";
    let dag = csv(edges, "node,reward\nd,1e3\nc,0\n").expect("a DAG");
    assert!(["a, b", "c", "d"].iter().all(|n| dag.parse(n).is_some()));
    let dag = json("\u{feff} {\"rewards\":{\"\\u00e9\":2},\"edges\":[[\"e\",\"é\"]]}").expect("a DAG");
    assert_eq!(dag.parse("é").map(|s| dag.stop(&s)), Some(Stop::Must));
}

#[test]
fn what_is_no_dag_is_refused_with_the_line() {
    let rewards = "node,reward\nc,1\n";
    for (edges, message) in [
        ("a,b\nb,c\nc,a\n", "e.csv:4: this edge closes the cycle `a` → `b` → `c` → `a`"),
        ("s,a\na,b\nb,a\nb,c\n", "e.csv:4: this edge closes the cycle `a` → `b` → `a`"),
        ("s,b\nb,a\na,s\nb,c\n", "e.csv:4: this edge closes the cycle `s` → `b` → `a` → `s`"),
        ("a,b\na,c\nb,b\n", "e.csv:4: the edge from `b` to `b` is a loop"),
        ("a,b\nb,c\n\na,b\n", "e.csv:5: a second edge from `a` to `b`"),
        ("a,b\nb,c\nx,c\n", "e.csv:4: `x` cannot be reached: like `a`, it has no incoming edge"),
        ("a,b\na,c\n", "e.csv:2: `b` is a dead end: it has no outgoing edge and no reward"),
        ("a,b\nb\n", "e.csv:3: 1 fields where the header has 2"),
        ("a,b\nb,c,d\n", "e.csv:3: 3 fields where the header has 2"),
        ("a,b\n,c\n", "e.csv:3: \"\" cannot name a node"),
        ("", "e.csv:1: there are no edges"),
    ] {
        refused(csv(&format!("from,to\n{edges}"), rewards), "graph", message);
    }
    refused(csv("", rewards), "graph", "e.csv:1: the file is empty");
    refused(csv("\n\n", rewards), "graph", "e.csv:1: the file is empty");
    refused(csv("a;b\n", rewards), "graph", "e.csv:1: the header is `a;b` instead of `from,to`");
    refused(csv("\u{0}\u{1}", rewards), "graph", "e.csv:1: the header is `\u{0}\u{1}` instead of `from,to`");
    let chain: String = (0..20).map(|i| format!("n{i},n{}\n", (i + 1) % 20)).collect();
    refused(
        csv(&format!("from,to\n{chain}"), rewards),
        "graph",
        "e.csv:21: this edge closes the cycle `n0` → `n1` → `n2` → `n3` → `n4` → `n5` → … → `n0`",
    );
}

#[test]
fn bad_rewards_are_refused_with_the_line() {
    let edges = "from,to\na,b\nb,c\n";
    for (rewards, message) in [
        ("c,-1\n", "r.csv:2: the reward of `c` is `-1`"),
        ("b,1\nc,nan\n", "r.csv:3: the reward of `c` is `NaN`"),
        ("c,inf\n", "r.csv:2: the reward of `c` is `inf`"),
        ("c,1\nz,1\n", "r.csv:3: `z` has a reward but no edge"),
        ("c,1\nb,2\nc,1\n", "r.csv:4: a second reward for `c`"),
        ("c,much\n", "r.csv:2: the reward of `c` is `much`, not a number"),
        ("c,0\nb,0\n", "r.csv:2: every reward is zero"),
        ("c\n", "r.csv:2: 1 fields where the header has 2"),
    ] {
        refused(csv(edges, &format!("node,reward\n{rewards}")), "rewards", message);
    }
    refused(
        csv(edges, "reward,node\n"),
        "rewards",
        "r.csv:1: the header is `reward,node` instead of `node,reward`",
    );
    refused(csv(edges, ""), "rewards", "r.csv:1: the file is empty");
    refused(load(file("e.csv", edges), None), "graph", "e.csv:1: there are no rewards");
    let whole = file("g.json", r#"{"edges": [["a", "b"]], "rewards": {"b": 1}}"#);
    let twice = load(whole, Some(file("r.csv", "node,reward\nb,1\n")));
    refused(twice, "rewards", "r.csv:1: the rewards are already in the graph's file");
    let error = csv(edges, "node,reward\nc,-1\n").expect_err("refused");
    assert!(error.hint.is_some_and(|h| h.contains("not negative")));
}

#[test]
fn bad_json_is_refused_with_the_line() {
    for (text, message) in [
        ("{", "g.json:1: bad JSON: expected a string, found the end of the file"),
        ("[]", "g.json:1: bad JSON: expected `{`, found `[`"),
        ("hello", "g.json:1: bad JSON: expected `{`, found `h`"),
        ("{}", "g.json:1: there is no key `edges`"),
        ("{\n\"edges\": 3}", "g.json:2: bad JSON: expected `[`, found `3`"),
        ("{\n\"edges\": [\n[\"a\" \"b\"]]}", "g.json:3: bad JSON: expected `,` or `]`"),
        (
            "{\n\"edges\": [\n[\"a\", \"b\"]\n[\"b\", \"c\"]]}",
            "g.json:4: bad JSON: expected `,` or `]`, found `[`",
        ),
        ("{\"edges\": [\n[\"a\", \"b\",\n\n \"c\"]]}", "g.json:2: `[\"a\",\"b\",\"c\"]` is not an edge"),
        ("{\"edges\": [\n[1, 2]]}", "g.json:2: `[1,2]` is not an edge"),
        ("{\"edges\": [\n\"ab\"]}", "g.json:2: `\"ab\"` is not an edge"),
        ("{\"edges\": [[\"a\", \n\n \"b]]}", "g.json:3: bad JSON: EOF while parsing a string"),
        ("{\"edges\": []}", "g.json:1: there are no rewards"),
        ("{\"edges\": [],\n\"rewards\": {}}", "g.json:1: there are no edges"),
        ("{\"edges\": [],\n\"edges\": []}", "g.json:2: a second `edges`"),
        ("{\"edges\": [],\n\"nodes\": []}", "g.json:2: unknown key `nodes`"),
        ("{\"edges\": []} \n x", "g.json:2: bad JSON: expected the end of the file, found `x`"),
        ("{\"edges\": [[\"a\", \"b\\n\"]]}", "g.json:1: \"b\\n\" cannot name a node"),
    ] {
        refused(json(text), "graph", message);
    }
    for (rewards, message) in [
        ("\"b\": \"much\"", "g.json:3: the reward of `b` is `\"much\"`, not a number"),
        ("\"b\": NaN", "g.json:3: bad JSON: expected value"),
        ("\"b\": -2", "g.json:3: the reward of `b` is `-2`"),
        ("\"b\": 1,\n\"b\": 1", "g.json:4: a second reward for `b`"),
        ("\"b\": 1,\n\"c\": 1", "g.json:4: `c` has a reward but no edge"),
        ("\"b\" 1", "g.json:3: bad JSON: expected `:`, found `1`"),
        ("\"b\": 1,", "g.json:3: bad JSON: expected a string, found `}`"),
        ("\"b\": 0", "g.json:3: every reward is zero"),
        ("\"b\": 1e999", "g.json:3: bad JSON: number out of range"),
    ] {
        refused(
            json(&format!("{{\"edges\": [[\"a\", \"b\"]],\n\"rewards\": {{\n{rewards}}}}}")),
            "graph",
            message,
        );
    }
    refused(
        load(file("graph.txt", "{\"edges\": 1}"), None),
        "graph",
        "graph.txt:1: bad JSON: expected `[`, found `1`",
    );
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
