//! A batch of trajectories for learners of other kinds than the trainer: acted once, looked at under changing
//! parameters, and pulled back to gradients.

use std::ops::Range;

use headwater_core::{
    Action, BitMatrix, Encoded, EnvSpec, Estimator, Floats, Grads, Heads, Key, Needs, Ones, Scored, Stop,
};
use headwater_nn::Pool;
use headwater_rewards::RewardError;

use crate::backward::Backward;
use crate::batch::{Batch, NONE, rows_per_piece};
use crate::judge::{self, Pulled};
use crate::phases::Stopwatch;
use crate::rollout::{Behaviour, Draw, Roller};
use crate::trainer::{PolicyView, wants};

/// What is looked at in a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looks {
    /// The fields of [`Experience::rows`]. A flow head that is asked for is any number per state, such as its value.
    pub needs: Needs,
    /// [`Experience::entropy`] and [`Experience::drift`].
    pub spread: bool,
    /// What [`Experience::differentiate`] needs; a batch without it serves acting only.
    pub gradients: bool,
}

/// Trajectories with the outputs of the network that drew them, or of the same network later.
///
/// Equal states are stored and evaluated once. Owns its buffers: keep one where batch after batch is drawn.
pub struct Experience {
    looks: Looks,
    roller: Roller,
    batch: Batch,
    watch: Stopwatch,
    rows: Scored,
    /// Per row: the slot of its source, or `NONE`.
    slots: Vec<u32>,
    entropy: Vec<f64>,
    drift: Vec<f64>,
    /// Outputs and log-sums, by slot, of the network that acted.
    acted_out: Floats,
    acted_lse: Vec<f64>,
    by_slot: Vec<[f64; 2]>,
    pulled: Pulled,
}

/// The gradient of a loss by everything in an [`Experience`] that a network owns.
#[derive(Clone, Debug, Default)]
pub struct Slopes {
    /// By the fields of the rows.
    pub rows: Grads,
    /// Per row: by the entropy at its source.
    pub entropy: Vec<f64>,
    /// Per row: by the drift at its source.
    pub drift: Vec<f64>,
}

impl Slopes {
    /// Takes the shapes of `experience`, all zero; keeps the allocations.
    pub fn zero_like(&mut self, experience: &Experience) {
        self.rows.zero_like(&experience.rows);
        for (slopes, values) in
            [(&mut self.entropy, &experience.entropy), (&mut self.drift, &experience.drift)]
        {
            slopes.clear();
            slopes.resize(values.len(), 0.0);
        }
    }
}

impl Experience {
    /// A batch of nothing.
    pub fn new(spec: &EnvSpec, looks: Looks) -> Self {
        let mut wants = wants(looks.needs);
        wants.tape = looks.gradients;
        Self {
            looks,
            roller: Roller::default(),
            batch: Batch::new(spec, wants),
            watch: Stopwatch::default(),
            rows: Scored::default(),
            slots: Vec::new(),
            entropy: Vec::new(),
            drift: Vec::new(),
            acted_out: Floats::default(),
            acted_lse: Vec::new(),
            by_slot: Vec::new(),
            pulled: Pulled::default(),
        }
    }

    /// Draws trajectories by the policy of `view`, one for each of `numbers`, of which the i-th ends in lane i of its
    /// simulator. What a trajectory draws follows from `key` and its number alone.
    ///
    /// # Errors
    /// If a reward fails; the batch is then undefined.
    pub fn roll(
        &mut self,
        view: &mut PolicyView<'_>,
        numbers: Range<u64>,
        how: Behaviour,
        key: Key,
    ) -> Result<(), RewardError> {
        let lanes = numbers.end.saturating_sub(numbers.start) as usize;
        view.sim.reset(lanes);
        let draw = Draw { lanes, given: 0, known: 0, first: numbers.start, how, key, follow: None };
        self.roller.roll(&mut view.acting(&mut self.watch), &draw, &mut self.batch)?;
        self.look(view);
        Ok(())
    }

    /// Evaluates the same states with the policy of `view`, whose parameters have changed since the trajectories were
    /// drawn.
    pub fn refresh(&mut self, view: &PolicyView<'_>) {
        self.batch.states.forget();
        self.batch.states.evaluate(view.estimator, view.pool);
        self.score(view);
    }

    /// Looks at a new batch.
    fn look(&mut self, view: &PolicyView<'_>) {
        let Self { looks, batch, slots, acted_out, acted_lse, .. } = self;
        if looks.spread {
            slots.clear();
            for b in 0..batch.trajectories() {
                let taken = batch.nodes(b).iter().filter(|&&(s, _)| batch.states.stop(s) != Stop::Must);
                slots.extend(taken.map(|&(s, _)| batch.states.slot(s).map_or(NONE, |slot| slot as u32)));
            }
            let (n, heads) = (batch.states.slots(), view.estimator.heads());
            let stride = heads.stride;
            acted_out.grow(n * stride);
            acted_out[..n * stride].copy_from_slice(&batch.states.out[..n * stride]);
            acted_lse.clear();
            acted_lse.extend((0..n).map(|slot| batch.states.leaving(slot, heads).softmax.log_sum));
        }
        self.score(view);
    }

    fn score(&mut self, view: &PolicyView<'_>) {
        let Self { looks, batch, rows, slots, entropy, drift, acted_out, acted_lse, by_slot, .. } = self;
        judge::score(batch, looks.needs, view.estimator, view.backward, 0.0, rows);
        if !looks.spread {
            return;
        }
        let (states, heads) = (&batch.states, view.estimator.heads());
        by_slot.clear();
        by_slot.extend((0..states.slots()).map(|slot| {
            let (policy, acted) = (states.leaving(slot, heads), &acted_out[slot * heads.stride..]);
            let (mut entropy, mut drift) = (0.0, 0.0);
            for a in Ones::new(policy.mask) {
                let log_p = f64::from(policy.logits[a]) - policy.softmax.log_sum;
                let log_q = f64::from(acted[a]) - acted_lse[slot];
                entropy -= log_p.exp() * log_p;
                drift += log_p.exp() * (log_p - log_q);
            }
            [entropy, drift]
        }));
        let of = |slot: &u32| if *slot == NONE { [0.0; 2] } else { by_slot[*slot as usize] };
        entropy.clear();
        entropy.extend(slots.iter().map(|slot| of(slot)[0]));
        drift.clear();
        drift.extend(slots.iter().map(|slot| of(slot)[1]));
    }

    /// One row per taken edge, as objectives see it; its log Z is zero.
    pub fn rows(&self) -> &Scored {
        &self.rows
    }

    /// Per row: the entropy of P_F at its source, H = −Σ p log p.
    pub fn entropy(&self) -> &[f64] {
        &self.entropy
    }

    /// Per row: how far P_F at its source is from the policy q that acted, KL(P_F ‖ q) = Σ p log p/q.
    pub fn drift(&self) -> &[f64] {
        &self.drift
    }

    /// The states of trajectory `b`, each with the edge taken from it, whose label is the number of edge labels at the
    /// end.
    pub fn trajectory(&self, b: usize) -> &[(u32, Action)] {
        self.batch.nodes(b)
    }

    /// The encodings of the states, by number.
    pub fn encodings(&self) -> &Encoded {
        self.batch.states.encodings()
    }

    /// The forward masks of the states, by number.
    pub fn masks(&self) -> &BitMatrix {
        self.batch.states.forward()
    }

    /// Whether a trajectory may end in state `s`.
    pub fn stop(&self, s: u32) -> Stop {
        self.batch.states.stop(s)
    }

    /// Writes the gradient of the parameters of `net`, which made the outputs that are looked at, of a loss with these
    /// slopes.
    pub fn differentiate(
        &mut self,
        net: &mut dyn Estimator,
        backward: &Backward,
        pool: &Pool,
        slopes: &Slopes,
        param_grads: &mut [f32],
    ) {
        let Self { looks, batch, pulled, .. } = self;
        debug_assert!(looks.gradients, "gradients were to be looked at");
        judge::pull(batch, looks.needs, net, backward, &slopes.rows, pool, pulled);
        if looks.spread {
            self.pull_spread(net.heads(), pool, slopes);
        }
        let states = &self.batch.states;
        let (inputs, slots, wanted) = (states.inputs(), states.slots(), states.wanted());
        net.backward(inputs, slots, wanted, &self.pulled.d_out, &states.tape, param_grads);
    }

    /// Adds the slopes of entropy and drift: ∂H/∂l = −p (log p + H) and ∂KL/∂l = p (log p/q − KL).
    fn pull_spread(&mut self, heads: Heads, pool: &Pool, slopes: &Slopes) {
        let Self { batch, slots, acted_out, acted_lse, by_slot, pulled, .. } = self;
        let states = &batch.states;
        by_slot.clear();
        by_slot.resize(states.slots(), [0.0; 2]);
        for ((&slot, entropy), drift) in slots.iter().zip(&slopes.entropy).zip(&slopes.drift) {
            if slot != NONE {
                let [h, k] = &mut by_slot[slot as usize];
                *h += entropy;
                *k += drift;
            }
        }
        let (stride, n) = (heads.stride, states.slots());
        let piece = rows_per_piece(pool, n, heads.n_actions);
        pool.pieces(&mut pulled.d_out[..n * stride], piece * stride, &|i, d| {
            for (slot, d) in (i * piece..).zip(d.chunks_exact_mut(stride)) {
                let [by_entropy, by_drift] = by_slot[slot];
                if by_entropy == 0.0 && by_drift == 0.0 {
                    continue;
                }
                // Both are sums of p times a linear function of the logits, less its mean.
                let (policy, acted) = (states.leaving(slot, heads), &acted_out[slot * stride..]);
                let part = |a: usize| {
                    let log_p = f64::from(policy.logits[a]) - policy.softmax.log_sum;
                    let log_q = f64::from(acted[a]) - acted_lse[slot];
                    (log_p.exp(), by_drift * (log_p - log_q) - by_entropy * log_p)
                };
                let mean: f64 = Ones::new(policy.mask).map(part).map(|(p, value)| p * value).sum();
                for a in Ones::new(policy.mask) {
                    let (p, value) = part(a);
                    d[a] += (p * (value - mean)) as f32;
                }
            }
        });
    }
}
