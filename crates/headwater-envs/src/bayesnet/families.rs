//! Scores that are a sum over nodes, each of a node and its parents: looked up once they have been worked out.

use std::sync::{OnceLock, PoisonError, RwLock};

use headwater_core::Reward;
use rustc_hash::FxHashMap;

use super::graph::Graph;
use super::prior::Prior;
use super::{BayesNet, MAX_NODES};

/// Bytes that the scores of families may take, about.
const BUDGET: usize = 1 << 28;

/// How well data speak for a node with given parents.
pub trait Local: Send + Sync + 'static {
    /// log p(column `node` | columns `parents`), the latter as bits.
    fn local(&self, node: usize, parents: u64) -> f64;

    /// The same with each further node as one more parent, into `out`, a place per node; what is there for `node` and
    /// its parents does not matter.
    fn extended(&self, node: usize, parents: u64, out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            if (parents | 1 << node) >> i & 1 == 0 {
                *out = self.local(node, parents | 1 << i);
            }
        }
    }
}

/// log R(G) = Σ_j log p(j | Pa_j) + log prior(Pa_j), less the same of the graph without edges.
///
/// What is stored is a function of its key alone, so that neither threads nor the order of questions can change a
/// score.
pub struct Families<M> {
    model: M,
    prior: Prior,
    nodes: Vec<Node>,
    /// Families kept per node, at most.
    capacity: usize,
}

struct Node {
    /// log p(j | no parents).
    alone: f64,
    known: RwLock<FxHashMap<u64, Family>>,
}

/// A node with its parents.
#[derive(Default)]
struct Family {
    score: f64,
    /// What guides, per further parent; worked out when it is first asked for.
    losses: OnceLock<Box<[f32]>>,
}

impl<M: Local> Families<M> {
    /// The scores of graphs on `n` nodes.
    pub(super) fn new(n: usize, model: M, prior: Prior) -> Self {
        let node = |j| Node { alone: model.local(j, 0), known: RwLock::default() };
        let nodes = (0..n).map(node).collect();
        Self { model, prior, nodes, capacity: BUDGET / n / (64 + 4 * n) }
    }

    /// log p(data | family) of `node` with `parents` as bits, and its prior, less that of the node without parents.
    pub fn family(&self, node: usize, parents: u64) -> f64 {
        self.with(node, parents, |family| family.score)
    }

    fn with<T>(&self, node: usize, parents: u64, read: impl FnOnce(&Family) -> T) -> T {
        let known = &self.nodes[node].known;
        let found = known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(family) = found.get(&parents) {
            return read(family);
        }
        let full = found.len() >= self.capacity;
        drop(found);
        let family = Family { score: self.score_of(node, parents), losses: OnceLock::new() };
        let answer = read(&family);
        if !full {
            // Another thread may have been as quick; what it stored is the same.
            known.write().unwrap_or_else(PoisonError::into_inner).entry(parents).or_insert(family);
        }
        answer
    }

    fn score_of(&self, node: usize, parents: u64) -> f64 {
        if parents == 0 {
            return 0.0;
        }
        self.model.local(node, parents) - self.nodes[node].alone + self.prior.log(node, parents)
    }

    /// Per further parent, the change of the score, but no gain.
    fn work_out(&self, node: usize, parents: u64, score: f64) -> Box<[f32]> {
        let mut locals = vec![0.0; self.nodes.len()];
        self.model.extended(node, parents, &mut locals);
        let loss = |(i, local): (usize, f64)| {
            let more = parents | 1 << i;
            let after = local - self.nodes[node].alone + self.prior.log(node, more);
            if i == node || more == parents { 0.0 } else { (after - score).min(0.0) as f32 }
        };
        locals.into_iter().enumerate().map(loss).collect()
    }
}

impl<M: Local> Reward<BayesNet> for Families<M> {
    fn score(&self, _: &BayesNet, x: &Graph) -> f64 {
        debug_assert!(x.n() <= MAX_NODES);
        x.parents().iter().enumerate().map(|(node, &parents)| self.family(node, parents)).sum::<f64>() + 0.0
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    /// min(0, Δ), Δ being the change of log R along the edge. An edge that worsens a network is to be as rare as that;
    /// of edges that improve it, most will be there in the end, and which of them comes first should not depend on how
    /// much each gains: with Δ itself, the policy would have to unlearn differences of hundreds.
    fn guide(&self, _: &BayesNet, x: &Graph, out: &mut [f32]) {
        let others = x.n() - 1;
        for (node, (&parents, out)) in x.parents().iter().zip(out.chunks_exact_mut(others)).enumerate() {
            self.with(node, parents, |family| {
                let losses = family.losses.get_or_init(|| self.work_out(node, parents, family.score));
                out[..node].copy_from_slice(&losses[..node]);
                out[node..].copy_from_slice(&losses[node + 1..]);
            });
        }
    }
}
