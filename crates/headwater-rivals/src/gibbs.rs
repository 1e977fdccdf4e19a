//! Gibbs chains over objects: a heat bath among the objects that share a parent.
//!
//! A chain at object x draws a parent s of x by uniform P_B, and then the object x′ among all one edge from s with
//! probability
//!
//! p(x′|s) = R(x′) P_B(s|x′) / Σ R(y) P_B(s|y), over the edges s→y to objects y.
//!
//! These are the conditionals of R(x) P_B(s|x)/Z, so that nothing is ever rejected, and each candidate costs a score
//! (Geman & Geman 1984). A chain at the source stays.
//!
//! Where all ways to an object are equally long its level never changes, and where objects grow at one end neither does
//! all but that end. So a share of the rounds are moves as in `mcmc.rs`, which reach every object; that a round is one or
//! the other depends on nothing but the key, and the mixture of two kernels in detailed balance is in detailed balance.

use headwater_core::settings::settings;
use headwater_core::{Action, BitMatrix, Entry, EnvSpec, Key, Settings, Stop};
use headwater_rewards::RewardError;

use crate::chains::Chains;
use crate::children::Children;
use crate::walk::grow_rows;
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of Gibbs chains.
    pub struct Config {
        /// Independent chains; each makes one move a round.
        chains: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Probability that a round is a move of Metropolis and Hastings.
        walk: f64 = "0.5", Kind::Real { min: 1e-6, max: 1.0 };
        /// Mean number of edges of such a move each way, before it is cut off at the longest trajectory.
        steps: f64 = "1.0", Kind::Real { min: 1e-3, max: 1e3 };
        /// Rounds before objects are handed over.
        burn_in: u64 = "0", Kind::Int { min: 0, max: 1 << 40 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "gibbs",
        summary: "chains that redraw the last edge of a way to their object, by the rewards of all that it may lead to",
        formula: "p(x'|s) ~ R(x') P_B(s|x') over the objects one edge from s; s ~ P_B(s|x)",
        reference: "Geman & Geman 1984",
        fields: Config::FIELDS,
    },
    samples_target: true,
    build: |values, arena| Ok(Box::new(Gibbs::new(&Config::read(values), arena))),
};

struct Gibbs {
    arena: Arena,
    chains: Chains,
    bath: Bath,
    walk: f64,
    burn_in: u64,
    round: u64,
}

impl Gibbs {
    fn new(config: &Config, arena: Arena) -> Self {
        let spec = arena.sim.spec();
        let chains = Chains::new(spec, config.chains, config.steps);
        let bath = Bath::new(spec);
        Self { arena, chains, bath, walk: config.walk, burn_in: config.burn_in, round: 0 }
    }
}

impl Method for Gibbs {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let (round, key) = (self.round, self.arena.key.fold(self.round));
        self.round += 1;
        let mut spent = if !self.chains.started() || key.unit() < self.walk {
            self.chains.advance(&mut self.arena, key, |_| 1.0)?
        } else {
            self.bath.step(&mut self.arena, &mut self.chains, key)?
        };
        if round >= self.burn_in {
            let n = self.chains.lanes.len();
            found(self.chains.found(&self.arena, 0..n));
            spent.objects = n as u64;
        }
        Ok(spent)
    }

    fn is_chain(&self) -> bool {
        true
    }
}

/// The heat bath, and its buffers.
pub(crate) struct Bath {
    /// The chains whose objects have parents, and the edges back to them.
    owners: Vec<u32>,
    parents: Vec<u32>,
    actions: Vec<Action>,
    /// The objects to choose from.
    candidates: Children,
    masks: BitMatrix,
    log_reward: Vec<f64>,
    log_weight: Vec<f64>,
}

impl Bath {
    pub fn new(spec: &EnvSpec) -> Self {
        Self {
            owners: Vec::new(),
            parents: Vec::new(),
            actions: Vec::new(),
            candidates: Children::new(spec),
            masks: BitMatrix::new(0, spec.n_actions),
            log_reward: Vec::new(),
            log_weight: Vec::new(),
        }
    }

    /// One draw of a parent and of an object one edge from it, for every chain.
    pub fn step(&mut self, arena: &mut Arena, chains: &mut Chains, key: Key) -> Result<Spent, RewardError> {
        self.draw_parents(arena, chains, key);
        let candidates = &mut self.candidates;
        candidates.expand(&mut *arena.sim, &self.parents, 2 * chains.lanes.len() as u32);
        let transitions = (self.parents.len() + candidates.len()) as u64;
        candidates.retain(|c, j| c.stops[j] != Stop::Never);
        self.log_reward.resize(candidates.len(), 0.0);
        let mut spent = chains.walk.end(arena, &candidates.lanes, &mut self.log_reward)?;
        spent.transitions += transitions;
        grow_rows(&mut self.masks, candidates.len());
        arena.sim.backward_masks(&candidates.lanes, &mut self.masks, 0);
        self.log_weight.clear();
        let weights = self.log_reward.iter().enumerate().map(|(j, &r)| log_weight(r, self.masks.count(j)));
        self.log_weight.extend(weights);
        let mut from = 0;
        for (k, &owner) in self.owners.iter().enumerate() {
            let n = candidates.owners[from..].partition_point(|&o| o == k as u32);
            let u = key.fold(u64::from(owner)).fold(1).unit();
            if let Some(j) = choose(&self.log_weight[from..from + n], u) {
                arena.sim.copy(candidates.lanes[from + j], chains.lanes[owner as usize]);
                chains.log_reward[owner as usize] = self.log_reward[from + j];
            }
            from += n;
        }
        Ok(spent)
    }

    /// Puts a parent of each chain's object into the chain's spare lane.
    fn draw_parents(&mut self, arena: &mut Arena, chains: &Chains, key: Key) {
        grow_rows(&mut self.masks, chains.lanes.len());
        arena.sim.backward_masks(&chains.lanes, &mut self.masks, 0);
        self.owners.clear();
        self.parents.clear();
        self.actions.clear();
        for (i, (&from, &to)) in chains.lanes.iter().zip(&chains.spare).enumerate() {
            let n = self.masks.count(i);
            if n > 0 {
                arena.sim.copy(from, to);
                self.owners.push(i as u32);
                self.parents.push(to);
                self.actions.push(self.masks.select(i, key.fold(i as u64).fold(0).below(n)));
            }
        }
        arena.sim.unstep(&self.parents, &self.actions);
    }
}

/// log of what an object with `parents` parents weighs among those that share one of them: log R(x) + log P_B(s|x).
pub(crate) fn log_weight(log_reward: f64, parents: u32) -> f64 {
    log_reward - f64::from(parents).ln()
}

/// An index with probability proportional to the exponential of its weight; `None` if all are zero.
pub(crate) fn choose(log_weights: &[f64], u: f64) -> Option<usize> {
    let max = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return None;
    }
    let weight = |w: f64| (w - max).exp();
    let mut left = u * log_weights.iter().map(|&w| weight(w)).sum::<f64>();
    let at = log_weights.iter().position(|&w| {
        left -= weight(w);
        left < 0.0
    });
    // Rounding may leave a little of the sum behind the last weight.
    at.or_else(|| log_weights.iter().rposition(|&w| w > f64::NEG_INFINITY))
}
