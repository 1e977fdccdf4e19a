//! The words of a list.
//!
//! **Objects.** The words, written as they are.
//!
//! **DAG.** The list's trie. A trajectory starts with nothing, written `-`, and each edge adds a letter: one that some word
//! goes on with, so that there are no dead ends. A word that others begin with may end a trajectory; any other must. A label
//! is a letter, in the order of their codes.
//!
//! **Reward.** `letters`: R = Σ of the letters' scores, those of English Scrabble:
//! `aeioulnrst` 1, `dg` 2, `bcmp` 3, `fhvwy` 4, `k` 5, `jx` 8, `qz` 10; capitals count as much.
//!
//! **Files.** One word per line; blank lines are passed over. Without a file there are a dozen words.
//!
//! **Source.** The environment Scrabble of alexhernandezgarcia/gflownet, where any letters may follow each other, and what
//! is no word has no reward.
//!
//! | instance | words | states | edges | log Z |
//! |---|---|---|---|---|
//! | the dozen | 12 | 39 | 38 | ln 115 |
//! | `a`, `an`, `ant`, `tan` | 4 | 7 | 6 | ln 9 |

mod trie;

use headwater_core::picture::{Anchor, Paint};
use headwater_core::settings::{File, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Picture, Reward, RewardScale, SettingError,
    Settings, Stop,
};

use crate::registry::rewards;
use crate::{Feature, NativeReward, Registered, RewardEntry};
use trie::Trie;

/// The text of the state before the first letter.
const EMPTY: &str = "-";
/// The longest word, in letters.
pub const MAX_LEN: usize = 64;
/// The largest number of words.
pub const MAX_WORDS: usize = 1_000_000;
/// The largest number of different letters.
pub const MAX_LETTERS: usize = 256;

const DOZEN: &str =
    "flow\nflows\nflower\nhead\nheads\nwater\nwaters\nriver\nriverbed\nspring\nstream\nstreams\n";

settings! {
    /// Settings of a list of words.
    pub struct Config {
        /// The words, one per line; without it, a dozen.
        words: Option<File>, Kind::File;
    }
}

/// The words of a list; see the module. A state is a node of their trie.
#[derive(Clone, Debug)]
pub struct Words {
    /// The letters, by label.
    letters: Vec<char>,
    trie: Trie,
}

impl Words {
    fn n(&self) -> usize {
        self.letters.len()
    }

    /// The labels of the letters of a node, from the last.
    fn backward(&self, mut s: u32) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let label = self.trie.label(s)?;
            s = self.trie.parent(s);
            Some(label)
        })
    }

    fn word(&self, s: u32) -> String {
        let letters: Vec<usize> = self.backward(s).collect();
        letters.into_iter().rev().map(|label| self.letters[label]).collect()
    }

    /// The trie of words, each a text with its line.
    fn new(words: &[(&str, usize)], path: &str) -> Result<Self, SettingError> {
        let error = |message: String| SettingError::at("words", message);
        let at = |line: usize, column: usize| format!("{path}:{line}:{column}");
        let mut letters: Vec<char> = Vec::new();
        for &(word, line) in words {
            let length = word.chars().count();
            if length > MAX_LEN || word == EMPTY {
                let what = if word == EMPTY { "not a word" } else { "too long" };
                let message = format!("{}: `{}` is {what}", at(line, 1), headwater_graph::shorten(word));
                return Err(error(message).hint(format!("a word has 1 to {MAX_LEN} letters")));
            }
            for (i, c) in word.chars().enumerate() {
                if c.is_whitespace() || c.is_control() {
                    let message =
                        format!("{}: `{}` cannot be in a word", at(line, i + 1), c.escape_default());
                    return Err(error(message).hint("write one word per line, and nothing else"));
                }
                // Most letters were seen in the word before.
                if let Err(place) = letters.binary_search(&c) {
                    letters.insert(place, c);
                }
            }
            if letters.len() > MAX_LETTERS {
                let message =
                    format!("{}: there are more than `{MAX_LETTERS}` different letters", at(line, 1));
                return Err(error(message));
            }
        }
        if !(1..=MAX_WORDS).contains(&words.len()) {
            let message = format!("{path} has `{}` words", words.len());
            return Err(error(message).hint(format!("give 1 to {MAX_WORDS}")));
        }
        let label = |c: char| letters.binary_search(&c).unwrap_or_default() as u8;
        let mut spelled: Vec<(Vec<u8>, usize)> =
            words.iter().map(|&(word, line)| (word.chars().map(label).collect(), line)).collect();
        spelled.sort_unstable();
        // Of all words that are there twice, the first in the file is named.
        let twice = spelled.windows(2).filter(|w| w[0].0 == w[1].0).min_by_key(|w| w[1].1);
        if let Some([first, second]) = twice {
            let word: String = first.0.iter().map(|&label| letters[usize::from(label)]).collect();
            let message = format!("{}: `{word}` is there again; it was in line {}", at(second.1, 1), first.1);
            return Err(error(message));
        }
        let trie = Trie::new(&spelled.iter().map(|(word, _)| word.as_slice()).collect::<Vec<_>>());
        Ok(Self { letters, trie })
    }

    fn of_text(text: &str, path: &str) -> Result<Self, SettingError> {
        let lines = text.lines().zip(1..).map(|(line, number)| (line.trim_end(), number));
        let words: Vec<(&str, usize)> = lines.filter(|(word, _)| !word.is_empty()).collect();
        Self::new(&words, path)
    }
}

impl Environment for Words {
    type State = u32;

    fn initial(&self) -> u32 {
        0
    }

    fn n_actions(&self) -> usize {
        self.n()
    }

    fn max_len(&self) -> usize {
        self.trie.depth()
    }

    fn states_at_least(&self) -> f64 {
        self.trie.len() as f64
    }

    fn stop(&self, &s: &u32) -> Stop {
        match (self.trie.is_word(s), self.trie.children(s).is_empty()) {
            (_, true) => Stop::Must,
            (true, false) => Stop::May,
            (false, false) => Stop::Never,
        }
    }

    fn forward_mask(&self, &s: &u32, mask: &mut MaskRow<'_>) {
        self.trie.children(s).filter_map(|child| self.trie.label(child)).for_each(|label| mask.set(label));
    }

    fn backward_mask(&self, &s: &u32, mask: &mut MaskRow<'_>) {
        self.trie.label(s).into_iter().for_each(|label| mask.set(label));
    }

    fn step(&self, s: &mut u32, a: Action) {
        *s = self.trie.child(*s, a.index()).expect("only letters that some word goes on with are added");
    }

    fn unstep(&self, s: &mut u32, _: Action) {
        *s = self.trie.parent(*s);
    }

    fn encoding(&self) -> Encoding {
        // At each place one of the letters or nothing.
        let depth = self.trie.depth();
        Encoding::one_hot(depth * (self.n() + 1), depth)
    }

    fn encode(&self, &s: &u32, row: EncodedRow<'_>) {
        let kinds = self.n() as u32 + 1;
        row.indices.iter_mut().zip(0..).for_each(|(slot, place)| *slot = place * kinds);
        let length = self.backward(s).count();
        let places = row.indices[..length].iter_mut().rev();
        places.zip(self.backward(s)).for_each(|(slot, label)| *slot += label as u32 + 1);
    }

    fn show(&self, &s: &u32, out: &mut String) {
        if s == 0 {
            out.push_str(EMPTY);
        } else {
            out.push_str(&self.word(s));
        }
    }

    fn parse(&self, text: &str) -> Option<u32> {
        if text == EMPTY {
            return Some(0);
        }
        let next = |s, c| self.trie.child(s, self.letters.binary_search(&c).ok()?);
        text.chars().try_fold(0, next).filter(|&s| s != 0)
    }

    fn draw(&self, &s: &u32) -> Option<Picture> {
        let cell = 26.0;
        let letters: Vec<usize> = self.backward(s).collect();
        let mut picture = Picture::new(cell * letters.len().max(1) as f64, cell);
        if letters.is_empty() {
            picture.rect([0.0; 2], [cell - 2.0; 2], Paint::Faint);
        }
        for (i, &label) in letters.iter().rev().enumerate() {
            let x = cell * i as f64;
            picture.rect([x, 0.0], [cell - 2.0; 2], Paint::Category(4));
            let middle = [x + cell / 2.0 - 1.0, cell / 2.0 - 1.0];
            picture.text(middle, 15.0, Anchor::Middle, Paint::Ground, &self.letters[label].to_string());
        }
        Some(picture)
    }

    fn features(&self) -> Vec<String> {
        ["length", "distinct", "continuations"].map(str::to_owned).to_vec()
    }

    fn measure(&self, &s: &u32, out: &mut [f64]) {
        let mut letters: Vec<usize> = self.backward(s).collect();
        let length = letters.len();
        letters.sort_unstable();
        letters.dedup();
        out.copy_from_slice(&[length as f64, letters.len() as f64, self.trie.children(s).len() as f64]);
    }

    fn describe(&self, a: Action) -> String {
        format!("add {}", self.letters[a.index()])
    }

    fn small() -> Vec<Self> {
        [DOZEN, "a\nan\nant\ntan", "x"].iter().filter_map(|text| Self::of_text(text, "small").ok()).collect()
    }
}

impl Registered for Words {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "words",
        summary: "the words of a list, spelled letter by letter",
        formula: "x a word of the list; an edge adds a letter that some word goes on with",
        reference: "Scrabble of alexhernandezgarcia/gflownet",
        fields: Config::FIELDS,
    };

    const TREE: bool = true;

    const FEATURES: &'static [Feature] = &[
        Feature { name: "length", meaning: "the number of letters" },
        Feature { name: "distinct", meaning: "the number of different letters" },
        Feature { name: "continuations", meaning: "the number of letters that some word goes on with" },
    ];

    rewards!(Letters);

    fn from_config(Config { words }: Config) -> Result<Self, SettingError> {
        match &words {
            Some(file) => Self::of_text(file.text().map_err(|e| e.of("words"))?, &file.path),
            None => Self::of_text(DOZEN, "the dozen"),
        }
    }
}

settings! {
    /// Settings of [`Letters`].
    pub struct LettersConfig {
        /// Scores of letters, such as `["é=1", "q=12"]`, over those of English Scrabble.
        scores: Option<Vec<String>>, Kind::Texts;
    }
}

/// The scores of English Scrabble.
const SCRABBLE: [(u8, &str); 7] =
    [(1, "aeioulnrst"), (2, "dg"), (3, "bcmp"), (4, "fhvwy"), (5, "k"), (8, "jx"), (10, "qz")];

/// R = Σ of the letters' scores.
#[derive(Clone, Debug)]
pub struct Letters(Vec<f64>);

impl Reward<Words> for Letters {
    fn score(&self, env: &Words, &x: &u32) -> f64 {
        env.backward(x).fold(0.0, |sum, label| sum + self.0[label])
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Words> for Letters {
    type Config = LettersConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "letters",
            summary: "the sum of the letters' scores in English Scrabble",
            formula: "R = sum of the letters' scores",
            reference: "Scrabble of alexhernandezgarcia/gflownet",
            fields: LettersConfig::FIELDS,
        },
        scale: RewardScale::Reward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(config: LettersConfig, env: &Words) -> Result<Self, SettingError> {
        let given = config.scores.unwrap_or_default();
        let given = given.iter().map(|text| given_score(text)).collect::<Result<Vec<_>, _>>()?;
        let score = |&letter: &char| {
            let own = given.iter().rfind(|(c, _)| *c == letter).map(|(_, score)| *score);
            let lower = letter.to_lowercase().next().unwrap_or(letter);
            let usual = SCRABBLE.iter().find(|(_, letters)| letters.contains(lower));
            own.or(usual.map(|(score, _)| f64::from(*score))).ok_or_else(|| {
                let message = format!("the letter `{letter}` of the list has no score");
                SettingError::at("scores", message).hint(format!("give it one: `scores = [\"{letter}=1\"]`"))
            })
        };
        env.letters.iter().map(score).collect::<Result<_, _>>().map(Self)
    }
}

/// A letter and its score, as in `q=10`.
fn given_score(text: &str) -> Result<(char, f64), SettingError> {
    let parts = text.rsplit_once('=').and_then(|(letter, score)| {
        let mut letters = letter.chars();
        let (letter, None) = (letters.next()?, letters.next()) else { return None };
        let score = score.trim().parse::<f64>().ok().filter(|s| s.is_finite() && *s > 0.0)?;
        Some((letter, score))
    });
    parts.ok_or_else(|| {
        SettingError::at("scores", format!("`{text}` is no score of a letter"))
            .hint("write a letter, `=` and a positive number, as in `q=10`")
    })
}
