//! Line charts as SVG: lines with bands, an axis each way, a legend; light and dark, readable in print.

use std::fmt::Write;

use headwater_core::picture::escape;

/// Lines over a common axis.
pub struct Chart {
    /// What the vertical axis shows.
    pub title: String,
    /// What the horizontal axis shows.
    pub x: String,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
}

/// A line with a band around it.
pub struct Line {
    /// Its name.
    pub name: String,
    /// x, y, and the lower and upper end of the band; finite values are drawn.
    pub points: Vec<[f64; 4]>,
}

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 360.0;
/// Room around the lines: left, top, right, bottom.
const ROOM: [f64; 4] = [64.0, 36.0, 190.0, 44.0];

/// Colours that people with a colour vision deficiency tell apart (Okabe and Ito 2008), in print too with the dashes.
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#666666"];
const DASHES: [&str; 3] = ["none", "6 3", "2 2"];

impl Chart {
    /// The picture.
    pub fn svg(&self) -> String {
        let finite = |i: usize| self.lines.iter().flat_map(move |l| l.points.iter().map(move |p| p[i]));
        let x = Axis::new(finite(0).chain([0.0]), ROOM[0], WIDTH - ROOM[2]);
        let y = Axis::new(finite(1).chain(finite(2)).chain(finite(3)), HEIGHT - ROOM[3], ROOM[1]);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
             <title>{0}</title>\n<style>.t{{fill:#222}}.g{{stroke:#ddd}}.b{{fill:#fff}}\
             @media (prefers-color-scheme:dark){{.t{{fill:#ddd}}.g{{stroke:#444}}.b{{fill:#16181d}}}}</style>\n\
             <rect class=\"b\" width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
             <text class=\"t\" x=\"{1}\" y=\"20\" font-size=\"14\" font-weight=\"600\">{0}</text>\n",
            escape(&self.title),
            ROOM[0]
        );
        self.axes(&mut out, &x, &y).expect("a string takes any text");
        for (i, line) in self.lines.iter().enumerate() {
            draw(&mut out, line, i, &x, &y).expect("a string takes any text");
        }
        out + "</svg>\n"
    }

    fn axes(&self, out: &mut String, x: &Axis, y: &Axis) -> std::fmt::Result {
        let [left, top, right, bottom] = ROOM;
        for tick in y.ticks() {
            let at = y.at(tick);
            writeln!(
                out,
                "<line class=\"g\" x1=\"{left}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
                WIDTH - right
            )?;
            let label = short(tick);
            writeln!(
                out,
                "<text class=\"t\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                left - 8.0,
                at + 4.0
            )?;
        }
        for tick in x.ticks() {
            let at = x.at(tick);
            writeln!(
                out,
                "<line class=\"g\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top}\" y2=\"{}\"/>",
                HEIGHT - bottom
            )?;
            let label = short(tick);
            let below = HEIGHT - bottom + 16.0;
            writeln!(
                out,
                "<text class=\"t\" x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>"
            )?;
        }
        let (middle, below) = ((left + WIDTH - right) / 2.0, HEIGHT - 8.0);
        let label = escape(&self.x);
        writeln!(out, "<text class=\"t\" x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>")
    }
}

/// A line, its band and its place in the legend.
fn draw(out: &mut String, line: &Line, i: usize, x: &Axis, y: &Axis) -> std::fmt::Result {
    let (colour, dash) = (COLOURS[i % COLOURS.len()], DASHES[i / COLOURS.len() % DASHES.len()]);
    let points: Vec<&[f64; 4]> = line.points.iter().filter(|p| p.iter().all(|v| v.is_finite())).collect();
    let place = |x_value: f64, y_value: f64| format!("{:.1},{:.1}", x.at(x_value), y.at(y_value));
    let band: Vec<String> = points
        .iter()
        .map(|p| place(p[0], p[3]))
        .chain(points.iter().rev().map(|p| place(p[0], p[2])))
        .collect();
    let middle: Vec<String> = points.iter().map(|p| place(p[0], p[1])).collect();
    let name = escape(&line.name);
    writeln!(out, "<g><title>{name}</title>")?;
    writeln!(out, "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"0.18\"/>", band.join(" "))?;
    let stroke = format!("stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"");
    writeln!(out, "<polyline points=\"{}\" fill=\"none\" {stroke}/></g>", middle.join(" "))?;
    let (left, at) = (WIDTH - ROOM[2] + 12.0, ROOM[1] + 10.0 + 18.0 * i as f64);
    writeln!(out, "<line x1=\"{left}\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\" {stroke}/>", left + 22.0)?;
    writeln!(out, "<text class=\"t\" x=\"{}\" y=\"{}\">{name}</text>", left + 28.0, at + 4.0)
}

/// From values to places.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// Over the finite ones of `values`, and a little more where they are all the same.
    fn new(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = values
            .filter(|v| v.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        // Lines that start near zero start at zero.
        let low = if low > 0.0 && low < 0.4 * high { 0.0 } else { low };
        let more = if high - low > 0.0 { 0.0 } else { 0.5 * high.abs().max(1.0) };
        Self { low: low - more, high: high + more, from, to }
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (self.to - self.from) * (value - self.low) / (self.high - self.low)
    }

    /// About five round numbers.
    fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        let raw = (self.high - self.low) / 5.0;
        let unit = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * unit).into_iter().find(|&s| s >= raw).unwrap_or(raw);
        let first = (self.low / step).ceil();
        (0..12).map(move |i| (first + f64::from(i)) * step).take_while(move |&t| t <= self.high + 1e-9 * step)
    }
}

/// A round number in few characters.
fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        a if a >= 1e6 => format!("{}M", trim(x / 1e6)),
        a if a >= 1e4 => format!("{}k", trim(x / 1e3)),
        a if a < 1e-3 => format!("{x:.0e}"),
        _ => trim(x),
    }
}

fn trim(x: f64) -> String {
    let text = format!("{x:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        let ticks = |low: f64, high: f64| Axis { low, high, from: 0.0, to: 1.0 }.ticks().collect::<Vec<_>>();
        assert_eq!(ticks(0.0, 1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(-3.0, 9.0), [0.0, 5.0]);
        assert_eq!(ticks(0.0, 200_000.0), [0.0, 50_000.0, 100_000.0, 150_000.0, 200_000.0]);
        assert_eq!(
            [0.0, 0.6000000000000001, 2e5, 3e6, 1e-5, -12.5].map(short),
            ["0", "0.6", "200k", "3M", "1e-5", "-12.5"]
        );
    }

    #[test]
    fn names_are_escaped_and_what_is_not_finite_is_left_out() {
        let line = Line {
            name: "<script>&".to_owned(),
            points: vec![[1.0, 2.0, 1.5, 2.5], [2.0, f64::NAN, 0.0, 1.0], [3.0, f64::INFINITY, 1.0, 1.0]],
        };
        let svg = Chart { title: "a < b".to_owned(), x: "n".to_owned(), lines: vec![line] }.svg();
        assert!(svg.contains("&lt;script&gt;&amp;") && svg.contains("a &lt; b") && !svg.contains("<script"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 1);
        let none = Chart { title: String::new(), x: String::new(), lines: Vec::new() }.svg();
        assert!(none.ends_with("</svg>\n") && !none.contains("NaN"));
    }
}
