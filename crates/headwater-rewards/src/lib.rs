//! Where scores come from, and how they become log R.
//!
//! A score is native (typed, computed by the environment's own file) or an [`Oracle`]'s, which knows no
//! environment. A [`Transform`] turns it into log R; the [`Scorer`] does both for a batch of lanes.

mod ahead;
mod combination;
#[cfg(unix)]
mod command;
mod error;
mod expression;
mod objects;
mod onnx;
mod oracle;
mod recorded;
mod scorer;
mod table;
mod transform;

pub use ahead::{Ahead, Ticket};
pub use combination::{COMBINATION, Combination, CombinationConfig, Part, PartConfig, Rule};
#[cfg(unix)]
pub use command::{Command, CommandConfig, Protocol};
pub use error::RewardError;
pub use expression::{Expression, ExpressionConfig};
pub use objects::{Forms, Objects, Texts};
#[cfg(feature = "onnx")]
pub use onnx::Onnx;
pub use onnx::{InputForm, OnnxConfig};
pub use oracle::{
    Build, Coverage, Missing, Native, Oracle, OracleEntry, Statistics, World, find_oracle, oracles,
};
pub use recorded::{Budget, Ledger, Recorded};
pub use scorer::{Posted, Scorer, Source};
pub use table::{Format, Table, TableConfig};
pub use transform::{Transform, TransformConfig, TransformKind, Unusable};

/// The name that `name` was probably meant to be.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |other: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let (distance, nearest) = names.map(|n| (distance(n), n)).min_by_key(|(d, _)| *d)?;
    (distance <= 1 + name.chars().count() / 4).then_some(nearest)
}
