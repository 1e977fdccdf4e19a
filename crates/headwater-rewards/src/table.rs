//! Scores looked up in a CSV file with a column of objects and a column of scores.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use headwater_core::SettingError;
use headwater_core::settings::{File, settings};
use rustc_hash::FxBuildHasher;

use crate::{Objects, Oracle, RewardError, Statistics};

settings! {
    /// Settings of a [`Table`].
    pub struct TableConfig {
        /// A CSV file with a header.
        path: File, Kind::File;
        /// The column of objects, in the environment's notation.
        object: String = "\"object\"", Kind::Text;
        /// The column of scores.
        score: String = "\"score\"", Kind::Text;
        /// The character between columns.
        delimiter: String = "\",\"", Kind::Text;
    }
}

/// Scores by text, read from a CSV file; a look-up does not allocate.
#[derive(Clone, Debug)]
pub struct Table {
    path: String,
    rows: HashMap<Box<str>, Row, FxBuildHasher>,
    statistics: Statistics,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    score: f64,
    /// Byte of the file where the row starts.
    at: usize,
}

impl Table {
    /// Reads the file.
    ///
    /// # Errors
    /// If it is empty or ragged, lacks a column, has an object twice, or a score that is no finite number; each with
    /// the line.
    pub fn new(config: &TableConfig) -> Result<Self, SettingError> {
        let text = config.path.text().map_err(|e| e.of("path"))?;
        let reader = Reader { config, text };
        if text.trim().is_empty() {
            let hint = format!("write CSV with the header `{},{}`", config.object, config.score);
            return Err(reader.error("path", 0, "the file is empty").hint(hint));
        }
        let rows = reader.rows()?;
        if rows.is_empty() {
            return Err(reader.error("path", text.trim_end().len(), "there are no rows below the header"));
        }
        let scores = rows.values().map(|r| r.score);
        let statistics = Statistics::of(scores).expect("there are rows");
        Ok(Self { path: config.path.path.clone(), rows, statistics })
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Are there no objects? Never so for a table that was read.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The score of an object, if it is in the table.
    pub fn get(&self, object: &str) -> Option<f64> {
        self.rows.get(object).map(|r| r.score)
    }

    /// The objects with their scores, in no particular order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, f64)> {
        self.rows.iter().map(|(object, row)| (&**object, row.score))
    }
}

impl Oracle for Table {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        let mut missing = 0;
        let mut first = None;
        for (object, score) in objects.texts().iter().zip(out) {
            match self.get(object) {
                Some(y) => *score = y,
                None => {
                    missing += 1;
                    first.get_or_insert(object);
                }
            }
        }
        match first {
            None => Ok(()),
            Some(example) => Err(RewardError::Missing {
                n: missing,
                of: objects.len(),
                table: self.path.clone(),
                example: example.to_owned(),
            }),
        }
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics)
    }
}

/// A file being read.
struct Reader<'a> {
    config: &'a TableConfig,
    text: &'a str,
}

impl Reader<'_> {
    fn rows(&self) -> Result<HashMap<Box<str>, Row, FxBuildHasher>, SettingError> {
        let mut csv = csv::ReaderBuilder::new()
            .delimiter(self.delimiter()?)
            .trim(csv::Trim::All)
            .from_reader(self.text.as_bytes());
        let header = csv.headers().map_err(|e| self.unreadable(&e))?.clone();
        let object = self.column(&header, "object", &self.config.object)?;
        let score = self.column(&header, "score", &self.config.score)?;
        let mut rows = HashMap::default();
        let mut record = csv::StringRecord::new();
        while csv.read_record(&mut record).map_err(|e| self.unreadable(&e))? {
            let at = record.position().map_or(0, |p| p.byte() as usize);
            let score = self.number(&record[object], &record[score], at)?;
            match rows.entry(Box::from(&record[object])) {
                Entry::Vacant(place) => {
                    place.insert(Row { score, at });
                }
                Entry::Occupied(first) => {
                    let line = self.line(first.get().at);
                    let message = format!("`{}` of line {line} is there again", &record[object]);
                    return Err(self
                        .error("path", at, message)
                        .hint("an object has one score: keep one of the rows"));
                }
            }
        }
        Ok(rows)
    }

    fn delimiter(&self) -> Result<u8, SettingError> {
        match *self.config.delimiter.as_bytes() {
            [c] if c == b'\t' || c.is_ascii_graphic() && c != b'"' => Ok(c),
            _ => {
                let message = format!("{:?} cannot separate columns", self.config.delimiter);
                Err(SettingError::at("delimiter", message)
                    .hint("give one ASCII character, such as `,`, `;` or a tab"))
            }
        }
    }

    /// The place of the column that setting `field` calls `name`.
    fn column(
        &self,
        header: &csv::StringRecord,
        field: &'static str,
        name: &str,
    ) -> Result<usize, SettingError> {
        let mut found = header.iter().enumerate().filter(|(_, column)| *column == name).map(|(i, _)| i);
        match (found.next(), found.next()) {
            (Some(i), None) => Ok(i),
            (Some(_), Some(_)) => Err(self.error(field, 0, format!("there are two columns `{name}`"))),
            (None, _) => {
                let columns: Vec<String> = header.iter().map(|c| format!("`{c}`")).collect();
                let near =
                    nearest(name, header.iter()).map_or(String::new(), |c| format!("did you mean `{c}`? "));
                let other =
                    [';', '\t', '|', ','].into_iter().find(|&c| columns.len() == 1 && header[0].contains(c));
                let hint = match other {
                    Some(c) => format!("columns seem to be separated by {c:?}: set `reward.delimiter`"),
                    None => format!("{near}the columns are {}", columns.join(", ")),
                };
                Err(self.error(field, 0, format!("there is no column `{name}`")).hint(hint))
            }
        }
    }

    fn number(&self, object: &str, text: &str, at: usize) -> Result<f64, SettingError> {
        let hint = match text.parse::<f64>() {
            Ok(score) if score.is_finite() => return Ok(score),
            Ok(_) => "scores are finite; remove the row if there is none",
            Err(_) if text.is_empty() => "remove the row if the object has no score",
            Err(_) if text.contains(',') => "decimals are written with a point",
            Err(_) => "write numbers such as `0.25` or `-1e-3`",
        };
        let message = format!("the score of `{object}` is `{text}` instead of a finite number");
        Err(self.error("path", at, message).hint(hint))
    }

    fn unreadable(&self, error: &csv::Error) -> SettingError {
        let at = error.position().map_or(0, |p| p.byte() as usize);
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
                format!("the row has {len} columns and the header {expected_len}")
            }
            _ => error.to_string(),
        };
        self.error("path", at, message).hint("quote fields that hold the delimiter, as in `\"1,2\"`")
    }

    fn error(&self, field: &'static str, at: usize, message: impl std::fmt::Display) -> SettingError {
        SettingError::at(field, format!("{}:{}: {message}", self.config.path.path, self.line(at)))
    }

    /// The line, counted from one, of what follows the blanks at byte `at`.
    fn line(&self, at: usize) -> usize {
        let blank = self.text[at..].find(|c: char| !c.is_whitespace()).unwrap_or(0);
        1 + self.text[..at + blank].matches('\n').count()
    }
}

/// The name that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |other: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let (distance, nearest) = names.map(|n| (distance(n), n)).min_by_key(|(d, _)| *d)?;
    (distance <= 1 + name.chars().count() / 4).then_some(nearest)
}
