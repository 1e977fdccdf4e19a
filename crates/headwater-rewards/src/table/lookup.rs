//! Texts with scores, found by their text: three flat arrays, and look-ups of many at a time.
//!
//! Every look-up reads three places of memory that are in no cache if the table is large: a slot, a row, a text. The
//! next is known only when the one before has arrived, but those of different objects do not wait for each other. So
//! a batch goes through in passes: all slots, then all rows, then all texts, each a short loop without a branch that
//! depends on what it reads, in which the processor has many reads under way at once.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::Texts;

/// Texts with scores, in the order of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// All texts, one after the other.
    texts: String,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    /// Byte of `texts` where the text ends; it starts where that of the row before ends.
    end: u64,
    score: f64,
}

impl Rows {
    pub fn push(&mut self, text: &str, score: f64) {
        self.texts.push_str(text);
        self.rows.push(Row { end: self.texts.len() as u64, score });
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, f64)> + Clone {
        self.rows.iter().enumerate().map(|(i, row)| (&self.texts[self.start(i)..row.end as usize], row.score))
    }

    fn start(&self, i: usize) -> usize {
        if i == 0 { 0 } else { self.rows[i - 1].end as usize }
    }

    fn text(&self, i: usize) -> &[u8] {
        &self.texts.as_bytes()[self.start(i)..self.rows[i].end as usize]
    }
}

/// Rows that are found by their texts.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    rows: Rows,
    /// An open-addressing table with linear probing, of a power of two of slots: the upper half of a text's hash above
    /// the number of its row, or [`EMPTY`].
    slots: Vec<u64>,
}

const EMPTY: u64 = u64::MAX;

/// The number of no row.
const NONE: u32 = u32::MAX;

/// Texts that go through the passes together: what they read fits into the first-level cache.
const BLOCK: usize = 64;

impl Lookup {
    /// Rows that there can be at most.
    pub const MOST: usize = NONE as usize;

    /// Rows, at most [`Lookup::MOST`], to be found by their texts.
    ///
    /// # Errors
    /// If two rows have the same text: the numbers of the first such pair.
    pub fn new(mut rows: Rows) -> Result<Self, [usize; 2]> {
        rows.texts.shrink_to_fit();
        rows.rows.shrink_to_fit();
        let n = rows.len();
        // At most three quarters are full, so that a probe sees few slots, mostly of one cache line.
        let mut lookup = Self { rows, slots: vec![EMPTY; (n * 4 / 3 + 1).next_power_of_two()] };
        for first in (0..n).step_by(BLOCK) {
            let block = first..(first + BLOCK).min(n);
            let mut hashes = [0; BLOCK];
            for (hash, i) in hashes.iter_mut().zip(block.clone()) {
                *hash = hash_of(lookup.rows.text(i));
            }
            // Brings the slots into the cache, many at once.
            std::hint::black_box(lookup.first_slots(&hashes));
            for (&hash, i) in hashes.iter().zip(block) {
                lookup.insert(i, hash)?;
            }
        }
        Ok(lookup)
    }

    fn insert(&mut self, i: usize, hash: u64) -> Result<(), [usize; 2]> {
        let mut at = self.home(hash);
        while self.slots[at] != EMPTY {
            let other = row_of(self.slots[at]) as usize;
            if same_tag(self.slots[at], hash) && self.rows.text(other) == self.rows.text(i) {
                return Err([other, i]);
            }
            at = self.after(at);
        }
        self.slots[at] = (hash & !u64::from(u32::MAX)) | i as u64;
        Ok(())
    }

    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The score of a text.
    pub fn get(&self, text: &str) -> Option<f64> {
        let hash = hash_of(text.as_bytes());
        let mut at = self.home(hash);
        while self.slots[at] != EMPTY {
            let row = row_of(self.slots[at]) as usize;
            if same_tag(self.slots[at], hash) && self.rows.text(row) == text.as_bytes() {
                return Some(self.rows.rows[row].score);
            }
            at = self.after(at);
        }
        None
    }

    /// Writes the scores of all `texts` into `out`, which has as many places; NaN where there is none. Returns how many
    /// have none.
    pub fn get_all(&self, texts: &Texts, out: &mut [f64]) -> usize {
        let mut missing = 0;
        for (i, out) in out.chunks_mut(BLOCK).enumerate() {
            missing += self.get_block(texts, i * BLOCK, out);
        }
        missing
    }

    /// The same for the `out.len()` texts, at most [`BLOCK`], from number `first` on.
    fn get_block(&self, texts: &Texts, first: usize, out: &mut [f64]) -> usize {
        let n = out.len();
        let mut hashes = [0; BLOCK];
        for (k, hash) in hashes[..n].iter_mut().enumerate() {
            *hash = hash_of(texts.get(first + k).as_bytes());
        }
        let slots = self.first_slots(&hashes);
        let mut rows = [NONE; BLOCK];
        for k in 0..n {
            rows[k] = self.probe(hashes[k], slots[k]);
        }
        // Row 0 stands in for none, so that nothing branches on what was just read.
        let (mut starts, mut ends) = ([0; BLOCK], [0; BLOCK]);
        for k in 0..n {
            let row = if rows[k] == NONE { 0 } else { rows[k] as usize };
            starts[k] = self.rows.start(row);
            let Row { end, score } = self.rows.rows[row];
            (ends[k], out[k]) = (end as usize, score);
        }
        let all = self.rows.texts.as_bytes();
        let mut heads = [0; BLOCK];
        for k in 0..n {
            heads[k] = all.get(starts[k]).copied().unwrap_or(0);
        }
        std::hint::black_box(heads);
        let mut missing = 0;
        for k in 0..n {
            let text = texts.get(first + k);
            if rows[k] == NONE || all[starts[k]..ends[k]] != *text.as_bytes() {
                // The halves of two hashes are equal once in billions of times: look again, one by one.
                let found = if rows[k] == NONE { None } else { self.get(text) };
                out[k] = found.unwrap_or(f64::NAN);
                missing += usize::from(found.is_none());
            }
        }
        missing
    }

    /// The slots where the search for each hash begins.
    fn first_slots(&self, hashes: &[u64; BLOCK]) -> [u64; BLOCK] {
        hashes.map(|hash| self.slots[self.home(hash)])
    }

    /// The first row whose hash has the same upper half, beginning with `slot`, where the search begins.
    fn probe(&self, hash: u64, mut slot: u64) -> u32 {
        let mut at = self.home(hash);
        while slot != EMPTY && !same_tag(slot, hash) {
            at = self.after(at);
            slot = self.slots[at];
        }
        // The row of an empty slot is none.
        row_of(slot)
    }

    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }
}

fn row_of(slot: u64) -> u32 {
    slot as u32
}

fn same_tag(slot: u64, hash: u64) -> bool {
    slot >> 32 == hash >> 32
}

fn hash_of(text: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All strings of `len` letters.
    fn strings(len: u32) -> Vec<String> {
        let letter = |i: usize, k: u32| char::from(b"ACGT"[(i >> (2 * k)) & 3]);
        (0..1 << (2 * len)).map(|i| (0..len).map(|k| letter(i, k)).collect()).collect()
    }

    #[test]
    fn every_text_is_found_and_no_other_one_by_one_and_many_at_a_time() {
        let all = strings(6);
        let mut rows = Rows::default();
        rows.push("", -1.0);
        all.iter().enumerate().filter(|(i, _)| i % 3 != 0).for_each(|(i, text)| rows.push(text, i as f64));
        let lookup = Lookup::new(rows).unwrap();
        let expected = |i: usize| if i.is_multiple_of(3) { f64::NAN } else { i as f64 };
        for n in [1, BLOCK - 1, BLOCK, BLOCK + 1, all.len()] {
            let texts = Texts::from_iter(all[..n].iter().map(String::as_str));
            let mut out = vec![0.0; n];
            assert_eq!(lookup.get_all(&texts, &mut out), n.div_ceil(3));
            for (i, text) in all[..n].iter().enumerate() {
                assert_eq!(out[i].to_bits(), expected(i).to_bits(), "{text}");
                assert_eq!(lookup.get(text), (i % 3 != 0).then_some(i as f64));
            }
        }
        assert_eq!((lookup.get(""), lookup.get("ACGTA")), (Some(-1.0), None));
        assert_eq!(lookup.get_all(&Texts::from_iter(["", "ACGTA"]), &mut [0.0; 2]), 1);
    }

    #[test]
    fn the_first_text_that_is_there_again_is_told() {
        let mut rows = Rows::default();
        strings(4).iter().for_each(|text| rows.push(text, 0.0));
        rows.push("AAAAA", 0.0);
        rows.push("CAAA", 0.0);
        rows.push("AAAA", 0.0);
        assert_eq!(Lookup::new(rows).unwrap_err(), [1, 257]);
    }

    #[test]
    fn equal_halves_of_hashes_do_not_confuse_texts() {
        let mut rows = Rows::default();
        rows.push("a", 1.0);
        rows.push("b", 2.0);
        let mut lookup = Lookup::new(rows).unwrap();
        // As if the hash of `b` had the upper half of that of `a`, and began its search at the same slot.
        let (a, b) = (hash_of(b"a"), hash_of(b"b"));
        let home = lookup.home(b);
        lookup.slots.fill(EMPTY);
        lookup.slots[home] = b & !u64::from(u32::MAX);
        let after = lookup.after(home);
        lookup.slots[after] = (b & !u64::from(u32::MAX)) | 1;
        let mut out = [0.0; 2];
        assert_eq!(lookup.get_all(&Texts::from_iter(["b", "c"]), &mut out), 1);
        assert_eq!((out[0], out[1].is_nan(), a == b), (2.0, true, false));
    }

    #[test]
    fn probes_are_short() {
        let mut rows = Rows::default();
        strings(8).iter().for_each(|text| rows.push(text, 0.0));
        let lookup = Lookup::new(rows).unwrap();
        let (mut sum, mut longest) = (0, 0);
        for (at, &slot) in lookup.slots.iter().enumerate().filter(|(_, slot)| **slot != EMPTY) {
            let home = lookup.home(hash_of(lookup.rows.text(row_of(slot) as usize)));
            let distance = at.wrapping_sub(home) & (lookup.slots.len() - 1);
            sum += distance;
            longest = longest.max(distance);
        }
        // A perfect hash at half load: 0.5 slots beyond the first on average.
        let mean = sum as f64 / lookup.rows.len() as f64;
        assert!(mean < 0.6 && longest < 64, "{mean} {longest}");
    }
}
