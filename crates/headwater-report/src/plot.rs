//! Pictures of numbers as SVG: what all kinds share, and a file per kind.

mod axis;
mod bars;
mod heat;
mod lines;
mod scatter;

pub use bars::{Bars, Bin};
pub use heat::{Cell, Heat};
pub use lines::{Chart, Line};
pub use scatter::Scatter;

use std::fmt::Write;

use headwater_core::picture::{Paint, escape, style};

use axis::Axis;

/// Width of every picture, in pixels.
const WIDTH: f64 = 460.0;
/// Height of the area that a picture is drawn in.
const AREA: f64 = 200.0;
/// Room around that area: left, top, right, below it.
const ROOM: [f64; 4] = [58.0, 34.0, 14.0, 40.0];
/// Height of a line of the legend.
const ROW: f64 = 18.0;

/// The left and the right end of the area.
const ACROSS: (f64, f64) = (ROOM[0], WIDTH - ROOM[2]);
/// The lower and the upper end of the area.
const UP: (f64, f64) = (ROOM[1] + AREA, ROOM[1]);

const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/// How a line is drawn.
const DASHES: [&str; 3] = ["none", "7 3", "2 2"];

/// A picture that is being drawn.
struct Canvas {
    out: String,
    height: f64,
}

impl Canvas {
    fn new() -> Self {
        Self { out: String::new(), height: ROOM[1] + AREA + ROOM[3] }
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.out, "{element}").expect("a string takes any text");
    }

    fn text(&mut self, [x, y]: [f64; 2], anchor: &str, ink: Paint, text: &str) {
        let (fill, text) = (ink.fill(), escape(text));
        self.push(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {fill}>{text}</text>"
        ));
    }

    /// The title, above the area.
    fn title(&mut self, title: &str) {
        let (fill, title) = (Paint::Ink.fill(), escape(&cut(title, 60)));
        self.push(format_args!(
            "<text x=\"4\" y=\"17\" font-size=\"14\" font-weight=\"600\" {fill}>{title}</text>"
        ));
    }

    fn x_axis(&mut self, axis: &Axis, name: &str) {
        for (tick, label) in axis.ticks() {
            let at = axis.at(tick);
            self.grid([at, UP.1], [at, UP.0]);
            self.text([at, UP.0 + 15.0], "middle", Paint::Soft, &label);
        }
        self.x_name(name);
    }

    fn x_name(&mut self, name: &str) {
        self.text([(ACROSS.0 + ACROSS.1) / 2.0, UP.0 + 32.0], "middle", Paint::Soft, &cut(name, 60));
    }

    fn y_axis(&mut self, axis: &Axis) {
        for (tick, label) in axis.ticks() {
            let at = axis.at(tick);
            self.grid([ACROSS.0, at], [ACROSS.1, at]);
            self.text([ACROSS.0 - 6.0, at + 4.0], "end", Paint::Soft, &label);
        }
    }

    fn grid(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
        let stroke = Paint::Faint.line();
        self.push(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {stroke}/>"
        ));
    }

    /// A legend below everything: entries in rows, each a sample (an element drawn in 22 by 12 pixels) and a name.
    fn legend(&mut self, entries: &[(String, String)]) {
        let mut x = ROOM[0];
        let mut y = self.height + 6.0;
        for (sample, name) in entries {
            let name = cut(name, 56);
            // Six and a half pixels are as wide as most letters are at this size.
            let width = 40.0 + 6.5 * name.chars().count() as f64;
            if x > ROOM[0] && x + width > WIDTH {
                (x, y) = (ROOM[0], y + ROW);
            }
            self.push(format_args!("<g transform=\"translate({x:.1} {:.1})\">{sample}</g>", y - 6.0));
            self.text([x + 28.0, y + 4.0], "start", Paint::Ink, &name);
            x += width;
        }
        if !entries.is_empty() {
            self.height = y + ROW - 4.0;
        }
    }

    /// The whole element: `id` tells it from others on a page, `about` is what is read aloud, `facts` are attributes for
    /// scripts. A file of its own has the style sheet and a ground.
    fn element(self, id: &str, title: &str, about: &str, facts: &str, alone: bool) -> String {
        let (title, about, height) = (escape(title), escape(about), self.height.ceil());
        let before = if alone {
            format!(
                "<style>\n{}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" {}/>\n",
                style(),
                Paint::Ground.fill()
            )
        } else {
            String::new()
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" font-family=\"{FONT}\" \
             font-size=\"12\"{facts}>\n<title id=\"{id}-t\">{title}</title>\n<desc id=\"{id}-d\">{about}</desc>\n\
             {before}{}</svg>\n",
            self.out
        )
    }
}

/// A text of at most `most` characters; the rest is said to be left out.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A place with one digit behind the point, as short as can be.
fn px(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
