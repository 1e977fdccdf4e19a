//! Edges and rewards from CSV.

use super::FORMATS;
use crate::Attribute;
use crate::raw::{Fault, Place, Raw, shorten};

const REWARDS: &str = "write CSV with the header `node,reward`";

/// Bytes of the longest header that is taken apart: files that are no CSV at all may be one line.
const LONGEST_HEADER: usize = 1000;

/// Reads the edges of a graph.
pub(super) fn edges(text: &str, raw: &mut Raw) -> Result<(), Fault> {
    let mut table = Table::new(text, Place::Graph);
    let header = table.header()?;
    let Some(others) = header.strip_prefix(&["from".to_owned(), "to".to_owned()]) else {
        return Err(table.wrong_header(&header, "from,to").hint(FORMATS));
    };
    let attributes = attributes(others)?;
    while let Some(at) = table.next()? {
        raw.edge(table.field(0)?, table.field(1)?, at)?;
        for (i, &which) in attributes.iter().enumerate() {
            match table.field(2 + i)? {
                "" => {}
                text => raw.attribute(which, super::number(which.name(), text, at)?, at)?,
            }
        }
    }
    Ok(())
}

/// The attributes in the columns behind the two ends.
fn attributes(columns: &[String]) -> Result<Vec<Attribute>, Fault> {
    let mut found = Vec::new();
    for name in columns {
        let fault = |what| Fault::new(Place::Graph(0), format!("{what} column `{}`", shorten(name)));
        let Some(which) = Attribute::named(name) else {
            let hint = "behind `from,to` there may be `weight`, `cost` and `capacity`";
            return Err(fault("unknown").hint(hint));
        };
        if found.contains(&which) {
            return Err(fault("a second"));
        }
        found.push(which);
    }
    Ok(found)
}

/// Reads the rewards of nodes.
pub(super) fn rewards(text: &str, raw: &mut Raw) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new(Place::Rewards(0), "the file is empty").hint(REWARDS));
    }
    let mut table = Table::new(text, Place::Rewards);
    let header = table.header()?;
    if header != ["node", "reward"] {
        return Err(table.wrong_header(&header, "node,reward").hint(REWARDS));
    }
    while let Some(at) = table.next()? {
        let (node, reward) = (table.field(0)?, table.field(1)?);
        let place = Place::Rewards(at);
        let value = reward.parse().map_err(|_| {
            let (node, reward) = (shorten(node), shorten(reward));
            Fault::new(place, format!("the reward of `{node}` is `{reward}`, not a number"))
        })?;
        raw.reward(node, value, place)?;
    }
    Ok(())
}

/// The records of a CSV, one at a time; blanks around fields are none of theirs.
struct Table<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    record: csv::ByteRecord,
    place: fn(usize) -> Place,
}

impl<'a> Table<'a> {
    fn new(text: &'a str, place: fn(usize) -> Place) -> Self {
        // The header is a record like the others, so that all have as many fields.
        let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        Self { text, reader, record: csv::ByteRecord::new(), place }
    }

    /// The fields of the first record; of a line too long to be a header, its start.
    fn header(&mut self) -> Result<Vec<String>, Fault> {
        let first = self.text.trim_start().lines().next().unwrap_or_default();
        if first.len() > LONGEST_HEADER {
            return Ok(vec![first[..first.floor_char_boundary(LONGEST_HEADER)].to_owned()]);
        }
        self.next()?;
        (0..self.record.len()).map(|i| self.field(i).map(str::to_owned)).collect()
    }

    fn wrong_header(&self, found: &[String], wanted: &str) -> Fault {
        let found = shorten(&found.join(","));
        Fault::new((self.place)(0), format!("the header is `{found}` instead of `{wanted}`"))
    }

    /// Goes to the next record; its place.
    fn next(&mut self) -> Result<Option<usize>, Fault> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Ok(Some(self.at())),
            Ok(false) => Ok(None),
            Err(error) => {
                let at = error.position().map_or(0, |p| p.byte() as usize);
                let message = match error.kind() {
                    csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
                        format!("{len} fields where the header has {expected_len}")
                    }
                    _ => error.to_string(),
                };
                Err(Fault::new((self.place)(at), message))
            }
        }
    }

    /// The place of the record.
    fn at(&self) -> usize {
        self.record.position().map_or(0, |p| p.byte() as usize)
    }

    /// Field `i` of the record.
    fn field(&self, i: usize) -> Result<&str, Fault> {
        // The file is UTF-8, and what is around fields and taken out of them is ASCII.
        let text = std::str::from_utf8(&self.record[i]);
        text.map(str::trim).map_err(|_| Fault::new((self.place)(self.at()), "the field is not UTF-8"))
    }
}
