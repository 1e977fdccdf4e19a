//! Training objectives, one file each: the module's documentation is the formula, the reference and what it needs.
//!
//! An objective turns rows into residuals, each the log of a forward flow less the log of a backward flow, and applies
//! a regression loss to them. Every residual vanishes at an exact flow. No objective knows an environment or an
//! estimator, fails, or allocates.

mod balance;
pub mod db;
pub mod fl;
pub mod fm;
pub mod mdb;
mod needs;
mod registry;
pub mod subtb;
pub mod tb;
pub mod vargrad;

pub use balance::FlowHead;
pub use needs::{Capabilities, unmet};
pub use registry::{ObjectiveEntry, find, registry};

#[cfg(test)]
mod tests;
