//! Trees that need few mutations, by climbing: what a sampler can be shown before it has found any by itself.
//!
//! A climb begins with leaves added in a random order, each where it costs least. Then clades are cut off and put on
//! other branches (subtree pruning and regrafting), as long as that saves mutations. It ends at a tree that no such move
//! improves, which need not be a best one.

use headwater_core::Key;

use super::Phylo;
use super::fitch::Word;
use super::forest::Forest;

/// Nodes of a tree that is rearranged: leaf i is node i, and the root is the last one.
struct Climb<'a> {
    env: &'a Phylo,
    /// The parts of every inner node, and the node that every node is a part of.
    parts: Vec<[usize; 2]>,
    above: Vec<usize>,
    root: usize,
    sets: Vec<Word>,
}

/// No node.
const NONE: usize = usize::MAX;

/// A tree that no move improves, from a start that `key` draws.
pub fn climb(env: &Phylo, key: Key) -> Forest {
    let n = env.names().len();
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, key.fold(0).fold(i as u64).below(i as u32 + 1) as usize);
    }
    let mut tree = Climb {
        env,
        parts: vec![[NONE; 2]; 2 * n - 1],
        above: vec![NONE; 2 * n - 1],
        root: order[0],
        sets: vec![[0; 5]; (2 * n - 1) * env.fitch().words()],
    };
    for (k, &leaf) in order.iter().enumerate().skip(1) {
        // Inner nodes are made as they are needed.
        tree.graft_best(leaf, n + k - 1, u32::MAX);
    }
    let mut best = tree.mutations();
    let mut improved = true;
    while improved {
        improved = false;
        for k in 0..2 * n - 1 {
            let clade = (k + key.fold(1).below(2 * n as u32 - 1) as usize) % (2 * n - 1);
            if clade == tree.root || tree.above[clade] == NONE {
                continue;
            }
            let joint = tree.above[clade];
            let sibling = tree.prune(clade);
            let now = tree.graft_best(clade, joint, best);
            if now < best {
                (best, improved) = (now, true);
            } else {
                // Back to where it was.
                tree.graft(clade, joint, sibling);
            }
        }
    }
    tree.forest()
}

impl Climb<'_> {
    /// Cuts a clade off, with the node above it; returns what was beside it.
    fn prune(&mut self, clade: usize) -> usize {
        let joint = self.above[clade];
        let [a, b] = self.parts[joint];
        let sibling = if a == clade { b } else { a };
        let top = self.above[joint];
        self.above[sibling] = top;
        if top == NONE {
            self.root = sibling;
        } else {
            let side = usize::from(self.parts[top][1] == joint);
            self.parts[top][side] = sibling;
        }
        self.above[clade] = NONE;
        self.above[joint] = NONE;
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
    }

    /// Puts a clade where the tree needs fewest mutations, if fewer than `bound`; returns how many.
    fn graft_best(&mut self, clade: usize, joint: usize, bound: u32) -> u32 {
        let mut hosts = Vec::new();
        self.nodes(self.root, &mut hosts);
        let (mut best, mut place) = (bound, None);
        for host in hosts {
            self.graft(clade, joint, host);
            let mutations = self.mutations();
            if mutations < best {
                (best, place) = (mutations, Some(host));
            }
            self.prune(clade);
        }
        if let Some(host) = place {
            self.graft(clade, joint, host);
        }
        best
    }

    /// Appends a node and all below it, parts before what they are parts of.
    fn nodes(&self, node: usize, out: &mut Vec<usize>) {
        if node >= self.env.names().len() {
            self.parts[node].iter().for_each(|&part| self.nodes(part, out));
        }
        out.push(node);
    }

    fn mutations(&mut self) -> u32 {
        let (n, words) = (self.env.names().len(), self.env.fitch().words());
        let mut order = Vec::with_capacity(2 * n);
        self.nodes(self.root, &mut order);
        let mut sum = 0;
        for node in order {
            let at = node * words;
            if node < n {
                self.sets[at..at + words].copy_from_slice(&self.env.fitch().leaves()[at..at + words]);
                continue;
            }
            let [a, b] = self.parts[node].map(|part| part * words);
            self.sets.copy_within(a..a + words, at);
            let (low, high) = self.sets.split_at_mut(at.max(b));
            sum += if b < at {
                self.env.fitch().merge(&mut high[..words], &low[b..b + words])
            } else {
                self.env.fitch().merge(&mut low[at..at + words], &high[..words])
            };
        }
        sum
    }

    /// The tree as a state.
    fn forest(&self) -> Forest {
        let mut forest = Forest::leaves(self.env.names().len());
        self.merge_below(self.root, &mut forest);
        forest
    }

    /// Merges what is below a node; returns its name.
    fn merge_below(&self, node: usize, forest: &mut Forest) -> usize {
        if node < self.env.names().len() {
            return node;
        }
        let [a, b] = self.parts[node].map(|part| self.merge_below(part, forest));
        forest.merge(a.min(b), a.max(b));
        a.min(b)
    }
}
