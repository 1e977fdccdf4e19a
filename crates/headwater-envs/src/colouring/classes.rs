//! Classes of vertices in the order of their first vertices, with what follows from them.

use std::hash::{Hash, Hasher};

use headwater_core::Ones;

use crate::graph_state::Vertices;

/// Disjoint sets of vertices, the smallest vertex of each smaller than that of the next, and empty ones behind them.
///
/// In as many words as the graph needs, since there may be many classes of few vertices.
#[derive(Debug)]
pub struct Classes {
    /// The classes, row by row.
    members: Box<[u64]>,
    /// Follows from the classes: for each the vertices that are in or have a neighbour that is; and last, the vertices
    /// that are in none.
    derived: Box<[u64]>,
    words: usize,
    used: usize,
}

impl Clone for Classes {
    fn clone(&self) -> Self {
        let Self { members, derived, words, used } = self;
        Self { members: members.clone(), derived: derived.clone(), words: *words, used: *used }
    }

    // A boxed slice is cloned into one of its length in place; derived, this would allocate.
    fn clone_from(&mut self, source: &Self) {
        self.members.clone_from(&source.members);
        self.derived.clone_from(&source.derived);
        (self.words, self.used) = (source.words, source.used);
    }
}

impl PartialEq for Classes {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl Eq for Classes {}

impl Hash for Classes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.members.hash(state);
    }
}

fn smallest(words: &[u64]) -> Option<usize> {
    Ones::new(words).next()
}

impl Classes {
    /// `k` empty classes of vertices of which `all` are the words.
    pub(super) fn new(all: &[u64], k: usize) -> Self {
        let words = all.len();
        let derived = [&vec![0; k * words], all].concat().into_boxed_slice();
        Self { members: vec![0; k * words].into(), derived, words, used: 0 }
    }

    /// How many classes are not empty: the first ones.
    #[inline]
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// The words of class `c`.
    #[inline]
    pub fn members(&self, c: usize) -> &[u64] {
        &self.members[c * self.words..(c + 1) * self.words]
    }

    /// Class `c` and its neighbours.
    #[inline]
    pub(super) fn blocked(&self, c: usize) -> &[u64] {
        &self.derived[c * self.words..(c + 1) * self.words]
    }

    /// The vertices in no class.
    #[inline]
    pub(super) fn free(&self) -> &[u64] {
        &self.derived[self.members.len()..]
    }

    /// Class `c` as a set.
    pub(super) fn set(&self, c: usize) -> Vertices {
        Vertices::of(Ones::new(self.members(c)))
    }

    #[inline]
    pub(super) fn smallest(&self, c: usize) -> Option<usize> {
        smallest(self.members(c))
    }

    /// The second vertex of class `c`.
    pub(super) fn second(&self, c: usize) -> Option<usize> {
        Ones::new(self.members(c)).nth(1)
    }

    /// Puts vertex `v` into class `c`, or opens it. `row` are the neighbours of the vertex.
    #[inline]
    pub(super) fn add(&mut self, v: usize, c: usize, row: &[u64]) {
        let (at, bit) = (v >> 6, 1 << (v & 63));
        let start = c * self.words;
        self.members[start + at] |= bit;
        let n = self.members.len();
        self.derived[n + at] &= !bit;
        self.derived[start + at] |= bit;
        self.derived[start..start + self.words].iter_mut().zip(row).for_each(|(b, r)| *b |= r);
        self.used = self.used.max(c + 1);
        // A class with a smaller first vertex moves on.
        let mut c = c;
        while c > 0 && self.smallest(c - 1) > Some(v) {
            self.swap(c - 1);
            c -= 1;
        }
    }

    /// Takes vertex `v` out of its class. `rows` are the neighbours of a vertex.
    pub(super) fn remove<'a>(&mut self, v: usize, rows: impl Fn(usize) -> &'a [u64]) {
        let (at, bit) = (v >> 6, 1 << (v & 63));
        let holds = |c: &usize| self.members(*c)[at] & bit != 0;
        let mut c = (0..self.used).find(holds).expect("only coloured vertices lose their colour");
        let range = c * self.words..(c + 1) * self.words;
        self.members[range.start + at] &= !bit;
        let n = self.members.len();
        self.derived[n + at] |= bit;
        let blocked = &mut self.derived[range.clone()];
        blocked.copy_from_slice(&self.members[range.clone()]);
        for u in Ones::new(&self.members[range]) {
            blocked.iter_mut().zip(rows(u)).for_each(|(b, r)| *b |= r);
        }
        // Empty classes are last.
        let key = |classes: &Self, c| classes.smallest(c).unwrap_or(usize::MAX);
        while c + 1 < self.used && key(self, c) > key(self, c + 1) {
            self.swap(c);
            c += 1;
        }
        self.used -= usize::from(self.smallest(self.used - 1).is_none());
    }

    /// Swaps classes `c` and `c + 1`.
    fn swap(&mut self, c: usize) {
        let w = self.words;
        for rows in [&mut self.members, &mut self.derived] {
            let (a, b) = rows[c * w..(c + 2) * w].split_at_mut(w);
            a.swap_with_slice(b);
        }
    }
}
