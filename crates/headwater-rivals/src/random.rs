//! Random trajectories: every edge, and stopping where a trajectory may end, equally likely.

use headwater_core::settings::settings;
use headwater_core::{Entry, Settings};
use headwater_exact::ForwardPolicy;
use headwater_rewards::RewardError;
use headwater_train::Exact;

use crate::walk::Walk;
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of random trajectories.
    pub struct Config {
        /// Trajectories of a round.
        batch: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "random",
        summary: "trajectories of the uniform policy",
        formula: "P_F uniform over the edges of a state, and its stop",
        reference: "Bengio et al. 2021, arXiv:2106.04399",
        fields: Config::FIELDS,
    },
    samples_target: false,
    build: |values, arena| Ok(Box::new(Random::new(&Config::read(values), arena))),
};

struct Random {
    arena: Arena,
    walk: Walk,
    round: u64,
    lanes: Vec<u32>,
    log_reward: Vec<f64>,
}

impl Random {
    fn new(config: &Config, arena: Arena) -> Self {
        Self {
            walk: Walk::new(arena.sim.spec()),
            arena,
            round: 0,
            lanes: (0..config.batch as u32).collect(),
            log_reward: vec![0.0; config.batch],
        }
    }
}

impl Method for Random {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let Self { arena, walk, lanes, log_reward, .. } = self;
        let key = arena.key.fold(self.round);
        self.round += 1;
        arena.sim.reset(lanes.len());
        let transitions = walk.finish(&mut *arena.sim, lanes, key);
        let mut spent = walk.end(arena, lanes, log_reward)?;
        found(Found { sim: &*arena.sim, lanes, log_reward });
        spent += Spent { transitions, objects: lanes.len() as u64, reward_calls: 0 };
        Ok(spent)
    }

    fn policy(&mut self, space: &Exact) -> Option<ForwardPolicy> {
        Some(ForwardPolicy::uniform(space.graph()))
    }
}
