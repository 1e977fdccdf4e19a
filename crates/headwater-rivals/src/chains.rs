//! Many Markov chains over objects, moved at once: proposals back and forth along edges, taken or left.

use headwater_core::{EnvSpec, Key};
use headwater_rewards::RewardError;

use crate::leg::{Law, accepts};
use crate::walk::{Guide, Uniform, Walk};
use crate::{Arena, Found, Spent};

/// Chains of Metropolis and Hastings with the move of [`crate::leg`]. Their draws are functions of a key and the
/// number of the chain.
pub(crate) struct Chains<G = Uniform> {
    pub law: Law,
    pub guide: G,
    pub walk: Walk,
    /// Per chain: the lane of its object.
    pub lanes: Vec<u32>,
    /// Per chain: log R of its object.
    pub log_reward: Vec<f64>,
    /// Per chain: by how much log R grew in the last move; 0 if there was none.
    pub gains: Vec<f64>,
    /// Per chain: a lane to propose in.
    pub spare: Vec<u32>,
    /// Per chain: log R of what is proposed.
    proposed: Vec<f64>,
    started: bool,
}

/// What of a chain's key decides whether it moves; the walk has the others.
const ACCEPT: u64 = u64::MAX - 2;

impl Chains {
    /// `n` chains whose moves are of `steps` edges each way on average.
    pub fn new(spec: &EnvSpec, n: usize, steps: f64) -> Self {
        Self::guided(spec, n, steps, Uniform::new(spec))
    }
}

impl<G: Guide> Chains<G> {
    /// The same, with another guide on the way forth.
    pub fn guided(spec: &EnvSpec, n: usize, steps: f64, guide: G) -> Self {
        let n = n as u32;
        Self {
            law: Law::new(steps, spec.max_len),
            guide,
            walk: Walk::new(spec),
            lanes: (0..n).collect(),
            log_reward: vec![0.0; n as usize],
            gains: vec![0.0; n as usize],
            spare: (n..2 * n).collect(),
            proposed: vec![0.0; n as usize],
            started: false,
        }
    }

    /// Forgets where the chains are: they start again.
    pub fn restart(&mut self) {
        self.started = false;
    }

    /// Are the chains at objects?
    pub fn started(&self) -> bool {
        self.started
    }

    /// Random trajectories in the first round, and one move of every chain in the others. `beta` is the power to which
    /// a chain raises rewards. After an error the chains are where they were.
    pub fn advance(
        &mut self,
        arena: &mut Arena,
        key: Key,
        beta: impl Fn(usize) -> f64,
    ) -> Result<Spent, RewardError> {
        if self.started { self.step(arena, key, beta) } else { self.start(arena, key) }
    }

    fn start(&mut self, arena: &mut Arena, key: Key) -> Result<Spent, RewardError> {
        arena.sim.reset(2 * self.lanes.len());
        let transitions = self.walk.finish(&mut *arena.sim, &self.lanes, key);
        let mut spent = self.walk.end(arena, &self.lanes, &mut self.log_reward)?;
        spent.transitions += transitions;
        self.started = true;
        Ok(spent)
    }

    fn step(
        &mut self,
        arena: &mut Arena,
        key: Key,
        beta: impl Fn(usize) -> f64,
    ) -> Result<Spent, RewardError> {
        let sim = &mut *arena.sim;
        for (&from, &to) in self.lanes.iter().zip(&self.spare) {
            sim.copy(from, to);
        }
        let transitions = self.walk.back_and_forth(sim, &self.spare, &self.law, &mut self.guide, key);
        let mut spent = self.walk.end(arena, &self.spare, &mut self.proposed)?;
        spent.transitions += transitions;
        for i in 0..self.lanes.len() {
            let (back, forth) = (&self.walk.back[i], &self.walk.forth[i]);
            let log_reverse = self.law.log_reverse(back, forth, self.walk.source[i]);
            let u = key.fold(i as u64).fold(ACCEPT).unit();
            self.gains[i] = 0.0;
            if accepts(self.log_reward[i], self.proposed[i], beta(i), log_reverse, u) {
                self.gains[i] = self.proposed[i] - self.log_reward[i];
                std::mem::swap(&mut self.lanes[i], &mut self.spare[i]);
                self.log_reward[i] = self.proposed[i];
            }
        }
        Ok(spent)
    }

    /// Exchanges the objects of two chains.
    pub fn swap(&mut self, i: usize, j: usize) {
        self.lanes.swap(i, j);
        self.log_reward.swap(i, j);
    }

    /// The objects of the chains in `chains`.
    pub fn found<'a>(&'a self, arena: &'a Arena, chains: std::ops::Range<usize>) -> Found<'a> {
        Found { sim: &*arena.sim, lanes: &self.lanes[chains.clone()], log_reward: &self.log_reward[chains] }
    }
}
