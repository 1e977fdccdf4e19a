//! Reading files of graphs: every format, and what is said of files that are no flow network.

mod attributes;
mod csv;
mod dot;
mod formats;
mod graphml;
mod guide;
mod json;
mod network;
mod robust;
mod undirected;

use headwater_core::settings::File;
use headwater_graph::{Attribute, Network, ReadError, read};

/// The same network in every format; that in CSV has its rewards in a second file.
const TOYS: [(&str, &str); 4] = [
    ("toy.json", include_str!("../../../../examples/toy.json")),
    ("toy.dot", include_str!("../../../../examples/toy.dot")),
    ("toy.graphml", include_str!("../../../../examples/toy.graphml")),
    ("toy-edges.csv", include_str!("../../../../examples/toy-edges.csv")),
];
const TOY_REWARDS: &str = include_str!("../../../../examples/toy-rewards.csv");

fn file(path: &str, contents: impl Into<Vec<u8>>) -> File {
    File::new(path, contents)
}

/// A graph by itself, in the format of its path.
fn whole(path: &str, text: &str) -> Result<Network, ReadError> {
    read(&file(path, text), None)
}

/// A graph with its rewards in a CSV file.
fn with_rewards(path: &str, graph: &str, rewards: &str) -> Result<Network, ReadError> {
    read(&file(path, graph), Some(&file("r.csv", rewards)))
}

#[track_caller]
fn refused(read: Result<Network, ReadError>, message: &str) {
    let error = read.expect_err("the graph is refused");
    assert_eq!(error.to_string(), message);
    assert_eq!(error.in_rewards, error.path == "r.csv");
}

/// Everything that a network is, by names: its edges with their attributes, and its rewards, both sorted.
fn written_out(network: &Network) -> (Vec<String>, Vec<String>) {
    let g = network.graph();
    let edge = |e: usize| {
        let (from, to) = (network.name(g.from(e)), network.name(g.to(e)));
        let values = Attribute::ALL.map(|a| network.attribute(a).map(|values| values[e]));
        format!("{from} -> {to} {values:?}")
    };
    let reward = |v: usize| network.rewards()[v].map(|r| format!("{} {r}", network.name(v)));
    let mut edges = Vec::from_iter((0..g.n_edges()).map(edge));
    let mut rewards = Vec::from_iter((0..g.n_states()).filter_map(reward));
    edges.sort();
    rewards.sort();
    (edges, rewards)
}
