//! Tests of flows, on graphs worked out by hand and on random ones against brute force.

mod capacity;
mod count;
mod cut;
mod flow;
mod random;
mod read_flow;
mod reference;
mod tree;

use headwater_core::settings::File;
use headwater_exact::log_sum_exp;
use headwater_flow::{Choice, Solution, Unsolvable, backward, residuals};
use headwater_graph::{Attribute, Network};

/// The network of edges and rewards between nodes with the given names.
fn network(edges: &[(&str, &str)], rewards: &[(&str, f64)]) -> Network {
    let edges = Vec::from_iter(edges.iter().map(|(a, b)| format!("[\"{a}\", \"{b}\"]"))).join(", ");
    let rewards = Vec::from_iter(rewards.iter().map(|(v, r)| format!("\"{v}\": {r:e}"))).join(", ");
    read(&format!("{{\"edges\": [{edges}], \"rewards\": {{{rewards}}}}}"))
}

fn read(json: &str) -> Network {
    headwater_graph::read(&File::new("g.json", json), None).expect("a good graph")
}

/// The same network, with the attribute on the named edges and its default on the others.
fn with(network: Network, which: Attribute, values: &[(&str, &str, f64)]) -> Network {
    let mut all = vec![which.default(); network.graph().n_edges()];
    values.iter().for_each(|(from, to, x)| all[edge(&network, from, to)] = *x);
    network.with_attribute(which, all).expect("numbers in range")
}

fn node(network: &Network, name: &str) -> usize {
    network.names().find(name).expect("a node") as usize
}

fn edge(network: &Network, from: &str, to: &str) -> usize {
    network.edge(node(network, from), node(network, to)).expect("an edge")
}

fn solve(network: &Network, choice: Choice) -> Result<Solution, Unsolvable> {
    let solution = Solution::new(network, backward(network, choice)?);
    assert_valid(network, &solution);
    Ok(solution)
}

/// What every solution satisfies: probabilities that sum to one, conservation at every node, p(x) = R(x)/Z.
fn assert_valid(network: &Network, solution: &Solution) {
    let g = network.graph();
    for v in 0..g.n_states() {
        let choices = g.out(v).map(|e| solution.forward.edge[e]).chain([solution.forward.stop[v]]);
        let parents = g.entering(v).iter().map(|&e| solution.backward[e as usize]);
        assert!(log_sum_exp(choices).abs() < 1e-9, "P_F at {}", network.name(v));
        assert!(v == g.source() || log_sum_exp(parents).abs() < 1e-9, "P_B at {}", network.name(v));
    }
    for r in residuals(network, &solution.flow) {
        assert!(r.relative() <= 1e-9, "{r:?} at {}", network.name(r.node));
    }
    let log_rewards = network.log_rewards();
    let log_z = log_sum_exp(log_rewards.iter().copied());
    for v in 0..g.n_states() {
        let (p, wanted) = (solution.log_p[v], log_rewards[v] - log_z);
        assert!(
            p == wanted || (p - wanted).abs() < 1e-9,
            "p({}) = exp {p}, not exp {wanted}",
            network.name(v)
        );
    }
}

/// The flow of an edge in the unit of the rewards.
fn carried(network: &Network, solution: &Solution, from: &str, to: &str) -> f64 {
    solution.flow.edge[edge(network, from, to)].exp()
}

/// Σ cost · F.
fn total_cost(network: &Network, solution: &Solution) -> f64 {
    solution.mean_cost(network).expect("costs") * solution.flow.log_z.exp()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-300)
}
