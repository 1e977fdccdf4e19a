//! Independent DAGs with exactly the probabilities of the sum.
//!
//! A DAG is drawn layer by layer: the nodes without parents first, then again and again those, M, whose parents all lie
//! among the nodes U that are placed, at least one of them in the last layer L. Let K(U) be the sum of the weights of all
//! that can follow U if parents may be any nodes of U, the derivative of Z that the sum over all DAGs works out. The weight
//! of those in which exactly the nodes M have parents in U only is, by inclusion and exclusion,
//!
//! E_U(M) = Σ_{X ⊇ M} (−1)^{|X∖M|} K(U ∪ X) ∏_{v ∈ X} α_v(U),
//!
//! X not meeting U. Those of M are to have a parent in L as well, so that M follows (U, L) in proportion to
//! E_U(M) ∏_{v ∈ M} [1 − α_v(U∖L)/α_v(U)]; and v has the parents P ⊆ U that meet L in proportion to w_v(P). Layers like
//! these are those of Kuipers & Moffa 2017 for Markov chains; with K no chain is needed (Talvitie, Vuoksenmaa & Koivisto
//! 2019 sum in another order). E_U does not depend on L: it is worked out once for all draws that come through U, in
//! ascending order of U, which takes n 3ⁿ operations at most.

use std::collections::BTreeMap;

use headwater_core::Key;

use super::wide::Wide;
use super::{Above, Dags, parents_at};
use crate::networks::Graph;

impl Dags {
    /// `count` independent DAGs, `key` deciding all.
    pub fn draw(&self, count: usize, key: Key) -> Vec<Graph> {
        let n = self.n();
        let all = (1usize << n) - 1;
        let mut graphs: Vec<Graph> = vec![vec![0; n].into(); count];
        let families = self.by_weight();
        let mut above = Above::default();
        // By the nodes placed, the last layer and the draws that have come there.
        let mut waiting =
            BTreeMap::from([(0usize, (0..count).map(|draw| (0usize, draw)).collect::<Vec<_>>())]);
        while let Some((placed, mut here)) = waiting.pop_first() {
            if placed == all {
                break;
            }
            let layers = self.layers(placed, &mut above);
            here.sort_unstable();
            for same in here.chunk_by(|a, b| a.0 == b.0) {
                let state = State { placed, last: same[0].0 };
                let mut chosen = self.choose(state, &layers, &above, same, key);
                chosen.sort_unstable();
                for group in chosen.chunk_by(|a, b| a.0 == b.0) {
                    let layer = above.sets[group[0].0] & !placed;
                    for node in (0..n).filter(|node| layer >> node & 1 == 1) {
                        self.families(state, node, group, &families[node], key, &mut graphs);
                    }
                    let next = waiting.entry(placed | layer).or_default();
                    next.extend(group.iter().map(|&(_, draw)| (layer, draw)));
                }
            }
        }
        graphs
    }

    /// Per node its families that have a weight, the heaviest first.
    fn by_weight(&self) -> Vec<Vec<u32>> {
        let sorted = |node: usize| {
            let table = self.weights.table(node);
            let mut places: Vec<u32> =
                (0..table.len() as u32).filter(|&place| table[place as usize] > f64::NEG_INFINITY).collect();
            places.sort_by(|&a, &b| table[b as usize].total_cmp(&table[a as usize]));
            places.into_iter().map(|place| parents_at(place as usize, node) as u32).collect()
        };
        (0..self.n()).map(sorted).collect()
    }

    /// E_U(M)/K(U) of all sets M of further nodes, as `above` numbers them; 0 for none.
    fn layers(&self, placed: usize, above: &mut Above) -> Vec<f64> {
        above.fill(&self.sums, placed);
        let products = above.products.iter().zip(&above.sets);
        let mut sums: Vec<Wide> = products.map(|(product, &set)| product.times(self.rest[set])).collect();
        for bit in (0..above.nodes.len()).map(|i| 1 << i) {
            for m in (0..sums.len()).filter(|m| m & bit == 0) {
                sums[m] = sums[m].plus(sums[m | bit].negative());
            }
        }
        sums[0] = Wide::ZERO;
        // Rounding may leave a weight of nothing below 0.
        sums.iter().map(|sum| sum.over(self.rest[placed]).max(0.0)).collect()
    }

    /// The next layers, as numbers of `above`, of draws that have come to `state`.
    fn choose(
        &self,
        state: State,
        layers: &[f64],
        above: &Above,
        draws: &[(usize, usize)],
        key: Key,
    ) -> Vec<(usize, usize)> {
        let share = |&node: &usize| match self.sums.parents(node, state.placed) {
            Wide::ZERO => 0.0,
            all => self.meeting(state, node).over(all).clamp(0.0, 1.0),
        };
        let shares: Vec<f64> = above.nodes.iter().map(share).collect();
        let mut factors = vec![1.0; layers.len()];
        let mut sums = Vec::with_capacity(layers.len());
        let (mut sum, mut last) = (0.0, 0);
        for (m, &weight) in layers.iter().enumerate() {
            if m > 0 {
                factors[m] = factors[m & (m - 1)] * shares[m.trailing_zeros() as usize];
            }
            let weight = weight * factors[m];
            if weight > 0.0 {
                (sum, last) = (sum + weight, m);
            }
            sums.push(sum);
        }
        let pick = |&(_, draw): &(usize, usize)| {
            let at = state.key(key, draw).unit() * sum;
            (sums.partition_point(|&sum| sum <= at).min(last), draw)
        };
        draws.iter().map(pick).collect()
    }

    /// Σ w_v(P) over the sets of parents that `state` allows.
    fn meeting(&self, state: State, node: usize) -> Wide {
        let all = self.sums.parents(node, state.placed);
        if state.placed == 0 {
            return all;
        }
        all.plus(self.sums.parents(node, state.placed & !state.last).negative())
    }

    /// Draws the parents of `node`, whose layer follows `state`, in the graphs of `draws`; `families` are its sets of
    /// parents, the heaviest first.
    fn families(
        &self,
        state: State,
        node: usize,
        draws: &[(usize, usize)],
        families: &[u32],
        key: Key,
        graphs: &mut [Graph],
    ) {
        if state.placed == 0 {
            return;
        }
        let mut targets: Vec<(f64, usize)> =
            draws.iter().map(|&(_, draw)| (state.key(key, draw).fold(node as u64).unit(), draw)).collect();
        targets.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let log_total = self.meeting(state, node).ln();
        let (outside, last) = (!state.placed as u32, state.last as u32);
        let (mut sum, mut done, mut parents) = (0.0, 0, 0);
        for &family in families.iter().filter(|&&family| family & outside == 0 && family & last != 0) {
            parents = u64::from(family);
            sum += (self.weights.get(node, parents) - log_total).exp();
            while targets.get(done).is_some_and(|target| target.0 < sum) {
                graphs[targets[done].1][node] = parents;
                done += 1;
            }
            if done == targets.len() {
                return;
            }
        }
        // The shares add up to 1 but for rounding.
        targets[done..].iter().for_each(|target| graphs[target.1][node] = parents);
    }
}

/// Where a draw has come to: the nodes placed, and which of them are the last layer, as bits.
#[derive(Clone, Copy)]
struct State {
    placed: usize,
    last: usize,
}

impl State {
    /// The randomness of a draw here: a draw comes through a set of nodes once at most.
    fn key(self, key: Key, draw: usize) -> Key {
        key.fold(draw as u64).fold(self.placed as u64)
    }
}
