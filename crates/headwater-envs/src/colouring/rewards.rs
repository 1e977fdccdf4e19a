//! Rewards of colourings: what is coloured, less what colours cost.

use headwater_core::settings::settings;
use headwater_core::{Entry, Ones, Reward, RewardScale, SettingError, Settings};

use super::{Classes, Colouring};
use crate::{NativeReward, RewardEntry};

settings! {
    /// Settings of the rewards of colourings.
    pub struct ColourConfig {
        /// What each colour in use costs, in vertices.
        colour_cost: f64 = "0.0", Kind::Real { min: -1e6, max: 1e6 };
    }
}

const fn entry(name: &'static str, summary: &'static str, formula: &'static str) -> RewardEntry {
    let reference = "a target with known counts: Read & Tutte 1988, Chromatic polynomials";
    RewardEntry {
        entry: Entry { name, summary, formula, reference, fields: ColourConfig::FIELDS },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    }
}

/// What a vertex brings, less the cost of a colour where it is the first to have it.
fn guide(env: &Colouring, x: &Classes, weight: impl Fn(usize) -> f64, cost: f64, out: &mut [f32]) {
    for (c, places) in out.chunks_mut(env.graph.n()).enumerate().take(env.n_open(x)) {
        let cost = if c == x.used() { cost } else { 0.0 };
        places.iter_mut().enumerate().for_each(|(v, place)| *place = (weight(v) - cost) as f32);
    }
}

/// log R = number of coloured vertices − cost · number of colours.
#[derive(Clone, Copy, Debug)]
pub struct Coloured {
    cost: f64,
}

impl Reward<Colouring> for Coloured {
    fn score(&self, env: &Colouring, x: &Classes) -> f64 {
        env.n_coloured(x) as f64 - self.cost * x.used() as f64
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Colouring, x: &Classes, out: &mut [f32]) {
        guide(env, x, |_| 1.0, self.cost, out);
    }
}

impl NativeReward<Colouring> for Coloured {
    type Config = ColourConfig;

    const ENTRY: RewardEntry = entry(
        "coloured",
        "many coloured vertices in few colours are likely",
        "log R = number of coloured vertices - colour_cost * number of colours",
    );

    fn from_config(config: ColourConfig, _: &Colouring) -> Result<Self, SettingError> {
        Ok(Self { cost: config.colour_cost })
    }
}

/// log R = Σ w over the coloured vertices − cost · number of colours.
#[derive(Clone, Debug)]
pub struct ColouredWeight {
    weights: Vec<f64>,
    cost: f64,
}

impl Reward<Colouring> for ColouredWeight {
    fn score(&self, _: &Colouring, x: &Classes) -> f64 {
        let coloured = (0..x.used()).flat_map(|c| Ones::new(x.members(c)));
        // Not −0 for no colours.
        0.0 + coloured.map(|v| self.weights[v]).sum::<f64>() - self.cost * x.used() as f64
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Colouring, x: &Classes, out: &mut [f32]) {
        guide(env, x, |v| self.weights[v], self.cost, out);
    }
}

impl NativeReward<Colouring> for ColouredWeight {
    type Config = ColourConfig;

    const ENTRY: RewardEntry = entry(
        "weight",
        "heavy coloured vertices in few colours are likely",
        "log R = sum of the weights of the coloured vertices - colour_cost * number of colours",
    );

    fn from_config(config: ColourConfig, env: &Colouring) -> Result<Self, SettingError> {
        Ok(Self { weights: env.graph.weights(), cost: config.colour_cost })
    }
}
