//! Edges and rewards from CSV.

use super::FORMATS;
use crate::raw::{Fault, Place, Raw, shorten};

/// Reads the edges of a graph.
pub(super) fn edges(text: &str, raw: &mut Raw) -> Result<(), Fault> {
    records(text, ["from", "to"], Place::Graph, |[from, to], at| raw.edge(from, to, at))
}

/// Reads the rewards of nodes.
pub(super) fn rewards(text: &str, raw: &mut Raw) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new(Place::Rewards(0), "the file is empty")
            .hint("write CSV with the header `node,reward`"));
    }
    records(text, ["node", "reward"], Place::Rewards, |[node, reward], at| {
        let place = Place::Rewards(at);
        let value = reward
            .parse()
            .map_err(|_| Fault::new(place, format!("the reward of `{node}` is `{reward}`, not a number")))?;
        raw.reward(node, value, place)
    })
}

/// Calls `row` with the fields and the place of every record of a CSV with two columns.
fn records(
    text: &str,
    columns: [&str; 2],
    place: impl Fn(usize) -> Place,
    mut row: impl FnMut([&str; 2], usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let ragged = |error: &csv::Error| {
        let at = error.position().map_or(0, |p| p.byte() as usize);
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
                format!("{len} fields where the header has {expected_len}")
            }
            _ => error.to_string(),
        };
        Fault::new(place(at), message)
    };
    let header = reader.headers().map_err(|e| ragged(&e))?;
    if header.iter().ne(columns) {
        let found = header.iter().collect::<Vec<_>>().join(",");
        let message = format!("the header is `{}` instead of `{}`", shorten(&found), columns.join(","));
        return Err(Fault::new(place(0), message).hint(FORMATS));
    }
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|e| ragged(&e))? {
        let at = record.position().map_or(0, |p| p.byte() as usize);
        row([&record[0], &record[1]], at)?;
    }
    Ok(())
}
