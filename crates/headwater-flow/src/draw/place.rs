//! The height at which every vertex stands: links as level as they can be, and nothing overlaps.
//!
//! What is minimised is the sum over links of weight times squared rise. One layer between two others is a problem of
//! isotonic regression, solved exactly; layers take turns. The problem is convex and constraints never reach beyond a
//! layer, so that this leads to the best heights there are for the order.

use super::layers::Layers;

/// Turns of all layers, links times turns at most.
const TURNS: usize = 200;
const WORK: usize = 8_000_000;
/// Pixels: turns end when no vertex moves by more.
const STILL: f64 = 0.05;

/// What a vertex needs above and below its height, space to its neighbours included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub above: f64,
    pub below: f64,
}

/// A link as a spring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spring {
    pub weight: f64,
    /// Where the link leaves and enters, relative to the heights of its vertices.
    pub ports: [f64; 2],
}

/// Heights of all vertices; the smallest is about zero.
pub(super) fn heights(layers: &Layers, extents: &[Extent], springs: &[Spring]) -> Vec<f64> {
    let mut y = vec![0.0; layers.n_vertices()];
    for order in &layers.order {
        let total: f64 = order.iter().map(|&v| extents[v as usize].above + extents[v as usize].below).sum();
        let mut top = -total / 2.0;
        for &v in order {
            let extent = extents[v as usize];
            y[v as usize] = top + extent.above;
            top += extent.above + extent.below;
        }
    }
    let turns = (WORK / layers.links.len().max(1)).clamp(10, TURNS);
    let n = layers.order.len();
    for turn in 0..turns {
        let mut moved = 0.0f64;
        for i in 0..n {
            let l = if turn % 2 == 0 { i } else { n - 1 - i };
            moved = moved.max(settle(layers, l, extents, springs, &mut y));
        }
        if moved < STILL {
            break;
        }
    }
    let top = y.iter().zip(extents).map(|(y, e)| y - e.above).fold(f64::INFINITY, f64::min);
    y.iter_mut().for_each(|y| *y -= top);
    y
}

/// Vertices that touch, and the height that is best for the first of them.
struct Block {
    weight: f64,
    height: f64,
    len: usize,
}

/// Moves a layer to where its links want it; the longest way that a vertex goes.
fn settle(layers: &Layers, l: usize, extents: &[Extent], springs: &[Spring], y: &mut [f64]) -> f64 {
    let order = &layers.order[l];
    // Pool adjacent violators: in heights less the room that vertices above need, touching means being equal.
    let mut blocks: Vec<Block> = Vec::with_capacity(order.len());
    let mut needed = 0.0;
    let mut offsets = Vec::with_capacity(order.len());
    for (i, &v) in order.iter().enumerate() {
        if i > 0 {
            needed += extents[order[i - 1] as usize].below + extents[v as usize].above;
        }
        offsets.push(needed);
        let (weight, wanted) = wish(layers, v, springs, y);
        blocks.push(Block { weight, height: wanted - needed, len: 1 });
        while let [.., a, b] = &blocks[..]
            && a.height > b.height
        {
            let weight = a.weight + b.weight;
            let height = (a.weight * a.height + b.weight * b.height) / weight;
            let merged = Block { weight, height, len: a.len + b.len };
            blocks.truncate(blocks.len() - 2);
            blocks.push(merged);
        }
    }
    let mut moved = 0.0f64;
    let settled = blocks.iter().flat_map(|b| std::iter::repeat_n(b.height, b.len));
    for ((&v, height), offset) in order.iter().zip(settled).zip(offsets) {
        let new = height + offset;
        moved = moved.max((new - y[v as usize]).abs());
        y[v as usize] = new;
    }
    moved
}

/// The height at which the links of `v` would be most level, and how much they care.
fn wish(layers: &Layers, v: u32, springs: &[Spring], y: &[f64]) -> (f64, f64) {
    let (mut weight, mut sum) = (0.0, 0.0);
    let mut pull = |spring: Spring, height: f64| {
        weight += spring.weight;
        sum += spring.weight * height;
    };
    for &i in &layers.left[v as usize] {
        let (spring, far) = (springs[i as usize], layers.links[i as usize].from);
        pull(spring, y[far as usize] + spring.ports[0] - spring.ports[1]);
    }
    for &i in &layers.right[v as usize] {
        let (spring, far) = (springs[i as usize], layers.links[i as usize].to);
        pull(spring, y[far as usize] + spring.ports[1] - spring.ports[0]);
    }
    if weight == 0.0 { (1e-6, y[v as usize]) } else { (weight, sum / weight) }
}
