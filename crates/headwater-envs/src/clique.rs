//! Cliques of a graph, grown one vertex at a time.
//!
//! **Objects.** Sets x of vertices every two of which are neighbours, written as their names, `{1,3}`, in the order of
//! the file. With `maximal` only those are objects that no vertex can be added to.
//!
//! **DAG.** A trajectory starts at the empty set; edge v adds vertex v, which must be a neighbour of all that are in. It
//! ends when no vertex can be added; without `maximal` it may end anywhere. These are the independent sets of the
//! complement, and the code is theirs.
//!
//! **Rewards**, both defined on unfinished cliques too:
//! - `size`: log R = |x|
//! - `weight`: log R = Σ_{v∈x} w_v with the weights of the file, 1 without
//!
//! **Source.** Zhang et al. 2023, arXiv:2305.17010: with `maximal`, exactly the MDP of its maximum clique.
//!
//! | instance | states | objects | log Z of `size` |
//! |---|---|---|---|
//! | complete graph of n vertices, any | 2ⁿ | 2ⁿ | n ln(1 + e) |
//! | complete graph of n vertices, maximal | 2ⁿ | 1 | n |
//! | Petersen graph, maximal | 26 | 15 | ln 15 + 2 |
//! | karate club, maximal | | 36 | |

use headwater_core::settings::{File, settings};
use headwater_core::{Entry, SettingError, Settings};

use crate::graph_state::{Graph, MAX_VERTICES, Sets, Size, Weight, features};
use crate::independent_set::Compatible;
use crate::registry::rewards;
use crate::{Feature, Registered};

settings! {
    /// Settings of cliques.
    pub struct Config {
        /// The graph: DIMACS (`.col`, `.clq`), METIS (`.graph`) or a list of edges; without it, a random one.
        graph: Option<File>, Kind::File;
        /// Number of vertices of the random graph.
        n: usize = "10", Kind::Int { min: 1, max: MAX_VERTICES as i64 };
        /// Probability of each edge of the random graph.
        p: f64 = "0.5", Kind::Real { min: 0.0, max: 1.0 };
        /// Seed of the random graph.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
        /// Whether only those cliques are objects that no vertex can be added to.
        maximal: bool = "true", Kind::Bool;
    }
}

/// Cliques; see the module.
pub type Clique = Sets<Compatible<false>>;

impl Registered for Clique {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "clique",
        summary: "cliques of a graph from a file, grown one vertex at a time",
        formula: "x of which all are neighbours, and maximal; edge v adds vertex v, a neighbour of all that are in",
        reference: "Zhang et al. 2023, arXiv:2305.17010 (maximum clique)",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &features("the number of vertices that can be added");

    rewards!(Size, Weight);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, n, p, seed, maximal } = config;
        Ok(Self::new(Graph::from_settings(graph.as_ref(), n, p, seed)?, maximal))
    }
}
