//! The one place that prints.
//!
//! What others have written (names, texts, what programs say) never reaches a terminal with characters that it obeys.
//! Talk is never worth the work: where stderr cannot be written, it is lost and nothing else is.

use std::io::{self, ErrorKind, IsTerminal, Write};

use headwater_run::session::SessionError;
use headwater_run::{Problem, Problems, RunError, Warning, cause, visible, visible_json};

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// Something to tell the user.
    Problems(Problems),
    /// Nobody reads stdout any more.
    Closed,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problems(problem.into())
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Problems(problems)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Problems(error.problems())
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Problem::from(&error).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if is_gone(&error) {
            return Self::Closed;
        }
        Problem::new(format!("cannot write: {}", cause(&error))).into()
    }
}

/// Any other error, in its own words.
pub fn fail(error: impl std::fmt::Display) -> Failure {
    Problem::new(error.to_string()).into()
}

/// Has the reader gone: the other end of a pipe closed, or a terminal hung up?
fn is_gone(error: &io::Error) -> bool {
    // EIO is what a write to a terminal that has hung up ends in.
    error.kind() == ErrorKind::BrokenPipe || (cfg!(unix) && error.raw_os_error() == Some(5))
}

/// Writes a text for people, or one value of JSON, to stdout, with a line end.
pub fn data(text: &str) -> Result<(), Failure> {
    let shown = if text.starts_with(['{', '[']) { visible_json(text) } else { visible(text) };
    picture(&shown)
}

/// The same of a text with colours of our own, in which all that others have written is visible already.
pub fn picture(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.trim_end_matches('\n').as_bytes())?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Says something to the person at the terminal, if there still is one.
pub fn talk(text: &str) {
    let line = format!("{}\n", visible(text.trim_end_matches('\n')));
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// stdout for lists: every byte as it is into a pipe or a file, visible on a terminal.
pub fn stdout() -> Box<dyn Write> {
    let out = io::stdout().lock();
    if out.is_terminal() {
        Box::new(io::BufWriter::new(Shown(out)))
    } else {
        Box::new(io::BufWriter::new(out))
    }
}

/// Writes what can be shown of whole texts.
struct Shown<W>(W);

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(visible(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Does nobody read stdout any more? Asked before work whose results would go there; where the system does not say,
/// the next write does.
pub fn is_closed() -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let out = io::stdout();
        let mut fds = [PollFd::new(&out, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
    }
    #[cfg(not(unix))]
    false
}

/// Says what a configuration says in vain, each once.
pub fn warn(warnings: &[Warning]) {
    warnings.iter().for_each(|warning| talk(&warning.to_string()));
}

/// A file to write to, or stdout for `-`.
pub fn sink(path: &std::path::Path) -> Result<Box<dyn Write>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(stdout());
    }
    let file = std::fs::File::create(path).map_err(|source| RunError::Io {
        action: "create",
        path: path.to_owned(),
        source,
    })?;
    Ok(Box::new(io::BufWriter::new(file)))
}

/// Writes a file of text, or to stdout if the path is `-`.
pub fn save(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    let mut out = sink(path)?;
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// A number for people: five significant digits.
pub fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if (1e-4..1e6).contains(&x.abs()) {
        let digits = (4 - x.abs().max(1e-4).log10().floor() as i32).clamp(0, 8) as usize;
        format!("{x:.digits$}")
    } else {
        format!("{x:.4e}")
    }
}

/// A whole number with its thousands apart.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Rows of a name and a value, aligned.
pub fn table(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")).collect()
}

/// A text broken between words into lines of at most `width` characters, as far as its words allow.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Quotes a text for CSV if it has to be.
pub fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// e^x for people, also where it is no f64: the flow or probability of a logarithm.
pub fn exp(x: f64) -> String {
    if x == f64::NEG_INFINITY || x.abs() < 690.0 {
        return number(x.exp());
    }
    let log10 = x / 10f64.ln();
    let (mantissa, exponent) = (10f64.powf(log10 - log10.floor()), log10.floor());
    // What rounds to ten is one of the next power.
    let (mantissa, exponent) =
        if mantissa >= 9.99995 { (mantissa / 10.0, exponent + 1.0) } else { (mantissa, exponent) };
    format!("{mantissa:.4}e{exponent}")
}

/// A table with a header: the first column to the left, numbers to the right.
pub fn columns(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |i: usize| {
        let cells = rows.iter().map(|row| row[i].chars().count());
        cells.chain([header[i].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (i, (cell, &width)) in cells.zip(&widths).enumerate() {
            text += &if i == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        text.trim_end().to_owned() + "\n"
    };
    let mut text = line(&mut header.iter().copied());
    rows.iter().for_each(|row| text += &line(&mut row.iter().map(String::as_str)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_e_have_a_mantissa_below_ten() {
        // 1e299 and 1e300 from their logarithms, which are a little less than those of the powers of ten.
        for (exponent, text) in [(299.0, "1.0000e299"), (300.0, "1.0000e300"), (-300.0, "1.0000e-300")] {
            let x: f64 = exponent * 10f64.ln();
            assert_eq!(exp(x * (1.0 - 1e-16)), text);
            assert_eq!(exp(x - 1e-12), text);
        }
        assert_eq!(exp(700.0), "1.0142e304");
        assert_eq!(exp(4791.0), "5.0683e2080");
        assert_eq!(exp(-4791.0), "1.9730e-2081");
    }
}
