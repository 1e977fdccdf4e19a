//! What an estimator sees of a state: the columns that are one, dense reals, and perhaps what a guide prefers.

/// Layout of an encoded row: `active` one-hot columns out of `columns`, followed by `reals` dense values.
///
/// One-hot inputs travel as the list of their active columns, so that a first layer is a gather and not a product.
/// Every row has exactly `active` of them, and no column twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Number of one-hot columns.
    pub columns: usize,
    /// How many of them are one in every row.
    pub active: usize,
    /// Number of dense values.
    pub reals: usize,
    /// Number of edge labels whose logits a guide shifts: all, or 0 where there is no guide. Guides are no input: rows
    /// that differ in nothing else are the same.
    pub guide: usize,
}

impl Encoding {
    /// `active` one-hot columns out of `columns`, and `reals` dense values.
    pub fn new(columns: usize, active: usize, reals: usize) -> Self {
        Self { columns, active, reals, guide: 0 }
    }

    /// Only one-hot columns.
    pub fn one_hot(columns: usize, active: usize) -> Self {
        Self::new(columns, active, 0)
    }

    /// Only dense values.
    pub fn dense(reals: usize) -> Self {
        Self::new(0, 0, reals)
    }

    /// The same, with a guide of so many labels.
    #[must_use]
    pub fn guided(self, guide: usize) -> Self {
        Self { guide, ..self }
    }

    /// Width of the row if it were written out densely.
    pub fn width(&self) -> usize {
        self.columns + self.reals
    }
}

/// One row to be written by [`crate::Environment::encode`].
pub struct EncodedRow<'a> {
    /// Active columns, `active` of them, each below `columns`.
    pub indices: &'a mut [u32],
    /// Dense values, `reals` of them, finite.
    pub reals: &'a mut [f32],
}

/// Encoded rows of many states.
#[derive(Clone, Debug)]
pub struct Encoded {
    encoding: Encoding,
    rows: usize,
    indices: Vec<u32>,
    reals: Vec<f32>,
    guides: Vec<f32>,
}

impl Encoded {
    /// `rows` rows, zeroed.
    pub fn new(encoding: Encoding, rows: usize) -> Self {
        let mut new = Self { encoding, rows: 0, indices: Vec::new(), reals: Vec::new(), guides: Vec::new() };
        new.resize(rows);
        new
    }

    /// The layout of the rows.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Grows or shrinks to `rows` rows. Keeps its allocation when it shrinks.
    pub fn resize(&mut self, rows: usize) {
        self.rows = rows;
        self.indices.resize(rows * self.encoding.active, 0);
        self.reals.resize(rows * self.encoding.reals, 0.0);
        if self.encoding.guide > 0 {
            self.guides.resize(rows * self.encoding.guide, 0.0);
        }
    }

    /// Row `r`, writable.
    #[inline]
    pub fn row_mut(&mut self, r: usize) -> EncodedRow<'_> {
        let Encoding { active, reals, .. } = self.encoding;
        EncodedRow {
            indices: &mut self.indices[r * active..(r + 1) * active],
            reals: &mut self.reals[r * reals..(r + 1) * reals],
        }
    }

    /// What is added to the forward logits of row `r`, one value per label; writable.
    #[inline]
    pub fn guide_mut(&mut self, r: usize) -> &mut [f32] {
        let n = self.encoding.guide;
        &mut self.guides[r * n..(r + 1) * n]
    }

    /// What is added to the forward logits of row `r`; empty where there is no guide.
    #[inline]
    pub fn guide(&self, r: usize) -> &[f32] {
        let n = self.encoding.guide;
        &self.guides[r * n..(r + 1) * n]
    }

    /// Active columns of row `r`.
    #[inline]
    pub fn indices(&self, r: usize) -> &[u32] {
        let n = self.encoding.active;
        &self.indices[r * n..(r + 1) * n]
    }

    /// Dense values of row `r`.
    #[inline]
    pub fn reals(&self, r: usize) -> &[f32] {
        let n = self.encoding.reals;
        &self.reals[r * n..(r + 1) * n]
    }

    /// Active columns of all rows, `active` per row.
    #[inline]
    pub fn all_indices(&self) -> &[u32] {
        &self.indices
    }

    /// Dense values of all rows, `reals` per row.
    #[inline]
    pub fn all_reals(&self) -> &[f32] {
        &self.reals
    }

    /// Copies row `from` over row `to`.
    #[inline]
    pub fn copy(&mut self, from: usize, to: usize) {
        let Encoding { active, reals, guide, .. } = self.encoding;
        self.indices.copy_within(from * active..(from + 1) * active, to * active);
        self.reals.copy_within(from * reals..(from + 1) * reals, to * reals);
        if guide > 0 {
            self.guides.copy_within(from * guide..(from + 1) * guide, to * guide);
        }
    }

    /// Writes row `from` of `other`, which has the same layout, over row `to`.
    #[inline]
    pub fn write(&mut self, to: usize, other: &Encoded, from: usize) {
        let row = self.row_mut(to);
        row.indices.copy_from_slice(other.indices(from));
        row.reals.copy_from_slice(other.reals(from));
        if self.encoding.guide > 0 {
            self.guide_mut(to).copy_from_slice(other.guide(from));
        }
    }

    /// A hash of row `r`, the same in every process.
    #[inline]
    pub fn hash(&self, r: usize) -> u64 {
        const K: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut h = 0u64;
        for &i in self.indices(r) {
            h = (h ^ u64::from(i)).wrapping_mul(K).rotate_left(29);
        }
        for &x in self.reals(r) {
            h = (h ^ u64::from(x.to_bits())).wrapping_mul(K).rotate_left(29);
        }
        h ^= h >> 32;
        h.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ (h >> 29)
    }

    /// Is row `r` the same as row `s` of `other`? Rows are equal iff the states are, by the contract of `encode`.
    #[inline]
    pub fn same(&self, r: usize, other: &Encoded, s: usize) -> bool {
        self.indices(r) == other.indices(s) && self.reals(r) == other.reals(s)
    }
}
