//! A forest of rooted binary trees, each tree named by its smallest leaf.
//!
//! Every merge makes the tree of the larger name a part of the tree of the smaller one. So leaf j stands for the clade
//! that was called j when it was merged into another, and a forest is written down by what each tree took in last, and
//! what it had taken in before that. Equal forests are equal in memory, and a merge changes three bytes.

/// The largest number of leaves.
pub const MAX_TAXA: usize = 128;

/// No tree.
const NONE: u8 = u8::MAX;

/// A forest; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Forest {
    /// Bit i is one iff a tree is called i.
    roots: u128,
    /// For every name the clade that its tree took in last.
    last: [u8; MAX_TAXA],
    /// For every clade that was taken in, the one that was taken in before by the same tree.
    before: [u8; MAX_TAXA],
}

impl Forest {
    /// `n` leaves, nothing merged.
    pub fn leaves(n: usize) -> Self {
        let roots = u128::MAX >> (MAX_TAXA - n);
        Self { roots, last: [NONE; MAX_TAXA], before: [NONE; MAX_TAXA] }
    }

    /// The names of the trees, as bits.
    #[inline]
    pub fn roots(&self) -> u128 {
        self.roots
    }

    /// Is this one tree?
    #[inline]
    pub fn is_tree(&self) -> bool {
        self.roots & (self.roots - 1) == 0
    }

    /// Is there a tree called `i`?
    #[inline]
    pub fn has(&self, i: usize) -> bool {
        self.roots >> i & 1 == 1
    }

    /// Merges the trees called `i` and `j`; requires i < j.
    #[inline]
    pub fn merge(&mut self, i: usize, j: usize) {
        debug_assert!(i < j && self.has(i) && self.has(j), "two trees are merged");
        self.before[j] = self.last[i];
        self.last[i] = j as u8;
        self.roots &= !(1 << j);
    }

    /// Splits the tree called `i` at its root; requires that [`Forest::youngest`] of it is `j`.
    #[inline]
    pub fn split(&mut self, i: usize, j: usize) {
        debug_assert!(self.youngest(i) == Some(j), "a tree is split where it was merged");
        self.last[i] = self.before[j];
        self.before[j] = NONE;
        self.roots |= 1 << j;
    }

    /// The clade that tree or clade `i` took in last: the second part at its root. `None` for a leaf.
    #[inline]
    pub fn youngest(&self, i: usize) -> Option<usize> {
        Some(usize::from(self.last[i])).filter(|&j| j != usize::from(NONE))
    }

    /// The clade that was taken in before `j` by the tree that took in `j`.
    #[inline]
    pub fn before(&self, j: usize) -> Option<usize> {
        Some(usize::from(self.before[j])).filter(|&k| k != usize::from(NONE))
    }

    /// What tree or clade `i` took in, from the last to the first.
    #[inline]
    pub fn taken(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.youngest(i), |&j| self.before(j))
    }

    /// The names of the trees, ascending.
    #[inline]
    pub fn names(&self) -> impl Iterator<Item = usize> + use<> {
        bits(self.roots)
    }

    /// Visits all merges such that both parts are complete when they are visited: `visit(i, j)` adds the clade called j to
    /// what is called i.
    #[inline]
    pub fn merges(&self, n: usize, mut visit: impl FnMut(usize, usize)) {
        let mut order = [0u8; MAX_TAXA];
        // Clades have larger names than what takes them in.
        for i in (0..n).rev() {
            let mut count = 0;
            for j in self.taken(i) {
                order[count] = j as u8;
                count += 1;
            }
            order[..count].iter().rev().for_each(|&j| visit(i, usize::from(j)));
        }
    }
}

/// The ones of a number, ascending.
#[inline]
pub fn bits(mut word: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let i = word.trailing_zeros() as usize;
        (word != 0).then(|| {
            word &= word - 1;
            i
        })
    })
}
