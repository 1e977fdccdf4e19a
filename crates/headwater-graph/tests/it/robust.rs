//! Files that are cut off, changed or made up are read or refused, and never panic.

use headwater_core::Key;

use super::*;

/// Small files that between them show everything that their formats are read for.
fn examples() -> Vec<(&'static str, String)> {
    let mut all = Vec::from_iter(TOYS.map(|(path, text)| (path, text.to_owned())));
    all.push(("g.csv", "from,to,weight,cost,capacity\n\"a, \"\"b\"\"\",é,1,-2.5,\né,c,,,3e2\r\n".to_owned()));
    all.push((
        "g.json",
        r#"{"rewards": {"\u00e9": 1.5e-1}, "edges": [["a\"", "é"], {"from": "a\"", "to": "c", "weight": 2,
           "cost": -1, "capacity": 0.5}, ["c", "é"]]}"#
            .to_owned(),
    ));
    all.push((
        "g.dot",
        "/* x */ strict digraph \"g\" { node [reward=2] edge [weight=1, cost=\"2\"]\n# line\n\"a\\\"\" + \"é\" -> {b; \
         subgraph c { d:n -> e [capacity=3;] } } -> -1.5; x = <<b>y</b>> // end\n}"
            .to_owned(),
    ));
    all.push((
        "g.xml",
        "<?xml version='1.0'?><!DOCTYPE g [<!ENTITY x 'y'>]><graphml xmlns='z'><key id='r' for='node' \
         attr.name='reward'><default>1</default></key><key id='w' attr.name='weight'/><graph><node id='&#233;'>\
         <data key='r'>&#50;<!-- c --><![CDATA[.5]]></data></node><node id='é2'/><edge source='é' target='é2'>\
         <data key='w'>2</data></edge></graph></graphml>"
            .to_owned(),
    ));
    all
}

/// Reads a file with and without rewards, and checks what is said of it.
fn survive(path: &str, text: &str) {
    for read in
        [whole(path, text), with_rewards(path, text, TOY_REWARDS), with_rewards(TOYS[3].0, TOYS[3].1, text)]
    {
        if let Err(error) = read {
            let lines = text.lines().count().max(TOY_REWARDS.lines().count()).max(TOYS[3].1.lines().count());
            assert!((1..=lines + 1).contains(&error.line), "{error}");
            assert!(error.message.chars().count() < 900, "{error}");
        }
    }
}

#[test]
fn examples_are_sound() {
    for (path, text) in examples() {
        let read = if path.ends_with(".csv") {
            let rewards = if path == "g.csv" { "node,reward\nc,1\n" } else { TOY_REWARDS };
            with_rewards(path, &text, rewards)
        } else {
            whole(path, &text)
        };
        read.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn files_cut_off_anywhere_are_read_or_refused() {
    for (path, text) in examples() {
        for (end, _) in text.char_indices() {
            survive(path, &text[..end]);
            survive(path, &text[end..]);
        }
    }
}

#[test]
fn changed_files_are_read_or_refused() {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "<",
        ">",
        "\"",
        "'",
        "\\",
        "/",
        "*",
        "&",
        ";",
        ",",
        ":",
        "=",
        "-",
        "--",
        "->",
        "+",
        ".",
        "#",
        "\n",
        "\r",
        "\0",
        "\u{feff}",
        "é",
        "日",
        "1",
        "1e999",
        "nan",
        "a",
        "0",
        "<!--",
        "-->",
        "]]>",
        "<![CDATA[",
        "<?",
        "?>",
        "</graph>",
        "<node",
        "subgraph",
        "node",
        "edge",
        "\\u",
        "\\ud800",
        "digraph",
        "reward",
        "//",
        "/*",
    ];
    for (i, (path, text)) in examples().iter().enumerate() {
        for round in 0..2000 {
            let key = Key::new(i as u64).fold(round);
            let mut changed = text.clone();
            for k in 0..1 + key.below(4) {
                let key = key.fold(u64::from(k));
                let cut = |x: u64, text: &str| {
                    text.floor_char_boundary(key.fold(x).below(text.len() as u32 + 1) as usize)
                };
                let a = cut(0, &changed);
                let b = changed.floor_char_boundary(a + key.fold(1).below(20) as usize).max(a);
                let piece = pieces[key.fold(2).below(pieces.len() as u32) as usize];
                match key.fold(3).below(4) {
                    // A piece more, a piece instead of a character, a part missing, or a part twice.
                    0 => changed.insert_str(a, piece),
                    1 => {
                        let next = changed[a..].chars().next().map_or(0, char::len_utf8);
                        changed.replace_range(a..a + next, piece);
                    }
                    2 => changed.replace_range(a..b, ""),
                    _ => {
                        let part = changed[a..b].to_owned();
                        let to = cut(4, &changed);
                        changed.insert_str(to, &part);
                    }
                }
            }
            survive(path, &changed);
        }
    }
}

#[test]
fn large_garbage_is_refused_in_few_words() {
    const LARGE: usize = 1 << 22;
    let repeated = |start: &str, piece: &str| format!("{start}{}", piece.repeat(LARGE / piece.len()));
    for (start, piece) in [
        ("", "a"),
        ("", "{"),
        ("", "["),
        ("", "<"),
        ("", "é"),
        ("", ","),
        ("", "\""),
        ("", "/*"),
        ("", "//"),
        ("from,to\n", "a"),
        ("from,to\n", ","),
        ("from,to\n", "\""),
        ("from,to\n", "a,b\n"),
        ("from,to,", "a"),
        ("{\"edges\": ", "["),
        ("{\"edges\": [", "["),
        ("{\"edges\": [", "{\"from\": "),
        ("{\"edges\": [[", "1,"),
        ("{\"edges\": [[\"", "a"),
        ("{\"edges\": [[\"", "\\"),
        ("{\"edges\": [", "[\"a\","),
        ("{\"", "a"),
        ("{\"edges\": [], \"rewards\": {\"a\": ", "1"),
        ("{\"edges\": [], \"rewards\": {\"a\": ", "{\"a\":"),
        ("digraph { ", "a -> "),
        ("digraph { ", "{"),
        ("digraph { ", "{a->"),
        ("digraph ", "{"),
        ("digraph { ", "a"),
        ("digraph { ", "\\"),
        ("digraph { \"", "\\\""),
        ("digraph { \"a\"", "+\"a\""),
        ("digraph { a ", "["),
        ("digraph { a ", "[]"),
        ("digraph { a [b=", "<"),
        ("digraph { ", "subgraph "),
        ("digraph { ", "-"),
        ("digraph { ", "1."),
        ("<graphml>", "<a>"),
        ("<graphml>", "<graph>"),
        ("<graphml><graph>", "<node id='a'>"),
        ("<graphml ", "a='b' "),
        ("<graphml>", "&amp;"),
        ("<graphml>&", "a"),
        ("<graphml>", "<!--"),
        ("<", "a"),
        ("<!DOCTYPE ", "["),
        ("<!DOCTYPE a [", "<!ENTITY "),
        ("<?", "<?"),
        ("<graphml></", "a"),
    ] {
        let text = repeated(start, piece);
        for path in ["g", "g.csv", "g.json", "g.dot", "g.xml"] {
            let error = with_rewards(path, &text, "node,reward\nb,1\n").unwrap_err();
            assert!(error.message.chars().count() < 200, "{start}{piece}…: {error}");
        }
    }
}
