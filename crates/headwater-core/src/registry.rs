//! One line of a registry: the facts that feed config, command line, docs and tests alike.

use crate::settings::Field;

/// What a native score means, and so which transform is its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewardScale {
    /// The score is R ≥ 0 itself (default transform `identity`).
    Reward,
    /// The score is log R, an energy with its sign turned (default transform `exp`).
    LogReward,
}

/// What every registered thing says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Kebab-case name, unique in its registry.
    pub name: &'static str,
    /// One line, no final period.
    pub summary: &'static str,
    /// The formula or definition, one line, or empty.
    pub formula: &'static str,
    /// Paper or other source.
    pub reference: &'static str,
    /// Its settings.
    pub fields: &'static [Field],
}
