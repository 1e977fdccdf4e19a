//! Subsets of n elements, grown one element at a time.
//!
//! **Objects.** Subsets x of {0, …, n−1} with `min_size` ≤ |x| ≤ `max_size`, written `{0,3,7}`; the empty set is `{}`.
//!
//! **DAG.** A trajectory starts at the empty set; edge i adds element i. It may end once `min_size` elements are in
//! and must at `max_size`; equal bounds give subsets of one size.
//!
//! **Rewards**, both defined on unfinished subsets too:
//! - `energies`: log R = −Σ_{i∈x} Eᵢ
//! - `additive`: R = offset + Σ_{i∈x} wᵢ
//!
//! **Source.** `energies` is the set generation task of Pan et al. 2023, arXiv:2302.01687, with energies of one's own
//! or standard normal ones; its log Z is the logarithm of elementary symmetric polynomials of e^{−E}.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | n = 4, size 2, `additive` with w = (1, 2, 3, 4), offset 1 | 11 | 16 | ln 36 = 3.583519 |
//! | n = 5, sizes 1 to 4, `energies` all 0 | 31 | 75 | ln 30 = 3.401197 |
//! | n = 5, any size, `energies` E | 32 | 80 | Σ ln(1 + e^{−Eᵢ}) |

use headwater_core::settings::settings;
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, Key, MaskRow, Ones, Picture, Reward, RewardScale,
    SettingError, Settings, Stop,
};

use crate::registry::{rewards, within};
use crate::sets::{self, MAX_ELEMENTS};
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest number of elements.
pub const MAX_N: usize = MAX_ELEMENTS;

settings! {
    /// Settings of a family of subsets.
    pub struct Config {
        /// Number of elements to choose from.
        n: usize = "10", Kind::Int { min: 1, max: MAX_N as i64 };
        /// Size from which a subset may be finished.
        min_size: usize = "0", Kind::Int { min: 0, max: MAX_N as i64 };
        /// Largest size; without it, `n`.
        max_size: Option<usize>, Kind::Int { min: 1, max: MAX_N as i64 };
    }
}

/// A family of subsets; see the module. A state has bit i iff element i is in.
#[derive(Clone, Copy, Debug)]
pub struct Subsets {
    n: usize,
    min: u32,
    max: u32,
}

impl Subsets {
    fn all(&self) -> u64 {
        u64::MAX >> (64 - self.n)
    }
}

impl Environment for Subsets {
    type State = u64;

    fn initial(&self) -> u64 {
        0
    }

    fn n_actions(&self) -> usize {
        self.n
    }

    fn max_len(&self) -> usize {
        self.max as usize
    }

    fn states_at_least(&self) -> f64 {
        // The subsets of the largest size: n over it.
        (0..self.max).map(|i| (self.n as f64 - f64::from(i)) / f64::from(i + 1)).product()
    }

    fn stop(&self, s: &u64) -> Stop {
        match s.count_ones() {
            size if size == self.max => Stop::Must,
            size if size >= self.min => Stop::May,
            _ => Stop::Never,
        }
    }

    fn forward_mask(&self, s: &u64, mask: &mut MaskRow<'_>) {
        if s.count_ones() < self.max {
            mask.0[0] = !s & self.all();
        }
    }

    fn backward_mask(&self, s: &u64, mask: &mut MaskRow<'_>) {
        mask.0[0] = *s;
    }

    fn step(&self, s: &mut u64, a: Action) {
        *s |= 1 << a.0;
    }

    fn unstep(&self, s: &mut u64, a: Action) {
        *s &= !(1 << a.0);
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(2 * self.n, self.n)
    }

    fn encode(&self, s: &u64, row: EncodedRow<'_>) {
        for (i, slot) in row.indices.iter_mut().enumerate() {
            *slot = 2 * i as u32 + (s >> i & 1) as u32;
        }
    }

    fn show(&self, s: &u64, out: &mut String) {
        sets::show(*s, out);
    }

    fn parse(&self, text: &str) -> Option<u64> {
        sets::parse(text, self.n).filter(|s| s.count_ones() <= self.max)
    }

    fn draw(&self, s: &u64) -> Option<Picture> {
        Some(sets::draw(*s, self.n))
    }

    fn features(&self) -> Vec<String> {
        let totals = ["size", "sum"].map(str::to_owned);
        totals.into_iter().chain((0..self.n).map(|i| format!("has_{i}"))).collect()
    }

    fn measure(&self, s: &u64, out: &mut [f64]) {
        let (totals, has) = out.split_at_mut(2);
        has.iter_mut().enumerate().for_each(|(i, has)| *has = (s >> i & 1) as f64);
        totals.copy_from_slice(&[s.count_ones().into(), Ones::new(&[*s]).sum::<usize>() as f64]);
    }

    fn describe(&self, a: Action) -> String {
        format!("add {}", a.0)
    }

    fn small() -> Vec<Self> {
        [(4, 2, 2), (5, 1, 4), (5, 0, 5), (1, 0, 1), (9, 3, 6)]
            .map(|(n, min, max)| Self { n, min, max })
            .to_vec()
    }
}

impl Registered for Subsets {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "subsets",
        summary: "subsets of n elements within bounds of size, grown one element at a time",
        formula: "x subset of {0..n-1}, min_size <= |x| <= max_size; edge i adds element i",
        reference: "Pan et al. 2023, arXiv:2302.01687 (set generation)",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "size", meaning: "the number of elements that are in" },
        Feature { name: "sum", meaning: "the sum of their numbers: 10 for {0,3,7}" },
        Feature { name: "has_{i}", meaning: "1 if element i is in, else 0" },
    ];

    rewards!(Energies, Additive);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { n, min_size, max_size } = config;
        within("n", n, 1..=MAX_N)?;
        let max = max_size.unwrap_or(n);
        if !(1..=n).contains(&max) {
            let message = format!("subsets of {n} elements cannot have `{max}`");
            return Err(SettingError::at("max_size", message).hint(format!("give a size in 1..={n}")));
        }
        if min_size > max {
            let message = format!("the smallest size `{min_size}` is above the largest, `{max}`");
            return Err(SettingError::at("min_size", message));
        }
        Ok(Self { n, min: min_size as u32, max: max as u32 })
    }
}

/// One number per element, as given or by `otherwise`.
fn per_element(
    field: &'static str,
    given: Option<Vec<f64>>,
    env: &Subsets,
    otherwise: impl Fn(usize) -> f64,
) -> Result<Vec<f64>, SettingError> {
    let values = given.unwrap_or_else(|| (0..env.n).map(otherwise).collect());
    if values.len() == env.n {
        return Ok(values);
    }
    let message = format!("`{}` values are given for {} elements", values.len(), env.n);
    Err(SettingError::at(field, message).hint(format!("give {}, or leave `{field}` out", env.n)))
}

fn sum(values: &[f64], x: u64) -> f64 {
    Ones::new(&[x]).map(|i| values[i]).sum()
}

settings! {
    /// Settings of [`Energies`].
    pub struct EnergiesConfig {
        /// One energy per element; without it, standard normal ones.
        energies: Option<Vec<f64>>, Kind::Reals { min: -1e6, max: 1e6 };
        /// Seed of the standard normal energies.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

/// log R = −Σ Eᵢ over the elements that are in.
#[derive(Clone, Debug)]
pub struct Energies(Vec<f64>);

impl Reward<Subsets> for Energies {
    fn score(&self, _: &Subsets, &x: &u64) -> f64 {
        // Not −Σ, which is −0 for the empty set.
        0.0 - sum(&self.0, x)
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Subsets, &x: &u64, out: &mut [f32]) {
        Ones::new(&[!x & env.all()]).for_each(|i| out[i] = -self.0[i] as f32);
    }
}

impl NativeReward<Subsets> for Energies {
    type Config = EnergiesConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "energies",
            summary: "each element has an energy, and low energies are likely",
            formula: "log R = -sum of E_i over the elements of x",
            reference: "Pan et al. 2023, arXiv:2302.01687 (set generation)",
            fields: EnergiesConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: EnergiesConfig, env: &Subsets) -> Result<Self, SettingError> {
        let key = Key::new(config.seed);
        per_element("energies", config.energies, env, |i| key.fold(i as u64).normal()).map(Self)
    }
}

settings! {
    /// Settings of [`Additive`].
    pub struct AdditiveConfig {
        /// One weight per element; without it, element i weighs i + 1.
        weights: Option<Vec<f64>>, Kind::Reals { min: 0.0, max: 1e6 };
        /// What every subset has besides.
        offset: f64 = "1.0", Kind::Real { min: 0.0, max: 1e6 };
    }
}

/// R = offset + Σ wᵢ over the elements that are in.
#[derive(Clone, Debug)]
pub struct Additive {
    weights: Vec<f64>,
    offset: f64,
}

impl Reward<Subsets> for Additive {
    fn score(&self, _: &Subsets, &x: &u64) -> f64 {
        self.offset + sum(&self.weights, x)
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Subsets> for Additive {
    type Config = AdditiveConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "additive",
            summary: "each element has a weight, and the reward is their sum",
            formula: "R = offset + sum of w_i over the elements of x",
            reference: "a target with a known Z",
            fields: AdditiveConfig::FIELDS,
        },
        scale: RewardScale::Reward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(config: AdditiveConfig, env: &Subsets) -> Result<Self, SettingError> {
        let weights = per_element("weights", config.weights, env, |i| (i + 1) as f64)?;
        Ok(Self { weights, offset: config.offset })
    }
}
