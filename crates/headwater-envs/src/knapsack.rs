//! Items that fit into a knapsack together.
//!
//! **Objects.** Sets of items, written `{0,3,7}`, whose weights are at most `capacity` in all; with `maximal` only those
//! to which no other item fits.
//!
//! **DAG.** A trajectory starts with nothing; edge i packs item i if it still fits. It may end anywhere, or with
//! `maximal` nowhere, and must where nothing fits any more.
//!
//! **Reward.** `value`: log R = Σ vᵢ over the items that are in; the more valuable, the likelier, and the harder the
//! larger `reward.beta`.
//!
//! **Source.** The 0-1 knapsack problem, as a distribution over good packings instead of one best; sums over the numbers
//! of packings by dynamic programming give log Z where weights are whole.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | weights 1, 2, 3, capacity 3, values 0 | 5 | 5 | ln 5 |
//! | the same, `maximal` | 5 | 5 | ln 2 |
//! | n items that all fit, values v | 2ⁿ | n 2ⁿ⁻¹ | Σ ln(1 + e^{vᵢ}) |

use headwater_core::picture::Paint;
use headwater_core::settings::settings;
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, Key, MaskRow, Ones, Picture, Reward, RewardScale,
    SettingError, Settings, Stop,
};

use crate::registry::{rewards, within};
use crate::sets::{self, MAX_ELEMENTS};
use crate::{Feature, NativeReward, Registered, RewardEntry};

settings! {
    /// Settings of a knapsack.
    pub struct Config {
        /// The items' weights; without it, `n` whole ones from 1 to 20 are drawn.
        weights: Option<Vec<f64>>, Kind::Reals { min: 1e-9, max: 1e12 };
        /// Number of items that are drawn.
        n: usize = "12", Kind::Int { min: 1, max: MAX_ELEMENTS as i64 };
        /// Seed of the weights that are drawn.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
        /// What can be carried; without it, half of all weights.
        capacity: Option<f64>, Kind::Real { min: 0.0, max: 1e15 };
        /// Whether a packing must go on as long as something fits.
        maximal: bool = "false", Kind::Bool;
    }
}

/// A knapsack; see the module. A state has bit i iff item i is in.
#[derive(Clone, Debug)]
pub struct Knapsack {
    weights: Vec<f64>,
    capacity: f64,
    maximal: bool,
}

impl Knapsack {
    fn n(&self) -> usize {
        self.weights.len()
    }

    /// The weight of a set: one sum in one order, so that it depends on the set alone.
    fn weight(&self, s: u64) -> f64 {
        Ones::new(&[s]).map(|i| self.weights[i]).sum()
    }

    /// The items that still fit.
    fn fitting(&self, s: u64) -> u64 {
        let free = !s & (u64::MAX >> (64 - self.n()));
        // Most sums are far from the capacity: the exact sum decides where rounding could.
        let room = self.capacity - self.weight(s);
        let slack = 1e-9 * self.capacity;
        let fits = |i: &usize| match room - self.weights[*i] {
            left if left.abs() > slack => left > 0.0,
            _ => self.weight(s | 1 << i) <= self.capacity,
        };
        Ones::new(&[free]).filter(fits).fold(0, |set, i| set | 1 << i)
    }
}

impl Environment for Knapsack {
    type State = u64;

    fn initial(&self) -> u64 {
        0
    }

    fn n_actions(&self) -> usize {
        self.n()
    }

    fn max_len(&self) -> usize {
        // As many as possible are packed by taking the lightest first.
        let mut order: Vec<usize> = (0..self.n()).collect();
        order.sort_by(|&a, &b| self.weights[a].total_cmp(&self.weights[b]));
        let lightest = |k: usize| order[..k].iter().fold(0, |set, i| set | 1 << i);
        (1..=self.n()).take_while(|&k| self.weight(lightest(k)) <= self.capacity).count()
    }

    fn states_at_least(&self) -> f64 {
        2f64.powi(self.max_len() as i32)
    }

    fn stop(&self, s: &u64) -> Stop {
        match (self.fitting(*s), self.maximal) {
            (0, _) => Stop::Must,
            (_, true) => Stop::Never,
            (_, false) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &u64, mask: &mut MaskRow<'_>) {
        mask.0[0] = self.fitting(*s);
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
        // The share of the capacity that is left says what a network would have to add up.
        Encoding::new(2 * self.n(), self.n(), 1)
    }

    fn encode(&self, s: &u64, row: EncodedRow<'_>) {
        for (i, slot) in row.indices.iter_mut().enumerate() {
            *slot = 2 * i as u32 + (s >> i & 1) as u32;
        }
        let capacity = self.capacity.max(f64::MIN_POSITIVE);
        row.reals[0] = (1.0 - self.weight(*s) / capacity) as f32;
    }

    fn show(&self, s: &u64, out: &mut String) {
        sets::show(*s, out);
    }

    fn parse(&self, text: &str) -> Option<u64> {
        sets::parse(text, self.n()).filter(|&s| self.weight(s) <= self.capacity)
    }

    fn draw(&self, s: &u64) -> Option<Picture> {
        let mut picture = Picture::new(300.0, 62.0);
        let all: f64 = self.weights.iter().sum();
        let scale = 300.0 / all.max(self.capacity);
        // Above, all items by their weights; below, those that are in, as far as they fill the knapsack.
        let (mut x, mut packed) = (0.0, 0.0);
        picture.rect([0.0, 34.0], [scale * self.capacity, 28.0], Paint::Faint);
        for (i, weight) in self.weights.iter().map(|w| scale * w).enumerate() {
            let is_in = s >> i & 1 == 1;
            let size = [(weight - 1.0).max(0.5), 22.0];
            picture.rect([x, 0.0], size, if is_in { Paint::Category(i) } else { Paint::Faint });
            x += weight;
            if is_in {
                picture.rect([packed, 37.0], size, Paint::Category(i));
                packed += weight;
            }
        }
        Some(picture)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["size", "weight", "left"].map(str::to_owned);
        totals.into_iter().chain((0..self.n()).map(|i| format!("has_{i}"))).collect()
    }

    fn measure(&self, s: &u64, out: &mut [f64]) {
        let (totals, has) = out.split_at_mut(3);
        has.iter_mut().enumerate().for_each(|(i, has)| *has = (s >> i & 1) as f64);
        let weight = self.weight(*s);
        totals.copy_from_slice(&[s.count_ones().into(), weight, self.capacity - weight]);
    }

    fn describe(&self, a: Action) -> String {
        format!("pack {}", a.0)
    }

    fn small() -> Vec<Self> {
        [
            (vec![1.0, 2.0, 3.0], 3.0, false),
            (vec![1.0, 2.0, 3.0], 3.0, true),
            (vec![0.1, 0.2, 0.3, 0.3], 0.6, true),
            (vec![5.0, 3.0, 2.0, 2.0, 1.0, 7.0, 0.5], 9.5, false),
        ]
        .map(|(weights, capacity, maximal)| Self { weights, capacity, maximal })
        .to_vec()
    }
}

impl Registered for Knapsack {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "knapsack",
        summary: "sets of items that fit into a knapsack together, packed one at a time",
        formula: "x subset of {0..n-1}, sum of w_i over x <= capacity; edge i packs item i",
        reference: "the 0-1 knapsack problem",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "size", meaning: "the number of items that are in" },
        Feature { name: "weight", meaning: "their weight" },
        Feature { name: "left", meaning: "what can still be carried" },
        Feature { name: "has_{i}", meaning: "1 if item i is in, else 0" },
    ];

    rewards!(Value);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { weights, n, seed, capacity, maximal } = config;
        within("n", n, 1..=MAX_ELEMENTS)?;
        let key = Key::new(seed);
        let drawn = || (0..n).map(|i| f64::from(1 + key.fold(i as u64).below(20))).collect();
        let weights: Vec<f64> = weights.unwrap_or_else(drawn);
        if !(1..=MAX_ELEMENTS).contains(&weights.len()) {
            let message =
                format!("`{}` weights are given, and there can be 1 to {MAX_ELEMENTS} items", weights.len());
            return Err(SettingError::at("weights", message));
        }
        let capacity = capacity.unwrap_or_else(|| weights.iter().sum::<f64>() / 2.0);
        let lightest = weights.iter().copied().fold(f64::INFINITY, f64::min);
        if lightest > capacity {
            let message =
                format!("a capacity of `{capacity}` holds nothing: the lightest item weighs {lightest}");
            return Err(SettingError::at("capacity", message));
        }
        Ok(Self { weights, capacity, maximal })
    }
}

settings! {
    /// Settings of [`Value`].
    pub struct ValueConfig {
        /// One value per item; without it, each is drawn between 0 and 1.
        values: Option<Vec<f64>>, Kind::Reals { min: -1e6, max: 1e6 };
        /// Seed of the values that are drawn.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

/// log R = Σ vᵢ over the items that are in.
#[derive(Clone, Debug)]
pub struct Value(Vec<f64>);

impl Reward<Knapsack> for Value {
    fn score(&self, _: &Knapsack, &x: &u64) -> f64 {
        Ones::new(&[x]).map(|i| self.0[i]).sum()
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Knapsack, &x: &u64, out: &mut [f32]) {
        Ones::new(&[env.fitting(x)]).for_each(|i| out[i] = self.0[i] as f32);
    }
}

impl NativeReward<Knapsack> for Value {
    type Config = ValueConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "value",
            summary: "each item has a value, and valuable packings are likely",
            formula: "log R = sum of v_i over the items of x",
            reference: "the 0-1 knapsack problem",
            fields: ValueConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: ValueConfig, env: &Knapsack) -> Result<Self, SettingError> {
        let key = Key::new(config.seed);
        let drawn = || (0..env.n()).map(|i| key.fold(i as u64).unit()).collect();
        let values: Vec<f64> = config.values.unwrap_or_else(drawn);
        if values.len() != env.n() {
            let message = format!("`{}` values are given for {} items", values.len(), env.n());
            return Err(
                SettingError::at("values", message).hint(format!("give {}, or leave `values` out", env.n()))
            );
        }
        Ok(Self(values))
    }
}
