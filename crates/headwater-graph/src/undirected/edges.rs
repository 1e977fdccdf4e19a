//! A list of edges: one per line, its ends and perhaps its weight separated by blanks or commas; `#` and `%` comments.

use super::{Draft, DraftEdge, fault, lines, weight};
use crate::raw::{Fault, shorten};

/// Beginnings of a first line that is a header.
const HEADERS: [(&str, &str); 3] = [("from", "to"), ("source", "target"), ("node1", "node2")];

const LINE: &str =
    "write `a b` or `a,b`, with a weight as `a b 2`; a vertex without edges stands alone on its line";

pub(super) fn read(text: &str) -> Result<Draft, Fault> {
    let mut draft = Draft::default();
    let mut first = true;
    for (at, line) in lines(text) {
        if line.trim().is_empty() || line.trim_start().starts_with(['#', '%']) {
            continue;
        }
        let fields = fields(at, line)?;
        if std::mem::take(&mut first) && is_header(&fields) {
            continue;
        }
        match fields[..] {
            [v] => {
                vertex(&mut draft, v)?;
            }
            [a, b] => edge(&mut draft, a, b, None)?,
            [a, b, w] => edge(&mut draft, a, b, Some(w))?,
            _ => return Err(fault(fields[3].0, format!("a line has {} fields", fields.len())).hint(LINE)),
        }
        if draft.names.len() > super::MAX_VERTICES {
            return Err(fault(at, format!("there are more than {} vertices", super::MAX_VERTICES)));
        }
    }
    if draft.names.is_empty() {
        return Err(fault(0, "there are no edges").hint(super::FORMATS));
    }
    Ok(draft)
}

fn is_header(fields: &[(usize, &str)]) -> bool {
    let word = |i: usize| fields.get(i).map_or(String::new(), |f| f.1.to_ascii_lowercase());
    HEADERS.contains(&(&word(0), &word(1))) || ["weight", "w"].contains(&word(2).as_str())
}

/// The fields of a line: between commas if there is one, and else between blanks.
fn fields(at: usize, line: &str) -> Result<Vec<(usize, &str)>, Fault> {
    if !line.contains(',') {
        return Ok(super::words(at, line).collect());
    }
    let mut start = at;
    let mut fields = Vec::new();
    for field in line.split(',') {
        let place = start + field.len() - field.trim_start().len();
        start += field.len() + 1;
        if fields.len() == 3 {
            return Err(fault(place, "a line has more than 3 fields").hint(LINE));
        }
        // An edge without a weight in a column of weights.
        if !(field.trim().is_empty() && fields.len() == 2) {
            fields.push((place, field.trim()));
        }
    }
    Ok(fields)
}

fn vertex(draft: &mut Draft, (at, name): (usize, &str)) -> Result<u32, Fault> {
    if let Some(v) = draft.names.find(name) {
        return Ok(v);
    }
    // These separate names in texts of objects.
    let bad = |c: char| c.is_control() || c.is_whitespace() || "\"'{},|".contains(c);
    if name.is_empty() || name.contains(bad) {
        let message = format!("{:?} cannot name a vertex", shorten(name));
        return Err(fault(at, message).hint("a name has no blanks, quotes, commas, braces or bars"));
    }
    Ok(draft.names.add(name))
}

fn edge(
    draft: &mut Draft,
    a: (usize, &str),
    b: (usize, &str),
    w: Option<(usize, &str)>,
) -> Result<(), Fault> {
    let weight = w.map_or(Ok(1.0), weight).map_err(|fault| fault.hint(LINE))?;
    draft.has_edge_weights |= w.is_some();
    let edge = DraftEdge { a: vertex(draft, a)?, b: vertex(draft, b)?, weight, at: b.0 };
    draft.edges.push(edge);
    Ok(())
}
