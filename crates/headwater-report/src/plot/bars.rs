//! Two distributions over the same bins: the sampler's as bars, the target's as a line of steps.

use headwater_core::picture::Paint;

use super::{ACROSS, Axis, Canvas, UP, px};
use crate::csv::{cell, number, real};

/// Values up to which each has its label.
const LABELLED: usize = 8;

/// Two distributions over the same bins.
#[derive(Clone, Debug, Default)]
pub struct Bars {
    /// What is shown.
    pub title: String,
    /// What the bins are of.
    pub x: String,
    /// The bins, ascending.
    pub bins: Vec<Bin>,
    /// Does a bin stand for one value, rather than for all between its ends?
    pub values: bool,
}

/// A bin with its probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Where it begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Probability under the target.
    pub target: f64,
    /// Probability under the sampler.
    pub learned: f64,
}

impl Bars {
    pub(crate) fn draw(&self, id: &str, alone: bool) -> String {
        let ends = self.bins.iter().flat_map(|b| [b.low, b.high]);
        let x = Axis::new(ends, ACROSS.0, ACROSS.1);
        let heights = self.bins.iter().flat_map(|b| [b.target, b.learned]);
        let y = Axis::from_zero(heights.chain([0.0]), UP.0, UP.1);
        let mut canvas = Canvas::new();
        canvas.title(&self.title);
        if self.values && self.bins.len() <= LABELLED {
            for bin in &self.bins {
                let middle = 0.5 * (bin.low + bin.high);
                canvas.text([x.at(middle), UP.0 + 15.0], "middle", Paint::Soft, &number(middle));
            }
            canvas.x_name(&self.x);
        } else {
            canvas.x_axis(&x, &self.x);
        }
        canvas.y_axis(&y);
        let fill = Paint::Category(0).fill();
        for bin in &self.bins {
            let (from, to, top) = (x.at(bin.low), x.at(bin.high), y.at(bin.learned));
            let gap = if to - from > 6.0 && !self.values { 1.0 } else { 0.0 };
            canvas.push(format_args!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {fill} fill-opacity=\"0.55\">\
                 <title>{}: sampler {}, target {}</title></rect>",
                px(from + gap),
                px(top),
                px((to - from - 2.0 * gap).max(0.5)),
                px(UP.0 - top),
                self.name(bin),
                number(bin.learned),
                number(bin.target)
            ));
        }
        let mut path = String::new();
        for (i, bin) in self.bins.iter().enumerate() {
            let (from, to, top) = (px(x.at(bin.low)), px(x.at(bin.high)), px(y.at(bin.target)));
            // Values that are apart have lines of their own.
            let joined = i > 0 && (self.bins[i - 1].high - bin.low).abs() < 1e-9 * (bin.high - bin.low);
            path += &if joined { format!("V{top}H{to}") } else { format!("M{from} {top}H{to}") };
        }
        let stroke = format!("{} stroke-width=\"2\" fill=\"none\"", Paint::Category(1).line());
        canvas.push(format_args!("<path d=\"{path}\" {stroke} pointer-events=\"none\"/>"));
        canvas.legend(&[
            (
                format!("<rect width=\"22\" height=\"12\" {fill} fill-opacity=\"0.55\"/>"),
                "the sampler".to_owned(),
            ),
            (format!("<path d=\"M0 6H22\" {stroke}/>"), "the target".to_owned()),
        ]);
        let apart: f64 = self.bins.iter().map(|b| 0.5 * (b.target - b.learned).abs()).sum();
        let about = format!(
            "{} bins of {}. In {} of the probability, the sampler and the target differ over these bins.",
            self.bins.len(),
            self.x,
            number(apart)
        );
        canvas.element(id, &self.title, &about, "", alone)
    }

    fn name(&self, bin: &Bin) -> String {
        if self.values {
            number(0.5 * (bin.low + bin.high))
        } else {
            format!("{} to {}", number(bin.low), number(bin.high))
        }
    }

    /// The data: a row per bin.
    pub fn csv(&self) -> String {
        let x = cell(&self.x);
        let mut out = if self.values {
            format!("{x},target,sampler\n")
        } else {
            "low,high,target,sampler\n".to_owned()
        };
        for b in &self.bins {
            let place = match self.values {
                true => real(0.5 * (b.low + b.high), 7),
                false => format!("{},{}", real(b.low, 7), real(b.high, 7)),
            };
            out += &format!("{place},{},{}\n", real(b.target, 6), real(b.learned, 6));
        }
        out
    }
}
