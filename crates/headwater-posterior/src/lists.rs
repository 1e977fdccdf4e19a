//! Sets of parents worth a look, for more nodes than all sets can be written down for.

use std::collections::HashMap;

/// Where there is no room for all sets, one is not enlarged where a subset of it weighs more by this factor, as a logarithm: whenever the set is
/// allowed, so is the subset.
const SLACK: f64 = 16.0;

/// A set of several parents is left out where a subset weighs more by this factor.
const NEGLIGIBLE: f64 = 20.0;

/// Per node, sets of parents with the logarithms of their weights, the heaviest first.
#[derive(Clone, Debug)]
pub struct Lists {
    families: Vec<Vec<(u64, f64)>>,
    /// Whether sets were left out for want of room.
    cut: bool,
}

/// What is known of a set of parents while sets grow.
#[derive(Clone, Copy)]
struct Grown {
    log_weight: f64,
    /// The largest weight of a subset that was looked at.
    beaten_by: f64,
}

impl Lists {
    /// Lists for `n` nodes (at most 64) with at most `most` parents each, about `room` sets per node at most.
    ///
    /// `extended(v, P, out)` writes the log weight of v with the parents P ∪ {i} to `out[i]`, for each i that is neither v
    /// nor in P and whose place holds NaN; −∞ forbids a family. Without parents, the log weight is 0. All sets are looked at
    /// if there is room for them. If not, all of two parents are; larger ones grow from those that no subset outweighs by
    /// far, the best first: sets that pay off only by many parents together, as under BDeu with few rows, are not found.
    pub fn grow(n: usize, most: usize, room: usize, extended: &dyn Fn(usize, u64, &mut [f64])) -> Self {
        let mut cut = false;
        let families = (0..n).map(|node| grow_one(n, node, most, room, extended, &mut cut)).collect();
        Self { families, cut }
    }

    /// Number of nodes.
    pub fn n(&self) -> usize {
        self.families.len()
    }

    /// The sets of parents of `node`, the heaviest first.
    pub fn of(&self, node: usize) -> &[(u64, f64)] {
        &self.families[node]
    }

    /// Number of sets of parents of all nodes together.
    pub fn len(&self) -> usize {
        self.families.iter().map(Vec::len).sum()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    /// Whether not all sets were looked at, for want of room.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

/// The number of sets of at most `most` of `n` things.
fn sets(n: usize, most: usize) -> f64 {
    let mut of_size = 1.0;
    let next = |k: usize| {
        of_size *= (n - k) as f64 / (k + 1) as f64;
        of_size
    };
    1.0 + (0..most.min(n)).map(next).sum::<f64>()
}

fn grow_one(
    n: usize,
    node: usize,
    most: usize,
    room: usize,
    extended: &dyn Fn(usize, u64, &mut [f64]),
    cut: &mut bool,
) -> Vec<(u64, f64)> {
    let mut known = HashMap::from([(0u64, Grown { log_weight: 0.0, beaten_by: f64::NEG_INFINITY })]);
    let (mut frontier, mut out) = (vec![0u64], vec![f64::NAN; n]);
    let all = sets(n - 1, most) <= room as f64;
    *cut |= !all;
    for size in 1..=most.min(n - 1) {
        let mut level = Vec::new();
        for &smaller in &frontier {
            let others = |i: &usize| (smaller | 1 << node) >> i & 1 == 0;
            out.fill(f64::NAN);
            for i in (0..n).filter(others) {
                out[i] = known.get(&(smaller | 1 << i)).map_or(f64::NAN, |grown| grown.log_weight);
            }
            extended(node, smaller, &mut out);
            let Grown { log_weight, beaten_by } = known[&smaller];
            for i in (0..n).filter(others) {
                let larger = smaller | 1 << i;
                let grown = known.entry(larger).or_insert_with(|| {
                    level.push(larger);
                    Grown { log_weight: out[i], beaten_by: f64::NEG_INFINITY }
                });
                grown.beaten_by = grown.beaten_by.max(log_weight).max(beaten_by);
            }
        }
        let behind = |set: &u64| known[set].beaten_by - known[set].log_weight;
        if size >= 2 && !all {
            level.retain(|set| behind(set) <= SLACK);
            level.sort_by(|a, b| behind(a).total_cmp(&behind(b)).then(a.cmp(b)));
            let most_here = room.saturating_sub(known.len()).div_ceil(n);
            level.truncate(most_here);
        }
        level.retain(|set| known[set].log_weight > f64::NEG_INFINITY);
        frontier = level;
    }
    let kept = known.into_iter().filter(|(set, grown)| {
        let single = set.count_ones() <= 1;
        grown.log_weight > f64::NEG_INFINITY && (single || grown.beaten_by - grown.log_weight <= NEGLIGIBLE)
    });
    let mut list: Vec<(u64, f64)> = kept.map(|(set, grown)| (set, grown.log_weight)).collect();
    list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    list
}
