//! Random trajectories: every edge, and stopping where a trajectory may end, equally likely.

use headwater_core::settings::settings;
use headwater_core::{Action, BitMatrix, Entry, Settings, Stop};
use headwater_exact::ForwardPolicy;
use headwater_rewards::RewardError;
use headwater_train::Exact;

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
    round: u64,
    all: Vec<u32>,
    live: Vec<u32>,
    moving: Vec<u32>,
    actions: Vec<Action>,
    stops: Vec<Stop>,
    masks: BitMatrix,
    log_reward: Vec<f64>,
}

impl Random {
    fn new(config: &Config, arena: Arena) -> Self {
        let (lanes, n) = (config.batch, arena.sim.spec().n_actions);
        Self {
            arena,
            round: 0,
            all: (0..lanes as u32).collect(),
            live: Vec::with_capacity(lanes),
            moving: Vec::with_capacity(lanes),
            actions: Vec::with_capacity(lanes),
            stops: vec![Stop::Never; lanes],
            masks: BitMatrix::new(lanes, n),
            log_reward: vec![0.0; lanes],
        }
    }
}

impl Method for Random {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let Self { arena, all, live, moving, actions, stops, masks, log_reward, .. } = self;
        let Arena { sim, scorer, .. } = arena;
        let key = arena.key.fold(self.round);
        self.round += 1;
        sim.reset(all.len());
        live.clone_from(all);
        let mut transitions = 0;
        for t in 0.. {
            if live.is_empty() {
                break;
            }
            sim.stops(live, &mut stops[..live.len()]);
            sim.forward_masks(live, masks, 0);
            moving.clear();
            actions.clear();
            for (i, &lane) in live.iter().enumerate() {
                let edges = masks.count(i);
                let choices = edges + u32::from(stops[i] == Stop::May);
                transitions += u64::from(stops[i] != Stop::Must);
                let choice = key.fold(u64::from(lane)).fold(t).below(choices.max(1));
                if choice < edges {
                    moving.push(lane);
                    actions.push(masks.select(i, choice));
                }
            }
            sim.step(moving, actions);
            std::mem::swap(live, moving);
        }
        scorer.log_reward(&**sim, all, log_reward)?;
        found(Found { sim: &**sim, lanes: all, log_reward });
        let n = all.len() as u64;
        Ok(Spent { transitions, objects: n, reward_calls: n })
    }

    fn policy(&mut self, space: &Exact) -> Option<ForwardPolicy> {
        Some(ForwardPolicy::uniform(space.graph()))
    }
}
