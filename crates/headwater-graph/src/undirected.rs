//! Undirected graphs: vertices with weights and edges with weights, read from a file in DIMACS, in METIS, or as a list.
//!
//! An [`Undirected`] graph is simple: no vertex is its own neighbour, and no edge is there twice. It need not be
//! connected, since none of the problems that are posed on it asks for that.

mod dimacs;
mod edges;
mod metis;

use std::collections::HashMap;

use headwater_core::Key;
use headwater_core::settings::File;
use rustc_hash::FxBuildHasher;

use crate::raw::{Fault, FileError, Place, Source, shorten};
use crate::{Names, ReadError};

/// The largest number of vertices of a file: more than any problem here can use, and little memory.
pub const MAX_VERTICES: usize = 1_000_000;

const FORMATS: &str = "write DIMACS (`p edge 3 2`, then `e 1 2`), METIS (`3 2`, then the neighbours of each vertex), or \
                       one edge per line, as `a b` or `a,b`";

/// A simple undirected graph, whose vertices have names and, like its edges, weights.
#[derive(Clone, Debug)]
pub struct Undirected {
    names: Names,
    /// Empty if the file says nothing of them.
    weights: Vec<f64>,
    edges: Vec<(u32, u32)>,
    /// Empty if the file says nothing of them.
    edge_weights: Vec<f64>,
    /// Where the neighbours of each vertex begin in `neighbours`.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
}

impl Undirected {
    /// The graph on `n` vertices, called 1 to `n`, with edges between vertices numbered from 0.
    ///
    /// Requires edges without loops, each once.
    pub fn from_edges(n: usize, edges: &[(u32, u32)]) -> Self {
        let mut draft = Draft { n_edges: edges.len(), ..Draft::numbered(n) };
        draft.edges = edges.iter().map(|&(a, b)| DraftEdge { a, b, weight: 1.0, at: 0 }).collect();
        debug_assert!(draft.faults().is_none(), "edges without loops, each once");
        draft.finish()
    }

    /// The random graph of Erdős and Rényi: each pair of `n` vertices is an edge with probability `p`.
    pub fn random(n: usize, p: f64, key: Key) -> Self {
        let pairs = (0..n as u32).flat_map(|b| (0..b).map(move |a| (a, b)));
        let key = |a: u32, b: u32| key.fold(u64::from(b)).fold(u64::from(a));
        let edges: Vec<(u32, u32)> = pairs.filter(|&(a, b)| key(a, b).unit() < p).collect();
        Self::from_edges(n, &edges)
    }

    /// How many vertices there are; at least one.
    pub fn n_vertices(&self) -> usize {
        self.names.len()
    }

    /// The vertices' names, by number.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The edges, the end with the smaller number first, in the order of the file.
    pub fn edges(&self) -> &[(u32, u32)] {
        &self.edges
    }

    /// The neighbours of vertex `v`, ascending.
    pub fn neighbours(&self, v: usize) -> &[u32] {
        &self.neighbours[self.starts[v]..self.starts[v + 1]]
    }

    /// The weight of vertex `v`: 1 unless the file gives another.
    pub fn weight(&self, v: usize) -> f64 {
        self.weights.get(v).copied().unwrap_or(1.0)
    }

    /// The weight of edge `e`: 1 unless the file gives another.
    pub fn edge_weight(&self, e: usize) -> f64 {
        self.edge_weights.get(e).copied().unwrap_or(1.0)
    }

    /// Row `v` of the adjacency matrix, `words` words of 64 bits: bit u is one iff {u, v} is an edge. Requires that
    /// every vertex has a bit.
    pub fn row(&self, v: usize, words: usize) -> Vec<u64> {
        let mut row = vec![0; words];
        self.neighbours(v).iter().for_each(|&u| row[u as usize >> 6] |= 1 << (u & 63));
        row
    }
}

/// Reads an undirected graph and checks it. Its format is that of the file's name: DIMACS for `.col`, `.clq` and
/// `.dimacs`, METIS for `.graph` and `.metis`; under any other name it is DIMACS if it has a line `p edge` or `p col`
/// before anything else but comments, and else a list of edges.
///
/// # Errors
/// With the first thing that is not as it should be.
pub fn read_undirected(file: &File) -> Result<Undirected, FileError> {
    let source = Source::of(file).map_err(|ReadError { path, line, message, hint, .. }| FileError {
        path,
        line,
        column: 1,
        message,
        hint,
    })?;
    draft(source).and_then(Draft::check).map_err(|fault| fault.in_file(source))
}

fn draft(source: Source<'_>) -> Result<Draft, Fault> {
    if source.text.trim().is_empty() {
        return Err(fault(0, "the file is empty").hint(FORMATS));
    }
    let path = source.path.to_ascii_lowercase();
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("col" | "clq" | "dimacs") => dimacs::read(source.text),
        Some("graph" | "metis") => metis::read(source.text),
        _ if dimacs::begins(source.text) => dimacs::read(source.text),
        _ => edges::read(source.text),
    }
}

fn fault(at: usize, message: impl Into<String>) -> Fault {
    Fault::new(Place::Graph(at), message)
}

/// An edge as it was written, with its place.
#[derive(Clone, Copy)]
struct DraftEdge {
    a: u32,
    b: u32,
    weight: f64,
    at: usize,
}

/// A graph as it was written, before it is known to be simple.
#[derive(Default)]
struct Draft {
    names: Names,
    weights: Vec<f64>,
    edges: Vec<DraftEdge>,
    has_edge_weights: bool,
    /// Is every edge written at both of its ends, as METIS wants it? Elsewhere that may be so.
    both_ways: bool,
    /// The edges that a header speaks of, and where; without a header, those that there are.
    n_edges: usize,
    header: Option<usize>,
}

impl Draft {
    /// Vertices called 1 to `n`.
    fn numbered(n: usize) -> Self {
        let mut names = Names::default();
        (1..=n).for_each(|i| {
            names.add(&i.to_string());
        });
        Self { names, ..Self::default() }
    }

    fn check(mut self) -> Result<Undirected, Fault> {
        if self.names.is_empty() {
            return Err(fault(0, "the graph has no vertices").hint(FORMATS));
        }
        // METIS has every edge twice by rule, and its header counts it once.
        let counted_once = self.both_ways;
        if let Some(fault) = self.faults() {
            return Err(fault);
        }
        let lines = self.edges.len();
        if self.both_ways {
            self.edges.retain(|e| e.a < e.b);
        }
        if let Some(at) = self.header {
            let fits = self.n_edges == self.edges.len() || !counted_once && self.n_edges == lines;
            if !fits {
                let message =
                    format!("the header has `{}` edges, and the file {}", self.n_edges, self.edges.len());
                return Err(
                    fault(at, message).hint("count each edge once, or see whether the file is cut off")
                );
            }
        }
        Ok(self.finish())
    }

    /// The first loop, or the first edge that is there twice and not once in each direction as all of them are; notes
    /// whether all of them are.
    fn faults(&mut self) -> Option<Fault> {
        let name = |v: u32| shorten(self.names.get(v as usize));
        let mut seen = HashMap::<(u32, u32), DraftEdge, FxBuildHasher>::default();
        let mut reversed = None;
        let mut n_reversed = 0;
        for &e in &self.edges {
            let (a, b) = (name(e.a), name(e.b));
            if e.a == e.b {
                let hint = "leave loops out: no vertex is its own neighbour";
                return Some(fault(e.at, format!("the edge from `{a}` to itself")).hint(hint));
            }
            if seen.insert((e.a, e.b), e).is_some() {
                return Some(
                    fault(e.at, format!("a second edge from `{a}` to `{b}`")).hint("write each edge once"),
                );
            }
            if let Some(other) = seen.get(&(e.b, e.a)) {
                n_reversed += 1;
                reversed.get_or_insert((e.at, a.clone(), b.clone()));
                if other.weight.to_bits() != e.weight.to_bits() {
                    let message = format!(
                        "the edge from `{a}` to `{b}` weighs `{}`, and `{}` back",
                        e.weight, other.weight
                    );
                    return Some(fault(e.at, message).hint("give both directions one weight"));
                }
            }
        }
        self.both_ways |= n_reversed > 0 && 2 * n_reversed == self.edges.len();
        if let (false, Some((at, a, b))) = (self.both_ways, reversed) {
            let hint = "write each edge once, or every edge in both directions";
            return Some(fault(at, format!("a second edge between `{a}` and `{b}`")).hint(hint));
        }
        None
    }

    fn finish(self) -> Undirected {
        let n = self.names.len();
        let mut starts = vec![0; n + 1];
        for e in &self.edges {
            starts[e.a as usize + 1] += 1;
            starts[e.b as usize + 1] += 1;
        }
        for v in 0..n {
            starts[v + 1] += starts[v];
        }
        let mut pairs: Vec<(u32, u32)> = self.edges.iter().flat_map(|e| [(e.a, e.b), (e.b, e.a)]).collect();
        pairs.sort_unstable();
        let weights =
            if self.has_edge_weights { self.edges.iter().map(|e| e.weight).collect() } else { Vec::new() };
        Undirected {
            names: self.names,
            weights: self.weights,
            edges: self.edges.iter().map(|e| (e.a.min(e.b), e.a.max(e.b))).collect(),
            edge_weights: weights,
            starts,
            neighbours: pairs.into_iter().map(|(_, u)| u).collect(),
        }
    }
}

/// The lines of a text, each with its place and without its end.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// The words of a line that begins at byte `at`, each with its place.
fn words(at: usize, line: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = line.as_ptr() as usize;
    line.split_whitespace().map(move |word| (at + (word.as_ptr() as usize - start), word))
}

/// A whole number that a header or an edge has.
fn whole(what: &str, (at, word): (usize, &str)) -> Result<usize, Fault> {
    word.parse().map_err(|_| fault(at, format!("{what} is `{}`, not a whole number", shorten(word))))
}

/// The number of vertices that a header gives.
fn n_vertices((at, word): (usize, &str)) -> Result<usize, Fault> {
    match whole("the number of vertices", (at, word))? {
        0 => Err(fault(at, "the graph has no vertices").hint("give at least one")),
        n if n > MAX_VERTICES => Err(fault(at, format!("`{n}` vertices are more than {MAX_VERTICES}"))),
        n => Ok(n),
    }
}

/// A weight.
fn weight((at, word): (usize, &str)) -> Result<f64, Fault> {
    match word.parse::<f64>() {
        Ok(w) if w.is_finite() => Ok(w),
        _ => Err(fault(at, format!("the weight is `{}`, not a finite number", shorten(word)))),
    }
}

/// A vertex by its number from 1 to `n`, as a number from 0.
fn vertex(n: usize, (at, word): (usize, &str)) -> Result<u32, Fault> {
    let v = whole("the vertex", (at, word))?;
    if (1..=n).contains(&v) {
        return Ok(v as u32 - 1);
    }
    Err(fault(at, format!("there is no vertex `{v}`")).hint(format!("the header has {n}, numbered from 1")))
}
