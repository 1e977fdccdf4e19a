//! Alignments of nucleotide sequences from FASTA files.

use std::fmt;

// Sets of states as bits: what a sequence may have at a site.
const A: u8 = 1;
const C: u8 = 2;
const G: u8 = 4;
const T: u8 = 8;
/// The set of a gap alone.
pub const GAP: u8 = 16;

/// Aligned sequences: as many sites in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// The names of the sequences, all different.
    pub names: Vec<String>,
    /// For every sequence the set of states at each site.
    pub rows: Vec<Vec<u8>>,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastaError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: &'static str,
}

impl fmt::Display for FastaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// The set of states that a character stands for: the nucleotides, U for T, the ambiguity codes of IUPAC, and `-` for a
/// gap. N, X and ? are any nucleotide.
fn states(c: char) -> Option<u8> {
    Some(match c.to_ascii_uppercase() {
        'A' => A,
        'C' => C,
        'G' => G,
        'T' | 'U' => T,
        'R' => A | G,
        'Y' => C | T,
        'S' => C | G,
        'W' => A | T,
        'K' => G | T,
        'M' => A | C,
        'B' => C | G | T,
        'D' => A | G | T,
        'H' => A | C | T,
        'V' => A | C | G,
        'N' | 'X' | '?' => A | C | G | T,
        '-' => GAP,
        _ => return None,
    })
}

/// A sequence while it is read.
struct Record {
    name: String,
    line: usize,
    row: Vec<u8>,
    /// Just behind its last character.
    end: (usize, usize),
}

/// Reads a FASTA file. A sequence begins with `>` and its name, the first word of that line, and goes on over any number
/// of lines; blanks in it do not count.
///
/// # Errors
/// Text before the first name, a name that is missing or there twice, a character that stands for no nucleotide, and
/// sequences of different lengths, each with its place.
pub fn read(text: &str) -> Result<Alignment, FastaError> {
    let error = |line, column, message, hint| Err(FastaError { line, column, message, hint });
    let mut records: Vec<Record> = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        if let Some(header) = content.strip_prefix('>') {
            let Some(name) = header.split_whitespace().next() else {
                return error(
                    line,
                    2,
                    "a name is missing".into(),
                    "write `>` and a name, without a blank between",
                );
            };
            if let Some(first) = records.iter().find(|r| r.name == name) {
                let message =
                    format!("`{name}` is the name of two sequences; the first is in line {}", first.line);
                return error(line, 2, message, "give every sequence a name of its own");
            }
            records.push(Record {
                name: name.to_owned(),
                line,
                row: Vec::new(),
                end: (line, content.chars().count() + 1),
            });
            continue;
        }
        for (column, c) in (1..).zip(content.chars()).filter(|(_, c)| !c.is_whitespace()) {
            // The length that all must have is that of the first.
            let sites = if records.len() > 1 { records[0].row.len() } else { usize::MAX };
            let first = records.first().map_or(String::new(), |r| r.name.clone());
            let Some(record) = records.last_mut() else {
                return error(
                    line,
                    column,
                    format!("`{c}` stands before the first name"),
                    "begin the file with `>` and a name",
                );
            };
            let Some(set) = states(c) else {
                let message =
                    format!("`{}` is no nucleotide, in the sequence `{}`", c.escape_default(), record.name);
                return error(
                    line,
                    column,
                    message,
                    "A, C, G, T, U, the ambiguity codes of IUPAC, N, ? and - are known",
                );
            };
            if record.row.len() == sites {
                let message = format!("`{}` has more sites than the `{sites}` of `{first}`", record.name);
                return error(line, column, message, "align the sequences first");
            }
            record.row.push(set);
            record.end = (line, column + 1);
        }
    }
    let sites = records.first().map_or(0, |r| r.row.len());
    if let Some(short) = records.iter().find(|r| r.row.len() < sites || r.row.is_empty()) {
        let message = match short.row.len() {
            0 => format!("`{}` has no sequence", short.name),
            has => format!("`{}` has `{has}` sites, and `{}` has {sites}", short.name, records[0].name),
        };
        return error(short.end.0, short.end.1, message, "align the sequences first, with - for gaps");
    }
    let (names, rows) = records.into_iter().map(|r| (r.name, r.row)).unzip();
    Ok(Alignment { names, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_go_on_over_lines_and_names_end_at_a_blank() {
        let read = read(">a the first\nAC\n-?\n\n>b\r\nrY NT\n").expect("a good file");
        assert_eq!(read.names, ["a", "b"]);
        assert_eq!(read.rows, [vec![A, C, GAP, 15], vec![A | G, C | T, 15, T]]);
    }

    #[test]
    fn bad_files_are_told_where_they_are_bad() {
        for (text, expected) in [
            ("ACG", "1:1: `A` stands before the first name"),
            (">a\nACG\n> \nACG", "3:2: a name is missing"),
            (">a\nACG\n>b\nACG\n>a\nACG", "5:2: `a` is the name of two sequences; the first is in line 1"),
            (">a\nACG\n>b\nAZG", "4:2: `Z` is no nucleotide, in the sequence `b`"),
            (">a\nACG\n>b\nACGT\n", "4:4: `b` has more sites than the `3` of `a`"),
            (">a\nACG\n>b\nA\nC\n>c\nACG", "5:2: `b` has `2` sites, and `a` has 3"),
            (">a\nACG\n>b\n>c\nACG", "3:3: `b` has no sequence"),
            (">a\n", "1:3: `a` has no sequence"),
        ] {
            assert_eq!(read(text).expect_err(text).to_string(), expected);
        }
    }
}
