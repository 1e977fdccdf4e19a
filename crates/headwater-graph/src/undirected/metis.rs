//! METIS: the header `n m [fmt [ncon]]`, then a line for each vertex with its weight and its neighbours.

use super::{Draft, DraftEdge, fault, lines, n_vertices, vertex, weight, whole, words};
use crate::raw::{Fault, shorten};

const HEADER: &str = "write `n m`, `n` vertices and `m` edges, or `n m fmt`: 1 for weights of edges, 10 of vertices, \
                      11 of both";

/// What the header announces.
#[derive(Default)]
struct Header {
    n: usize,
    /// What comes before a vertex's neighbours: its size, which is passed over, and its weight.
    sizes: bool,
    weights: bool,
    edge_weights: bool,
}

pub(super) fn read(text: &str) -> Result<Draft, Fault> {
    let mut lines = lines(text).filter(|(_, line)| !line.trim_start().starts_with('%'));
    let first = lines.by_ref().find(|(_, line)| !line.trim().is_empty());
    let (at, line) = first.ok_or_else(|| fault(0, "there is no header").hint(HEADER))?;
    let (header, mut draft) = read_header(at, &words(at, line).collect::<Vec<_>>())?;
    for v in 0..header.n {
        let Some((at, line)) = lines.next() else {
            // The last line of vertices without neighbours may be missing with its line break.
            if v + 1 == header.n && text.ends_with('\n') {
                continue;
            }
            let message = format!("the file ends after {v} of {} vertices", header.n);
            return Err(
                fault(text.len(), message).hint("write one line per vertex, an empty one without neighbours")
            );
        };
        read_vertex(&header, &mut draft, v, at, line)?;
    }
    if let Some((at, line)) = lines.find(|(_, line)| !line.trim().is_empty()) {
        let at = at + line.len() - line.trim_start().len();
        let message = format!("a line after those of all {} vertices", header.n);
        return Err(fault(at, message).hint("the header says how many there are"));
    }
    symmetric(&draft)?;
    draft.both_ways = true;
    Ok(draft)
}

fn read_header(at: usize, words: &[(usize, &str)]) -> Result<(Header, Draft), Fault> {
    if !(2..=4).contains(&words.len()) {
        return Err(
            fault(at, format!("the header has {} numbers instead of 2 to 4", words.len())).hint(HEADER)
        );
    }
    let n = n_vertices(words[0])?;
    let n_edges = whole("the number of edges", words[1])?;
    let (place, fmt) = words.get(2).copied().unwrap_or((0, "0"));
    if fmt.is_empty() || fmt.len() > 3 || fmt.bytes().any(|b| b != b'0' && b != b'1') {
        let message = format!("the format is `{}`, not three digits 0 or 1", shorten(fmt));
        return Err(fault(place, message).hint(HEADER));
    }
    if let Some(&(place, ncon)) = words.get(3)
        && ncon != "1"
    {
        let message = format!("`{}` weights per vertex instead of 1", shorten(ncon));
        return Err(fault(place, message).hint("give every vertex one weight"));
    }
    let digit = |from_end: usize| fmt.bytes().rev().nth(from_end) == Some(b'1');
    let header = Header { n, sizes: digit(2), weights: digit(1), edge_weights: digit(0) };
    let draft = Draft {
        n_edges,
        header: Some(words[1].0),
        has_edge_weights: header.edge_weights,
        ..Draft::numbered(n)
    };
    Ok((header, draft))
}

fn read_vertex(header: &Header, draft: &mut Draft, v: usize, at: usize, line: &str) -> Result<(), Fault> {
    let mut words = words(at, line);
    let mut lead = |what: &str| {
        let message = format!("vertex `{}` has no {what}, which the header announces", v + 1);
        words.next().ok_or_else(|| fault(at, message).hint(HEADER))
    };
    if header.sizes {
        weight(lead("size")?)?;
    }
    if header.weights {
        draft.weights.push(weight(lead("weight")?)?);
    }
    while let Some(word) = words.next() {
        let b = vertex(header.n, word)?;
        let mut w = 1.0;
        if header.edge_weights {
            let message = format!("neighbour `{}` has no weight, which the header announces", b + 1);
            w = weight(words.next().ok_or_else(|| fault(word.0, message).hint(HEADER))?)?;
        }
        draft.edges.push(DraftEdge { a: v as u32, b, weight: w, at: word.0 });
    }
    Ok(())
}

/// Every neighbour of a vertex has it as a neighbour.
fn symmetric(draft: &Draft) -> Result<(), Fault> {
    let mut pairs: Vec<(u32, u32)> = draft.edges.iter().map(|e| (e.a, e.b)).collect();
    pairs.sort_unstable();
    let Some(e) = draft.edges.iter().find(|e| pairs.binary_search(&(e.b, e.a)).is_err()) else {
        return Ok(());
    };
    let (a, b) = (e.a + 1, e.b + 1);
    let message = format!("`{b}` is a neighbour of `{a}`, and `{a}` not of `{b}`");
    Err(fault(e.at, message).hint("write every edge on the lines of both its ends"))
}
