//! Masks over actions as rows of bits; `true` always means *valid*.

use crate::Action;

/// One row of a [`BitMatrix`], or any other slice of words, seen as a set of valid actions.
pub struct MaskRow<'a>(pub &'a mut [u64]);

impl MaskRow<'_> {
    /// Marks action `a` as valid.
    #[inline]
    pub fn set(&mut self, a: usize) {
        self.0[a >> 6] |= 1 << (a & 63);
    }

    /// Marks action `a` as valid if `valid`, without a branch.
    #[inline]
    pub fn set_if(&mut self, a: usize, valid: bool) {
        self.0[a >> 6] |= u64::from(valid) << (a & 63);
    }

    /// Marks every action of `range` as valid, word by word.
    #[inline]
    pub fn set_range(&mut self, range: std::ops::Range<usize>) {
        if range.is_empty() {
            return;
        }
        let (first, last) = (range.start >> 6, (range.end - 1) >> 6);
        let from = u64::MAX << (range.start & 63);
        let to = u64::MAX >> (63 - ((range.end - 1) & 63));
        if first == last {
            self.0[first] |= from & to;
        } else {
            self.0[first] |= from;
            self.0[first + 1..last].fill(u64::MAX);
            self.0[last] |= to;
        }
    }

    /// Marks action `at + i` as valid for every bit i of `bits`.
    #[inline]
    pub fn set_bits(&mut self, at: usize, bits: u128) {
        let (word, shift) = (at >> 6, at & 63);
        // What is shifted past the second word is shifted in two steps, as a shift by 128 is none.
        let parts =
            [(bits << shift) as u64, (bits << shift >> 64) as u64, (bits >> 64 >> 1 >> (63 - shift)) as u64];
        for (i, part) in parts.into_iter().enumerate() {
            // A row ends with its last action, and so may have no word where there is no bit.
            if part != 0 {
                self.0[word + i] |= part;
            }
        }
    }
}

/// The set bits of a row in ascending order; made by [`BitMatrix::ones`].
#[derive(Clone)]
pub struct Ones<'a> {
    words: &'a [u64],
    current: u64,
    index: usize,
}

impl<'a> Ones<'a> {
    /// Iterates over the set bits of `words`.
    #[inline]
    pub fn new(words: &'a [u64]) -> Self {
        Self { words, current: words.first().copied().unwrap_or(0), index: 0 }
    }
}

impl Iterator for Ones<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.current == 0 {
            self.index += 1;
            self.current = *self.words.get(self.index)?;
        }
        let bit = self.current.trailing_zeros() as usize;
        self.current &= self.current - 1;
        Some(self.index * 64 + bit)
    }
}

/// Rows of bits, one per state, `n_actions` columns each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitMatrix {
    words_per_row: usize,
    bits: Vec<u64>,
}

impl BitMatrix {
    /// A cleared matrix of `rows` rows and `columns` columns.
    pub fn new(rows: usize, columns: usize) -> Self {
        let words_per_row = columns.div_ceil(64).max(1);
        Self { words_per_row, bits: vec![0; rows * words_per_row] }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.bits.len() / self.words_per_row.max(1)
    }

    /// Grows or shrinks to `rows` rows; new rows are cleared. Keeps its allocation when it shrinks.
    pub fn resize(&mut self, rows: usize) {
        self.bits.resize(rows * self.words_per_row, 0);
    }

    /// Row `r`, writable.
    #[inline]
    pub fn row_mut(&mut self, r: usize) -> MaskRow<'_> {
        let w = self.words_per_row;
        MaskRow(&mut self.bits[r * w..(r + 1) * w])
    }

    /// The words of row `r`.
    #[inline]
    pub fn row(&self, r: usize) -> &[u64] {
        let w = self.words_per_row;
        &self.bits[r * w..(r + 1) * w]
    }

    /// Number of 64-bit words per row.
    pub fn words_per_row(&self) -> usize {
        self.words_per_row
    }

    /// The words of the rows `rows`, row by row.
    #[inline]
    pub fn words(&self, rows: std::ops::Range<usize>) -> &[u64] {
        &self.bits[rows.start * self.words_per_row..rows.end * self.words_per_row]
    }

    /// Is action `a` valid in row `r`?
    #[inline]
    pub fn get(&self, r: usize, a: usize) -> bool {
        self.bits[r * self.words_per_row + (a >> 6)] >> (a & 63) & 1 == 1
    }

    /// Number of valid actions in row `r`.
    #[inline]
    pub fn count(&self, r: usize) -> u32 {
        self.row(r).iter().map(|w| w.count_ones()).sum()
    }

    /// The valid actions of row `r`, ascending.
    #[inline]
    pub fn ones(&self, r: usize) -> Ones<'_> {
        Ones::new(self.row(r))
    }

    /// The `k`-th valid action of row `r`, counted from zero. Requires `k < count(r)`.
    #[inline]
    pub fn select(&self, r: usize, mut k: u32) -> Action {
        for (i, &word) in self.row(r).iter().enumerate() {
            let count = word.count_ones();
            if k < count {
                let mut word = word;
                for _ in 0..k {
                    word &= word - 1;
                }
                return Action(i as u32 * 64 + word.trailing_zeros());
            }
            k -= count;
        }
        unreachable!("select is called with k < count")
    }

    /// Makes row `r` the set that `words` holds, which may be of fewer columns.
    #[inline]
    pub fn write(&mut self, r: usize, words: &[u64]) {
        let (set, rest) = self.row_mut(r).0.split_at_mut(words.len());
        set.copy_from_slice(words);
        rest.fill(0);
    }

    /// Clears row `r`.
    #[inline]
    pub fn clear(&mut self, r: usize) {
        self.row_mut(r).0.fill(0);
    }

    /// Copies row `from` over row `to`.
    #[inline]
    pub fn copy(&mut self, from: usize, to: usize) {
        let w = self.words_per_row;
        self.bits.copy_within(from * w..(from + 1) * w, to * w);
    }
}
