//! A labelled DAG as two square tables of bits: who are the parents of each node, and who its descendants.

use std::hash::{Hash, Hasher};

/// The nodes among the bits of a word.
pub fn nodes(word: u64) -> impl Iterator<Item = usize> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let node = (rest != 0).then(|| rest.trailing_zeros() as usize);
        rest &= rest.wrapping_sub(1);
        node
    })
}

/// A DAG over at most 64 nodes. Equality and hash are those of the parents: the descendants follow from them.
#[derive(Debug)]
pub struct Graph {
    /// One word per node, its parents; then one word per node, its descendants and itself.
    words: Box<[u64]>,
}

impl Graph {
    /// The graph on `n` nodes without edges.
    pub fn empty(n: usize) -> Self {
        Self { words: (0..n).map(|_| 0).chain((0..n).map(|j| 1 << j)).collect() }
    }

    /// Number of nodes.
    pub fn n(&self) -> usize {
        self.words.len() / 2
    }

    /// Per node its parents as bits.
    #[inline]
    pub fn parents(&self) -> &[u64] {
        &self.words[..self.words.len() / 2]
    }

    /// Per node its descendants and itself as bits: what it would close a cycle to have as a parent.
    #[inline]
    pub fn descendants(&self) -> &[u64] {
        &self.words[self.words.len() / 2..]
    }

    /// Number of edges.
    #[inline]
    pub fn n_edges(&self) -> u32 {
        self.parents().iter().map(|p| p.count_ones()).sum()
    }

    /// The edges, by their target and then by their source.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize)> {
        self.parents().iter().enumerate().flat_map(|(to, p)| nodes(*p).map(move |from| (from, to)))
    }

    /// Adds an edge that is not there and closes no cycle.
    #[inline]
    pub fn add(&mut self, from: usize, to: usize) {
        let n = self.n();
        let (parents, descendants) = self.words.split_at_mut(n);
        debug_assert!(descendants[to] >> from & 1 == 0 && parents[to] >> from & 1 == 0);
        parents[to] |= 1 << from;
        let below = descendants[to];
        for d in descendants {
            // All ones where the node reaches `from`, without a branch.
            *d |= below & (*d >> from & 1).wrapping_neg();
        }
    }

    /// Removes an edge that is there.
    pub fn remove(&mut self, from: usize, to: usize) {
        let n = self.n();
        let (parents, descendants) = self.words.split_at_mut(n);
        debug_assert!(parents[to] >> from & 1 == 1);
        parents[to] &= !(1 << from);
        let children = |node: usize| (0..n).filter(move |&c| c != node);
        if children(from).any(|c| parents[c] >> from & 1 == 1 && descendants[c] >> to & 1 == 1) {
            return; // There is another way.
        }
        // Only those that reached `from` can have lost something. Who reaches fewer nodes comes first, since a child
        // reaches fewer than its parent: all below are then done.
        let (mut above, mut len) = ([0; 64], 0);
        for k in (0..n).filter(|&k| descendants[k] >> from & 1 == 1) {
            above[len] = k;
            len += 1;
        }
        above[..len].sort_unstable_by_key(|&k| descendants[k].count_ones());
        for &k in &above[..len] {
            let below = children(k).filter(|&c| parents[c] >> k & 1 == 1).map(|c| descendants[c]);
            descendants[k] = below.fold(1 << k, |all, d| all | d);
        }
    }
}

impl Clone for Graph {
    fn clone(&self) -> Self {
        Self { words: self.words.clone() }
    }

    fn clone_from(&mut self, other: &Self) {
        // In place if there are as many nodes.
        self.words.clone_from(&other.words);
    }
}

impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        self.parents() == other.parents()
    }
}

impl Eq for Graph {}

impl Hash for Graph {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parents().iter().for_each(|p| state.write_u64(*p));
    }
}
