//! Soft deep Q-learning, and Munchausen's: logits are soft values of edges, learned from each other, and sample the
//! target.
//!
//! With log P_B paid along the edges, log R at the end, no discount and an entropy of weight one, the optimal soft value
//! of an edge is its log flow, and that of a state is log F(s) (arXiv:2310.12934).

use std::slice;

use headwater_core::settings::{Schedule, settings};
use headwater_core::{BackwardHead, Entry, Estimator, Heads, Needs, Regression, Settings};
use headwater_exact::ForwardPolicy;
use headwater_rewards::RewardError;
use headwater_train::{Behaviour, Exact, Experience, Looks};

use super::Payoff;
use super::actor::Actor;
use super::learner::Learner;
use super::outputs::Outputs;
use super::payoff::Payer;
use super::replay::{Minibatch, Replay};
use super::td;
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of soft deep Q-learning.
    pub struct Config {
        /// Trajectories of a round.
        batch: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Learning rate; one step of a schedule is a round.
        lr: Schedule = "0.001", Kind::Schedule { min: 0.0, max: 1000.0 };
        /// Transitions kept to be learned from again; 0 to learn from every transition of the last batch, and only those.
        replay: usize = "100000", Kind::Int { min: 0, max: 1 << 30 };
        /// Transitions drawn from them for an update.
        minibatch: usize = "256", Kind::Int { min: 1, max: 1 << 20 };
        /// Updates in a round.
        updates: u64 = "1", Kind::Int { min: 1, max: 1000 };
        /// Updates between moves of the target network.
        target_every: u64 = "1", Kind::Int { min: 1, max: 1_000_000_000 };
        /// How far the target network moves towards the learned one; 1 for a copy.
        target_rate: f64 = "0.25", Kind::Real { min: 0.0, max: 1.0 };
        /// Regression loss of temporal differences.
        loss: Regression = "\"huber\"", Kind::Choice(Regression::NAMES);
        /// Weight of transitions that end a trajectory; the others weigh one.
        leaf: f64 = "5.0", Kind::Real { min: 0.0, max: 1e6 };
        /// Weight α of Munchausen's term, which adds α log π(a | s) of the target network to every payoff: 0 for none, and
        /// 0.15 is usual. The temperature is raised to 1/(1 − α), so that the same policy is optimal.
        munchausen: f64 = "0.0", Kind::Real { min: 0.0, max: 0.99 };
        /// The least that log π counts for in Munchausen's term.
        munchausen_floor: f64 = "-25.0", Kind::Real { min: -1e6, max: 0.0 };
        /// Probability that an action is drawn uniformly from the valid ones; one step of a schedule is a round.
        epsilon: Schedule = "0.0", Kind::Schedule { min: 0.0, max: 1.0 };
        /// What is paid: `corrected`, that is log R(x) at the end and log P_B(s | s′) along each edge, `log-reward`, or
        /// `reward`. Only the first leads to the target.
        payoff: Payoff = "\"corrected\"", Kind::Choice(Payoff::NAMES);
        /// Largest Euclidean norm of a gradient; 0 for no limit.
        max_norm: f64 = "0.0", Kind::Real { min: 0.0, max: f64::MAX };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "soft-dqn",
        summary: "soft deep Q-learning with log P_B along the edges and a target network; Munchausen's on demand",
        formula: "Q(s, s′) ← log P_B(s | s′) + log Σ exp Q̄(s′, ·),   Q(x, stop) ← log R(x),   P_F = softmax Q",
        reference: "Tiapkin et al. 2024, arXiv:2310.12934; Vieillard et al. 2020, arXiv:2007.14430",
        fields: Config::FIELDS,
    },
    samples_target: true,
    build: |values, arena| Ok(Box::new(SoftDqn::new(Config::read(values), arena))),
};

struct SoftDqn {
    config: Config,
    actor: Actor,
    experience: Experience,
    online: Learner,
    target: Box<dyn Estimator>,
    updates: u64,
    payer: Payer,
    replay: Replay,
    batch: Minibatch,
    values: Outputs,
    next_values: Outputs,
    /// The target network on the sources, for Munchausen's term.
    old_values: Outputs,
    predictions: Vec<f64>,
    targets: Vec<f64>,
    slopes: Vec<f64>,
}

impl SoftDqn {
    fn new(config: Config, arena: Arena) -> Self {
        let spec = arena.sim.spec();
        let heads = Heads::new(spec.n_actions, BackwardHead::None, false);
        let (replay, batch) = (Replay::new(spec, config.replay, config.batch), Minibatch::new(spec));
        let looks = Looks { needs: Needs { backward: true, ..Needs::default() }, ..Looks::default() };
        let experience = Experience::new(spec, looks);
        let (actor, mut nets) = Actor::new(arena, config.batch, &[heads; 2]);
        let (mut target, online) = (nets.remove(1), nets.remove(0));
        td::approach(&mut *target, &*online, 1.0);
        Self {
            actor,
            experience,
            online: Learner::new(online),
            target,
            updates: 0,
            payer: Payer::new(config.payoff, 1.0),
            replay,
            batch,
            values: Outputs::default(),
            next_values: Outputs::default(),
            old_values: Outputs::default(),
            predictions: Vec::new(),
            targets: Vec::new(),
            slopes: Vec::new(),
            config,
        }
    }

    /// Targets of the logits, which are values in units of the temperature τ = 1/(1 − α):
    ///
    /// ```text
    /// y = (1 − α) c + log Σ exp ℓ̄(s′, ·) + α max(log π̄(a | s), floor)
    /// ```
    fn aim(&mut self) {
        let Self { config, target, batch, values, next_values, old_values, predictions, targets, .. } = self;
        let (alpha, floor) = (config.munchausen, config.munchausen_floor);
        values.evaluate(&*self.online.net, &batch.sources);
        next_values.evaluate(&**target, &batch.nexts);
        if alpha > 0.0 {
            old_values.evaluate(&**target, &batch.sources);
        }
        predictions.clear();
        predictions.extend(batch.transitions.iter().map(|t| values.logit(t.from, t.action)));
        targets.clear();
        targets.extend(batch.transitions.iter().map(|t| {
            let bonus = if alpha > 0.0 {
                alpha * (old_values.logit(t.from, t.action) - old_values.lse(t.from)).max(floor)
            } else {
                0.0
            };
            (1.0 - alpha) * t.payoff + t.to.map_or(0.0, |to| next_values.lse(to)) + bonus
        }));
    }

    fn learn(&mut self, rate: f64) {
        self.aim();
        let Self { config, actor, online, target, batch, values, predictions, targets, slopes, .. } = self;
        let weight = |i: usize| if batch.transitions[i].to.is_none() { config.leaf } else { 1.0 };
        td::loss(predictions, targets, weight, config.loss, slopes);
        values.level();
        for (t, &slope) in batch.transitions.iter().zip(&*slopes) {
            values.slopes(t.from)[t.action as usize] += slope as f32;
        }
        values.differentiate(&mut *online.net, &batch.sources, &mut online.grads);
        online.step(&actor.pool, rate, config.max_norm);
        self.updates += 1;
        if self.updates.is_multiple_of(config.target_every) {
            td::approach(&mut **target, &*online.net, config.target_rate);
        }
    }
}

impl Method for SoftDqn {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let round = self.actor.round();
        let how = Behaviour { epsilon: self.config.epsilon.at(round), ..Behaviour::ON_POLICY };
        let part = slice::from_mut(&mut self.experience);
        let spent = self.actor.act(&*self.online.net, how, part, found)?;
        self.replay.add(&self.experience, self.payer.pay(self.experience.rows()));
        for update in 0..self.config.updates {
            let key = self.actor.key().fold(update);
            self.replay.draw(self.config.minibatch, key, &mut self.batch);
            self.learn(self.config.lr.at(round));
        }
        self.actor.next();
        Ok(spent)
    }

    fn policy(&mut self, space: &Exact) -> Option<ForwardPolicy> {
        Some(self.actor.policy(&*self.online.net, space))
    }
}
