//! Proper colouring of edges: labels such that neither the edges leaving a node nor those entering it share one.

use headwater_core::Key;

/// Colours the edges of a digraph without duplicate edges so that edges that leave one node differ, and so do edges
/// that enter one node; returns the colour of each edge and the number of colours.
///
/// Seen as a bipartite graph between the nodes as tails and the nodes as heads, this is an edge colouring, and the
/// largest degree is enough colours (Kőnig 1916). Each edge is given a colour free at both ends, made so by exchanging
/// two colours along an alternating path where there is none.
pub(super) fn colour(n_nodes: usize, edges: &[(u32, u32)]) -> (Vec<u32>, usize) {
    let ends: Vec<[u32; 2]> = edges.iter().map(|&(u, v)| [u, n_nodes as u32 + v]).collect();
    let mut colours = vec![0; edges.len()];
    let mut palettes = Palettes::new(2 * n_nodes, &ends);
    let mut path = Vec::new();
    for e in shuffled(edges.len()) {
        let [u, v] = ends[e];
        let at_tail = palettes.first_free(u);
        let at_head = palettes.first_free(v);
        let colour = if palettes.edge(u, at_head).is_none() { at_head } else { at_tail };
        if palettes.edge(v, colour).is_some() {
            // `colour` is free at u, `at_head` is free at v. The path from v that alternates between them cannot end
            // in u, since it arrives at tails by `colour` only; exchanging the two frees `colour` at v.
            alternate(&palettes, &ends, v, [colour, at_head], &mut path);
            for &e in &path {
                ends[e as usize].iter().for_each(|&w| palettes.remove(w, colours[e as usize]));
            }
            for &e in &path {
                colours[e as usize] = colour + at_head - colours[e as usize];
                ends[e as usize].iter().for_each(|&w| palettes.insert(w, colours[e as usize], e));
            }
        }
        colours[e] = colour;
        ends[e].iter().for_each(|&w| palettes.insert(w, colour, e as u32));
    }
    let n_colours = colours.iter().max().map_or(0, |&c| c as usize + 1);
    (colours, n_colours)
}

/// `0..n` in an order without pattern: node by node, dense graphs would have paths as long as they are wide.
fn shuffled(n: usize) -> Vec<usize> {
    let key = Key::new(0);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_cached_key(|&e| key.fold(e as u64).bits());
    order
}

/// The maximal path from `at` whose edges have the two colours in turn.
fn alternate(
    palettes: &Palettes,
    ends: &[[u32; 2]],
    mut at: u32,
    mut colours: [u32; 2],
    path: &mut Vec<u32>,
) {
    path.clear();
    while let Some(e) = palettes.edge(at, colours[0]) {
        path.push(e);
        let [u, v] = ends[e as usize];
        at = u + v - at;
        colours.swap(0, 1);
    }
}

/// For every vertex the colours in use there, each with its edge, sorted by colour.
struct Palettes {
    /// Vertex `v` owns `slots[start[v]..start[v + 1]]`, as many as its degree, of which `used[v]` are filled.
    start: Vec<usize>,
    used: Vec<usize>,
    slots: Vec<(u32, u32)>,
}

impl Palettes {
    fn new(n_vertices: usize, ends: &[[u32; 2]]) -> Self {
        let mut start = vec![0; n_vertices + 1];
        ends.iter().flatten().for_each(|&v| start[v as usize + 1] += 1);
        for v in 0..n_vertices {
            start[v + 1] += start[v];
        }
        Self { start, used: vec![0; n_vertices], slots: vec![(0, 0); 2 * ends.len()] }
    }

    fn of(&self, v: u32) -> &[(u32, u32)] {
        let start = self.start[v as usize];
        &self.slots[start..start + self.used[v as usize]]
    }

    /// The smallest colour not in use at `v`.
    fn first_free(&self, v: u32) -> u32 {
        // Sorted and distinct, the i-th colour is at least i, with equality exactly before the first gap.
        let palette = self.of(v);
        let (mut low, mut high) = (0, palette.len());
        while low < high {
            let middle = (low + high) / 2;
            if palette[middle].0 as usize == middle { low = middle + 1 } else { high = middle }
        }
        low as u32
    }

    /// The edge of colour `c` at `v`.
    fn edge(&self, v: u32, c: u32) -> Option<u32> {
        let palette = self.of(v);
        palette.binary_search_by_key(&c, |slot| slot.0).ok().map(|i| palette[i].1)
    }

    fn insert(&mut self, v: u32, c: u32, e: u32) {
        let at = self.start[v as usize] + self.of(v).partition_point(|slot| slot.0 < c);
        let end = self.start[v as usize] + self.used[v as usize];
        self.slots.copy_within(at..end, at + 1);
        self.slots[at] = (c, e);
        self.used[v as usize] += 1;
    }

    fn remove(&mut self, v: u32, c: u32) {
        let at = self.start[v as usize] + self.of(v).partition_point(|slot| slot.0 < c);
        let end = self.start[v as usize] + self.used[v as usize];
        self.slots.copy_within(at + 1..end, at);
        self.used[v as usize] -= 1;
    }
}
