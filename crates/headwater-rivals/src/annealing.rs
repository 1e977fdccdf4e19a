//! Simulated annealing: Metropolis–Hastings chains for R^β whose β grows, a search for large rewards.
//!
//! From random trajectories the chains make the move of `mcmc.rs` for the target R^β. In the course of a pass β goes from
//! `hot` to `cold` by a constant factor a round; then the chains start again, from other trajectories (Kirkpatrick et al.
//! 1983). What is found has no distribution that could be named.

use headwater_core::settings::{Schedule, Shape, settings};
use headwater_core::{Entry, Settings};
use headwater_rewards::RewardError;

use crate::chains::Chains;
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of simulated annealing.
    pub struct Config {
        /// Independent chains; each makes one move a round.
        chains: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Rounds of a pass.
        rounds: u64 = "1000", Kind::Int { min: 1, max: 1 << 40 };
        /// Inverse temperature at the start of a pass.
        hot: f64 = "0.1", Kind::Real { min: 1e-6, max: 1e6 };
        /// Inverse temperature at its end.
        cold: f64 = "10.0", Kind::Real { min: 1e-6, max: 1e6 };
        /// Mean number of edges of a move each way, before it is cut off at the longest trajectory.
        steps: f64 = "1.0", Kind::Real { min: 1e-3, max: 1e3 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "annealing",
        summary: "Metropolis-Hastings chains that are cooled, again and again",
        formula: "target R^beta, beta from hot to cold by a constant factor a round",
        reference: "Kirkpatrick et al. 1983",
        fields: Config::FIELDS,
    },
    samples_target: false,
    build: |values, arena| Ok(Box::new(Annealing::new(&Config::read(values), arena))),
};

struct Annealing {
    arena: Arena,
    chains: Chains,
    beta: Schedule,
    round: u64,
    /// Moves of this pass.
    moves: u64,
}

impl Annealing {
    fn new(config: &Config, arena: Arena) -> Self {
        let chains = Chains::new(arena.sim.spec(), config.chains, config.steps);
        let Config { hot: from, cold: to, rounds: steps, .. } = *config;
        Self {
            arena,
            chains,
            beta: Schedule { from, to, steps, shape: Shape::Exponential },
            round: 0,
            moves: 0,
        }
    }
}

impl Method for Annealing {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let key = self.arena.key.fold(self.round);
        self.round += 1;
        let beta = self.beta.at(self.moves);
        let spent = self.chains.advance(&mut self.arena, key, |_| beta)?;
        self.moves += 1;
        if self.moves > self.beta.steps {
            self.chains.restart();
            self.moves = 0;
        }
        let n = self.chains.lanes.len();
        found(self.chains.found(&self.arena, 0..n));
        Ok(Spent { objects: n as u64, ..spent })
    }
}
