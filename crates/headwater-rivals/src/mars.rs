//! Metropolis–Hastings chains whose way forth is chosen by a network that learns from moves that paid off.
//!
//! The move is that of `mcmc.rs`, but edges forth are drawn from (1 − ε) · softmax of a network's outputs + ε · uniform.
//! α has the probabilities of the network as it is in that round, for the move and for its reverse, so that every round
//! leaves R/Z as it is. The network is trained by maximum likelihood: the edges forth of moves that were accepted and led
//! to a larger reward are examples, of which the latest are kept (Xie et al. 2021, MARS, arXiv:2103.10432; there the edits
//! are of molecules, and the temperature falls).
//!
//! While it learns, the network depends on where the chains have been, and they are no Markov chains: their
//! distribution may be off. After `adapt` rounds the network stays as it is, and the chains are proper ones, ergodic by
//! the share of uniform choices. What was found before is handed over, too; `burn_in` can leave it out.

use headwater_core::settings::settings;
use headwater_core::{Action, Entry, Key, Settings};
use headwater_rewards::RewardError;

use crate::chains::Chains;
use crate::learned::{Learned, Lessons};
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of chains with a learned proposal.
    pub struct Config {
        /// Chains; each makes one move a round.
        chains: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Mean number of edges of a move each way, before it is cut off at the longest trajectory.
        steps: f64 = "1.0", Kind::Real { min: 1e-3, max: 1e3 };
        /// Rounds in which the network learns.
        adapt: u64 = "1000", Kind::Int { min: 0, max: 1 << 40 };
        /// Rate of Adam.
        rate: f64 = "1e-3", Kind::Real { min: 0.0, max: 1.0 };
        /// Edges of a step of Adam, one step a round.
        batch: usize = "64", Kind::Int { min: 1, max: 1 << 16 };
        /// Edges that are kept to learn from.
        memory: usize = "4096", Kind::Int { min: 1, max: 1 << 24 };
        /// Share of uniform choices.
        epsilon: f64 = "0.1", Kind::Real { min: 1e-6, max: 1.0 };
        /// Rounds before objects are handed over.
        burn_in: u64 = "0", Kind::Int { min: 0, max: 1 << 40 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "mars",
        summary: "Metropolis-Hastings chains with a proposal that learns from accepted improvements",
        formula: "alpha = min(1, R(x') P(reverse) / (R(x) P(move))), P by the network of the round",
        reference: "Xie et al. 2021, arXiv:2103.10432",
        fields: Config::FIELDS,
    },
    samples_target: true,
    build: |values, arena| Ok(Box::new(Mars::new(&Config::read(values), arena))),
};

pub(crate) struct Mars {
    pub(crate) arena: Arena,
    pub(crate) chains: Chains<Learned>,
    lessons: Lessons,
    adapt: u64,
    burn_in: u64,
    round: u64,
    lanes: Vec<u32>,
    edges: Vec<Action>,
}

impl Mars {
    pub(crate) fn new(config: &Config, arena: Arena) -> Self {
        let spec = arena.sim.spec();
        let guide = Learned::new(&arena, config.epsilon);
        let lessons = Lessons::new(&guide, spec, config.memory, config.batch, config.rate);
        Self {
            chains: Chains::guided(spec, config.chains, config.steps, guide),
            arena,
            lessons,
            adapt: config.adapt,
            burn_in: config.burn_in,
            round: 0,
            lanes: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// Remembers the edges forth of the round's improvements, and learns from those remembered. Gives the number of
    /// edges retraced, which count like all others.
    fn learn(&mut self, key: Key) -> u64 {
        let Self { arena, chains, lessons, lanes, edges, .. } = self;
        let improved = |i: usize| chains.gains[i] > 0.0;
        for i in (0..chains.lanes.len()).filter(|&i| improved(i)) {
            // A chain that has moved does not need where it was.
            arena.sim.copy(chains.lanes[i], chains.spare[i]);
        }
        let mut transitions = 0;
        for step in chains.walk.steps_forth().rev() {
            lanes.clear();
            edges.clear();
            for &(i, edge) in step.iter().filter(|&&(i, _)| improved(i as usize)) {
                lanes.push(chains.spare[i as usize]);
                edges.push(edge);
            }
            transitions += lanes.len() as u64;
            arena.sim.unstep(lanes, edges);
            lessons.remember(&*arena.sim, lanes, edges);
        }
        lessons.study(&mut chains.guide, key);
        transitions
    }
}

impl Method for Mars {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let (round, key) = (self.round, self.arena.key.fold(self.round));
        self.round += 1;
        let moves = self.chains.started();
        let mut spent = self.chains.advance(&mut self.arena, key, |_| 1.0)?;
        if moves && round < self.adapt {
            spent.transitions += self.learn(key.fold(u64::MAX));
        }
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
