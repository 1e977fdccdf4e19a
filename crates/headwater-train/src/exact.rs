//! Exact evaluation: the trained policy on every state, and what it makes of the target.

use headwater_core::{BitMatrix, Encoded, Floats, Heads, Simulator, Stop, Wanted};
use headwater_exact::{
    Divergence, EnumerateError, Flow, ForwardPolicy, Graph, enumerate, flow, flow_errors, log_sum_exp,
    log_target, log_terminating_after, log_visits, maxent_backward, uniform_backward,
};
use headwater_rewards::{RewardError, Scorer};

use crate::backward::Backward;
use headwater_nn::Softmax;

use crate::batch::softmax;
use crate::stats::pearson;
use crate::trainer::PolicyView;

/// States that the network evaluates at once, at most.
const CHUNK: usize = 2048;

/// Floats of output and tape that are kept at once: with very many labels, fewer states are evaluated at a time.
const ROOM: usize = 1 << 24;

/// An enumerated environment with its target distribution.
pub struct Exact {
    graph: Graph,
    log_reward: Vec<f64>,
    log_target: Vec<f64>,
    log_z: f64,
}

/// Why a space cannot be evaluated exactly.
#[derive(Debug, thiserror::Error)]
pub enum ExactError {
    /// It cannot be enumerated.
    #[error(transparent)]
    Enumerate(#[from] EnumerateError),
    /// A reward could not be had.
    #[error(transparent)]
    Reward(#[from] RewardError),
}

/// What exact evaluation says. Every number is exact up to rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExactReport {
    /// Distances between the sampler's distribution and the target.
    pub divergence: Divergence,
    /// log Z as learned; `None` if the objective learns none.
    pub log_z_learned: Option<f64>,
    /// log Σ R.
    pub log_z_true: f64,
    /// E over P_F of log R + Σ log P_B − Σ log P_F: a lower bound of log Z.
    pub elbo: f64,
    /// The same over the target and P_B: an upper bound of log Z.
    pub eubo: f64,
    /// Pearson correlation of log p(x) and log R(x) over all objects; `None` if all of one of them are equal.
    pub pearson: Option<f64>,
    /// Mean of R over the sampler's distribution, divided by its mean over the target.
    pub mean_reward_ratio: f64,
}

/// The policies of a view on every edge of a graph.
pub struct EdgePolicies {
    /// log P_F.
    pub forward: ForwardPolicy,
    /// log P_B, per edge.
    pub backward: Vec<f64>,
    /// log Z as learned, if the objective has an estimate of its own.
    pub log_z: Option<f64>,
}

impl Exact {
    /// Enumerates `sim`'s environment and scores its objects.
    ///
    /// # Errors
    /// If there are more than `cap` states, or an object cannot be scored.
    pub fn new(sim: &dyn Simulator, scorer: &mut Scorer, cap: usize) -> Result<Self, ExactError> {
        let graph = enumerate(sim, cap)?;
        let objects: Vec<u32> = graph.objects().map(|s| s as u32).collect();
        let mut log_reward = vec![f64::NEG_INFINITY; graph.n_states()];
        let mut scores = vec![0.0; objects.len().min(CHUNK)];
        for chunk in objects.chunks(CHUNK) {
            let scores = &mut scores[..chunk.len()];
            scorer.log_reward(graph.sim(), chunk, scores)?;
            for (&s, &r) in chunk.iter().zip(&*scores) {
                log_reward[s as usize] = r;
            }
        }
        let log_z = log_sum_exp(objects.iter().map(|&s| log_reward[s as usize]));
        let log_target = log_target(&graph, &log_reward);
        Ok(Self { graph, log_reward, log_target, log_z })
    }

    /// The enumerated DAG.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The enumerated DAG, to look up objects by text.
    pub fn graph_mut(&mut self) -> &mut Graph {
        &mut self.graph
    }

    /// Per state: log R, −∞ for states that are no objects.
    pub fn log_reward(&self) -> &[f64] {
        &self.log_reward
    }

    /// Per state: log R / Z, −∞ for states that are no objects.
    pub fn log_target(&self) -> &[f64] {
        &self.log_target
    }

    /// log Σ R.
    pub fn log_z(&self) -> f64 {
        self.log_z
    }

    /// log R from which on an object is a mode: `fraction` of the largest reward, with slack for rounding.
    pub fn mode_log_reward(&self, fraction: f64) -> f64 {
        let max = self.log_reward.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        max + fraction.ln() - 1e-9
    }

    /// Number of objects whose log R is at least `threshold`.
    pub fn n_modes(&self, threshold: f64) -> usize {
        self.log_reward.iter().filter(|&&r| r >= threshold).count()
    }

    /// Evaluates the network on every state.
    pub fn policies(&self, view: &mut PolicyView<'_>) -> EdgePolicies {
        let g = &self.graph;
        let mut forward = ForwardPolicy::uniform(g);
        let mut backward = match view.backward {
            Backward::MaxEnt(_) => maxent_backward(g),
            Backward::Uniform | Backward::Learned => uniform_backward(g),
        };
        let mut rows = Evaluator::new(g.sim(), view.estimator.heads(), view.estimator.tape_width(), CHUNK);
        // Forced moves need no network, here as in training.
        let learned = matches!(view.backward, Backward::Learned);
        let chooses = |&s: &u32| {
            let s = s as usize;
            let leaving = g.out(s).len() + usize::from(g.stops()[s] == Stop::May);
            leaving > 1 || learned && g.entering(s).len() > 1
        };
        let states: Vec<u32> = (0..g.n_states() as u32).filter(chooses).collect();
        for chunk in states.chunks(rows.chunk) {
            rows.evaluate(g.sim(), view, chunk);
            for (i, &s) in chunk.iter().enumerate() {
                rows.forward(g, i, s as usize, &mut forward);
                if learned {
                    rows.backward(g, i, s as usize, &mut backward);
                }
            }
        }
        EdgePolicies { forward, backward, log_z: learned_log_z(view) }
    }

    /// Compares the policy with the target.
    pub fn evaluate(&self, view: &mut PolicyView<'_>) -> ExactReport {
        self.compare(&self.policies(view))
    }

    /// Compares policies on every edge with the target.
    pub fn compare(&self, policies: &EdgePolicies) -> ExactReport {
        let g = &self.graph;
        let EdgePolicies { forward, backward, log_z } = policies;
        let visits = log_visits(g, forward);
        let log_p = log_terminating_after(g, forward, &visits);
        let target = flow(g, &self.log_reward, backward);
        let elbo = expected_log_weight(self, policies, &visits, &forward.edge, &forward.stop);
        // Under the target, an edge is passed with probability F(s→s′)/Z: visits and choices in one number.
        let none = vec![-self.log_z; g.n_states()];
        let eubo = expected_log_weight(self, policies, &none, &target.edge, &target.stop);
        let pairs = g.objects().map(|s| (log_p[s], self.log_reward[s]));
        let pairs: Vec<_> = pairs.filter(|(p, r)| p.is_finite() && r.is_finite()).collect();
        let mean = |log_q: &[f64]| log_sum_exp(g.objects().map(|s| log_q[s] + self.log_reward[s]));
        ExactReport {
            divergence: Divergence::between(&self.log_target, &log_p),
            log_z_learned: *log_z,
            log_z_true: self.log_z,
            elbo,
            eubo,
            pearson: pearson(&pairs),
            mean_reward_ratio: (mean(&log_p) - mean(&self.log_target)).exp(),
        }
    }

    /// Mean entropy of a choice, in nats, of the forward policy of the exact flow under the policy's own P_B, over the states
    /// that it visits and that leave a choice, as often as it visits them; 0 where there is none.
    pub fn target_entropy(&self, policies: &EdgePolicies) -> f64 {
        let g = &self.graph;
        let flow = flow(g, &self.log_reward, &policies.backward);
        let (mut sum, mut visits) = (0.0, 0.0);
        for s in (0..g.n_states()).filter(|&s| g.out(s).len() + usize::from(g.stops()[s] == Stop::May) > 1) {
            let visit = (flow.state[s] - self.log_z).exp();
            let leaving = g.out(s).map(|e| flow.edge[e]).chain(g.is_object(s).then(|| flow.stop[s]));
            let log_p = leaving.map(|f| f - flow.state[s]).filter(|p| p.is_finite());
            sum -= visit * log_p.map(|p| p.exp() * p).sum::<f64>();
            visits += visit;
        }
        if visits > 0.0 { sum / visits } else { 0.0 }
    }

    /// The exact flow under the policy's own P_B, and per state how much the policy's flow differs from it.
    pub fn flow_errors(&self, policies: &EdgePolicies) -> (Flow, Vec<f64>) {
        let flow = flow(&self.graph, &self.log_reward, &policies.backward);
        let errors = flow_errors(&self.graph, &policies.forward, &flow);
        (flow, errors)
    }
}

/// log Z as the policy has it: the objective's own parameter, or log F(s₀) in its parametrisation; `None` if it has neither.
pub(crate) fn learned_log_z(view: &mut PolicyView<'_>) -> Option<f64> {
    let needs = view.needs;
    if needs.log_z {
        return Some(view.log_z);
    }
    let by_stop = needs.state_reward && needs.stop_everywhere;
    if !needs.flow && !needs.inflow && !by_stop {
        return None;
    }
    let mut sim = view.sim.fork();
    sim.reset(1);
    let mut own = [0.0];
    if needs.state_reward {
        view.scorer.log_reward(&*sim, &[0], &mut own).ok()?;
    }
    let mut rows = Evaluator::new(&*sim, view.estimator.heads(), view.estimator.tape_width(), 1);
    rows.evaluate(&*sim, view, &[0]);
    if needs.flow {
        Some(view.log_z + f64::from(rows.out[rows.heads.flow?]) + own[0])
    } else if needs.inflow {
        Some(view.log_z + rows.softmax[0].log_sum)
    } else {
        Some(own[0] - rows.log_stop(0))
    }
}

/// E of log R + Σ log P_B − Σ log P_F, where state s is visited with log-probability `visits[s]` and edge e is then
/// taken with log-probability `edge[e]`.
fn expected_log_weight(
    exact: &Exact,
    policies: &EdgePolicies,
    visits: &[f64],
    edge: &[f64],
    stop: &[f64],
) -> f64 {
    let g = &exact.graph;
    let term = |log_p: f64, value: f64| if log_p == f64::NEG_INFINITY { 0.0 } else { log_p.exp() * value };
    let mut sum = 0.0;
    for s in 0..g.n_states() {
        for e in g.out(s) {
            sum += term(visits[s] + edge[e], policies.backward[e] - policies.forward.edge[e]);
        }
        if g.is_object(s) {
            sum += term(visits[s] + stop[s], exact.log_reward[s] - policies.forward.stop[s]);
        }
    }
    sum
}

/// The network's heads on a chunk of states.
struct Evaluator {
    heads: Heads,
    /// States at a time, at most.
    chunk: usize,
    x: Encoded,
    masks: BitMatrix,
    back_masks: BitMatrix,
    stops: Vec<Stop>,
    tape_width: usize,
    out: Floats,
    tape: Floats,
    softmax: Vec<Softmax>,
    back_softmax: Vec<Softmax>,
    row: BitMatrix,
}

impl Evaluator {
    /// With room for so many states, or for fewer where they have very many labels.
    fn new(sim: &dyn Simulator, heads: Heads, tape_width: usize, rows: usize) -> Self {
        let n = heads.n_actions;
        let chunk = (ROOM / (heads.stride + tape_width)).clamp(1, rows);
        Self {
            heads,
            chunk,
            x: Encoded::new(sim.spec().encoding, chunk),
            masks: BitMatrix::new(chunk, n + 1),
            back_masks: BitMatrix::new(chunk, n),
            stops: vec![Stop::Never; chunk],
            tape_width,
            out: Floats::zeros(chunk * heads.stride),
            tape: Floats::zeros(chunk * tape_width),
            softmax: vec![Softmax::default(); chunk],
            back_softmax: vec![Softmax::default(); chunk],
            row: BitMatrix::new(chunk, n),
        }
    }

    fn evaluate(&mut self, sim: &dyn Simulator, view: &PolicyView<'_>, states: &[u32]) {
        let (k, n, stride) = (states.len(), self.heads.n_actions, self.heads.stride);
        sim.encode(states, &mut self.x, 0);
        sim.stops(states, &mut self.stops[..k]);
        sim.forward_masks(states, &mut self.row, 0);
        for i in 0..k {
            self.masks.write(i, self.row.row(i));
            if self.stops[i] == Stop::May {
                self.masks.row_mut(i).set(n);
            }
        }
        let (out, tape) = (&mut self.out[..k * stride], &mut self.tape[..k * self.tape_width]);
        view.estimator.forward(&self.x, 0..k, Wanted::All, out, tape);
        softmax(view.pool, out, stride, n + 1, &self.masks, 0, &mut self.softmax[..k]);
        if let Some(at) = self.heads.backward {
            sim.backward_masks(states, &mut self.back_masks, 0);
            softmax(view.pool, &out[at..], stride, n, &self.back_masks, 0, &mut self.back_softmax[..k]);
        }
    }

    /// log P_F of stopping in the `i`-th state of the chunk, which may stop.
    fn log_stop(&self, i: usize) -> f64 {
        match self.stops[i] {
            Stop::Must => 0.0,
            Stop::May | Stop::Never => {
                f64::from(self.out[i * self.heads.stride + self.heads.n_actions]) - self.softmax[i].log_sum
            }
        }
    }

    /// Writes log P_F of the edges that leave state `s`, the `i`-th of the chunk. Forced moves stay as they are.
    fn forward(&self, g: &Graph, i: usize, s: usize, policy: &mut ForwardPolicy) {
        let may_stop = g.stops()[s] == Stop::May;
        if g.out(s).len() + usize::from(may_stop) <= 1 {
            return;
        }
        let row = &self.out[i * self.heads.stride..];
        let log_p = |column: usize| f64::from(row[column]) - self.softmax[i].log_sum;
        for e in g.out(s) {
            policy.edge[e] = log_p(g.action(e).index());
        }
        if may_stop {
            policy.stop[s] = log_p(self.heads.n_actions);
        }
    }

    /// Writes log P_B of the edges that enter state `s`, the `i`-th of the chunk.
    fn backward(&self, g: &Graph, i: usize, s: usize, backward: &mut [f64]) {
        let (Some(at), true) = (self.heads.backward, g.entering(s).len() > 1) else { return };
        let row = &self.out[i * self.heads.stride + at..];
        for &e in g.entering(s) {
            let e = e as usize;
            backward[e] = f64::from(row[g.action(e).index()]) - self.back_softmax[i].log_sum;
        }
    }
}
