//! A set of distinct encoded rows: the identity of states above the array boundary.

use crate::{Encoded, Encoding};

/// Distinct encoded rows, numbered in the order of their first appearance.
///
/// Encodings are injective, so a row's number identifies its state. A batch uses one to evaluate equal states once;
/// a table of states uses one to look them up.
#[derive(Clone, Debug)]
pub struct RowSet {
    rows: Encoded,
    /// Open addressing with linear probing; `EMPTY` or a row number. The length is a power of two.
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl RowSet {
    /// An empty set with room for `capacity` rows before it grows.
    pub fn new(encoding: Encoding, capacity: usize) -> Self {
        let mut rows = Encoded::new(encoding, capacity);
        rows.resize(0);
        Self { rows, slots: vec![EMPTY; (2 * capacity).next_power_of_two().max(16)] }
    }

    /// Number of distinct rows.
    pub fn len(&self) -> usize {
        self.rows.rows()
    }

    /// Is the set empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The distinct rows, by number.
    pub fn rows(&self) -> &Encoded {
        &self.rows
    }

    /// Forgets every row and keeps the allocations.
    pub fn clear(&mut self) {
        // A sparse table is cheaper to clear row by row.
        if self.len() * 16 < self.slots.len() {
            for r in 0..self.len() {
                let slot = self.slot_of_row(r);
                self.slots[slot] = EMPTY;
            }
        } else {
            self.slots.fill(EMPTY);
        }
        self.rows.resize(0);
    }

    /// The number of the row equal to row `r` of `x`, if there is one.
    #[inline]
    pub fn find(&self, x: &Encoded, r: usize) -> Option<u32> {
        Some(self.slots[self.probe(x, r)]).filter(|&s| s != EMPTY)
    }

    /// The number of the row equal to row `r` of `x`, added if there was none; and whether it was added.
    #[inline]
    pub fn intern(&mut self, x: &Encoded, r: usize) -> (u32, bool) {
        let slot = self.probe(x, r);
        if self.slots[slot] != EMPTY {
            return (self.slots[slot], false);
        }
        let number = self.len() as u32;
        self.slots[slot] = number;
        self.rows.resize(number as usize + 1);
        self.rows.write(number as usize, x, r);
        if 2 * self.len() > self.slots.len() {
            self.grow();
        }
        (number, true)
    }

    #[inline]
    fn probe(&self, x: &Encoded, r: usize) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = x.hash(r) as usize & mask;
        while self.slots[slot] != EMPTY && !self.rows.same(self.slots[slot] as usize, x, r) {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn slot_of_row(&self, r: usize) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.rows.hash(r) as usize & mask;
        while self.slots[slot] != r as u32 {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[cfg(test)]
    pub(crate) fn slots_are_clear(&self) -> bool {
        self.slots.iter().all(|&s| s == EMPTY)
    }

    fn grow(&mut self) {
        let mask = 2 * self.slots.len() - 1;
        self.slots.clear();
        self.slots.resize(mask + 1, EMPTY);
        for r in 0..self.len() {
            let mut slot = self.rows.hash(r) as usize & mask;
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = r as u32;
        }
    }
}
