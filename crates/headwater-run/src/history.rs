//! The tables of a run as numbers, whether or not somebody still writes to them.

use std::fs;
use std::io;
use std::path::Path;

use crate::RunError;

/// A table of numbers: `metrics.csv` or `steps.csv` as far as it has been written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, as long as `columns`; NaN where a cell is empty or no number.
    pub rows: Vec<Vec<f64>>,
}

impl History {
    /// Reads the table at `path`; one that does not exist yet is empty. A row that is not whole, since it is being
    /// written, is left out.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, RunError> {
        match fs::read(path) {
            Ok(bytes) => Ok(Self::of(&String::from_utf8_lossy(&bytes))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(RunError::io("read", path)(e)),
        }
    }

    /// The table that a text holds.
    pub(crate) fn of(text: &str) -> Self {
        let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let columns: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let number = |cell: &str| cell.parse().unwrap_or(f64::NAN);
        let rows = lines.map(|line| line.split(',').map(number).collect::<Vec<f64>>());
        let rows = rows.filter(|row| row.len() == columns.len()).collect();
        Self { columns, rows }
    }

    /// The values of a column; none if there is no such column.
    pub fn column(&self, name: &str) -> Vec<f64> {
        match self.columns.iter().position(|column| column == name) {
            Some(i) => self.rows.iter().map(|row| row[i]).collect(),
            None => Vec::new(),
        }
    }

    /// The last value of a column, if it is a number.
    pub fn last(&self, name: &str) -> Option<f64> {
        let i = self.columns.iter().position(|column| column == name)?;
        self.rows.last().map(|row| row[i]).filter(|x| !x.is_nan())
    }

    /// A column over the steps, where it is finite.
    pub fn curve(&self, name: &str) -> Vec<[f64; 2]> {
        let pairs = self.column("step").into_iter().zip(self.column(name));
        pairs.filter(|(x, y)| x.is_finite() && y.is_finite()).map(|(x, y)| [x, y]).collect()
    }

    /// At most about twice `most` of the rows: every 2ᵏ-th, so that a row once shown stays while the table grows, and
    /// the last.
    #[must_use]
    pub fn thinned(&self, most: usize) -> Self {
        let n = self.rows.len();
        let mut stride = 1;
        while n / stride > 2 * most.max(1) {
            stride *= 2;
        }
        let keep = |i: &usize| i.is_multiple_of(stride) || i + 1 == n;
        let rows = (0..n).filter(keep).map(|i| self.rows[i].clone()).collect();
        Self { columns: self.columns.clone(), rows }
    }

    /// Seconds of work up to each row. The clock in the column `wall_s` starts again when a run is resumed; this one
    /// does not.
    pub fn worked_s(&self) -> Vec<f64> {
        let (mut before, mut last) = (0.0, 0.0);
        let add = |wall: f64| {
            if wall < last {
                before += last;
            }
            last = wall;
            before + wall
        };
        self.column("wall_s").into_iter().map(add).collect()
    }

    /// Updates per second over the last rows, up to `window`, that one process wrote; `None` if that are fewer than two.
    pub fn updates_per_s(&self, window: usize) -> Option<f64> {
        let (step, wall) = (self.column("step"), self.column("wall_s"));
        let end = step.len().checked_sub(1)?;
        let mut start = end;
        while start > 0 && end - start < window && wall[start - 1] <= wall[start] {
            start -= 1;
        }
        let (updates, seconds) = (step[end] - step[start], wall[end] - wall[start]);
        (updates > 0.0 && seconds > 0.0).then(|| updates / seconds)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const STEPS: &str = "step,wall_s,loss\n1,0.5,4.0\n2,1.0,\n3,0.25,inf\n4,0.5,1.0\n5,0.7";

    #[test]
    fn a_row_that_is_being_written_is_left_out() {
        let table = History::of(STEPS);
        assert_eq!(table.column("step"), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(table.curve("loss"), [[1.0, 4.0], [4.0, 1.0]]);
        assert_eq!((table.last("loss"), table.last("tv")), (Some(1.0), None));
        assert_eq!(History::of("").rows.len(), 0);
    }

    #[test]
    fn time_goes_on_where_a_run_was_resumed() {
        let table = History::of(STEPS);
        assert_eq!(table.worked_s(), [0.5, 1.0, 1.25, 1.5]);
        // Rows 3 and 4 are of one process: one update in a quarter of a second.
        assert_eq!(table.updates_per_s(100), Some(4.0));
        assert_eq!(History::of("step,wall_s\n1,0.5\n").updates_per_s(100), None);
        assert_eq!(History::default().updates_per_s(100), None);
    }

    #[test]
    fn thinning_keeps_the_last_row_and_rows_that_were_kept() {
        let table = |n: usize| History {
            columns: vec!["step".to_owned()],
            rows: (0..n).map(|i| vec![i as f64]).collect(),
        };
        assert_eq!(table(8).thinned(4), table(8));
        let (a, b) = (table(9).thinned(4).column("step"), table(12).thinned(4).column("step"));
        assert_eq!(a, [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(b, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 11.0]);
        assert!(table(100_000).thinned(300).rows.len() <= 602);
        assert_eq!(table(0).thinned(4), table(0));
    }
}
