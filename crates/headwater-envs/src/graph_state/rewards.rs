//! Rewards of sets of vertices: how many are in, and what they weigh.

use headwater_core::settings::NoSettings;
use headwater_core::{Entry, Environment, Reward, RewardScale, SettingError, Settings};

use super::Vertices;
use crate::{NativeReward, RewardEntry};

/// An environment whose objects are sets of vertices of a graph.
pub trait Selection: Environment {
    /// 1 where large sets are wanted, −1 where small ones are.
    const SIGN: f64;
    /// Summary and formula of [`Size`].
    const SIZE: (&'static str, &'static str);
    /// Summary and formula of [`Weight`].
    const WEIGHT: (&'static str, &'static str);

    /// The vertices that are in.
    fn selected(&self, s: &Self::State) -> Vertices;

    /// The weights of the vertices.
    fn weights(&self) -> Vec<f64>;
}

const fn entry<E: Selection>(
    name: &'static str,
    (summary, formula): (&'static str, &'static str),
) -> RewardEntry {
    RewardEntry {
        entry: Entry {
            name,
            summary,
            formula,
            reference: "Zhang et al. 2023, arXiv:2305.17010",
            fields: NoSettings::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    }
}

/// log R = |x|, or −|x| where small sets are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Size;

impl<E: Selection> Reward<E> for Size {
    fn score(&self, env: &E, x: &E::State) -> f64 {
        // Not −0 for the empty set.
        0.0 + E::SIGN * f64::from(env.selected(x).len())
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, _: &E, _: &E::State, out: &mut [f32]) {
        // Large sets grow by one vertex, and small ones shrink by one.
        out.fill(1.0);
    }
}

impl<E: Selection> NativeReward<E> for Size {
    type Config = NoSettings;

    const ENTRY: RewardEntry = entry::<E>("size", E::SIZE);

    fn from_config(NoSettings: NoSettings, _: &E) -> Result<Self, SettingError> {
        Ok(Self)
    }
}

/// log R = Σ w over the vertices that are in, or −Σ w where small sets are wanted.
#[derive(Clone, Debug)]
pub struct Weight(Vec<f64>);

impl<E: Selection> Reward<E> for Weight {
    fn score(&self, env: &E, x: &E::State) -> f64 {
        0.0 + E::SIGN * env.selected(x).iter().map(|v| self.0[v]).sum::<f64>()
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, _: &E, _: &E::State, out: &mut [f32]) {
        out.iter_mut().zip(&self.0).for_each(|(out, w)| *out = *w as f32);
    }
}

impl<E: Selection> NativeReward<E> for Weight {
    type Config = NoSettings;

    const ENTRY: RewardEntry = entry::<E>("weight", E::WEIGHT);

    fn from_config(NoSettings: NoSettings, env: &E) -> Result<Self, SettingError> {
        Ok(Self(env.weights()))
    }
}
