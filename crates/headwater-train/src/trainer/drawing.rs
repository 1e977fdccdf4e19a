//! How the trainer comes to a batch: drawn and scored at once, or sent off for its scores and walked again later.

use headwater_rewards::RewardError;

use super::Trainer;
use crate::batch::{Batch, Wants};
use crate::flight::Trajectories;
use crate::phases::Phase;
use crate::rollout::{Acting, Behaviour, Draw, Roller};

impl Trainer {
    /// Draws the batch of the next update by the policy as it is now, with its rewards, and replays.
    pub(super) fn draw(&mut self) -> Result<(), RewardError> {
        let draw = self.deal(self.step, self.config.replay, self.config.given());
        let (mut acting, roller, batch) = self.moving();
        roller.roll(&mut acting, &draw, batch)
    }

    /// Draws batches until `train.lag` of them are on their way behind the next, and asks for their scores.
    pub(super) fn take_off(&mut self) -> Result<(), RewardError> {
        // The rewards of states on the way are read when the batch is walked again, and so are asked for only then.
        let wants = self.batch.states.wants();
        self.batch.states.set_wants(Wants { state_reward: false, ..wants });
        let departed = self.depart();
        self.batch.states.set_wants(wants);
        departed?;
        self.flights.post(&mut *self.sim, &mut self.scorer)
    }

    /// Draws batches until `train.lag` of them are on their way behind the next.
    fn depart(&mut self) -> Result<(), RewardError> {
        while self.flights.len() as u64 <= self.config.lag {
            let number = self.step + self.flights.len() as u64;
            if number >= self.config.steps && self.flights.len() > 0 {
                break;
            }
            let draw = self.deal(number, 0, self.config.given());
            let (mut acting, roller, batch) = self.moving();
            roller.walk_only(&mut acting, &draw, batch)?;
            self.flights.depart(Trajectories::of(&self.batch, &self.given.dealt));
        }
        Ok(())
    }

    /// Waits for the scores of the oldest batch, and walks its trajectories again, now with the policy as it is now,
    /// and with replays beside them.
    pub(super) fn arrive(&mut self) -> Result<(), RewardError> {
        let mut scores = vec![f64::NAN; self.config.batch];
        self.flights.fetch(&mut self.scorer, &mut scores)?;
        self.watch.lap(Phase::Reward);
        let Trajectories { dealt, actions } = self.flights.first().cloned().unwrap_or_default();
        let draw = Draw { follow: Some(&actions), ..self.deal(self.step, self.config.replay, 0) };
        let (mut acting, roller, batch) = self.moving();
        roller.walk_only(&mut acting, &draw, batch)?;
        self.given.dealt = dealt;
        let flown: Vec<u32> = (draw.known as u32..draw.lanes as u32).collect();
        self.scorer.finish(&*self.sim, &flown, &mut scores)?;
        self.batch.log_reward[draw.known..].copy_from_slice(&scores);
        Ok(())
    }

    /// Puts `replayed` objects found before into the first lanes, as far as there are any, and `given` ones of the data
    /// into the next; says how the batch of update `step` is drawn from there.
    fn deal(&mut self, step: u64, replayed: usize, given: usize) -> Draw<'static> {
        let key = self.key.fold(step);
        self.sim.reset(replayed + self.config.batch);
        self.given.deal(&mut *self.sim, replayed, given, key);
        let known = self.given.replayed();
        let how = Behaviour {
            epsilon: self.config.epsilon.at(step),
            temperature: self.config.temperature.at(step),
        };
        let lanes = known + self.config.batch;
        Draw { lanes, given: self.given.lanes(), known, first: 0, how, key, follow: None }
    }

    /// What moves, and where to.
    fn moving(&mut self) -> (Acting<'_>, &mut Roller, &mut Batch) {
        let acting = Acting {
            sim: &mut *self.sim,
            net: &*self.estimator,
            backward: &self.backward,
            scorer: &mut self.scorer,
            pool: &self.pool,
            watch: &mut self.watch,
        };
        (acting, &mut self.roller, &mut self.batch)
    }
}
