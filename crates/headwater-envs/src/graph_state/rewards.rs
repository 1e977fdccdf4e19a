//! Rewards of sets of vertices: how many are in, and what they weigh.

use headwater_core::settings::NoSettings;
use headwater_core::{Entry, Reward, RewardScale, SettingError, Settings};

use super::family::{Chosen, Family, Sets};
use crate::{NativeReward, RewardEntry};

/// What a reward of Zhang et al. says of itself: a log R that knows what each edge changes, and has no settings.
pub(crate) const fn entry(name: &'static str, summary: &'static str, formula: &'static str) -> RewardEntry {
    let reference = "Zhang et al. 2023, arXiv:2305.17010";
    RewardEntry {
        entry: Entry { name, summary, formula, reference, fields: NoSettings::FIELDS },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    }
}

/// `sum`, or its opposite where small sets are wanted; never −0.
fn signed<F: Family>(sum: f64) -> f64 {
    0.0 + if F::GROWS { sum } else { -sum }
}

/// log R = |x|, or −|x| where small sets are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Size;

impl<F: Family> Reward<Sets<F>> for Size {
    fn score(&self, _: &Sets<F>, x: &Chosen) -> f64 {
        signed::<F>(x.set.len().into())
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, _: &Sets<F>, _: &Chosen, out: &mut [f32]) {
        // Large sets grow by one vertex, and small ones shrink by one.
        out.fill(1.0);
    }
}

impl<F: Family> NativeReward<Sets<F>> for Size {
    type Config = NoSettings;

    const ENTRY: RewardEntry = entry("size", F::SIZE, if F::GROWS { "log R = |x|" } else { "log R = -|x|" });

    fn from_config(NoSettings: NoSettings, _: &Sets<F>) -> Result<Self, SettingError> {
        Ok(Self)
    }
}

/// log R = Σ w over the vertices that are in, or −Σ w where small sets are wanted.
#[derive(Clone, Debug)]
pub struct Weight(Vec<f64>);

impl<F: Family> Reward<Sets<F>> for Weight {
    fn score(&self, _: &Sets<F>, x: &Chosen) -> f64 {
        signed::<F>(x.set.iter().map(|v| self.0[v]).sum())
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, _: &Sets<F>, _: &Chosen, out: &mut [f32]) {
        out.iter_mut().zip(&self.0).for_each(|(out, w)| *out = *w as f32);
    }
}

impl<F: Family> NativeReward<Sets<F>> for Weight {
    type Config = NoSettings;

    const ENTRY: RewardEntry = entry(
        "weight",
        F::WEIGHT,
        if F::GROWS {
            "log R = sum of the weights of the vertices of x"
        } else {
            "log R = -sum of the weights of the vertices of x"
        },
    );

    fn from_config(NoSettings: NoSettings, env: &Sets<F>) -> Result<Self, SettingError> {
        Ok(Self(env.graph.weights()))
    }
}
