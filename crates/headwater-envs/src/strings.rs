//! Strings over an alphabet, grown at the right end or at both.
//!
//! **Objects.** Strings of `min_len` to `max_len` characters of `alphabet`, written as they are: `@dna`, `@rna` and
//! `@protein` are alphabets by name. With `tokens` letters are words of a vocabulary, with blanks between them in a
//! string. The empty string is written `ε`. With `reversal` a string and its mirror image are the same object, written as
//! the one of the two that comes first in the order of the letters; molecules made of blocks in a row are such.
//!
//! **DAG.** A trajectory starts at the empty string. With A characters, edge c < A appends character c; with
//! `growth = "prepend-append"` edge A + c prepends it. A trajectory may end from `min_len` on and must at `max_len`;
//! without `min_len` all strings have `max_len` characters. Appending gives a tree. When both ends grow, one step may
//! have two labels: appending and prepending the same character to `aa` lead to the same `aaa`. With `reversal` there are
//! 4A labels, for the end at which a character is put and the end at which it then is (`strings/mirror.rs`).
//!
//! **Rewards**:
//! - `hamming`: log R = −d, with d the number of positions where x differs from the nearest of the modes; a position
//!   that only one of the two strings has counts as different
//! - `motifs`: log R = the number of occurrences of the motifs in x, overlapping ones included; also defined on
//!   unfinished strings
//!
//! With `reversal` rewards see the string as it is written, and not its mirror image.
//!
//! **Source.** Malkin et al. 2022, arXiv:2201.13259 (bit strings with modes; torchgfn does not divide d by the length
//! either); prepend and append as in Shen et al. 2023, arXiv:2305.07170, whose QM9 strings have five of eleven blocks and
//! no `reversal`.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | `01`, length 5, `hamming` to 00000 and 11111 | 63 | 62 | ln(2(1 + 5e⁻¹ + 10e⁻²)) = 2.126504 |
//! | `01`, lengths 0 to 5, `motifs` 00 and 11 | 63 | 62 | ln(1 + 2((1 + e)⁵ − 1)/e) = 6.259961 |
//! | `01`, length 4, prepend and append, `hamming` to 0000 and 1111 | 31 | 60 | ln(2 + 8e⁻¹ + 6e⁻²) = 1.750077 |
//! | `01`, length 4, prepend and append, `reversal` | 22 | 30 | by the reward |
//! | `@dna`, length 8 (8-mers) | 87,381 | 87,380 | by the table of scores |
//! | 11 tokens, length 5, prepend and append (QM9) | 177,156 | 354,310 | by the table of scores |

mod alphabet;
mod mirror;

use headwater_core::picture::{Anchor, Paint, Picture};
use headwater_core::settings::{choice, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Reward, RewardScale, SettingError, Settings,
    Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry};

use alphabet::{Alphabet, EMPTY};
use mirror::{End, Label};

pub use alphabet::MAX_ALPHABET;

/// The largest length; states are stored inline.
pub const MAX_LEN: usize = 64;

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
        /// The characters, each once; or `@dna`, `@rna` or `@protein`.
        alphabet: String = "\"01\"", Kind::Text;
        /// Letters of several characters instead, such as `["C", "C=O", "benzene"]`.
        tokens: Option<Vec<String>>, Kind::Texts;
        /// Largest length.
        max_len: usize = "8", Kind::Int { min: 1, max: MAX_LEN as i64 };
        /// Length from which a string may be finished; without it, `max_len`.
        min_len: Option<usize>, Kind::Int { min: 0, max: MAX_LEN as i64 };
        /// Where characters are added: `append` (at the right end) or `prepend-append` (at either end).
        growth: Growth = "\"append\"", Kind::Choice(Growth::NAMES);
        /// Are a string and its mirror image the same? Needs growth at both ends.
        reversal: bool = "false", Kind::Bool;
    }
}

/// A family of strings; see the module.
#[derive(Clone, Debug)]
pub struct Strings {
    alphabet: Alphabet,
    min: usize,
    max: usize,
    growth: Growth,
    reversal: bool,
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

    /// Adds a character at the left end or at the right one.
    fn put(&mut self, c: u8, left: bool) {
        let len = usize::from(self.len);
        if left {
            self.chars.copy_within(..len, 1);
        }
        self.chars[if left { 0 } else { len }] = c;
        self.len += 1;
    }

    /// Takes the character at the left end or at the right one away.
    fn take(&mut self, left: bool) -> u8 {
        let len = usize::from(self.len);
        let c = self.chars[if left { 0 } else { len - 1 }];
        if left {
            self.chars.copy_within(1..len, 0);
        }
        self.chars[len - 1] = 0;
        self.len -= 1;
        c
    }
}

impl Strings {
    /// Reads a comma-separated list of strings, each with a length in `lens`.
    fn list(
        &self,
        field: &'static str,
        text: &str,
        lens: std::ops::RangeInclusive<usize>,
    ) -> Result<Vec<Vec<u8>>, SettingError> {
        let read = |item: &str| {
            let numbers = self.alphabet.numbers(item.trim()).ok_or_else(|| {
                let alphabet = self.alphabet.written();
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
            _ if self.reversal => Label::count(self.alphabet.len()),
            Growth::Append => self.alphabet.len(),
            Growth::PrependAppend => 2 * self.alphabet.len(),
        }
    }

    fn max_len(&self) -> usize {
        self.max
    }

    fn states_at_least(&self) -> f64 {
        // The longest strings, each with its mirror image.
        (self.alphabet.len() as f64).powi(self.max as i32) / if self.reversal { 2.0 } else { 1.0 }
    }

    fn stop(&self, s: &Word) -> Stop {
        match usize::from(s.len) {
            len if len == self.max => Stop::Must,
            len if len >= self.min => Stop::May,
            _ => Stop::Never,
        }
    }

    fn forward_mask(&self, s: &Word, mask: &mut MaskRow<'_>) {
        if usize::from(s.len) == self.max {
            return;
        }
        if self.reversal {
            let letters = self.alphabet.len();
            mirror::leaving(s, letters).for_each(|label| mask.set(label.index(letters)));
        } else {
            mask.set_range(0..self.n_actions());
        }
    }

    fn backward_mask(&self, s: &Word, mask: &mut MaskRow<'_>) {
        if let [first, .., last] | [first @ last] = *s.chars() {
            if self.reversal {
                return mirror::entering(s).for_each(|label| mask.set(label.index(self.alphabet.len())));
            }
            mask.set(usize::from(last));
            if self.growth == Growth::PrependAppend {
                mask.set(self.alphabet.len() + usize::from(first));
            }
        }
    }

    fn step(&self, s: &mut Word, a: Action) {
        let letters = self.alphabet.len();
        if self.reversal {
            let Label { letter, at, .. } = Label::of(a.index(), letters);
            s.put(letter, at == End::Left);
            mirror::canonical(s);
            return;
        }
        match a.index().checked_sub(letters) {
            None => s.put(a.0 as u8, false),
            Some(c) => s.put(c as u8, true),
        }
    }

    fn unstep(&self, s: &mut Word, a: Action) {
        let letters = self.alphabet.len();
        if self.reversal {
            s.take(Label::of(a.index(), letters).ends_up == End::Left);
            mirror::canonical(s);
            return;
        }
        s.take(a.index() >= letters);
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
        self.alphabet.show(s.chars(), out);
    }

    fn parse(&self, text: &str) -> Option<Word> {
        let mut s = self.initial();
        if text != EMPTY {
            let numbers = self.alphabet.numbers(text).filter(|n| (1..=self.max).contains(&n.len()))?;
            s.chars[..numbers.len()].copy_from_slice(&numbers);
            s.len = numbers.len() as u8;
        }
        // The mirror image of a string is no second text of it.
        (!self.reversal || !mirror::canonical(&mut s)).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["length", "distinct", "runs"].map(str::to_owned);
        totals.into_iter().chain((0..self.alphabet.len()).map(|i| self.alphabet.count_name(i))).collect()
    }

    fn measure(&self, s: &Word, out: &mut [f64]) {
        let (totals, counts) = out.split_at_mut(3);
        counts.fill(0.0);
        s.chars().iter().for_each(|&c| counts[usize::from(c)] += 1.0);
        let distinct = counts.iter().filter(|&&n| n > 0.0).count();
        let runs = s.chars().chunk_by(|a, b| a == b).count();
        totals.copy_from_slice(&[s.len.into(), distinct as f64, runs as f64]);
    }

    fn draw(&self, s: &Word) -> Option<Picture> {
        let n = self.alphabet.len();
        let longest = (0..n).map(|i| self.alphabet.letter(i).chars().count()).max().unwrap_or(1);
        let [width, height] = [10.0 + 8.0 * longest as f64, 22.0];
        let mut picture = Picture::new(width * self.max as f64, height);
        for i in 0..self.max {
            let x = i as f64 * width;
            let Some(&c) = s.chars().get(i) else {
                picture.rect([x, height - 2.0], [width - 2.0, 2.0], Paint::Faint);
                continue;
            };
            // Colours help to see patterns; the letter says what it is.
            picture.rect([x, 0.0], [width - 2.0, height], Paint::Category(c.into()));
            let letter = self.alphabet.letter(c.into());
            picture.text([x + width / 2.0 - 1.0, height / 2.0], 13.0, Anchor::Middle, Paint::Ground, letter);
        }
        Some(picture)
    }

    fn describe(&self, a: Action) -> String {
        let letters = self.alphabet.len();
        if self.reversal {
            let Label { letter, at, ends_up } = Label::of(a.index(), letters);
            let (verb, turn) =
                (["append", "prepend"][at as usize], if at == ends_up { "" } else { ", turned round" });
            return format!("{verb} {}{turn}", self.alphabet.letter(letter.into()));
        }
        match a.index().checked_sub(letters) {
            None => format!("append {}", self.alphabet.letter(a.index())),
            Some(c) => format!("prepend {}", self.alphabet.letter(c)),
        }
    }

    fn small() -> Vec<Self> {
        use Growth::{Append, PrependAppend};
        let strings = |alphabet, min, max, growth, reversal| Self { alphabet, min, max, growth, reversal };
        let chars = |text| Alphabet::of_chars(text).expect("the alphabets here are good");
        let tokens = ["C", "C=O", "Cl"].map(str::to_owned);
        let tokens = || Alphabet::of_tokens(&tokens).expect("so are the tokens");
        vec![
            strings(chars("01"), 5, 5, Append, false),
            strings(chars("01"), 0, 5, Append, false),
            strings(chars("@dna"), 2, 3, Append, false),
            strings(chars("01"), 4, 4, PrependAppend, false),
            strings(chars("abc"), 1, 4, PrependAppend, false),
            strings(chars("01"), 4, 4, PrependAppend, true),
            strings(tokens(), 0, 4, PrependAppend, true),
        ]
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
                      point, as in `count_u2b` for `+`, and a token by its number",
        },
    ];

    rewards!(Hamming, Motifs);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { alphabet, tokens, max_len, min_len, growth, reversal } = config;
        within("max_len", max_len, 1..=MAX_LEN)?;
        let min = min_len.unwrap_or(max_len);
        if min > max_len {
            let message = format!("the smallest length `{min}` is above the largest, `{max_len}`");
            return Err(SettingError::at("min_len", message));
        }
        if reversal && growth != Growth::PrependAppend {
            let message = "strings that are the same read from either end grow at both";
            return Err(SettingError::at("reversal", message).hint("set `growth = \"prepend-append\"`"));
        }
        let alphabet = match tokens {
            Some(tokens) => Alphabet::of_tokens(&tokens)?,
            None => Alphabet::of_chars(&alphabet)?,
        };
        Ok(Self { alphabet, min, max: max_len, growth, reversal })
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
