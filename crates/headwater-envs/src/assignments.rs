//! Agents assigned to posts, within capacities and with pairs that are not allowed.
//!
//! **Objects.** Partial assignments, written as `agent:post`, as in `0:2 3:1`, and `-` for none: each agent has one post
//! at most, a post at most `capacity` agents, and no pair is in `forbidden`. With `maximal`, the default, only those to
//! which no agent can be added.
//!
//! **DAG.** A trajectory starts with nobody assigned; with m posts, edge m·a + p gives agent a post p, in any order. It may
//! end anywhere, or with `maximal` nowhere, and must where nobody can be assigned. There are no dead ends: what cannot be
//! gone on with is an object.
//!
//! **Reward.** `gains`: log R = Σ g(a, p) over the pairs.
//!
//! **Source.** The generalised assignment problem, as a distribution over good assignments instead of one best; Z is a sum
//! over matchings, a permanent where there are as many posts as agents and all gains are high.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | 3 agents, 3 posts, gains 0 | 34 | 63 | ln 6 |
//! | the same, not `maximal` | 34 | 63 | ln 34 |
//! | 2 agents, 1 post of capacity 1, gains 0 | 3 | 2 | ln 2 |

use std::fmt::Write;

use headwater_core::picture::{Anchor, Paint};
use headwater_core::settings::{File, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, Key, MaskRow, Picture, Reward, RewardScale,
    SettingError, Settings, Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry, matrix};

/// The largest number of agents, and of posts; states are stored inline.
pub const MAX: usize = 64;

settings! {
    /// Settings of a family of assignments.
    pub struct Config {
        /// Number of agents.
        agents: usize = "4", Kind::Int { min: 1, max: MAX as i64 };
        /// Number of posts.
        posts: usize = "4", Kind::Int { min: 1, max: MAX as i64 };
        /// How many agents a post can have.
        capacity: usize = "1", Kind::Int { min: 1, max: MAX as i64 };
        /// Pairs that are not allowed, such as `["0:1", "2:3"]`: agent 0 cannot have post 1.
        forbidden: Option<Vec<String>>, Kind::Texts;
        /// Whether an assignment must go on as long as somebody can be assigned.
        maximal: bool = "true", Kind::Bool;
    }
}

/// A family of assignments; see the module.
#[derive(Clone, Debug)]
pub struct Assignments {
    agents: usize,
    posts: usize,
    capacity: usize,
    /// For each agent the posts that it can have.
    allowed: Vec<u64>,
    maximal: bool,
    max_len: usize,
}

/// One more than the post of each agent; 0 where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Posts([u8; MAX]);

impl Posts {
    fn of(&self, agent: usize) -> Option<usize> {
        usize::from(self.0[agent]).checked_sub(1)
    }
}

impl Assignments {
    fn new(
        agents: usize,
        posts: usize,
        capacity: usize,
        forbidden: &[(usize, usize)],
        maximal: bool,
    ) -> Self {
        let mut allowed = vec![u64::MAX >> (64 - posts); agents];
        forbidden.iter().for_each(|&(a, p)| allowed[a] &= !(1 << p));
        let mut new = Self { agents, posts, capacity, allowed, maximal, max_len: 0 };
        new.max_len = new.largest();
        new
    }

    /// The pairs of `s`.
    fn pairs<'a>(&'a self, s: &'a Posts) -> impl Iterator<Item = (usize, usize)> + 'a {
        (0..self.agents).filter_map(|a| Some((a, s.of(a)?)))
    }

    /// The posts with room for somebody.
    fn open(&self, s: &Posts) -> u64 {
        let mut counts = [0u8; MAX];
        self.pairs(s).for_each(|(_, p)| counts[p] += 1);
        let open = counts[..self.posts].iter().enumerate().filter(|(_, n)| usize::from(**n) < self.capacity);
        open.fold(0, |set, (p, _)| set | 1 << p)
    }

    /// For each agent without a post those that it can have now.
    fn choices<'a>(&'a self, s: &'a Posts) -> impl Iterator<Item = (usize, u64)> + 'a {
        let open = self.open(s);
        (0..self.agents).filter(|&a| s.0[a] == 0).map(move |a| (a, self.allowed[a] & open))
    }

    /// How many agents can have a post at once: a largest matching, by augmenting paths.
    fn largest(&self) -> usize {
        let mut held: Vec<Vec<usize>> = vec![Vec::new(); self.posts];
        (0..self.agents).filter(|&a| self.place(a, &mut held, &mut 0)).count()
    }

    /// Finds a post for agent `a`, moving others if need be.
    fn place(&self, a: usize, held: &mut [Vec<usize>], seen: &mut u64) -> bool {
        for p in (0..self.posts).filter(|p| self.allowed[a] >> p & 1 == 1) {
            if *seen >> p & 1 == 1 {
                continue;
            }
            *seen |= 1 << p;
            if held[p].len() < self.capacity {
                held[p].push(a);
                return true;
            }
            for k in 0..held[p].len() {
                if self.place(held[p][k], held, seen) {
                    held[p][k] = a;
                    return true;
                }
            }
        }
        false
    }
}

impl Environment for Assignments {
    type State = Posts;

    fn initial(&self) -> Posts {
        Posts([0; MAX])
    }

    fn n_actions(&self) -> usize {
        self.agents * self.posts
    }

    fn max_len(&self) -> usize {
        self.max_len
    }

    fn states_at_least(&self) -> f64 {
        // Any part of a largest assignment is a state.
        2f64.powi(self.max_len as i32)
    }

    fn stop(&self, s: &Posts) -> Stop {
        match (self.choices(s).all(|(_, posts)| posts == 0), self.maximal) {
            (true, _) => Stop::Must,
            (false, true) => Stop::Never,
            (false, false) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &Posts, mask: &mut MaskRow<'_>) {
        self.choices(s).for_each(|(a, posts)| mask.set_bits(a * self.posts, posts.into()));
    }

    fn backward_mask(&self, s: &Posts, mask: &mut MaskRow<'_>) {
        self.pairs(s).for_each(|(a, p)| mask.set(a * self.posts + p));
    }

    fn step(&self, s: &mut Posts, a: Action) {
        s.0[a.index() / self.posts] = (a.index() % self.posts) as u8 + 1;
    }

    fn unstep(&self, s: &mut Posts, a: Action) {
        s.0[a.index() / self.posts] = 0;
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(self.agents * (self.posts + 1), self.agents)
    }

    fn encode(&self, s: &Posts, row: EncodedRow<'_>) {
        for (a, slot) in row.indices.iter_mut().enumerate() {
            *slot = (a * (self.posts + 1)) as u32 + u32::from(s.0[a]);
        }
    }

    fn show(&self, s: &Posts, out: &mut String) {
        let start = out.len();
        for (a, p) in self.pairs(s) {
            let blank = if out.len() > start { " " } else { "" };
            write!(out, "{blank}{a}:{p}").expect("writing to a string cannot fail");
        }
        if out.len() == start {
            out.push('-');
        }
    }

    fn parse(&self, text: &str) -> Option<Posts> {
        let mut s = self.initial();
        for pair in text.split(' ').filter(|_| text != "-") {
            let (a, p) = self.pair(pair)?;
            let free = self.open(&s) & self.allowed[a];
            s.0[a] = (free >> p & 1 == 1 && s.0[a] == 0).then_some(p as u8 + 1)?;
        }
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        (canonical == text).then_some(s)
    }

    fn draw(&self, s: &Posts) -> Option<Picture> {
        let (cell, margin) = (22.0, 20.0);
        let mut picture = Picture::new(margin + cell * self.posts as f64, margin + cell * self.agents as f64);
        let middle = |i: usize| margin + cell * i as f64 + cell / 2.0 - 1.0;
        for p in 0..self.posts {
            picture.text([middle(p), 9.0], 10.0, Anchor::Middle, Paint::Soft, &p.to_string());
        }
        for a in 0..self.agents {
            picture.text([8.0, middle(a)], 10.0, Anchor::Middle, Paint::Soft, &a.to_string());
            for p in 0..self.posts {
                // A pair that is not allowed is a small mark, so that it is no empty cell.
                let allowed = self.allowed[a] >> p & 1 == 1;
                let size = if allowed { cell - 2.0 } else { 4.0 };
                let paint = if s.of(a) == Some(p) { Paint::Category(a) } else { Paint::Faint };
                picture.rect([middle(p) - size / 2.0, middle(a) - size / 2.0], [size; 2], paint);
            }
        }
        Some(picture)
    }

    fn features(&self) -> Vec<String> {
        let agents = (0..self.agents).map(|a| format!("post_{a}"));
        ["assigned".to_owned()].into_iter().chain(agents).collect()
    }

    fn measure(&self, s: &Posts, out: &mut [f64]) {
        out[0] = self.pairs(s).count() as f64;
        let posts = (0..self.agents).map(|a| s.of(a).map_or(-1.0, |p| p as f64));
        out[1..].iter_mut().zip(posts).for_each(|(place, post)| *place = post);
    }

    fn describe(&self, a: Action) -> String {
        format!("agent {} to post {}", a.index() / self.posts, a.index() % self.posts)
    }

    fn small() -> Vec<Self> {
        vec![
            Self::new(3, 3, 1, &[], true),
            Self::new(3, 3, 1, &[], false),
            Self::new(2, 1, 1, &[], true),
            Self::new(4, 2, 2, &[(0, 1), (3, 0)], true),
            Self::new(3, 4, 1, &[(0, 0), (1, 0), (2, 0), (0, 1), (1, 2)], true),
            Self::new(2, 2, 2, &[(1, 0), (1, 1)], false),
        ]
    }
}

impl Assignments {
    /// The agent and the post that `text` names.
    fn pair(&self, text: &str) -> Option<(usize, usize)> {
        let (a, p) = text.split_once(':')?;
        let number = |text: &str, n: usize| text.parse::<usize>().ok().filter(|&i| i < n);
        Some((number(a, self.agents)?, number(p, self.posts)?))
    }
}

impl Registered for Assignments {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "assignments",
        summary: "agents assigned to posts, within capacities and with pairs that are not allowed",
        formula: "x a partial map from agents to posts; edge m a + p gives agent a post p",
        reference: "the generalised assignment problem",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "assigned", meaning: "the number of agents that have a post" },
        Feature { name: "post_{i}", meaning: "the post of agent i, from 0; -1 where it has none" },
    ];

    rewards!(Gains);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { agents, posts, capacity, forbidden, maximal } = config;
        within("agents", agents, 1..=MAX)?;
        within("posts", posts, 1..=MAX)?;
        within("capacity", capacity, 1..=MAX)?;
        let free = Self::new(agents, posts, capacity, &[], maximal);
        let read = |text: &String| {
            free.pair(text).ok_or_else(|| {
                let message = format!("`{text}` is no pair of {agents} agents and {posts} posts");
                SettingError::at("forbidden", message).hint("write `agent:post`, both counted from 0")
            })
        };
        let forbidden = forbidden.unwrap_or_default().iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let new = Self::new(agents, posts, capacity, &forbidden, maximal);
        if new.max_len == 0 {
            return Err(SettingError::at("forbidden", "no agent can have any post"));
        }
        Ok(new)
    }
}

settings! {
    /// Settings of [`Gains`].
    pub struct GainsConfig {
        /// The gains: CSV without a header, a row for each agent and in it a number for each post; without it, each is drawn
        /// between 0 and 1.
        gains: Option<File>, Kind::File;
        /// Seed of the gains that are drawn.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

/// log R = Σ g(a, p) over the pairs.
#[derive(Clone, Debug)]
pub struct Gains(Vec<f64>);

impl Reward<Assignments> for Gains {
    fn score(&self, env: &Assignments, x: &Posts) -> f64 {
        env.pairs(x).map(|(a, p)| self.0[a * env.posts + p]).sum()
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Assignments, x: &Posts, out: &mut [f32]) {
        for (a, _) in env.choices(x) {
            let range = a * env.posts..(a + 1) * env.posts;
            out[range.clone()].iter_mut().zip(&self.0[range]).for_each(|(o, &g)| *o = g as f32);
        }
    }
}

impl NativeReward<Assignments> for Gains {
    type Config = GainsConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "gains",
            summary: "each agent has a gain at each post",
            formula: "log R = sum of g(a, p) over the pairs of x",
            reference: "the generalised assignment problem",
            fields: GainsConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: GainsConfig, env: &Assignments) -> Result<Self, SettingError> {
        let key = Key::new(config.seed);
        let drawn = || (0..env.n_actions()).map(|i| key.fold(i as u64).unit()).collect();
        config
            .gains
            .map_or_else(|| Ok(drawn()), |file| matrix::read("gains", &file, env.agents, env.posts))
            .map(Self)
    }
}
