//! Cells of a grid, reached from a corner by steps along the axes.
//!
//! **Objects.** Cells x ∈ {0, …, H−1}ᵈ with d = `dim` and H = `side`, written `3,0,7`.
//!
//! **DAG.** The walk starts at the origin; edge i adds one to xᵢ. With `wall = "mask"` every cell may end a trajectory
//! and an edge exists while xᵢ < H−1. With `wall = "terminate"`, the convention of the 2021 paper's code, a walk ends
//! as soon as a coordinate reaches H−1: cells with two coordinates there do not exist, and a cell with one has its
//! single parent along that axis.
//!
//! **Rewards**, with aᵢ = |xᵢ/(H−1) − ½|; φ is the standard normal density:
//! - `original`: `R = r0 + r1·∏ 1[¼ < aᵢ] + r2·∏ 1[0.3 < aᵢ ≤ 0.4]`
//! - `cosine`: `R = r0 + r1·∏ (cos 50zᵢ + 1)·φ(5zᵢ)` with zᵢ = `stretch`·aᵢ
//! - `sparse`: `R = r0 + 1[every xᵢ ∈ {1, H−2}, some xᵢ = H−2]`
//! - `deceptive`: `R = r0 + r1 − r1·∏ 1[0.1 < aᵢ] + r2·∏ 1[0.3 < aᵢ ≤ 0.4]`
//!
//! **Source.** Bengio et al. 2021, arXiv:2106.04399 (`original`; its code has `wall = "terminate"`, later libraries
//! `"mask"`). Every bound t on aᵢ is compared as t + 10⁻¹², as torchgfn does: a lower bound is strict and an upper one
//! is not, whatever the rounding. `cosine` is torchgfn's; the first paper's has coordinates from −1 to 1 and r0 = 0.01,
//! r1 = 1, `stretch = 2` (its `cos_N`). `sparse` is Pan et al. 2022, arXiv:2210.03308; `deceptive` follows the code of Kim
//! et al. 2025, arXiv:2410.01432, not its eq. (9).
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | 8², `original` | 64 | 112 | 3.109061 |
//! | 8⁴, `original` | 4,096 | 14,336 | 6.344934 |
//! | 8⁴, r0 = 0.01 / 0.001 | 4,096 | 14,336 | 5.303106 / 5.100452 |
//! | 20⁴, r = (0.001, 0.5, 2) / (0.0001, 1, 3) | 160,000 | 608,000 | 8.643297 / 9.285819 |
//! | 30², `cosine`, r = (0.01, 1), stretch 2, both walls | 900; 899 | 1,740; 1,682 | 2.857045; 2.856470 |
//! | 8², `wall = "terminate"`, `original` | 63 | 98 | ln 21.8 = 3.081910 |
//! | 8⁴, `wall = "terminate"`, `original` | 3,773 | 9,604 | ln 503.8 = 6.222179 |

use std::fmt::Write;

use headwater_core::picture::{Paint, Picture};
use headwater_core::settings::{choice, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Reward, RewardScale, SettingError, Settings,
    Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest number of dimensions; states are stored inline.
pub const MAX_DIM: usize = 16;

choice! {
    /// What happens at the far side of the grid.
    pub enum Wall {
        /// The edge is masked; every cell may end a trajectory.
        Mask = "mask",
        /// The walk ends there: the convention of the 2021 code.
        Terminate = "terminate",
    }
}

settings! {
    /// Settings of a grid.
    pub struct Config {
        /// Number of dimensions d.
        dim: usize = "2", Kind::Int { min: 1, max: MAX_DIM as i64 };
        /// Number of cells H along each axis.
        side: usize = "8", Kind::Int { min: 2, max: 256 };
        /// What happens at the far side: `mask` (walk on along other axes) or `terminate` (the walk ends; 2021 code).
        wall: Wall = "\"mask\"", Kind::Choice(Wall::NAMES);
    }
}

/// A grid; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Hypergrid {
    dim: usize,
    side: usize,
    wall: Wall,
}

/// Coordinates; those past the grid's dimension are zero.
pub type Cell = [u8; MAX_DIM];

impl Hypergrid {
    fn last(&self) -> u8 {
        (self.side - 1) as u8
    }

    /// The axis along which `s` is at the far side, under the 2021 convention.
    fn hit(&self, s: &Cell) -> Option<usize> {
        match self.wall {
            Wall::Mask => None,
            Wall::Terminate => s[..self.dim].iter().position(|&x| x == self.last()),
        }
    }

    /// aᵢ = |xᵢ/(H−1) − ½| of every coordinate.
    fn offsets<'a>(&'a self, s: &'a Cell) -> impl Iterator<Item = f64> + 'a {
        let last = f64::from(self.last());
        s[..self.dim].iter().map(move |&x| (f64::from(x) / last - 0.5).abs())
    }
}

impl Environment for Hypergrid {
    type State = Cell;

    fn initial(&self) -> Cell {
        [0; MAX_DIM]
    }

    fn n_actions(&self) -> usize {
        self.dim
    }

    fn max_len(&self) -> usize {
        match self.wall {
            Wall::Mask => self.dim * (self.side - 1),
            Wall::Terminate => self.dim * (self.side - 2) + 1,
        }
    }

    fn states_at_least(&self) -> f64 {
        // With walls that end the trajectory, no more than one coordinate is at the wall.
        ((self.side - 1) as f64).powi(self.dim as i32)
    }

    fn stop(&self, s: &Cell) -> Stop {
        let full = s[..self.dim].iter().all(|&x| x == self.last());
        if full || self.hit(s).is_some() { Stop::Must } else { Stop::May }
    }

    fn forward_mask(&self, s: &Cell, mask: &mut MaskRow<'_>) {
        if self.hit(s).is_none() {
            let open = s[..self.dim].iter().enumerate().filter(|&(_, &x)| x < self.last());
            open.for_each(|(i, _)| mask.set(i));
        }
    }

    fn backward_mask(&self, s: &Cell, mask: &mut MaskRow<'_>) {
        match self.hit(s) {
            Some(axis) => mask.set(axis),
            None => {
                let open = s[..self.dim].iter().enumerate().filter(|&(_, &x)| x > 0);
                open.for_each(|(i, _)| mask.set(i));
            }
        }
    }

    fn step(&self, s: &mut Cell, a: Action) {
        s[a.index()] += 1;
    }

    fn unstep(&self, s: &mut Cell, a: Action) {
        s[a.index()] -= 1;
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(self.dim * self.side, self.dim)
    }

    fn encode(&self, s: &Cell, row: EncodedRow<'_>) {
        for (i, (slot, &x)) in row.indices.iter_mut().zip(s).enumerate() {
            *slot = (i * self.side) as u32 + u32::from(x);
        }
    }

    fn show(&self, s: &Cell, out: &mut String) {
        for (i, x) in s[..self.dim].iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write!(out, "{x}").expect("writing to a string cannot fail");
        }
    }

    fn parse(&self, text: &str) -> Option<Cell> {
        let mut s = self.initial();
        let mut parts = text.split(',');
        for x in &mut s[..self.dim] {
            *x = parts.next()?.parse().ok().filter(|&x| x <= self.last())?;
        }
        let walls = s[..self.dim].iter().filter(|&&x| x == self.last()).count();
        if parts.next().is_some() || self.wall == Wall::Terminate && walls > 1 {
            return None;
        }
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        (canonical == text).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["sum", "smallest", "largest"].map(str::to_owned);
        (0..self.dim).map(|i| format!("x{i}")).chain(totals).collect()
    }

    fn measure(&self, s: &Cell, out: &mut [f64]) {
        let cell = &s[..self.dim];
        let (coordinates, totals) = out.split_at_mut(self.dim);
        coordinates.iter_mut().zip(cell).for_each(|(place, &x)| *place = f64::from(x));
        let (smallest, largest) = cell.iter().fold((u8::MAX, 0), |(a, b), &x| (a.min(x), b.max(x)));
        totals.copy_from_slice(&[coordinates.iter().sum(), smallest.into(), largest.into()]);
    }

    fn draw(&self, s: &Self::State) -> Option<Picture> {
        // The first two coordinates as a board, the others as bars below it.
        let (columns, rows) = (self.side, if self.dim > 1 { self.side } else { 1 });
        let cell = 160.0 / self.side as f64;
        let board = cell * rows as f64;
        let mut picture = Picture::new(160.0, board + 14.0 * self.dim.saturating_sub(2) as f64);
        picture.rect([0.0; 2], [cell * columns as f64, board], Paint::Faint);
        let y = if self.dim > 1 { s[1] } else { 0 };
        let at = [f64::from(s[0]) * cell, board - (f64::from(y) + 1.0) * cell];
        picture.rect(at, [cell; 2], Paint::Category(1));
        for (i, &x) in s[..self.dim].iter().enumerate().skip(2) {
            let top = board + 14.0 * (i - 2) as f64 + 4.0;
            picture.rect([0.0, top], [160.0, 8.0], Paint::Faint);
            picture.rect([f64::from(x) * cell, top], [cell, 8.0], Paint::Category(0));
        }
        Some(picture)
    }

    fn describe(&self, a: Action) -> String {
        format!("+1 along axis {}", a.0)
    }

    fn small() -> Vec<Self> {
        [(2, 8, Wall::Mask), (3, 4, Wall::Mask), (1, 5, Wall::Mask), (4, 2, Wall::Mask)]
            .into_iter()
            .chain([(2, 8, Wall::Terminate), (3, 4, Wall::Terminate), (2, 2, Wall::Terminate)])
            .map(|(dim, side, wall)| Self { dim, side, wall })
            .collect()
    }
}

impl Registered for Hypergrid {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "hypergrid",
        summary: "cells of a grid, reached from a corner by steps along the axes",
        formula: "x in {0..side-1}^dim; edge i adds 1 to x_i",
        reference: "Bengio et al. 2021, arXiv:2106.04399",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "x{i}", meaning: "coordinate i, from 0" },
        Feature { name: "sum", meaning: "the sum of the coordinates" },
        Feature { name: "smallest", meaning: "the smallest coordinate" },
        Feature { name: "largest", meaning: "the largest coordinate" },
    ];

    rewards!(Original, Cosine, Sparse, Deceptive);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { dim, side, wall } = config;
        within("dim", dim, 1..=MAX_DIM)?;
        within("side", side, 2..=256)?;
        Ok(Self { dim, side, wall })
    }
}

/// Is `a` above the bound? Slack decides cells that lie on a bound up to rounding; see the module.
fn above(a: f64, bound: f64) -> bool {
    a > bound + 1e-12
}

/// `∏ 1[0.3 < aᵢ ≤ 0.4]`: the cells of the modes.
fn in_band(env: &Hypergrid, s: &Cell) -> f64 {
    f64::from(u8::from(env.offsets(s).all(|a| above(a, 0.3) && !above(a, 0.4))))
}

/// `∏ 1[bound < aᵢ]`.
fn outside(env: &Hypergrid, s: &Cell, bound: f64) -> f64 {
    f64::from(u8::from(env.offsets(s).all(|a| above(a, bound))))
}

/// Largest weight that a setting may give.
const MAX_WEIGHT: f64 = 1e12;

settings! {
    /// The reward of the first GFlowNet paper: 2ᵈ modes near the corners, on a plateau, above a floor.
    pub struct Original {
        /// Reward of every cell, r0.
        r0: f64 = "0.1", Kind::Real { min: 0.0, max: MAX_WEIGHT };
        /// Extra reward of the corners' plateaus, r1.
        r1: f64 = "0.5", Kind::Real { min: 0.0, max: MAX_WEIGHT };
        /// Extra reward of the modes on the plateaus, r2.
        r2: f64 = "2.0", Kind::Real { min: 0.0, max: MAX_WEIGHT };
    }
}

impl Reward<Hypergrid> for Original {
    fn score(&self, env: &Hypergrid, x: &Cell) -> f64 {
        self.r0 + self.r1 * outside(env, x, 0.25) + self.r2 * in_band(env, x)
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

settings! {
    /// A product of cosines under a bell: modes of unequal height along every axis.
    pub struct Cosine {
        /// Reward of every cell, r0.
        r0: f64 = "0.1", Kind::Real { min: 0.0, max: MAX_WEIGHT };
        /// Weight of the product, r1.
        r1: f64 = "0.5", Kind::Real { min: 0.0, max: MAX_WEIGHT };
        /// Width of the grid in the units of the waves: 1 as in torchgfn, 2 as in the first paper.
        stretch: f64 = "1.0", Kind::Real { min: 0.0, max: 1e3 };
    }
}

impl Reward<Hypergrid> for Cosine {
    fn score(&self, env: &Hypergrid, x: &Cell) -> f64 {
        let density = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        let waves = env.offsets(x).map(|a| self.stretch * a);
        let product: f64 = waves.map(|z| ((50.0 * z).cos() + 1.0) * density(5.0 * z)).product();
        self.r0 + self.r1 * product
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

settings! {
    /// One at 2ᵈ − 1 cells beside the corners, almost nothing elsewhere.
    pub struct Sparse {
        /// Reward of every cell, r0.
        r0: f64 = "1e-12", Kind::Real { min: 0.0, max: MAX_WEIGHT };
    }
}

impl Reward<Hypergrid> for Sparse {
    fn score(&self, env: &Hypergrid, x: &Cell) -> f64 {
        let x = &x[..env.dim];
        let far = env.last() - 1;
        let target = x.contains(&far) && x.iter().all(|&x| x == 1 || x == far);
        self.r0 + f64::from(u8::from(target))
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

settings! {
    /// The modes of `original`, guarded by a moat and with a decoy in the centre.
    pub struct Deceptive {
        /// Reward of every cell, r0.
        r0: f64 = "1e-5", Kind::Real { min: 0.0, max: MAX_WEIGHT };
        /// Extra reward of the decoy, r1.
        r1: f64 = "0.1", Kind::Real { min: 0.0, max: MAX_WEIGHT };
        /// Extra reward of the modes, r2.
        r2: f64 = "2.0", Kind::Real { min: 0.0, max: MAX_WEIGHT };
    }
}

impl Reward<Hypergrid> for Deceptive {
    fn score(&self, env: &Hypergrid, x: &Cell) -> f64 {
        self.r0 + self.r1 * (1.0 - outside(env, x, 0.1)) + self.r2 * in_band(env, x)
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

/// Every cell is an object, so every reward of a cell covers unfinished ones; and the settings are the reward.
macro_rules! native {
    ($($reward:ident = $name:literal, $summary:literal, $formula:literal, $reference:literal;)+) => {
        $(impl NativeReward<Hypergrid> for $reward {
            type Config = Self;

            const ENTRY: RewardEntry = RewardEntry {
                entry: Entry {
                    name: $name,
                    summary: $summary,
                    formula: $formula,
                    reference: $reference,
                    fields: <$reward as Settings>::FIELDS,
                },
                scale: RewardScale::Reward,
                covers_unfinished: true,
                guides: false,
            };

            fn from_config(config: Self, _: &Hypergrid) -> Result<Self, SettingError> {
                Ok(config)
            }
        })+
    };
}

native! {
    Original = "original", "2^dim modes near the corners, on plateaus, above a floor",
        "R = r0 + r1 prod 1[0.25 < a_i] + r2 prod 1[0.3 < a_i <= 0.4], a_i = |x_i/(side-1) - 1/2|",
        "Bengio et al. 2021, arXiv:2106.04399";
    Cosine = "cosine", "a product of cosines under a bell: many modes of unequal height",
        "R = r0 + r1 prod (cos 50z_i + 1) phi(5z_i), z_i = stretch |x_i/(side-1) - 1/2|",
        "torchgfn (Lahlou et al. 2023, arXiv:2305.14594); Bengio et al. 2021, arXiv:2106.04399 (r0 = 0.01, r1 = 1, stretch = 2)";
    Sparse = "sparse", "one at 2^dim - 1 cells beside the corners, almost nothing elsewhere",
        "R = r0 + 1[every x_i in {1, side-2}, some x_i = side-2]",
        "Pan et al. 2022, arXiv:2210.03308";
    Deceptive = "deceptive", "the modes of `original` behind a moat, with a decoy in the centre",
        "R = r0 + r1 (1 - prod 1[0.1 < a_i]) + r2 prod 1[0.3 < a_i <= 0.4], a_i = |x_i/(side-1) - 1/2|",
        "Kim et al. 2025, arXiv:2410.01432 (its code, not its eq. 9)";
}
