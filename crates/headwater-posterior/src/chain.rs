//! A Markov chain over DAGs with weights ∏_v w_v(Pa_v), by moves that draw whole sets of parents.
//!
//! **Parents.** A node gives up its parents and draws new ones in proportion to their weights, from all sets that close no
//! cycle: always accepted (Goudie & Mukherjee 2016 draw several nodes' parents together).
//!
//! **Reversal.** An edge i → j is turned: both nodes give up their parents, i draws new ones with j among them, then j any;
//! accepted by Metropolis and Hastings (Grzegorczyk & Husmeier 2008).
//!
//! **Exchange.** Several copies walk side by side under weights to the powers of a falling ladder, and neighbours change
//! places now and then, so that the first, whose power is 1, comes out of narrow modes (parallel tempering).

use headwater_core::{Key, Ones};

use crate::lists::Lists;
use crate::networks::Graph;

/// What is smaller than the largest by this factor, as a logarithm, is left out of sums.
const NOTHING: f64 = 25.0;

/// Weights below this share of the largest are not told apart by it: they are near the end of what 64 bits hold.
const SMALL: f64 = 1e-280;

/// What a chain came through.
#[derive(Clone, Debug)]
pub struct Trace {
    /// P(i → j) at i · n + j, over the later half of the steps.
    pub edges: Vec<f64>,
    /// Networks of the later half, in equal distances.
    pub graphs: Vec<Graph>,
}

/// Walks `steps` rounds of a move per node over the families of `lists`, and keeps about `keep` networks of their later
/// half; `powers` are those of the weights, of which the first is 1. `key` decides all. The chain starts where each node has
/// its best parents along a random order.
pub fn chain(lists: &Lists, powers: &[f64], steps: usize, keep: usize, key: Key) -> Trace {
    let n = lists.n();
    let start = climbed(lists, key.fold(u64::MAX));
    let mut walkers: Vec<Walker<'_>> =
        powers.iter().map(|&power| Walker::new(lists, power, start.clone())).collect();
    let first = steps / 2;
    let every = ((steps - first) / keep.max(1)).max(1);
    let mut trace = Trace { edges: vec![0.0; n * n], graphs: Vec::new() };
    for step in 0..steps {
        let key = key.fold(step as u64);
        for (k, walker) in walkers.iter_mut().enumerate() {
            walker.round(key.fold(k as u64));
        }
        exchange(&mut walkers, step, key.fold(u64::MAX));
        if step < first {
            continue;
        }
        let parents = &walkers[0].parents;
        for (to, &from) in parents.iter().enumerate() {
            Ones::new(&[from]).for_each(|from| trace.edges[from * n + to] += 1.0);
        }
        if (step - first).is_multiple_of(every) {
            trace.graphs.push(parents.as_slice().into());
        }
    }
    let counted = (steps - first).max(1) as f64;
    trace.edges.iter_mut().for_each(|sum| *sum /= counted);
    trace
}

/// The best parents of each node among those before it in a random order.
fn climbed(lists: &Lists, key: Key) -> Vec<u64> {
    let n = lists.n();
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, key.fold(i as u64).below(i as u32 + 1) as usize);
    }
    let (mut parents, mut before) = (vec![0; n], 0u64);
    for node in order {
        let best = lists.of(node).iter().find(|(set, _)| set & !before == 0);
        parents[node] = best.map_or(0, |best| best.0);
        before |= 1 << node;
    }
    parents
}

/// Neighbours on the ladder change places: even pairs in even steps, odd ones in odd steps.
fn exchange(walkers: &mut [Walker<'_>], step: usize, key: Key) {
    for k in (step % 2..walkers.len().saturating_sub(1)).step_by(2) {
        let [a, b] = [&walkers[k], &walkers[k + 1]];
        let log_ratio = (a.power - b.power) * (b.log_weight() - a.log_weight());
        if log_ratio >= 0.0 || key.fold(k as u64).unit() < log_ratio.exp() {
            let (left, right) = walkers.split_at_mut(k + 1);
            std::mem::swap(&mut left[k].parents, &mut right[0].parents);
            std::mem::swap(&mut left[k].children, &mut right[0].children);
        }
    }
}

struct Walker<'a> {
    lists: &'a Lists,
    power: f64,
    parents: Vec<u64>,
    children: Vec<u64>,
    /// Per node its sets' weights to that power, over the largest.
    relative: Vec<Vec<f64>>,
    /// Sets of parents that could be drawn, with the sums of weights up to each.
    could: Vec<(u64, f64)>,
}

/// Which sets of parents may be drawn: none of `never`, and where `one_of` is not empty, some of it.
#[derive(Clone, Copy)]
struct Allowed {
    never: u64,
    one_of: u64,
}

impl<'a> Walker<'a> {
    fn new(lists: &'a Lists, power: f64, parents: Vec<u64>) -> Self {
        let n = parents.len();
        let relative = |node: usize| {
            let list = lists.of(node);
            list.iter().map(|(_, weight)| (power * (weight - list[0].1)).exp()).collect()
        };
        let relative = (0..n).map(relative).collect();
        let mut walker =
            Self { lists, power, parents: vec![0; n], children: vec![0; n], relative, could: Vec::new() };
        for (node, parents) in parents.into_iter().enumerate() {
            walker.set(node, parents);
        }
        walker
    }

    fn set(&mut self, node: usize, parents: u64) {
        let changed = self.parents[node] ^ parents;
        Ones::new(&[changed]).for_each(|i| self.children[i] ^= 1 << node);
        self.parents[node] = parents;
    }

    fn log_weight(&self) -> f64 {
        let of = |(node, &parents): (usize, &u64)| {
            let list = self.lists.of(node).iter().find(|(set, _)| *set == parents);
            list.expect("parents come from the lists").1
        };
        self.parents.iter().enumerate().map(of).sum()
    }

    /// A node and what can be reached from it.
    fn below(&self, node: usize) -> u64 {
        let (mut all, mut new) = (1u64 << node, 1u64 << node);
        while new != 0 {
            let reached = Ones::new(&[new]).fold(0, |reached, i| reached | self.children[i]);
            new = reached & !all;
            all |= reached;
        }
        all
    }

    /// Draws a set of parents in proportion to its weight, and says the logarithm of the sum of all that are allowed.
    fn draw(&mut self, node: usize, allowed: Allowed, unit: f64) -> (u64, f64) {
        let Allowed { never, one_of } = allowed;
        let may = |set: u64| set & never == 0 && (one_of == 0 || set & one_of != 0);
        let (list, relative) = (self.lists.of(node), &self.relative[node]);
        let first = list.iter().position(|(set, _)| may(*set));
        let first = first.expect("a node may do without parents, and have any single one");
        self.could.clear();
        let mut sum = 0.0;
        if relative[first] > SMALL {
            let least = relative[first] * (-NOTHING).exp();
            for (&(set, _), &weight) in list[first..].iter().zip(&relative[first..]) {
                if weight < least {
                    break;
                }
                if may(set) {
                    sum += weight;
                    self.could.push((set, sum));
                }
            }
        } else {
            // Far below the best of all: in proportion to the first that is allowed.
            for &(set, weight) in &list[first..] {
                let behind = self.power * (weight - list[first].1);
                if behind < -NOTHING {
                    break;
                }
                if may(set) {
                    sum += behind.exp();
                    self.could.push((set, sum));
                }
            }
        }
        let scale = if relative[first] > SMALL { list[0].1 } else { list[first].1 };
        let at = self.could.partition_point(|could| could.1 <= unit * sum).min(self.could.len() - 1);
        (self.could[at].0, self.power * scale + sum.ln())
    }

    /// As many moves as there are nodes, of either kind.
    fn round(&mut self, key: Key) {
        let n = self.parents.len();
        for i in 0..n as u64 {
            let key = key.fold(i);
            if key.fold(0).below(2) == 0 {
                let node = key.fold(1).below(n as u32) as usize;
                let allowed = Allowed { never: self.below(node), one_of: 0 };
                let (parents, _) = self.draw(node, allowed, key.fold(2).unit());
                self.set(node, parents);
            } else {
                self.turn(key);
            }
        }
    }

    /// Number of edges.
    fn n_edges(&self) -> u32 {
        self.parents.iter().map(|p| p.count_ones()).sum()
    }

    /// Turns a random edge and draws the parents of both its ends anew.
    fn turn(&mut self, key: Key) {
        let before = self.n_edges();
        if before == 0 {
            return;
        }
        let mut nth = key.fold(1).below(before);
        let mut ends = (0, 0);
        for (to, &from) in self.parents.iter().enumerate() {
            if nth < from.count_ones() {
                let from = Ones::new(&[from]).nth(nth as usize).expect("there are so many");
                ends = (from, to);
                break;
            }
            nth -= from.count_ones();
        }
        let (i, j) = ends;
        let old = (self.parents[i], self.parents[j]);
        // Both without parents.
        self.set(i, 0);
        self.set(j, 0);
        let (below_i, below_j) = (self.below(i), self.below(j));
        let with = |never, node: usize| Allowed { never, one_of: 1 << node };
        // What would be drawn on the way back: j with i among its parents, then i any.
        let (_, back_j) = self.draw(j, with(below_j, i), 0.0);
        self.set(j, old.1);
        let allowed = Allowed { never: self.below(i), one_of: 0 };
        let (_, back_i) = self.draw(i, allowed, 0.0);
        self.set(j, 0);
        let (new_i, log_i) = self.draw(i, with(below_i, j), key.fold(2).unit());
        self.set(i, new_i);
        let allowed = Allowed { never: self.below(j), one_of: 0 };
        let (new_j, log_j) = self.draw(j, allowed, key.fold(3).unit());
        self.set(j, new_j);
        let edges = f64::from(before).ln() - f64::from(self.n_edges()).ln();
        let log_ratio = edges + log_i + log_j - back_i - back_j;
        if log_ratio < 0.0 && key.fold(4).unit() >= log_ratio.exp() {
            self.set(i, 0);
            self.set(j, 0);
            self.set(i, old.0);
            self.set(j, old.1);
        }
    }
}
