//! Which rows want which panels of a head, turned round: from bits per row to lists of rows per panel.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::ops::Range;

use headwater_core::{BitMatrix, Ones, Wanted};

/// Rows that are looked at together: one bit of a word each.
pub(crate) const ROWS: usize = 64;

/// The matrix of panels, if it is worth looking at for `rows` rows of `panels` panels: where a quarter of them or more
/// is not wanted. What is computed depends on that, no bit of what is wanted does.
pub(crate) fn sparse<'a>(wanted: Wanted<'a>, rows: Range<usize>, panels: usize) -> Option<&'a BitMatrix> {
    let Wanted::Panels(matrix) = wanted else { return None };
    let all = rows.len() * panels;
    let some: usize = matrix.words(rows).iter().map(|w| w.count_ones() as usize).sum();
    (4 * some < 3 * all).then_some(matrix)
}

/// Transposes a matrix of 64 × 64 bits; bit j of word i becomes bit i of word j.
pub(crate) fn transpose(words: &mut [u64; 64]) {
    let (mut width, mut low) = (32, u64::MAX >> 32);
    while width > 0 {
        for i in (0..64).filter(|i| i & width == 0) {
            let swap = (words[i] >> width ^ words[i + width]) & low;
            words[i] ^= swap << width;
            words[i + width] ^= swap;
        }
        width /= 2;
        low ^= low << width;
    }
}

/// Word `w` of up to 64 rows from `first` on, transposed: which of the rows want panel 64 w + i, for every i.
pub(crate) fn rows_by_panel(wanted: &BitMatrix, rows: Range<usize>, w: usize) -> [u64; 64] {
    let mut words = [0; 64];
    for (word, r) in words.iter_mut().zip(rows) {
        *word = wanted.row(r)[w];
    }
    transpose(&mut words);
    words
}

/// Calls `visit` for every run of neighbouring panels among `panels` that the same rows want, with the set of these:
/// bit i for row `rows.start + i` of up to 64. Panels ascend; those that nobody wants are left out, and no run goes
/// from one multiple of 64 panels to the next.
pub(crate) fn runs(
    wanted: &BitMatrix,
    rows: Range<usize>,
    panels: Range<usize>,
    mut visit: impl FnMut(Range<usize>, u64),
) {
    debug_assert!(rows.len() <= ROWS);
    let mut from = panels.start;
    while from < panels.end {
        let w = from / 64;
        let end = panels.end.min(64 * (w + 1));
        let by_panel = rows_by_panel(wanted, rows.clone(), w);
        while from < end {
            let set = by_panel[from % 64];
            let to = (from..end).find(|p| by_panel[p % 64] != set).unwrap_or(end);
            if set != 0 {
                visit(from..to, set);
            }
            from = to;
        }
    }
}

/// The rows that want each panel, as bits of `rows.div_ceil(64)` words, panel after panel of `wanted`'s words.
pub(crate) fn by_panel(wanted: &BitMatrix, rows: usize, out: &mut Vec<u64>) {
    let (words, blocks) = (wanted.words_per_row(), rows.div_ceil(ROWS));
    let n = 64 * words * blocks;
    if out.len() < n {
        out.resize(n + n / 2, 0);
    }
    for block in 0..blocks {
        let rows = ROWS * block..(ROWS * (block + 1)).min(rows);
        for w in 0..words {
            let bits = rows_by_panel(wanted, rows.clone(), w);
            for (i, bits) in bits.into_iter().enumerate() {
                out[(64 * w + i) * blocks + block] = bits;
            }
        }
    }
}

/// The bits `at..at + n` of a row of words; n ≤ 64.
pub(crate) fn window(words: &[u64], at: usize, n: usize) -> u64 {
    let (w, shift) = (at / 64, at % 64);
    let both = u128::from(words[w]) | u128::from(words.get(w + 1).copied().unwrap_or(0)) << 64;
    (both >> shift) as u64 & u64::MAX >> (64 - n)
}

/// Asks the memory for the panels of a row whose bit is set, for use soon: they are scattered, so that no hardware
/// fetches ahead.
pub fn fetch(row: &[f32], panels: &[u64]) {
    #[cfg(target_arch = "x86_64")]
    for panel in Ones::new(panels) {
        // SAFETY: every x86-64 has the instruction, and it may be given any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().wrapping_add(16 * panel).cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (row, panels);
}

/// A list of up to `N` rows or panels, in place.
pub(crate) struct List<const N: usize> {
    items: [u32; N],
    len: usize,
}

impl<const N: usize> List<N> {
    pub const EMPTY: Self = Self { items: [0; N], len: 0 };

    /// The numbers of the bits that are set in `words`.
    pub fn of(words: &[u64]) -> Self {
        let mut list = Self::EMPTY;
        for i in Ones::new(words) {
            list.push(i as u32);
        }
        list
    }

    /// The numbers, counted from `range.start`, of the bits that are set in `words` within `range`.
    pub fn within(words: &[u64], range: Range<usize>) -> Self {
        let mut list = Self::EMPTY;
        let first = range.start / 64;
        for (w, &word) in (first..).zip(&words[first..range.end.div_ceil(64)]) {
            let from = range.start.max(64 * w) - 64 * w;
            let to = range.end.min(64 * (w + 1)) - 64 * w;
            let bits = word & u64::MAX << from & u64::MAX >> (64 - to);
            for i in Ones::new(&[bits]) {
                list.push((64 * w + i - range.start) as u32);
            }
        }
        list
    }

    pub fn push(&mut self, item: u32) {
        self.items[self.len] = item;
        self.len += 1;
    }

    pub fn is_full(&self) -> bool {
        self.len == N
    }

    pub fn clear(&mut self) {
        self.len = 0;
    }
}

impl<const N: usize> std::ops::Deref for List<N> {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.items[..self.len]
    }
}
