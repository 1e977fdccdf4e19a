//! Fitch parsimony over many sites at once: how many mutations a tree needs at least.
//!
//! The set of a leaf is what its sequence has at a site. The set of a clade is the intersection of its two parts' where
//! that is not empty, else their union, and then one mutation is counted (Fitch 1971). A bit stands for a site and a word
//! for 64 of them, so that a merge is a few dozen operations per word.
//!
//! Sites that need the same number of mutations on every tree are counted once and for all: those in which one state suits
//! all sequences, and those in which every ambiguous sequence may have each of the certain states and fewer than two
//! states are certain in two or more sequences. Sites with the same pattern up to the names of the states are one, with a
//! weight; a weight is a sum of powers of two, and all bits of a word weigh the same.

use std::collections::BTreeMap;

use super::fasta::{Alignment, GAP};

/// For 64 sites and each of five states: which sites may have it.
pub type Word = [u64; 5];

/// A site that may be anything.
const ANY: u8 = 31;

/// An alignment, ready to be merged.
#[derive(Clone, Debug)]
pub struct Fitch {
    /// Words per sequence.
    words: usize,
    /// What a mutation in each word counts.
    weights: Vec<u32>,
    /// The sequences, one after the other.
    leaves: Vec<Word>,
    /// Mutations of the sites that need as many on every tree.
    constant: u32,
    /// Patterns of the other sites.
    n_patterns: usize,
}

impl Fitch {
    /// The sequences of an alignment. A gap is a fifth state, or if `gap_unknown` may be anything.
    pub fn new(alignment: &Alignment, gap_unknown: bool) -> Self {
        let sites = alignment.rows.first().map_or(0, Vec::len);
        let (mut constant, mut counts) = (0, BTreeMap::<Vec<u8>, u32>::new());
        for site in 0..sites {
            let set = |row: &Vec<u8>| if gap_unknown && row[site] == GAP { ANY } else { row[site] };
            match pattern(alignment.rows.iter().map(set).collect()) {
                Ok(mutations) => constant += mutations,
                Err(pattern) => *counts.entry(pattern).or_default() += 1,
            }
        }
        let (mut words, mut weights) = (Vec::new(), Vec::new());
        for (columns, weight) in powers(&counts) {
            for chunk in columns.chunks(64) {
                words.push(chunk.to_vec());
                weights.push(weight);
            }
        }
        let word = |chunk: &Vec<&Vec<u8>>, leaf: usize| -> Word {
            std::array::from_fn(|state| {
                // Bits without a site may be anything everywhere, and so never count.
                (0..64).fold(0, |bits, i| {
                    let set = chunk.get(i).map_or(ANY, |pattern| pattern[leaf]);
                    bits | u64::from(set >> state & 1) << i
                })
            })
        };
        let leaves = (0..alignment.rows.len())
            .flat_map(|leaf| words.iter().map(move |chunk| word(chunk, leaf)))
            .collect();
        Self { words: words.len(), weights, leaves, constant, n_patterns: counts.len() }
    }

    /// Mutations that every tree needs, in sites that say nothing about trees.
    pub fn constant(&self) -> u32 {
        self.constant
    }

    /// Number of different patterns in the other sites.
    pub fn n_patterns(&self) -> usize {
        self.n_patterns
    }

    /// Words per clade.
    pub fn words(&self) -> usize {
        self.words
    }

    /// The sets of all leaves, [`Fitch::words`] words each.
    pub fn leaves(&self) -> &[Word] {
        &self.leaves
    }

    /// The mutations that merging two clades costs.
    #[inline]
    pub fn cost(&self, a: &[Word], b: &[Word]) -> u32 {
        let mut sum = 0;
        for ((a, b), weight) in a.iter().zip(b).zip(&self.weights) {
            let both = (a[0] & b[0]) | (a[1] & b[1]) | (a[2] & b[2]) | (a[3] & b[3]) | (a[4] & b[4]);
            sum += both.count_zeros() * weight;
        }
        sum
    }

    /// Writes the sets of two merged clades into `out`, and returns the mutations that merging costs.
    #[inline]
    pub fn merged(&self, a: &[Word], b: &[Word], out: &mut [Word]) -> u32 {
        let mut sum = 0;
        for (((a, b), out), weight) in a.iter().zip(b).zip(out).zip(&self.weights) {
            let both: Word = std::array::from_fn(|k| a[k] & b[k]);
            let empty = !(both[0] | both[1] | both[2] | both[3] | both[4]);
            *out = std::array::from_fn(|k| both[k] | ((a[k] | b[k]) & empty));
            sum += empty.count_ones() * weight;
        }
        sum
    }

    /// The mutations that merging `c` costs with what `a` and `b` are merged to, those of the latter not counted.
    #[inline]
    pub fn joint_cost(&self, a: &[Word], b: &[Word], c: &[Word]) -> u32 {
        let mut sum = 0;
        for (((a, b), c), weight) in a.iter().zip(b).zip(c).zip(&self.weights) {
            let both: Word = std::array::from_fn(|k| a[k] & b[k]);
            let empty = !(both[0] | both[1] | both[2] | both[3] | both[4]);
            let shared = (0..5).fold(0, |all, k| all | ((both[k] | ((a[k] | b[k]) & empty)) & c[k]));
            sum += shared.count_zeros() * weight;
        }
        sum
    }

    /// Merges `b` into `a`, and returns the mutations that it costs.
    #[inline]
    pub fn merge(&self, a: &mut [Word], b: &[Word]) -> u32 {
        let mut sum = 0;
        for ((a, b), weight) in a.iter_mut().zip(b).zip(&self.weights) {
            let both: Word = std::array::from_fn(|k| a[k] & b[k]);
            let empty = !(both[0] | both[1] | both[2] | both[3] | both[4]);
            *a = std::array::from_fn(|k| both[k] | ((a[k] | b[k]) & empty));
            sum += empty.count_ones() * weight;
        }
        sum
    }
}

/// The pattern of a site; if it needs the same number of mutations on every tree, that number.
fn pattern(mut sets: Vec<u8>) -> Result<u32, Vec<u8>> {
    if sets.iter().fold(ANY, |all, set| all & set) != 0 {
        return Ok(0);
    }
    let mut counts = [0u32; 5];
    sets.iter()
        .filter(|set| set.is_power_of_two())
        .for_each(|set| counts[set.trailing_zeros() as usize] += 1);
    let seen = (0..5).filter(|&k| counts[k] > 0).fold(0u8, |seen, k| seen | 1 << k);
    // Without a certain state, ambiguous ones disagree among themselves.
    if seen == 0 || sets.iter().any(|&set| !set.is_power_of_two() && set & seen != seen) {
        return Err(sets);
    }
    if counts.iter().filter(|&&count| count > 1).count() < 2 {
        // Whatever is alone, or has no rival, can be had by one mutation on its own branch.
        return Ok(seen.count_ones() - 1);
    }
    // States in the order in which they come; what may be any of those that come may be anything.
    let (mut names, mut next) = ([0u8; 5], 0);
    for set in &mut sets {
        if !set.is_power_of_two() {
            *set = ANY;
            continue;
        }
        let k = set.trailing_zeros() as usize;
        if names[k] == 0 {
            names[k] = 1 << next;
            next += 1;
        }
        *set = names[k];
    }
    Err(sets)
}

/// Columns of a weight that is a power of two each, whose sum over a pattern is its count.
fn powers(counts: &BTreeMap<Vec<u8>, u32>) -> Vec<(Vec<&Vec<u8>>, u32)> {
    let mut groups: Vec<Vec<&Vec<u8>>> = vec![Vec::new(); 32];
    for (pattern, count) in counts {
        (0..32).filter(|k| count >> k & 1 == 1).for_each(|k| groups[k].push(pattern));
    }
    // Two columns of half the weight are as good as one, where that saves a word.
    for k in (1..32).rev() {
        let words = |columns: usize| columns.div_ceil(64);
        let (here, below) = (groups[k].len(), groups[k - 1].len());
        if words(below + 2 * here) < words(below) + words(here) {
            let moved = std::mem::take(&mut groups[k]);
            moved.into_iter().for_each(|pattern| groups[k - 1].extend([pattern, pattern]));
        }
    }
    groups.into_iter().zip((0..32).map(|k| 1 << k)).filter(|(group, _)| !group.is_empty()).collect()
}
