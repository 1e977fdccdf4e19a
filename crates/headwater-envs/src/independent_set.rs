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

use headwater_core::settings::{File, settings};
use headwater_core::{Entry, SettingError, Settings};

use crate::graph_state::{
    Chosen, Family, Graph, MAX_VERTICES, Sets, Size, Vertices, Weight, features, longest,
};
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

/// Sets of vertices every two of which go together: no two are neighbours, or else all are. Rows have the vertex itself
/// and those that do not go with it.
#[derive(Clone, Copy, Debug)]
pub struct Compatible<const INDEPENDENT: bool>;

/// Independent sets; see the module.
pub type IndependentSet = Sets<Compatible<true>>;

impl<const INDEPENDENT: bool> Family for Compatible<INDEPENDENT> {
    const GROWS: bool = true;
    const SIZE: &'static str =
        if INDEPENDENT { "large independent sets are likely" } else { "large cliques are likely" };
    const WEIGHT: &'static str =
        if INDEPENDENT { "heavy independent sets are likely" } else { "heavy cliques are likely" };

    fn rows(graph: &Graph) -> Vec<Vertices> {
        let row = |(v, neighbours): (usize, &Vertices)| {
            let others = if INDEPENDENT { *neighbours } else { graph.all.less(neighbours) };
            others.or(&Vertices::of([v]))
        };
        graph.rows.iter().enumerate().map(row).collect()
    }

    fn max_len(rows: &[Vertices]) -> usize {
        longest::compatible(rows)
    }

    fn has(rows: &[Vertices], set: &Vertices) -> bool {
        set.iter().all(|v| rows[v].and(set).len() == 1)
    }

    fn free(rows: &[Vertices], set: &Vertices) -> Vertices {
        set.iter().fold(Vertices::first(rows.len()), |free, v| free.less(&rows[v]))
    }

    #[inline]
    fn moved(_: &Graph, rows: &[Vertices], s: &mut Chosen, v: usize) {
        s.free = s.free.less(&rows[v]);
    }

    fn small() -> Vec<(Graph, bool)> {
        let path = Graph::small(4, &[(0, 1), (1, 2), (2, 3)]);
        let parts = Graph::small(5, &[(0, 1), (2, 3)]);
        vec![(path, true), (Graph::cycle(6), false), (parts, true), (Graph::small(1, &[]), false)]
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

    const FEATURES: &'static [Feature] = &features("the number of vertices that can be added");

    rewards!(Size, Weight);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, n, p, seed, maximal } = config;
        Ok(Self::new(Graph::from_settings(graph.as_ref(), n, p, seed)?, maximal))
    }
}
