//! Where scores come from, and how they become log R.
//!
//! A score is native (typed, computed by the environment's own file) or an [`Oracle`]'s, which sees nothing of an
//! object but its text. A [`Transform`] turns it into log R; the [`Scorer`] does both for a batch of lanes.

mod combination;
#[cfg(unix)]
mod command;
mod error;
mod expression;
mod objects;
mod oracle;
mod recorded;
mod scorer;
mod table;
mod transform;

use table::nearest;

pub use combination::{COMBINATION, Combination, CombinationConfig, Part, PartConfig, Rule};
#[cfg(unix)]
pub use command::{Command, CommandConfig, Protocol};
pub use error::RewardError;
pub use expression::{Expression, ExpressionConfig};
pub use objects::{Forms, Objects, Texts};
pub use oracle::{Build, Missing, Native, Oracle, OracleEntry, Statistics, World, find_oracle, oracles};
pub use recorded::{Budget, Ledger, Recorded};
pub use scorer::{Scorer, Source};
pub use table::{Table, TableConfig};
pub use transform::{Transform, TransformConfig, TransformKind, Unusable};
