//! What every learner acts with: lanes of an environment, its reward, and trajectories by a network's policy.

use std::sync::Arc;

use headwater_core::{Estimator, Heads, Key, Simulator};
use headwater_exact::ForwardPolicy;
use headwater_nn::Pool;
use headwater_rewards::{RewardError, Scorer};
use headwater_train::{Backward, Behaviour, Exact, Experience, Looks, PolicyView};

use crate::{Arena, Found, Spent};

/// Acts by the policy of a network, one batch a round.
pub(super) struct Actor {
    pub sim: Box<dyn Simulator>,
    pub scorer: Scorer,
    pub pool: Arc<Pool>,
    pub backward: Backward,
    pub experience: Experience,
    lanes: Vec<u32>,
    key: Key,
    round: u64,
}

impl Actor {
    /// An actor of `batch` lanes, and networks with the heads of `heads`, each with a key of its own.
    pub fn new(arena: Arena, looks: Looks, batch: usize, heads: &[Heads]) -> (Self, Vec<Box<dyn Estimator>>) {
        let Arena { sim, scorer, exact: _, network, pool, key } = arena;
        let nets = heads.iter().zip(0..).map(|(&heads, i)| network(heads, key.fold(0).fold(i))).collect();
        let actor = Self {
            experience: Experience::new(sim.spec(), looks),
            sim,
            scorer,
            pool,
            backward: Backward::Uniform,
            lanes: (0..batch as u32).collect(),
            key: key.fold(1),
            round: 0,
        };
        (actor, nets)
    }

    /// Number of the round that comes next, counted from zero.
    pub fn round(&self) -> u64 {
        self.round
    }

    /// The key of the draws that the current round makes besides acting.
    pub fn key(&self) -> Key {
        self.key.fold(self.round).fold(1)
    }

    /// One batch by the policy of `net`, handed over; it stays in `experience`.
    pub fn act(
        &mut self,
        net: &dyn Estimator,
        how: Behaviour,
        found: &mut dyn FnMut(Found<'_>),
    ) -> Result<Spent, RewardError> {
        let key = self.key.fold(self.round).fold(0);
        let mut view = PolicyView::new(&mut *self.sim, &mut self.scorer, net, &self.backward, &self.pool);
        self.experience.roll(&mut view, self.lanes.len(), how, key)?;
        let rows = self.experience.rows();
        found(Found { sim: &*self.sim, lanes: &self.lanes, log_reward: &rows.log_reward });
        let objects = self.lanes.len() as u64;
        Ok(Spent { transitions: rows.rows() as u64, objects, reward_calls: objects })
    }

    /// Looks at the batch again under the present parameters of `net`.
    pub fn refresh(&mut self, net: &dyn Estimator) {
        let view = PolicyView::new(&mut *self.sim, &mut self.scorer, net, &self.backward, &self.pool);
        self.experience.refresh(&view);
    }

    /// Ends the round.
    pub fn next(&mut self) {
        self.round += 1;
    }

    /// The policy of `net` on every edge of a space.
    pub fn policy(&mut self, net: &dyn Estimator, space: &Exact) -> ForwardPolicy {
        let mut view = PolicyView::new(&mut *self.sim, &mut self.scorer, net, &self.backward, &self.pool);
        space.policies(&mut view).forward
    }
}
