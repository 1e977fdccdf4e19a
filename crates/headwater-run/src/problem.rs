//! What is wrong, where, what was expected and what to try, said to a person.

use std::fmt;

use headwater_core::{EXCERPT, excerpt};

use crate::visible;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file, at a line and a column counted from 1 in characters.
    At {
        /// The file's name as the user gave it.
        name: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Somewhere in a file.
    File(String),
    /// In an assignment of the command line, such as `env.side=8`.
    Set(String),
}

impl Place {
    /// The place of byte `offset` of `text`, the contents of the file `name`.
    pub fn at(name: &str, text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Self::At {
            name: name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].trim_start_matches('\u{feff}').chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::File(name) => f.write_str(name),
            Self::Set(assignment) => write!(f, "`--set {}`", excerpt(assignment)),
        }
    }
}

/// One thing that is wrong.
///
/// Shown as `error: <what> in <place><detail>`, then a blank line and `hint: <hint>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, with the offending value in backticks; lower case, no final period.
    pub what: String,
    /// Where.
    pub place: Option<Place>,
    /// What follows the place, with its own punctuation: `, expected …` or `: …`; may be empty.
    pub detail: String,
    /// What to try.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of no particular place.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), place: None, detail: String::new(), hint: None }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn place(self, place: impl Into<Option<Place>>) -> Self {
        Self { place: place.into(), ..self }
    }

    /// The same problem with what follows its place.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// The same problem with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<Option<String>>) -> Self {
        Self { hint: hint.into(), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("error: {}", self.what);
        if let Some(place) = &self.place {
            text += &format!(" in {place}");
        }
        text += &self.detail;
        if let Some(hint) = &self.hint {
            text += &format!("\n\nhint: {hint}");
        }
        // Messages quote what they were given.
        f.write_str(&shortened(&visible(&text)))
    }
}

/// A message in which nothing between backticks has more than [`EXCERPT`] characters.
fn shortened(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(20 * EXCERPT));
    for (i, piece) in text.split('`').enumerate() {
        if i > 0 {
            out.push('`');
        }
        if i % 2 == 1 { out += &excerpt(piece) } else { out += piece }
    }
    out
}

impl std::error::Error for Problem {}

/// Everything that is wrong with a configuration, in the order of the file; never empty.
///
/// Of very many, the first are enough to begin with: [`Problems::MOST`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The first of them.
    pub first: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl Problems {
    /// How many problems of a configuration are told; the others are counted.
    pub const MOST: usize = 10;
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.first.iter().enumerate() {
            write!(f, "{}{problem}", if i > 0 { "\n\n" } else { "" })?;
        }
        if self.more > 0 {
            write!(f, "\n\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        vec![problem].into()
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(first: Vec<Problem>) -> Self {
        Self { first, more: 0 }
    }
}

/// Names in backticks: `` `a`, `b` or `c` ``.
pub(crate) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
