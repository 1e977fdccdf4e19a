//! Clades and splits of weighted trees, how likely each is, and the tree of those that most samples have.

use std::collections::{BTreeSet, HashMap};

use super::Tree;

/// The largest number of leaves: a set of leaves is a number of 128 bits.
const MAX_TAXA: usize = 128;

/// Does the root of a tree mean anything?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rooting {
    /// Yes: trees are compared by clades.
    Rooted,
    /// No: trees are compared by splits.
    Unrooted,
}

/// Why a tree cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// There are too many leaves.
    #[error("`{0}` leaves are more than {MAX_TAXA}")]
    TooMany(usize),
    /// A leaf has a name that no leaf should have.
    #[error("`{0}` is not among the leaves")]
    Unknown(String),
    /// A leaf is there twice.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// A leaf is not there.
    #[error("`{0}` is missing")]
    Missing(String),
}

/// The leaves that trees are made of.
#[derive(Clone, Debug)]
pub struct Taxa {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Taxa {
    /// Leaves with these names.
    ///
    /// # Errors
    /// If two have the same name, or there are more than 128.
    pub fn new(names: impl IntoIterator<Item = String>) -> Result<Self, TreeError> {
        let names: Vec<String> = names.into_iter().collect();
        if names.len() > MAX_TAXA {
            return Err(TreeError::TooMany(names.len()));
        }
        let mut numbers = HashMap::new();
        for (i, name) in names.iter().enumerate() {
            if numbers.insert(name.clone(), i).is_some() {
                return Err(TreeError::Twice(name.clone()));
            }
        }
        Ok(Self { names, numbers })
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn all(&self) -> u128 {
        if self.names.is_empty() { 0 } else { u128::MAX >> (MAX_TAXA - self.names.len()) }
    }

    /// The names of a set of leaves.
    pub fn members(&self, set: u128) -> impl Iterator<Item = &str> {
        self.names.iter().enumerate().filter(move |(i, _)| set >> i & 1 == 1).map(|(_, name)| &**name)
    }

    /// The clades or splits of a tree that not every tree has. Bit i of a set stands for the i-th leaf. A clade has at
    /// least two leaves and not all; a split has at least two on both sides, and is the side without the first leaf.
    ///
    /// # Errors
    /// If the tree has other leaves than these.
    pub fn sets(&self, tree: &Tree, rooting: Rooting) -> Result<BTreeSet<u128>, TreeError> {
        let mut clades = Vec::new();
        let all = self.clade(tree, &mut clades)?;
        if let Some(name) = self.members(self.all() & !all).next() {
            return Err(TreeError::Missing(name.to_owned()));
        }
        let n = self.names.len() as u32;
        let set = |clade: u128| match rooting {
            Rooting::Unrooted if clade & 1 == 1 => self.all() & !clade,
            _ => clade,
        };
        let largest = if rooting == Rooting::Rooted { n - 1 } else { n.saturating_sub(2) };
        Ok(clades.into_iter().map(set).filter(|s| (2..=largest).contains(&s.count_ones())).collect())
    }

    fn clade(&self, tree: &Tree, clades: &mut Vec<u128>) -> Result<u128, TreeError> {
        if tree.is_leaf() {
            let unknown = || TreeError::Unknown(tree.label.clone());
            return self.numbers.get(&tree.label).map(|i| 1 << i).ok_or_else(unknown);
        }
        let mut all = 0;
        for child in &tree.children {
            let clade = self.clade(child, clades)?;
            if let Some(name) = self.members(all & clade).next() {
                return Err(TreeError::Twice(name.to_owned()));
            }
            all |= clade;
        }
        clades.push(all);
        Ok(all)
    }

    /// The distance of Robinson and Foulds: the number of clades or splits that only one of two trees has.
    ///
    /// # Errors
    /// If a tree has other leaves than these.
    pub fn robinson_foulds(&self, a: &Tree, b: &Tree, rooting: Rooting) -> Result<usize, TreeError> {
        let (a, b) = (self.sets(a, rooting)?, self.sets(b, rooting)?);
        Ok(a.symmetric_difference(&b).count())
    }
}

/// What weighted trees say of every clade or split.
#[derive(Clone, Debug)]
pub struct Support {
    taxa: Taxa,
    rooting: Rooting,
    total: f64,
    sets: HashMap<u128, f64>,
    topologies: HashMap<BTreeSet<u128>, f64>,
}

impl Support {
    /// No trees yet.
    pub fn new(taxa: Taxa, rooting: Rooting) -> Self {
        Self { taxa, rooting, total: 0.0, sets: HashMap::new(), topologies: HashMap::new() }
    }

    /// Counts a tree with a weight, 1 for a sample.
    ///
    /// # Errors
    /// If the tree has other leaves than the others.
    pub fn add(&mut self, tree: &Tree, weight: f64) -> Result<(), TreeError> {
        let sets = self.taxa.sets(tree, self.rooting)?;
        self.add_sets(sets, weight);
        Ok(())
    }

    /// Counts a tree that is known by its clades or splits, as [`Taxa::sets`] gives them.
    pub fn add_sets(&mut self, sets: BTreeSet<u128>, weight: f64) {
        sets.iter().for_each(|&set| *self.sets.entry(set).or_default() += weight);
        *self.topologies.entry(sets).or_default() += weight;
        self.total += weight;
    }

    /// Counts all that another one has counted, of the same leaves.
    pub fn absorb(&mut self, other: &Self) {
        other.sets.iter().for_each(|(&set, weight)| *self.sets.entry(set).or_default() += weight);
        for (sets, weight) in &other.topologies {
            *self.topologies.entry(sets.clone()).or_default() += weight;
        }
        self.total += other.total;
    }

    /// The support of a clade or split; 0 where it was not seen.
    pub fn of(&self, set: u128) -> f64 {
        self.sets.get(&set).map_or(0.0, |weight| weight / self.total)
    }

    /// Number of different trees.
    pub fn n_topologies(&self) -> usize {
        self.topologies.len()
    }

    /// The probability of the likeliest tree.
    pub fn largest(&self) -> f64 {
        self.topologies.values().fold(0.0, |largest, &weight| weight.max(largest)) / self.total
    }

    /// Every clade or split with its support, the best supported first.
    pub fn sets(&self) -> Vec<(u128, f64)> {
        let mut sets: Vec<(u128, f64)> =
            self.sets.iter().map(|(&set, &weight)| (set, weight / self.total)).collect();
        sets.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        sets
    }

    /// The leaves.
    pub fn taxa(&self) -> &Taxa {
        &self.taxa
    }

    /// The tree of all clades or splits with a support above `threshold`, which is at least one half; inner nodes are
    /// called by their support in per cent. An unrooted tree is shown with the first leaf as a child of the root.
    pub fn consensus(&self, threshold: f64) -> Tree {
        let mut sets: Vec<(u128, f64)> =
            self.sets().into_iter().filter(|&(_, support)| support > threshold.max(0.5)).collect();
        // Small sets first: a set's parts are the largest that were made before.
        sets.sort_by_key(|&(set, _)| (set.count_ones(), set));
        let mut parts: Vec<(u128, Tree)> =
            self.taxa.names.iter().enumerate().map(|(i, name)| (1 << i, Tree::leaf(name.clone()))).collect();
        for (set, support) in sets {
            let (inside, outside): (Vec<_>, Vec<_>) =
                parts.into_iter().partition(|(part, _)| part & !set == 0);
            parts = outside;
            parts.push(join(inside, format!("{:.0}", 100.0 * support)));
        }
        join(parts, String::new()).1
    }
}

/// A node above parts: small parts first, and of the same size that with the first leaf.
fn join(mut parts: Vec<(u128, Tree)>, label: String) -> (u128, Tree) {
    parts.sort_by_key(|(set, _)| (set.count_ones(), set.trailing_zeros()));
    let set = parts.iter().fold(0, |all, (set, _)| all | set);
    (set, Tree { label, children: parts.into_iter().map(|(_, tree)| tree).collect() })
}
