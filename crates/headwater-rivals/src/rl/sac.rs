//! Discrete soft actor-critic: a policy, two values of edges that check each other, and a temperature that keeps the
//! entropy up.

use std::slice;

use headwater_core::settings::{AutoReal, Schedule, settings};
use headwater_core::{BackwardHead, Entry, Estimator, Floats, Heads, Needs, Regression, Settings};
use headwater_exact::ForwardPolicy;
use headwater_nn::{Adam, Pool};
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
    /// Settings of the soft actor-critic.
    pub struct Config {
        /// Trajectories of a round.
        batch: usize = "16", Kind::Int { min: 1, max: 1 << 20 };
        /// Learning rate of policy, values and temperature; one step of a schedule is a round.
        lr: Schedule = "0.001", Kind::Schedule { min: 0.0, max: 1000.0 };
        /// Transitions kept to be learned from again; 0 to learn from every transition of the last batch, and only those,
        /// as the code of the first GFlowNet paper does.
        replay: usize = "100000", Kind::Int { min: 0, max: 1 << 30 };
        /// Transitions drawn from them for an update.
        minibatch: usize = "256", Kind::Int { min: 1, max: 1 << 20 };
        /// Updates in a round.
        updates: u64 = "1", Kind::Int { min: 1, max: 1000 };
        /// How far the target networks move towards the learned ones after every update.
        target_rate: f64 = "0.005", Kind::Real { min: 0.0, max: 1.0 };
        /// Regression loss of temporal differences.
        loss: Regression = "\"squared\"", Kind::Choice(Regression::NAMES);
        /// Temperature α, the weight of the entropy: a number, or `auto` to learn it.
        alpha: AutoReal = "\"auto\"", Kind::AutoReal;
        /// The entropy that a learned temperature aims at, as a fraction of the largest possible, the log of the number of
        /// valid edges.
        entropy: f64 = "0.98", Kind::Real { min: 0.0, max: 1.0 };
        /// What is paid: `reward`, that is R(x) at the end, `log-reward`, or `corrected`, that is log R(x) at the end and
        /// log P_B(s | s′) along each edge.
        payoff: Payoff = "\"reward\"", Kind::Choice(Payoff::NAMES);
        /// Largest Euclidean norm of a gradient; 0 for no limit.
        max_norm: f64 = "0.0", Kind::Real { min: 0.0, max: f64::MAX };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "sac",
        summary: "discrete soft actor-critic with twin values, target networks and a learned temperature",
        formula: "Q_i ← c + Σ π (min Q̄_j − α log π)(s′),   π: min Σ π (α log π − min Q_j),   α: H(π) → 0.98 log n",
        reference: "Christodoulou 2019, arXiv:1910.07207; as in arXiv:2106.04399",
        fields: Config::FIELDS,
    },
    samples_target: false,
    build: |values, arena| Ok(Box::new(Sac::new(Config::read(values), arena))),
};

/// One of the twins.
struct Critic {
    online: Learner,
    target: Box<dyn Estimator>,
    values: Outputs,
    next_values: Outputs,
}

impl Critic {
    fn new(online: Box<dyn Estimator>, mut target: Box<dyn Estimator>) -> Self {
        td::approach(&mut *target, &*online, 1.0);
        let (values, next_values) = (Outputs::default(), Outputs::default());
        Self { online: Learner::new(online), target, values, next_values }
    }
}

/// α = e^x; x is learned by Adam where it is not fixed.
struct Temperature {
    log_alpha: Floats,
    grads: Floats,
    adam: Adam,
    fixed: Option<f64>,
}

impl Temperature {
    fn new(fixed: Option<f64>) -> Self {
        // One number, in a vector as wide as kernels like them.
        const WIDE: usize = 16;
        Self { log_alpha: Floats::zeros(WIDE), grads: Floats::zeros(WIDE), adam: Adam::new(WIDE), fixed }
    }

    fn alpha(&self) -> f64 {
        self.fixed.unwrap_or_else(|| f64::from(self.log_alpha[0]).exp())
    }

    /// Descends α (H − H̄), where the policy's entropy is `excess` above what is aimed at.
    fn learn(&mut self, pool: &Pool, excess: f64, rate: f64) {
        if self.fixed.is_none() && excess.is_finite() {
            self.grads[0] = (self.alpha() * excess) as f32;
            self.adam.update(pool, &mut self.log_alpha, &self.grads, rate, 1.0, 0.0);
        }
    }
}

struct Sac {
    config: Config,
    actor: Actor,
    experience: Experience,
    policy: Learner,
    critics: [Critic; 2],
    temperature: Temperature,
    payer: Payer,
    replay: Replay,
    batch: Minibatch,
    choices: Outputs,
    next_choices: Outputs,
    /// Per source: its share of the minibatch.
    shares: Vec<f64>,
    smaller: Vec<f32>,
    next_values: Vec<f64>,
    predictions: Vec<f64>,
    targets: Vec<f64>,
    slopes: Vec<f64>,
}

impl Sac {
    fn new(config: Config, arena: Arena) -> Self {
        let spec = arena.sim.spec();
        let heads = Heads::new(spec.n_actions, BackwardHead::None, false);
        let (replay, batch) = (Replay::new(spec, config.replay, config.batch), Minibatch::new(spec));
        let looks = Looks { needs: Needs { backward: true, ..Needs::default() }, ..Looks::default() };
        let experience = Experience::new(spec, looks);
        let (actor, nets) = Actor::new(arena, config.batch, &[heads; 5]);
        let mut nets = nets.into_iter();
        let mut net = || nets.next().expect("there are five networks");
        let temperature = Temperature::new(config.alpha.0);
        Self {
            payer: Payer::new(config.payoff, temperature.alpha()),
            actor,
            experience,
            policy: Learner::new(net()),
            critics: [Critic::new(net(), net()), Critic::new(net(), net())],
            temperature,
            replay,
            batch,
            choices: Outputs::default(),
            next_choices: Outputs::default(),
            shares: Vec::new(),
            smaller: Vec::new(),
            next_values: Vec::new(),
            predictions: Vec::new(),
            targets: Vec::new(),
            slopes: Vec::new(),
            config,
        }
    }

    /// Evaluates all five networks.
    fn look(&mut self) {
        let Self { policy, critics, batch, choices, next_choices, .. } = self;
        choices.evaluate(&*policy.net, &batch.sources);
        next_choices.evaluate(&*policy.net, &batch.nexts);
        for critic in critics {
            critic.values.evaluate(&*critic.online.net, &batch.sources);
            critic.next_values.evaluate(&*critic.target, &batch.nexts);
        }
    }

    /// What both critics are to predict: c + V(s′).
    fn aim(&mut self) {
        let Self { critics, temperature, batch, next_choices, smaller, next_values, targets, .. } = self;
        let alpha = temperature.alpha();
        next_values.clear();
        for s in 0..batch.nexts.len() as u32 {
            least(critics.each_ref().map(|c| c.next_values.logits(s)), smaller);
            next_values.push(next_choices.choice(&batch.nexts, s).value(smaller, alpha));
        }
        targets.clear();
        targets.extend(
            batch.transitions.iter().map(|t| t.payoff + t.to.map_or(0.0, |to| next_values[to as usize])),
        );
    }

    /// The gradient of both critics, and their step.
    fn criticise(&mut self, rate: f64) {
        let Self { config, actor, critics, batch, predictions, targets, slopes, .. } = self;
        for Critic { online, values, .. } in critics {
            predictions.clear();
            predictions.extend(batch.transitions.iter().map(|t| values.logit(t.from, t.action)));
            td::loss(predictions, targets, |_| 0.5, config.loss, slopes);
            values.level();
            for (t, &slope) in batch.transitions.iter().zip(&*slopes) {
                values.slopes(t.from)[t.action as usize] += slope as f32;
            }
            values.differentiate(&mut *online.net, &batch.sources, &mut online.grads);
            online.step(&actor.pool, rate, config.max_norm);
        }
    }

    /// The gradient of the policy and of the temperature, and their step. Values are those before the critics' step.
    fn improve(&mut self, rate: f64) {
        let Self { config, actor, policy, critics, temperature, batch, choices, shares, smaller, .. } = self;
        shares.clear();
        shares.resize(batch.sources.len(), 0.0);
        let share = 1.0 / batch.transitions.len() as f64;
        batch.transitions.iter().for_each(|t| shares[t.from as usize] += share);
        let (alpha, mut excess) = (temperature.alpha(), 0.0);
        choices.level();
        for (s, &share) in (0..).zip(&*shares) {
            least(critics.each_ref().map(|c| c.values.logits(s)), smaller);
            let (choice, slopes) = choices.choice_and_slopes(&batch.sources, s);
            choice.descend(smaller, alpha, share, slopes);
            let aim = config.entropy * f64::from(batch.sources.masks().count(s as usize)).ln();
            excess += share * (choice.entropy() - aim);
        }
        choices.differentiate(&mut *policy.net, &batch.sources, &mut policy.grads);
        policy.step(&actor.pool, rate, config.max_norm);
        temperature.learn(&actor.pool, excess, rate);
    }

    fn learn(&mut self, rate: f64) {
        self.look();
        self.aim();
        self.criticise(rate);
        self.improve(rate);
        for Critic { online, target, .. } in &mut self.critics {
            td::approach(&mut **target, &*online.net, self.config.target_rate);
        }
    }
}

/// Entry by entry the smaller of the two.
fn least([a, b]: [&[f32]; 2], out: &mut Vec<f32>) {
    out.clear();
    out.extend(a.iter().zip(b).map(|(a, b)| a.min(*b)));
}

impl Method for Sac {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let part = slice::from_mut(&mut self.experience);
        let spent = self.actor.act(&*self.policy.net, Behaviour::ON_POLICY, part, found)?;
        self.replay.add(&self.experience, self.payer.pay(self.experience.rows()));
        let rate = self.config.lr.at(self.actor.round());
        for update in 0..self.config.updates {
            let key = self.actor.key().fold(update);
            self.replay.draw(self.config.minibatch, key, &mut self.batch);
            self.learn(rate);
        }
        self.actor.next();
        Ok(spent)
    }

    fn policy(&mut self, space: &Exact) -> Option<ForwardPolicy> {
        Some(self.actor.policy(&*self.policy.net, space))
    }
}
