//! Tables of numbers by column, such as a run writes while it trains.

/// A table of numbers: `metrics.csv` or `steps.csv` as far as it has been written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    names: Vec<String>,
    values: Vec<Vec<f64>>,
}

impl Columns {
    /// Columns of equal length.
    ///
    /// # Panics
    /// If they are not.
    pub fn new(columns: Vec<(String, Vec<f64>)>) -> Self {
        assert!(columns.windows(2).all(|w| w[0].1.len() == w[1].1.len()), "columns are of one length");
        let (names, values) = columns.into_iter().unzip();
        Self { names, values }
    }

    /// From CSV of numbers with a header. Empty cells, and what is no number, are NaN. A row does not count if its line
    /// has no end, since it is being written, or if it has too few or too many cells.
    pub fn parse(text: &str) -> Self {
        let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let names: Vec<String> =
            lines.next().map_or_else(Vec::new, |l| l.split(',').map(str::to_owned).collect());
        let mut values = vec![Vec::new(); names.len()];
        for line in lines.filter(|line| line.split(',').count() == names.len()) {
            for (column, cell) in values.iter_mut().zip(line.split(',')) {
                column.push(cell.parse().unwrap_or(f64::NAN));
            }
        }
        Self { names, values }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// The columns with their names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.names.iter().map(String::as_str).zip(self.values.iter().map(Vec::as_slice))
    }

    /// A column by its name; no values if there is none.
    pub fn column(&self, name: &str) -> &[f64] {
        self.iter().find(|(n, _)| *n == name).map_or(&[], |(_, values)| values)
    }

    /// The last value of a column, unless it is NaN.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.column(name).last().copied().filter(|x| !x.is_nan())
    }

    /// A column over the steps, where both are finite.
    pub fn curve(&self, name: &str) -> Vec<[f64; 2]> {
        let pairs = self.column("step").iter().zip(self.column(name));
        pairs.filter(|(x, y)| x.is_finite() && y.is_finite()).map(|(&x, &y)| [x, y]).collect()
    }

    /// At most about twice `most` of the rows: every 2ᵏ-th, so that a row once shown stays while the table grows, and
    /// the last.
    #[must_use]
    pub fn thinned(&self, most: usize) -> Self {
        let n = self.rows();
        let mut stride = 1;
        while n / stride > 2 * most.max(1) {
            stride *= 2;
        }
        let keep = |i: &usize| i.is_multiple_of(stride) || i + 1 == n;
        let of = |column: &Vec<f64>| (0..n).filter(keep).map(|i| column[i]).collect();
        Self { names: self.names.clone(), values: self.values.iter().map(of).collect() }
    }

    /// Seconds of work up to each row. The clock in the column `wall_s` starts again when a run is resumed; this one
    /// does not.
    pub fn worked_s(&self) -> Vec<f64> {
        let (mut before, mut last) = (0.0, 0.0);
        let add = |&wall: &f64| {
            if wall < last {
                before += last;
            }
            last = wall;
            before + wall
        };
        self.column("wall_s").iter().map(add).collect()
    }

    /// Updates per second over the last rows, up to `window`, that one process wrote; `None` if that are fewer than two.
    pub fn updates_per_s(&self, window: usize) -> Option<f64> {
        let (step, wall) = (self.column("step"), self.column("wall_s"));
        let end = step.len().min(wall.len()).checked_sub(1)?;
        let mut start = end;
        while start > 0 && end - start < window && wall[start - 1] <= wall[start] {
            start -= 1;
        }
        let (updates, seconds) = (step[end] - step[start], wall[end] - wall[start]);
        (updates > 0.0 && seconds > 0.0).then(|| updates / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &str = "step,wall_s,loss\n1,0.5,4.0\n2,1.0,\n3,0.25,inf\n4,0.5,1.0\n5,0.7,0";

    #[test]
    fn a_row_that_is_being_written_is_left_out() {
        let table = Columns::parse(STEPS);
        assert_eq!((table.rows(), table.column("step")), (4, &[1.0, 2.0, 3.0, 4.0][..]));
        assert_eq!(table.curve("loss"), [[1.0, 4.0], [4.0, 1.0]]);
        assert_eq!((table.last("loss"), table.last("tv")), (Some(1.0), None));
        assert!(table.column("tv").is_empty() && table.curve("tv").is_empty());
        assert_eq!(Columns::parse("step,loss\n1\n2,3,4\n5,6\n").column("loss"), [6.0]);
        for nothing in ["", "step,lo", "step,loss\n"] {
            assert_eq!(Columns::parse(nothing).rows(), 0, "{nothing}");
        }
    }

    #[test]
    fn time_goes_on_where_a_run_was_resumed() {
        let table = Columns::parse(STEPS);
        assert_eq!(table.worked_s(), [0.5, 1.0, 1.25, 1.5]);
        // Rows 3 and 4 are of one process: one update in a quarter of a second.
        assert_eq!(table.updates_per_s(100), Some(4.0));
        assert_eq!(Columns::parse("step,wall_s\n1,0.5\n").updates_per_s(100), None);
        assert_eq!(Columns::default().updates_per_s(100), None);
    }

    #[test]
    fn thinning_keeps_the_last_row_and_rows_that_were_kept() {
        let table = |n: u32| Columns::new(vec![("step".to_owned(), (0..n).map(f64::from).collect())]);
        assert_eq!(table(8).thinned(4), table(8));
        assert_eq!(table(9).thinned(4).column("step"), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(table(12).thinned(4).column("step"), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 11.0]);
        assert!(table(100_000).thinned(300).rows() <= 602);
        assert_eq!(table(0).thinned(4), table(0));
    }
}
