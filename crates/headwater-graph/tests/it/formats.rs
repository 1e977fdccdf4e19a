//! The format of a file, and what all formats have in common.

use headwater_core::Stop;

use super::*;

#[test]
fn the_toy_is_the_same_network_in_every_format() {
    let read = TOYS.map(|(path, text)| {
        let network =
            if path.ends_with(".csv") { with_rewards(path, text, TOY_REWARDS) } else { whole(path, text) };
        network.unwrap_or_else(|error| panic!("{error}"))
    });
    let g = read[0].graph();
    assert_eq!((g.n_states(), g.n_edges(), g.n_objects(), g.longest()), (11, 13, 6, 5));
    assert_eq!(read[0].rewards().iter().flatten().sum::<f64>(), 112.0);
    for network in &read {
        assert_eq!(written_out(network), written_out(&read[0]));
        assert_eq!(network.name(network.graph().source()), "0");
        let stop = |name| network.graph().stops()[network.names().find(name).unwrap() as usize];
        assert_eq!(["0", "3", "10"].map(stop), [Stop::Never, Stop::May, Stop::Must]);
    }
}

#[test]
fn formats_are_told_by_the_name_or_else_by_the_start() {
    for (path, text) in &TOYS[..3] {
        let by_name = whole(path, text).unwrap();
        for path in ["toy", "toy.txt", "toy.csv", "dir.d/toy", "-"] {
            let by_start = whole(path, &format!("\u{feff} \n{text}")).unwrap();
            assert_eq!(written_out(&by_start), written_out(&by_name));
        }
        assert!(whole(&path.to_uppercase(), text).is_ok());
    }
    for start in ["strict digraph", "DIGRAPH g", "digraph", "/* a comment */digraph", "// a comment\ndigraph"]
    {
        assert!(whole("g", &format!("{start} {{ a -> b; b [reward=1] }}")).is_ok());
    }
    refused(whole("g", "graph { a -- b }"), "g:1: the graph is not directed");
    refused(whole("g", "graph,to\na,b\n"), "g:1: the header is `graph,to` instead of `from,to`");
    for (path, _) in TOYS {
        for text in ["", "\u{feff}", "\n \n\t\n"] {
            refused(whole(path, text), &format!("{path}:1: the file is empty"));
        }
    }
}

#[test]
fn rewards_are_in_the_file_or_beside_it() {
    for (path, text) in [
        ("g.json", r#"{"edges": [["a", "b"]]}"#),
        ("g.dot", "digraph { a -> b }"),
        (
            "g.xml",
            "<graphml><graph><node id='a'/><node id='b'/><edge source='a' target='b'/></graph></graphml>",
        ),
        ("g.csv", "from,to\na,b\n"),
    ] {
        let network = with_rewards(path, text, "node,reward\nb,2\n").unwrap();
        assert_eq!(network.rewards(), [None, Some(2.0)]);
        refused(whole(path, text), &format!("{path}:1: there are no rewards"));
    }
    for (path, text) in &TOYS[..3] {
        let twice = with_rewards(path, text, TOY_REWARDS);
        refused(twice, "r.csv:1: the rewards are already in the graph's file");
    }
}

#[test]
fn names_are_any_text_on_one_line() {
    // A name, and how it is written in each format.
    for (name, json, csv, dot, xml) in [
        ("a b", r#""a b""#, "a b", r#""a b""#, "a b"),
        (r#"say "a""#, r#""say \"a\"""#, r#""say ""a""""#, r#""say \"a\"""#, "say &quot;a&quot;"),
        ("a, b", r#""a, b""#, r#""a, b""#, r#""a, b""#, "a, b"),
        ("é→日本", r#""\u00e9→日本""#, "é→日本", "\"é→日本\"", "&#xe9;→日本"),
        ("<a&b>", r#""<a&b>""#, "<a&b>", r#""<a&b>""#, "&lt;a&amp;b&gt;"),
        ("-1.5", r#""-1.5""#, "-1.5", "-1.5", "-1.5"),
        ("{x}", r#""{x}""#, "{x}", r#""{x}""#, "{x}"),
    ] {
        let json = format!(r#"{{"edges": [[{json}, "z"]], "rewards": {{"z": 1}}}}"#);
        let csv = format!("from,to\n{csv},z\n");
        let dot = format!("digraph {{ {dot} -> z; z [reward=1] }}");
        let key = "<key id='r' for='node' attr.name='reward'/>";
        let nodes = format!("<node id=\"{xml}\"/><node id='z'><data key='r'>1</data></node>");
        let edge = format!("<edge source=\"{xml}\" target='z'/>");
        let xml = format!("<graphml>{key}<graph>{nodes}{edge}</graph></graphml>");
        for network in [
            whole("g.json", &json),
            with_rewards("g.csv", &csv, "node,reward\nz,1\n"),
            whole("g.dot", &dot),
            whole("g.xml", &xml),
        ] {
            let network = network.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(network.names().iter().collect::<Vec<_>>(), [name, "z"]);
        }
    }
    for (path, text, message) in [
        ("g.json", r#"{"edges": [["a\nb", "z"]]}"#, r#"g.json:1: "a\nb" cannot name a node"#),
        ("g.json", r#"{"edges": [["", "z"]]}"#, r#"g.json:1: "" cannot name a node"#),
        ("g.csv", "from,to\n\"a\nb\",z\n", r#"g.csv:2: "a\nb" cannot name a node"#),
        ("g.dot", "digraph {\n\n\"a\nb\" -> z }", r#"g.dot:3: "a\nb" cannot name a node"#),
        ("g.dot", "digraph { \" a\" -> z }", r#"g.dot:1: " a" cannot name a node"#),
        ("g.xml", "<graphml><graph>\n<node id=' a'/>", r#"g.xml:2: " a" cannot name a node"#),
        ("g.xml", "<graphml><graph>\n<node id='a&#10;b'/>", r#"g.xml:2: "a\nb" cannot name a node"#),
    ] {
        refused(with_rewards(path, text, "node,reward\nz,1\n"), message);
    }
}
