//! The DAG of the largest weight (Silander & Myllymäki 2006).
//!
//! With b_v(S) = max_{P ⊆ S} w_v(P), the best DAG on U has a node v without children: m(U) = max_{v ∈ U} m(U∖v) b_v(U∖v).

use super::{Dags, parents_at, place_of};
use crate::networks::Graph;

impl Dags {
    /// A DAG of the largest weight; of several the same one, always.
    pub fn best(&self) -> Graph {
        let (n, families) = (self.n(), self.weights.families());
        let mut best = self.weights.tables.clone();
        for table in best.chunks_exact_mut(families) {
            for bit in (0..n - 1).map(|i| 1 << i) {
                for place in (0..families).filter(|place| place & bit != 0) {
                    table[place] = table[place].max(table[place ^ bit]);
                }
            }
        }
        let of = |node: usize, set: usize| best[node * families + place_of(set, node)];
        // By sets of nodes, the largest weight and the node without children.
        let mut sets = vec![(0.0, 0); 1 << n];
        for set in 1usize..1 << n {
            let without = |node: usize| {
                let rest = set & !(1 << node);
                (sets[rest].0 + of(node, rest), node)
            };
            let nodes = (0..n).filter(|node| set >> node & 1 == 1).map(without);
            sets[set] = nodes.fold((f64::NEG_INFINITY, set.trailing_zeros() as usize), |best, next| {
                if next.0 > best.0 { next } else { best }
            });
        }
        let (mut graph, mut set) = (vec![0; n], (1usize << n) - 1);
        while set != 0 {
            let node = sets[set].1;
            set &= !(1 << node);
            let largest = of(node, set);
            let table = self.weights.table(node).iter().enumerate();
            let places =
                table.filter(|&(_, &weight)| weight == largest).map(|(place, _)| parents_at(place, node));
            let mut within = places.filter(|parents| parents & !(set as u64) == 0);
            graph[node] = within.next().expect("the largest weight is that of a family");
        }
        graph.into()
    }
}
