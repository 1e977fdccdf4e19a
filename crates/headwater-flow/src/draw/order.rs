//! The order of vertices within layers: few links cross.
//!
//! Layers are swept from left to right and back. Each is sorted by where the neighbours in the layer before stand, and
//! then neighbours change places as long as fewer links cross (Gansner, Koutsofios, North & Vo 1993). Equals are taken
//! in various orders, since what is equal here may matter further on.

use headwater_core::Key;

use super::layers::Layers;

/// Links times sweeps, at most: what keeps the largest pictures within seconds.
const WORK: usize = 1_500_000;
const SWEEPS: usize = 240;
/// Sweeps without a better order after which the search goes back to the best, and those after which it ends.
const RETURN: usize = 12;
const PATIENCE: usize = 60;

/// Orders the layers. How many links cross.
pub(super) fn reduce(layers: &mut Layers) -> usize {
    let sweeps = (WORK / layers.links.len().max(1)).clamp(4, SWEEPS);
    let mut sorter = Sorter::new(layers);
    let mut best = (sorter.crossings(layers), layers.order.clone());
    let mut since = 0;
    for sweep in 0..sweeps {
        if best.0 == 0 || since == PATIENCE {
            break;
        }
        sorter.sweep(layers, sweep);
        sorter.transpose(layers);
        let crossings = sorter.crossings(layers);
        since += 1;
        if crossings < best.0 {
            best = (crossings, layers.order.clone());
            since = 0;
        } else if since.is_multiple_of(RETURN) {
            layers.order.clone_from(&best.1);
            sorter.number_all(layers);
        }
    }
    layers.order = best.1;
    if descends(layers) {
        layers.order.iter_mut().for_each(|order| order.reverse());
    }
    best.0
}

/// Do nodes that come first in the file stand below the others? Upside down as many links cross.
fn descends(layers: &Layers) -> bool {
    let mut rises = 0i64;
    for order in &layers.order {
        let nodes = Vec::from_iter(order.iter().filter(|&&v| layers.is_node(v)));
        rises += nodes.windows(2).map(|pair| if pair[0] < pair[1] { 1 } else { -1 }).sum::<i64>();
    }
    rises < 0
}

/// Places of vertices within their layers, and room to work in.
struct Sorter {
    place: Vec<u32>,
    /// Numbers of links by place, for counting; see [`Sorter::crossings`].
    tree: Vec<u32>,
}

impl Sorter {
    fn new(layers: &Layers) -> Self {
        let mut sorter = Self { place: vec![0; layers.n_vertices()], tree: Vec::new() };
        sorter.number_all(layers);
        sorter
    }

    fn number_all(&mut self, layers: &Layers) {
        layers.order.iter().for_each(|order| self.number(order));
    }

    fn number(&mut self, order: &[u32]) {
        order.iter().enumerate().for_each(|(i, &v)| self.place[v as usize] = i as u32);
    }

    /// Pairs of links that cross, in all layers: those that leave in one order and arrive in the other.
    fn crossings(&mut self, layers: &Layers) -> usize {
        let mut total = 0;
        for (l, order) in layers.order.iter().enumerate().skip(1) {
            // A Fenwick tree over the places of this layer: how many links have arrived at each so far.
            self.tree.clear();
            self.tree.resize(order.len() + 1, 0);
            let mut arrived = 0;
            for &v in &layers.order[l - 1] {
                let mut places = Vec::from_iter(self.neighbours(layers, v, false));
                places.sort_unstable();
                for &p in &places {
                    let (mut above, mut i) = (0, p as usize + 1);
                    while i > 0 {
                        above += self.tree[i] as usize;
                        i &= i - 1;
                    }
                    total += arrived - above;
                }
                arrived += places.len();
                for p in places {
                    let mut i = p as usize + 1;
                    while i < self.tree.len() {
                        self.tree[i] += 1;
                        i += i & i.wrapping_neg();
                    }
                }
            }
        }
        total
    }

    /// Places of the neighbours of `v` in the layer before or behind.
    fn neighbours<'a>(&'a self, layers: &'a Layers, v: u32, before: bool) -> impl Iterator<Item = u32> + 'a {
        let links = if before { &layers.left[v as usize] } else { &layers.right[v as usize] };
        links.iter().map(move |&i| {
            let link = layers.links[i as usize];
            self.place[if before { link.from } else { link.to } as usize]
        })
    }

    /// Sorts every layer by the one before, or from right to left by the one behind; by medians and by mean places in
    /// turns. Equals keep their order in one sweep of three, and are shuffled in the others.
    fn sweep(&mut self, layers: &mut Layers, number: usize) {
        let (before, by_median, shuffle) =
            (number.is_multiple_of(2), number % 4 < 2, !number.is_multiple_of(3));
        let shuffled = Key::new(number as u64);
        let n = layers.order.len();
        for i in 1..n {
            let l = if before { i } else { n - 1 - i };
            let order = std::mem::take(&mut layers.order[l]);
            let mut keyed = Vec::with_capacity(order.len());
            let mut slots = Vec::with_capacity(order.len());
            for (slot, &v) in order.iter().enumerate() {
                let mut places = Vec::from_iter(self.neighbours(layers, v, before));
                if places.is_empty() {
                    continue;
                }
                places.sort_unstable();
                let key = if by_median { median(&places) } else { mean(&places) };
                let tie = if shuffle { shuffled.fold(u64::from(v)).bits() } else { 0 };
                keyed.push((key, tie, v));
                slots.push(slot);
            }
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            // Vertices without neighbours on that side stay where they are.
            let mut sorted = order;
            slots.iter().zip(keyed).for_each(|(&slot, (_, _, v))| sorted[slot] = v);
            self.number(&sorted);
            layers.order[l] = sorted;
        }
    }

    /// Swaps neighbours where that removes crossings.
    fn transpose(&mut self, layers: &mut Layers) {
        const ROUNDS: usize = 6;
        for _ in 0..ROUNDS {
            let mut better = false;
            for l in 0..layers.order.len() {
                for i in 1..layers.order[l].len() {
                    let (u, v) = (layers.order[l][i - 1], layers.order[l][i]);
                    if self.gain(layers, u, v) > 0 {
                        layers.order[l].swap(i - 1, i);
                        self.place.swap(u as usize, v as usize);
                        better = true;
                    }
                }
            }
            if !better {
                break;
            }
        }
    }

    /// How many crossings vanish if `u`, just above `v`, comes below it.
    fn gain(&self, layers: &Layers, u: u32, v: u32) -> i64 {
        let side = |before: bool| {
            let mut a = Vec::from_iter(self.neighbours(layers, u, before));
            let mut b = Vec::from_iter(self.neighbours(layers, v, before));
            a.sort_unstable();
            b.sort_unstable();
            inversions(&a, &b) - inversions(&b, &a)
        };
        side(true) + side(false)
    }
}

/// Pairs of one of `a` and one of `b` where the first is larger; both are ascending.
fn inversions(a: &[u32], b: &[u32]) -> i64 {
    let mut smaller = 0;
    let mut pairs = 0;
    for x in a {
        while smaller < b.len() && b[smaller] < *x {
            smaller += 1;
        }
        pairs += smaller as i64;
    }
    pairs
}

fn mean(sorted: &[u32]) -> f64 {
    sorted.iter().map(|&p| f64::from(p)).sum::<f64>() / sorted.len() as f64
}

/// The middle one, or what lies between the two in the middle.
fn median(sorted: &[u32]) -> f64 {
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    0.5 * (f64::from(low) + f64::from(high))
}
