//! Independent sets of a graph, grown one vertex at a time.
//!
//! **Objects.** Sets x of vertices no two of which are neighbours, written as their names, `{1,3}`, in the order of the
//! file. With `maximal` only those are objects that no vertex can be added to.
//!
//! **DAG.** A trajectory starts at the empty set; edge v adds vertex v, which must have no neighbour in the set. It ends
//! when no vertex can be added; without `maximal` it may end anywhere. Any vertex may have been the last. The graph need
//! not be connected.
//!
//! **Rewards**, both defined on unfinished sets too:
//! - `size`: log R = |x|
//! - `weight`: log R = Σ_{v∈x} w_v with the weights of the file, 1 without
//!
//! `beta` of the reward is the inverse temperature: large ones leave the maximum independent sets.
//!
//! **Source.** Zhang et al. 2023, arXiv:2305.17010: with `maximal`, exactly the MDP of its maximum independent set, where
//! log R = |x|/T. Its states label each vertex in, out (a neighbour is in) or undecided, which is what the encoding says.
//! Without, the hard-core model of physics with the activity e^β.
//!
//! | instance | states | objects | log Z of `size` |
//! |---|---|---|---|
//! | path of n vertices, any | Fibonacci F(n+2) | F(n+2) | |
//! | cycle of n vertices, any | Lucas L(n) | L(n) | |
//! | Petersen graph, any | 76 | 76 | ln(1 + 10e + 30e² + 30e³ + 5e⁴) = 7.025904 |
//! | Petersen graph, maximal | 76 | 15 | ln(10e³ + 5e⁴) = 6.160883 |
//!
//! In general Z = I(G, e), I being the independence polynomial: its coefficient k counts the sets of k vertices.

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
    /// Settings of independent sets.
    pub struct Config {
        /// The graph: DIMACS (`.col`, `.clq`), METIS (`.graph`) or a list of edges; without it, a random one.
        graph: Option<File>, Kind::File;
        /// Number of vertices of the random graph.
        n: usize = "10", Kind::Int { min: 1, max: MAX_VERTICES as i64 };
        /// Probability of each edge of the random graph.
        p: f64 = "0.3", Kind::Real { min: 0.0, max: 1.0 };
        /// Seed of the random graph.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
        /// Whether only those sets are objects that no vertex can be added to.
        maximal: bool = "true", Kind::Bool;
    }
}

/// Which vertices go together.
pub trait Relation: Send + Sync + Clone + std::fmt::Debug + 'static {
    /// Must no two vertices of a set be neighbours (or else all)?
    const INDEPENDENT: bool;
    /// Summary and formula of the reward `size`.
    const SIZE: (&'static str, &'static str);
    /// Summary and formula of the reward `weight`.
    const WEIGHT: (&'static str, &'static str);
}

/// No two vertices of a set are neighbours.
#[derive(Clone, Copy, Debug)]
pub struct NoNeighbours;

impl Relation for NoNeighbours {
    const INDEPENDENT: bool = true;
    const SIZE: (&'static str, &'static str) = ("large independent sets are likely", "log R = |x|");
    const WEIGHT: (&'static str, &'static str) =
        ("heavy independent sets are likely", "log R = sum of the weights of the vertices of x");
}

/// Independent sets; see the module.
pub type IndependentSet = Compatible<NoNeighbours>;

/// Sets of vertices every two of which go together.
#[derive(Clone, Debug)]
pub struct Compatible<R> {
    graph: Graph,
    /// Per vertex itself and those that do not go with it.
    conflicts: Vec<Vertices>,
    maximal: bool,
    max_len: usize,
    relation: std::marker::PhantomData<R>,
}

/// A set with what can be added to it, which follows from the set.
#[derive(Clone, Copy, Debug)]
pub struct Grown {
    set: Vertices,
    free: Vertices,
}

impl PartialEq for Grown {
    fn eq(&self, other: &Self) -> bool {
        self.set == other.set
    }
}

impl Eq for Grown {}

impl Hash for Grown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.set.hash(state);
    }
}

impl<R: Relation> Compatible<R> {
    pub(crate) fn new(graph: Graph, maximal: bool) -> Self {
        let conflicts = |v: usize| {
            let mut others = graph.rows[v];
            if !R::INDEPENDENT {
                others = graph.all.less(&others);
            }
            others.add(v);
            others
        };
        let conflicts: Vec<Vertices> = (0..graph.n()).map(conflicts).collect();
        let max_len = longest::compatible(&conflicts);
        Self { graph, conflicts, maximal, max_len, relation: std::marker::PhantomData }
    }

    fn grown(&self, set: Vertices) -> Grown {
        let taken = set.iter().fold(Vertices::default(), |taken, v| taken.or(&self.conflicts[v]));
        Grown { set, free: self.graph.all.less(&taken) }
    }
}

impl<R: Relation> Environment for Compatible<R> {
    type State = Grown;

    fn initial(&self) -> Grown {
        Grown { set: Vertices::default(), free: self.graph.all }
    }

    fn n_actions(&self) -> usize {
        self.graph.n()
    }

    fn max_len(&self) -> usize {
        self.max_len
    }

    fn states_at_least(&self) -> f64 {
        // Every subset of a set is one.
        let mut s = self.initial();
        while let Some(v) = s.free.smallest() {
            self.step(&mut s, Action(v as u32));
        }
        2f64.powi(s.set.len() as i32)
    }

    fn stop(&self, s: &Grown) -> Stop {
        match (s.free.is_empty(), self.maximal) {
            (true, _) => Stop::Must,
            (false, true) => Stop::Never,
            (false, false) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &Grown, mask: &mut MaskRow<'_>) {
        mark(mask, 0, s.free.words());
    }

    fn backward_mask(&self, s: &Grown, mask: &mut MaskRow<'_>) {
        mark(mask, 0, s.set.words());
    }

    fn step(&self, s: &mut Grown, a: Action) {
        s.set.add(a.index());
        s.free = s.free.less(&self.conflicts[a.index()]);
    }

    fn unstep(&self, s: &mut Grown, a: Action) {
        s.set.remove(a.index());
        *s = self.grown(s.set);
    }

    fn encoding(&self) -> Encoding {
        // Out for good, free, or in.
        Encoding::one_hot(3 * self.graph.n(), self.graph.n())
    }

    fn encode(&self, s: &Grown, row: EncodedRow<'_>) {
        let n = self.graph.n();
        let labels = s.set.bits(n).zip(s.free.bits(n));
        for ((slot, first), (set, free)) in row.indices.iter_mut().zip((0..).step_by(3)).zip(labels) {
            *slot = first + 2 * set + free;
        }
    }

    fn show(&self, s: &Grown, out: &mut String) {
        self.graph.show(&s.set, out);
    }

    fn parse(&self, text: &str) -> Option<Grown> {
        let [set] = self.graph.parse(text)?[..] else { return None };
        let s = self.grown(set);
        let fits = set.iter().all(|v| self.conflicts[v].and(&set).len() == 1);
        fits.then_some(s)
    }

    fn features(&self) -> Vec<String> {
        ["size", "weight", "free"].map(str::to_owned).into_iter().chain(self.graph.features()).collect()
    }

    fn measure(&self, s: &Grown, out: &mut [f64]) {
        let (totals, has) = out.split_at_mut(3);
        has.iter_mut().zip(s.set.bits(self.graph.n())).for_each(|(has, bit)| *has = bit.into());
        let weight = s.set.iter().map(|v| self.graph.file.weight(v)).sum();
        totals.copy_from_slice(&[s.set.len().into(), weight, s.free.len().into()]);
    }

    fn draw(&self, s: &Grown) -> Option<Picture> {
        let paint = |v| match (s.set.has(v), s.free.has(v)) {
            (true, _) => Paint::Category(0),
            (_, true) => Paint::Soft,
            _ => Paint::Faint,
        };
        self.graph.draw(paint, |a, b| s.set.has(a) && s.set.has(b))
    }

    fn describe(&self, a: Action) -> String {
        format!("add {}", self.graph.name(a.index()))
    }

    fn small() -> Vec<Self> {
        let path = Graph::small(4, &[(0, 1), (1, 2), (2, 3)]);
        let parts = Graph::small(5, &[(0, 1), (2, 3)]);
        [(path, true), (Graph::cycle(6), false), (parts, true), (Graph::small(1, &[]), false)]
            .map(|(graph, maximal)| Self::new(graph, maximal))
            .to_vec()
    }
}

impl<R: Relation> Selection for Compatible<R> {
    const SIGN: f64 = 1.0;
    const SIZE: (&'static str, &'static str) = R::SIZE;
    const WEIGHT: (&'static str, &'static str) = R::WEIGHT;

    fn selected(&self, s: &Grown) -> Vertices {
        s.set
    }

    fn weights(&self) -> Vec<f64> {
        self.graph.weights()
    }
}

impl Registered for IndependentSet {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "independent-set",
        summary: "independent sets of a graph from a file, grown one vertex at a time",
        formula: "x without neighbours in x, and maximal; edge v adds vertex v, none of whose neighbours is in",
        reference: "Zhang et al. 2023, arXiv:2305.17010 (maximum independent set)",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "size", meaning: "the number of vertices that are in" },
        Feature { name: "weight", meaning: "the sum of their weights" },
        Feature { name: "free", meaning: "the number of vertices that can be added" },
        Feature { name: "v{i}", meaning: "1 if vertex i of the file, from 1, is in, else 0" },
    ];

    rewards!(Size, Weight);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, n, p, seed, maximal } = config;
        Ok(Self::new(Graph::from_settings(graph.as_ref(), n, p, seed)?, maximal))
    }
}
