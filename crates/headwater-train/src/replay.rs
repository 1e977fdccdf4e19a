//! Objects found before, to learn from again: the latest distinct ones, drawn in proportion to a power of the reward.

use std::collections::HashMap;
use std::sync::Arc;

use headwater_core::Key;

/// Objects kept for replay, each once; where there is no room, the oldest gives way.
///
/// Objects and not trajectories are kept: each time P_B draws another way to them, as it is by then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay {
    capacity: usize,
    power: f64,
    kept: Kept,
    slots: HashMap<Arc<str>, u32>,
    /// Sums of weights as a binary tree, all in logarithms: the root is 1, the children of i are 2i and 2i + 1, and the
    /// leaves are the slots. It follows from what is kept alone, and not from the order of changes.
    sums: Vec<f64>,
}

/// What is kept, for a checkpoint; a copy shares the texts.
///
/// Texts and not trajectories: an object has one text and many trajectories, and whether it is there already is asked of
/// every object that is found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Texts of the objects, by slot.
    pub objects: Vec<Arc<str>>,
    /// log R of each.
    pub log_reward: Vec<f64>,
    /// The slot that the next object takes, once all are taken.
    pub next: usize,
}

impl Replay {
    /// Room for `capacity` objects, drawn in proportion to R^power.
    pub fn new(capacity: usize, power: f64) -> Self {
        Self { capacity, power, ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.kept.objects.len()
    }

    /// The text of the object in a slot, and its log R.
    pub fn object(&self, slot: u32) -> (&str, f64) {
        (&self.kept.objects[slot as usize], self.kept.log_reward[slot as usize])
    }

    /// Keeps an object, unless it is there already.
    pub fn keep(&mut self, object: &str, log_reward: f64) {
        if self.slots.contains_key(object) {
            return;
        }
        let (kept, text) = (&mut self.kept, Arc::from(object));
        let slot = if kept.objects.len() < self.capacity {
            kept.objects.push(Arc::clone(&text));
            kept.log_reward.push(log_reward);
            kept.objects.len() - 1
        } else {
            let slot = kept.next;
            kept.next = (slot + 1) % self.capacity;
            self.slots.remove(&kept.objects[slot]);
            kept.objects[slot] = Arc::clone(&text);
            kept.log_reward[slot] = log_reward;
            slot
        };
        self.slots.insert(text, slot as u32);
        if 2 * self.kept.objects.len() > self.sums.len() {
            self.plant();
        } else {
            self.weigh(slot);
        }
    }

    /// A slot, drawn in proportion to R^power. There has to be one.
    pub fn draw(&self, key: Key) -> u32 {
        let leaves = self.sums.len() / 2;
        let mut node = 1;
        while node < leaves {
            let left = 2 * node;
            let share = (self.sums[left] - self.sums[node]).exp();
            node = if key.fold(node as u64).unit() < share { left } else { left + 1 };
        }
        (node - leaves) as u32
    }

    /// What is kept.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Keeps what a checkpoint says; `false` if that is not the state of such a replay.
    pub fn restore(&mut self, kept: Kept) -> bool {
        let slots: HashMap<Arc<str>, u32> = kept.objects.iter().cloned().zip(0..).collect();
        let n = kept.objects.len();
        let sound = n == kept.log_reward.len()
            && n == slots.len()
            && n <= self.capacity
            && kept.next < self.capacity.max(1)
            && kept.log_reward.iter().all(|log_r| log_r.is_finite());
        if sound {
            (self.kept, self.slots) = (kept, slots);
            self.plant();
        }
        sound
    }

    /// Makes the tree anew, with room for a power of two of slots.
    fn plant(&mut self) {
        let leaves = self.len().next_power_of_two();
        self.sums.clear();
        self.sums.resize(2 * leaves, f64::NEG_INFINITY);
        for (sum, log_r) in self.sums[leaves..].iter_mut().zip(&self.kept.log_reward) {
            *sum = self.power * log_r;
        }
        (1..leaves).rev().for_each(|node| self.add_up(node));
    }

    /// Brings the sums above a slot up to date.
    fn weigh(&mut self, slot: usize) {
        let mut node = self.sums.len() / 2 + slot;
        self.sums[node] = self.power * self.kept.log_reward[slot];
        while node > 1 {
            node /= 2;
            self.add_up(node);
        }
    }

    fn add_up(&mut self, node: usize) {
        let (a, b) = (self.sums[2 * node], self.sums[2 * node + 1]);
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        // exp(−∞ − x) is 0; both are −∞ only where both are empty.
        self.sums[node] = if high == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn filled(capacity: usize, power: f64, n: usize) -> Replay {
        let mut replay = Replay::new(capacity, power);
        (0..n).for_each(|i| replay.keep(&i.to_string(), ((i % 5) as f64).ln_1p()));
        replay
    }

    fn texts(replay: &Replay) -> Vec<&str> {
        replay.kept().objects.iter().map(|text| &**text).collect()
    }

    #[test]
    fn the_latest_distinct_objects_are_kept() {
        let mut replay = filled(4, 1.0, 6);
        assert_eq!(texts(&replay), ["4", "5", "2", "3"]);
        replay.keep("5", 7.0);
        assert_eq!(replay.len(), 4);
        assert_eq!(replay.object(1), ("5", 0.0));
        replay.keep("6", 7.0);
        assert_eq!(texts(&replay), ["4", "5", "6", "3"]);
    }

    /// 20,000 draws against a power of the reward, by χ² tests: at most 19 degrees of freedom, which are above 76.6 with
    /// probability 7e-9, and five of them.
    #[test]
    fn draws_are_in_proportion_to_a_power_of_the_reward() {
        for (n, power) in [(1, 1.0), (2, 0.0), (7, 1.0), (27, 2.0), (27, 0.5)] {
            let replay = filled(20, power, n);
            let weight = |slot: usize| (power * replay.kept().log_reward[slot]).exp();
            let total: f64 = (0..replay.len()).map(weight).sum();
            let mut counts = vec![0.0; replay.len()];
            (0..20_000).for_each(|i| counts[replay.draw(Key::new(11).fold(i)) as usize] += 1.0);
            let chi: f64 = (0..replay.len())
                .map(|slot| (counts[slot], 20_000.0 * weight(slot) / total))
                .map(|(seen, due)| (seen - due) * (seen - due) / due)
                .sum();
            assert!(chi < 76.6, "{n} objects, power {power}: χ² = {chi}");
        }
    }

    #[test]
    fn a_restored_replay_draws_and_keeps_the_same() {
        for n in [0, 1, 3, 20, 33] {
            let mut one = filled(20, 1.0, n);
            let mut other = Replay::new(20, 1.0);
            assert!(other.restore(one.kept().clone()));
            assert_eq!(one.sums.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), {
                if n == 0 { Vec::new() } else { other.sums.iter().map(|x| x.to_bits()).collect::<Vec<_>>() }
            });
            for replay in [&mut one, &mut other] {
                (40..45).for_each(|i| replay.keep(&i.to_string(), 1.0));
            }
            assert_eq!(one.kept(), other.kept());
            assert_eq!(one.sums, other.sums);
        }
        let twice = Kept { objects: vec!["a".into(), "a".into()], log_reward: vec![0.0; 2], next: 0 };
        assert!(!Replay::new(20, 1.0).restore(twice));
        assert!(!Replay::new(2, 1.0).restore(filled(20, 1.0, 3).kept().clone()));
    }
}
