//! The essential graph of a DAG: what all DAGs have in common that no data can tell from it.

use headwater_core::Ones;

/// A completed partially directed acyclic graph (CPDAG): it stands for a Markov equivalence class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Essential {
    /// Per node, the bits of those with an edge to it in every DAG of the class.
    pub directed: Box<[u64]>,
    /// Per node, the bits of those joined to it in either direction.
    pub undirected: Box<[u64]>,
}

/// The essential graph of the DAG with these parents.
///
/// Chickering 1995 labels edges along an order of the nodes: those into y, with x the last of its parents in the order. All
/// of them are compelled if a node that is compelled to point at x is no parent of y, or if y has a parent besides x that is
/// no parent of x; else none is but those that share their source with an edge compelled into x.
pub fn essential(parents: &[u64]) -> Essential {
    let n = parents.len();
    let (mut directed, mut undirected) = (vec![0u64; n], vec![0u64; n]);
    let (mut placed, mut rank) = (0u64, vec![0usize; n]);
    for place in 0..n {
        let ready = |&y: &usize| placed >> y & 1 == 0 && parents[y] & !placed == 0;
        let Some(y) = (0..n).find(ready) else { unreachable!("a DAG has an order") };
        (placed, rank[y]) = (placed | 1 << y, place);
        let Some(x) = Ones::new(&[parents[y]]).max_by_key(|&x| rank[x]) else { continue };
        let all = directed[x] & !parents[y] != 0 || parents[y] & !(parents[x] | 1 << x) != 0;
        directed[y] = if all { parents[y] } else { directed[x] };
        let free = parents[y] & !directed[y];
        undirected[y] |= free;
        Ones::new(&[free]).for_each(|x| undirected[x] |= 1 << y);
    }
    Essential { directed: directed.into(), undirected: undirected.into() }
}
