//! Scores looked up in a file: CSV, TSV, JSON lines or Parquet.

mod json_lines;
mod lookup;
#[cfg(feature = "parquet")]
mod parquet;
mod reader;
mod separated;

use headwater_core::SettingError;
use headwater_core::settings::{File, choice, settings};

use self::lookup::{Lookup, Rows};
use self::reader::Reader;
use crate::{Coverage, Missing, Objects, Oracle, RewardError, Statistics};

choice! {
    /// How a table is written.
    pub enum Format {
        /// By the ending of the file's name: `.tsv` or `.tab`, `.jsonl`, `.ndjson` or `.json`, `.parquet`; else CSV.
        Auto = "auto",
        /// Columns with a header, separated by commas or what `delimiter` says.
        Csv = "csv",
        /// The same, separated by tabs.
        Tsv = "tsv",
        /// One JSON object a line.
        Jsonl = "jsonl",
        /// Parquet, if the program was built with it.
        Parquet = "parquet",
    }
}

settings! {
    /// Settings of a [`Table`].
    pub struct TableConfig {
        /// A file with a row for every object: CSV or TSV with a header, JSON lines, or Parquet.
        path: File, Kind::File;
        /// How the file is written; `auto` goes by the ending of its name.
        format: Format = "\"auto\"", Kind::Choice(Format::NAMES);
        /// The column of objects, in the environment's notation.
        object: String = "\"object\"", Kind::Text;
        /// The column of scores.
        score: String = "\"score\"", Kind::Text;
        /// The character between columns of CSV; without it, a comma, or a tab in TSV.
        delimiter: Option<String>, Kind::Text;
        /// What becomes of objects that the table lacks: `error` ends the run, `floor` gives them `reward.floor`.
        missing: Missing = "\"error\"", Kind::Choice(Missing::NAMES);
    }
}

/// Scores by text, read from a file. A look-up does not allocate.
#[derive(Clone, Debug)]
pub struct Table {
    path: String,
    missing: Missing,
    lookup: Lookup,
    statistics: Statistics,
}

impl Table {
    /// Reads the file.
    ///
    /// # Errors
    /// If it is empty or ragged, lacks a column, has an object twice, or a score that is no finite number; each with
    /// the line, or the row of Parquet.
    pub fn new(config: &TableConfig) -> Result<Self, SettingError> {
        let reader = Reader::new(config)?;
        let mut rows = Rows::default();
        reader.rows(&mut |object, score, _| rows.push(object, score))?;
        let statistics = Statistics::of(rows.iter().map(|(_, y)| y)).ok_or_else(|| reader.no_rows())?;
        if rows.len() > Lookup::MOST {
            let message = format!("{}: there are more than {} rows", config.path.path, Lookup::MOST);
            return Err(SettingError::at("path", message));
        }
        let lookup = Lookup::new(rows).map_err(|[first, again]| reader.twice(first, again))?;
        Ok(Self { path: config.path.path.clone(), missing: config.missing, lookup, statistics })
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.lookup.rows().len()
    }

    /// Are there no objects? Never so for a table that was read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of an object, if it is in the table.
    pub fn get(&self, object: &str) -> Option<f64> {
        self.lookup.get(object)
    }

    /// The objects with their scores, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, f64)> + Clone {
        self.lookup.rows().iter()
    }
}

impl Oracle for Table {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        let n = self.lookup.get_all(objects.texts(), out);
        if n == 0 || self.missing == Missing::Floor {
            return Ok(());
        }
        // Scores in a table are finite: what is not is missing.
        let mut all = objects.texts().iter().zip(out);
        let first = all.find(|(_, y)| y.is_nan()).map_or("", |(object, _)| object);
        Err(RewardError::Missing {
            n,
            of: objects.len(),
            table: self.path.clone(),
            example: first.to_owned(),
        })
    }

    fn missing(&self) -> Missing {
        self.missing
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics)
    }

    fn coverage(&self, objects: &Objects) -> Option<Coverage> {
        let missing = self.lookup.get_all(objects.texts(), &mut vec![0.0; objects.len()]);
        Some(Coverage { rows: self.len(), covered: objects.len() - missing })
    }
}
