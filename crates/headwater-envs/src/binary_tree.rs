//! The leaves of a perfect binary tree, reached by turning left or right.
//!
//! **Objects.** The 2ᴰ leaves of a tree of depth D = `depth`, written as turns: `LRL`. The root is written `root`.
//!
//! **DAG.** A trajectory starts at the root and takes edge 0 (left) or 1 (right) D times; only leaves are objects.
//! Every node has one parent.
//!
//! **Rewards**, with i the position of a leaf from the left:
//! - `index`: R = i + 1
//! - `uniform`: R = 1
//!
//! **Source.** The smallest tree-shaped test case of the field, as in torchgfn (arXiv:2305.14594).
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | D, `index` | 2ᴰ⁺¹ − 1 | 2ᴰ⁺¹ − 2 | ln 2ᴰ(2ᴰ + 1)/2 |
//! | D, `uniform` | 2ᴰ⁺¹ − 1 | 2ᴰ⁺¹ − 2 | D ln 2 |
//! | 4, `index` | 31 | 30 | ln 136 = 4.912655 |

use headwater_core::picture::Paint;
use headwater_core::settings::{NoSettings, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Picture, Reward, RewardScale, SettingError,
    Settings, Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest depth: nodes are numbered by 64 bits.
pub const MAX_DEPTH: usize = 63;

settings! {
    /// Settings of a tree.
    pub struct Config {
        /// Number of turns D from the root to a leaf.
        depth: usize = "4", Kind::Int { min: 1, max: MAX_DEPTH as i64 };
    }
}

/// A perfect binary tree; see the module. A state is a one followed by a bit per turn.
#[derive(Clone, Copy, Debug)]
pub struct BinaryTree {
    depth: usize,
}

/// Number of turns taken to reach `s`.
fn level(s: u64) -> usize {
    s.ilog2() as usize
}

impl Environment for BinaryTree {
    type State = u64;

    fn initial(&self) -> u64 {
        1
    }

    fn n_actions(&self) -> usize {
        2
    }

    fn max_len(&self) -> usize {
        self.depth
    }

    fn states_at_least(&self) -> f64 {
        // The leaves.
        2f64.powi(self.depth as i32)
    }

    fn stop(&self, &s: &u64) -> Stop {
        if level(s) == self.depth { Stop::Must } else { Stop::Never }
    }

    fn forward_mask(&self, &s: &u64, mask: &mut MaskRow<'_>) {
        if level(s) < self.depth {
            mask.set_range(0..2);
        }
    }

    fn backward_mask(&self, &s: &u64, mask: &mut MaskRow<'_>) {
        if s > 1 {
            mask.set((s & 1) as usize);
        }
    }

    fn step(&self, s: &mut u64, a: Action) {
        *s = *s << 1 | u64::from(a.0);
    }

    fn unstep(&self, s: &mut u64, _: Action) {
        *s >>= 1;
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(3 * self.depth, self.depth)
    }

    fn encode(&self, &s: &u64, row: EncodedRow<'_>) {
        let level = level(s);
        for (i, slot) in row.indices.iter_mut().enumerate() {
            let turn = if i < level { 1 + (s >> (level - 1 - i) & 1) as u32 } else { 0 };
            *slot = 3 * i as u32 + turn;
        }
    }

    fn show(&self, &s: &u64, out: &mut String) {
        if s == 1 {
            out.push_str("root");
        }
        let turns = (0..level(s)).rev().map(|i| if s >> i & 1 == 0 { 'L' } else { 'R' });
        out.extend(turns);
    }

    fn parse(&self, text: &str) -> Option<u64> {
        if text == "root" {
            return Some(1);
        }
        let turn = |s: u64, c: char| match c {
            'L' => Some(s << 1),
            'R' => Some(s << 1 | 1),
            _ => None,
        };
        let fits = (1..=self.depth).contains(&text.len());
        fits.then(|| text.chars().try_fold(1, turn)).flatten()
    }

    fn draw(&self, &s: &u64) -> Option<Picture> {
        let (width, row, margin) = (280.0, 26.0, 8.0);
        let mut picture = Picture::new(width + 2.0 * margin, row * self.depth as f64 + 2.0 * margin);
        let place = |s: u64| {
            let level = level(s);
            let across = ((s - (1 << level)) as f64 + 0.5) / (1u64 << level) as f64;
            [margin + width * across, margin + row * level as f64]
        };
        // Levels below the seventh have more nodes than can be told apart: there, only the path is drawn.
        for child in 2..2u64 << self.depth.min(6) {
            picture.line(&[place(child >> 1), place(child)], 1.0, Paint::Faint);
        }
        let path: Vec<[f64; 2]> = (0..=level(s)).rev().map(|i| place(s >> i)).collect();
        picture.line(&path, 2.5, Paint::Category(0));
        path.iter().for_each(|&at| picture.disc(at, 4.0, Paint::Category(0)));
        Some(picture)
    }

    fn features(&self) -> Vec<String> {
        ["depth", "lefts", "rights", "index"].map(str::to_owned).to_vec()
    }

    fn measure(&self, &s: &u64, out: &mut [f64]) {
        // Without the one in front, the turns are the node's position in its level.
        let (depth, index) = (level(s) as u32, s ^ 1 << level(s));
        let rights = index.count_ones();
        out.copy_from_slice(&[depth.into(), (depth - rights).into(), rights.into(), index as f64]);
    }

    fn describe(&self, a: Action) -> String {
        if a.0 == 0 { "left".to_owned() } else { "right".to_owned() }
    }

    fn small() -> Vec<Self> {
        [1, 4, 7].map(|depth| Self { depth }).to_vec()
    }
}

impl Registered for BinaryTree {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "binary-tree",
        summary: "the leaves of a perfect binary tree, reached by turning left or right",
        formula: "a leaf is depth turns; every node has one parent",
        reference: "torchgfn (Lahlou et al. 2023, arXiv:2305.14594)",
        fields: Config::FIELDS,
    };

    const TREE: bool = true;

    const FEATURES: &'static [Feature] = &[
        Feature { name: "depth", meaning: "the number of turns" },
        Feature { name: "lefts", meaning: "the number of turns to the left" },
        Feature { name: "rights", meaning: "the number of turns to the right" },
        Feature {
            name: "index",
            meaning: "the position from the left among the nodes of this depth, from 0",
        },
    ];

    rewards!(Index, Uniform);

    fn from_config(Config { depth }: Config) -> Result<Self, SettingError> {
        within("depth", depth, 1..=MAX_DEPTH)?;
        Ok(Self { depth })
    }
}

/// R = i + 1 for the i-th leaf from the left.
#[derive(Clone, Copy, Debug)]
pub struct Index;

impl Reward<BinaryTree> for Index {
    fn score(&self, env: &BinaryTree, &x: &u64) -> f64 {
        let leaf = x & ((1 << env.depth) - 1);
        leaf as f64 + 1.0
    }
}

impl NativeReward<BinaryTree> for Index {
    type Config = NoSettings;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "index",
            summary: "the position of the leaf, counted from the left",
            formula: "R(leaf i) = i + 1",
            reference: "a target with a known Z and no symmetry",
            fields: NoSettings::FIELDS,
        },
        scale: RewardScale::Reward,
        covers_unfinished: false,
        guides: false,
    };

    fn from_config(NoSettings: NoSettings, _: &BinaryTree) -> Result<Self, SettingError> {
        Ok(Self)
    }
}

/// R = 1.
#[derive(Clone, Copy, Debug)]
pub struct Uniform;

impl Reward<BinaryTree> for Uniform {
    fn score(&self, _: &BinaryTree, _: &u64) -> f64 {
        1.0
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<BinaryTree> for Uniform {
    type Config = NoSettings;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "uniform",
            summary: "one for every leaf",
            formula: "R = 1",
            reference: "the simplest target",
            fields: NoSettings::FIELDS,
        },
        scale: RewardScale::Reward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(NoSettings: NoSettings, _: &BinaryTree) -> Result<Self, SettingError> {
        Ok(Self)
    }
}
