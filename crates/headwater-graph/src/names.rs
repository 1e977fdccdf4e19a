//! Names of nodes, each once: numbers to names and back, in a few bytes more than the names themselves.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Distinct names, numbered in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
    numbers: HashTable<Slot>,
}

/// A name in the table. Most are told apart by their keys, without a look at the text: one cache miss and not three.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: Key,
    number: u32,
}

impl Names {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Name number `i`.
    pub fn get(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start..self.ends[i]]
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The number of a name.
    pub fn find(&self, name: &str) -> Option<u32> {
        let key = Key::of(name);
        let same = |s: &Slot| s.key == key && (key.is_whole() || self.get(s.number as usize) == name);
        self.numbers.find(key.hash(), same).map(|s| s.number)
    }

    /// The number of a name that is not there yet.
    pub(crate) fn add(&mut self, name: &str) -> u32 {
        let number = u32::try_from(self.len()).expect("a file of 2³² names does not fit in memory");
        self.text.push_str(name);
        self.ends.push(self.text.len());
        let key = Key::of(name);
        self.numbers.insert_unique(key.hash(), Slot { key, number }, |s| s.key.hash());
        number
    }
}

/// A short name itself, or the hash of a longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    head: u64,
    /// The length of a short name is in the highest byte.
    tail: u32,
}

impl Key {
    /// Bytes of the longest name that is its own key.
    const SHORT: usize = 11;

    /// Names of one length have parts at the same places, which may overlap: where all parts agree, the names do.
    fn of(name: &str) -> Self {
        let b = name.as_bytes();
        let n = b.len();
        let four = |at: usize| u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
        let eight = |a: u32, b: u32| u64::from(a) | u64::from(b) << 32;
        let (head, last) = match n {
            0 => (0, [0; 3]),
            1..4 => (0, [b[0], b[n / 2], b[n - 1]]),
            4..8 => (eight(four(0), four(n - 4)), [0; 3]),
            8..=Self::SHORT => (eight(four(0), four(4)), [b[n - 3], b[n - 2], b[n - 1]]),
            _ => return Self { head: FxBuildHasher.hash_one(name), tail: u32::MAX },
        };
        Self { head, tail: u32::from_le_bytes([last[0], last[1], last[2], n as u8]) }
    }

    /// Is there no other name with this key?
    fn is_whole(self) -> bool {
        self.tail != u32::MAX
    }

    /// Both halves of a wide product: names that count up differ in few bits, which must reach all of the hash.
    fn hash(self) -> u64 {
        let mixed = self.head ^ (u64::from(self.tail) << 20).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let product = u128::from(mixed) * 0xD6E8_FEB8_6659_FD93;
        product as u64 ^ (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests;
