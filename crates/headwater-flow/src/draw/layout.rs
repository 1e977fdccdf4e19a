//! Where everything of a picture goes: boxes of nodes, bars of objects, courses of edges.

use headwater_core::StateGraph;

use super::Picture;
use super::bands::Bands;
use super::layers::{Layers, assign, pieces};
use super::order::reduce;
use super::place::{Extent, Spring, heights};
use super::style::{SMALL, Style};
use super::text::{cut, number, width};

/// A rectangle by its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl Rect {
    /// Do the two share a point, if each is grown by half of `margin`?
    pub fn meets(&self, other: &Self, margin: f64) -> bool {
        self.x < other.x + other.w + margin
            && other.x < self.x + self.w + margin
            && self.y < other.y + other.h + margin
            && other.y < self.y + self.h + margin
    }
}

/// Where the bars of objects stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marks {
    /// To the right of the nodes, on one common line: all objects are in the last layer.
    Right,
    /// Below each node.
    Below,
}

/// A point, x and y.
pub(super) type Point = [f64; 2];

/// A finished layout; the origin is the upper left corner of the graph.
pub(super) struct Layout {
    pub style: Style,
    pub bands: Bands,
    /// Per node: its box, and of an object the line with its bar and reward.
    pub nodes: Vec<Rect>,
    pub lines: Vec<Option<Rect>>,
    /// Per edge: cubic curves that continue each other, each by its control points, from left to right.
    pub courses: Vec<Vec<[Point; 4]>>,
    pub size: Point,
}

/// Links that a layout of the graph has.
pub(super) fn n_pieces(g: &StateGraph) -> usize {
    pieces(g, &assign(g))
}

impl Layout {
    pub fn new(picture: &Picture<'_>) -> Self {
        let g = picture.network.graph();
        let assigned = assign(g);
        let last = assigned.iter().copied().max().unwrap_or(0);
        let at_end = |v: usize| g.out(v).is_empty() && assigned[v] == last;
        let marks = if g.objects().all(at_end) { Marks::Right } else { Marks::Below };
        let mut layers = Layers::new(g, &assigned);
        let crossings = reduce(&mut layers);
        let style = Style::new(g, &assigned, crossings);
        let bands = Bands::new(picture, style.unit);
        let ports = Ports::new(g, &layers, &bands, &style);
        let y = ports.heights(g, &layers, &style, marks);
        let columns = Columns::new(picture, &layers, &ports, &y, &style, marks);
        let nodes = Vec::from_iter((0..g.n_states()).map(|v| {
            let (x, w) = columns.spans[layers.layer[v] as usize];
            Rect { x, y: y[v] - ports.height[v] / 2.0, w, h: ports.height[v] }
        }));
        let lines = Vec::from_iter((0..g.n_states()).map(|v| {
            let at = nodes[v];
            let w = mark_width(picture, &style, v);
            let (x, y) = match marks {
                Marks::Right => (at.x + at.w + 8.0, y[v] - style.mark() / 2.0),
                Marks::Below => (at.x, at.y + at.h + 1.0),
            };
            g.is_object(v).then_some(Rect { x, y, w, h: style.mark() })
        }));
        let free = free(&layers, &nodes, &lines, &y);
        let courses = (0..g.n_edges()).map(|e| columns.course(&layers, &ports, &y, &free, e)).collect();
        let reach = nodes.iter().chain(lines.iter().flatten());
        let size = reach.fold([0.0; 2], |[w, h]: Point, r| [w.max(r.x + r.w), h.max(r.y + r.h)]);
        Self { style, bands, nodes, lines, courses, size }
    }
}

/// Per bend: how far away the next node above or below it is; infinite for nodes.
fn free(layers: &Layers, nodes: &[Rect], lines: &[Option<Rect>], y: &[f64]) -> Vec<f64> {
    let mut free = vec![f64::INFINITY; y.len()];
    for order in &layers.order {
        let (mut above, mut below) = (f64::NEG_INFINITY, f64::INFINITY);
        for &v in order {
            match nodes.get(v as usize) {
                Some(node) => above = lines[v as usize].map_or(node.y + node.h, |line| line.y + line.h),
                None => free[v as usize] = y[v as usize] - above,
            }
        }
        for &v in order.iter().rev() {
            match nodes.get(v as usize) {
                Some(node) => below = node.y,
                None => free[v as usize] = free[v as usize].min(below - y[v as usize]),
            }
        }
    }
    free
}

/// Text of an object's reward.
pub(super) fn reward_text(picture: &Picture<'_>, v: usize) -> String {
    picture.network.rewards()[v].map_or_else(String::new, |r| number(r.ln(), 3))
}

/// Width of an object's bar and reward.
fn mark_width(picture: &Picture<'_>, style: &Style, v: usize) -> f64 {
    style.bar[0] + 5.0 + width(&reward_text(picture, v), style.label)
}

/// Heights of vertices, and where links leave and enter them.
struct Ports {
    height: Vec<f64>,
    springs: Vec<Spring>,
}

impl Ports {
    /// Bands are stacked on both sides of a node in the order of their other ends.
    fn new(g: &StateGraph, layers: &Layers, bands: &Bands, style: &Style) -> Self {
        const CORNER: f64 = 3.0;
        let mut place = vec![0u32; layers.n_vertices()];
        for order in &layers.order {
            order.iter().enumerate().for_each(|(i, &v)| place[v as usize] = i as u32);
        }
        let room = |i: u32| bands.room(layers.links[i as usize].edge as usize);
        let mut height = vec![0.0; layers.n_vertices()];
        let mut springs = vec![Spring { weight: 1.0, ports: [0.0; 2] }; layers.links.len()];
        for (link, spring) in layers.links.iter().zip(&mut springs) {
            // Edges that pass layers are level before others, and broad ones before thin ones.
            let bends = [link.from, link.to].into_iter().filter(|&v| !layers.is_node(v)).count();
            spring.weight = [1.0, 1.5, 4.0][bends] * (1.0 + bands.room(link.edge as usize) / 8.0);
        }
        for v in 0..layers.n_vertices() {
            let stop = if v < g.n_states() && !g.out(v).is_empty() { bands.stop[v] } else { 0.0 };
            let mut sides = [layers.right[v].clone(), layers.left[v].clone()];
            sides[0].sort_by_key(|&i| place[layers.links[i as usize].to as usize]);
            sides[1].sort_by_key(|&i| place[layers.links[i as usize].from as usize]);
            let totals = [0, 1].map(|s| sides[s].iter().map(|&i| room(i)).sum::<f64>());
            let totals = [totals[0] + stop, totals[1]];
            let most = totals[0].max(totals[1]);
            let is_node = v < g.n_states();
            height[v] = if is_node { style.node[0].max(most + 2.0 * CORNER) } else { most };
            for (s, side) in sides.iter().enumerate() {
                // Where there is room, bands keep apart.
                let spare = height[v] - 2.0 * CORNER - totals[s];
                let gap = if is_node { (spare / side.len().max(1) as f64).clamp(0.0, 5.0) } else { 0.0 };
                let mut top = -(totals[s] + gap * side.len().saturating_sub(1) as f64) / 2.0;
                for &i in side {
                    springs[i as usize].ports[s] = top + room(i) / 2.0;
                    top += room(i) + gap;
                }
            }
        }
        Self { height, springs }
    }

    fn heights(&self, g: &StateGraph, layers: &Layers, style: &Style, marks: Marks) -> Vec<f64> {
        let extents = Vec::from_iter((0..layers.n_vertices()).map(|v| {
            let half = self.height[v] / 2.0;
            if v >= g.n_states() {
                let room = half + style.gap_bend / 2.0;
                return Extent { above: room, below: room };
            }
            let gap = style.gap_node / 2.0;
            let mark = if marks == Marks::Below && g.is_object(v) { style.mark() } else { 0.0 };
            Extent { above: half + gap, below: half + gap + mark }
        }));
        heights(layers, &extents, &self.springs)
    }
}

/// The layers as columns.
struct Columns {
    /// Left end and width of each.
    spans: Vec<(f64, f64)>,
}

impl Columns {
    fn new(
        picture: &Picture<'_>,
        layers: &Layers,
        ports: &Ports,
        y: &[f64],
        style: &Style,
        marks: Marks,
    ) -> Self {
        let g = picture.network.graph();
        let mut widths = vec![style.node[1]; layers.order.len()];
        let mut gaps = vec![style.gap_layer; layers.order.len()];
        for v in 0..g.n_states() {
            let slot = &mut widths[layers.layer[v] as usize];
            let name = cut(picture.network.name(v), style.chars);
            *slot = slot.max(width(&name, style.name) + 2.0 * style.pad);
            if marks == Marks::Below && g.is_object(v) {
                *slot = slot.max(mark_width(picture, style, v));
            }
        }
        // A few boxes look best if they are alike.
        let widest = widths.iter().copied().fold(0.0, f64::max);
        if g.n_states() <= SMALL && widest <= 96.0 {
            widths.fill(widest);
        }
        for (link, spring) in layers.links.iter().zip(&ports.springs) {
            let gap = &mut gaps[layers.layer[link.from as usize] as usize];
            let rise = y[link.to as usize] + spring.ports[1] - y[link.from as usize] - spring.ports[0];
            // Steep bands want a longer way.
            *gap = gap.max((0.5 * rise.abs()).min(style.gap_most));
            if style.labels {
                let label = number(picture.flow.edge[link.edge as usize], style.digits);
                *gap = gap.max(width(&label, style.label) + 30.0);
            }
        }
        let mut x = 0.0;
        let span = |(&w, gap): (&f64, f64)| {
            let left = x;
            x += w + gap;
            (left, w)
        };
        Self { spans: widths.iter().zip(gaps).map(span).collect() }
    }

    /// The course of an edge: level at its nodes, straight through the columns that it passes.
    fn course(&self, layers: &Layers, ports: &Ports, y: &[f64], free: &[f64], e: usize) -> Vec<[Point; 4]> {
        let range = layers.first[e]..layers.first[e + 1];
        let (links, springs) = (&layers.links[range.clone()], &ports.springs[range]);
        let Some((head, tail)) = links.first().zip(links.last()) else { return Vec::new() };
        let column = |v: u32| self.spans[layers.layer[v as usize] as usize];
        let middle = |v: u32| [column(v).0 + column(v).1 / 2.0, y[v as usize]];
        let (x, w) = column(head.from);
        let mut at = [x + w, y[head.from as usize] + springs[0].ports[0]];
        let end = [column(tail.to).0, y[tail.to as usize] + springs[springs.len() - 1].ports[1]];
        let (mut slope, mut course) = (0.0, Vec::new());
        for (i, link) in links[..links.len() - 1].iter().enumerate() {
            let here = middle(link.to);
            let before = if i == 0 { at } else { middle(link.from) };
            let after = if i + 2 == links.len() { end } else { middle(links[i + 1].to) };
            let (x, w) = column(link.to);
            // As steep as the nodes above and below allow.
            let room = free[link.to as usize] - ports.height[link.to as usize] / 2.0;
            let most = 1.6 * room.max(0.0) / w;
            let next = smooth(rise(before, here), rise(here, after)).clamp(-most, most);
            let (enter, leave) = ([x, here[1] - next * w / 2.0], [x + w, here[1] + next * w / 2.0]);
            course.push(curve(at, slope, enter, next));
            course.push(curve(enter, next, leave, next));
            (at, slope) = (leave, next);
        }
        course.push(curve(at, slope, end, 0.0));
        course
    }
}

fn rise(from: Point, to: Point) -> f64 {
    (to[1] - from[1]) / (to[0] - from[0])
}

/// The slope between two slopes that keeps a curve monotone: their harmonic mean, or none at a turn (Fritsch & Carlson
/// 1980).
fn smooth(a: f64, b: f64) -> f64 {
    if a * b <= 0.0 { 0.0 } else { 2.0 * a * b / (a + b) }
}

/// The cubic curve with these slopes at its ends.
fn curve(from: Point, slope: f64, to: Point, next: f64) -> [Point; 4] {
    let reach = (to[0] - from[0]) / 2.0;
    [from, [from[0] + reach, from[1] + slope * reach], [to[0] - reach, to[1] - next * reach], to]
}
