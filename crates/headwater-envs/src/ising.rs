//! Spins, set up or down one at a time in any order: Ising models and other pairwise energies.
//!
//! **Objects.** Spins x ∈ {−1, +1}ᴺ on the sites of a torus of `dim` dimensions and `side` sites along each, N = sideᵈ,
//! written as one `-` or `+` per site; a spin that is not set yet is a dot. Site i has the coordinates of i in base
//! `side`, the lowest first.
//!
//! **DAG.** A trajectory starts without spins. Edge i < N sets spin i down, edge N + i sets it up. It ends when all are
//! set.
//!
//! **Rewards**, both defined on unfinished objects too, where a spin that is not set counts as 0:
//! - `torus`: log R = xᵀJx + h Σᵢ xᵢ with J = σA, A the adjacency matrix of the torus
//! - `couplings`: log R = xᵀJx + hᵀx with the matrix J and the vector h of files
//!
//! A quadratic form has every pair twice, as xᵢJᵢⱼxⱼ and as xⱼJⱼᵢxᵢ. So a bond of the torus adds 2σ·xᵢxⱼ: what physics
//! writes −βH = K Σ xᵢxⱼ, each bond once, has K = 2σ, and the critical point of the square lattice, K = 0.440687, is
//! σ = 0.220343. torchgfn and gfnx have this σ; alexhernandezgarcia/gflownet has E = −½ xᵀJx − hᵀx, with entries twice
//! as large as these. With `side = 2` both neighbours along an axis are the same site, and A has one 1 for it.
//!
//! **Source.** Zhang et al. 2022, arXiv:2202.01361 (energy-based GFlowNets).
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | N spins | 3ᴺ | 2N·3ᴺ⁻¹ | |
//! | 3², σ = 0.1 / 0.2 | 19,683 | 118,098 | 6.669745 / 8.456456 |
//! | 4², σ = 0.1 / 0.2 | 43,046,721 | 459,165,024 | 11.771470 / 14.561093 |
//! | 6², σ = 0.1 / 0.2 | 3³⁶ | 72·3³⁵ | 26.444949 / 32.057295 |
//! | 10², σ = 0.1 / 0.2 | 3¹⁰⁰ | 200·3⁹⁹ | 73.453098 / 88.187701 |
//! | 2 / 4 spins, J all 0.1 | 9 / 81 | 12 / 216 | 1.606162 / 3.326498 |

use headwater_core::picture::{Paint, Picture};
use headwater_core::settings::{File, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Reward, RewardScale, SettingError, Settings,
    Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry, matrix};

/// The largest number of spins: those that are up are the ones of a number.
pub const MAX_SITES: usize = 128;

settings! {
    /// Settings of a family of spins.
    pub struct Config {
        /// Number of dimensions of the torus; 1 is a ring.
        dim: usize = "2", Kind::Int { min: 1, max: 7 };
        /// Number of sites along each dimension; at most 128 in all.
        side: usize = "3", Kind::Int { min: 2, max: MAX_SITES as i64 };
    }
}

/// A family of spins; see the module.
#[derive(Clone, Debug)]
pub struct Ising {
    sites: usize,
    axes: Vec<Axis>,
}

/// Spins, of which some are not set yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spins {
    /// Bit i is one iff spin i is set.
    set: u128,
    /// Bit i is one iff spin i is set and up.
    up: u128,
}

impl Spins {
    /// Spin `i`: −1, +1, or 0 if it is not set.
    fn spin(&self, i: usize) -> f64 {
        f64::from((2 * (self.up >> i & 1) as i8) - (self.set >> i & 1) as i8)
    }

    /// The sum of all spins.
    fn sum(&self) -> f64 {
        2.0 * f64::from(self.up.count_ones()) - f64::from(self.set.count_ones())
    }
}

/// The lowest `n` bits.
fn low(n: usize) -> u128 {
    u128::MAX >> (MAX_SITES - n)
}

impl Ising {
    fn new(dim: usize, side: usize) -> Option<Self> {
        let sites = u32::try_from(dim).ok().and_then(|dim| side.checked_pow(dim));
        let sites = sites.filter(|&sites| sites <= MAX_SITES)?;
        let axes = (0..dim as u32).map(|axis| Axis::new(side, sites, axis)).collect();
        Some(Self { sites, axes })
    }

    /// All sites.
    fn all(&self) -> u128 {
        low(self.sites)
    }

    /// The spin that edge `a` sets, as a bit, and whether up.
    fn target(&self, a: Action) -> (u128, bool) {
        match a.index().checked_sub(self.sites) {
            None => (1 << a.index(), false),
            Some(i) => (1 << i, true),
        }
    }
}

impl Environment for Ising {
    type State = Spins;

    fn initial(&self) -> Spins {
        Spins { set: 0, up: 0 }
    }

    fn n_actions(&self) -> usize {
        2 * self.sites
    }

    fn max_len(&self) -> usize {
        self.sites
    }

    fn states_at_least(&self) -> f64 {
        // Every site is unset, down or up.
        3f64.powi(self.sites as i32)
    }

    fn stop(&self, s: &Spins) -> Stop {
        if s.set == self.all() { Stop::Must } else { Stop::Never }
    }

    fn forward_mask(&self, s: &Spins, mask: &mut MaskRow<'_>) {
        let free = !s.set & self.all();
        mask.set_bits(0, free);
        mask.set_bits(self.sites, free);
    }

    fn backward_mask(&self, s: &Spins, mask: &mut MaskRow<'_>) {
        mask.set_bits(0, s.set & !s.up);
        mask.set_bits(self.sites, s.up);
    }

    fn step(&self, s: &mut Spins, a: Action) {
        let (spin, up) = self.target(a);
        s.set |= spin;
        if up {
            s.up |= spin;
        }
    }

    fn unstep(&self, s: &mut Spins, a: Action) {
        let (spin, _) = self.target(a);
        s.set &= !spin;
        s.up &= !spin;
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(3 * self.sites, self.sites)
    }

    fn encode(&self, s: &Spins, row: EncodedRow<'_>) {
        let (mut set, mut up, mut first) = (s.set, s.up, 0);
        for column in row.indices {
            *column = first + (set & 1) as u32 + (up & 1) as u32;
            set >>= 1;
            up >>= 1;
            first += 3;
        }
    }

    fn show(&self, s: &Spins, out: &mut String) {
        let spin = |i: usize| match (s.set >> i & 1, s.up >> i & 1) {
            (0, _) => '.',
            (_, 0) => '-',
            _ => '+',
        };
        out.extend((0..self.sites).map(spin));
    }

    fn parse(&self, text: &str) -> Option<Spins> {
        if text.len() != self.sites {
            return None;
        }
        let mut s = self.initial();
        for (i, c) in text.bytes().enumerate() {
            match c {
                b'.' => continue,
                b'-' => {}
                b'+' => s.up |= 1 << i,
                _ => return None,
            }
            s.set |= 1 << i;
        }
        Some(s)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["up", "down", "magnetisation", "alike", "unlike"].map(str::to_owned);
        totals.into_iter().chain((0..self.sites).map(|i| format!("s{i}"))).collect()
    }

    fn measure(&self, s: &Spins, out: &mut [f64]) {
        let (totals, spins) = out.split_at_mut(5);
        spins.iter_mut().enumerate().for_each(|(i, place)| *place = s.spin(i));
        let (up, set) = (s.up.count_ones(), s.set.count_ones());
        let pairs = self.axes.iter().map(|axis| axis.pairs(s));
        let (alike, unlike) = pairs.fold((0, 0), |(a, b), (alike, unlike)| (a + alike, b + unlike));
        totals.copy_from_slice(&[up.into(), (set - up).into(), s.sum(), alike.into(), unlike.into()]);
    }

    fn draw(&self, s: &Spins) -> Option<Picture> {
        let [rows, side] = match self.axes.len() {
            1 => [1, self.sites],
            2 => [self.axes[1].stride, self.axes[1].stride],
            _ => return None,
        };
        let cell = (160.0 / side as f64).clamp(4.0, 24.0);
        let mut picture = Picture::new(cell * side as f64, cell * rows as f64);
        for i in 0..self.sites {
            let at = [(i % side) as f64 * cell, (i / side) as f64 * cell];
            let paint = match s.spin(i) {
                x if x > 0.0 => Paint::Category(4),
                x if x < 0.0 => Paint::Category(0),
                _ => Paint::Faint,
            };
            picture.rect(at, [cell - 1.0; 2], paint);
        }
        Some(picture)
    }

    fn describe(&self, a: Action) -> String {
        match a.index().checked_sub(self.sites) {
            None => format!("spin {} down", a.0),
            Some(i) => format!("spin {i} up"),
        }
    }

    fn small() -> Vec<Self> {
        [(1, 2), (2, 2), (1, 5)].into_iter().filter_map(|(dim, side)| Self::new(dim, side)).collect()
    }
}

impl Registered for Ising {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "ising",
        summary: "spins on a torus, set up or down one at a time in any order",
        formula: "x in {-1,+1}^N, N = side^dim; edge i sets spin i down, edge N + i sets it up",
        reference: "Zhang et al. 2022, arXiv:2202.01361",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "up", meaning: "the number of spins that are up" },
        Feature { name: "down", meaning: "the number of spins that are down" },
        Feature { name: "magnetisation", meaning: "up - down" },
        Feature { name: "alike", meaning: "the number of bonds of the torus between equal spins" },
        Feature {
            name: "unlike",
            meaning: "the number of bonds between unequal ones: the length of the walls",
        },
        Feature { name: "s{i}", meaning: "spin i, from 0: 1 or -1, and 0 where it is not set yet" },
    ];

    rewards!(Torus, Couplings);

    fn from_config(Config { dim, side }: Config) -> Result<Self, SettingError> {
        within("dim", dim, 1..=7)?;
        within("side", side, 2..=MAX_SITES)?;
        Self::new(dim, side).ok_or_else(|| {
            let message = format!("`{side}` sites along each of {dim} dimensions are more than {MAX_SITES}");
            let largest = 1 + (2..side).take_while(|&side| Self::new(dim, side).is_some()).count();
            SettingError::at("side", message).hint(format!("give at most {largest}"))
        })
    }
}

settings! {
    /// Settings of [`Torus`].
    pub struct TorusConfig {
        /// Coupling σ of neighbours; in log R every bond counts twice. Positive makes neighbours alike.
        sigma: f64 = "0.1", Kind::Real { min: -1e6, max: 1e6 };
        /// Field h on every spin; positive makes them point up.
        field: f64 = "0.0", Kind::Real { min: -1e6, max: 1e6 };
    }
}

/// log R = xᵀJx + h Σᵢ xᵢ, J being σ times the adjacency matrix of the torus.
#[derive(Clone, Debug)]
pub struct Torus {
    sigma: f64,
    field: f64,
}

/// Bonds along one dimension, each from a site to the next.
#[derive(Clone, Copy, Debug)]
struct Axis {
    /// From a site to the next, and from the last one around the torus back to the first.
    stride: usize,
    wrap: usize,
    /// Sites that are the last ones, and sites where a bond starts.
    last: u128,
    bonds: u128,
}

impl Axis {
    fn new(side: usize, sites: usize, axis: u32) -> Self {
        let stride = side.pow(axis);
        let is_last = |i: &usize| i / stride % side == side - 1;
        let last = (0..sites).filter(is_last).fold(0, |bits, i| bits | 1 << i);
        // Of two sites on a ring of two, both would be the next of the other.
        let bonds = if side == 2 { low(sites) & !last } else { low(sites) };
        Self { stride, wrap: stride * (side - 1), last, bonds }
    }

    /// For every site the bit of the next one.
    fn next(&self, bits: u128) -> u128 {
        bits >> self.stride & !self.last | bits << self.wrap & self.last
    }

    /// For every site the bit of the one before.
    fn before(&self, bits: u128) -> u128 {
        (bits & !self.last) << self.stride | (bits & self.last) >> self.wrap
    }

    /// For every site the spin at the other end of its bond to the next site, and of that to the one before; none where
    /// there is no bond.
    fn neighbours(&self, s: &Spins) -> [Spins; 2] {
        let [next, before] = [
            |axis: &Self, bits| axis.next(bits) & axis.bonds,
            |axis: &Self, bits| axis.before(bits & axis.bonds),
        ];
        [next, before].map(|there| Spins { set: there(self, s.set), up: there(self, s.up) })
    }

    /// Number of bonds between equal spins, and between unequal ones.
    fn pairs(&self, s: &Spins) -> (u32, u32) {
        let set = s.set & self.next(s.set) & self.bonds;
        let unlike = ((s.up ^ self.next(s.up)) & set).count_ones();
        (set.count_ones() - unlike, unlike)
    }

    /// Σ xᵢxⱼ over the bonds, each once.
    fn sum(&self, s: &Spins) -> f64 {
        let (alike, unlike) = self.pairs(s);
        f64::from(alike) - f64::from(unlike)
    }
}

impl Reward<Ising> for Torus {
    fn score(&self, env: &Ising, x: &Spins) -> f64 {
        let bonds: f64 = env.axes.iter().map(|axis| axis.sum(x)).sum();
        // The first zero makes one of −0.
        0.0 + 2.0 * self.sigma * bonds + self.field * x.sum()
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Ising, x: &Spins, out: &mut [f32]) {
        let (down, up) = out.split_at_mut(env.sites);
        for axis in &env.axes {
            let neighbours = axis.neighbours(x);
            for (i, sum) in up.iter_mut().enumerate() {
                *sum += neighbours.iter().map(|s| s.spin(i)).sum::<f64>() as f32;
            }
        }
        for (down, up) in down.iter_mut().zip(up) {
            *up = (2.0 * self.sigma) as f32 * *up + self.field as f32;
            *down = -*up;
        }
    }
}

impl NativeReward<Ising> for Torus {
    type Config = TorusConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "torus",
            summary: "the Ising model: neighbours on the torus are alike, or unlike, with one strength",
            formula: "log R = x'Jx + h sum x_i = 2 sigma sum over bonds x_i x_j + h sum x_i, J = sigma A",
            reference: "Zhang et al. 2022, arXiv:2202.01361",
            fields: TorusConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(TorusConfig { sigma, field }: TorusConfig, _: &Ising) -> Result<Self, SettingError> {
        Ok(Self { sigma, field })
    }
}

settings! {
    /// Settings of [`Couplings`].
    pub struct CouplingsConfig {
        /// The matrix J: CSV without a header, N rows of N numbers. It need not be symmetric.
        couplings: File, Kind::File;
        /// The fields h, N numbers separated by commas or lines; without it, none.
        field: Option<File>, Kind::File;
    }
}

/// log R = xᵀJx + hᵀx.
#[derive(Clone, Debug)]
pub struct Couplings {
    /// Jᵢⱼ + Jⱼᵢ in row i and column j where i < j, and Jᵢᵢ in row and column i; N × N.
    pairs: Vec<f64>,
    field: Vec<f64>,
}

impl Reward<Ising> for Couplings {
    fn score(&self, env: &Ising, x: &Spins) -> f64 {
        let mut spins = [0.0; MAX_SITES];
        let spins = &mut spins[..env.sites];
        spins.iter_mut().enumerate().for_each(|(i, spin)| *spin = x.spin(i));
        let mut sum = 0.0;
        for (i, row) in self.pairs.chunks(env.sites).enumerate() {
            let others: f64 = row[i..].iter().zip(&spins[i..]).map(|(j, x)| j * x).sum();
            sum += spins[i] * (self.field[i] + others);
        }
        sum
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Ising> for Couplings {
    type Config = CouplingsConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "couplings",
            summary: "a pairwise energy of one's own: a matrix of couplings, and fields, from files",
            formula: "log R = x'Jx + h'x",
            reference: "the files",
            fields: CouplingsConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(config: CouplingsConfig, env: &Ising) -> Result<Self, SettingError> {
        let n = env.sites;
        let couplings = matrix::read("couplings", &config.couplings, n, n)?;
        let mut pairs = vec![0.0; n * n];
        for i in 0..n {
            pairs[i * n + i] = couplings[i * n + i];
            for j in i + 1..n {
                pairs[i * n + j] = couplings[i * n + j] + couplings[j * n + i];
            }
        }
        let Some(file) = &config.field else {
            return Ok(Self { pairs, field: vec![0.0; n] });
        };
        let field: Vec<f64> =
            matrix::read_rows("field", file)?.into_iter().flat_map(|(_, row)| row).collect();
        if field.len() != n {
            let message = format!("`{}` is to have {n} numbers, and has {}", file.path, field.len());
            return Err(SettingError::at("field", message));
        }
        Ok(Self { pairs, field })
    }
}
