//! Metropolis–Hastings chains over objects, with the environment's own edges as moves.
//!
//! From object x a chain goes k edges back by uniform P_B, and m edges forth, each equally likely, to object x′ (see
//! `leg.rs` for how k and m are drawn). It moves there with probability
//!
//! α = min(1, R(x′) P(τ̄) / (R(x) P(τ))),
//!
//! where P(τ) is the probability of the way taken, numbers of edges included, and P(τ̄) that of the same way in reverse.
//! So each pair of ways is in detailed balance with R/Z, and with them their sum, the chain on objects. Every object can
//! be proposed from every other: the chain is ergodic.
//!
//! Bengio et al. 2021 (arXiv:2106.04399, section 4.1) compare with chains on the grid that step along one axis.

use headwater_core::settings::settings;
use headwater_core::{Entry, Settings};
use headwater_rewards::RewardError;

use crate::chains::Chains;
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of Metropolis–Hastings chains.
    pub struct Config {
        /// Independent chains; each makes one move a round.
        chains: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Mean number of edges of a move each way, before it is cut off at the longest trajectory.
        steps: f64 = "1.0", Kind::Real { min: 1e-3, max: 1e3 };
        /// Rounds before objects are handed over.
        burn_in: u64 = "0", Kind::Int { min: 0, max: 1 << 40 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "mcmc",
        summary: "Metropolis-Hastings chains that go some edges back and some forth",
        formula: "alpha = min(1, R(x') P(reverse) / (R(x) P(move)))",
        reference: "Metropolis et al. 1953; Hastings 1970; Bengio et al. 2021, arXiv:2106.04399",
        fields: Config::FIELDS,
    },
    samples_target: true,
    build: |values, arena| Ok(Box::new(Mcmc::new(&Config::read(values), arena))),
};

struct Mcmc {
    arena: Arena,
    chains: Chains,
    burn_in: u64,
    round: u64,
}

impl Mcmc {
    fn new(config: &Config, arena: Arena) -> Self {
        let chains = Chains::new(arena.sim.spec(), config.chains, config.steps);
        Self { arena, chains, burn_in: config.burn_in, round: 0 }
    }
}

impl Method for Mcmc {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let (round, key) = (self.round, self.arena.key.fold(self.round));
        self.round += 1;
        let mut spent = self.chains.advance(&mut self.arena, key, |_| 1.0)?;
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
