//! Files of undirected graphs: what they mean, what is said of those that are wrong, and that none makes anything panic.

mod formats;
mod guide;
mod refused;
mod robust;

use headwater_core::settings::File;
use headwater_graph::{FileError, Undirected, read_undirected};

/// The examples that ship with the program.
const EXAMPLES: [(&str, &str); 3] = [
    ("petersen.col", include_str!("../../../../examples/graphs/petersen.col")),
    ("karate.graph", include_str!("../../../../examples/graphs/karate.graph")),
    ("karate.csv", include_str!("../../../../examples/graphs/karate.csv")),
];

fn read(path: &str, text: &str) -> Result<Undirected, FileError> {
    read_undirected(&File::new(path, text))
}

fn good(path: &str, text: &str) -> Undirected {
    read(path, text).unwrap_or_else(|error| panic!("{error}"))
}

/// The edges by names and weights, sorted, and the names of vertices whose weight is not 1.
fn written_out(g: &Undirected) -> (Vec<String>, Vec<String>) {
    let name = |v: usize| g.names().get(v);
    let edge = |(e, &(a, b)): (usize, &(u32, u32))| {
        let mut ends = [name(a as usize), name(b as usize)];
        ends.sort_unstable();
        format!("{}-{} {}", ends[0], ends[1], g.edge_weight(e))
    };
    let mut edges = Vec::from_iter(g.edges().iter().enumerate().map(edge));
    edges.sort_unstable();
    let weighted = (0..g.n_vertices()).filter(|&v| g.weight(v) != 1.0);
    (edges, weighted.map(|v| format!("{} {}", name(v), g.weight(v))).collect())
}
