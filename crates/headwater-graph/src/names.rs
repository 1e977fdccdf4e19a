//! Names of nodes, each once: numbers to names and back, in a few bytes more than the names themselves.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Distinct names, numbered in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
}

impl Names {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Name number `i`.
    pub fn get(&self, i: usize) -> &str {
        slice(&self.text, &self.ends, i)
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The number of a name.
    pub fn find(&self, name: &str) -> Option<u32> {
        let same = |&i: &u32| self.get(i as usize) == name;
        self.numbers.find(hash(name), same).copied()
    }

    /// The number of a name that is not there yet.
    pub(crate) fn add(&mut self, name: &str) -> u32 {
        let number = u32::try_from(self.len()).expect("a file of 2³² names does not fit in memory");
        self.text.push_str(name);
        self.ends.push(self.text.len());
        let (text, ends) = (&self.text, &self.ends);
        self.numbers.insert_unique(hash(name), number, |&i| hash(slice(text, ends, i as usize)));
        number
    }
}

fn slice<'a>(text: &'a str, ends: &[usize], i: usize) -> &'a str {
    let start = if i == 0 { 0 } else { ends[i - 1] };
    &text[start..ends[i]]
}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}
