//! Tables as CSV: `metrics.csv` and `steps.csv`, which grow and survive being killed, and lists of samples.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::{RunError, write_atomic};

/// One entry of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// A whole number.
    Int(u64),
    /// A number, written so that it reads back as the same bits.
    Real(f64),
    /// Text; line breaks become blanks in a [`Table`].
    Text(&'a str),
    /// Nothing.
    Empty,
}

/// A table that grows by rows whose first column is the step.
///
/// A row is written by one call, so that a killed process leaves at most one torn row, which the next
/// [`Table::open`] removes.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    /// Also read, to put back a file that was removed.
    file: File,
    columns: usize,
    len: u64,
    line: String,
}

impl Table {
    /// Opens the table at `path` for appending, after removing a torn end, or starts one with these columns.
    ///
    /// # Errors
    /// If it has other columns, or cannot be read or written.
    ///
    /// # Panics
    /// If the first column is not `step`.
    pub fn open(path: &Path, columns: &[&str]) -> Result<Self, RunError> {
        assert_eq!(columns.first(), Some(&"step"), "rows are told apart by their step");
        let header = columns.join(",") + "\n";
        let old = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(RunError::io("read", path)(e)),
        };
        let sound = sound_len(&old, columns.len());
        if let Some(end) = old[..sound].iter().position(|&b| b == b'\n')
            && old[..=end] != *header.as_bytes()
        {
            let found = String::from_utf8_lossy(&old[..end]).into_owned();
            return Err(RunError::Header { path: path.to_owned(), expected: columns.join(","), found });
        }
        if sound == 0 {
            write_atomic(path, header.as_bytes())?;
        }
        let (file, len) = open_end(path, if sound == 0 { header.len() } else { sound } as u64)?;
        Ok(Self { path: path.to_owned(), file, columns: columns.len(), len, line: String::new() })
    }

    /// Is the file still the one that was written? Says what has become of it if not; one that was removed is written again,
    /// as far as this system keeps what an open file held.
    ///
    /// # Errors
    /// If it cannot be written again.
    pub fn mend(&mut self) -> Result<Option<String>, RunError> {
        let name = self.path.display().to_string();
        let len = match fs::metadata(&self.path) {
            Ok(file) if file.len() == self.len => return Ok(None),
            Ok(file) => Some(file.len()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(RunError::io("read", &self.path)(e)),
        };
        if let Some(len) = len {
            (self.file, self.len) = open_end(&self.path, len)?;
            return Ok(Some(format!("`{name}` was changed by somebody else while the run wrote to it")));
        }
        let mut rows = Vec::new();
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut rows));
        read.map_err(RunError::io("read", &self.path))?;
        write_atomic(&self.path, &rows)?;
        (self.file, self.len) = open_end(&self.path, rows.len() as u64)?;
        Ok(Some(format!("`{name}` was removed while the run wrote to it; it is written again")))
    }

    /// Appends a row. After an error the table is as before.
    ///
    /// # Errors
    /// If it cannot be written.
    ///
    /// # Panics
    /// If the row has not as many cells as the table has columns.
    pub fn append(&mut self, row: &[Cell<'_>]) -> Result<(), RunError> {
        assert_eq!(row.len(), self.columns, "a row has a cell for each column");
        self.line.clear();
        for (i, cell) in row.iter().enumerate() {
            self.line.push_str(if i > 0 { "," } else { "" });
            let start = self.line.len();
            push(&mut self.line, *cell);
            if self.line[start..].contains(['\n', '\r']) {
                let one_line = self.line.split_off(start).replace(['\n', '\r'], " ");
                self.line.push_str(&one_line);
            }
        }
        self.line.push('\n');
        if let Err(source) = self.file.write_all(self.line.as_bytes()) {
            // Half a row may be there. If it cannot be cut off now, the next opening does so.
            let _ = self.file.set_len(self.len).and_then(|()| self.file.seek(SeekFrom::Start(self.len)));
            return Err(RunError::Io { action: "write", path: self.path.clone(), source });
        }
        self.len += self.line.len() as u64;
        Ok(())
    }

    /// The step of the last row; `None` if there is no row, or it has no step.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub fn last_step(&self) -> Result<Option<u64>, RunError> {
        let text = fs::read_to_string(&self.path).map_err(RunError::io("read", &self.path))?;
        Ok(text.lines().skip(1).last().and_then(|line| line.split(',').next()?.parse().ok()))
    }

    /// Removes the rows after `step`, which a run resumed at `step` writes again.
    ///
    /// # Errors
    /// If a row has no step, or the table cannot be rewritten.
    pub fn truncate_after(&mut self, step: u64) -> Result<(), RunError> {
        let text = fs::read_to_string(&self.path).map_err(RunError::io("read", &self.path))?;
        let mut kept = String::with_capacity(text.len());
        for (i, line) in text.split_inclusive('\n').enumerate() {
            let first = line.split(',').next().unwrap_or_default().trim_end();
            let keep = match first.parse::<u64>() {
                _ if i == 0 => true,
                Ok(at) => at <= step,
                Err(_) => {
                    let reason = format!("line {} begins with `{first}`, expected a step", i + 1);
                    return Err(RunError::Damaged { path: self.path.clone(), reason });
                }
            };
            kept.push_str(if keep { line } else { "" });
        }
        if kept.len() < text.len() {
            write_atomic(&self.path, kept.as_bytes())?;
            (self.file, self.len) = open_end(&self.path, kept.len() as u64)?;
        }
        Ok(())
    }
}

/// Opens a file for writing at `len`, and cuts off what lies behind.
fn open_end(path: &Path, len: u64) -> Result<(File, u64), RunError> {
    let open = || {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        file.set_len(len)?;
        file.seek(SeekFrom::Start(len))?;
        Ok(file)
    };
    Ok((open().map_err(RunError::io("write", path))?, len))
}

/// Length of the table without the damaged lines at its end.
fn sound_len(bytes: &[u8], columns: usize) -> usize {
    let mut end = bytes.len();
    while end > 0 {
        let start = bytes[..end - 1].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let line = &bytes[start..end];
        let whole = line.ends_with(b"\n") && !line.contains(&0) && cells(line) == columns;
        if whole && std::str::from_utf8(line).is_ok() {
            break;
        }
        // A header with other columns is not a torn row; whoever compares it must see it.
        if start == 0 && line.ends_with(b"\n") {
            break;
        }
        end = start;
    }
    end
}

/// Number of cells of a line.
fn cells(line: &[u8]) -> usize {
    let mut quoted = false;
    1 + line
        .iter()
        .filter(|&&b| {
            quoted ^= b == b'"';
            b == b',' && !quoted
        })
        .count()
}

fn push(line: &mut String, cell: Cell<'_>) {
    match cell {
        Cell::Int(i) => write!(line, "{i}").expect("a string takes any text"),
        Cell::Real(x) => write!(line, "{x:?}").expect("a string takes any text"),
        Cell::Text(s) if s.contains([',', '"', '\n', '\r']) || s.starts_with('#') => {
            line.push('"');
            line.push_str(&s.replace('"', "\"\""));
            line.push('"');
        }
        Cell::Text(s) => line.push_str(s),
        Cell::Empty => {}
    }
}

/// A list of objects with their probabilities: the resolved configuration as lines that begin with `# `, the header
/// `text,log_reward,log_pf,log_pb,origin`, and a row per object.
#[derive(Debug)]
pub struct Samples<W: Write> {
    out: W,
    line: String,
    guarded: bool,
}

/// A text that no spreadsheet takes for a formula: those that begin with `=`, `+`, `-`, `@`, a tab or a carriage return have
/// an apostrophe before them, which spreadsheets do not show.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}

impl<W: Write> Samples<W> {
    /// Starts a list on `out` with the text of the resolved configuration.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W, config: &str) -> io::Result<Self> {
        for line in config.lines() {
            writeln!(out, "{}", format!("# {line}").trim_end())?;
        }
        writeln!(out, "text,log_reward,log_pf,log_pb,origin")?;
        Ok(Self { out, line: String::new(), guarded: false })
    }

    /// The same list for spreadsheets: its texts are [`guarded`].
    #[must_use]
    pub fn guard(self, guarded: bool) -> Self {
        Self { guarded, ..self }
    }

    /// Writes one object: its text, log R, log P_F and log P_B of the trajectory that made it, and who chose that. A log R
    /// that is not known is NaN, and the cell stays empty.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(
        &mut self,
        text: &str,
        log_reward: f64,
        log_pf: f64,
        log_pb: f64,
        origin: &str,
    ) -> io::Result<()> {
        self.line.clear();
        let text = if self.guarded { guarded(text) } else { Cow::Borrowed(text) };
        push(&mut self.line, Cell::Text(&text));
        for x in [log_reward, log_pf, log_pb] {
            self.line.push(',');
            push(&mut self.line, if x.is_nan() { Cell::Empty } else { Cell::Real(x) });
        }
        self.line.push(',');
        push(&mut self.line, Cell::Text(origin));
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    /// Hands on what was written so far.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the list.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
