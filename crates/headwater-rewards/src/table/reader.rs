//! Which format a table has, and what the readers of all formats say of it.

use std::fmt::Display;

use headwater_core::SettingError;

use super::{Format, TableConfig, json_lines, separated};
use headwater_core::{listed, nearest};

/// Takes the object, the score and the place of a row; see [`Reader::place`].
pub(super) type Each<'a> = dyn FnMut(&str, f64, usize) + 'a;

/// A file being read.
pub(super) struct Reader<'a> {
    pub config: &'a TableConfig,
    /// Never [`Format::Auto`].
    format: Format,
    /// What is in the file, without a byte order mark; empty if it is Parquet.
    pub text: &'a str,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// If the file should be text and is not, is empty, or has settings that its format does not.
    pub fn new(config: &'a TableConfig) -> Result<Self, SettingError> {
        let format = format(config);
        let mut reader = Self { config, format, text: "" };
        if config.delimiter.is_some() && !matches!(format, Format::Csv | Format::Tsv) {
            let message = format!("`delimiter` means nothing for the format `{}`", format.name());
            return Err(SettingError::at("delimiter", message).hint("leave it out"));
        }
        if format == Format::Parquet {
            return Ok(reader);
        }
        reader.text = config.path.text().map_err(|e| {
            let error = e.of("path");
            let is_parquet = config.path.bytes.starts_with(b"PAR1");
            if is_parquet {
                error.hint("the file is Parquet: set `reward.format = \"parquet\"`")
            } else {
                error
            }
        })?;
        if reader.text.trim().is_empty() {
            let (object, score) = (&config.object, &config.score);
            let hint = match format {
                Format::Jsonl => format!("write lines such as `{{\"{object}\": \"x\", \"{score}\": 0.5}}`"),
                _ => format!("write CSV with the header `{object},{score}`"),
            };
            return Err(reader.error("path", 0, "the file is empty").hint(hint));
        }
        Ok(reader)
    }

    /// Hands over every row, in order.
    pub fn rows(&self, each: &mut Each<'_>) -> Result<(), SettingError> {
        match self.format {
            Format::Auto | Format::Csv => separated::rows(self, b',', each),
            Format::Tsv => separated::rows(self, b'\t', each),
            Format::Jsonl => json_lines::rows(self, each),
            #[cfg(feature = "parquet")]
            Format::Parquet => super::parquet::rows(self, each),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => {
                let error = self.fault("path", "this program was built without Parquet");
                Err(error.hint("build it with `--features parquet`, or write CSV or JSON lines"))
            }
        }
    }

    /// An error at a place: a byte of the text, or in Parquet the number of a row, counted from zero.
    pub fn error(&self, field: &'static str, at: usize, message: impl Display) -> SettingError {
        let path = &self.config.path.path;
        SettingError::at(
            field,
            match self.format {
                Format::Parquet => format!("{path}: row {}: {message}", at + 1),
                _ => format!("{path}:{}: {message}", self.line(at)),
            },
        )
    }

    /// An error of the file as a whole.
    pub fn fault(&self, field: &'static str, message: impl Display) -> SettingError {
        SettingError::at(field, format!("{}: {message}", self.config.path.path))
    }

    pub fn no_rows(&self) -> SettingError {
        match self.format {
            Format::Parquet => self.fault("path", "there are no rows"),
            _ => self.error("path", self.text.trim_end().len(), "there are no rows below the header"),
        }
    }

    /// The object of row number `first` is that of row number `again`, too. Reads the file once more, to find them.
    pub fn twice(&self, first: usize, again: usize) -> SettingError {
        let (mut row, mut found) = (0, None);
        let (mut first_at, mut again_at) = (0, 0);
        let read = self.rows(&mut |object, _, at| {
            if row == first {
                first_at = at;
            } else if row == again {
                again_at = at;
                found = Some(object.to_owned());
            }
            row += 1;
        });
        if let Err(error) = read {
            return error;
        }
        let place = match self.format {
            Format::Parquet => format!("row {}", first_at + 1),
            _ => format!("line {}", self.line(first_at)),
        };
        let message = format!("`{}` of {place} is there again", found.unwrap_or_default());
        self.error("path", again_at, message).hint("an object has one score: keep one of the rows")
    }

    /// The place among `names` of the column that setting `field` calls `name`.
    pub fn column(&self, names: &[&str], field: &'static str, name: &str) -> Result<usize, SettingError> {
        let mut found = names.iter().enumerate().filter(|(_, column)| **column == name).map(|(i, _)| i);
        let fault = |message: String| match self.format {
            Format::Parquet => self.fault(field, message),
            _ => self.error(field, 0, message),
        };
        match (found.next(), found.next()) {
            (Some(i), None) => Ok(i),
            (Some(_), Some(_)) => Err(fault(format!("there are two columns `{name}`"))),
            (None, _) => {
                Err(fault(format!("there is no column `{name}`")).hint(others("columns", names, name)))
            }
        }
    }

    /// The score that a text is.
    pub fn number(&self, object: &str, text: &str, at: usize) -> Result<f64, SettingError> {
        let hint = match text.parse::<f64>() {
            Ok(score) if score.is_finite() => return Ok(score),
            Ok(_) => FINITE,
            Err(_) if text.is_empty() => "remove the row if the object has no score",
            Err(_) if text.contains(',') => "decimals are written with a point",
            Err(_) => "write numbers such as `0.25` or `-1e-3`",
        };
        Err(self.no_number(object, text, at).hint(hint))
    }

    /// The score, if it is finite.
    #[cfg(feature = "parquet")]
    pub fn finite(&self, object: &str, score: f64, at: usize) -> Result<f64, SettingError> {
        if score.is_finite() {
            return Ok(score);
        }
        Err(self.no_number(object, &score.to_string(), at).hint(FINITE))
    }

    /// The score of an object is `shown`, which is no finite number.
    pub fn no_number(&self, object: &str, shown: &str, at: usize) -> SettingError {
        self.error("path", at, format!("the score of `{object}` is `{shown}` instead of a finite number"))
    }

    /// The line, counted from one, of what follows the blanks at byte `at`.
    fn line(&self, at: usize) -> usize {
        let blank = self.text[at..].find(|c: char| !c.is_whitespace()).unwrap_or(0);
        1 + self.text[..at + blank].matches('\n').count()
    }
}

const FINITE: &str = "scores are finite; remove the row if there is none";

/// The format of a file, by the ending of its name unless it is set.
fn format(config: &TableConfig) -> Format {
    let path = config.path.path.to_ascii_lowercase();
    match (config.format, path.rsplit_once('.').map(|(_, end)| end)) {
        (Format::Auto, Some("tsv" | "tab")) => Format::Tsv,
        (Format::Auto, Some("jsonl" | "ndjson" | "json")) => Format::Jsonl,
        (Format::Auto, Some("parquet")) => Format::Parquet,
        (Format::Auto, _) => Format::Csv,
        (set, _) => set,
    }
}

/// What there is instead of `name`, as a hint.
pub(super) fn others(what: &str, names: &[&str], name: &str) -> String {
    let near =
        nearest(name, names.iter().copied()).map_or(String::new(), |c| format!("did you mean `{c}`? "));
    format!("{near}the {what} are {}", listed(names.iter().copied()))
}
