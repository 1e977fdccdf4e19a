//! What the graph problems share: sets of vertices, the graph that they are posed on, texts of objects, and families of
//! sets with their rewards.

mod family;
pub(crate) mod longest;
mod rewards;
mod vertices;

use headwater_core::picture::{Anchor, Paint, Picture};
use headwater_core::settings::File;
use headwater_core::{Key, MaskRow, SettingError};
use headwater_graph::{Undirected, read_undirected};

use crate::registry::within;

pub(crate) use family::features;
pub use family::{Chosen, Family, Sets};
pub(crate) use rewards::entry;
pub use rewards::{Size, Weight};
pub use vertices::{MAX_VERTICES, Vertices};

/// The graph of a problem, with its rows as sets.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The graph, with its names and weights.
    pub file: Undirected,
    /// Per vertex its neighbours.
    pub rows: Vec<Vertices>,
    /// All vertices.
    pub all: Vertices,
}

impl Graph {
    /// Requires at most [`MAX_VERTICES`] vertices.
    pub fn new(file: Undirected) -> Self {
        let n = file.n_vertices();
        let rows = (0..n).map(|v| Vertices::of(file.neighbours(v).iter().map(|&u| u as usize))).collect();
        Self { rows, all: Vertices::first(n), file }
    }

    /// The graph of a small instance: `n` vertices, and edges between vertices numbered from 0.
    pub fn small(n: usize, edges: &[(u32, u32)]) -> Self {
        Self::new(Undirected::from_edges(n, edges))
    }

    /// The cycle of `n` vertices.
    pub fn cycle(n: u32) -> Self {
        let edges: Vec<(u32, u32)> = (0..n).map(|v| (v, (v + 1) % n)).collect();
        Self::small(n as usize, &edges)
    }

    /// The graph of the file, or without one the random graph of the other settings.
    pub fn from_settings(graph: Option<&File>, n: usize, p: f64, seed: u64) -> Result<Self, SettingError> {
        let Some(file) = graph else {
            within("n", n, 1..=MAX_VERTICES)?;
            return Ok(Self::new(Undirected::random(n, p, Key::new(seed))));
        };
        let read = read_undirected(file).map_err(|error| SettingError {
            field: Some("graph"),
            message: error.to_string(),
            hint: error.hint,
        })?;
        match read.n_vertices() {
            1..=MAX_VERTICES => Ok(Self::new(read)),
            n => {
                let message = format!("`{}` has `{n}` vertices, more than {MAX_VERTICES}", file.path);
                Err(SettingError::at("graph", message).hint("give a part of the graph"))
            }
        }
    }

    /// Number of vertices.
    pub fn n(&self) -> usize {
        self.rows.len()
    }

    /// The weights of the vertices.
    pub fn weights(&self) -> Vec<f64> {
        (0..self.n()).map(|v| self.file.weight(v)).collect()
    }

    /// The name of vertex `v`.
    pub fn name(&self, v: usize) -> &str {
        self.file.names().get(v)
    }

    /// Appends a set as the names of its vertices, `{a,b}`.
    pub fn show(&self, set: &Vertices, out: &mut String) {
        out.push('{');
        for (k, v) in set.iter().enumerate() {
            if k > 0 {
                out.push(',');
            }
            out.push_str(self.name(v));
        }
        out.push('}');
    }

    /// The disjoint sets that a text of one set after the other names, each of them written as by [`Graph::show`].
    pub fn parse(&self, text: &str) -> Option<Vec<Vertices>> {
        let mut sets = Vec::new();
        let mut seen = Vertices::default();
        for block in text.strip_suffix('}')?.split('}') {
            let names = block.strip_prefix('{')?;
            let mut set = Vertices::default();
            let mut before = None;
            for name in names.split(',').filter(|_| !names.is_empty()) {
                let v = self.file.names().find(name)? as usize;
                if before >= Some(v) || seen.has(v) {
                    return None;
                }
                before = Some(v);
                set.add(v);
                seen.add(v);
            }
            sets.push(set);
        }
        Some(sets)
    }

    /// The graph with its vertices on a circle, each painted; edges are thick where `strong` says so. `None` if there are
    /// too many to be told apart.
    pub fn draw(
        &self,
        paint: impl Fn(usize) -> Paint,
        strong: impl Fn(usize, usize) -> bool,
    ) -> Option<Picture> {
        const SIZE: f64 = 200.0;
        let n = self.n();
        if n > 100 {
            return None;
        }
        let disc = (250.0 / n as f64).clamp(3.0, 10.0);
        let at = |v: usize| {
            let turn = std::f64::consts::TAU * v as f64 / n as f64;
            [turn.sin(), -turn.cos()].map(|x| SIZE / 2.0 + (SIZE / 2.0 - disc - 1.0) * x)
        };
        let mut picture = Picture::new(SIZE, SIZE);
        for &(a, b) in self.file.edges() {
            let [a, b] = [a, b].map(|v| v as usize);
            let (width, ink) = if strong(a, b) { (2.0, Paint::Soft) } else { (1.0, Paint::Faint) };
            picture.line(&[at(a), at(b)], width, ink);
        }
        for v in 0..n {
            let paint = paint(v);
            picture.disc(at(v), disc, paint);
            if n <= 26 && self.name(v).chars().count() <= 3 {
                let text = if paint == Paint::Faint { Paint::Ink } else { Paint::Ground };
                picture.text(at(v), disc, Anchor::Middle, text, self.name(v));
            }
        }
        Some(picture)
    }

    /// The names of the features of all vertices, each numbered from 1 as in DIMACS and METIS.
    pub fn features(&self) -> impl Iterator<Item = String> {
        (1..=self.n()).map(|v| format!("v{v}"))
    }
}

/// Marks label `at + v` as valid for every vertex `v` of the set with these words.
#[inline]
pub(crate) fn mark(mask: &mut MaskRow<'_>, at: usize, words: impl IntoIterator<Item = u64>) {
    let (mut slots, shift, mut over) = (mask.0[at >> 6..].iter_mut(), at & 63, 0);
    // A row ends with its last label; the words of a set may go on, with nothing in them.
    for (word, slot) in words.into_iter().zip(slots.by_ref()) {
        *slot |= word << shift | over;
        over = word >> 1 >> (63 - shift);
    }
    if let Some(slot) = slots.next() {
        *slot |= over;
    }
}

/// Writes one of three columns for each vertex: the second if it is in `second`, the third if it is in `third`.
#[inline]
pub(crate) fn encode(indices: &mut [u32], second: &Vertices, third: &Vertices) {
    let words = second.words().iter().zip(third.words());
    for ((slots, first), (&second, &third)) in indices.chunks_mut(64).zip((0..).step_by(3 * 64)).zip(words) {
        let (mut second, mut third) = (second, third);
        for (slot, column) in slots.iter_mut().zip((first..).step_by(3)) {
            *slot = column + (second & 1) as u32 + 2 * (third & 1) as u32;
            (second, third) = (second >> 1, third >> 1);
        }
    }
}
