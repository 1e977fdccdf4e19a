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
        scale: f64 = "4.0", Kind::Real { min: 1e-6, max: 1e9 };
    }
}

/// log R = (c − M)/scale, M being the mutations of a tree, or of a forest those of its trees so far.
#[derive(Clone, Copy, Debug)]
pub struct Parsimony {
    c: f64,
    scale: f64,
}

impl Reward<Phylo> for Parsimony {
    fn score(&self, env: &Phylo, x: &Forest) -> f64 {
        (self.c - f64::from(env.mutations(x))) / self.scale
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Phylo> for Parsimony {
    type Config = ParsimonyConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "parsimony",
            summary: "the fewer mutations a tree needs, the likelier; forests have those of their trees so far",
            formula: "log R = (c - M)/scale, M the Fitch parsimony score",
            reference: "Zhou et al. 2024, arXiv:2310.08774 (PhyloGFN), scale 4",
            fields: ParsimonyConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
    };

    fn from_config(ParsimonyConfig { c, scale }: ParsimonyConfig, _: &Phylo) -> Result<Self, SettingError> {
        if scale > 0.0 && scale.is_finite() && c.is_finite() {
            return Ok(Self { c, scale });
        }
        Err(SettingError::at("scale", format!("`{scale}` is no positive number")))
    }
}
