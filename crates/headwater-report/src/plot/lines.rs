//! Lines with bands over a common axis, and a legend.

use headwater_core::picture::Paint;

use super::{ACROSS, Axis, Canvas, DASHES, UP, px};
use crate::csv::{cell, number, real};

/// Lines over a common axis.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// What the vertical axis shows.
    pub title: String,
    /// What the horizontal axis shows.
    pub x: String,
    /// Is the vertical axis logarithmic where values are positive and wide apart?
    pub log: bool,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
}

/// A line with a band around it.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// x, y, and the lower and upper end of the band; finite values are drawn.
    pub points: Vec<[f64; 4]>,
    /// Is it what others are compared with, such as a true value? It has no colour then.
    pub reference: bool,
}

impl Line {
    /// A line with a band.
    pub fn new(name: impl Into<String>, points: Vec<[f64; 4]>) -> Self {
        Self { name: name.into(), points, reference: false }
    }

    fn finite(&self) -> impl Iterator<Item = &[f64; 4]> + Clone {
        self.points.iter().filter(|p| p.iter().all(|v| v.is_finite()))
    }
}

impl Chart {
    /// The picture as a file of its own.
    pub fn svg(&self) -> String {
        self.draw("chart", true)
    }

    /// The picture, as an element of a page with this name or as a file of its own.
    pub(crate) fn draw(&self, id: &str, alone: bool) -> String {
        let all = |i: usize| self.lines.iter().flat_map(move |l| l.finite().map(move |p| p[i]));
        let x = Axis::from_zero(all(0).chain([0.0]), ACROSS.0, ACROSS.1);
        let heights = all(1).chain(all(2)).chain(all(3));
        let y = match self.log {
            true => Axis::log_if_wide(heights, UP.0, UP.1),
            false => Axis::from_zero(heights, UP.0, UP.1),
        };
        let mut canvas = Canvas::new();
        canvas.title(&self.title);
        canvas.x_axis(&x, &self.x);
        canvas.y_axis(&y);
        let mut entries = Vec::new();
        let mut colour = 0;
        for line in &self.lines {
            let (ink, dash) = match line.reference {
                true => (Paint::Ink, DASHES[1]),
                false => (Paint::Category(colour), DASHES[colour / 8 % DASHES.len()]),
            };
            colour += usize::from(!line.reference);
            let stroke = format!("{} stroke-width=\"2\" stroke-dasharray=\"{dash}\"", ink.line());
            draw(&mut canvas, line, ink, &stroke, &x, &y);
            entries.push((format!("<path d=\"M0 6H22\" {stroke}/>"), line.name.clone()));
        }
        // A single line is what the title says.
        if entries.len() > 1 {
            canvas.legend(&entries);
        }
        let facts = format!(" data-x=\"{}\" data-y=\"{}\"", x.facts(), y.facts());
        canvas.element(id, &self.title, &self.about(), &facts, alone)
    }

    /// What is read aloud: where each line ends.
    fn about(&self) -> String {
        let ends = self.lines.iter().filter_map(|l| {
            let last = l.finite().last()?;
            let band = if last[2] < last[3] {
                format!(", between {} and {}", number(last[2]), number(last[3]))
            } else {
                String::new()
            };
            Some(format!("{} ends at {}{band}.", l.name, number(last[1])))
        });
        let ends: Vec<String> = ends.take(12).collect();
        format!("Lines over {}. {}", self.x, ends.join(" "))
    }

    /// The data: a row per point.
    pub fn csv(&self) -> String {
        let mut out = "line,x,value,low,high\n".to_owned();
        for line in &self.lines {
            let name = cell(&line.name);
            for p in line.finite() {
                let [x, y, low, high] = [p[0], p[1], p[2], p[3]].map(|v| real(v, 7));
                // A band of no width is none.
                let band = if low == y && high == y { ",".to_owned() } else { format!("{low},{high}") };
                out += &format!("{name},{x},{y},{band}\n");
            }
        }
        out
    }
}

/// A line and its band.
fn draw(canvas: &mut Canvas, line: &Line, ink: Paint, stroke: &str, x: &Axis, y: &Axis) {
    let points: Vec<&[f64; 4]> = line.finite().collect();
    let place = |p: &[f64; 4], i: usize| {
        // Off a logarithmic axis lies nothing that could be shown.
        let at = y.at(p[i]);
        format!("{},{}", px(x.at(p[0])), px(if at.is_finite() { at } else { UP.0 }))
    };
    if points.iter().any(|p| p[2] < p[3]) {
        let upper = points.iter().map(|p| place(p, 3));
        let band: Vec<String> = upper.chain(points.iter().rev().map(|p| place(p, 2))).collect();
        let fill = ink.fill();
        canvas.push(format_args!("<polygon points=\"{}\" {fill} fill-opacity=\"0.2\"/>", band.join(" ")));
    }
    if let [only] = points[..] {
        let fill = ink.fill();
        canvas.push(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"3\" {fill}/>",
            px(x.at(only[0])),
            px(y.at(only[1]))
        ));
    }
    let middle: Vec<String> = points.iter().map(|p| place(p, 1)).collect();
    canvas.push(format_args!(
        "<polyline points=\"{}\" fill=\"none\" stroke-linejoin=\"round\" {stroke}/>",
        middle.join(" ")
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_what_is_not_finite_is_left_out() {
        let line = Line::new(
            "<script>&",
            vec![[1.0, 2.0, 1.5, 2.5], [2.0, f64::NAN, 0.0, 1.0], [3.0, f64::INFINITY, 1.0, 1.0]],
        );
        let chart = Chart { title: "a < b".to_owned(), x: "n".to_owned(), log: true, lines: vec![line] };
        let svg = chart.svg();
        assert!(svg.contains("&lt;script&gt;&amp;") && svg.contains("a &lt; b") && !svg.contains("<script"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 1);
        assert_eq!(chart.csv(), "line,x,value,low,high\n<script>&,1,2,1.5,2.5\n");
        let none = Chart::default().svg();
        assert!(none.ends_with("</svg>\n") && !none.contains("NaN"));
    }

    #[test]
    fn a_line_without_a_band_has_none_and_says_where_it_ends() {
        let truth =
            Line { reference: true, ..Line::new("true", vec![[0.0, 3.0, 3.0, 3.0], [9.0, 3.0, 3.0, 3.0]]) };
        let learned = Line::new("learned", vec![[0.0, 1.0, 0.5, 2.0], [9.0, 2.5, 2.0, 3.0]]);
        let chart = Chart {
            title: "log Z".to_owned(),
            x: "updates".to_owned(),
            log: false,
            lines: vec![truth, learned],
        };
        let svg = chart.draw("f", false);
        assert_eq!(svg.matches("<polygon").count(), 1);
        assert!(svg.contains("true ends at 3. learned ends at 2.5, between 2 and 3."), "{svg}");
        // The first line that is no reference has the first colour.
        assert!(svg.contains("hw-0-line") && !svg.contains("hw-1-line") && !svg.contains("<style"));
    }
}
