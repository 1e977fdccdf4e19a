//! Nodes into layers from left to right, and edges into links between neighbouring layers (Sugiyama, Tagawa & Toda
//! 1981).
//!
//! This is own code, since the crates that lay out layered graphs return no routes for edges that pass layers and know
//! no widths of edges.

use headwater_core::StateGraph;

/// A piece of an edge, from a vertex to one in the next layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub from: u32,
    pub to: u32,
    pub edge: u32,
}

/// A layered graph. Its vertices are the nodes, by number, and behind them the *bends*, where edges pass a layer.
pub(super) struct Layers {
    pub n_nodes: usize,
    /// Per vertex: its layer; the source is alone in layer 0.
    pub layer: Vec<u32>,
    /// Of edge `e`: `links[first[e]..first[e + 1]]`, from left to right.
    pub links: Vec<Link>,
    pub first: Vec<usize>,
    /// Per vertex: the links from the layer before and to the layer behind.
    pub left: Vec<Vec<u32>>,
    pub right: Vec<Vec<u32>>,
    /// Per layer: its vertices from top to bottom.
    pub order: Vec<Vec<u32>>,
}

impl Layers {
    /// Layers of nodes; bends are made for edges that pass layers. The order within layers is that of a walk through
    /// the graph, depth first.
    pub fn new(g: &StateGraph, nodes: &[u32]) -> Self {
        let mut layer = nodes.to_vec();
        let mut links = Vec::with_capacity(pieces(g, nodes));
        let mut first = vec![0];
        for e in 0..g.n_edges() {
            let (mut from, to, edge) = (g.from(e) as u32, g.to(e) as u32, e as u32);
            for l in nodes[from as usize] + 1..nodes[to as usize] {
                let bend = layer.len() as u32;
                layer.push(l);
                links.push(Link { from, to: bend, edge });
                from = bend;
            }
            links.push(Link { from, to, edge });
            first.push(links.len());
        }
        let (mut left, mut right) = (vec![Vec::new(); layer.len()], vec![Vec::new(); layer.len()]);
        for (i, link) in links.iter().enumerate() {
            right[link.from as usize].push(i as u32);
            left[link.to as usize].push(i as u32);
        }
        let n_layers = 1 + layer.iter().copied().max().unwrap_or(0) as usize;
        let order = vec![Vec::new(); n_layers];
        let mut layers = Self { n_nodes: g.n_states(), layer, links, first, left, right, order };
        layers.walk(g.source());
        layers
    }

    /// Number of nodes and bends.
    pub fn n_vertices(&self) -> usize {
        self.layer.len()
    }

    pub fn is_node(&self, v: u32) -> bool {
        (v as usize) < self.n_nodes
    }

    /// Orders the vertices of every layer as a walk meets them.
    fn walk(&mut self, source: usize) {
        let mut seen = vec![false; self.n_vertices()];
        let mut stack = vec![source as u32];
        while let Some(v) = stack.pop() {
            if std::mem::replace(&mut seen[v as usize], true) {
                continue;
            }
            self.order[self.layer[v as usize] as usize].push(v);
            stack.extend(self.right[v as usize].iter().rev().map(|&i| self.links[i as usize].to));
        }
    }
}

/// The layer of every node: few layers, and edges that pass few of them.
///
/// Where nothing happens but at the ends of trajectories, all ends stand in the last layer, if that does not make edges
/// much longer.
pub(super) fn assign(g: &StateGraph) -> Vec<u32> {
    let mut layer = vec![0u32; g.n_states()];
    for &v in g.order() {
        for e in g.out(v as usize) {
            layer[g.to(e)] = layer[g.to(e)].max(layer[v as usize] + 1);
        }
    }
    shorten(g, &mut layer);
    let used = close_gaps(&mut layer);
    let is_end = |v: usize| g.out(v).is_empty();
    if g.objects().all(is_end) {
        let mut ends = layer.clone();
        (0..g.n_states()).filter(|&v| is_end(v)).for_each(|v| ends[v] = used - 1);
        if 2 * pieces(g, &ends) <= 3 * pieces(g, &layer) {
            return ends;
        }
    }
    layer
}

/// Number of links that the edges become.
pub(super) fn pieces(g: &StateGraph, layer: &[u32]) -> usize {
    (0..g.n_edges()).map(|e| (layer[g.to(e)] - layer[g.from(e)]) as usize).sum()
}

/// Moves nodes toward the side where they have more edges, as long as edges get shorter by it.
fn shorten(g: &StateGraph, layer: &mut [u32]) {
    const PASSES: usize = 16;
    for _ in 0..PASSES {
        let mut moved = false;
        for &v in g.order()[1..].iter().rev() {
            let v = v as usize;
            let last = g.out(v).map(|e| layer[g.to(e)] - 1).min();
            if let Some(last) = last.filter(|_| g.out(v).len() > g.entering(v).len()) {
                moved |= std::mem::replace(&mut layer[v], last) != last;
            }
        }
        for &v in &g.order()[1..] {
            let v = v as usize;
            let first = g.entering(v).iter().map(|&e| layer[g.from(e as usize)] + 1).max();
            if let Some(first) = first.filter(|_| g.entering(v).len() > g.out(v).len()) {
                moved |= std::mem::replace(&mut layer[v], first) != first;
            }
        }
        if !moved {
            break;
        }
    }
}

/// Numbers the layers that have nodes; how many they are.
fn close_gaps(layer: &mut [u32]) -> u32 {
    let mut used = layer.to_vec();
    used.sort_unstable();
    used.dedup();
    for l in layer {
        *l = used.partition_point(|u| u < l) as u32;
    }
    used.len() as u32
}
