//! What is no flow network, whatever the format.

use super::*;

fn csv(edges: &str) -> Result<Network, ReadError> {
    with_rewards("e.csv", &format!("from,to\n{edges}"), "node,reward\nc,1\n")
}

#[test]
fn what_is_no_flow_network_is_refused_with_the_line() {
    for (edges, message) in [
        ("a,b\nb,c\nc,a\n", "e.csv:4: this edge closes the cycle `a` → `b` → `c` → `a`"),
        ("s,a\na,b\nb,a\nb,c\n", "e.csv:4: this edge closes the cycle `a` → `b` → `a`"),
        ("s,b\nb,a\na,s\nb,c\n", "e.csv:4: this edge closes the cycle `s` → `b` → `a` → `s`"),
        ("a,b\na,c\nb,b\n", "e.csv:4: the edge from `b` to `b` is a loop"),
        ("a,b\nb,c\n\na,b\n", "e.csv:5: a second edge from `a` to `b`"),
        ("b,c\na,b\nb,d\nb,c\nb,d\n", "e.csv:5: a second edge from `b` to `c`"),
        ("a,b\nb,c\nx,c\n", "e.csv:4: `x` cannot be reached: like `a`, it has no incoming edge"),
        ("a,b\na,c\n", "e.csv:2: `b` is a dead end: it has no outgoing edge and no reward"),
    ] {
        refused(csv(edges), message);
    }
    let chain: String = (0..20).map(|i| format!("n{i},n{}\n", (i + 1) % 20)).collect();
    refused(
        csv(&chain),
        "e.csv:21: this edge closes the cycle `n0` → `n1` → `n2` → `n3` → `n4` → `n5` → … → `n0`",
    );
}

#[test]
fn lines_are_those_of_every_format() {
    let reward = "r.csv:2: `c` has a reward but no edge";
    for (path, text) in [
        ("g.json", "{\"edges\": [\n[\"a\", \"b\"],\n[\"b\",\"a\"]]}"),
        ("g.dot", "digraph {\na -> b\nb -> a }"),
        ("g.dot", "digraph {\na ->\nb -> a }"),
        (
            "g.xml",
            "<graphml><graph><node id='a'/><node id='b'/><edge source='a' target='b'/>\n\n<edge source='b' \
             target='a'/></graph></graphml>",
        ),
    ] {
        let cycle = with_rewards(path, text, "node,reward\nb,1\n");
        refused(cycle, &format!("{path}:3: this edge closes the cycle `a` → `b` → `a`"));
    }
    refused(with_rewards("g.dot", "digraph { a -> b }", "node,reward\nc,1\n"), reward);
}

#[test]
fn nodes_by_themselves_are_refused() {
    refused(whole("g.dot", "digraph { a -> b [weight=1]\nb [reward=1];\nc }"), "g.dot:3: `c` has no edge");
    let dot = "digraph { a -> b\nb [reward=1];\nc [reward=1] }";
    refused(whole("g.dot", dot), "g.dot:3: `c` has a reward but no edge");
    let xml = "<graphml><graph><node id='a'/><node id='b'/><edge source='a' target='b'/>\n<node \
               id='c'/></graph></graphml>";
    refused(with_rewards("g.xml", xml, "node,reward\nb,1\n"), "g.xml:2: `c` has no edge");
}

#[test]
fn long_names_are_shown_in_part() {
    let [a, b] = ["a", "b"].map(|letter| letter.repeat(100));
    let [a_shown, b_shown] = ["a", "b"].map(|letter| format!("{}…", letter.repeat(60)));
    for (edges, message) in [
        (
            format!("{a},{b}\n{b},{a}\n"),
            format!("this edge closes the cycle `{a_shown}` → `{b_shown}` → `{a_shown}`"),
        ),
        (format!("c,{b}\n{b},{b}\n"), format!("the edge from `{b_shown}` to `{b_shown}` is a loop")),
        (format!("c,{b}\nc,{b}\n"), format!("a second edge from `c` to `{b_shown}`")),
        (
            format!("c,d\n{b},d\n"),
            format!("`{b_shown}` cannot be reached: like `c`, it has no incoming edge"),
        ),
        (
            format!("c,d\nd,{b}\n"),
            format!("`{b_shown}` is a dead end: it has no outgoing edge and no reward"),
        ),
    ] {
        refused(csv(&edges), &format!("e.csv:3: {message}"));
    }
}
