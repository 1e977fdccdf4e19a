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

fn bits(word: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |i| word >> i & 1 == 1)
}

/// The essential graph of the DAG with these parents, by the rules of Meek 1995 from its colliders on.
pub fn essential(parents: &[u64]) -> Essential {
    let n = parents.len();
    let mut joined = parents.to_vec();
    for (to, &from) in parents.iter().enumerate() {
        Ones::new(&[from]).for_each(|i| joined[i] |= 1 << to);
    }
    let mut directed = vec![0u64; n];
    for to in 0..n {
        // A parent is compelled if another parent is not joined to it.
        for from in bits(parents[to]) {
            if parents[to] & !joined[from] & !(1 << from) != 0 {
                directed[to] |= 1 << from;
            }
        }
    }
    let mut undirected: Vec<u64> = (0..n).map(|j| joined[j] & !directed[j]).collect();
    for to in 0..n {
        bits(directed[to]).for_each(|from| undirected[from] &= !(1 << to));
    }
    while let Some((from, to)) = compelled(&directed, &undirected, &joined) {
        directed[to] |= 1 << from;
        undirected[to] &= !(1 << from);
        undirected[from] &= !(1 << to);
    }
    Essential { directed: directed.into(), undirected: undirected.into() }
}

/// An undirected edge that can have one direction only.
fn compelled(directed: &[u64], undirected: &[u64], joined: &[u64]) -> Option<(usize, usize)> {
    let edges = (0..directed.len()).flat_map(|to| bits(undirected[to]).map(move |from| (from, to)));
    edges.into_iter().find(|&(from, to)| {
        // 1: k → from, k not joined to `to`, would be a new collider.
        let collider = directed[from] & !joined[to] & !(1 << to) != 0;
        // 2: from → k → to would close a cycle.
        let cycle = bits(directed[to]).any(|k| directed[k] >> from & 1 == 1);
        // 3: from — k → to and from — l → to, k and l not joined.
        let both = undirected[from] & directed[to];
        let kite = bits(both).any(|k| both & !joined[k] & !(1 << k) != 0);
        collider || cycle || kite
    })
}
