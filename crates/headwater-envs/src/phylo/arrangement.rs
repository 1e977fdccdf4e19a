//! An unrooted tree that is rearranged: clades are cut off and put on other branches, and what every place would cost is
//! known before one is chosen.
//!
//! The tree hangs at its first leaf: what is below is a rooted binary tree of the other leaves. Every node but the first
//! leaf stands for the branch above it, so that there are 2n − 3 branches. Mutations do not depend on where the root is.
//! With a clade cut off, a place costs the sites at which the clade's set and that of a root on the branch are disjoint
//! (Fitch 1971); the set of such a root comes from the sets below and above the branch, and those of all branches from one
//! pass down the tree.

use headwater_core::Key;

use super::Phylo;
use super::fitch::{Fitch, Word};
use super::forest::Forest;

/// No node.
const NONE: usize = usize::MAX;

/// Chooses one of several places, which are given with the mutations of the tree so far; the answer is an index.
pub(super) type Choose<'a> = dyn FnMut(&[(usize, u32)]) -> usize + 'a;

/// A tree that is rearranged. Leaf i is node i, and inner nodes follow.
#[derive(Clone)]
pub(super) struct Arrangement<'a> {
    fitch: &'a Fitch,
    n: usize,
    /// The parts of every inner node, and the node that every node is a part of.
    parts: Vec<[usize; 2]>,
    above: Vec<usize>,
    /// The node next to the first leaf.
    root: usize,
    /// The sets of the clades below the nodes, and the mutations at each node.
    below: Vec<Word>,
    at: Vec<u32>,
    /// The sum of `at`, over all nodes that are in the tree or in what is cut off.
    sum: u32,
    /// The sets of all that is not below the nodes; up to date for [`Arrangement::places`] alone.
    beyond: Vec<Word>,
    /// Room for one set.
    set: Vec<Word>,
    /// Branches that a clade can be put on, and the mutations that the tree has then.
    places: Vec<(usize, u32)>,
}

impl<'a> Arrangement<'a> {
    /// Leaves added in a random order, each on a branch that `choose` takes from all, which are given with the mutations
    /// of the tree so far.
    pub fn grow(env: &'a Phylo, key: Key, choose: &mut Choose<'_>) -> Self {
        let (fitch, n) = (env.fitch(), env.names().len());
        let nodes = 2 * n - 2;
        let mut below = vec![[0; 5]; nodes * fitch.words()];
        below[..n * fitch.words()].copy_from_slice(fitch.leaves());
        let mut order: Vec<usize> = (1..n).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, key.fold(i as u64).below(i as u32 + 1) as usize);
        }
        let mut tree = Self {
            fitch,
            n,
            parts: vec![[NONE; 2]; nodes],
            above: vec![NONE; nodes],
            root: order[0],
            below,
            at: vec![0; nodes],
            sum: 0,
            beyond: vec![[0; 5]; nodes * fitch.words()],
            set: vec![[0; 5]; fitch.words()],
            places: Vec::with_capacity(nodes),
        };
        for (k, &leaf) in order.iter().enumerate().skip(1) {
            tree.find_places(leaf);
            let host = tree.places[choose(&tree.places)].0;
            tree.graft(leaf, n + k - 1, host);
        }
        tree
    }

    /// The mutations of the tree, those of sites that say nothing included.
    pub fn mutations(&self) -> u32 {
        self.fitch.constant() + self.sum + self.fitch.cost(self.clade(self.root), self.clade(0))
    }

    /// A clade that can be cut off: one of 2n − 4, whatever the tree is.
    pub fn clade_at(&self, i: usize) -> usize {
        if 1 + i < self.root { 1 + i } else { 2 + i }
    }

    /// Number of clades that can be cut off.
    pub fn clades(&self) -> usize {
        2 * self.n - 4
    }

    /// Cuts a clade off and puts it on the branch that `choose` takes from all, which are given with the mutations that
    /// the tree has then. The first of them is where the clade was.
    pub fn rearrange(&mut self, clade: usize, choose: &mut Choose<'_>) {
        let joint = self.above[clade];
        let sibling = self.prune(clade);
        self.find_places(clade);
        let was = self.places.iter().position(|p| p.0 == sibling).expect("what was beside it is still there");
        self.places.swap(0, was);
        let host = self.places[choose(&self.places)].0;
        self.graft(clade, joint, host);
    }

    fn clade(&self, node: usize) -> &[Word] {
        &self.below[node * self.fitch.words()..(node + 1) * self.fitch.words()]
    }

    /// Cuts a clade off, with the node above it; returns what was beside it.
    fn prune(&mut self, clade: usize) -> usize {
        let joint = self.above[clade];
        let [a, b] = self.parts[joint];
        let sibling = if a == clade { b } else { a };
        let top = self.above[joint];
        self.above[sibling] = top;
        self.sum -= std::mem::take(&mut self.at[joint]);
        if top == NONE {
            self.root = sibling;
        } else {
            let side = usize::from(self.parts[top][1] == joint);
            self.parts[top][side] = sibling;
            self.refresh(top);
        }
        sibling
    }

    /// Puts a clade on the branch above `host`, with the node `joint`.
    fn graft(&mut self, clade: usize, joint: usize, host: usize) {
        let top = self.above[host];
        if top == NONE {
            self.root = joint;
        } else {
            let side = usize::from(self.parts[top][1] == host);
            self.parts[top][side] = joint;
        }
        self.above[joint] = top;
        self.parts[joint] = [host, clade];
        self.above[host] = joint;
        self.above[clade] = joint;
        // What the node's set was says nothing of what is above it now.
        self.merge_parts(joint);
        if top != NONE {
            self.refresh(top);
        }
    }

    /// Brings the sets of a node and of those above it up to date, as far as they change.
    fn refresh(&mut self, mut node: usize) {
        while node != NONE && self.merge_parts(node) {
            node = self.above[node];
        }
    }

    /// Brings the set and the mutations of an inner node up to date; has the set changed?
    fn merge_parts(&mut self, node: usize) -> bool {
        let words = self.fitch.words();
        let [a, b] = self.parts[node].map(|part| &self.below[part * words..(part + 1) * words]);
        let mutations = self.fitch.merged(a, b, &mut self.set);
        self.sum = self.sum + mutations - std::mem::replace(&mut self.at[node], mutations);
        let old = &mut self.below[node * words..(node + 1) * words];
        let changed = *old != *self.set;
        if changed {
            old.copy_from_slice(&self.set);
        }
        changed
    }

    /// Finds every branch that a clade, which is cut off, can be put on, and the mutations of the tree with it there.
    fn find_places(&mut self, clade: usize) {
        let words = self.fitch.words();
        let range = |node: usize| node * words..(node + 1) * words;
        let rest = self.mutations();
        self.places.clear();
        self.places.push((self.root, 0));
        self.beyond[range(self.root)].copy_from_slice(&self.below[range(0)]);
        let mut next = 0;
        while let Some(&(node, _)) = self.places.get(next) {
            let (below, beyond) = (&self.below[range(node)], &self.beyond[range(node)]);
            self.places[next].1 = rest + self.fitch.joint_cost(below, beyond, &self.below[range(clade)]);
            next += 1;
            if node < self.n {
                continue;
            }
            let [a, b] = self.parts[node];
            for (part, other) in [(a, b), (b, a)] {
                self.fitch.merged(&self.beyond[range(node)], &self.below[range(other)], &mut self.set);
                self.beyond[range(part)].copy_from_slice(&self.set);
                self.places.push((part, 0));
            }
        }
    }

    /// Hands over the splits that not every tree has, as the leaves on the side without the first, bit i for leaf i.
    pub fn splits(&self, mut visit: impl FnMut(u128)) {
        let mut order = vec![self.root];
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            if node >= self.n {
                order.extend(self.parts[node]);
            }
        }
        let mut leaves = vec![0u128; 2 * self.n - 2];
        for node in order.into_iter().rev() {
            if node < self.n {
                leaves[node] = 1 << node;
                continue;
            }
            let [a, b] = self.parts[node];
            leaves[node] = leaves[a] | leaves[b];
            if node != self.root {
                visit(leaves[node]);
            }
        }
    }

    /// The tree as a state, with its root on a branch that `key` draws.
    pub fn forest(&self, key: Key) -> Forest {
        let mut forest = Forest::leaves(self.n);
        let node = 1 + key.below(2 * self.n as u32 - 3) as usize;
        let (i, j) = (self.merge_below(node, &mut forest), self.merge_beyond(node, &mut forest));
        forest.merge(i.min(j), i.max(j));
        forest
    }

    /// Merges what is below a node; returns its name.
    fn merge_below(&self, node: usize, forest: &mut Forest) -> usize {
        if node < self.n {
            return node;
        }
        let [a, b] = self.parts[node].map(|part| self.merge_below(part, forest));
        forest.merge(a.min(b), a.max(b));
        a.min(b)
    }

    /// Merges all that is not below a node; returns its name.
    fn merge_beyond(&self, node: usize, forest: &mut Forest) -> usize {
        let top = self.above[node];
        if top == NONE {
            return 0;
        }
        let [a, b] = self.parts[top];
        let (a, b) =
            (self.merge_below(if a == node { b } else { a }, forest), self.merge_beyond(top, forest));
        forest.merge(a.min(b), a.max(b));
        a.min(b)
    }
}
