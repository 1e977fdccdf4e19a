//! What a method has found so far: how its objects are distributed, modes, the best ones, and how unlike those are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use headwater_core::{Encoded, Simulator};
use headwater_exact::Divergence;
use headwater_train::Exact;

use crate::Found;

/// What a scoreboard keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Objects that the empirical distribution is made of: the last so many. The paper has 200,000.
    pub window: usize,
    /// Distinct objects of largest reward that are kept.
    pub top: usize,
    /// log R from which on an object is a mode, if known.
    pub mode_log_reward: Option<f64>,
    /// Distance from which on two of the best objects are unlike, as a share of the active inputs that differ.
    pub radius: f64,
}

/// The state of affairs at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Total variation distance of the window's histogram from the target; `None` where the space is not enumerated.
    ///
    /// A perfect sampler is not at 0: a histogram of n independent draws has a distance of its own.
    pub tv_empirical: Option<f64>,
    /// Distinct modes found; `None` where no threshold is known.
    pub modes: Option<usize>,
    /// Distinct objects found.
    pub distinct: usize,
    /// Largest log R found.
    pub best_log_reward: f64,
    /// Mean log R of the best distinct objects.
    pub top_log_reward: f64,
    /// Mean distance between two of the best objects.
    pub top_distance: f64,
    /// How many of the best objects are at least `radius` apart, chosen greedily from the best on: #Circles
    /// (arXiv:2112.01624).
    pub circles: usize,
}

/// Watches the objects that a method hands over.
///
/// Objects are told apart by their hashes of 64 bits. In an enumerated space those are known to differ; elsewhere two
/// of n objects are taken for one with a probability below n²/2⁶⁵.
pub struct Scoreboard {
    rules: Rules,
    histogram: Option<Histogram>,
    modes: HashSet<u64>,
    seen: HashSet<u64>,
    best: BTreeMap<Rank, String>,
    hashes: Vec<u64>,
}

/// Order of the best objects: by reward, and of equals those found first.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rank {
    log_reward: f64,
    /// How many distinct objects were found before.
    before: usize,
}

impl Eq for Rank {}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.log_reward.total_cmp(&other.log_reward).then(other.before.cmp(&self.before))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// How often each object is among the last ones.
struct Histogram {
    space: Arc<Exact>,
    states: HashMap<u64, u32>,
    counts: Vec<u32>,
    ring: Vec<u32>,
    next: usize,
}

impl Histogram {
    /// None if two states of the space have one hash.
    fn new(space: Arc<Exact>) -> Option<Self> {
        let g = space.graph();
        let lanes: Vec<u32> = (0..g.n_states() as u32).collect();
        let mut hashes = vec![0; lanes.len()];
        g.sim().hashes(&lanes, &mut hashes);
        let states: HashMap<u64, u32> = hashes.into_iter().zip(lanes).collect();
        let distinct = states.len() == g.n_states();
        let counts = vec![0; g.n_states()];
        distinct.then(|| Self { states, counts, ring: Vec::new(), next: 0, space })
    }

    fn add(&mut self, hash: u64, window: usize) {
        let Some(&state) = self.states.get(&hash) else { return };
        self.counts[state as usize] += 1;
        if self.ring.len() < window {
            self.ring.push(state);
            return;
        }
        let oldest = std::mem::replace(&mut self.ring[self.next], state);
        self.counts[oldest as usize] -= 1;
        self.next = (self.next + 1) % window;
    }

    fn tv(&self) -> f64 {
        let log_n = (self.ring.len().max(1) as f64).ln();
        let log_p: Vec<f64> = self.counts.iter().map(|&n| f64::from(n).ln() - log_n).collect();
        Divergence::between(self.space.log_target(), &log_p).tv
    }
}

impl Scoreboard {
    /// An empty scoreboard.
    pub fn new(rules: Rules, space: Option<Arc<Exact>>) -> Self {
        Self {
            rules,
            histogram: space.and_then(Histogram::new),
            modes: HashSet::new(),
            seen: HashSet::new(),
            best: BTreeMap::new(),
            hashes: Vec::new(),
        }
    }

    /// Notes objects.
    pub fn add(&mut self, found: Found<'_>) {
        let Rules { window, top, mode_log_reward, .. } = self.rules;
        self.hashes.resize(found.lanes.len(), 0);
        found.sim.hashes(found.lanes, &mut self.hashes);
        for ((&hash, &lane), &log_reward) in self.hashes.iter().zip(found.lanes).zip(found.log_reward) {
            if let Some(histogram) = &mut self.histogram {
                histogram.add(hash, window);
            }
            if !self.seen.insert(hash) {
                continue;
            }
            if mode_log_reward.is_some_and(|least| log_reward >= least) {
                self.modes.insert(hash);
            }
            let rank = Rank { log_reward, before: self.seen.len() };
            if self.best.len() < top || self.best.first_key_value().is_some_and(|(worst, _)| rank > *worst) {
                self.best.insert(rank, found.sim.text(lane));
                if self.best.len() > top {
                    self.best.pop_first();
                }
            }
        }
    }

    /// The best distinct objects so far, best first, with log R.
    pub fn best(&self) -> impl Iterator<Item = (&str, f64)> {
        self.best.iter().rev().map(|(rank, text)| (text.as_str(), rank.log_reward))
    }

    /// Where the method stands. `sim` is any simulator of the environment; its lanes are not kept.
    pub fn standing(&self, sim: &mut dyn Simulator) -> Standing {
        let n = self.best.len();
        let (top_distance, circles) = self.unlikeness(sim);
        Standing {
            tv_empirical: self.histogram.as_ref().filter(|h| !h.ring.is_empty()).map(Histogram::tv),
            modes: self.rules.mode_log_reward.map(|_| self.modes.len()),
            distinct: self.seen.len(),
            best_log_reward: self
                .best
                .last_key_value()
                .map_or(f64::NEG_INFINITY, |(rank, _)| rank.log_reward),
            top_log_reward: self.best.keys().map(|rank| rank.log_reward).sum::<f64>() / n as f64,
            top_distance,
            circles,
        }
    }

    /// The mean distance between two of the best objects, and how many of them are far from each other.
    fn unlikeness(&self, sim: &mut dyn Simulator) -> (f64, usize) {
        let n = self.best.len();
        sim.reset(n);
        for (lane, (text, _)) in self.best().enumerate() {
            sim.load(lane as u32, text).expect("texts of objects name them");
        }
        let mut rows = Encoded::new(sim.spec().encoding, n);
        sim.encode(&Vec::from_iter(0..n as u32), &mut rows, 0);
        let (mut sum, mut circles) = (0.0, Vec::new());
        for i in 0..n {
            sum += (0..i).map(|j| distance(&rows, i, j)).sum::<f64>();
            if circles.iter().all(|&j| distance(&rows, i, j) >= self.rules.radius) {
                circles.push(i);
            }
        }
        let pairs = (n * n.saturating_sub(1) / 2) as f64;
        (if pairs > 0.0 { sum / pairs } else { 0.0 }, circles.len())
    }
}

/// Share of the active inputs in which rows `a` and `b` differ; real inputs count by their absolute difference.
pub fn distance(rows: &Encoded, a: usize, b: usize) -> f64 {
    let indices = rows.indices(a).iter().zip(rows.indices(b)).filter(|(x, y)| x != y).count() as f64;
    let reals: f64 = rows.reals(a).iter().zip(rows.reals(b)).map(|(x, y)| f64::from((x - y).abs())).sum();
    (indices + reals) / (rows.indices(a).len() + rows.reals(a).len()).max(1) as f64
}
