//! Evaluation by sampling, for spaces too large to enumerate: every number with its interval.

use std::ops::ControlFlow;

use headwater_core::{Key, Needs, ParseError, Scored, Simulator, Stop};
use headwater_exact::perfect_sampler_l1;
use headwater_rewards::RewardError;

use crate::backward::encodings;
use crate::batch::{Batch, Wants};
use crate::exact::{Exact, learned_log_z};
use crate::judge;
use crate::phases::Stopwatch;
use crate::rollout::{Behaviour, Draw, Roller};
use crate::stats::{Estimate, correlation, mean, pearson, spearman};
use crate::trainer::{PolicyView, log_weights};
use crate::weights::{LogMean, log_mean_exp};

/// Lanes rolled at once, if their states have room.
const LANES: usize = 1024;

/// Bytes that the states of one batch may take.
const ROOM: usize = 128 << 20;

/// How many lanes are rolled at once: fewer where their states are many and wide. Results do not depend on it.
fn lanes(sim: &dyn Simulator) -> usize {
    let spec = sim.spec();
    let encoding = spec.encoding;
    // What the network reads and answers, in numbers of four bytes; every state of a trajectory may be another one.
    let numbers = encoding.active + encoding.reals + encoding.guide + 2 * spec.n_actions;
    (ROOM / (4 * numbers * (spec.max_len + 1)).max(1)).clamp(1, LANES)
}

/// What sampled evaluation says; intervals are of 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampledReport {
    /// log Z as learned; `None` if the objective learns none.
    pub log_z_learned: Option<f64>,
    /// What the weights R P_B / P_F of trajectories say of log Z: an estimate where enough of them decide, a lower bound
    /// always. What the policy never draws is in neither.
    pub log_z: LogMean,
    /// Mean log weight, an estimate of a lower bound of log Z. There is no such estimate of the upper one, which is a
    /// mean over the target, from which nothing can be drawn here.
    pub elbo: Estimate,
    /// Effective sample size of the weights, as a fraction of the sample.
    pub ess: f64,
    /// Correlation of log p̂(x) and log R(x) over distinct objects; `None` if all of one of them are equal.
    pub pearson: Option<Estimate>,
    /// Rank correlation of the same.
    pub spearman: Option<Estimate>,
    /// Number of trajectories.
    pub samples: usize,
    /// Number of distinct objects behind the correlations.
    pub objects: usize,
}

/// One sampled object.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The object's text.
    pub text: String,
    /// log R of the object.
    pub log_reward: f64,
    /// log-probability of its trajectory under P_F.
    pub log_pf: f64,
    /// log-probability of its trajectory given the object, under P_B.
    pub log_pb: f64,
    /// Edges of its trajectory, the stop edge counted unless it was forced.
    pub transitions: usize,
}

/// What is known of one object's probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogProb {
    /// log p̂(x), by importance sampling of trajectories through P_B.
    pub log_p: LogMean,
    /// log R(x).
    pub log_reward: f64,
}

/// Rolls a policy outside training. Owns its buffers: keep one where batch after batch is drawn.
pub struct Sampler {
    roller: Roller,
    batch: Batch,
    rows: Scored,
    watch: Stopwatch,
    /// The most lanes that are rolled at once.
    lanes: usize,
}

/// Rows that tell log P_F and log P_B, and nothing else.
const TRAJECTORIES: Needs = Needs {
    log_z: false,
    flow: false,
    backward: true,
    state_reward: false,
    stop_everywhere: false,
    inflow: false,
};

impl Sampler {
    /// A sampler for the policy of `view`.
    pub fn new(view: &PolicyView<'_>) -> Self {
        Self {
            roller: Roller::default(),
            batch: Batch::new(view.sim.spec(), Wants::default()),
            rows: Scored::default(),
            watch: Stopwatch::default(),
            lanes: lanes(view.sim),
        }
    }

    /// Draws `n` objects from the policy, as [`sample`] does.
    ///
    /// # Errors
    /// If a reward fails; what came before has been handed over.
    pub fn draw(
        &mut self,
        view: &mut PolicyView<'_>,
        n: usize,
        how: Behaviour,
        key: Key,
        sink: &mut dyn FnMut(Sample),
    ) -> Result<(), RewardError> {
        let all = &mut |batch: &mut dyn Iterator<Item = Sample>| {
            batch.for_each(&mut *sink);
            ControlFlow::Continue(())
        };
        self.batches(view, n, self.lanes, how, key, all)
    }

    /// Draws the same objects batch by batch, until there are `n` or `sink` breaks off; nothing more is drawn, or scored,
    /// then. Batches begin with one object, so that whoever needs few pays for few.
    ///
    /// # Errors
    /// If a reward fails; what came before has been handed over.
    pub fn draw_while(
        &mut self,
        view: &mut PolicyView<'_>,
        n: usize,
        how: Behaviour,
        key: Key,
        sink: &mut dyn FnMut(&mut dyn Iterator<Item = Sample>) -> ControlFlow<()>,
    ) -> Result<(), RewardError> {
        self.batches(view, n, 1, how, key, sink)
    }

    /// Draws batches of `size` objects, then of twice as many, and so on as far as there is room. What is drawn depends on an
    /// object's number alone, and not on its batch.
    fn batches(
        &mut self,
        view: &mut PolicyView<'_>,
        n: usize,
        mut size: usize,
        how: Behaviour,
        key: Key,
        sink: &mut dyn FnMut(&mut dyn Iterator<Item = Sample>) -> ControlFlow<()>,
    ) -> Result<(), RewardError> {
        let mut first = 0;
        while first < n {
            let lanes = size.min(self.lanes).min(n - first);
            self.forward(view, lanes, first as u64, how, key)?;
            let (rows, sim) = (&self.rows, &*view.sim);
            let mut drawn = (0..lanes).map(|b| {
                let log_pf = rows.range(b).map(|r| rows.logit[r] - rows.lse[r]).sum();
                let log_pb = rows.range(b).map(|r| rows.log_pb[r]).sum();
                let (text, log_reward) = (sim.text(b as u32), rows.log_reward[b]);
                Sample { text, log_reward, log_pf, log_pb, transitions: rows.range(b).len() }
            });
            if sink(&mut drawn).is_break() {
                break;
            }
            first += lanes;
            size = 2 * lanes;
        }
        Ok(())
    }

    fn forward(
        &mut self,
        view: &mut PolicyView<'_>,
        lanes: usize,
        first: u64,
        how: Behaviour,
        key: Key,
    ) -> Result<(), RewardError> {
        view.sim.reset(lanes);
        let draw = Draw { lanes, given: 0, known: 0, first, how, key, follow: None };
        self.roller.roll(&mut view.acting(&mut self.watch), &draw, &mut self.batch)?;
        judge::score(&self.batch, TRAJECTORIES, view.estimator, view.backward, 0.0, &mut self.rows);
        Ok(())
    }

    /// log P_F − log P_B of `repeats` trajectories drawn back by P_B from the object that `text` names. All are equal,
    /// and log p(x), where P_B is that of P_F.
    ///
    /// # Errors
    /// If `text` names no object or its reward fails.
    pub fn log_ratios(
        &mut self,
        view: &mut PolicyView<'_>,
        text: &str,
        repeats: usize,
        key: Key,
    ) -> Result<Vec<f64>, LogProbError> {
        Ok(self.backward(view, text, repeats, key)?.0)
    }

    /// log P_F − log P_B of `repeats` backward trajectories from the object that `text` names, and its log R.
    fn backward(
        &mut self,
        view: &mut PolicyView<'_>,
        text: &str,
        repeats: usize,
        key: Key,
    ) -> Result<(Vec<f64>, f64), LogProbError> {
        let (mut ratios, mut log_reward) = (Vec::with_capacity(repeats), f64::NEG_INFINITY);
        for first in (0..repeats).step_by(self.lanes) {
            let lanes = self.lanes.min(repeats - first);
            view.sim.reset(lanes);
            view.sim.load(0, text)?;
            let mut stop = [Stop::Never];
            view.sim.stops(&[0], &mut stop);
            if stop == [Stop::Never] {
                let env = view.sim.spec().name.clone();
                return Err(ParseError { text: text.to_owned(), env }.into());
            }
            for lane in 1..lanes as u32 {
                view.sim.copy(0, lane);
            }
            let draw = Draw {
                lanes,
                given: lanes,
                known: 0,
                first: first as u64,
                how: Behaviour::ON_POLICY,
                key,
                follow: None,
            };
            self.roller.roll(&mut view.acting(&mut self.watch), &draw, &mut self.batch)?;
            judge::score(&self.batch, TRAJECTORIES, view.estimator, view.backward, 0.0, &mut self.rows);
            log_reward = self.rows.log_reward[0];
            ratios.extend(log_weights(&self.rows).into_iter().map(|w| log_reward - w));
        }
        Ok((ratios, log_reward))
    }
}

/// Why an object's probability cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LogProbError {
    /// The text names no object: nothing at all, or a state in which no trajectory may end.
    #[error("`{}` is not an object of `{}`", headwater_core::excerpt(&.0.text), .0.env)]
    Parse(#[from] ParseError),
    /// The object's reward could not be had.
    #[error(transparent)]
    Reward(#[from] RewardError),
}

/// Draws `n` objects from the policy, `key` deciding all, and hands them to `sink` in order.
///
/// # Errors
/// If a reward fails; what came before has been handed over.
pub fn sample(
    view: &mut PolicyView<'_>,
    n: usize,
    how: Behaviour,
    key: Key,
    sink: &mut dyn FnMut(Sample),
) -> Result<(), RewardError> {
    Sampler::new(view).draw(view, n, how, key, sink)
}

/// log p̂(x) = log mean P_F(τ) / P_B(τ | x) over `repeats` trajectories τ drawn from P_B.
///
/// # Errors
/// If `text` names no object or its reward fails.
pub fn log_prob(
    view: &mut PolicyView<'_>,
    text: &str,
    repeats: usize,
    key: Key,
) -> Result<LogProb, LogProbError> {
    let (ratios, log_reward) = Sampler::new(view).backward(view, text, repeats, key)?;
    Ok(LogProb { log_p: LogMean::new(&ratios), log_reward })
}

/// Evaluates the policy from `samples` trajectories, and its log p̂ on about `objects` objects with
/// `backward_samples` trajectories each. Half of the objects are the policy's own, half those of uniform play, so
/// that both likely and unlikely objects count.
///
/// # Errors
/// If a reward fails.
pub fn evaluate_sampled(
    view: &mut PolicyView<'_>,
    samples: usize,
    objects: usize,
    backward_samples: usize,
    key: Key,
) -> Result<SampledReport, RewardError> {
    let report = evaluate_while(view, samples, objects, backward_samples, key, &|| true)?;
    Ok(report.expect("nobody asked for an end"))
}

/// The same as long as `go_on` says so, which is asked between batches; `None` if it did not.
///
/// # Errors
/// If a reward fails.
pub fn evaluate_while(
    view: &mut PolicyView<'_>,
    samples: usize,
    objects: usize,
    backward_samples: usize,
    key: Key,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<SampledReport>, RewardError> {
    let mut sampler = Sampler::new(view);
    let mut weights = Vec::with_capacity(samples);
    for first in (0..samples).step_by(sampler.lanes) {
        if !go_on() {
            return Ok(None);
        }
        let lanes = sampler.lanes.min(samples - first);
        sampler.forward(view, lanes, first as u64, Behaviour::ON_POLICY, key.fold(0))?;
        weights.extend(log_weights(&sampler.rows));
    }
    let mut texts = Vec::with_capacity(objects);
    for (k, epsilon) in [(1, 0.0), (2, 1.0)] {
        let how = Behaviour { epsilon, ..Behaviour::ON_POLICY };
        sampler.draw(view, objects / 2, how, key.fold(k), &mut |s| texts.push(s.text))?;
    }
    texts.sort_unstable();
    texts.dedup();
    let mut pairs = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        if !go_on() {
            return Ok(None);
        }
        let found = sampler.backward(view, text, backward_samples, key.fold(3).fold(i as u64));
        match found {
            Ok((ratios, log_reward)) => pairs.push((log_mean_exp(&ratios), log_reward)),
            Err(LogProbError::Reward(e)) => return Err(e),
            Err(LogProbError::Parse(_)) => unreachable!("the simulator reads the texts that it shows"),
        }
    }
    pairs.retain(|(log_p, log_reward)| log_p.is_finite() && log_reward.is_finite());
    let log_z = LogMean::new(&weights);
    Ok(Some(SampledReport {
        log_z_learned: learned_log_z(view),
        log_z,
        elbo: mean(&weights),
        ess: log_z.ess,
        pearson: correlation(&pairs, key.fold(7), pearson),
        spearman: correlation(&pairs, key.fold(8), spearman),
        samples,
        objects: pairs.len(),
    }))
}

/// Σ |k(x)/n − R(x)/Z| of `n` objects sampled from the policy, and the value that a perfect sampler would show.
///
/// # Errors
/// If a reward fails.
pub fn sampled_l1(
    view: &mut PolicyView<'_>,
    exact: &Exact,
    n: usize,
    key: Key,
) -> Result<(f64, f64), RewardError> {
    let index = encodings(exact.graph());
    let mut counts = vec![0u32; exact.graph().n_states()];
    let mut sampler = Sampler::new(view);
    let mut rows = headwater_core::Encoded::new(view.sim.spec().encoding, LANES);
    let lanes: Vec<u32> = (0..LANES as u32).collect();
    for first in (0..n).step_by(LANES) {
        let k = LANES.min(n - first);
        sampler.forward(view, k, first as u64, Behaviour::ON_POLICY, key)?;
        view.sim.encode(&lanes[..k], &mut rows, 0);
        for i in 0..k {
            let state = index.find(&rows, i).expect("every state of the environment was enumerated");
            counts[state as usize] += 1;
        }
    }
    let target = exact.log_target();
    let l1 = counts.iter().zip(target).map(|(&k, t)| (f64::from(k) / n as f64 - t.exp()).abs()).sum();
    Ok((l1, perfect_sampler_l1(target, n as u64)))
}
