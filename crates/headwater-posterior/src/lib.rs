//! What samples of structures say of a question: how likely an edge of a network is, or a clade of a tree.
//!
//! Samples arrive as weighted structures, from a sampler or from an exact enumeration; nothing here trains, does I/O or
//! knows an environment.

mod chain;
mod essential;
mod lists;
mod modular;
mod networks;
mod probability;
pub mod trees;

pub use chain::{Trace, chain};
pub use essential::{Essential, essential};
pub use lists::Lists;
pub use modular::{Dags, LogWeights, MAX_NODES, Modular, TooManyNodes};
pub use networks::{Graph, Networks, Relation, distance};
pub use probability::{Evidence, Probability, Share};
