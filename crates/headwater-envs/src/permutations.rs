//! Orders of n items.
//!
//! **Objects.** Permutations of {0, …, n−1}: what stands at place 0, place 1 and so on, written `2 0 1`.
//!
//! **DAG.** A trajectory starts with n empty places, written `.`, and fills one with every edge; it ends when all are
//! full. With `growth = "append"` edge i puts item i at the first empty place. With `"fill"` edge n·j + i puts it at place
//! j, in any order.
//!
//! **Rewards**:
//! - `mallows`: log R = −d, with d the number of pairs of items that stand in another order than in the reference
//!   (Kendall's τ); with `reward.beta` θ this is the model of Mallows 1957
//! - `costs`: log R = −Σⱼ c(j, xⱼ), item by place: the linear assignment problem; Z is a permanent
//! - `tour`: log R = −Σⱼ c(xⱼ, xⱼ₊₁), around: the travelling salesman's problem, where each tour is n permutations
//!
//! **Source.** Orders as objects as in Mallows 1957, "Non-null ranking models", Biometrika 44.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | n = 4, `append` | 65 | 64 | |
//! | n = 4, `fill` | 209 | 544 | |
//! | n, `mallows` with θ | | | Σⱼ ln (1 − e^{−jθ})/(1 − e^{−θ}), j = 1 … n |

use std::fmt::Write;

use headwater_core::picture::{Anchor, Paint, Picture};
use headwater_core::settings::{File, choice, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, Key, MaskRow, Ones, Reward, RewardScale, SettingError,
    Settings, Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry, matrix};

/// The largest number of items; states are stored inline.
pub const MAX_N: usize = 63;

choice! {
    /// Which place an edge may fill.
    pub enum Growth {
        /// The first empty one.
        Append = "append",
        /// Any empty one.
        Fill = "fill",
    }
}

settings! {
    /// Settings of a family of permutations.
    pub struct Config {
        /// Number of items.
        n: usize = "6", Kind::Int { min: 1, max: MAX_N as i64 };
        /// Which place an edge may fill: `append` (the first empty one) or `fill` (any).
        growth: Growth = "\"append\"", Kind::Choice(Growth::NAMES);
    }
}

/// A family of permutations; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Permutations {
    n: usize,
    growth: Growth,
}

/// Items at places, of which some are still empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draft {
    /// One more than the item at each place; 0 where it is empty.
    at: [u8; MAX_N],
}

impl Draft {
    /// The item at each of the first `n` places.
    fn items(&self, n: usize) -> impl Iterator<Item = Option<usize>> + Clone + '_ {
        self.at[..n].iter().map(|&item| usize::from(item).checked_sub(1))
    }

    /// The items that have a place.
    fn placed(&self) -> u64 {
        self.at.iter().fold(0, |set, &item| set | 1 << item) >> 1
    }
}

impl Permutations {
    fn all(&self) -> u64 {
        u64::MAX >> (64 - self.n)
    }

    /// The number of places that are full; those of an appended order are the first.
    fn len(&self, s: &Draft) -> usize {
        s.at[..self.n].iter().filter(|&&item| item > 0).count()
    }

    /// The place that edge `a` fills, where the state decides, and the item.
    fn target(&self, len: impl Fn() -> usize, a: Action) -> (usize, u8) {
        match self.growth {
            Growth::Append => (len(), a.0 as u8 + 1),
            Growth::Fill => (a.index() / self.n, (a.index() % self.n) as u8 + 1),
        }
    }
}

impl Environment for Permutations {
    type State = Draft;

    fn initial(&self) -> Draft {
        Draft { at: [0; MAX_N] }
    }

    fn n_actions(&self) -> usize {
        match self.growth {
            Growth::Append => self.n,
            Growth::Fill => self.n * self.n,
        }
    }

    fn max_len(&self) -> usize {
        self.n
    }

    fn states_at_least(&self) -> f64 {
        (1..=self.n).map(|i| i as f64).product()
    }

    fn stop(&self, s: &Draft) -> Stop {
        if s.at[..self.n].contains(&0) { Stop::Never } else { Stop::Must }
    }

    fn forward_mask(&self, s: &Draft, mask: &mut MaskRow<'_>) {
        let free = !s.placed() & self.all();
        match self.growth {
            Growth::Append => mask.0[0] = free,
            Growth::Fill => {
                let empty = s.items(self.n).enumerate().filter(|(_, item)| item.is_none());
                empty.for_each(|(j, _)| mask.set_bits(j * self.n, free.into()));
            }
        }
    }

    fn backward_mask(&self, s: &Draft, mask: &mut MaskRow<'_>) {
        let full = s.items(self.n).enumerate().filter_map(|(j, item)| Some((j, item?)));
        match self.growth {
            Growth::Append => full.last().into_iter().for_each(|(_, item)| mask.set(item)),
            Growth::Fill => full.for_each(|(j, item)| mask.set(j * self.n + item)),
        }
    }

    fn step(&self, s: &mut Draft, a: Action) {
        let (place, item) = self.target(|| self.len(s), a);
        s.at[place] = item;
    }

    fn unstep(&self, s: &mut Draft, a: Action) {
        let (place, _) = self.target(|| self.len(s) - 1, a);
        s.at[place] = 0;
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(self.n * (self.n + 1), self.n)
    }

    fn encode(&self, s: &Draft, row: EncodedRow<'_>) {
        for (j, slot) in row.indices.iter_mut().enumerate() {
            *slot = (j * (self.n + 1)) as u32 + u32::from(s.at[j]);
        }
    }

    fn show(&self, s: &Draft, out: &mut String) {
        for (j, item) in s.items(self.n).enumerate() {
            let blank = if j > 0 { " " } else { "" };
            match item {
                None => write!(out, "{blank}."),
                Some(item) => write!(out, "{blank}{item}"),
            }
            .expect("writing to a string cannot fail");
        }
    }

    fn parse(&self, text: &str) -> Option<Draft> {
        let mut s = self.initial();
        let mut places = s.at[..self.n].iter_mut();
        for word in text.split(' ') {
            let place = places.next()?;
            if word != "." {
                *place = word.parse::<usize>().ok().filter(|&i| i < self.n)? as u8 + 1;
            }
        }
        let len = self.len(&s);
        let ragged = self.growth == Growth::Append && s.at[..len].contains(&0);
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        (canonical == text && !ragged && s.placed().count_ones() as usize == len).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["length", "inversions", "fixed"].map(str::to_owned);
        totals.into_iter().chain((0..self.n).map(|j| format!("p{j}"))).collect()
    }

    fn measure(&self, s: &Draft, out: &mut [f64]) {
        let (totals, places) = out.split_at_mut(3);
        places.iter_mut().zip(s.items(self.n)).for_each(|(p, item)| *p = item.map_or(-1.0, |i| i as f64));
        let fixed = s.items(self.n).enumerate().filter(|(j, item)| *item == Some(*j)).count();
        let inversions = discordant(s, self.n, &|i| i);
        totals.copy_from_slice(&[self.len(s) as f64, inversions as f64, fixed as f64]);
    }

    fn draw(&self, s: &Draft) -> Option<Picture> {
        let cell = 24.0;
        let mut picture = Picture::new(cell * self.n as f64, cell);
        for (j, item) in s.items(self.n).enumerate() {
            let x = j as f64 * cell;
            let Some(item) = item else {
                picture.rect([x, 0.0], [cell - 2.0; 2], Paint::Faint);
                continue;
            };
            picture.rect([x, 0.0], [cell - 2.0; 2], Paint::Category(item));
            let middle = [x + cell / 2.0 - 1.0, cell / 2.0 - 1.0];
            picture.text(middle, 12.0, Anchor::Middle, Paint::Ground, &item.to_string());
        }
        Some(picture)
    }

    fn describe(&self, a: Action) -> String {
        match self.target(|| 0, a) {
            (_, item) if self.growth == Growth::Append => format!("then {}", item - 1),
            (place, item) => format!("{} at place {place}", item - 1),
        }
    }

    fn small() -> Vec<Self> {
        use Growth::{Append, Fill};
        [(1, Append), (4, Append), (4, Fill), (5, Append)].map(|(n, growth)| Self { n, growth }).to_vec()
    }
}

/// Pairs of placed items that stand the other way round than their ranks.
fn discordant(s: &Draft, n: usize, rank: &dyn Fn(usize) -> usize) -> usize {
    let mut behind = 0u64;
    // From the back: of the items behind one, those of lower rank are the wrong way round.
    let ranks = s.at[..n].iter().rev().filter_map(|&item| Some(rank(usize::from(item).checked_sub(1)?)));
    ranks
        .map(|r| {
            let wrong = (behind & ((1 << r) - 1)).count_ones() as usize;
            behind |= 1 << r;
            wrong
        })
        .sum()
}

impl Registered for Permutations {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "permutations",
        summary: "orders of n items, built from the front or place by place",
        formula: "x a permutation of {0..n-1}; edges put an item at the first empty place, or at any",
        reference: "Mallows 1957, Biometrika 44",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "length", meaning: "the number of items that have a place" },
        Feature {
            name: "inversions",
            meaning: "the number of pairs of them of which the larger stands first",
        },
        Feature { name: "fixed", meaning: "the number of items that stand at the place of their number" },
        Feature { name: "p{j}", meaning: "the item at place j, from 0; -1 where there is none yet" },
    ];

    rewards!(Mallows, Costs, Tour);

    fn from_config(Config { n, growth }: Config) -> Result<Self, SettingError> {
        within("n", n, 1..=MAX_N)?;
        Ok(Self { n, growth })
    }
}

settings! {
    /// Settings of [`Mallows`].
    pub struct MallowsConfig {
        /// The order that is likeliest, such as `"2 0 1"`; without it, `0 1 2 …`.
        reference: Option<String>, Kind::Text;
    }
}

/// log R = −(the number of pairs in another order than in the reference).
#[derive(Clone, Debug)]
pub struct Mallows {
    /// Where each item stands in the reference.
    ranks: Vec<usize>,
}

impl Reward<Permutations> for Mallows {
    fn score(&self, env: &Permutations, x: &Draft) -> f64 {
        0.0 - discordant(x, env.n, &|item| self.ranks[item]) as f64
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Permutations> for Mallows {
    type Config = MallowsConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "mallows",
            summary: "the fewer pairs stand in another order than in a reference, the likelier",
            formula: "log R = -(number of pairs in another order than in the reference)",
            reference: "Mallows 1957, Biometrika 44",
            fields: MallowsConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(config: MallowsConfig, env: &Permutations) -> Result<Self, SettingError> {
        let Some(text) = config.reference else { return Ok(Self { ranks: (0..env.n).collect() }) };
        let Some(order) = env.parse(&text).filter(|s| env.stop(s) == Stop::Must) else {
            let message = format!("`{text}` is no order of 0 to {}", env.n - 1);
            return Err(SettingError::at("reference", message).hint("separate the items by single blanks"));
        };
        let mut ranks = vec![0; env.n];
        order.items(env.n).enumerate().for_each(|(j, item)| ranks[item.unwrap_or_default()] = j);
        Ok(Self { ranks })
    }
}

settings! {
    /// Settings of rewards that read a matrix of costs.
    pub struct CostsConfig {
        /// The costs: CSV without a header, n rows of n numbers; without it, each is drawn between 0 and 1.
        costs: Option<File>, Kind::File;
        /// Seed of the costs that are drawn.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

impl CostsConfig {
    fn matrix(&self, n: usize) -> Result<Vec<f64>, SettingError> {
        let key = Key::new(self.seed);
        match &self.costs {
            Some(file) => matrix::read("costs", file, n, n),
            None => Ok((0..n * n).map(|i| key.fold(i as u64).unit()).collect()),
        }
    }
}

/// log R = −Σⱼ c(j, xⱼ).
#[derive(Clone, Debug)]
pub struct Costs(Vec<f64>);

impl Reward<Permutations> for Costs {
    fn score(&self, env: &Permutations, x: &Draft) -> f64 {
        let cost = |(j, item): (usize, Option<usize>)| item.map_or(0.0, |i| self.0[j * env.n + i]);
        0.0 - x.items(env.n).enumerate().map(cost).sum::<f64>()
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Permutations, x: &Draft, out: &mut [f32]) {
        let free = [!x.placed() & env.all()];
        let places = match env.growth {
            Growth::Append => env.len(x)..(env.len(x) + 1).min(env.n),
            Growth::Fill => 0..env.n,
        };
        for j in places.filter(|&j| x.at[j] == 0) {
            let first = if env.growth == Growth::Fill { j * env.n } else { 0 };
            Ones::new(&free).for_each(|i| out[first + i] = -self.0[j * env.n + i] as f32);
        }
    }
}

impl NativeReward<Permutations> for Costs {
    type Config = CostsConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "costs",
            summary: "each item has a cost at each place: the linear assignment problem",
            formula: "log R = -sum over places j of c(j, x_j)",
            reference: "the linear assignment problem",
            fields: CostsConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: CostsConfig, env: &Permutations) -> Result<Self, SettingError> {
        config.matrix(env.n).map(Self)
    }
}

/// log R = −Σⱼ c(xⱼ, xⱼ₊₁), around.
#[derive(Clone, Debug)]
pub struct Tour(Vec<f64>);

impl Reward<Permutations> for Tour {
    fn score(&self, env: &Permutations, x: &Draft) -> f64 {
        let next = x.items(env.n).cycle().skip(1);
        let leg = |(from, to): (Option<usize>, Option<usize>)| Some(self.0[from? * env.n + to?]);
        0.0 - x.items(env.n).zip(next).filter_map(leg).sum::<f64>()
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Permutations> for Tour {
    type Config = CostsConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "tour",
            summary: "short tours around all items are likely: the travelling salesman's problem",
            formula: "log R = -sum over places j of c(x_j, x_{j+1}), around",
            reference: "the travelling salesman's problem",
            fields: CostsConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(config: CostsConfig, env: &Permutations) -> Result<Self, SettingError> {
        config.matrix(env.n).map(Self)
    }
}
