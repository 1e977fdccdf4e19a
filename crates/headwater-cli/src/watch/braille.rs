//! Curves in text: two by four dots of a Braille character per place.

/// Dots of a character by row and column, as Unicode numbers them.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A curve through `points`, which are finite and ascend in x, as `height` lines of `width` characters; with the least
/// and the largest y.
pub fn curve(points: &[[f64; 2]], width: usize, height: usize) -> Option<(Vec<String>, [f64; 2])> {
    let (first, last) = (points.first()?, points.last()?);
    let low = points.iter().map(|p| p[1]).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|p| p[1]).fold(f64::NEG_INFINITY, f64::max);
    let (columns, rows) = (2 * width, 4 * height);
    let place = |x: f64, from: f64, to: f64, n: usize| {
        // Halved before they are subtracted, since the difference of two finite numbers may be none.
        let share = if to > from { (x / 2.0 - from / 2.0) / (to / 2.0 - from / 2.0) } else { 0.5 };
        ((share * (n - 1) as f64).round() as usize).min(n - 1)
    };
    let mut cells = vec![vec![0u8; width]; height];
    let mut dot = |column: usize, row: usize| cells[row / 4][column / 2] |= DOTS[row % 4][column % 2];
    let mut before: Option<(usize, usize)> = None;
    for &[x, y] in points {
        let (column, row) = (place(x, first[0], last[0], columns), rows - 1 - place(y, low, high, rows));
        let (c, r) = before.unwrap_or((column, row));
        // From the last point, a straight line: a dot for every column, or for every row where it is steep.
        let steps = column.abs_diff(c).max(row.abs_diff(r)).max(1);
        for i in 0..=steps {
            let between = |a: usize, b: usize| {
                (a as f64 + (b as f64 - a as f64) * i as f64 / steps as f64).round() as usize
            };
            dot(between(c, column), between(r, row));
        }
        before = Some((column, row));
    }
    let line =
        |cells: Vec<u8>| cells.into_iter().map(|c| char::from_u32(0x2800 + u32::from(c)).unwrap_or(' '));
    Some((cells.into_iter().map(|cells| line(cells).collect()).collect(), [low, high]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::curve;

    #[test]
    fn curves_are_drawn_dot_by_dot() {
        let (lines, range) = curve(&[[0.0, 0.0], [1.0, 3.0]], 2, 1).unwrap();
        assert_eq!((lines, range), (vec!["⡠⠊".to_owned()], [0.0, 3.0]));
        let (lines, _) = curve(&[[0.0, 1.0], [1.0, 0.0], [3.0, 1.0]], 4, 2).unwrap();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.chars().count() == 4));
    }

    #[test]
    fn one_point_and_huge_numbers_are_curves_too() {
        assert_eq!(curve(&[], 4, 2), None);
        assert!(curve(&[[1.0, 5.0]], 4, 2).unwrap().0.concat().chars().any(|c| c > '\u{2800}'));
        curve(&[[0.0, -f64::MAX], [1.0, f64::MAX]], 4, 2).unwrap();
    }
}
