//! DOT: its statements and words, and what is refused.

use super::*;

fn dot(text: &str) -> Result<Network, ReadError> {
    whole("g.dot", text)
}

/// The edges of a graph in which `z` alone has a reward, without attributes.
#[track_caller]
fn edges(statements: &str) -> String {
    let text = format!("digraph {{ {statements}; z [reward=1] }}");
    let network = dot(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let g = network.graph();
    let mut edges = Vec::from_iter(
        (0..g.n_edges()).map(|e| format!("{}>{}", network.name(g.from(e)), network.name(g.to(e)))),
    );
    edges.sort();
    edges.join(" ")
}

#[test]
fn statements_are_those_of_the_grammar() {
    for (statements, expected) in [
        ("a -> b -> z", "a>b b>z"),
        ("a->b b->z", "a>b b>z"),
        ("a->b;;b->z;", "a>b b>z"),
        ("a -> {b c} -> z", "a>b a>c b>z c>z"),
        ("{a} -> {b; c} -> z", "a>b a>c b>z c>z"),
        ("a -> subgraph { b -> c } -> z", "a>b a>c b>c b>z c>z"),
        ("subgraph cluster_1 { label=\"x\"; a; b } a -> b -> z", "a>b b>z"),
        ("a -> { b b {b {c}} } b -> z c -> z", "a>b a>c b>z c>z"),
        ("{ { a -> b } b -> z }", "a>b b>z"),
        ("a:n -> b:port:sw -> z:\"x\"", "a>b b>z"),
        (
            "rankdir = LR; graph [size=\"1,1\"] node [shape=box]; edge[color=red][style=dashed] a->b->z",
            "a>b b>z",
        ),
        ("a [label=<<b>bold</b> -&gt; x>] a -> z [label=\"x -> y\"; pos=<>, w=1]", "a>z"),
        ("a -> z []", "a>z"),
        ("a -> {} a -> z", "a>z"),
        ("// a -> b\n/* b -> c\n */ a -> z // z -> b\n", "a>z"),
        ("\n# line 1 \"file\"\na -> z", "a>z"),
        ("NodeX -> edge_1 -> z", "NodeX>edge_1 edge_1>z"),
        ("\"node\" -> -.5 -> 1. -> z", "-.5>1. 1.>z node>-.5"),
        ("a -> \"b\" + /* more */ \"c\"\n+\"d\" -> z", "a>bcd bcd>z"),
        (r#""a\"b" -> "c\\" -> "d\n" -> z"#, r#"a"b>c\\ c\\>d\n d\n>z"#),
        ("\"a\\\nb\" -> \"c\\\r\nd\" -> z", "ab>cd cd>z"),
        ("é_1 -> z", "é_1>z"),
    ] {
        assert_eq!(edges(statements), expected, "{statements}");
    }
    for header in ["digraph", "digraph name", "DiGraph \"a name\"", "strict digraph 7", "STRICT DIGRAPH"] {
        assert!(dot(&format!("{header} {{ a -> b; b [reward=1] }}\n// the end\n")).is_ok());
    }
}

#[test]
fn attributes_of_chains_are_those_of_their_own_edges() {
    let network = dot("digraph { s -> { a -> b [weight=3] } -> z [weight=2, cost=1] z [reward=1] }").unwrap();
    let node = |name| network.names().find(name).unwrap() as usize;
    let of = |which, from, to| network.attribute(which).unwrap()[network.edge(node(from), node(to)).unwrap()];
    let weights = [("a", "b"), ("s", "a"), ("s", "b"), ("a", "z"), ("b", "z")];
    assert_eq!(weights.map(|(from, to)| of(Attribute::Weight, from, to)), [3.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!((of(Attribute::Cost, "a", "b"), of(Attribute::Cost, "s", "a")), (0.0, 1.0));
}

#[test]
fn defaults_hold_from_where_they_are_to_the_end_of_their_scope() {
    let network = dot("digraph { s -> a; edge [weight=2]; node [reward=3]
        a -> b; { edge [weight=4]; node [reward=5] b -> c; b -> e [weight=\"\"] } a -> d
        c [reward=\"\"]; c -> f; d [reward=0]; f [reward=1] }")
    .unwrap();
    let node = |name| network.names().find(name).unwrap() as usize;
    let weight =
        |from, to| network.attribute(Attribute::Weight).unwrap()[network.edge(node(from), node(to)).unwrap()];
    let weights = [("s", "a"), ("a", "b"), ("b", "c"), ("b", "e"), ("a", "d"), ("c", "f")];
    assert_eq!(weights.map(|(from, to)| weight(from, to)), [1.0, 2.0, 4.0, 1.0, 2.0, 2.0]);
    let rewards = ["s", "a", "b", "c", "e", "d", "f"].map(|name| network.rewards()[node(name)]);
    assert_eq!(rewards, [None, None, Some(3.0), None, Some(5.0), Some(0.0), Some(1.0)]);
}

#[test]
fn strict_graphs_have_every_edge_once() {
    let body = "{ a -> b [weight=2]; b -> c; a -> b [cost=1]\na -> b -> c [weight=5] c [reward=1] }";
    let network = dot(&format!("strict digraph {body}")).unwrap();
    assert_eq!(network.graph().n_edges(), 2);
    assert_eq!(network.attribute(Attribute::Weight), Some([5.0, 5.0].as_slice()));
    assert_eq!(network.attribute(Attribute::Cost), Some([1.0, 0.0].as_slice()));
    refused(dot(&format!("digraph {body}")), "g.dot:1: a second edge from `a` to `b`");
}

#[test]
fn what_is_no_digraph_is_refused_with_the_line() {
    for (text, message) in [
        ("graph { a -- b }", "1: the graph is not directed"),
        ("strict graph { a -- b }", "1: the graph is not directed"),
        ("digraph {\na -- b }", "2: the graph is not directed"),
        ("network { }", "1: bad DOT: expected `digraph`, found `network`"),
        ("digraph a b { }", "1: bad DOT: expected `{`, found `b`"),
        ("digraph node { }", "1: bad DOT: expected `{`, found `node`"),
        ("digraph {\n", "2: bad DOT: expected a node, an edge or `}`, found the end of the file"),
        ("digraph {\na -> }", "2: bad DOT: expected a node behind the arrow, found `}`"),
        ("digraph {\na ->\n-> b }", "3: bad DOT: expected a node behind the arrow, found `->`"),
        ("digraph { a -> node }", "1: bad DOT: expected a node behind the arrow, found `node`"),
        ("digraph {\n<b>x</b> -> a }", "2: bad DOT: expected a node, an edge or `}`, found `<`"),
        ("digraph { a, b }", "1: bad DOT: expected a node, an edge or `}`, found `,`"),
        ("digraph { {a} [reward=1] }", "1: bad DOT: expected a node, an edge or `}`, found `[`"),
        ("digraph { a [reward 1] }", "1: bad DOT: expected `=`, found `1`"),
        ("digraph { a [reward=] }", "1: bad DOT: expected a value, found `]`"),
        ("digraph { a [=1] }", "1: bad DOT: expected an attribute or `]`, found `=`"),
        ("digraph { node -> a }", "1: bad DOT: expected `[`, found `->`"),
        ("digraph { subgraph x -> a }", "1: bad DOT: expected `{`, found `->`"),
        ("digraph { a: -> b }", "1: bad DOT: expected a port, found `->`"),
        ("digraph { a -> b }\n}", "2: bad DOT: expected the end of the file, found `}`"),
        (
            "digraph { a -> b }\ndigraph { c -> d }",
            "2: bad DOT: expected the end of the file, found `digraph`",
        ),
        ("digraph {\n1a -> b }", "2: `1a` is neither a name nor a number"),
        ("digraph {\n1.2.3 -> b }", "2: `1.2.3` is neither a name nor a number"),
        ("digraph {\na.b -> c }", "2: `.b` is neither a name nor a number"),
        ("digraph {\na(b) -> c }", "2: bad DOT: unexpected `(`"),
        ("digraph {\na - b }", "2: bad DOT: unexpected `-`"),
        ("digraph {\n\"a }\n", "2: the text in quotes does not end"),
        ("digraph {\n\"a\" + b }\n", "2: expected a text in quotes behind `+`"),
        ("digraph {\n/* a }\n", "2: the comment does not end"),
        ("digraph {\na [x=<<b>] }\n", "2: the value between `<` and `>` does not end"),
        ("digraph {\na [reward=<1>] }\n", "2: the reward is `<…>`, not a number"),
        ("digraph { a -> b\nb [reward=1]; b [reward=2] }", "2: a second reward for `b`"),
        ("digraph {\n}", "1: there are no rewards"),
    ] {
        refused(dot(text), &format!("g.dot:{message}"));
    }
}

#[test]
fn subgraphs_are_followed_to_a_depth_and_to_a_size() {
    let nested = |depth: usize| {
        format!("digraph {{ {} a {} -> z z [reward=1] }}", "{".repeat(depth), "}".repeat(depth))
    };
    assert!(dot(&nested(100)).is_ok());
    refused(dot(&nested(101)), "g.dot:1: subgraphs are nested more than 100 deep");
    let nodes = |letter| (0..6000).map(|i| format!("{letter}{i} ")).collect::<String>();
    let dense = format!("digraph {{\n{{ {} }} -> {{ {} }} }}", nodes("a"), nodes("b"));
    refused(dot(&dense), "g.dot:2: subgraphs stand for more than 33554432 edges");
}
