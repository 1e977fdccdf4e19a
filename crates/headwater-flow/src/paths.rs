//! Trees that carry every reward along one path: cheapest paths, and paths that share their edges.

use headwater_core::StateGraph;
use headwater_exact::uniform_backward;
use headwater_graph::Network;

/// Per node: the edge by which its flow arrives, `None` where it cannot, and at the source.
pub type Tree = Vec<Option<u32>>;

/// Cheapest paths from the source, in one pass over the nodes; costs may be negative, and an infinite one closes an
/// edge. Of paths that cost the same it takes one with the fewest edges, and then the edge with the lowest number.
pub fn cheapest(g: &StateGraph, costs: &[f64]) -> Tree {
    // A path has fewer edges than 2³², and sums of costs near the largest number would be infinite.
    let huge = costs.iter().any(|c| c.is_finite() && c.abs() > 1e290);
    let scale = if huge { 2f64.powi(-64) } else { 1.0 };
    let mut reached = vec![(f64::INFINITY, u32::MAX); g.n_states()];
    let mut tree = vec![None; g.n_states()];
    reached[g.source()] = (0.0, 0);
    for &v in &g.order()[1..] {
        let v = v as usize;
        for &e in g.entering(v) {
            let (cost, length) = reached[g.from(e as usize)];
            let cost = cost + costs[e as usize] * scale;
            if cost < f64::INFINITY && (cost, length.saturating_add(1)) < reached[v] {
                reached[v] = (cost, length.saturating_add(1));
                tree[v] = Some(e);
            }
        }
    }
    tree
}

/// A tree to all positive rewards that has few edges.
///
/// The fewest would be a Steiner arborescence, which is NP-hard. This is a local optimum: in every sweep each node that
/// carries flow, from the objects back to the source, joins the tree where that needs the fewest nodes more; next come
/// nodes that carry flow already, then those that most others could join, then the edge with the lowest number. A
/// sweep knows what the one before it kept, and they end when a sweep saves nothing. In 299 of 300 random DAGs of 5 to 10
/// nodes no tree had fewer edges.
pub fn shared(network: &Network) -> Tree {
    let g = network.graph();
    let mut kept = Vec::from_iter(network.rewards().iter().map(|&r| r > Some(0.0)));
    kept[g.source()] = true;
    let mut best = (usize::MAX, Tree::new());
    loop {
        let (tree, carrying) = sweep(network, &kept);
        let n = carrying.iter().filter(|&&c| c).count();
        if n >= best.0 {
            return best.1;
        }
        (best, kept) = ((n, tree), carrying);
    }
}

/// One sweep of [`shared`]: its tree, and which nodes carry flow.
fn sweep(network: &Network, kept: &[bool]) -> (Tree, Vec<bool>) {
    let g = network.graph();
    // How many nodes that are not kept lie between a node and the nearest that is.
    let mut between = vec![u32::MAX; g.n_states()];
    let join = |p: usize, between: &[u32]| if kept[p] { 0 } else { between[p].saturating_add(1) };
    between[g.source()] = 0;
    for &v in &g.order()[1..] {
        let joins = g.entering(v as usize).iter().map(|&e| join(g.from(e as usize), &between));
        between[v as usize] = joins.min().unwrap_or(u32::MAX);
    }
    let could_join = |p: usize| g.out(p).filter(|&e| kept[g.to(e)]).count();
    let could_join = Vec::from_iter((0..g.n_states()).map(could_join));
    let mut carrying = Vec::from_iter(network.rewards().iter().map(|&r| r > Some(0.0)));
    carrying[g.source()] = true;
    let mut tree = vec![None; g.n_states()];
    for &v in g.order().iter().rev() {
        let v = v as usize;
        if !carrying[v] {
            continue;
        }
        tree[v] = g.entering(v).iter().copied().min_by_key(|&e| {
            let p = g.from(e as usize);
            let needs = if carrying[p] { 0 } else { join(p, &between) };
            (needs, !carrying[p], std::cmp::Reverse(could_join[p]), e)
        });
        if let Some(e) = tree[v] {
            carrying[g.from(e as usize)] = true;
        }
    }
    (tree, carrying)
}

/// log P_B of a tree: 0 on its edges and −∞ beside them; uniform at nodes that carry no flow.
pub fn tree_backward(network: &Network, tree: &Tree) -> Vec<f64> {
    let mut weights = vec![0.0; network.graph().n_edges()];
    tree.iter().flatten().for_each(|&e| weights[e as usize] = 1.0);
    carried_backward(network, &weights)
}

/// log P_B in proportion to weights of edges, in which a node that carries flow has a parent; uniform at nodes that
/// carry none. Weights are finite and not negative, and so are their sums at a node.
pub fn carried_backward(network: &Network, weights: &[f64]) -> Vec<f64> {
    let g = network.graph();
    let mut backward = uniform_backward(g);
    let mut carrying = Vec::from_iter(network.rewards().iter().map(|&r| r > Some(0.0)));
    for &v in g.order().iter().rev() {
        let v = v as usize;
        let total: f64 = g.entering(v).iter().map(|&e| weights[e as usize]).sum();
        if !carrying[v] || total == 0.0 {
            continue;
        }
        for &e in g.entering(v) {
            let e = e as usize;
            backward[e] = (weights[e] / total).ln();
            carrying[g.from(e)] |= weights[e] > 0.0;
        }
    }
    backward
}
