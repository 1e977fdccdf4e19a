//! Flows from files.

use headwater_core::Key;
use headwater_core::settings::File;
use headwater_exact::Flow;
use headwater_flow::{Choice, read_flow};
use headwater_graph::{Network, ReadError};

use crate::random::{dag, wide};
use crate::{edge, network, node, solve};

fn parse(n: &Network, text: &str) -> Result<Flow, ReadError> {
    read_flow(n, &File::new("f.csv", text))
}

fn small() -> Network {
    network(&[("s", "a"), ("s", "b"), ("a", "x"), ("b", "x")], &[("x", 4.0), ("a", 1.0)])
}

/// 30 random DAGs with rewards of any range: a flow that is written in logarithms is read as it was.
#[test]
fn written_flows_are_read_back() {
    for trial in 0..30 {
        let n = dag(Key::new(51).fold(trial), 20, wide);
        let (g, flow) = (n.graph(), solve(&n, Choice::Uniform).unwrap().flow);
        let mut text = "note,to,from,log_flow\n".to_owned();
        for e in 0..g.n_edges() {
            text += &format!("edge,{},{},{}\n", n.name(g.to(e)), n.name(g.from(e)), flow.edge[e]);
        }
        g.objects().for_each(|v| text += &format!("stop,,{},{}\n", n.name(v), flow.stop[v]));
        let read = parse(&n, &text).unwrap();
        assert_eq!((read.edge, read.stop), (flow.edge, flow.stop));
        assert!((read.log_z - flow.log_z).abs() < 1e-9);
    }
}

#[test]
fn silent_edges_carry_nothing_and_silent_stops_their_reward() {
    let n = small();
    let flow = parse(&n, "\u{feff}from, to, flow\ns, a, 5\na, x, 4\n").unwrap();
    assert_eq!(flow.edge[edge(&n, "s", "b")], f64::NEG_INFINITY);
    assert_eq!(flow.edge[edge(&n, "s", "a")], 5f64.ln());
    assert_eq!(flow.stop[node(&n, "x")], 4f64.ln());
    assert_eq!(flow.stop[node(&n, "s")], f64::NEG_INFINITY);
    assert_eq!(flow.log_z, 5f64.ln());
    let flow = parse(&n, "from,to,flow\ns,a,0\na,,1\n").unwrap();
    assert_eq!(flow.stop[node(&n, "x")], f64::NEG_INFINITY);
    assert_eq!(flow.edge[edge(&n, "s", "a")], f64::NEG_INFINITY);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let n = small();
    let cases = [
        ("", 1, "the header lacks `from`, `to`, or one of `flow` and `log_flow`"),
        ("from,to\ns,a\n", 1, "the header lacks `from`, `to`, or one of `flow` and `log_flow`"),
        ("from,to,flow\ns,a,1\ns,q,1\n", 3, "the graph has no node `q`"),
        ("from,to,flow\n\nq,s,1\n", 3, "the graph has no node `q`"),
        ("from,to,flow\ns,,1\n", 2, "`s` has no reward and so no stop edge"),
        ("from,to,flow\nx,a,1\n", 2, "the graph has no edge from `x` to `a`"),
        ("from,to,flow\ns,a,-1\n", 2, "the flow is `-1`; expected a number that is not negative"),
        ("from,to,flow\ns,a,inf\n", 2, "the flow is `inf`; expected a number that is not negative"),
        ("from,to,flow\ns,a,\n", 2, "the flow is ``; expected a number that is not negative"),
        ("from,to,log_flow\ns,a,1\ns,b,nan\n", 3, "the flow is `nan`; expected a logarithm, or `-inf`"),
        ("from,to,log_flow\ns,a,one\n", 2, "the flow is `one`; expected a logarithm, or `-inf`"),
        ("from,to,flow\ns,a,1\ns,b,1\ns,a,1\n", 4, "a second flow of the edge from `s` to `a`"),
        ("from,to,flow\nx,,1\nx,,1\n", 3, "a second flow of the stop edge of `x`"),
        ("from,to,flow\ns,a,1\ns,b\n", 3, "2 fields where the header has 3"),
    ];
    for (text, line, message) in cases {
        let error = parse(&n, text).unwrap_err();
        assert_eq!((error.line, error.message.as_str()), (line, message), "{text:?}");
        assert_eq!((error.path.as_str(), error.in_rewards), ("f.csv", false));
    }
    assert!(parse(&n, "").unwrap_err().hint.is_some());
    let long = parse(&n, &format!("from,to,flow\ns,{},1\n", "q".repeat(99))).unwrap_err();
    assert_eq!(long.message, format!("the graph has no node `{}…`", "q".repeat(60)));
}
