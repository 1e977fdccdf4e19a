//! Proper colourings of parts of a graph, made one vertex at a time, with at most k colours.
//!
//! **Objects.** Partitions of a set of vertices into at most k classes, the colours, none of which has two neighbours,
//! written as their names, `{1,4}{2}{3}`; nothing coloured is `{}`. Colours have no names: classes are in the order of
//! their first vertices, so that colourings which differ in a permutation of colours are one object. With `maximal` only
//! those are objects in which no further vertex can be coloured; all colourings of the whole graph are among them, and so
//! are those that went wrong. Hence there is no dead end, whatever k is, and the reward says what is better.
//!
//! **DAG.** A trajectory starts without colours. Of n vertices, edge c·n + v gives vertex v the colour of class c < k, or
//! opens that class if there are c. Any vertex may have been the last; the edge has the number that its class had
//! without it.
//!
//! **Rewards**, both defined on unfinished colourings too:
//! - `coloured`: log R = number of coloured vertices − a · number of colours, a being `colour_cost`
//! - `weight`: log R = Σ w_v over the coloured vertices − a · number of colours, with the weights of the file
//!
//! With `colour_cost` and many colours, this is the search for few; `beta` sharpens both.
//!
//! **Source.** Colourings as in Read & Tutte 1988, "Chromatic polynomials": with a_j colourings of the whole graph in
//! exactly j unnamed colours, the number of those in q named ones is P(G, q) = Σ_j a_j q(q−1)…(q−j+1).
//!
//! | instance | states | colourings of the whole graph |
//! |---|---|---|
//! | n vertices without edges, k = n | Bell number B(n+1) | B(n) |
//! | complete graph of n vertices, k ≥ n | 2ⁿ | 1 |
//! | cycle of n vertices, k = 3 | | (2ⁿ + 2(−1)ⁿ)/6 |
//! | Petersen graph, k = 3 | | 120/6 = 20 |

mod classes;
mod rewards;

use headwater_core::picture::{Paint, Picture};
use headwater_core::settings::{File, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, SettingError, Settings, Stop,
};

use crate::graph_state::{Graph, MAX_VERTICES, longest, mark};
use crate::registry::{rewards, within};
use crate::{Feature, Registered};

pub use classes::Classes;
pub use rewards::{ColourConfig, Coloured, ColouredWeight};

/// The largest number of colours.
pub const MAX_K: usize = 64;

settings! {
    /// Settings of colourings.
    pub struct Config {
        /// The graph: DIMACS (`.col`, `.clq`), METIS (`.graph`) or a list of edges; without it, a random one.
        graph: Option<File>, Kind::File;
        /// Number of vertices of the random graph.
        n: usize = "8", Kind::Int { min: 1, max: MAX_VERTICES as i64 };
        /// Probability of each edge of the random graph.
        p: f64 = "0.4", Kind::Real { min: 0.0, max: 1.0 };
        /// Seed of the random graph.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
        /// The largest number of colours; no more than there are vertices.
        k: usize = "3", Kind::Int { min: 1, max: MAX_K as i64 };
        /// Whether only those colourings are objects in which no further vertex can be coloured.
        maximal: bool = "true", Kind::Bool;
    }
}

/// Partial colourings; see the module.
#[derive(Clone, Debug)]
pub struct Colouring {
    graph: Graph,
    /// Words of a set of vertices.
    words: usize,
    k: usize,
    maximal: bool,
    max_len: usize,
}

impl Colouring {
    /// Requires no more colours than vertices.
    pub(crate) fn new(graph: Graph, k: usize, maximal: bool) -> Self {
        let max_len = longest::colourable(&graph.rows, k);
        Self { words: graph.n().div_ceil(64), graph, k, maximal, max_len }
    }

    fn target(&self, a: Action) -> (usize, usize) {
        (a.index() % self.graph.n(), a.index() / self.graph.n())
    }

    /// The words of the vertices that edges of class `c` colour.
    #[inline]
    fn open<'a>(&self, s: &'a Classes, c: usize) -> impl Iterator<Item = u64> + 'a {
        s.free().iter().zip(s.blocked(c)).map(|(free, blocked)| free & !blocked)
    }

    /// Classes that a vertex may join, and one that it may open.
    fn n_open(&self, s: &Classes) -> usize {
        self.k.min(s.used() + 1)
    }

    /// What the number of its class was before the first vertex of class `c` was coloured.
    fn former(&self, s: &Classes, c: usize) -> usize {
        match s.second(c) {
            // It was opened, behind all others.
            None => s.used() - 1,
            Some(second) => c + (c + 1..s.used()).take_while(|&d| s.smallest(d) < Some(second)).count(),
        }
    }

    fn n_coloured(&self, s: &Classes) -> usize {
        self.graph.n() - s.free().iter().map(|w| w.count_ones() as usize).sum::<usize>()
    }

    /// For each vertex its class, from 1; 0 if it has none.
    fn colours(&self, s: &Classes) -> Vec<u32> {
        let mut colours = vec![0; self.graph.n()];
        for c in 0..s.used() {
            headwater_core::Ones::new(s.members(c)).for_each(|v| colours[v] = c as u32 + 1);
        }
        colours
    }
}

impl Environment for Colouring {
    type State = Classes;

    fn initial(&self) -> Classes {
        Classes::new(&self.graph.all.words()[..self.words], self.k)
    }

    fn n_actions(&self) -> usize {
        self.k * self.graph.n()
    }

    fn max_len(&self) -> usize {
        self.max_len
    }

    fn states_at_least(&self) -> f64 {
        // Every part of a colouring is one.
        let mut s = self.initial();
        for v in 0..self.graph.n() {
            let fits = |c: &usize| s.blocked(*c)[v >> 6] >> (v & 63) & 1 == 0;
            if let Some(c) = (0..self.n_open(&s)).find(fits) {
                self.step(&mut s, Action((c * self.graph.n() + v) as u32));
            }
        }
        2f64.powi(self.n_coloured(&s) as i32)
    }

    fn stop(&self, s: &Classes) -> Stop {
        let more = (0..self.n_open(s)).any(|c| self.open(s, c).any(|w| w != 0));
        match (more, self.maximal) {
            (false, _) => Stop::Must,
            (true, true) => Stop::Never,
            (true, false) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &Classes, mask: &mut MaskRow<'_>) {
        let n = self.graph.n();
        for c in 0..self.n_open(s) {
            mark(mask, c * n, self.open(s, c));
        }
    }

    fn backward_mask(&self, s: &Classes, mask: &mut MaskRow<'_>) {
        let n = self.graph.n();
        for c in 0..s.used() {
            // But for its first vertex, a class keeps its place.
            let first = s.smallest(c).expect("classes in use are not empty");
            let but_first = |(i, w): (usize, &u64)| if first >> 6 == i { w & (w - 1) } else { *w };
            mark(mask, c * n, s.members(c).iter().enumerate().map(but_first));
            mask.set(self.former(s, c) * n + first);
        }
    }

    fn step(&self, s: &mut Classes, a: Action) {
        let (v, c) = self.target(a);
        s.add(v, c, &self.graph.rows[v].words()[..self.words]);
    }

    fn unstep(&self, s: &mut Classes, a: Action) {
        let (v, _) = self.target(a);
        s.remove(v, |u| &self.graph.rows[u].words()[..self.words]);
    }

    fn encoding(&self) -> Encoding {
        // No colour, or one of k.
        let n = self.graph.n();
        Encoding::one_hot((self.k + 1) * n, n)
    }

    fn encode(&self, s: &Classes, row: EncodedRow<'_>) {
        let columns = self.k as u32 + 1;
        row.indices.iter_mut().zip((0..).step_by(columns as usize)).for_each(|(slot, first)| *slot = first);
        for c in 0..s.used() {
            headwater_core::Ones::new(s.members(c)).for_each(|v| row.indices[v] += c as u32 + 1);
        }
    }

    fn show(&self, s: &Classes, out: &mut String) {
        (0..s.used().max(1)).for_each(|c| self.graph.show(&s.set(c), out));
    }

    fn parse(&self, text: &str) -> Option<Classes> {
        let sets = self.graph.parse(text)?;
        let mut s = self.initial();
        if sets.len() == 1 && sets[0].is_empty() {
            return Some(s);
        }
        let ordered = sets.windows(2).all(|w| w[0].smallest() < w[1].smallest());
        if sets.len() > self.k || !ordered || sets.iter().any(|set| set.is_empty()) {
            return None;
        }
        for (c, set) in sets.iter().enumerate() {
            if set.iter().any(|v| !self.graph.rows[v].and(set).is_empty()) {
                return None;
            }
            set.iter().for_each(|v| s.add(v, c, &self.graph.rows[v].words()[..self.words]));
        }
        Some(s)
    }

    fn features(&self) -> Vec<String> {
        ["coloured", "colours", "weight"]
            .map(str::to_owned)
            .into_iter()
            .chain(self.graph.features())
            .collect()
    }

    fn measure(&self, s: &Classes, out: &mut [f64]) {
        let (totals, places) = out.split_at_mut(3);
        let mut weight = 0.0;
        for ((v, place), colour) in places.iter_mut().enumerate().zip(self.colours(s)) {
            *place = colour.into();
            weight += if colour > 0 { self.graph.file.weight(v) } else { 0.0 };
        }
        totals.copy_from_slice(&[self.n_coloured(s) as f64, s.used() as f64, weight]);
    }

    fn draw(&self, s: &Classes) -> Option<Picture> {
        let colours = self.colours(s);
        let paint = |v: usize| match colours[v] {
            0 => Paint::Faint,
            colour => Paint::Category(colour as usize - 1),
        };
        self.graph.draw(paint, |a, b| colours[a] > 0 && colours[b] > 0)
    }

    fn describe(&self, a: Action) -> String {
        let (v, c) = self.target(a);
        format!("{} in colour {}", self.graph.name(v), c + 1)
    }

    fn small() -> Vec<Self> {
        let triangle = Graph::small(3, &[(0, 1), (1, 2), (2, 0)]);
        let parts = Graph::small(5, &[(0, 1), (1, 2), (3, 4)]);
        [(triangle, 2, true), (Graph::cycle(5), 3, true), (parts, 3, false), (Graph::cycle(4), 1, true)]
            .map(|(graph, k, maximal)| Self::new(graph, k, maximal))
            .to_vec()
    }
}

impl Registered for Colouring {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "colouring",
        summary: "proper colourings of parts of a graph from a file, one vertex at a time, with k colours",
        formula: "x a partition of some vertices into at most k classes without neighbours; edge c n + v puts v into class c",
        reference: "Read & Tutte 1988, Chromatic polynomials",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "coloured", meaning: "the number of vertices that have a colour" },
        Feature { name: "colours", meaning: "the number of colours in use" },
        Feature { name: "weight", meaning: "the sum of the weights of the vertices that have a colour" },
        Feature { name: "v{i}", meaning: "the colour of vertex i of the file, from 1; 0 if it has none" },
    ];

    rewards!(Coloured, ColouredWeight);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, n, p, seed, k, maximal } = config;
        within("k", k, 1..=MAX_K)?;
        let graph = Graph::from_settings(graph.as_ref(), n, p, seed)?;
        if k > graph.n() {
            let message = format!("`{k}` colours are more than the {} vertices", graph.n());
            return Err(SettingError::at("k", message).hint("give at most one colour per vertex"));
        }
        Ok(Self::new(graph, k, maximal))
    }
}
