//! Points over two axes, with intervals and the line on which they should lie.

use headwater_core::picture::Paint;

use super::{ACROSS, Axis, Canvas, UP, cut, px};
use crate::csv::{cell, number, real};
use crate::thin;

/// Points that are drawn at most.
const MOST: usize = 3000;
/// Characters of an object in the data.
const NAME: usize = 120;

/// Objects by log R and log p.
#[derive(Clone, Debug, Default)]
pub struct Scatter {
    /// What is shown.
    pub title: String,
    /// The objects.
    pub points: Vec<crate::Point>,
    /// log Z: on the line log p = log R − log Z lies a perfect sampler.
    pub log_z: f64,
    /// Objects before they were thinned.
    of: usize,
}

impl Scatter {
    /// A picture of these points, thinned if they are many.
    pub fn new(title: impl Into<String>, points: &[crate::Point], log_z: f64) -> Self {
        let places: Vec<[f64; 2]> = points.iter().map(|p| [p.log_reward, p.log_p]).collect();
        let kept = thin::cloud(&places, MOST);
        let of = places.iter().filter(|p| p.iter().all(|v| v.is_finite())).count();
        Self { title: title.into(), points: kept.into_iter().map(|i| points[i].clone()).collect(), log_z, of }
    }

    /// What was left out, if anything was.
    pub fn thinned(&self) -> Option<String> {
        let shown = self.points.len();
        (shown < self.of).then(|| {
            format!("{shown} of {} objects are drawn: one for each place where there are any", self.of)
        })
    }

    pub(crate) fn draw(&self, id: &str, alone: bool) -> String {
        let x = Axis::new(self.points.iter().map(|p| p.log_reward), ACROSS.0 + 8.0, ACROSS.1 - 8.0);
        let line = [x.low(), x.high()].map(|r| r - self.log_z);
        let ends = self.points.iter().flat_map(|p| [p.log_p, p.interval[0], p.interval[1]]);
        let y = Axis::new(ends.chain(line), UP.0 - 6.0, UP.1 + 6.0);
        let mut canvas = Canvas::new();
        canvas.title(&self.title);
        canvas.x_axis(&x, "log R(x)");
        canvas.y_axis(&y);
        let intervals: String = self
            .points
            .iter()
            .filter(|p| p.interval[0] < p.interval[1])
            .map(|p| {
                format!("M{} {}V{}", px(x.at(p.log_reward)), px(y.at(p.interval[0])), px(y.at(p.interval[1])))
            })
            .collect();
        if !intervals.is_empty() {
            let stroke = Paint::Category(0).line();
            canvas.push(format_args!(
                "<path d=\"{intervals}\" {stroke} stroke-opacity=\"0.5\" fill=\"none\"/>"
            ));
        }
        let dots: String = self
            .points
            .iter()
            .map(|p| format!("M{} {}h0", px(x.at(p.log_reward)), px(y.at(p.log_p))))
            .collect();
        let dot = format!(
            "{} stroke-width=\"5\" stroke-linecap=\"round\" stroke-opacity=\"0.7\" fill=\"none\"",
            Paint::Category(0).line()
        );
        canvas.push(format_args!("<path d=\"{dots}\" {dot}/>"));
        // Over the points, which may be so many that nothing is seen below them.
        if self.log_z.is_finite() {
            let [from, to] =
                [(x.low(), line[0]), (x.high(), line[1])].map(|(a, b)| (px(x.at(a)), px(y.at(b))));
            canvas.push(format_args!(
                "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {} stroke-width=\"1.5\" stroke-dasharray=\"7 3\"/>",
                from.0, from.1, to.0, to.1, Paint::Ink.line()
            ));
        }
        let identity = format!(
            "<path d=\"M0 6H22\" {} stroke-width=\"1.5\" stroke-dasharray=\"7 3\"/>",
            Paint::Ink.line()
        );
        let entries = [
            (format!("<path d=\"M11 6h0\" {dot}/>"), "log p(x) of an object".to_owned()),
            (identity, "where p(x) = R(x)/Z".to_owned()),
        ];
        canvas.legend(&entries);
        let about = format!(
            "{} objects by log R and log p. log R goes from {} to {}.",
            self.points.len(),
            number(x.low()),
            number(x.high())
        );
        let facts = format!(" data-x=\"{}\" data-y=\"{}\"", x.facts(), y.facts());
        canvas.element(id, &self.title, &about, &facts, alone)
    }

    /// The data: a row per object.
    pub fn csv(&self) -> String {
        let mut out = "object,log_reward,log_p,low,high\n".to_owned();
        for p in &self.points {
            let [r, y, low, high] = [p.log_reward, p.log_p, p.interval[0], p.interval[1]].map(|v| real(v, 6));
            let band = if p.interval[0] < p.interval[1] { format!("{low},{high}") } else { ",".to_owned() };
            out += &format!("{},{r},{y},{band}\n", cell(&cut(&p.object, NAME)));
        }
        out
    }
}
