//! Environments, one file each, and the registry that names them.
//!
//! To add one: write its file (an [`headwater_core::Environment`], its settings and its native rewards), declare the
//! module here, and add one line to the registry. Config, command line, docs and tests follow from that line.

pub mod assignments;
pub mod bayesnet;
pub mod binary_tree;
pub mod bits;
pub mod choice;
pub mod clique;
pub mod colouring;
pub mod composite;
pub mod dag;
pub mod dominating_set;
mod graph_state;
pub mod hypergrid;
pub mod independent_set;
pub mod ising;
pub mod knapsack;
pub mod line;
mod matrix;
pub mod max_cut;
pub mod permutations;
pub mod phylo;
mod registry;
pub mod scheduling;
mod sets;
pub mod strings;
pub mod subsets;
pub mod tetris;
pub mod words;

pub use registry::{
    BuildError, EnvEntry, Feature, NativeReward, PartValues, Registered, RewardEntry, RewardValues, Section,
    Visitor, find, registry, visit_all,
};
