//! Bit strings of one length, built of words.
//!
//! **Objects.** Strings of `n` zeros and ones, written as they are.
//!
//! **DAG.** A string has n/k slots for words of `k` bits; a trajectory starts with empty slots, written as k dots each,
//! and fills one with every edge. It ends when all are full. With `growth = "append"` edge w writes word w behind the
//! others. With `"prepend-append"` edge 2ᵏ + w besides writes it before them. With `"fill"` edge 2ᵏ·i + w writes it
//! into slot i, in any order. The three are one environment, since their objects, texts and rewards are the same.
//!
//! **Rewards**, with d the Hamming distance from x to the nearest of a set of modes:
//! - `hamming`: log R = −d
//! - `hamming-per-bit`: log R = −d/n
//!
//! Both are defined on unfinished strings, where d counts the bits that are written.
//!
//! Modes are given, or drawn: every eight bits of one are 00000000, 11111111, 11110000, 00001111 or 00111100. They are
//! drawn with replacement, so that of short strings there are fewer than were asked for.
//!
//! **Source.** Malkin et al. 2022, arXiv:2201.13259, where strings grow by `append`; they grow at both ends in torchgfn
//! (arXiv:2305.14594) and in any order in Tiapkin et al. 2024, arXiv:2310.12934. What is published as *the* reward of
//! n = 120 with 60 modes differs, and so do the targets:
//!
//! | | here |
//! |---|---|
//! | Malkin et al. 2022; gfnx | `hamming-per-bit`, `beta = 3.0`: almost uniform |
//! | Tiapkin et al. 2024, by its code | `hamming`, `beta = 2.0`: all mass near the modes |
//! | Hu et al. 2025, arXiv:2410.02596 | `hamming`, `beta = 1.0` |
//! | torchgfn, `append` and `prepend-append` | `hamming`, `beta` = 1/temperature; modes distinct |
//! | torchgfn, `fill` | `hamming-per-bit`, `beta = 2.0`; modes distinct |
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | n = 6, k = 2, `append` | 85 | 84 | |
//! | n = 6, k = 2, `prepend-append` | 85 | 168 | |
//! | n = 6, k = 2, `fill` | 125 | 300 | |
//! | one mode, `hamming` with β | | | n ln(1 + e^{−β}) |
//! | 00000000 and 11111111, `hamming` | | | ln Σⱼ (8 choose j) e^{−min(j, 8−j)} = 3.105622 |
//! | n = 120, 60 modes of seed 0, `hamming` with β = 2 | | | ln 60 + 120 ln(1 + e⁻²) = 19.325706 |
//! | the same with β = 3 | | | ln 60 + 120 ln(1 + e⁻³) = 9.924827 |
//!
//! The last two neglect what strings between two modes are counted twice, less than 10⁻⁶ in log Z.

use headwater_core::picture::Paint;
use headwater_core::settings::{choice, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, Key, MaskRow, Ones, Picture, Reward, RewardScale,
    SettingError, Settings, Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest number of bits: a string is one number.
pub const MAX_N: usize = 128;

/// The largest number of bits per word.
pub const MAX_K: usize = 10;

choice! {
    /// Which slot an edge may fill.
    pub enum Growth {
        /// The first empty one.
        Append = "append",
        /// The first empty one, or the first of all, while the other words move on.
        PrependAppend = "prepend-append",
        /// Any empty one.
        Fill = "fill",
    }
}

settings! {
    /// Settings of a family of bit strings.
    pub struct Config {
        /// Number of bits.
        n: usize = "12", Kind::Int { min: 1, max: MAX_N as i64 };
        /// Number of bits per word; a divisor of `n`.
        k: usize = "2", Kind::Int { min: 1, max: MAX_K as i64 };
        /// Where words are written: `append` (behind the others), `prepend-append` (before or behind the others) or
        /// `fill` (into any empty slot).
        growth: Growth = "\"append\"", Kind::Choice(Growth::NAMES);
    }
}

/// A family of bit strings; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Bits {
    /// Bits per word.
    k: usize,
    slots: usize,
    growth: Growth,
}

/// Words in slots, of which some are still empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draft {
    /// The words, each as it is read, from the lowest bits on; those of empty slots are zero.
    bits: u128,
    /// Bit i is one iff slot i is full.
    full: u128,
}

/// The lowest `n` bits.
fn low(n: usize) -> u128 {
    u128::MAX >> (MAX_N - n)
}

impl Bits {
    fn n(&self) -> usize {
        self.k * self.slots
    }

    /// Number of words.
    fn words(&self) -> usize {
        1 << self.k
    }

    /// The word in slot `i`; zero if there is none.
    fn word(&self, s: &Draft, i: usize) -> usize {
        (s.bits >> (self.k * i)) as usize & (self.words() - 1)
    }

    /// For each slot whether it is full, and its word, or zero.
    fn contents(&self, s: &Draft) -> impl Iterator<Item = (bool, usize)> {
        let (Draft { mut bits, mut full }, k, last) = (*s, self.k, self.words() - 1);
        (0..self.slots).map(move |_| {
            let content = (full & 1 == 1, bits as usize & last);
            bits >>= k;
            full >>= 1;
            content
        })
    }

    /// The bits of the slots that are full.
    fn written(&self, full: u128) -> u128 {
        if full == low(self.slots) {
            return low(self.n());
        }
        (0..self.slots).filter(|i| full >> i & 1 == 1).fold(0, |bits, i| bits | low(self.k) << (self.k * i))
    }

    /// The slot that edge `a` fills, if it moves no words, and its word.
    fn target(&self, full: u128, a: Action) -> (usize, usize) {
        let word = a.index() & (self.words() - 1);
        match self.growth {
            Growth::Append | Growth::PrependAppend => (full.trailing_ones() as usize, word),
            Growth::Fill => (a.index() >> self.k, word),
        }
    }

    /// Does edge `a` write before the other words?
    fn prepends(&self, a: Action) -> bool {
        self.growth == Growth::PrependAppend && a.index() >= self.words()
    }
}

impl Environment for Bits {
    type State = Draft;

    fn initial(&self) -> Draft {
        Draft { bits: 0, full: 0 }
    }

    fn n_actions(&self) -> usize {
        match self.growth {
            Growth::Append => self.words(),
            Growth::PrependAppend => 2 * self.words(),
            Growth::Fill => self.slots * self.words(),
        }
    }

    fn max_len(&self) -> usize {
        self.slots
    }

    fn states_at_least(&self) -> f64 {
        // The objects: every string.
        2f64.powi((self.k * self.slots) as i32)
    }

    fn stop(&self, s: &Draft) -> Stop {
        if s.full == low(self.slots) { Stop::Must } else { Stop::Never }
    }

    fn forward_mask(&self, s: &Draft, mask: &mut MaskRow<'_>) {
        let mut empty = !s.full & low(self.slots);
        if self.growth != Growth::Fill {
            if empty != 0 {
                mask.set_range(0..self.n_actions());
            }
            return;
        }
        while empty != 0 {
            let first = empty.trailing_zeros() as usize;
            let run = (empty >> first).trailing_ones() as usize;
            mask.set_range(first << self.k..(first + run) << self.k);
            // The sum carries through the run.
            empty &= empty.wrapping_add(1 << first);
        }
    }

    fn backward_mask(&self, s: &Draft, mask: &mut MaskRow<'_>) {
        if s.full == 0 {
            return;
        }
        match self.growth {
            Growth::Append | Growth::PrependAppend => {
                mask.set(self.word(s, s.full.trailing_ones() as usize - 1));
                if self.growth == Growth::PrependAppend {
                    mask.set(self.words() + self.word(s, 0));
                }
            }
            Growth::Fill => {
                for (i, (full, word)) in self.contents(s).enumerate() {
                    mask.set_if(i << self.k | word, full);
                }
            }
        }
    }

    fn step(&self, s: &mut Draft, a: Action) {
        let (mut slot, word) = self.target(s.full, a);
        s.full |= 1 << slot;
        if self.prepends(a) {
            s.bits <<= self.k;
            slot = 0;
        }
        s.bits |= (word as u128) << (self.k * slot);
    }

    fn unstep(&self, s: &mut Draft, a: Action) {
        if self.prepends(a) {
            s.full >>= 1;
            s.bits >>= self.k;
            return;
        }
        let slot = match self.growth {
            Growth::Append | Growth::PrependAppend => s.full.trailing_ones() as usize - 1,
            Growth::Fill => a.index() >> self.k,
        };
        s.full &= !(1 << slot);
        s.bits &= !(low(self.k) << (self.k * slot));
    }

    fn encoding(&self) -> Encoding {
        // Three columns per bit (empty, 0, 1) and not one per word, so that words which share bits share weights:
        // strings of 120 bits are learned far better so.
        Encoding::one_hot(3 * self.n(), self.n())
    }

    fn encode(&self, s: &Draft, row: EncodedRow<'_>) {
        let mut first = 0;
        for (columns, (full, word)) in row.indices.chunks_mut(self.k).zip(self.contents(s)) {
            for (column, j) in columns.iter_mut().zip((0..self.k).rev()) {
                *column = first + u32::from(full) + (word >> j & 1) as u32;
                first += 3;
            }
        }
    }

    fn show(&self, s: &Draft, out: &mut String) {
        for (full, word) in self.contents(s) {
            let bit = |j: usize| match (full, word >> j & 1) {
                (false, _) => '.',
                (true, 0) => '0',
                _ => '1',
            };
            out.extend((0..self.k).rev().map(bit));
        }
    }

    fn parse(&self, text: &str) -> Option<Draft> {
        if text.len() != self.n() {
            return None;
        }
        let mut s = self.initial();
        for (i, word) in text.as_bytes().chunks(self.k).enumerate() {
            if word.iter().all(|&c| c == b'.') {
                continue;
            }
            s.full |= 1 << i;
            for (j, c) in word.iter().enumerate() {
                match c {
                    b'0' => {}
                    b'1' => s.bits |= 1 << (self.k * i + self.k - 1 - j),
                    _ => return None,
                }
            }
        }
        let contiguous = s.full & s.full.wrapping_add(1) == 0;
        (contiguous || self.growth == Growth::Fill).then_some(s)
    }

    fn draw(&self, s: &Draft) -> Option<Picture> {
        let (cell, gap) = (14.0, 5.0);
        let words = (24 / self.k).clamp(1, self.slots);
        let [width, height] = [cell * self.k as f64 + gap, cell + gap];
        let rows = self.slots.div_ceil(words);
        let mut picture = Picture::new(width * words as f64 - gap, height * rows as f64 - gap);
        for (i, (full, word)) in self.contents(s).enumerate() {
            let [x, y] = [width * (i % words) as f64, height * (i / words) as f64];
            for j in 0..self.k {
                let at = [x + cell * j as f64, y];
                // A one is dark, a zero light; where nothing is written yet there is only a line below.
                match (full, word >> (self.k - 1 - j) & 1) {
                    (false, _) => picture.rect([at[0], y + cell - 3.0], [cell - 1.0, 2.0], Paint::Faint),
                    (true, 0) => picture.rect(at, [cell - 1.0; 2], Paint::Faint),
                    _ => picture.rect(at, [cell - 1.0; 2], Paint::Category(0)),
                }
            }
        }
        Some(picture)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["length", "ones", "zeros", "changes"].map(str::to_owned);
        totals.into_iter().chain((0..self.n()).map(|i| format!("b{i}"))).collect()
    }

    fn measure(&self, s: &Draft, out: &mut [f64]) {
        let (totals, bits) = out.split_at_mut(4);
        let (mut length, mut ones, mut changes) = (0, 0, 0);
        // The bit before, if it is written.
        let mut before = None;
        for (places, (full, word)) in bits.chunks_mut(self.k).zip(self.contents(s)) {
            for (place, j) in places.iter_mut().zip((0..self.k).rev()) {
                let bit = word >> j & 1;
                *place = bit as f64;
                length += u32::from(full);
                ones += bit;
                let now = full.then_some(bit);
                changes += u32::from(before.zip(now).is_some_and(|(a, b)| a != b));
                before = now;
            }
        }
        let [length, ones] = [f64::from(length), ones as f64];
        totals.copy_from_slice(&[length, ones, length - ones, changes.into()]);
    }

    fn describe(&self, a: Action) -> String {
        let (slot, word) = self.target(0, a);
        let verb = if self.prepends(a) { "prepend" } else { "append" };
        match self.growth {
            Growth::Fill => format!("write {word:00$b} into slot {slot}", self.k),
            _ => format!("{verb} {word:00$b}", self.k),
        }
    }

    fn small() -> Vec<Self> {
        use Growth::{Append, Fill, PrependAppend};
        [
            (5, 1, Append),
            (6, 2, Append),
            (4, 1, PrependAppend),
            (6, 2, PrependAppend),
            (4, 1, Fill),
            (6, 2, Fill),
            (8, 4, Fill),
        ]
        .map(|(n, k, growth)| Self { k, slots: n / k, growth })
        .to_vec()
    }
}

impl Registered for Bits {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "bits",
        summary: "bit strings of one length, built of words: appended, prepended too, or in any order",
        formula: "x in {0,1}^n; edges write a word of k bits behind or before the others, or into any empty slot",
        reference: "Malkin et al. 2022, arXiv:2201.13259; Tiapkin et al. 2024, arXiv:2310.12934 (any order)",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "length", meaning: "the number of bits that are written: n, in an object" },
        Feature { name: "ones", meaning: "the number of ones" },
        Feature { name: "zeros", meaning: "the number of zeros" },
        Feature { name: "changes", meaning: "how often two neighbours differ" },
        Feature { name: "b{i}", meaning: "bit i from the left, from 0; 0 where none is written yet" },
    ];

    rewards!(Hamming, HammingPerBit);

    fn from_config(Config { n, k, growth }: Config) -> Result<Self, SettingError> {
        within("n", n, 1..=MAX_N)?;
        within("k", k, 1..=MAX_K)?;
        if n % k > 0 {
            return Err(SettingError::at("k", format!("words of `{k}` bits do not fill a string of {n}"))
                .hint(format!("give a divisor of {n}")));
        }
        Ok(Self { k, slots: n / k, growth })
    }
}

/// What modes are made of.
const BLOCKS: [u8; 5] = [0b0000_0000, 0b1111_1111, 0b1111_0000, 0b0000_1111, 0b0011_1100];

settings! {
    /// Where the modes come from.
    pub struct ModesConfig {
        /// The modes, separated by commas; without it they are drawn, each eight bits being one of five blocks.
        modes: Option<String>, Kind::Text;
        /// How many modes are drawn; those of short strings may coincide.
        n_modes: usize = "60", Kind::Int { min: 1, max: 100_000 };
        /// Seed of the modes that are drawn.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

/// A set of modes.
#[derive(Clone, Debug)]
pub struct Modes(Vec<Draft>);

impl Modes {
    /// The modes that `config` gives or has drawn.
    ///
    /// # Errors
    /// If one is no object of `env`, or none are asked for.
    pub fn new(config: &ModesConfig, env: &Bits) -> Result<Self, SettingError> {
        let Some(given) = &config.modes else {
            within("n_modes", config.n_modes, 1..=usize::MAX)?;
            let key = Key::new(config.seed);
            return Ok(Self((0..config.n_modes).map(|m| draw(env, key.fold(m as u64))).collect()));
        };
        let read = |item: &str| match env.parse(item) {
            Some(s) if env.stop(&s) == Stop::Must => Ok(s),
            _ => {
                Err(SettingError::at("modes", format!("`{item}` is no string of {} zeros and ones", env.n())))
            }
        };
        given.split(',').map(|item| read(item.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// The modes in the order in which they were given or drawn.
    pub fn as_slice(&self) -> &[Draft] {
        &self.0
    }

    /// The distance to the nearest mode, of the bits that are written; where words may still be put before them, at the
    /// place that suits best.
    fn distance(&self, env: &Bits, x: &Draft) -> f64 {
        let written = env.written(x.full);
        let empty = env.slots - x.full.count_ones() as usize;
        let places = if env.growth == Growth::PrependAppend { 0..=empty } else { 0..=0 };
        let there = |m: &Draft, o: usize| ((m.bits >> (env.k * o) ^ x.bits) & written).count_ones();
        let nearest = self.0.iter().flat_map(|m| places.clone().map(move |o| there(m, o))).min();
        nearest.map_or(0.0, f64::from)
    }

    /// Writes −`weight` times the change of the distance along every edge that leaves `x`.
    fn guide(&self, env: &Bits, x: &Draft, weight: f64, out: &mut [f32]) {
        let now = self.distance(env, x);
        if env.growth == Growth::PrependAppend {
            let mut mask = [0u64; (2 << MAX_K) / 64];
            env.forward_mask(x, &mut MaskRow(&mut mask));
            for a in Ones::new(&mask) {
                let mut next = *x;
                env.step(&mut next, Action(a as u32));
                out[a] = (weight * (now - self.distance(env, &next))) as f32;
            }
            return;
        }
        let written = env.written(x.full);
        let empty = !x.full & low(env.slots);
        let open = if env.growth == Growth::Fill { empty } else { empty & empty.wrapping_neg() };
        // Of the modes with the same word in a slot only the nearest counts: there are few words and many modes.
        let mut nearest: Vec<(usize, u32)> = Vec::with_capacity(self.0.len());
        for i in (0..env.slots).filter(|i| open >> i & 1 == 1) {
            nearest.clear();
            for m in &self.0 {
                let (word, d) = (env.word(m, i), ((m.bits ^ x.bits) & written).count_ones());
                match nearest.iter_mut().find(|(other, _)| *other == word) {
                    Some((_, least)) => *least = d.min(*least),
                    None => nearest.push((word, d)),
                }
            }
            let first = if env.growth == Growth::Fill { i << env.k } else { 0 };
            for (w, out) in out[first..first + env.words()].iter_mut().enumerate() {
                let next = nearest.iter().map(|(word, d)| d + (word ^ w).count_ones()).min().unwrap_or(0);
                *out = (weight * (now - f64::from(next))) as f32;
            }
        }
    }
}

/// A mode: blocks, of the last of which some bits may be cut off.
fn draw(env: &Bits, key: Key) -> Draft {
    let bit = |j: usize| {
        let block = BLOCKS[key.fold(j as u64 / 8).below(BLOCKS.len() as u32) as usize];
        u128::from(block >> (7 - j % 8) & 1)
    };
    // The j-th bit of a word is the j-th from above.
    let place = |j: usize| j / env.k * env.k + env.k - 1 - j % env.k;
    Draft { bits: (0..env.n()).fold(0, |bits, j| bits | bit(j) << place(j)), full: low(env.slots) }
}

/// log R = −(the Hamming distance to the nearest mode).
#[derive(Clone, Debug)]
pub struct Hamming(Modes);

impl Reward<Bits> for Hamming {
    fn score(&self, env: &Bits, x: &Draft) -> f64 {
        0.0 - self.0.distance(env, x)
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Bits, x: &Draft, out: &mut [f32]) {
        self.0.guide(env, x, 1.0, out);
    }
}

impl NativeReward<Bits> for Hamming {
    type Config = ModesConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "hamming",
            summary: "the fewer bits differ from the nearest mode, the likelier",
            formula: "log R = -min over modes m of the Hamming distance d(x, m)",
            reference: "Tiapkin et al. 2024, arXiv:2310.12934, with beta = 2 (its code)",
            fields: ModesConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: ModesConfig, env: &Bits) -> Result<Self, SettingError> {
        Modes::new(&config, env).map(Self)
    }
}

/// log R = −(the share of bits in which the nearest mode differs).
#[derive(Clone, Debug)]
pub struct HammingPerBit(Modes);

impl Reward<Bits> for HammingPerBit {
    fn score(&self, env: &Bits, x: &Draft) -> f64 {
        0.0 - self.0.distance(env, x) / env.n() as f64
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Bits, x: &Draft, out: &mut [f32]) {
        self.0.guide(env, x, 1.0 / env.n() as f64, out);
    }
}

impl NativeReward<Bits> for HammingPerBit {
    type Config = ModesConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "hamming-per-bit",
            summary: "the smaller the share of bits that differ from the nearest mode, the likelier",
            formula: "log R = -min over modes m of the Hamming distance d(x, m), divided by n",
            reference: "Malkin et al. 2022, arXiv:2201.13259, with beta = 3",
            fields: ModesConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: ModesConfig, env: &Bits) -> Result<Self, SettingError> {
        Modes::new(&config, env).map(Self)
    }
}
