//! The exact sampler: independent draws from R(x)/Z, where the space can be enumerated. What the others can hope for.

use std::sync::Arc;

use headwater_core::settings::settings;
use headwater_core::{Entry, Key, SettingError, Settings};
use headwater_exact::ForwardPolicy;
use headwater_rewards::RewardError;
use headwater_train::Exact;

use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of the exact sampler.
    pub struct Config {
        /// Objects drawn in a round.
        batch: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "exact",
        summary: "independent draws from the target, for spaces that can be enumerated",
        formula: "x ~ R(x)/Z",
        reference: "enumeration",
        fields: Config::FIELDS,
    },
    samples_target: true,
    build: |values, arena| Ok(Box::new(ExactSampler::new(&Config::read(values), arena)?)),
};

struct ExactSampler {
    space: Arc<Exact>,
    /// Objects by state number, and the probability of each and all before it.
    objects: Vec<u32>,
    up_to: Vec<f64>,
    key: Key,
    round: u64,
    lanes: Vec<u32>,
    log_reward: Vec<f64>,
}

impl ExactSampler {
    fn new(config: &Config, arena: Arena) -> Result<Self, SettingError> {
        let space = arena.exact.ok_or_else(|| {
            SettingError::at("kind", "`exact` samples from an enumerated space, and this one is too large")
        })?;
        let objects: Vec<u32> = space.graph().objects().map(|s| s as u32).collect();
        let mut sum = 0.0;
        let up_to = objects.iter().map(|&s| {
            sum += space.log_target()[s as usize].exp();
            sum
        });
        Ok(Self {
            up_to: up_to.collect(),
            objects,
            space,
            key: arena.key,
            round: 0,
            lanes: vec![0; config.batch],
            log_reward: vec![0.0; config.batch],
        })
    }
}

impl Method for ExactSampler {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let key = self.key.fold(self.round);
        let total = self.up_to.last().copied().unwrap_or(0.0);
        for (i, (lane, log_reward)) in self.lanes.iter_mut().zip(&mut self.log_reward).enumerate() {
            let u = key.fold(i as u64).unit() * total;
            let at = self.up_to.partition_point(|&sum| sum <= u).min(self.objects.len() - 1);
            *lane = self.objects[at];
            *log_reward = self.space.log_reward()[*lane as usize];
        }
        self.round += 1;
        let n = self.lanes.len() as u64;
        found(Found { sim: self.space.graph().sim(), lanes: &self.lanes, log_reward: &self.log_reward });
        Ok(Spent { transitions: 0, objects: n, reward_calls: n })
    }

    fn policy(&mut self, space: &Exact) -> Option<ForwardPolicy> {
        let g = space.graph();
        let backward = headwater_exact::uniform_backward(g);
        Some(headwater_exact::flow(g, space.log_reward(), &backward).forward_policy(g))
    }
}
