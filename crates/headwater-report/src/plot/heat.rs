//! Two distributions over the cells of a grid, side by side.

use headwater_core::picture::Paint;

use super::{AREA, Canvas, ROOM, WIDTH, cut, px};
use crate::csv::{cell, number, real};

/// Cells along an axis that are drawn at most; of larger grids, blocks are.
const MOST: i64 = 64;
/// Room between the two maps, and left of the first.
const BETWEEN: f64 = 28.0;

/// Two distributions over the cells of a grid.
#[derive(Clone, Debug, Default)]
pub struct Heat {
    /// What is shown.
    pub title: String,
    /// Names of the axes.
    pub axes: [String; 2],
    /// The cells, or blocks of them; those that are no objects are left out.
    pub cells: Vec<Cell>,
    /// Cells along the side of a block.
    pub block: i64,
}

/// A cell with its probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its place.
    pub at: [i64; 2],
    /// Probability under the target.
    pub target: f64,
    /// Probability under the sampler.
    pub learned: f64,
}

impl Heat {
    /// The maps of these cells; cells become blocks if they are many.
    pub fn new(title: impl Into<String>, axes: [String; 2], cells: &[Cell]) -> Self {
        let range = |d: usize| {
            let low = cells.iter().map(|c| c.at[d]).min().unwrap_or(0);
            (low, cells.iter().map(|c| c.at[d]).max().unwrap_or(0) - low + 1)
        };
        let ((x, width), (y, height)) = (range(0), range(1));
        let block = (width.max(height) + MOST - 1) / MOST;
        let mut blocks = std::collections::BTreeMap::new();
        for c in cells {
            let at = [(c.at[0] - x) / block * block + x, (c.at[1] - y) / block * block + y];
            let sum = blocks.entry(at).or_insert([0.0, 0.0]);
            *sum = [sum[0] + c.target, sum[1] + c.learned];
        }
        let cells = blocks.into_iter().map(|(at, [target, learned])| Cell { at, target, learned }).collect();
        Self { title: title.into(), axes, cells, block }
    }

    /// What was put together, if anything was.
    pub fn thinned(&self) -> Option<String> {
        (self.block > 1).then(|| format!("each square stands for {0} by {0} cells", self.block))
    }

    pub(crate) fn draw(&self, id: &str, alone: bool) -> String {
        let low = [0, 1].map(|d| self.cells.iter().map(|c| c.at[d]).min().unwrap_or(0));
        let high = [0, 1].map(|d| self.cells.iter().map(|c| c.at[d]).max().unwrap_or(0));
        let counts = [0, 1].map(|d| ((high[d] - low[d]) / self.block + 1) as f64);
        let wide = (WIDTH - 2.0 * BETWEEN) / 2.0;
        let size = (wide / counts[0]).min(AREA / counts[1]);
        let most = self.cells.iter().fold(f64::MIN_POSITIVE, |most, c| most.max(c.target).max(c.learned));
        let mut canvas = Canvas::new();
        canvas.title(&self.title);
        let below = ROOM[1] + 18.0 + size * counts[1];
        for (i, name) in ["target R(x)/Z", "sampler p(x)"].into_iter().enumerate() {
            let left = BETWEEN + i as f64 * (wide + BETWEEN);
            canvas.text([left, ROOM[1] + 10.0], "start", Paint::Ink, name);
            let (ground, ink) = (Paint::Faint.line(), Paint::Category(0).fill());
            canvas.push(format_args!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" {ground}/>\n<g {ink}>",
                px(left),
                px(ROOM[1] + 18.0),
                px(size * counts[0]),
                px(size * counts[1])
            ));
            for c in &self.cells {
                let place = [0, 1].map(|d| ((c.at[d] - low[d]) / self.block) as f64);
                let p = if i == 0 { c.target } else { c.learned };
                let gap = if size > 8.0 { 1.0 } else { 0.0 };
                canvas.push(format_args!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill-opacity=\"{:.2}\">\
                     <title>{}, {}: {}</title></rect>",
                    px(left + size * place[0]),
                    px(below - size * (place[1] + 1.0)),
                    px(size - gap),
                    px(size - gap),
                    (p / most).max(0.0).sqrt(),
                    c.at[0],
                    c.at[1],
                    number(p)
                ));
            }
            canvas.push(format_args!("</g>"));
            let [across, up] = [&self.axes[0], &self.axes[1]].map(|name| cut(name, 12));
            canvas.text([left, below + 15.0], "start", Paint::Soft, &format!("{across} →  {up} ↑"));
        }
        let scale = format!("ground: 0; darkest: {}; the square root is drawn", number(most));
        canvas.text([BETWEEN, below + 33.0], "start", Paint::Soft, &scale);
        canvas.height = below + 42.0;
        let apart: f64 = self.cells.iter().map(|c| 0.5 * (c.target - c.learned).abs()).sum();
        let about = format!(
            "Two maps of {} squares, the target on the left and the sampler on the right; they differ in {} of the \
             probability.",
            self.cells.len(),
            number(apart)
        );
        canvas.element(id, &self.title, &about, "", alone)
    }

    /// The data: a row per cell or block.
    pub fn csv(&self) -> String {
        let mut out = format!("{},{},target,sampler\n", cell(&self.axes[0]), cell(&self.axes[1]));
        for c in &self.cells {
            out += &format!("{},{},{},{}\n", c.at[0], c.at[1], real(c.target, 6), real(c.learned, 6));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_grids_are_drawn_in_blocks_that_keep_their_mass() {
        let cells: Vec<Cell> = (0..200 * 130)
            .map(|i| Cell {
                at: [i % 200, i / 200],
                target: 1.0 / 26_000.0,
                learned: f64::from(u8::from(i == 0)),
            })
            .collect();
        let heat = Heat::new("a grid", ["x0".to_owned(), "x<1".to_owned()], &cells);
        assert_eq!((heat.block, heat.cells.len()), (4, 50 * 33));
        let total: f64 = heat.cells.iter().map(|c| c.target).sum();
        assert!((total - 1.0).abs() < 1e-9);
        assert_eq!(heat.cells[0].learned, 1.0);
        assert!(heat.thinned().unwrap().contains("4 by 4"));
        let svg = heat.draw("h", true);
        assert_eq!(svg.matches("<title>").count(), 2 * heat.cells.len());
        assert!(svg.contains("x&lt;1") && !svg.contains("x<1") && !svg.contains("NaN"));
        assert!(heat.csv().starts_with("x0,x<1,target,sampler\n0,0,"));
        let empty = Heat::new("", [String::new(), String::new()], &[]);
        assert!(!empty.draw("e", false).contains("NaN"));
    }
}
