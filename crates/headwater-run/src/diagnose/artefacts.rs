//! Tables that a run leaves behind, read as columns of numbers.

use std::fs;
use std::path::Path;

use super::Draw;
use crate::RunError;

/// A table of numbers by the names of its columns, such as `steps.csv`.
#[derive(Clone, Debug, Default)]
pub struct Log {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Log {
    /// A table with these columns.
    pub fn new(names: &[&str], rows: Vec<Vec<f64>>) -> Self {
        Self { names: names.iter().map(|&name| name.to_owned()).collect(), rows }
    }

    /// Reads a table; one that is not there is empty. A row that a killed process left half written does not count,
    /// and an empty cell is NaN.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path).map_err(RunError::io("read", path))?;
        let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let names: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let row = |line: &str| -> Vec<f64> {
            line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()
        };
        let rows = lines.map(row).filter(|row| row.len() == names.len()).collect();
        Ok(Self { names, rows })
    }

    /// A column from its first row to its last; empty if there is no such column.
    pub fn column(&self, name: &str) -> Vec<f64> {
        let Some(i) = self.names.iter().position(|n| n == name) else { return Vec::new() };
        self.rows.iter().map(|row| row[i]).collect()
    }

    /// The last value of a column that has one.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.column(name).into_iter().rev().find(|x| !x.is_nan())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Are there no rows?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The objects that a run sampled in the end; none if there is no such file.
///
/// # Errors
/// If it cannot be read.
pub fn samples(path: &Path) -> Result<Vec<Draw>, RunError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let damaged = |e: csv::Error| RunError::Damaged { path: path.to_owned(), reason: e.to_string() };
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(path).map_err(damaged)?;
    let mut draws = Vec::new();
    for record in reader.records() {
        let record = record.map_err(damaged)?;
        let number = |i: usize| record.get(i).and_then(|cell| cell.parse().ok()).unwrap_or(f64::NAN);
        draws.push(Draw {
            text: record.get(0).unwrap_or_default().to_owned(),
            log_reward: number(1),
            log_pf: number(2),
            log_pb: number(3),
            len: None,
            log_p: None,
        });
    }
    Ok(draws)
}
