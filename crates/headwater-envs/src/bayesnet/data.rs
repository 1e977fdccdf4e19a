//! Observations: the columns of a table, as numbers and as categories.

use std::collections::HashMap;

use headwater_core::SettingError;
use headwater_core::settings::File;

use super::MAX_NODES;

/// What stands for a value that is not there.
const MISSING: [&str; 6] = ["", "NA", "N/A", "NaN", "nan", "?"];

/// A table of observations: complete, and no column is constant.
#[derive(Clone, Debug)]
pub struct Data {
    /// Where it comes from, for messages.
    path: String,
    rows: usize,
    columns: Vec<Column>,
}

/// One variable.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values as numbers, or the first that is none, with its line.
    numbers: Result<Vec<f64>, (u64, String)>,
    /// Per row the number of its category.
    pub codes: Vec<u32>,
    /// Number of categories: of distinct values.
    pub arity: usize,
}

impl Column {
    /// Is every value a number?
    pub fn is_numeric(&self) -> bool {
        self.numbers.is_ok()
    }
}

impl Data {
    /// A table of numbers that did not come from a file.
    pub fn of_numbers(columns: Vec<(String, Vec<f64>)>) -> Self {
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        let column = |(name, values): (String, Vec<f64>)| {
            let (codes, arity) = numeric_codes(&values);
            Column { name, numbers: Ok(values), codes, arity }
        };
        Self { path: String::new(), rows, columns: columns.into_iter().map(column).collect() }
    }

    /// Reads a CSV file with a header. A file whose header has no comma may be separated by semicolons or tabs.
    ///
    /// # Errors
    /// At the field `data`, with line and column: rows of another length than the header, values that are missing,
    /// columns that are constant, names that cannot be used.
    pub fn read(file: &File) -> Result<Self, SettingError> {
        let text = file.text().map_err(|e| e.of("data"))?;
        let at = |line: u64, what: String| SettingError::at("data", format!("{}:{line}: {what}", file.path));
        let header = text.lines().next().unwrap_or_default();
        let other = [b';', b'\t'].into_iter().find(|&c| header.as_bytes().contains(&c));
        let separator = other.filter(|_| !header.contains(',')).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let broken = |e: &csv::Error| at(e.position().map_or(1, csv::Position::line), format!("{e}"));
        let header = records.next().transpose().map_err(|e| broken(&e))?.unwrap_or_default();
        let names = names(&header).map_err(|(column, what, hint)| {
            SettingError::at("data", format!("{}:1:{column}: {what}", file.path)).hint(hint)
        })?;
        let mut cells: Vec<Vec<(u64, String)>> = vec![Vec::new(); names.len()];
        for record in records {
            let record = record.map_err(|e| broken(&e))?;
            let line = record.position().map_or(1, |at| line_of(text, at));
            if record.len() != names.len() {
                let (found, wanted) = (record.len(), names.len());
                let what = format!("the row has `{found}` values, and the header {wanted} names");
                return Err(
                    at(line, what).hint("every row has one value for each name; quote values with commas")
                );
            }
            for (i, (cell, column)) in record.iter().zip(&mut cells).enumerate() {
                if MISSING.contains(&cell) {
                    let (name, path) = (&names[i], &file.path);
                    let what = format!("{path}:{line}:{}: the value of `{name}` is missing", i + 1);
                    return Err(SettingError::at("data", what)
                        .hint("scores need complete rows: leave the row out, or fill the value in"));
                }
                column.push((line, cell.to_owned()));
            }
        }
        let rows = cells[0].len();
        if rows < 2 {
            return Err(SettingError::at("data", format!("`{}` has `{rows}` rows", file.path))
                .hint("a structure is learnt from rows of observations, below a header of names"));
        }
        let columns: Vec<Column> =
            names.into_iter().zip(cells).map(|(name, cells)| column(name, &cells)).collect();
        if let Some((i, c)) = columns.iter().enumerate().find(|(_, c)| c.arity == 1) {
            let what = format!("{}:1:{}: the column `{}` is constant", file.path, i + 1, c.name);
            return Err(SettingError::at("data", what).hint("it says nothing of the others: leave it out"));
        }
        Ok(Self { path: file.path.clone(), rows, columns })
    }

    /// Number of observations.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The variables.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The values of column `i` as numbers.
    ///
    /// # Errors
    /// With the first value that is none.
    pub fn numbers(&self, i: usize) -> Result<&[f64], SettingError> {
        self.columns[i].numbers.as_deref().map_err(|(line, value)| {
            let (name, column) = (&self.columns[i].name, i + 1);
            let what =
                format!("{}:{line}:{column}: the value `{value}` of `{name}` is not a number", self.path);
            SettingError {
                field: None,
                message: what,
                hint: Some("`bdeu` scores columns of categories".to_owned()),
            }
        })
    }

    /// An error in column `i` as a whole.
    pub fn blame(&self, i: usize, what: &str) -> SettingError {
        let (path, name, column) = (&self.path, &self.columns[i].name, i + 1);
        let place = if path.is_empty() { String::new() } else { format!("{path}:1:{column}: ") };
        SettingError { field: None, message: format!("{place}the column `{name}` {what}"), hint: None }
    }
}

/// The line of a record, whose position is that of the blank lines before it.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let rest = text.as_bytes().get(at.byte() as usize..).unwrap_or_default();
    let blank = rest.iter().take_while(|b| b"\r\n".contains(b));
    at.line() + blank.filter(|&&b| b == b'\n').count() as u64
}

/// The names of a header, or the column of one that cannot be used, what is wrong, and a hint.
fn names(header: &csv::StringRecord) -> Result<Vec<String>, (usize, String, String)> {
    let (n, wrong) = (header.len(), |what: String, hint: &str| (1, what, hint.to_owned()));
    if !(2..=MAX_NODES).contains(&n) {
        let hint = format!("a network has 2 to {MAX_NODES} nodes, one per column");
        return Err(wrong(format!("the header has `{n}` names"), &hint));
    }
    if header.iter().all(|name| name.parse::<f64>().is_ok()) {
        let what = format!("the header begins with `{}`: it has no names, only numbers", &header[0]);
        return Err(wrong(what, "write the names of the columns into the first line"));
    }
    let mut seen = HashMap::new();
    for (i, name) in header.iter().enumerate() {
        let hint =
            "rename the column: names are not empty, are unlike, and have no `;`, no `->` and no line end";
        if name.is_empty() || name.contains([';', '\n', '\r']) || name.contains("->") {
            return Err((i + 1, format!("`{name}` cannot be the name of a node"), hint.to_owned()));
        }
        if let Some(first) = seen.insert(name, i + 1) {
            return Err((i + 1, format!("the name `{name}` is that of column {first} too"), hint.to_owned()));
        }
    }
    Ok(header.iter().map(str::to_owned).collect())
}

fn column(name: String, cells: &[(u64, String)]) -> Column {
    let number = |cell: &(u64, String)| match cell.1.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err(cell.clone()),
    };
    let numbers: Result<Vec<f64>, _> = cells.iter().map(number).collect();
    let (codes, arity) = match &numbers {
        Ok(values) => numeric_codes(values),
        Err(_) => {
            let mut levels: Vec<&str> = cells.iter().map(|(_, cell)| cell.as_str()).collect();
            levels.sort_unstable();
            levels.dedup();
            let code = |cell: &str| levels.binary_search(&cell).expect("every value is a level") as u32;
            (cells.iter().map(|(_, cell)| code(cell)).collect(), levels.len())
        }
    };
    Column { name, numbers, codes, arity }
}

/// Per value the rank of it among the distinct ones, and how many there are.
fn numeric_codes(values: &[f64]) -> (Vec<u32>, usize) {
    let mut levels = values.to_vec();
    levels.sort_unstable_by(f64::total_cmp);
    levels.dedup();
    let code = |x: &f64| levels.partition_point(|level| level < x) as u32;
    (values.iter().map(code).collect(), levels.len())
}
