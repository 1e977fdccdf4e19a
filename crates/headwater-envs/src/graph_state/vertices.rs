//! A set of vertices as bits.

use headwater_core::Ones;

/// The largest number of vertices of a graph.
pub const MAX_VERTICES: usize = 512;

const WORDS: usize = MAX_VERTICES / 64;

/// A set of vertices: bit v is one iff vertex v is in. Always inline and of one size, so that nothing allocates and
/// loops over words have no branches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vertices([u64; WORDS]);

impl Vertices {
    /// The vertices below `n`.
    pub(crate) fn first(n: usize) -> Self {
        Self::of(0..n)
    }

    /// These vertices.
    pub(crate) fn of(vertices: impl IntoIterator<Item = usize>) -> Self {
        let mut set = Self::default();
        vertices.into_iter().for_each(|v| set.add(v));
        set
    }

    /// The words, the lowest vertices first.
    #[inline]
    pub(crate) fn words(&self) -> &[u64; WORDS] {
        &self.0
    }

    #[inline]
    pub(crate) fn has(&self, v: usize) -> bool {
        self.0[v >> 6] >> (v & 63) & 1 == 1
    }

    #[inline]
    pub(crate) fn add(&mut self, v: usize) {
        self.0[v >> 6] |= 1 << (v & 63);
    }

    #[inline]
    pub(crate) fn remove(&mut self, v: usize) {
        self.0[v >> 6] &= !(1 << (v & 63));
    }

    /// Puts `v` in if it is out, and takes it out if it is in.
    #[inline]
    pub(crate) fn flip(&mut self, v: usize) {
        self.0[v >> 6] ^= 1 << (v & 63);
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().fold(0, |all, w| all | w) == 0
    }

    /// How many vertices are in.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }

    /// The vertices, ascending.
    pub(crate) fn iter(&self) -> Ones<'_> {
        Ones::new(&self.0)
    }

    /// The smallest vertex.
    #[inline]
    pub(crate) fn smallest(&self) -> Option<usize> {
        self.iter().next()
    }

    /// The only vertex that both sets have, if there is exactly one.
    #[inline]
    pub(crate) fn only_common(&self, other: &Self) -> Option<usize> {
        let mut only = None;
        for i in 0..WORDS {
            let word = self.0[i] & other.0[i];
            // Most often there are two in the first word that has any.
            if word != 0 {
                if only.is_some() || word & (word - 1) != 0 {
                    return None;
                }
                only = Some(64 * i + word.trailing_zeros() as usize);
            }
        }
        only
    }

    /// For each vertex below `n` whether it is in, as 0 or 1.
    pub(crate) fn bits(&self, n: usize) -> impl Iterator<Item = u32> {
        let words = self.0;
        (0..n).map(move |v| (words[v >> 6] >> (v & 63) & 1) as u32)
    }

    #[inline]
    pub(crate) fn and(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    #[inline]
    pub(crate) fn or(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    /// What is in and not in `other`.
    #[inline]
    pub(crate) fn less(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    /// The vertices before those that are in; vertex 0 has none.
    #[inline]
    pub(crate) fn before(&self) -> Self {
        let next = |i: usize| self.0.get(i + 1).map_or(0, |w| w << 63);
        Self(std::array::from_fn(|i| self.0[i] >> 1 | next(i)))
    }

    #[inline]
    fn zip(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}
