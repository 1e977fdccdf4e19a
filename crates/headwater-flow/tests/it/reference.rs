//! Slow and simple answers to compare with.

use headwater_core::StateGraph;
use headwater_flow::Solution;
use headwater_graph::Network;

/// Every trajectory from the source that ends in an object, as its nodes and edges.
pub fn trajectories(g: &StateGraph) -> Vec<(usize, Vec<usize>)> {
    let mut found = Vec::new();
    let mut open = vec![(g.source(), Vec::new())];
    while let Some((v, edges)) = open.pop() {
        if g.is_object(v) {
            found.push((v, edges.clone()));
        }
        for e in g.out(v) {
            open.push((g.to(e), [edges.as_slice(), &[e]].concat()));
        }
    }
    found
}

/// Calls `visit` with every way to choose one parent of every node, as the chosen edges; none if there are more than
/// `most` ways.
pub fn trees(g: &StateGraph, most: usize, mut visit: impl FnMut(&[usize])) -> bool {
    let nodes = Vec::from_iter((0..g.n_states()).filter(|&v| !g.entering(v).is_empty()));
    let ways = nodes.iter().try_fold(1usize, |n, &v| n.checked_mul(g.entering(v).len()));
    let Some(ways) = ways.filter(|&n| n <= most) else { return false };
    for i in 0..ways {
        let mut rest = i;
        let mut choose = |v: &usize| {
            let entering = g.entering(*v);
            let e = entering[rest % entering.len()];
            rest /= entering.len();
            e as usize
        };
        visit(&Vec::from_iter(nodes.iter().map(&mut choose)));
    }
    true
}

/// log P_B of chosen edges.
pub fn backward_of(g: &StateGraph, chosen: &[usize]) -> Vec<f64> {
    let mut backward = vec![f64::NEG_INFINITY; g.n_edges()];
    chosen.iter().for_each(|&e| backward[e] = 0.0);
    backward
}

/// Every set of nodes without the source: what the edges into it can carry and what its rewards need.
pub fn cuts(network: &Network, capacities: &[f64]) -> Vec<(f64, f64)> {
    let g = network.graph();
    let one = |set: u32| {
        let inside = |v: usize| set >> v & 1 == 1;
        let into = |&e: &usize| inside(g.to(e)) && !inside(g.from(e));
        let carry = (0..g.n_edges()).filter(into).map(|e| capacities[e]).sum();
        let need = (0..g.n_states()).filter(|&v| inside(v)).filter_map(|v| network.rewards()[v]).sum();
        (carry, need)
    };
    (1..1 << g.n_states()).filter(|set| set >> g.source() & 1 == 0).map(one).collect()
}

/// The least total cost of a flow within capacities by successive shortest paths (Bellman–Ford), if there is a flow;
/// exact for whole numbers.
pub fn least_cost(network: &Network, costs: &[f64], capacities: &[f64]) -> Option<f64> {
    let g = network.graph();
    let sink = g.n_states();
    // From, to, room, cost; the arc back follows each.
    let mut arcs: Vec<(usize, usize, f64, f64)> = Vec::new();
    for e in 0..g.n_edges() {
        arcs.push((g.from(e), g.to(e), capacities[e], costs[e]));
        arcs.push((g.to(e), g.from(e), 0.0, -costs[e]));
    }
    for v in 0..sink {
        arcs.push((v, sink, network.rewards()[v].unwrap_or(0.0), 0.0));
        arcs.push((sink, v, 0.0, 0.0));
    }
    let (mut missing, mut total) = (network.rewards().iter().flatten().sum::<f64>(), 0.0);
    while missing > 0.0 {
        let mut reached = vec![(f64::INFINITY, usize::MAX); sink + 1];
        reached[g.source()].0 = 0.0;
        for _ in 0..=sink {
            for (i, &(from, to, room, cost)) in arcs.iter().enumerate() {
                if room > 0.0 && reached[from].0 + cost < reached[to].0 {
                    reached[to] = (reached[from].0 + cost, i);
                }
            }
        }
        let mut path = Vec::new();
        let mut v = sink;
        while v != g.source() {
            let i = reached[v].1;
            path.push(arcs.get(i).map(|_| i)?);
            v = arcs[i].0;
        }
        let units = path.iter().map(|&i| arcs[i].2).fold(missing, f64::min);
        for i in path {
            arcs[i].2 -= units;
            arcs[i ^ 1].2 += units;
            total += units * arcs[i].3;
        }
        missing -= units;
    }
    Some(total)
}

/// By how much of Z the fullest edge is over its capacity.
pub fn excess(solution: &Solution, capacities: &[f64]) -> f64 {
    let flow = &solution.flow;
    let over = |(f, c): (&f64, &f64)| (f - flow.log_z).exp() - (c.ln() - flow.log_z).exp();
    flow.edge.iter().zip(capacities).map(over).fold(f64::NEG_INFINITY, f64::max)
}
