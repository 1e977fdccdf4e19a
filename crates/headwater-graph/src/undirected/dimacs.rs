//! DIMACS: `c` comments, the header `p edge n m`, edges `e u v`, weights of vertices `n v w`.

use super::{Draft, DraftEdge, fault, lines, n_vertices, vertex, weight, whole, words};
use crate::raw::{Fault, shorten};

const HEADER: &str = "write `p edge n m` before the edges: `n` vertices, `m` edges";

/// Is the first line that is no comment a header?
pub(super) fn begins(text: &str) -> bool {
    let first = lines(text).map(|(_, line)| line).find(|line| !is_comment(line));
    let mut words = first.unwrap_or_default().split_whitespace();
    words.next() == Some("p") && words.next().is_some_and(|word| ["edge", "edges", "col"].contains(&word))
}

fn is_comment(line: &str) -> bool {
    matches!(line.split_whitespace().next(), None | Some("c"))
}

pub(super) fn read(text: &str) -> Result<Draft, Fault> {
    let mut draft: Option<Draft> = None;
    for (at, line) in lines(text).filter(|(_, line)| !is_comment(line)) {
        let mut words = words(at, line);
        let Some((at, kind)) = words.next() else { continue };
        let rest: Vec<(usize, &str)> = words.collect();
        match (kind, &mut draft) {
            ("p", Some(_)) => return Err(fault(at, "a second header").hint("one file has one graph")),
            ("p", empty) => *empty = Some(header(at, &rest)?),
            ("e" | "n", None) => {
                return Err(fault(at, format!("a line `{kind}` before the header")).hint(HEADER));
            }
            ("e", Some(draft)) => edge(draft, at, &rest)?,
            ("n", Some(draft)) => node(draft, at, &rest)?,
            _ => {
                let message = format!("a line begins with `{}`", shorten(kind));
                return Err(fault(at, message).hint("lines begin with `c`, `p`, `e` or `n`"));
            }
        }
    }
    draft.ok_or_else(|| fault(0, "there is no header").hint(HEADER))
}

fn header(at: usize, words: &[(usize, &str)]) -> Result<Draft, Fault> {
    let &[(place, kind), n, m] = words else {
        return Err(
            fault(at, format!("the header has {} words behind `p` instead of 3", words.len())).hint(HEADER)
        );
    };
    if !["edge", "edges", "col"].contains(&kind) {
        return Err(
            fault(place, format!("the header is for `{}`, not `edge` or `col`", shorten(kind))).hint(HEADER)
        );
    }
    let n_edges = whole("the number of edges", m)?;
    Ok(Draft { n_edges, header: Some(m.0), ..Draft::numbered(n_vertices(n)?) })
}

fn edge(draft: &mut Draft, at: usize, words: &[(usize, &str)]) -> Result<(), Fault> {
    let (a, b, w) = match *words {
        [a, b] => (a, b, None),
        [a, b, w] => (a, b, Some(w)),
        _ => {
            let message = format!("an edge has {} words behind `e` instead of 2", words.len());
            return Err(fault(at, message).hint("write `e u v`, or `e u v w` with a weight"));
        }
    };
    let n = draft.names.len();
    draft.has_edge_weights |= w.is_some();
    let weight = w.map_or(Ok(1.0), weight)?;
    draft.edges.push(DraftEdge { a: vertex(n, a)?, b: vertex(n, b)?, weight, at: b.0 });
    Ok(())
}

fn node(draft: &mut Draft, at: usize, words: &[(usize, &str)]) -> Result<(), Fault> {
    let &[v, w] = words else {
        let message = format!("a vertex has {} words behind `n` instead of 2", words.len());
        return Err(fault(at, message).hint("write `n v w`: vertex `v` weighs `w`"));
    };
    let n = draft.names.len();
    draft.weights.resize(n, 1.0);
    draft.weights[vertex(n, v)? as usize] = weight(w)?;
    Ok(())
}
