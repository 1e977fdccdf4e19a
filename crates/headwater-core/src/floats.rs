//! A vector of floats that starts at a cache line, so that no vector register is filled from two of them.

use std::ops::{Deref, DerefMut};

/// Floats per cache line.
const LINE: usize = 16;

/// A growable array of floats whose first element starts a cache line of 64 bytes.
///
/// Kernels read rows of sixteen floats at a time. A load that crosses into a second line costs twice as much, and an
/// ordinary vector starts anywhere.
#[derive(Default)]
pub struct Floats {
    /// What comes before the first line, then the elements.
    data: Vec<f32>,
    start: usize,
}

impl Floats {
    /// `n` zeroes.
    pub fn zeros(n: usize) -> Self {
        let mut floats = Self::default();
        floats.resize(n);
        floats
    }

    /// Grows with zeroes or shrinks to `n` elements. Keeps its allocation when it shrinks.
    pub fn resize(&mut self, n: usize) {
        if self.start + n <= self.data.capacity() {
            self.data.resize(self.start + n, 0.0);
            return;
        }
        let mut data: Vec<f32> = Vec::with_capacity(n + LINE);
        // "Impossible to align" is an answer that the contract of `align_offset` allows.
        let start = data.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        data.resize(start, 0.0);
        data.extend_from_slice(self);
        data.resize(start + n, 0.0);
        *self = Self { data, start };
    }

    /// Makes it at least `n` long, with room to spare: batches differ a little in size from step to step.
    pub fn grow(&mut self, n: usize) {
        if self.len() < n {
            self.resize(n + n / 2);
        }
    }

    /// Has `n` elements from now on, all zero.
    pub fn reset(&mut self, n: usize) {
        self.data.truncate(self.start);
        self.resize(n);
    }
}

impl Deref for Floats {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &self.data[self.start..]
    }
}

impl DerefMut for Floats {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..]
    }
}

impl Clone for Floats {
    fn clone(&self) -> Self {
        let mut floats = Self::zeros(self.len());
        floats.copy_from_slice(self);
        floats
    }
}

impl PartialEq for Floats {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl std::fmt::Debug for Floats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}
