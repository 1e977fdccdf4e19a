//! The reward of a tree by the mutations that it needs.

use headwater_core::settings::settings;
use headwater_core::{Entry, Reward, RewardScale, SettingError, Settings};

use super::Phylo;
use super::forest::Forest;
use crate::{NativeReward, RewardEntry};

settings! {
    /// Settings of [`Parsimony`].
    pub struct ParsimonyConfig {
        /// Mutations that count nothing: what log R is measured from. It changes log Z and no probability.
        c: f64 = "0.0", Kind::Real { min: 0.0, max: 1e9 };
        /// Mutations per nat: the smaller, the more the best trees stand out.
        per_nat: f64 = "4.0", Kind::Real { min: 1e-6, max: 1e9 };
    }
}

/// log R = (c − M)/per_nat, M being the mutations of a tree, or of a forest those of its trees so far.
#[derive(Clone, Copy, Debug)]
pub struct Parsimony {
    c: f64,
    per_nat: f64,
}

impl Reward<Phylo> for Parsimony {
    fn score(&self, env: &Phylo, x: &Forest) -> f64 {
        (self.c - f64::from(env.mutations(x))) / self.per_nat
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Phylo, x: &Forest, out: &mut [f32]) {
        env.merge_costs(x, |i, j, cost| out[env.label(i, j)] = (-f64::from(cost) / self.per_nat) as f32);
    }
}

impl NativeReward<Phylo> for Parsimony {
    type Config = ParsimonyConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "parsimony",
            summary: "the fewer mutations a tree needs, the likelier; forests have those of their trees so far",
            formula: "log R = (c - M)/per_nat, M the Fitch parsimony score",
            reference: "Zhou et al. 2024, arXiv:2310.08774 (PhyloGFN), with 4 mutations per nat",
            fields: ParsimonyConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(ParsimonyConfig { c, per_nat }: ParsimonyConfig, _: &Phylo) -> Result<Self, SettingError> {
        if per_nat > 0.0 && per_nat.is_finite() && c.is_finite() {
            return Ok(Self { c, per_nat });
        }
        Err(SettingError::at("per_nat", format!("`{per_nat}` is no positive number")))
    }
}
