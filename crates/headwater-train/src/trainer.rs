//! The trainer: one update is acting, scoring, judging and learning; not generic, and a function of (state, key).

mod drawing;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use headwater_core::{
    Estimator, Floats, Grads, Key, Needs, Objective, Params, Regression, Scored, Simulator, Stop,
};
use headwater_nn::{Adam, Pool, norm};
use headwater_rewards::{Asking, Oracle, RewardError, Scorer};

use crate::backward::Backward;
use crate::batch::{Batch, Wants};
use crate::flight::{Flights, Trajectories};
use crate::given::Given;
use crate::judge::{self, Pulled};
use crate::phases::{Phase, Stopwatch};
use crate::replay::{Kept, Replay};
use crate::rollout::{Acting, Roller};
use crate::settings::{Optimizer, TrainConfig};

/// Everything that a trainer is made of.
pub struct Parts {
    /// The environment.
    pub sim: Box<dyn Simulator>,
    /// Its reward.
    pub scorer: Scorer,
    /// The network or table.
    pub estimator: Box<dyn Estimator>,
    /// The backward policy.
    pub backward: Backward,
    /// The objective.
    pub objective: Box<dyn Objective>,
    /// The loss applied to its residuals.
    pub regression: Regression,
    /// log R from which on an object counts as a mode, if known.
    pub mode_log_reward: Option<f64>,
    /// The threads that work; their number changes no bit of the results.
    pub pool: Arc<Pool>,
}

/// Everything that an update changes; a checkpoint is this and nothing more.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainState {
    /// Updates made.
    pub step: u64,
    /// The estimator's parameters.
    pub params: Params,
    /// Their optimiser.
    pub adam: Adam,
    /// log Z, or the scale of flows; `None` before the first update if it is to be estimated.
    pub log_z: Option<f64>,
    /// Its optimiser: mean and mean square of its gradient.
    pub log_z_moments: [f64; 2],
    /// Trajectories seen.
    pub trajectories: u64,
    /// States visited, the edges trained on.
    pub transitions: u64,
    /// See [`Trainer::reward_calls`].
    pub reward_calls: u64,
    /// Texts of the distinct modes found, sorted.
    pub modes: Vec<Arc<str>>,
    /// Batches whose scores are under way, oldest first; see `train.lag`.
    pub flights: Vec<Trajectories>,
    /// Objects kept for replay.
    pub kept: Kept,
}

/// What an update says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepReport {
    /// Number of the update, counted from 1.
    pub step: u64,
    /// Mean regression loss.
    pub loss: f64,
    /// Root mean square of the residuals, in nats.
    pub residual_rms: f64,
    /// log Z or the scale of flows after the update.
    pub log_z: f64,
    /// Mean length of the trajectories, in edges, stop edges not counted.
    pub mean_len: f64,
    /// Mean log R of the objects.
    pub log_reward_mean: f64,
    /// Euclidean norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Distinct states among those visited.
    pub distinct_states: u64,
    /// Rows that the network evaluated: states with something to decide.
    pub evaluated_rows: u64,
    /// States visited in this update, the edges trained on.
    pub transitions: u64,
    /// Trajectories in this update.
    pub trajectories: u64,
    /// Distinct states whose reward the objective reads, unfinished or not; 0 where it reads those of objects alone.
    pub state_rewards: u64,
}

/// Why an update was not made. The trainer's state is what it was before.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A reward could not be had.
    #[error(transparent)]
    Reward(#[from] RewardError),
    /// Loss or gradient is not a number, or infinite.
    #[error(
        "{what} is {value} at step {step}; log Z is {log_z:.4}, the largest residual belongs to `{object}`"
    )]
    NotFinite {
        /// `the loss` or `the gradient's norm`.
        what: &'static str,
        /// The value.
        value: f64,
        /// The update, counted from 1.
        step: u64,
        /// log Z before it.
        log_z: f64,
        /// The object of the trajectory with the largest or first non-finite residual.
        object: String,
    },
}

/// Trains a policy; see the crate's documentation for how an update goes.
pub struct Trainer {
    /// Its lanes are those of updates alone.
    sim: Box<dyn Simulator>,
    /// A fork of it for everything else: policies that are looked at, checkpoints that are checked.
    aside: Box<dyn Simulator>,
    scorer: Scorer,
    estimator: Box<dyn Estimator>,
    backward: Backward,
    objective: Box<dyn Objective>,
    needs: Needs,
    regression: Regression,
    config: TrainConfig,
    key: Key,
    mode_log_reward: Option<f64>,
    /// What trajectories are drawn back from; its replay is state.
    given: Given,
    // State.
    flights: Flights,
    step: u64,
    adam: Adam,
    log_z: Option<f64>,
    log_z_moments: [f64; 2],
    trajectories: u64,
    transitions: u64,
    reward_calls: u64,
    modes: HashSet<Arc<str>>,
    // Workspace.
    roller: Roller,
    batch: Batch,
    /// Lanes of the last update's forward trajectories.
    found: Range<u32>,
    rows: Scored,
    grads: Grads,
    pulled: Pulled,
    param_grads: Floats,
    text: String,
    pool: Arc<Pool>,
    watch: Stopwatch,
}

/// What an objective wants of a batch.
pub(crate) fn wants(needs: Needs) -> Wants {
    Wants {
        state_reward: needs.state_reward,
        parents: needs.inflow,
        every_state: needs.inflow || needs.flow,
        tape: true,
    }
}

impl Trainer {
    /// A trainer before its first update. Draws come from `key` alone.
    ///
    /// # Panics
    /// If the estimator lacks a head that the objective or the backward policy reads, or has backward logits that no
    /// backward policy reads.
    pub fn new(parts: Parts, config: &TrainConfig, key: Key) -> Self {
        let Parts { sim, scorer, estimator, backward, objective, regression, mode_log_reward, pool } = parts;
        let needs = objective.needs();
        let heads = estimator.heads();
        let learned = matches!(backward, Backward::Learned);
        assert_eq!(heads.backward.is_some(), learned, "backward logits go with a learned backward policy");
        assert!(heads.flow.is_some() || !needs.flow, "an objective of flows goes with a flow head");
        let n = estimator.params().data.len();
        Self {
            batch: Batch::new(sim.spec(), wants(needs)),
            aside: sim.fork(),
            sim,
            scorer: if config.lag > 0 { scorer.ahead() } else { scorer },
            backward,
            objective,
            needs,
            regression,
            config: config.clone(),
            key,
            mode_log_reward,
            given: Given::new(Replay::new(config.replay_capacity, config.replay_power)),
            flights: Flights::default(),
            step: 0,
            adam: Adam::new(n),
            log_z: config.log_z_init.0,
            log_z_moments: [0.0; 2],
            trajectories: 0,
            transitions: 0,
            reward_calls: 0,
            modes: HashSet::new(),
            roller: Roller::default(),
            found: 0..0,
            rows: Scored::default(),
            grads: Grads::default(),
            pulled: Pulled::default(),
            param_grads: Floats::zeros(n),
            text: String::new(),
            pool,
            watch: Stopwatch::default(),
            estimator,
        }
    }

    /// Draws a share of every batch, `train.data_share`, back by P_B from objects drawn uniformly from `objects`.
    ///
    /// # Errors
    /// With the index of the first text that names no object, and why.
    pub fn with_data(mut self, objects: Vec<String>) -> Result<Self, (usize, String)> {
        self.given.read(&mut *self.aside, objects)?;
        Ok(self)
    }

    /// Measures the phases of updates from now on.
    pub fn watch(&mut self) {
        self.watch = Stopwatch::running();
    }

    /// Time spent in each phase since [`Trainer::watch`]; zero if it was never called.
    pub fn phases(&self) -> &Stopwatch {
        &self.watch
    }

    /// The estimator, to ask for its size.
    pub fn estimator(&self) -> &dyn Estimator {
        &*self.estimator
    }

    /// Updates made so far.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Trajectories trained on so far, and the edges in them.
    pub fn seen(&self) -> (u64, u64) {
        (self.trajectories, self.transitions)
    }

    /// Number of distinct modes found so far; `None` if no threshold is known.
    pub fn modes(&self) -> Option<usize> {
        self.mode_log_reward.map(|_| self.modes.len())
    }

    /// Is the object of this text among the modes found so far?
    pub fn has_found(&self, text: &str) -> bool {
        self.modes.contains(text)
    }

    /// What the objective reads.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Objects whose score training has asked for and learned from: all trajectories but those replayed, whatever
    /// `train.lag` is. What evaluation asks for does not count, nor do [`StepReport::state_rewards`].
    pub fn reward_calls(&self) -> u64 {
        self.reward_calls
    }

    /// A simulator of the environment with its reward, without lanes.
    pub fn simulator(&self) -> Box<dyn Simulator> {
        self.sim.fork()
    }

    /// The objects of the forward trajectories of the last update made here: lanes of a simulator, and log R of each.
    /// They stay what they are until the next update begins; none if it fails.
    pub fn found(&self) -> (&dyn Simulator, Range<u32>, &[f64]) {
        let Range { start, end } = self.found;
        (&*self.sim, self.found.clone(), &self.batch.log_reward[start as usize..end as usize])
    }

    /// Says what may be asked of rewards whose scores are kept; see [`Scorer::restrict`]. To train, everything must be.
    pub fn restrict(&mut self, asking: Asking) {
        self.scorer.restrict(asking);
    }

    /// The oracle that scores come from.
    pub fn oracle(&mut self) -> &mut dyn Oracle {
        self.scorer.oracle()
    }

    /// The policy as it is now, for evaluation and sampling.
    pub fn policy(&mut self) -> PolicyView<'_> {
        PolicyView {
            sim: &mut *self.aside,
            scorer: &mut self.scorer,
            estimator: &*self.estimator,
            backward: &self.backward,
            pool: &self.pool,
            needs: self.needs,
            log_z: self.log_z.unwrap_or(0.0),
        }
    }

    /// One update: `batch` trajectories and those replayed, their rewards, the objective's gradient, one step of the
    /// optimiser.
    ///
    /// # Errors
    /// If a reward fails or the loss or its gradient is not finite; nothing has changed then.
    pub fn step(&mut self) -> Result<StepReport, StepError> {
        let step = self.step;
        self.found = 0..0;
        self.watch.begin();
        if self.config.lag == 0 {
            self.draw()?;
        } else {
            self.take_off()?;
            self.arrive()?;
        }
        let lanes = self.batch.trajectories();
        for (log_reward, known) in self.batch.log_reward.iter_mut().zip(self.given.log_rewards()) {
            *log_reward = known;
        }
        let power = self.config.reward_power.at(step);
        let log_z = match self.log_z {
            Some(log_z) => log_z,
            None => self.first_log_z(power),
        };
        let net = &*self.estimator;
        judge::score(&self.batch, self.needs, net, &self.backward, log_z, &mut self.rows);
        self.rows.raise(power);
        self.grads.zero_like(&self.rows);
        let report = self.objective.loss(&self.rows, self.regression, &mut self.grads);
        self.finite("the loss", report.loss, log_z)?;
        judge::pull(&self.batch, self.needs, net, &self.backward, &self.grads, &self.pool, &mut self.pulled);
        self.watch.lap(Phase::Objective);
        let states = &self.batch.states;
        let (inputs, slots) = (states.inputs(), states.slots());
        let (wanted, d_out, grads) = (states.wanted(), &self.pulled.d_out, &mut self.param_grads);
        self.estimator.backward(inputs, slots, wanted, d_out, &states.tape, grads);
        let grad_norm = norm(&self.param_grads);
        self.watch.lap(Phase::Backward);
        self.finite("the gradient's norm", grad_norm + self.pulled.d_log_z.abs(), log_z)?;
        self.learn(log_z, grad_norm);
        self.watch.lap(Phase::Optimise);
        self.note_found();
        self.found = self.given.lanes() as u32..lanes as u32;
        let transitions = self.batch.transitions() as u64;
        self.flights.land();
        self.step += 1;
        self.trajectories += lanes as u64;
        self.transitions += transitions;
        // A batch that was under way when a run was saved is asked for again, and counts once.
        self.reward_calls += (lanes - self.given.replayed()) as u64;
        Ok(StepReport {
            step: self.step,
            loss: report.loss,
            residual_rms: report.residual_rms,
            log_z: self.log_z.unwrap_or(0.0),
            mean_len: self.mean_len(),
            log_reward_mean: self.batch.log_reward.iter().sum::<f64>() / lanes as f64,
            grad_norm,
            distinct_states: self.batch.states.len() as u64,
            evaluated_rows: self.batch.states.slots() as u64,
            transitions,
            trajectories: lanes as u64,
            state_rewards: if self.needs.state_reward { self.batch.states.len() as u64 } else { 0 },
        })
    }

    /// The importance-weighted estimate log mean exp(log R + Σ log P_B − Σ log P_F) over the batch.
    ///
    /// Only forward trajectories have weights; where all are drawn back from data, theirs have to do.
    fn first_log_z(&mut self, power: f64) -> f64 {
        judge::score(
            &self.batch,
            Needs { backward: true, ..Needs::default() },
            &*self.estimator,
            &self.backward,
            0.0,
            &mut self.rows,
        );
        self.rows.raise(power);
        let weights = log_weights(&self.rows);
        let given = self.given.lanes();
        let weights = if given < weights.len() { &weights[given..] } else { &weights[..] };
        headwater_exact::log_sum_exp(weights.iter().copied()) - (weights.len() as f64).ln()
    }

    fn finite(&self, what: &'static str, value: f64, log_z: f64) -> Result<(), StepError> {
        if value.is_finite() {
            return Ok(());
        }
        let size = |b: &usize| {
            let log_ratio: f64 = self
                .rows
                .range(*b)
                .map(|r| self.rows.logit[r] - self.rows.lse[r] - self.rows.log_pb[r])
                .sum();
            let residual = (log_z + log_ratio - self.rows.log_reward[*b]).abs();
            if residual.is_nan() { f64::INFINITY } else { residual }
        };
        let worst = (0..self.rows.trajectories()).max_by(|a, b| size(a).total_cmp(&size(b)));
        let object = worst.map_or_else(String::new, |b| {
            self.given.object(b).map_or_else(|| self.sim.text(b as u32), str::to_owned)
        });
        Err(StepError::NotFinite { what, value, step: self.step + 1, log_z, object })
    }

    fn learn(&mut self, log_z: f64, grad_norm: f64) {
        let config = &self.config;
        let clip = if config.clip > 0.0 && grad_norm > config.clip { config.clip / grad_norm } else { 1.0 };
        let decay = match config.optimizer {
            Optimizer::Adam => 0.0,
            Optimizer::AdamW => config.weight_decay,
        };
        let rate = config.lr.at(self.step);
        let (adam, grads, pool) = (&mut self.adam, &self.param_grads, &*self.pool);
        self.estimator.update(&mut |p| adam.update(pool, &mut p.data, grads, rate, clip, decay));
        // Adam on one number, in double precision.
        let g = self.pulled.d_log_z;
        let [m, v] = &mut self.log_z_moments;
        *m = 0.9 * *m + 0.1 * g;
        *v = 0.999 * *v + 0.001 * g * g;
        let t = i32::try_from(self.adam.steps).unwrap_or(i32::MAX);
        let (mean, square) = (*m / (1.0 - 0.9f64.powi(t)), *v / (1.0 - 0.999f64.powi(t)));
        self.log_z = Some(log_z - config.lr_log_z.at(self.step) * mean / (square.sqrt() + 1e-8));
    }

    /// Notes the modes among the objects of the forward lanes, and keeps all for replay.
    fn note_found(&mut self) {
        let threshold = self.mode_log_reward.unwrap_or(f64::INFINITY);
        let replays = self.config.replay > 0;
        for (lane, &log_reward) in self.batch.log_reward.iter().enumerate().skip(self.given.lanes()) {
            if log_reward < threshold && !replays {
                continue;
            }
            self.text.clear();
            self.sim.show(lane as u32, &mut self.text);
            if log_reward >= threshold && !self.modes.contains(&*self.text) {
                self.modes.insert(Arc::from(&*self.text));
            }
            if replays {
                self.given.replay.keep(&self.text, log_reward);
            }
        }
    }

    fn mean_len(&self) -> f64 {
        let n = self.batch.trajectories();
        (0..n).map(|b| self.batch.nodes(b).len() - 1).sum::<usize>() as f64 / n as f64
    }

    /// Mean entropy of P_F per choice, in nats, over the distinct states of the last update, before it; 0 where there
    /// was no choice.
    pub fn entropy(&self) -> f64 {
        let states = &self.batch.states;
        let (mut sum, mut n) = (0.0, 0u32);
        for s in 0..states.len() as u32 {
            let choices = states.forward().count(s as usize) + u32::from(states.stop(s) == Stop::May);
            let Some(slot) = states.slot(s).filter(|_| choices > 1) else { continue };
            let policy = states.leaving(slot, self.estimator.heads());
            let p = policy.probabilities().map(|(_, p)| f64::from(p)).filter(|&p| p > 0.0);
            sum -= p.map(|p| p * p.ln()).sum::<f64>();
            n += 1;
        }
        if n == 0 { 0.0 } else { sum / f64::from(n) }
    }

    /// A copy of everything that updates change.
    pub fn state(&self) -> TrainState {
        let mut modes: Vec<Arc<str>> = self.modes.iter().cloned().collect();
        modes.sort_unstable();
        TrainState {
            step: self.step,
            params: self.estimator.params().clone(),
            adam: self.adam.clone(),
            log_z: self.log_z,
            log_z_moments: self.log_z_moments,
            trajectories: self.trajectories,
            transitions: self.transitions,
            reward_calls: self.reward_calls,
            modes,
            flights: self.flights.trajectories(),
            kept: self.given.replay.kept().clone(),
        }
    }

    /// Continues from `state` as if its updates had been made here.
    ///
    /// # Errors
    /// If the parameters are not those of this trainer's estimator, or the trajectories and objects not of its
    /// environment.
    pub fn restore(&mut self, state: TrainState) -> Result<(), StateMismatch> {
        let have = &self.estimator.params().tensors;
        if state.params.tensors != *have || state.adam.mean.len() != state.params.data.len() {
            return Err(StateMismatch);
        }
        if !self.flights.restore(state.flights, &mut *self.aside, self.config.batch) {
            return Err(StateMismatch);
        }
        if !self.given.restore(state.kept, &mut *self.aside) {
            return Err(StateMismatch);
        }
        self.estimator.update(&mut |p| p.data.copy_from_slice(&state.params.data));
        self.step = state.step;
        self.adam = state.adam;
        self.log_z = state.log_z;
        self.log_z_moments = state.log_z_moments;
        self.trajectories = state.trajectories;
        self.transitions = state.transitions;
        self.reward_calls = state.reward_calls;
        self.modes = state.modes.into_iter().collect();
        Ok(())
    }
}

/// A state whose parameters are those of another estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint's tensors are not those of this configuration's policy")]
pub struct StateMismatch;

/// A policy in its environment, borrowed from a trainer or made of its parts.
pub struct PolicyView<'a> {
    pub(crate) sim: &'a mut dyn Simulator,
    pub(crate) scorer: &'a mut Scorer,
    pub(crate) estimator: &'a dyn Estimator,
    pub(crate) backward: &'a Backward,
    pub(crate) pool: &'a Pool,
    pub(crate) needs: Needs,
    pub(crate) log_z: f64,
}

impl<'a> PolicyView<'a> {
    /// The forward policy of `estimator`, by softmax of its logits, with a backward policy beside it; without flows or
    /// an estimate of log Z.
    pub fn new(
        sim: &'a mut dyn Simulator,
        scorer: &'a mut Scorer,
        estimator: &'a dyn Estimator,
        backward: &'a Backward,
        pool: &'a Pool,
    ) -> Self {
        Self { sim, scorer, estimator, backward, pool, needs: Needs::default(), log_z: 0.0 }
    }

    /// What a roller moves with.
    pub(crate) fn acting<'b>(&'b mut self, watch: &'b mut Stopwatch) -> Acting<'b> {
        Acting {
            sim: &mut *self.sim,
            net: self.estimator,
            backward: self.backward,
            scorer: &mut *self.scorer,
            pool: self.pool,
            watch,
        }
    }
}

/// Per trajectory: log R + Σ log P_B − Σ log P_F, the log of its importance weight.
pub(crate) fn log_weights(rows: &Scored) -> Vec<f64> {
    let weight = |b: usize| {
        let log_ratio: f64 = rows.range(b).map(|r| rows.log_pb[r] + rows.lse[r] - rows.logit[r]).sum();
        rows.log_reward[b] + log_ratio
    };
    (0..rows.trajectories()).map(weight).collect()
}
