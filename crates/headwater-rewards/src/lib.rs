//! Where scores come from, and how they become log R.
//!
//! A score is native (typed, computed by the environment's own file) or an [`Oracle`]'s, which sees nothing of an
//! object but its text. A [`Transform`] turns it into log R; the [`Scorer`] does both for a batch of lanes.

#[cfg(unix)]
mod command;
mod error;
mod objects;
mod oracle;
mod scorer;
mod table;
mod transform;

#[cfg(unix)]
pub use command::{Command, CommandConfig, Protocol};
pub use error::RewardError;
pub use objects::{Forms, Objects, Texts};
pub use oracle::{Missing, Oracle, OracleEntry, Statistics, World, find_oracle, oracles};
pub use scorer::{Scorer, Source};
pub use table::{Table, TableConfig};
pub use transform::{Transform, TransformConfig, TransformKind, Unusable};
