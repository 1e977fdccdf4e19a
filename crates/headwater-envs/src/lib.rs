//! Environments, one file each, and the registry that names them.
//!
//! To add one: write its file (an [`headwater_core::Environment`], its settings and its native rewards), declare the
//! module here, and add one line to the registry. Config, command line, docs and tests follow from that line.

pub mod bayesnet;
pub mod binary_tree;
pub mod bits;
pub mod choice;
pub mod composite;
pub mod dag;
pub mod hypergrid;
pub mod ising;
mod registry;
pub mod strings;
pub mod subsets;

pub use registry::{
    BuildError, EnvEntry, Feature, NativeReward, PartValues, Registered, RewardEntry, Section, Visitor, find,
    registry, visit_all,
};
