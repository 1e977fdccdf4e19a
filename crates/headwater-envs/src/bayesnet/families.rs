//! Scores that are a sum over nodes, each of a node and its parents: looked up once they have been worked out.

use std::sync::{OnceLock, PoisonError, RwLock};

use headwater_core::Reward;
use rustc_hash::FxHashMap;

use super::graph::Graph;
use super::prior::Prior;
use super::{BayesNet, MAX_NODES};

/// Bytes that what is kept of families may take, about: half for scores, half for what guides.
pub const BUDGET: usize = 1 << 28;

/// Takes node, parents and score, family by family.
pub type Sink<'a> = dyn FnMut(usize, u64, f64) + 'a;

/// How well data speak for a node with given parents.
pub trait Local: Send + Sync + 'static {
    /// log p(column `node` | columns `parents`), the latter as bits.
    fn local(&self, node: usize, parents: u64) -> f64;

    /// The same with each further node as one more parent, into those places of `out`, one per node, that hold NaN; what is
    /// there for `node` and its parents does not matter. The same bits as [`Local::local`].
    fn extended(&self, node: usize, parents: u64, out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            if (parents | 1 << node) >> i & 1 == 0 && out.is_nan() {
                *out = self.local(node, parents | 1 << i);
            }
        }
    }

    /// The same for each of `n` nodes with each set of at most `most` parents, once.
    fn every(&self, n: usize, most: usize, sink: &mut Sink<'_>) {
        for node in 0..n {
            let others = u64::MAX >> (64 - n) & !(1 << node);
            // All subsets of the others, in ascending order.
            let mut parents = 0u64;
            loop {
                if parents.count_ones() as usize <= most {
                    sink(node, parents, self.local(node, parents));
                }
                parents = parents.wrapping_sub(others) & others;
                if parents == 0 {
                    break;
                }
            }
        }
    }
}

/// log R(G) = Σ_j log p(j | Pa_j) + log prior(Pa_j), less the same of the graph without edges.
///
/// What is stored is a function of its key alone, so that neither threads nor the order of questions can change a
/// score. A store that is full is emptied: memory is bounded by [`BUDGET`], whatever is asked.
pub struct Families<M> {
    model: M,
    prior: Prior,
    nodes: Vec<Node>,
    /// Families kept per node, at most.
    capacity: usize,
    /// Scores kept per node, at most.
    scores: usize,
}

struct Node {
    /// log p(j | no parents).
    alone: f64,
    known: RwLock<FxHashMap<u64, Family>>,
    /// log p(j | parents) of families that were asked for as extensions of others.
    locals: RwLock<FxHashMap<u64, f64>>,
}

/// A node with its parents.
#[derive(Default)]
struct Family {
    score: f64,
    /// What guides, per further parent; worked out when it is first asked for.
    losses: OnceLock<Box<[f32]>>,
}

/// Bytes of an entry of a hash table of numbers, with room for its growth.
const ENTRY: usize = 40;

impl<M: Local> Families<M> {
    /// The scores of graphs on `n` nodes.
    pub(super) fn new(n: usize, model: M, prior: Prior) -> Self {
        let node = |j| Node { alone: model.local(j, 0), known: RwLock::default(), locals: RwLock::default() };
        let nodes = (0..n).map(node).collect();
        let half = BUDGET / 2 / n;
        Self { model, prior, nodes, capacity: half / (2 * ENTRY + 4 * n), scores: half / ENTRY }
    }

    /// What a graph gains by `node` with `parents` as bits, and its prior, less that of the node without parents.
    pub fn family(&self, node: usize, parents: u64) -> f64 {
        self.with(node, parents, |family| family.score)
    }

    /// The same of every node with every set of at most `most` parents, each once and none of them kept.
    pub fn every(&self, most: usize, sink: &mut Sink<'_>) {
        self.model.every(self.nodes.len(), most, &mut |node, parents, local| {
            sink(node, parents, self.relative(node, parents, local));
        });
    }

    /// The same of `node` with `parents` and each further node, into `out`, a place per node; NaN for `node` and its
    /// parents. None of them is kept.
    pub fn extended(&self, node: usize, parents: u64, out: &mut [f64]) {
        out.fill(f64::NAN);
        self.model.extended(node, parents, out);
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.relative(node, parents | 1 << i, *out);
        }
    }

    fn with<T>(&self, node: usize, parents: u64, read: impl FnOnce(&Family) -> T) -> T {
        let known = &self.nodes[node].known;
        let found = known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(family) = found.get(&parents) {
            return read(family);
        }
        drop(found);
        let family = Family { score: self.score_of(node, parents), losses: OnceLock::new() };
        let answer = read(&family);
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= self.capacity {
            known.clear();
        }
        // Another thread may have been as quick; what it stored is the same.
        known.entry(parents).or_insert(family);
        answer
    }

    /// The score of a family from its log p.
    fn relative(&self, node: usize, parents: u64, local: f64) -> f64 {
        if parents == 0 { 0.0 } else { local - self.nodes[node].alone + self.prior.log(node, parents) }
    }

    fn score_of(&self, node: usize, parents: u64) -> f64 {
        if parents == 0 {
            return 0.0;
        }
        let stored =
            self.nodes[node].locals.read().unwrap_or_else(PoisonError::into_inner).get(&parents).copied();
        self.relative(node, parents, stored.unwrap_or_else(|| self.model.local(node, parents)))
    }

    /// Per further parent, the change of the score, but no gain.
    fn work_out(&self, node: usize, parents: u64, score: f64) -> Box<[f32]> {
        let locals = self.locals(node, parents);
        let loss = |(i, local): (usize, f64)| {
            let more = parents | 1 << i;
            let after = local - self.nodes[node].alone + self.prior.log(node, more);
            if i == node || more == parents { 0.0 } else { (after - score).min(0.0) as f32 }
        };
        locals.into_iter().enumerate().map(loss).collect()
    }

    /// Per further parent, log p of the family with it; each is worked out once, as long as there is room.
    fn locals(&self, node: usize, parents: u64) -> Vec<f64> {
        let store = &self.nodes[node].locals;
        let found = store.read().unwrap_or_else(PoisonError::into_inner);
        let n = self.nodes.len();
        let mut locals: Vec<f64> =
            (0..n).map(|i| found.get(&(parents | 1 << i)).copied().unwrap_or(f64::NAN)).collect();
        drop(found);
        let missing: Vec<usize> =
            (0..n).filter(|&i| locals[i].is_nan() && (parents | 1 << node) >> i & 1 == 0).collect();
        if !missing.is_empty() {
            self.model.extended(node, parents, &mut locals);
            let mut store = store.write().unwrap_or_else(PoisonError::into_inner);
            if store.len() + missing.len() > self.scores {
                store.clear();
            }
            store.extend(missing.iter().map(|&i| (parents | 1 << i, locals[i])));
        }
        locals
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
