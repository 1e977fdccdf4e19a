//! Dominating sets of a graph, shrunk one vertex at a time.
//!
//! **Objects.** Sets x of vertices such that every vertex is in or has a neighbour that is, written as their names,
//! `{1,3}`, in the order of the file. With `minimal` only those are objects that no vertex can be removed from.
//!
//! **DAG.** A trajectory starts with all vertices; edge v removes vertex v, if what remains still dominates. It ends when
//! nothing can be removed; without `minimal` it may end anywhere. There is no dead end, and any vertex that is out may
//! have been the last, since what contains a dominating set is one.
//!
//! **Rewards**, both defined on unfinished sets too:
//! - `size`: log R = −|x|
//! - `weight`: log R = −Σ_{v∈x} w_v with the weights of the file, 1 without
//!
//! **Source.** Zhang et al. 2023, arXiv:2305.17010: with `minimal`, exactly the MDP of its minimum dominating set. Its
//! states label each vertex out, in for good, or undecided, which is what the encoding says.
//!
//! | instance | states | objects | log Z of `size` |
//! |---|---|---|---|
//! | complete graph of n vertices, any | 2ⁿ − 1 | 2ⁿ − 1 | ln((1 + 1/e)ⁿ − 1) |
//! | complete graph of n vertices, minimal | 2ⁿ − 1 | n | ln n − 1 |
//! | star of n leaves, minimal | 2ⁿ + 1 | 2 | ln(e⁻¹ + e⁻ⁿ) |
//! | Petersen graph, minimal | 653 | 27 | ln(10e⁻³ + 5e⁻⁴ + 12e⁻⁵) = −0.400024 |

use std::hash::{Hash, Hasher};

use headwater_core::picture::{Paint, Picture};
use headwater_core::settings::{File, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, SettingError, Settings, Stop,
};

use crate::graph_state::{Graph, MAX_VERTICES, Selection, Size, Vertices, Weight, longest, mark};
use crate::registry::rewards;
use crate::{Feature, Registered};

settings! {
    /// Settings of dominating sets.
    pub struct Config {
        /// The graph: DIMACS (`.col`, `.clq`), METIS (`.graph`) or a list of edges; without it, a random one.
        graph: Option<File>, Kind::File;
        /// Number of vertices of the random graph.
        n: usize = "10", Kind::Int { min: 1, max: MAX_VERTICES as i64 };
        /// Probability of each edge of the random graph.
        p: f64 = "0.3", Kind::Real { min: 0.0, max: 1.0 };
        /// Seed of the random graph.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
        /// Whether only those sets are objects that no vertex can be removed from.
        minimal: bool = "true", Kind::Bool;
    }
}

/// Dominating sets; see the module.
#[derive(Clone, Debug)]
pub struct DominatingSet {
    graph: Graph,
    /// Per vertex itself and its neighbours.
    closed: Vec<Vertices>,
    minimal: bool,
    max_len: usize,
}

/// A dominating set with what can be removed from it, which follows from the set.
#[derive(Clone, Copy, Debug)]
pub struct Shrunk {
    set: Vertices,
    free: Vertices,
}

impl PartialEq for Shrunk {
    fn eq(&self, other: &Self) -> bool {
        self.set == other.set
    }
}

impl Eq for Shrunk {}

impl Hash for Shrunk {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.set.hash(state);
    }
}

impl DominatingSet {
    pub(crate) fn new(graph: Graph, minimal: bool) -> Self {
        let closed: Vec<Vertices> = (0..graph.n()).map(|v| graph.rows[v].or(&Vertices::of([v]))).collect();
        let max_len = longest::removable(&closed);
        Self { graph, closed, minimal, max_len }
    }

    fn shrunk(&self, set: Vertices) -> Shrunk {
        let mut s = Shrunk { set, free: set };
        (0..self.graph.n()).for_each(|u| self.keep(&mut s, u));
        s
    }

    /// If only one vertex dominates `u`, it must stay.
    #[inline]
    fn keep(&self, s: &mut Shrunk, u: usize) {
        if let Some(v) = self.closed[u].only_common(&s.set) {
            s.free.remove(v);
        }
    }
}

impl Environment for DominatingSet {
    type State = Shrunk;

    fn initial(&self) -> Shrunk {
        self.shrunk(self.graph.all)
    }

    fn n_actions(&self) -> usize {
        self.graph.n()
    }

    fn max_len(&self) -> usize {
        self.max_len
    }

    fn states_at_least(&self) -> f64 {
        // Every set that contains a dominating one is one.
        let mut s = self.initial();
        while let Some(v) = s.free.smallest() {
            self.step(&mut s, Action(v as u32));
        }
        2f64.powi((self.graph.n() as u32 - s.set.len()) as i32)
    }

    fn stop(&self, s: &Shrunk) -> Stop {
        match (s.free.is_empty(), self.minimal) {
            (true, _) => Stop::Must,
            (false, true) => Stop::Never,
            (false, false) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &Shrunk, mask: &mut MaskRow<'_>) {
        mark(mask, 0, s.free.words());
    }

    fn backward_mask(&self, s: &Shrunk, mask: &mut MaskRow<'_>) {
        mark(mask, 0, self.graph.all.less(&s.set).words());
    }

    fn step(&self, s: &mut Shrunk, a: Action) {
        let v = a.index();
        s.set.remove(v);
        s.free.remove(v);
        // Only what v dominated has one neighbour less.
        self.keep(s, v);
        for &u in self.graph.file.neighbours(v) {
            self.keep(s, u as usize);
        }
    }

    fn unstep(&self, s: &mut Shrunk, a: Action) {
        s.set.add(a.index());
        *s = self.shrunk(s.set);
    }

    fn encoding(&self) -> Encoding {
        // Out, in for now, or in for good.
        Encoding::one_hot(3 * self.graph.n(), self.graph.n())
    }

    fn encode(&self, s: &Shrunk, row: EncodedRow<'_>) {
        let n = self.graph.n();
        let labels = s.set.bits(n).zip(s.free.bits(n));
        for ((slot, first), (set, free)) in row.indices.iter_mut().zip((0..).step_by(3)).zip(labels) {
            *slot = first + 2 * set - free;
        }
    }

    fn show(&self, s: &Shrunk, out: &mut String) {
        self.graph.show(&s.set, out);
    }

    fn parse(&self, text: &str) -> Option<Shrunk> {
        let [set] = self.graph.parse(text)?[..] else { return None };
        let dominates = self.closed.iter().all(|row| !row.and(&set).is_empty());
        dominates.then(|| self.shrunk(set))
    }

    fn features(&self) -> Vec<String> {
        ["size", "weight", "free"].map(str::to_owned).into_iter().chain(self.graph.features()).collect()
    }

    fn measure(&self, s: &Shrunk, out: &mut [f64]) {
        let (totals, has) = out.split_at_mut(3);
        has.iter_mut().zip(s.set.bits(self.graph.n())).for_each(|(has, bit)| *has = bit.into());
        let weight = s.set.iter().map(|v| self.graph.file.weight(v)).sum();
        totals.copy_from_slice(&[s.set.len().into(), weight, s.free.len().into()]);
    }

    fn draw(&self, s: &Shrunk) -> Option<Picture> {
        let paint = |v| match (s.set.has(v), s.free.has(v)) {
            (true, true) => Paint::Soft,
            (true, false) => Paint::Category(0),
            _ => Paint::Faint,
        };
        self.graph.draw(paint, |a, b| s.set.has(a) != s.set.has(b))
    }

    fn describe(&self, a: Action) -> String {
        format!("remove {}", self.graph.name(a.index()))
    }

    fn small() -> Vec<Self> {
        let path = Graph::small(4, &[(0, 1), (1, 2), (2, 3)]);
        // A vertex alone must stay.
        let parts = Graph::small(5, &[(0, 1), (1, 2), (2, 0)]);
        [(path, true), (Graph::cycle(6), false), (Graph::cycle(5), true), (parts, true)]
            .map(|(graph, minimal)| Self::new(graph, minimal))
            .to_vec()
    }
}

impl Selection for DominatingSet {
    const SIGN: f64 = -1.0;
    const SIZE: (&'static str, &'static str) = ("small dominating sets are likely", "log R = -|x|");
    const WEIGHT: (&'static str, &'static str) =
        ("light dominating sets are likely", "log R = -sum of the weights of the vertices of x");

    fn selected(&self, s: &Shrunk) -> Vertices {
        s.set
    }

    fn weights(&self) -> Vec<f64> {
        self.graph.weights()
    }
}

impl Registered for DominatingSet {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "dominating-set",
        summary: "dominating sets of a graph from a file, shrunk one vertex at a time",
        formula: "x such that each vertex is in x or has a neighbour in x, and minimal; edge v removes vertex v",
        reference: "Zhang et al. 2023, arXiv:2305.17010 (minimum dominating set)",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "size", meaning: "the number of vertices that are in" },
        Feature { name: "weight", meaning: "the sum of their weights" },
        Feature { name: "free", meaning: "the number of vertices that can be removed" },
        Feature { name: "v{i}", meaning: "1 if vertex i of the file, from 1, is in, else 0" },
    ];

    rewards!(Size, Weight);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, n, p, seed, minimal } = config;
        Ok(Self::new(Graph::from_settings(graph.as_ref(), n, p, seed)?, minimal))
    }
}
