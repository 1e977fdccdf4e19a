//! CSV and TSV: a header, and columns with a character between them.

use headwater_core::SettingError;

use super::reader::{Each, Reader};

/// Hands over every row; `usual` separates columns unless a setting says otherwise.
pub(super) fn rows(reader: &Reader<'_>, usual: u8, each: &mut Each<'_>) -> Result<(), SettingError> {
    let delimiter = delimiter(reader.config.delimiter.as_deref(), usual)?;
    let mut csv = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(reader.text.as_bytes());
    let header = csv.headers().map_err(|e| unreadable(reader, &e))?.clone();
    let names: Vec<&str> = header.iter().collect();
    let object = column(reader, &names, "object", &reader.config.object)?;
    let score = column(reader, &names, "score", &reader.config.score)?;
    if is_plain(reader.text) {
        let start = csv.position().byte() as usize;
        return Plain { reader, delimiter, width: names.len(), object, score }.rows(start, each);
    }
    let mut record = csv::StringRecord::new();
    while csv.read_record(&mut record).map_err(|e| unreadable(reader, &e))? {
        let at = record.position().map_or(0, |p| p.byte() as usize);
        each(&record[object], reader.number(&record[object], &record[score], at)?, at);
    }
    Ok(())
}

/// Is nothing quoted, and does every line end as usual?
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let lone = || bytes.iter().zip(bytes[1..].iter().chain(b" ")).any(|(a, b)| *a == b'\r' && *b != b'\n');
    !(text.contains('"') || text.contains('\r') && lone())
}

/// Rows without quotes, which need no copy.
struct Plain<'a> {
    reader: &'a Reader<'a>,
    delimiter: u8,
    /// Number of columns.
    width: usize,
    /// Places of the two columns.
    object: usize,
    score: usize,
}

impl Plain<'_> {
    /// The rows from byte `start` on.
    fn rows(&self, start: usize, each: &mut Each<'_>) -> Result<(), SettingError> {
        let text = self.reader.text;
        let bytes = text.as_bytes();
        let mut at = start;
        while at < bytes.len() {
            let (mut object, mut score) = ("", "");
            let (mut from, mut column) = (at, 0);
            let mut end = at;
            loop {
                let ends = end == bytes.len() || bytes[end] == b'\n';
                if ends || bytes[end] == self.delimiter {
                    // Cut beside ASCII characters, so that these are whole characters.
                    if column == self.object {
                        object = &text[from..end];
                    }
                    if column == self.score {
                        score = &text[from..end];
                    }
                    column += 1;
                    from = end + 1;
                }
                if ends {
                    break;
                }
                end += 1;
            }
            // Empty lines are no rows.
            if !matches!(&bytes[at..end], [] | b"\r") {
                if column != self.width {
                    return Err(ragged(self.reader, at, column, self.width));
                }
                let object = object.trim();
                each(object, self.reader.number(object, score.trim(), at)?, at);
            }
            at = end + 1;
        }
        Ok(())
    }
}

fn delimiter(set: Option<&str>, usual: u8) -> Result<u8, SettingError> {
    let Some(set) = set else { return Ok(usual) };
    match *set.as_bytes() {
        [c] if c == b'\t' || c.is_ascii_graphic() && c != b'"' => Ok(c),
        _ => Err(SettingError::at("delimiter", format!("{set:?} cannot separate columns"))
            .hint("give one ASCII character, such as `,`, `;` or a tab")),
    }
}

/// The place of a column; if there is but one, perhaps another character separates them.
fn column(
    reader: &Reader<'_>,
    names: &[&str],
    field: &'static str,
    name: &str,
) -> Result<usize, SettingError> {
    reader.column(names, field, name).map_err(|error| match names {
        [all] => match [';', '\t', '|', ','].into_iter().find(|&c| all.contains(c)) {
            Some(c) => error.hint(format!("columns seem to be separated by {c:?}: set `reward.delimiter`")),
            None => error,
        },
        _ => error,
    })
}

fn unreadable(reader: &Reader<'_>, error: &csv::Error) -> SettingError {
    let at = error.position().map_or(0, |p| p.byte() as usize);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
            ragged(reader, at, *len as usize, *expected_len as usize)
        }
        _ => reader.error("path", at, error),
    }
}

fn ragged(reader: &Reader<'_>, at: usize, columns: usize, width: usize) -> SettingError {
    reader
        .error("path", at, format!("the row has {columns} columns and the header {width}"))
        .hint("quote fields that hold the delimiter, as in `\"1,2\"`")
}
