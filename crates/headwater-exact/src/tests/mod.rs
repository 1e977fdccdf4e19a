mod divergence;
mod envs;
mod flow;
mod graph;

use envs::{Edges, Grid, Subsets};
use headwater_core::{Environment, Key, Lanes};

use crate::{Graph, enumerate};

fn graph<E: Environment>(env: E) -> Graph {
    enumerate(&Lanes::new("test", env), 1_000_000).expect("the environments of these tests are small DAGs")
}

/// Graphs of unlike shapes: stop anywhere, stop late, one state per level, several edges between two states.
fn graphs() -> Vec<Graph> {
    let mut graphs = Vec::new();
    graphs.extend(Grid::small().into_iter().map(graph));
    graphs.extend(Subsets::small().into_iter().map(graph));
    graphs.push(graph(Edges::toy()));
    graphs.push(graph(Edges { list: vec![(0, 1), (0, 1), (0, 2), (1, 2)], rewards: vec![(2, 1.0)] }));
    graphs.push(graph(Edges { list: vec![], rewards: vec![(0, 1.0)] }));
    graphs
}

/// Log rewards between −`spread` and `spread`.
fn random_log_reward(g: &Graph, key: Key, spread: f64) -> Vec<f64> {
    (0..g.n_states()).map(|s| spread * (2.0 * key.fold(s as u64).unit() - 1.0)).collect()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance
}

/// Every trajectory from the source to an object, as its edges.
fn trajectories(g: &Graph) -> Vec<(Vec<usize>, usize)> {
    let mut found = Vec::new();
    let mut open = vec![(Vec::new(), 0)];
    while let Some((edges, s)) = open.pop() {
        for e in g.out(s) {
            open.push((edges.iter().copied().chain([e]).collect(), g.to(e)));
        }
        if g.is_object(s) {
            found.push((edges, s));
        }
    }
    found
}
