//! Trees that were sampled: what they have in common, and how unlike they are.
//!
//! A *rooted clade* is the set of leaves below an edge; a *split* of an unrooted tree is the two sets of leaves on both
//! sides of an edge, written as the one without the first leaf. Parsimony says nothing of roots, so that samples by it
//! are compared by splits: of one unrooted tree all roots are equally likely. The *support* of a clade or split is the
//! probability that a sampled tree has it. The *majority-rule consensus* has those with a support above one half, which
//! always fit together; nodes of more than two children are what the samples leave open.

mod draw;
mod newick;
mod support;
#[cfg(test)]
mod tests;

pub use newick::NewickError;
pub use support::{Rooting, Support, Taxa, TreeError};

/// A node with everything below it. Leaves have names; what inner nodes are called may be a support.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The name of a leaf, or the label of an inner node; may be empty.
    pub label: String,
    /// The parts, none for a leaf.
    pub children: Vec<Tree>,
}

impl Tree {
    /// A leaf.
    pub fn leaf(name: impl Into<String>) -> Self {
        Self { label: name.into(), children: Vec::new() }
    }

    /// Is it a leaf?
    pub fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }

    /// The names of the leaves from left to right.
    pub fn leaves(&self) -> Vec<&str> {
        if self.is_leaf() {
            return vec![&self.label];
        }
        self.children.iter().flat_map(Tree::leaves).collect()
    }
}
