//! Edges that a strict graph writes more than once are one edge.

use crate::raw::Raw;

/// Keeps the first of equal edges, with the attributes that were written last.
pub(super) fn merge(raw: &mut Raw) {
    let Raw { edges, attributes, .. } = raw;
    let ends = |i: usize| (edges[i].from, edges[i].to);
    let mut order = Vec::from_iter(0..edges.len());
    order.sort_unstable_by_key(|&i| (ends(i), i));
    let mut again = vec![false; order.len()];
    for equal in order.chunk_by(|&i, &j| ends(i) == ends(j)) {
        for &i in &equal[1..] {
            again[i] = true;
            for values in &mut *attributes {
                if let Some(value) = values.get(i).copied().filter(|value| !value.is_nan()) {
                    values[equal[0]] = value;
                }
            }
        }
    }
    let mut of_edges = again.iter();
    edges.retain(|_| of_edges.next() == Some(&false));
    for values in attributes {
        let mut of_values = again.iter();
        values.retain(|_| of_values.next() == Some(&false));
    }
}
