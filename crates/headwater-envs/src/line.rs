//! Steps along a line.
//!
//! **Objects.** Where a walk of `steps` steps ends, in cells of width `unit`, written `12@5`: the cell, counted from the
//! start, and the number of steps.
//!
//! **DAG.** A trajectory starts at cell 0 and takes all of its steps; edge reach + d goes d cells to the right, for d from
//! −reach to reach. A state is the cell and the number of steps so far.
//!
//! **Reward.** `mixture`: R = the mean over the modes of their normal densities, at the position unit·cell. Where the
//! modes lie well within reach and a cell is narrower than a mode, log Z ≈ −ln unit.
//!
//! **Source.** The environment Line of torchgfn, whose steps are normal and whose reward is the sum over modes and not the
//! mean, so that its log Z is ln of their number; it is the smallest problem of Lahlou et al. 2023, "A theory of continuous
//! generative flow networks", arXiv:2301.12594. Here it lies on a grid.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | `steps` T, `reach` r | T+1 + r·T·(T+1) | (2r+1)·(T + r·T·(T−1)) | |
//! | the default: T = 5, r = 10, `unit` 0.2 | 306 | 4305 | −ln 0.2 = 1.609438 |

use headwater_core::picture::{Anchor, Paint, Picture};
use headwater_core::settings::settings;
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Reward, RewardScale, SettingError, Settings,
    Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest number of steps.
pub const MAX_STEPS: usize = 64;
/// The longest step, in cells.
pub const MAX_REACH: usize = 500;

settings! {
    /// Settings of a line.
    pub struct Config {
        /// Number of steps.
        steps: usize = "5", Kind::Int { min: 1, max: MAX_STEPS as i64 };
        /// Cells that a step goes at most, to either side.
        reach: usize = "10", Kind::Int { min: 1, max: MAX_REACH as i64 };
        /// Width of a cell.
        unit: f64 = "0.2", Kind::Real { min: 1e-6, max: 1e6 };
    }
}

/// A line; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    steps: u32,
    reach: i32,
    unit: f64,
}

/// Where a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    cell: i32,
    /// The number of steps that were taken.
    step: u32,
}

impl Line {
    /// The cells that can be reached in so many steps lie between minus this and this.
    fn limit(&self, step: u32) -> i32 {
        self.reach * step as i32
    }

    /// The cells to the right that edge `a` goes.
    fn shift(&self, a: Action) -> i32 {
        a.0 as i32 - self.reach
    }

    fn position(&self, s: &Place) -> f64 {
        f64::from(s.cell) * self.unit
    }
}

impl Environment for Line {
    type State = Place;

    fn initial(&self) -> Place {
        Place { cell: 0, step: 0 }
    }

    fn n_actions(&self) -> usize {
        2 * self.reach as usize + 1
    }

    fn max_len(&self) -> usize {
        self.steps as usize
    }

    fn states_at_least(&self) -> f64 {
        let (steps, reach) = (f64::from(self.steps), f64::from(self.reach));
        steps + 1.0 + reach * steps * (steps + 1.0)
    }

    fn stop(&self, s: &Place) -> Stop {
        if s.step == self.steps { Stop::Must } else { Stop::Never }
    }

    fn forward_mask(&self, s: &Place, mask: &mut MaskRow<'_>) {
        if s.step < self.steps {
            mask.set_range(0..self.n_actions());
        }
    }

    fn backward_mask(&self, s: &Place, mask: &mut MaskRow<'_>) {
        let Some(before) = s.step.checked_sub(1) else { return };
        // The cell before is one that so many steps reach.
        let limit = self.limit(before);
        let first = (s.cell - limit).max(-self.reach) + self.reach;
        let last = (s.cell + limit).min(self.reach) + self.reach;
        mask.set_range(first as usize..last as usize + 1);
    }

    fn step(&self, s: &mut Place, a: Action) {
        s.cell += self.shift(a);
        s.step += 1;
    }

    fn unstep(&self, s: &mut Place, a: Action) {
        s.cell -= self.shift(a);
        s.step -= 1;
    }

    fn encoding(&self) -> Encoding {
        // The step and the cell, and where the cell is: what neighbours have in common.
        let cells = 2 * self.limit(self.steps) as usize + 1;
        Encoding::new(self.steps as usize + 1 + cells, 2, 1)
    }

    fn encode(&self, s: &Place, row: EncodedRow<'_>) {
        let limit = self.limit(self.steps);
        row.indices[0] = s.step;
        row.indices[1] = self.steps + 1 + (s.cell + limit) as u32;
        row.reals[0] = s.cell as f32 / limit as f32;
    }

    fn show(&self, s: &Place, out: &mut String) {
        out.push_str(&format!("{}@{}", s.cell, s.step));
    }

    fn parse(&self, text: &str) -> Option<Place> {
        let (cell, step) = text.split_once('@')?;
        let s = Place { cell: cell.parse().ok()?, step: step.parse().ok().filter(|&t| t <= self.steps)? };
        let limit = self.limit(s.step);
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        (canonical == text && (-limit..=limit).contains(&s.cell)).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        ["x", "cell", "step"].map(str::to_owned).to_vec()
    }

    fn measure(&self, s: &Place, out: &mut [f64]) {
        out.copy_from_slice(&[self.position(s), s.cell.into(), s.step.into()]);
    }

    fn draw(&self, s: &Place) -> Option<Picture> {
        let (width, margin, y) = (260.0, 20.0, 14.0);
        let mut picture = Picture::new(width + 2.0 * margin, 44.0);
        let limit = self.limit(self.steps);
        let at = |cell: i32| margin + (f64::from(cell) / f64::from(limit) + 1.0) * width / 2.0;
        picture.line(&[[at(-limit), y], [at(limit), y]], 2.0, Paint::Faint);
        // What the steps that are left can reach.
        let left = self.limit(self.steps - s.step);
        let ends = [s.cell - left, s.cell + left].map(|cell| [at(cell), y]);
        picture.line(&ends, 4.0, Paint::Heat(0.3));
        for cell in [-limit, 0, limit] {
            picture.line(&[[at(cell), y - 4.0], [at(cell), y + 4.0]], 1.0, Paint::Soft);
            let x = format!("{}", (f64::from(cell) * self.unit * 1e6).round() / 1e6);
            picture.text([at(cell), 34.0], 10.0, Anchor::Middle, Paint::Soft, &x);
        }
        picture.disc([at(s.cell), y], 5.0, Paint::Category(0));
        Some(picture)
    }

    fn describe(&self, a: Action) -> String {
        format!("go {}", self.shift(a))
    }

    fn small() -> Vec<Self> {
        [(1, 2, 1.0), (3, 1, 1.0), (4, 3, 0.5)]
            .map(|(steps, reach, unit)| Self { steps, reach, unit })
            .to_vec()
    }
}

impl Registered for Line {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "line",
        summary: "walks of a fixed number of steps on the cells of a line",
        formula: "x = (cell, steps); edge reach + d goes d cells to the right, -reach <= d <= reach",
        reference: "Line of torchgfn; Lahlou et al. 2023, arXiv:2301.12594",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "x", meaning: "the position, unit times the cell" },
        Feature { name: "cell", meaning: "the cell, counted from the start" },
        Feature { name: "step", meaning: "the number of steps that were taken" },
    ];

    rewards!(Mixture);

    fn from_config(Config { steps, reach, unit }: Config) -> Result<Self, SettingError> {
        within("steps", steps, 1..=MAX_STEPS)?;
        within("reach", reach, 1..=MAX_REACH)?;
        Ok(Self { steps: steps as u32, reach: reach as i32, unit })
    }
}

settings! {
    /// Settings of [`Mixture`].
    pub struct MixtureConfig {
        /// The means of the modes.
        means: Vec<f64> = "[2.0, 5.0]", Kind::Reals { min: -1e6, max: 1e6 };
        /// Their standard deviation.
        sigma: f64 = "0.5", Kind::Real { min: 1e-6, max: 1e6 };
    }
}

/// R = the mean over the modes of their normal densities.
#[derive(Clone, Debug)]
pub struct Mixture {
    means: Vec<f64>,
    sigma: f64,
}

impl Mixture {
    /// ln R at a position; far from all modes R itself would be zero.
    fn log_density(&self, x: f64) -> f64 {
        let exponent = |mean: &f64| -0.5 * ((x - mean) / self.sigma).powi(2);
        let largest = self.means.iter().map(exponent).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.means.iter().map(|mean| (exponent(mean) - largest).exp()).sum();
        let scale = self.means.len() as f64 * self.sigma * std::f64::consts::TAU.sqrt();
        largest + (sum / scale).ln()
    }
}

impl Reward<Line> for Mixture {
    fn score(&self, env: &Line, x: &Place) -> f64 {
        self.log_density(env.position(x))
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Line, x: &Place, out: &mut [f32]) {
        if x.step == env.steps {
            return;
        }
        let here = self.score(env, x);
        for (a, out) in out.iter_mut().enumerate().take(env.n_actions()) {
            let there = Place { cell: x.cell + env.shift(Action(a as u32)), ..*x };
            *out = (self.score(env, &there) - here) as f32;
        }
    }
}

impl NativeReward<Line> for Mixture {
    type Config = MixtureConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "mixture",
            summary: "the density of a mixture of normal distributions where the walk ends",
            formula: "R = mean over modes m of exp(-(x - m)^2 / (2 sigma^2)) / (sigma sqrt(2 pi))",
            reference: "Line of torchgfn, where it is the sum",
            fields: MixtureConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(MixtureConfig { means, sigma }: MixtureConfig, _: &Line) -> Result<Self, SettingError> {
        if means.is_empty() {
            return Err(SettingError::at("means", "a mixture of `0` modes has no density"));
        }
        Ok(Self { means, sigma })
    }
}
