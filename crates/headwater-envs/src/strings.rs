//! Strings over an alphabet, grown at the right end or at both.
//!
//! **Objects.** Strings of `min_len` to `max_len` characters of `alphabet`, written as they are; the empty string is
//! written `ε`.
//!
//! **DAG.** A trajectory starts at the empty string. With A characters, edge c < A appends character c; with
//! `growth = "prepend-append"` edge A + c prepends it. A trajectory may end from `min_len` on and must at `max_len`;
//! without `min_len` all strings have `max_len` characters. Appending gives a tree. When both ends grow, one step may
//! have two labels: appending and prepending the same character to `aa` lead to the same `aaa`.
//!
//! **Rewards**:
//! - `hamming`: log R = −d, with d the number of positions where x differs from the nearest of the modes; a position
//!   that only one of the two strings has counts as different
//! - `motifs`: log R = the number of occurrences of the motifs in x, overlapping ones included; also defined on
//!   unfinished strings
//!
//! **Source.** Malkin et al. 2022, arXiv:2201.13259 (bit strings with modes; torchgfn does not divide d by the length
//! either); prepend and append as in Shen et al. 2023, arXiv:2305.07170.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | `01`, length 5, `hamming` to 00000 and 11111 | 63 | 62 | ln(2(1 + 5e⁻¹ + 10e⁻²)) = 2.124082 |
//! | `01`, lengths 0 to 5, `motifs` 00 and 11 | 63 | 62 | ln(1 + 2((1 + e)⁵ − 1)/e) = 6.259961 |
//! | `01`, length 4, prepend and append, `hamming` to 0000 and 1111 | 31 | 60 | ln(2 + 8e⁻¹ + 6e⁻²) = 1.750077 |
//! | `ACGT`, length 8 (DNA 8-mers) | 87,381 | 87,380 | by the table of scores |

use headwater_core::settings::{choice, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Reward, RewardScale, SettingError, Settings,
    Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest length; states are stored inline.
pub const MAX_LEN: usize = 64;

/// The largest number of characters in an alphabet.
pub const MAX_ALPHABET: usize = 128;

/// How the empty string is written.
const EMPTY: &str = "ε";

choice! {
    /// Where characters are added.
    pub enum Growth {
        /// At the right end.
        Append = "append",
        /// At either end.
        PrependAppend = "prepend-append",
    }
}

settings! {
    /// Settings of a family of strings.
    pub struct Config {
        /// The characters, each once.
        alphabet: String = "\"01\"", Kind::Text;
        /// Largest length.
        max_len: usize = "8", Kind::Int { min: 1, max: MAX_LEN as i64 };
        /// Length from which a string may be finished; without it, `max_len`.
        min_len: Option<usize>, Kind::Int { min: 0, max: MAX_LEN as i64 };
        /// Where characters are added: `append` (at the right end) or `prepend-append` (at either end).
        growth: Growth = "\"append\"", Kind::Choice(Growth::NAMES);
    }
}

/// A family of strings; see the module.
#[derive(Clone, Debug)]
pub struct Strings {
    alphabet: Vec<char>,
    min: usize,
    max: usize,
    growth: Growth,
}

/// A string as numbers of characters; those past its length are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    chars: [u8; MAX_LEN],
    len: u8,
}

impl Word {
    /// The numbers of the characters.
    pub fn chars(&self) -> &[u8] {
        &self.chars[..usize::from(self.len)]
    }
}

impl Strings {
    /// The numbers of the characters of `text`, if all are in the alphabet.
    fn numbers(&self, text: &str) -> Option<Vec<u8>> {
        text.chars().map(|c| self.alphabet.iter().position(|&a| a == c).map(|i| i as u8)).collect()
    }

    /// Reads a comma-separated list of strings, each with a length in `lens`.
    fn list(
        &self,
        field: &'static str,
        text: &str,
        lens: std::ops::RangeInclusive<usize>,
    ) -> Result<Vec<Vec<u8>>, SettingError> {
        let read = |item: &str| {
            let numbers = self.numbers(item.trim()).ok_or_else(|| {
                let alphabet: String = self.alphabet.iter().collect();
                SettingError::at(field, format!("`{item}` has characters that are not in `{alphabet}`"))
            })?;
            if lens.contains(&numbers.len()) {
                return Ok(numbers);
            }
            let (min, max) = (lens.start(), lens.end());
            let message = format!("`{item}` has {} characters instead of {min} to {max}", numbers.len());
            Err(SettingError::at(field, message))
        };
        text.split(',').map(str::trim).map(read).collect()
    }
}

impl Environment for Strings {
    type State = Word;

    fn initial(&self) -> Word {
        Word { chars: [0; MAX_LEN], len: 0 }
    }

    fn n_actions(&self) -> usize {
        match self.growth {
            Growth::Append => self.alphabet.len(),
            Growth::PrependAppend => 2 * self.alphabet.len(),
        }
    }

    fn max_len(&self) -> usize {
        self.max
    }

    fn states_at_least(&self) -> f64 {
        (self.alphabet.len() as f64).powi(self.max as i32)
    }

    fn stop(&self, s: &Word) -> Stop {
        match usize::from(s.len) {
            len if len == self.max => Stop::Must,
            len if len >= self.min => Stop::May,
            _ => Stop::Never,
        }
    }

    fn forward_mask(&self, s: &Word, mask: &mut MaskRow<'_>) {
        if usize::from(s.len) < self.max {
            mask.set_range(0..self.n_actions());
        }
    }

    fn backward_mask(&self, s: &Word, mask: &mut MaskRow<'_>) {
        if let [first, .., last] | [first @ last] = *s.chars() {
            mask.set(usize::from(last));
            if self.growth == Growth::PrependAppend {
                mask.set(self.alphabet.len() + usize::from(first));
            }
        }
    }

    fn step(&self, s: &mut Word, a: Action) {
        let len = usize::from(s.len);
        match a.index().checked_sub(self.alphabet.len()) {
            None => s.chars[len] = a.0 as u8,
            Some(c) => {
                s.chars.copy_within(..len, 1);
                s.chars[0] = c as u8;
            }
        }
        s.len += 1;
    }

    fn unstep(&self, s: &mut Word, a: Action) {
        let len = usize::from(s.len);
        if a.index() >= self.alphabet.len() {
            s.chars.copy_within(1..len, 0);
        }
        s.chars[len - 1] = 0;
        s.len -= 1;
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(self.max * (self.alphabet.len() + 1), self.max)
    }

    fn encode(&self, s: &Word, row: EncodedRow<'_>) {
        let columns = self.alphabet.len() as u32 + 1;
        for (i, slot) in row.indices.iter_mut().enumerate() {
            *slot = columns * i as u32 + s.chars().get(i).map_or(0, |&c| 1 + u32::from(c));
        }
    }

    fn show(&self, s: &Word, out: &mut String) {
        if s.len == 0 {
            out.push_str(EMPTY);
        }
        out.extend(s.chars().iter().map(|&c| self.alphabet[usize::from(c)]));
    }

    fn parse(&self, text: &str) -> Option<Word> {
        let mut s = self.initial();
        if text != EMPTY {
            let numbers = self.numbers(text).filter(|n| (1..=self.max).contains(&n.len()))?;
            s.chars[..numbers.len()].copy_from_slice(&numbers);
            s.len = numbers.len() as u8;
        }
        Some(s)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["length", "distinct", "runs"].map(str::to_owned);
        totals.into_iter().chain(self.alphabet.iter().map(|&c| count_name(c))).collect()
    }

    fn measure(&self, s: &Word, out: &mut [f64]) {
        let (totals, counts) = out.split_at_mut(3);
        counts.fill(0.0);
        s.chars().iter().for_each(|&c| counts[usize::from(c)] += 1.0);
        let distinct = counts.iter().filter(|&&n| n > 0.0).count();
        let runs = s.chars().chunk_by(|a, b| a == b).count();
        totals.copy_from_slice(&[s.len.into(), distinct as f64, runs as f64]);
    }

    fn describe(&self, a: Action) -> String {
        match a.index().checked_sub(self.alphabet.len()) {
            None => format!("append {}", self.alphabet[a.index()]),
            Some(c) => format!("prepend {}", self.alphabet[c]),
        }
    }

    fn small() -> Vec<Self> {
        [
            ("01", 5, 5, Growth::Append),
            ("01", 0, 5, Growth::Append),
            ("ACGT", 2, 3, Growth::Append),
            ("01", 4, 4, Growth::PrependAppend),
            ("abc", 1, 4, Growth::PrependAppend),
        ]
        .map(|(alphabet, min, max, growth)| Self { alphabet: alphabet.chars().collect(), min, max, growth })
        .to_vec()
    }
}

impl Registered for Strings {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "strings",
        summary: "strings over an alphabet, grown at the right end or at both",
        formula: "min_len <= |x| <= max_len; edges append (or prepend) a character",
        reference: "Malkin et al. 2022, arXiv:2201.13259; Shen et al. 2023, arXiv:2305.07170",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "length", meaning: "the number of characters" },
        Feature { name: "distinct", meaning: "the number of different characters" },
        Feature { name: "runs", meaning: "the number of runs of one character: 3 in `aabb0`" },
        Feature {
            name: "count_{c}",
            meaning: "how often the character c is there; one that is no letter, digit or `_` goes by its code \
                      point, as in `count_u2b` for `+`",
        },
    ];

    rewards!(Hamming, Motifs);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { alphabet, max_len, min_len, growth } = config;
        within("max_len", max_len, 1..=MAX_LEN)?;
        let min = min_len.unwrap_or(max_len);
        if min > max_len {
            let message = format!("the smallest length `{min}` is above the largest, `{max_len}`");
            return Err(SettingError::at("min_len", message));
        }
        let alphabet = check_alphabet(&alphabet)?;
        Ok(Self { alphabet, min, max: max_len, growth })
    }
}

/// The feature that counts character `c`, as an identifier. Names of characters are one letter, those by code point
/// more, so that no two are the same.
fn count_name(c: char) -> String {
    match c {
        '_' | '0'..='9' | 'a'..='z' | 'A'..='Z' => format!("count_{c}"),
        _ => format!("count_u{:x}", u32::from(c)),
    }
}

fn check_alphabet(text: &str) -> Result<Vec<char>, SettingError> {
    let alphabet: Vec<char> = text.chars().collect();
    let error = |message| Err(SettingError::at("alphabet", message));
    if !(1..=MAX_ALPHABET).contains(&alphabet.len()) {
        return error(format!("`{text}` has {} characters instead of 1 to {MAX_ALPHABET}", alphabet.len()));
    }
    let reserved = |c: &char| c.is_whitespace() || c.is_control() || ",\"".contains(*c) || EMPTY.contains(*c);
    if let Some(c) = alphabet.iter().find(|c| reserved(c)) {
        let c = c.escape_debug();
        return error(format!(
            "`{c}` cannot be in an alphabet: `ε` is the empty string, and blanks, commas \
                              and quotes separate strings in lists"
        ));
    }
    let twice = alphabet.iter().enumerate().find(|(i, c)| alphabet[..*i].contains(c));
    match twice {
        Some((_, c)) => error(format!("`{c}` is in the alphabet `{text}` twice")),
        None => Ok(alphabet),
    }
}

settings! {
    /// Settings of [`Hamming`].
    pub struct HammingConfig {
        /// The modes, separated by commas; without it, each character repeated `max_len` times.
        modes: Option<String>, Kind::Text;
    }
}

/// log R = −(the Hamming distance to the nearest mode).
#[derive(Clone, Debug)]
pub struct Hamming(Vec<Vec<u8>>);

impl Reward<Strings> for Hamming {
    fn score(&self, _: &Strings, x: &Word) -> f64 {
        let distance = |mode: &Vec<u8>| {
            let differ = mode.iter().zip(x.chars()).filter(|(a, b)| a != b).count();
            differ + mode.len().abs_diff(x.chars().len())
        };
        let nearest = self.0.iter().map(distance).min().expect("there is at least one mode");
        0.0 - nearest as f64
    }
}

impl NativeReward<Strings> for Hamming {
    type Config = HammingConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "hamming",
            summary: "the closer to one of the modes, the likelier",
            formula: "log R = -min over modes m of the Hamming distance d(x, m)",
            reference: "Malkin et al. 2022, arXiv:2201.13259",
            fields: HammingConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: false,
        guides: false,
    };

    fn from_config(config: HammingConfig, env: &Strings) -> Result<Self, SettingError> {
        match config.modes {
            None => Ok(Self((0..env.alphabet.len()).map(|c| vec![c as u8; env.max]).collect())),
            Some(modes) => env.list("modes", &modes, env.min.max(1)..=env.max).map(Self),
        }
    }
}

settings! {
    /// Settings of [`Motifs`].
    pub struct MotifsConfig {
        /// The motifs, separated by commas; without it, each character twice in a row.
        motifs: Option<String>, Kind::Text;
    }
}

/// log R = the number of occurrences of motifs, overlapping ones included.
#[derive(Clone, Debug)]
pub struct Motifs(Vec<Vec<u8>>);

impl Reward<Strings> for Motifs {
    fn score(&self, _: &Strings, x: &Word) -> f64 {
        let count = |m: &Vec<u8>| x.chars().windows(m.len()).filter(|w| w == m).count();
        self.0.iter().map(count).sum::<usize>() as f64
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Strings> for Motifs {
    type Config = MotifsConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "motifs",
            summary: "the more occurrences of the motifs, the likelier",
            formula: "log R = number of occurrences of the motifs in x, overlapping ones included",
            reference: "after the toy sequences of recursionpharma/gflownet, which count without overlap",
            fields: MotifsConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(config: MotifsConfig, env: &Strings) -> Result<Self, SettingError> {
        match config.motifs {
            None => Ok(Self((0..env.alphabet.len()).map(|c| vec![c as u8; 2]).collect())),
            Some(motifs) => env.list("motifs", &motifs, 1..=env.max).map(Self),
        }
    }
}
