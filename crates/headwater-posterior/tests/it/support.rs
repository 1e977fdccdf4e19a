//! What several tests need.

use headwater_posterior::Graph;

/// Every DAG on `n` nodes.
pub fn dags(n: usize) -> Vec<Graph> {
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|j| (0..j).map(move |i| (i, j))).collect();
    let graph = |mut code: usize| {
        let mut parents = vec![0u64; n];
        for &(i, j) in &pairs {
            match code % 3 {
                1 => parents[j] |= 1 << i,
                2 => parents[i] |= 1 << j,
                _ => {}
            }
            code /= 3;
        }
        parents
    };
    // A DAG loses a node without parents again and again, until nothing is left.
    let acyclic = |parents: &[u64]| {
        let mut left = (1u64 << n) - 1;
        while let Some(root) = (0..n).find(|&j| left >> j & 1 == 1 && parents[j] & left == 0) {
            left &= !(1 << root);
        }
        left == 0
    };
    let all = (0..3usize.pow(pairs.len() as u32)).map(graph).filter(|p| acyclic(p));
    all.map(Vec::into_boxed_slice).collect()
}
