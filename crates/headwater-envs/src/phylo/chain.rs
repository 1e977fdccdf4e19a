//! Markov chains over unrooted trees, for any reward that is a function of mutations: what a sampler of the same target is
//! held against, and log Z by annealing.
//!
//! A move cuts off a clade that is drawn uniformly and draws the branch that it is put on from the target itself, given
//! the rest of the tree (a heat bath over all places of subtree pruning and regrafting). A tree has 2n − 4 clades that can
//! be cut off, whatever it is, so that a move is reversible; exchanges of neighbours are among the moves, so that every
//! tree is reached. The 2n − 3 roots of a tree are equally likely; [`Chain::forest`] draws one.
//!
//! Annealing draws a tree uniformly and raises the power of the reward from 0 to 1 while the chain moves; the logarithm of
//! its weight, added to that of the number of rooted trees, is log Z from below on average (Neal 2001, "Annealed
//! importance sampling"). The same backwards from a draw of the target is log Z from above on average (Grosse et al. 2015,
//! arXiv:1511.02543): where both agree, log Z is known.

use std::ops::Range;

use headwater_core::Key;

use super::Phylo;
use super::arrangement::Arrangement;
use super::forest::Forest;
use super::search::{climbed, polish};

/// A chain: a tree that moves.
#[derive(Clone)]
pub struct Chain<'a> {
    tree: Arrangement<'a>,
    key: Key,
    moves: u64,
    best: (u32, Forest),
}

/// log R of a tree by its mutations.
pub type LogReward<'a> = dyn Fn(u32) -> f64 + Sync + 'a;

impl<'a> Chain<'a> {
    /// A chain that begins at a tree that was climbed to.
    pub fn climbed(env: &'a Phylo, key: Key) -> Self {
        Self::new(climbed(env, key.fold(0)), key.fold(1))
    }

    /// A chain that begins at a tree drawn uniformly.
    pub fn uniform(env: &'a Phylo, key: Key) -> Self {
        let (mut added, draw) = (0, key.fold(0));
        let tree = Arrangement::grow(env, draw, &mut |places| {
            added += 1;
            draw.fold(1 << 32).fold(added).below(places.len() as u32) as usize
        });
        Self::new(tree, key.fold(1))
    }

    /// A chain at the same tree, which goes on by draws of its own.
    #[must_use]
    pub fn fork(&self, key: Key) -> Self {
        Self { key, ..self.clone() }
    }

    fn new(tree: Arrangement<'a>, key: Key) -> Self {
        let best = (tree.mutations(), tree.forest(key));
        Self { tree, key, moves: 0, best }
    }

    /// Makes `moves` moves that keep R^power.
    pub fn run(&mut self, moves: u64, power: f64, log_reward: &LogReward<'_>) {
        (0..moves).for_each(|_| self.step(power, log_reward));
    }

    fn step(&mut self, power: f64, log_reward: &LogReward<'_>) {
        let key = self.key.fold(self.moves);
        let clade = self.tree.clade_at(key.fold(0).below(self.tree.clades() as u32) as usize);
        self.tree.rearrange(clade, &mut |places| heat_bath(places, power, log_reward, key.fold(1)));
        self.moves += 1;
        let now = self.tree.mutations();
        if now < self.best.0 {
            self.best = (now, self.tree.forest(key));
        }
    }

    /// The mutations of the tree as it is.
    pub fn mutations(&self) -> u32 {
        self.tree.mutations()
    }

    /// The least mutations of any tree that the chain has been at, and the first such tree.
    pub fn best(&self) -> (u32, Forest) {
        self.best
    }

    /// Hands over the splits that not every tree has, as the leaves on the side without the first, bit i for leaf i.
    pub fn splits(&self, visit: impl FnMut(u128)) {
        self.tree.splits(visit);
    }

    /// The tree as it is, with its root on a branch that is drawn uniformly.
    pub fn forest(&self) -> Forest {
        self.tree.forest(self.key.fold(u64::MAX).fold(self.moves))
    }

    /// Climbs from the tree as it is to one that no move improves.
    pub fn climb(&mut self) {
        polish(&mut self.tree, self.key.fold(u64::MAX - 1).fold(self.moves));
        let now = self.tree.mutations();
        if now < self.best.0 {
            self.best = (now, self.forest());
        }
    }

    /// Raises the power from 0 to 1 in `moves` moves, of which these are made now; the logarithm of their weight. The sum
    /// over all is that of a weight whose mean is Z/(number of rooted trees), if the tree was a uniform draw.
    pub fn anneal(&mut self, part: Range<u64>, moves: u64, log_reward: &LogReward<'_>) -> f64 {
        let mut log_weight = 0.0;
        for t in part {
            log_weight += rise(t, moves) * log_reward(self.mutations());
            self.step(power(t + 1, moves), log_reward);
        }
        log_weight
    }

    /// The same backwards: lowers the power, from the end of the range to its beginning. The inverse of the whole weight
    /// has the mean (number of rooted trees)/Z, if the tree was a draw of the target.
    pub fn melt(&mut self, part: Range<u64>, moves: u64, log_reward: &LogReward<'_>) -> f64 {
        let mut log_weight = 0.0;
        for t in part.rev() {
            self.step(power(t + 1, moves), log_reward);
            log_weight += rise(t, moves) * log_reward(self.mutations());
        }
        log_weight
    }
}

/// The power after t of so many moves; it rises slowly where trees are hot, and log R varies most.
fn power(t: u64, moves: u64) -> f64 {
    (t as f64 / moves as f64).powi(2)
}

/// By how much it rises in move t, counted from 0.
fn rise(t: u64, moves: u64) -> f64 {
    power(t + 1, moves) - power(t, moves)
}

/// One of the places, in proportion to R^power.
fn heat_bath(places: &[(usize, u32)], power: f64, log_reward: &LogReward<'_>, key: Key) -> usize {
    let weight = |&(_, mutations): &(usize, u32)| power * log_reward(mutations);
    let most = places.iter().map(weight).fold(f64::NEG_INFINITY, f64::max);
    let mut sums = [0.0; 256];
    let mut total = 0.0;
    for (sum, place) in sums.iter_mut().zip(places) {
        total += (weight(place) - most).exp();
        *sum = total;
    }
    let drawn = key.unit() * total;
    sums[..places.len()].iter().position(|&sum| drawn < sum).unwrap_or(places.len() - 1)
}

/// log of the number of rooted trees of n leaves, (2n − 3)!!.
pub fn log_trees(n: usize) -> f64 {
    (2..n).map(|leaves| ((2 * leaves - 1) as f64).ln()).sum()
}
