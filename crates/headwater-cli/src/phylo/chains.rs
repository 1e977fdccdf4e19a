//! What is known of the trees besides the sampler: trees that were climbed to, chains that begin at such trees, and log Z
//! by annealing between uniform trees and the chains'.
//!
//! Everything is a function of the configuration and the seed, whatever the number of threads.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater_core::{Environment, Key};
use headwater_envs::phylo::chain::{Chain, LogReward, log_trees};
use headwater_envs::phylo::{Forest, Phylo};
use headwater_posterior::trees::{Rooting, Support, Taxa};
use headwater_rivals::diagnose::{effective_sample_size, split_r_hat};

use crate::out::{Failure, fail};

/// Trees that are climbed to: enough that the best is often found.
pub const CLIMBS: u64 = 512;
/// How many of them, the best, training is shown.
const KEPT: usize = 64;
/// Trees that a chain draws before it is asked whether the others agree; a tenth as many are thrown away before.
const DRAWS: usize = 4000;
/// Moves between draws: as many as there are leaves, and not more than that.
const GAP: usize = 50;
/// How often chains that do not agree go on for twice as long.
const EXTENSIONS: u32 = 2;
/// Chains whose supports differ by more than that do not agree.
pub const AGREED: f64 = 0.05;
/// Trees of a chain that training is shown.
const SHOWN: usize = 1000;
/// Annealing runs in each direction, and the moves of one.
const ANNEALED: u64 = 8;
const ANNEALING: u64 = 60_000;
/// Moves after which an interruption is noticed.
const PIECE: u64 = 500;

/// A tree that needs few mutations, and how it was found.
#[derive(Clone, Copy, Debug)]
pub struct Best {
    pub mutations: u32,
    pub tree: Forest,
    pub by: &'static str,
}

impl Best {
    /// The better of two; the first of equals.
    pub fn or(self, other: Self) -> Self {
        if other.mutations < self.mutations { other } else { self }
    }
}

/// The best of all trees that were climbed to, and the best few of them; `None` if that was interrupted.
pub fn climbs(env: &Phylo, threads: usize, key: Key, stop: &AtomicBool) -> Option<(Best, Vec<Forest>)> {
    let mut climbs: Vec<(u64, Option<(u32, Forest)>)> = (0..CLIMBS).map(|k| (k, None)).collect();
    parallel(threads, &mut climbs, &|(k, found)| {
        *found = (!stop.load(Ordering::Relaxed)).then(|| Chain::climbed(env, key.fold(*k)).best());
    });
    let mut found: Vec<(u32, Forest)> = climbs.into_iter().map(|(_, found)| found).collect::<Option<_>>()?;
    found.sort_by_key(|(mutations, _)| *mutations);
    found.truncate(KEPT);
    let (mutations, tree) = found[0];
    Some((Best { mutations, tree, by: "climbing" }, found.into_iter().map(|(_, tree)| tree).collect()))
}

/// What chains say.
pub struct Chains {
    /// Supports by each of them.
    pub each: Vec<Support>,
    /// Supports by all.
    pub all: Support,
    /// Trees drawn by each.
    pub draws: usize,
    /// Moves of each.
    pub moves: u64,
    /// The largest difference of a support between two of them.
    pub apart: f64,
    /// Split R̂ of the mutations.
    pub r_hat: f64,
    /// The number of independent draws that know the mean of mutations as well.
    pub effective: f64,
    /// Mean number of mutations.
    pub mutations: f64,
    /// log Z.
    pub log_z: LogZ,
    /// The best tree that any of them has been at.
    pub best: Best,
    /// Some of the trees that they drew, evenly spaced, roots drawn uniformly.
    pub trees: Vec<Forest>,
}

/// log Z by annealing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogZ {
    /// From both directions together (Bennett 1976).
    pub value: f64,
    /// From uniform trees to the target: too small on average.
    pub up: f64,
    /// From the chains' trees to uniform ones: too large on average, if the chains have reached the target.
    pub down: f64,
}

/// A chain with what it has drawn.
struct Walk<'a> {
    chain: Chain<'a>,
    support: Support,
    mutations: Vec<f64>,
    trees: Vec<Forest>,
}

impl Chains {
    /// Runs `n` chains, each from a tree of its own that was climbed to, until they agree or have drawn 16,000 trees each;
    /// `None` if that was interrupted.
    ///
    /// # Errors
    /// If two leaves have one name.
    pub fn run(
        env: &Phylo,
        log_reward: &LogReward<'_>,
        n: usize,
        threads: usize,
        key: Key,
        stop: &AtomicBool,
    ) -> Result<Option<Self>, Failure> {
        let empty = Support::new(Taxa::new(env.names().to_vec()).map_err(fail)?, Rooting::Unrooted);
        let walk = |i| Walk {
            chain: Chain::climbed(env, key.fold(0).fold(i as u64)),
            support: empty.clone(),
            mutations: Vec::new(),
            trees: Vec::new(),
        };
        let mut walks: Vec<Walk<'_>> = (0..n).map(walk).collect();
        let gap = env.names().len().min(GAP) as u64;
        parallel(threads, &mut walks, &|walk| {
            for _ in 0..DRAWS / 10 {
                walk.step(gap, log_reward, stop);
            }
            walk.forget();
        });
        for extension in 0..=EXTENSIONS {
            let more = DRAWS << extension.saturating_sub(1);
            parallel(threads, &mut walks, &|walk| (0..more).for_each(|_| walk.step(gap, log_reward, stop)));
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if apart(&walks) <= AGREED {
                break;
            }
        }
        let Some(log_z) = anneal(env, log_reward, &walks, threads, key.fold(1), stop) else {
            return Ok(None);
        };
        Ok(Some(Self::of(&walks, empty, gap, log_z)))
    }

    fn of(walks: &[Walk<'_>], empty: Support, gap: u64, log_z: LogZ) -> Self {
        let traces: Vec<Vec<f64>> = walks.iter().map(|walk| walk.mutations.clone()).collect();
        let draws = traces.first().map_or(0, Vec::len);
        let mut all = empty;
        walks.iter().for_each(|walk| all.absorb(&walk.support));
        let sum: f64 = traces.iter().flatten().sum();
        let best = walks.iter().map(|walk| {
            let (mutations, tree) = walk.chain.best();
            Best { mutations, tree, by: "the chains" }
        });
        Self {
            apart: apart(walks),
            r_hat: split_r_hat(&traces),
            effective: effective_sample_size(&traces),
            mutations: sum / (draws * walks.len()) as f64,
            log_z,
            best: best.reduce(Best::or).expect("there are chains"),
            trees: walks.iter().flat_map(|walk| spaced(&walk.trees, SHOWN)).collect(),
            each: walks.iter().map(|walk| walk.support.clone()).collect(),
            all,
            draws,
            moves: gap * (draws + DRAWS / 10) as u64,
        }
    }

    /// How far the mean support of a split may be from what more such chains would say: its standard error.
    pub fn error(&self, split: u128) -> f64 {
        let (n, mean) = (self.each.len() as f64, self.all.of(split));
        let square: f64 = self.each.iter().map(|one| (one.of(split) - mean).powi(2)).sum();
        if self.each.len() < 2 { 0.0 } else { (square / (n - 1.0) / n).sqrt() }
    }

    /// Do they agree among themselves?
    pub fn agree(&self) -> bool {
        self.apart <= 2.0 * AGREED && (self.log_z.down - self.log_z.up).abs() <= 2.0
    }
}

impl Walk<'_> {
    fn step(&mut self, gap: u64, log_reward: &LogReward<'_>, stop: &AtomicBool) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        self.chain.run(gap, 1.0, log_reward);
        let mut splits = BTreeSet::new();
        self.chain.splits(|split| {
            splits.insert(split);
        });
        self.support.add_sets(splits, 1.0);
        self.mutations.push(f64::from(self.chain.mutations()));
        self.trees.push(self.chain.forest());
    }

    /// Throws away what was drawn on the way to the target.
    fn forget(&mut self) {
        self.support = Support::new(self.support.taxa().clone(), Rooting::Unrooted);
        self.mutations.clear();
        self.trees.clear();
    }
}

/// The largest difference of a support between two chains.
fn apart(walks: &[Walk<'_>]) -> f64 {
    let splits: BTreeSet<u128> =
        walks.iter().flat_map(|walk| walk.support.sets()).map(|(split, _)| split).collect();
    let range = |split| {
        let supports = walks.iter().map(|walk| walk.support.of(split));
        let (low, high) = supports.fold((1.0f64, 0.0f64), |(low, high), x| (low.min(x), high.max(x)));
        high - low
    };
    splits.into_iter().map(range).fold(0.0, f64::max)
}

/// At most so many of all, evenly spaced.
fn spaced(trees: &[Forest], n: usize) -> impl Iterator<Item = Forest> + '_ {
    trees.iter().step_by(trees.len().div_ceil(n).max(1)).copied()
}

/// log Z from annealed uniform trees and melted trees of the chains.
fn anneal(
    env: &Phylo,
    log_reward: &LogReward<'_>,
    walks: &[Walk<'_>],
    threads: usize,
    key: Key,
    stop: &AtomicBool,
) -> Option<LogZ> {
    let n = env.names().len();
    let (pieces, stopped) = (ANNEALING / PIECE, || stop.load(Ordering::Relaxed));
    let part = |piece: u64| piece * PIECE..(piece + 1) * PIECE;
    let up = |k: u64| {
        let mut chain = Chain::uniform(env, key.fold(k));
        (0..pieces)
            .take_while(|_| !stopped())
            .map(|piece| chain.anneal(part(piece), ANNEALING, log_reward))
            .sum::<f64>()
    };
    let down = |k: u64| {
        let i = (k - ANNEALED) as usize;
        let walk = &walks[i % walks.len()];
        let mut chain = walk.chain.fork(key.fold(k));
        // Starts of one chain are far apart.
        for _ in (0..i / walks.len() * DRAWS / 8).take_while(|_| !stopped()) {
            chain.run(n.min(GAP) as u64, 1.0, log_reward);
        }
        (0..pieces)
            .rev()
            .take_while(|_| !stopped())
            .map(|piece| chain.melt(part(piece), ANNEALING, log_reward))
            .sum::<f64>()
    };
    let mut runs: Vec<(u64, f64)> = (0..2 * ANNEALED).map(|k| (k, 0.0)).collect();
    parallel(threads, &mut runs, &|(k, weight)| {
        *weight = log_trees(n) + if *k < ANNEALED { up(*k) } else { down(*k) };
    });
    let weights: Vec<f64> = runs.into_iter().map(|(_, weight)| weight).collect();
    let (up, down) = weights.split_at(ANNEALED as usize);
    (!stopped()).then(|| log_z(up, down))
}

/// log Z from logarithms of weights in both directions, as many in each.
fn log_z(up: &[f64], down: &[f64]) -> LogZ {
    let log_mean = |sign: f64, weights: &[f64]| {
        let top = weights.iter().map(|w| sign * w).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = weights.iter().map(|w| (sign * w - top).exp()).sum();
        sign * (top + (sum / weights.len() as f64).ln())
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (mut low, mut high) =
        up.iter().chain(down).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &w| (l.min(w), h.max(w)));
    // What is on the left rises with log Z, and what is on the right falls.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let left: f64 = up.iter().map(|w| sigmoid(middle - w)).sum();
        let right: f64 = down.iter().map(|w| sigmoid(w - middle)).sum();
        if left < right { low = middle } else { high = middle }
    }
    LogZ { value: 0.5 * (low + high), up: log_mean(1.0, up), down: log_mean(-1.0, down) }
}

/// Works on all items on so many threads.
fn parallel<T: Send>(threads: usize, items: &mut [T], work: &(impl Fn(&mut T) + Sync)) {
    let share = items.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        for part in items.chunks_mut(share) {
            scope.spawn(move || part.iter_mut().for_each(work));
        }
    });
}

/// The trees as text, one per line.
pub fn texts<'a>(env: &Phylo, trees: impl IntoIterator<Item = &'a Forest>) -> String {
    let mut text = String::new();
    for tree in trees {
        env.show(tree, &mut text);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights of a normal distribution of variance 2d about log Z − d in one direction and log Z + d in the other, as
    /// dissipated work is where it is normal. Fixed seeds.
    #[test]
    fn both_directions_together_know_log_z() {
        let d = 1.0f64;
        let draw = |mean: f64, k: u64| mean + (2.0 * d).sqrt() * Key::new(4).fold(k).normal();
        let up: Vec<f64> = (0..4000).map(|k| draw(-7.0 - d, k)).collect();
        let down: Vec<f64> = (4000..8000).map(|k| draw(-7.0 + d, k)).collect();
        let found = log_z(&up, &down);
        assert!((found.value + 7.0).abs() < 0.05, "{found:?}");
        assert!((found.up + 7.0).abs() < 0.2 && (found.down + 7.0).abs() < 0.2, "{found:?}");
    }
}
