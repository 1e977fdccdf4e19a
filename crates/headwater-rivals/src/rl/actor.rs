//! What every learner acts with: lanes of an environment, its reward, and trajectories by a network's policy.

use std::sync::Arc;

use headwater_core::{Estimator, Heads, Key, Simulator};
use headwater_exact::ForwardPolicy;
use headwater_nn::Pool;
use headwater_rewards::{RewardError, Scorer};
use headwater_train::{Backward, Behaviour, Exact, Experience, PolicyView};

use crate::{Arena, Found, Spent};

/// Acts by the policy of a network, one batch a round.
pub(super) struct Actor {
    pub sim: Box<dyn Simulator>,
    pub scorer: Scorer,
    pub pool: Arc<Pool>,
    pub backward: Backward,
    batch: usize,
    lanes: Vec<u32>,
    key: Key,
    round: u64,
}

impl Actor {
    /// An actor of `batch` trajectories a round, and networks with the heads of `heads`, each with a key of its own.
    pub fn new(arena: Arena, batch: usize, heads: &[Heads]) -> (Self, Vec<Box<dyn Estimator>>) {
        let Arena { sim, scorer, exact: _, network, pool, key } = arena;
        let nets = heads.iter().zip(0..).map(|(&heads, i)| network(heads, key.fold(0).fold(i))).collect();
        let actor = Self {
            sim,
            scorer,
            pool,
            backward: Backward::Uniform,
            batch,
            lanes: Vec::new(),
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

    /// One batch by the policy of `net`, handed over; it stays in `parts`, in shares that differ by one trajectory at
    /// most. The trajectories are the same, however many parts there are.
    pub fn act(
        &mut self,
        net: &dyn Estimator,
        how: Behaviour,
        parts: &mut [Experience],
        found: &mut dyn FnMut(Found<'_>),
    ) -> Result<Spent, RewardError> {
        let key = self.key.fold(self.round).fold(0);
        let mut spent = Spent::default();
        let n = parts.len();
        for (i, part) in parts.iter_mut().enumerate() {
            let (first, end) = (i * self.batch / n, (i + 1) * self.batch / n);
            self.lanes.clear();
            self.lanes.extend(0..(end - first) as u32);
            let mut view = PolicyView::new(&mut *self.sim, &mut self.scorer, net, &self.backward, &self.pool);
            part.roll(&mut view, first as u64..end as u64, how, key)?;
            let rows = part.rows();
            found(Found { sim: &*self.sim, lanes: &self.lanes, log_reward: &rows.log_reward });
            let objects = self.lanes.len() as u64;
            spent += Spent { transitions: rows.rows() as u64, objects, reward_calls: objects };
        }
        Ok(spent)
    }

    /// Looks at what was acted again under the present parameters of `net`.
    pub fn refresh(&mut self, part: &mut Experience, net: &dyn Estimator) {
        let view = PolicyView::new(&mut *self.sim, &mut self.scorer, net, &self.backward, &self.pool);
        part.refresh(&view);
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
