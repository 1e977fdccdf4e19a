//! Parallel tempering: chains at several temperatures, which exchange their objects.
//!
//! Level l of a ladder of inverse temperatures 1 = β₀ > β₁ > … has a chain for R^β_l, which makes the move of `mcmc.rs`.
//! After every move, neighbours in the ladder exchange their objects x (at β) and y (at β′) with probability
//!
//! α = min(1, (R(y)/R(x))^(β − β′)),
//!
//! in even rounds the pairs (0, 1), (2, 3), …, in odd rounds (1, 2), (3, 4), …: so objects travel along the ladder
//! instead of diffusing (Okabe et al. 2001; Syed et al. 2022, arXiv:1905.02939). Moves and exchanges each leave the
//! product of the levels' targets as it is, and so does one after the other.
//!
//! Only the objects of level 0, whose target is R/Z, are handed over. The budget counts all levels.

use headwater_core::settings::settings;
use headwater_core::{Entry, Key, Settings};
use headwater_rewards::RewardError;

use crate::chains::Chains;
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of parallel tempering.
    pub struct Config {
        /// Independent ladders; each chain of each makes one move a round.
        chains: usize = "16", Kind::Int { min: 1, max: 1 << 16 };
        /// Chains of a ladder.
        levels: usize = "4", Kind::Int { min: 2, max: 64 };
        /// Inverse temperature of the hottest; those between are powers of one factor.
        hottest: f64 = "0.1", Kind::Real { min: 1e-6, max: 1.0 };
        /// Mean number of edges of a move each way, before it is cut off at the longest trajectory.
        steps: f64 = "1.0", Kind::Real { min: 1e-3, max: 1e3 };
        /// Rounds before objects are handed over.
        burn_in: u64 = "0", Kind::Int { min: 0, max: 1 << 40 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "parallel-tempering",
        summary: "Metropolis-Hastings chains at several temperatures, which exchange their objects",
        formula: "alpha = min(1, (R(y)/R(x))^(beta - beta')) for exchanging x at beta and y at beta'",
        reference: "Geyer 1991; Okabe et al. 2001; Syed et al. 2022, arXiv:1905.02939",
        fields: Config::FIELDS,
    },
    samples_target: true,
    build: |values, arena| Ok(Box::new(Tempering::new(&Config::read(values), arena))),
};

pub(crate) struct Tempering {
    pub(crate) arena: Arena,
    /// Chain `l · ladders + c` is at level l of ladder c.
    pub(crate) chains: Chains,
    betas: Vec<f64>,
    ladders: usize,
    burn_in: u64,
    round: u64,
}

/// What of a chain's key decides whether it exchanges its object with the next hotter one.
const SWAP: u64 = u64::MAX - 3;

impl Tempering {
    pub(crate) fn new(config: &Config, arena: Arena) -> Self {
        let Config { chains: ladders, levels, hottest, steps, burn_in } = *config;
        let beta = |l: usize| hottest.powf(l as f64 / (levels - 1) as f64);
        Self {
            chains: Chains::new(arena.sim.spec(), ladders * levels, steps),
            arena,
            betas: (0..levels).map(beta).collect(),
            ladders,
            burn_in,
            round: 0,
        }
    }

    fn exchange(&mut self, round: u64, key: Key) {
        let n = self.ladders;
        for level in ((round % 2) as usize..self.betas.len() - 1).step_by(2) {
            let betas = [self.betas[level], self.betas[level + 1]];
            for i in level * n..(level + 1) * n {
                let rewards = [self.chains.log_reward[i], self.chains.log_reward[i + n]];
                if key.fold(i as u64).fold(SWAP).unit() < log_swap(betas, rewards).exp() {
                    self.chains.swap(i, i + n);
                }
            }
        }
    }
}

impl Method for Tempering {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let (round, key) = (self.round, self.arena.key.fold(self.round));
        self.round += 1;
        let (n, betas) = (self.ladders, &self.betas);
        let mut spent = self.chains.advance(&mut self.arena, key, |i| betas[i / n])?;
        self.exchange(round, key);
        if round >= self.burn_in {
            found(self.chains.found(&self.arena, 0..n));
            spent.objects = n as u64;
        }
        Ok(spent)
    }

    fn is_chain(&self) -> bool {
        true
    }
}

/// log of the probability that objects with these log-rewards are exchanged between chains at these inverse
/// temperatures. Objects without reward have nothing to gain from each other.
pub(crate) fn log_swap(betas: [f64; 2], log_rewards: [f64; 2]) -> f64 {
    if log_rewards[0] == log_rewards[1] {
        return 0.0;
    }
    ((betas[0] - betas[1]) * (log_rewards[1] - log_rewards[0])).min(0.0)
}
