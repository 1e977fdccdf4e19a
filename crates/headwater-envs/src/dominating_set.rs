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

use headwater_core::settings::{File, settings};
use headwater_core::{Entry, SettingError, Settings};

use crate::graph_state::{
    Chosen, Family, Graph, MAX_VERTICES, Sets, Size, Vertices, Weight, features, longest,
};
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

/// Sets that dominate. Rows have the vertex itself and its neighbours.
#[derive(Clone, Copy, Debug)]
pub struct Dominating;

/// Dominating sets; see the module.
pub type DominatingSet = Sets<Dominating>;

/// If only one vertex of the set dominates `u`, it must stay.
#[inline]
fn keep(rows: &[Vertices], s: &mut Chosen, u: usize) {
    if let Some(v) = rows[u].only_common(&s.set) {
        s.free.remove(v);
    }
}

impl Family for Dominating {
    const GROWS: bool = false;
    const SIZE: &'static str = "small dominating sets are likely";
    const WEIGHT: &'static str = "light dominating sets are likely";

    fn rows(graph: &Graph) -> Vec<Vertices> {
        graph.rows.iter().enumerate().map(|(v, row)| row.or(&Vertices::of([v]))).collect()
    }

    fn max_len(rows: &[Vertices]) -> usize {
        longest::removable(rows)
    }

    fn has(rows: &[Vertices], set: &Vertices) -> bool {
        rows.iter().all(|row| !row.and(set).is_empty())
    }

    fn free(rows: &[Vertices], set: &Vertices) -> Vertices {
        let mut s = Chosen { set: *set, free: *set };
        (0..rows.len()).for_each(|u| keep(rows, &mut s, u));
        s.free
    }

    #[inline]
    fn moved(graph: &Graph, rows: &[Vertices], s: &mut Chosen, v: usize) {
        s.free.remove(v);
        // Only what v dominated has one neighbour less.
        keep(rows, s, v);
        graph.file.neighbours(v).iter().for_each(|&u| keep(rows, s, u as usize));
    }

    fn small() -> Vec<(Graph, bool)> {
        let path = Graph::small(4, &[(0, 1), (1, 2), (2, 3)]);
        // A vertex alone must stay.
        let parts = Graph::small(5, &[(0, 1), (1, 2), (2, 0)]);
        vec![(path, true), (Graph::cycle(6), false), (Graph::cycle(5), true), (parts, true)]
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

    const FEATURES: &'static [Feature] = &features("the number of vertices that can be removed");

    rewards!(Size, Weight);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, n, p, seed, minimal } = config;
        Ok(Self::new(Graph::from_settings(graph.as_ref(), n, p, seed)?, minimal))
    }
}
