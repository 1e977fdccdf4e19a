//! One choice among named options.
//!
//! **Objects.** The options, written by their names.
//!
//! **DAG.** A trajectory starts before the choice, written `?`, and takes one edge: edge i chooses option i.
//!
//! **Reward.** `weights`: R = wᵢ.
//!
//! **Source.** The environments Choice of alexhernandezgarcia/gflownet. By itself it is the smallest problem there is; as
//! a part of a `composite` it decides what is built after it.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | `a`, `b` with w = (1, 3) | 3 | 2 | ln 4 = 1.386294 |
//! | n options, w = 1, 2, … | n + 1 | n | ln n(n+1)/2 |

use headwater_core::picture::{Anchor, Paint};
use headwater_core::settings::settings;
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Picture, Reward, RewardScale, SettingError,
    Settings, Stop,
};

use crate::registry::rewards;
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The text of the state before the choice.
const OPEN: &str = "?";

/// The largest number of options.
pub const MAX_OPTIONS: usize = 4096;

settings! {
    /// Settings of a choice.
    pub struct Config {
        /// The options' names, separated by commas.
        options: String = "\"a,b\"", Kind::Text;
    }
}

/// A choice; see the module. A state is 0 before it, and i + 1 after option i is chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    options: Vec<String>,
}

impl Choice {
    /// The options' names.
    pub fn options(&self) -> &[String] {
        &self.options
    }

    /// The option that is chosen in `s`, if one is.
    pub fn chosen(&self, s: &u32) -> Option<usize> {
        s.checked_sub(1).map(|i| i as usize)
    }
}

impl Environment for Choice {
    type State = u32;

    fn initial(&self) -> u32 {
        0
    }

    fn n_actions(&self) -> usize {
        self.options.len()
    }

    fn max_len(&self) -> usize {
        1
    }

    fn states_at_least(&self) -> f64 {
        1.0 + self.options.len() as f64
    }

    fn stop(&self, s: &u32) -> Stop {
        if *s == 0 { Stop::Never } else { Stop::Must }
    }

    fn forward_mask(&self, s: &u32, mask: &mut MaskRow<'_>) {
        if *s == 0 {
            mask.set_range(0..self.options.len());
        }
    }

    fn backward_mask(&self, s: &u32, mask: &mut MaskRow<'_>) {
        if let Some(i) = self.chosen(s) {
            mask.set(i);
        }
    }

    fn step(&self, s: &mut u32, a: Action) {
        *s = a.0 + 1;
    }

    fn unstep(&self, s: &mut u32, _: Action) {
        *s = 0;
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(self.options.len() + 1, 1)
    }

    fn encode(&self, s: &u32, row: EncodedRow<'_>) {
        row.indices[0] = *s;
    }

    fn show(&self, s: &u32, out: &mut String) {
        out.push_str(self.chosen(s).map_or(OPEN, |i| &self.options[i]));
    }

    fn parse(&self, text: &str) -> Option<u32> {
        if text == OPEN {
            return Some(0);
        }
        self.options.iter().position(|option| option == text).map(|i| i as u32 + 1)
    }

    fn draw(&self, s: &u32) -> Option<Picture> {
        let (row, width) = (22.0, 140.0);
        // Of very many options, only the chosen one.
        let shown = |i: &usize| self.options.len() <= 12 || self.chosen(s) == Some(*i);
        let shown: Vec<usize> = (0..self.options.len()).filter(shown).collect();
        let mut picture = Picture::new(width, row * shown.len().max(1) as f64);
        for (k, &i) in shown.iter().enumerate() {
            let y = row * k as f64;
            let chosen = self.chosen(s) == Some(i);
            let (ground, ink) =
                if chosen { (Paint::Category(0), Paint::Ground) } else { (Paint::Faint, Paint::Soft) };
            picture.rect([0.0, y], [width, row - 2.0], ground);
            let text: String = self.options[i].chars().take(18).collect();
            picture.text([8.0, y + row / 2.0 - 1.0], 12.0, Anchor::Start, ink, &text);
        }
        Some(picture)
    }

    fn features(&self) -> Vec<String> {
        (0..self.options.len()).map(|i| format!("is_{i}")).collect()
    }

    fn measure(&self, s: &u32, out: &mut [f64]) {
        out.fill(0.0);
        if let Some(i) = self.chosen(s) {
            out[i] = 1.0;
        }
    }

    fn describe(&self, a: Action) -> String {
        format!("choose {}", self.options[a.index()])
    }

    fn small() -> Vec<Self> {
        [&["a", "b"][..], &["left", "right", "neither"], &["only"]]
            .map(|names| Self { options: names.iter().map(|&n| n.to_owned()).collect() })
            .to_vec()
    }
}

impl Registered for Choice {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "choice",
        summary: "one choice among named options, by itself or before other parts of a composite",
        formula: "x in {option 1, ..., option n}; edge i chooses option i",
        reference: "Choice of alexhernandezgarcia/gflownet",
        fields: Config::FIELDS,
    };

    const TREE: bool = true;

    const FEATURES: &'static [Feature] =
        &[Feature { name: "is_{i}", meaning: "1 if option i is chosen, from 0, else 0" }];

    rewards!(Weights);

    fn from_config(Config { options }: Config) -> Result<Self, SettingError> {
        let options: Vec<String> = options.split(',').map(|name| name.trim().to_owned()).collect();
        let error = |message| Err(SettingError::at("options", message));
        if options.len() > MAX_OPTIONS {
            return error(format!("`{}` options are more than {MAX_OPTIONS}", options.len()));
        }
        if let Some(name) =
            options.iter().find(|o| o.is_empty() || *o == OPEN || o.contains(char::is_control))
        {
            let hint = format!("give names separated by commas, none of them empty or `{OPEN}`");
            return error(format!("`{name}` cannot be an option")).map_err(|e| e.hint(hint));
        }
        if let Some((_, name)) = options.iter().enumerate().find(|(i, o)| options[..*i].contains(o)) {
            return error(format!("`{name}` is an option twice"));
        }
        Ok(Self { options })
    }
}

settings! {
    /// Settings of [`Weights`].
    pub struct WeightsConfig {
        /// One weight per option; without it, option i, from 0, weighs i + 1.
        weights: Option<Vec<f64>>, Kind::Reals { min: 0.0, max: 1e12 };
    }
}

/// R = wᵢ.
#[derive(Clone, Debug)]
pub struct Weights(Vec<f64>);

impl Reward<Choice> for Weights {
    fn score(&self, env: &Choice, x: &u32) -> f64 {
        env.chosen(x).map_or(0.0, |i| self.0[i])
    }
}

impl NativeReward<Choice> for Weights {
    type Config = WeightsConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "weights",
            summary: "each option has a weight",
            formula: "R = w_i",
            reference: "a target with a known Z",
            fields: WeightsConfig::FIELDS,
        },
        scale: RewardScale::Reward,
        covers_unfinished: false,
        guides: false,
    };

    fn from_config(config: WeightsConfig, env: &Choice) -> Result<Self, SettingError> {
        let n = env.options.len();
        let weights = config.weights.unwrap_or_else(|| (1..=n).map(|i| i as f64).collect());
        if weights.len() != n {
            let message = format!("`{}` weights are given for {n} options", weights.len());
            return Err(
                SettingError::at("weights", message).hint(format!("give {n}, or leave `weights` out"))
            );
        }
        Ok(Self(weights))
    }
}
