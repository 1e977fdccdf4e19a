//! Beginnings of words as nodes of a tree.

use std::ops::Range;

/// A trie. Nodes are numbered level by level, so that the children of each have numbers in a row; 0 is the root.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    /// Where the children of each node begin, and after the last node where they end.
    starts: Vec<u32>,
    parents: Vec<u32>,
    /// The letter that leads to each node; none leads to the root.
    labels: Vec<u8>,
    words: Vec<bool>,
    depth: usize,
}

impl Trie {
    /// The trie of words that are sorted and distinct, none of them empty.
    pub fn new(words: &[&[u8]]) -> Self {
        let (mut starts, mut parents, mut labels) = (Vec::new(), vec![0], vec![0]);
        let mut is_word = vec![false];
        // For each node the words that begin with it, and its length.
        let mut below: Vec<(Range<usize>, usize)> = vec![(0..words.len(), 0)];
        let mut node = 0;
        let mut depth = 0;
        while node < below.len() {
            let (mut range, length) = below[node].clone();
            depth = length;
            starts.push(below.len() as u32);
            // The word that ends here comes first.
            range.start += usize::from(words[range.start].len() == length);
            while !range.is_empty() {
                let label = words[range.start][length];
                let same = words[range.clone()].partition_point(|word| word[length] == label);
                let child = range.start..range.start + same;
                is_word.push(words[child.start].len() == length + 1);
                parents.push(node as u32);
                labels.push(label);
                range.start = child.end;
                below.push((child, length + 1));
            }
            node += 1;
        }
        starts.push(below.len() as u32);
        Self { starts, parents, labels, words: is_word, depth }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// The length of the longest word.
    pub fn depth(&self) -> usize {
        self.depth
    }

    pub fn is_word(&self, node: u32) -> bool {
        self.words[node as usize]
    }

    pub fn children(&self, node: u32) -> Range<u32> {
        self.starts[node as usize]..self.starts[node as usize + 1]
    }

    pub fn parent(&self, node: u32) -> u32 {
        self.parents[node as usize]
    }

    /// The letter that leads to a node, if it is not the root.
    pub fn label(&self, node: u32) -> Option<usize> {
        (node > 0).then(|| usize::from(self.labels[node as usize]))
    }

    /// The child that a letter leads to, if there is one.
    pub fn child(&self, node: u32, label: usize) -> Option<u32> {
        let Range { start, end } = self.children(node);
        let labels = &self.labels[start as usize..end as usize];
        labels.binary_search(&(label as u8)).ok().map(|i| start + i as u32)
    }
}
