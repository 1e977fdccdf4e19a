//! CSV: edges, and rewards.

use super::*;

fn csv(edges: &str, rewards: &str) -> Result<Network, ReadError> {
    with_rewards("e.csv", edges, rewards)
}

#[test]
fn quoting_blank_lines_windows_line_ends_and_byte_order_marks_are_read() {
    let edges = "\u{feff}from,to\r\n\r\n\"a, b\",c\r\n c , d \r\n";
    let network = csv(edges, "node,reward\nd,1e3\nc,0\n").unwrap();
    assert_eq!(network.names().iter().collect::<Vec<_>>(), ["a, b", "c", "d"]);
    assert_eq!(network.rewards(), [None, Some(0.0), Some(1000.0)]);
    assert_eq!(network.log_rewards(), [f64::NEG_INFINITY, f64::NEG_INFINITY, 1000f64.ln()]);
}

#[test]
fn what_is_no_text_is_refused_with_the_line() {
    let broken = b"\xef\xbb\xbfa\n\xff".as_slice();
    refused(read(&file("e.csv", broken), None), "e.csv:2: byte 5 of the file is not text in UTF-8");
    let edges = file("e.csv", "from,to\na,b\n");
    let message = "r.csv:2: byte 5 of the file is not text in UTF-8";
    refused(read(&edges, Some(&file("r.csv", broken))), message);
}

#[test]
fn bad_edges_are_refused_with_the_line() {
    let rewards = "node,reward\nc,1\n";
    for (edges, message) in [
        ("a,b\nb\n", "e.csv:3: 1 fields where the header has 2"),
        ("a,b\nb,c,d\n", "e.csv:3: 3 fields where the header has 2"),
        ("a,b\n,c\n", "e.csv:3: \"\" cannot name a node"),
        ("a,b\n,c\nb\n", "e.csv:3: \"\" cannot name a node"),
        ("", "e.csv:1: there are no edges"),
    ] {
        refused(csv(&format!("from,to\n{edges}"), rewards), message);
    }
    for (header, message) in [
        ("a;b", "the header is `a;b` instead of `from,to`"),
        ("to,from", "the header is `to,from` instead of `from,to`"),
        ("from", "the header is `from` instead of `from,to`"),
        ("\u{0}\u{1}", "the header is `\u{0}\u{1}` instead of `from,to`"),
        ("from,to,wieght", "unknown column `wieght`"),
        ("from,to,cost,weight,cost", "a second column `cost`"),
    ] {
        refused(csv(&format!("{header}\na,b\n"), rewards), &format!("e.csv:1: {message}"));
    }
    let hint = csv("from,to,wieght\n", rewards).unwrap_err().hint.unwrap();
    assert!(["weight", "cost", "capacity"].iter().all(|name| hint.contains(name)));
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
        refused(csv(edges, &format!("node,reward\n{rewards}")), message);
    }
    refused(csv(edges, "reward,node\n"), "r.csv:1: the header is `reward,node` instead of `node,reward`");
    refused(csv(edges, ""), "r.csv:1: the file is empty");
    let error = csv(edges, "node,reward\nc,-1\n").unwrap_err();
    assert!(error.hint.is_some_and(|h| h.contains("not negative")));
}
