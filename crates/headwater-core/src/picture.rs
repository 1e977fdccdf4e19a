//! Pictures of objects: a few shapes in a closed palette, written as SVG that is readable on light and on dark ground.

use std::fmt::Write;

/// What a shape is painted with. Colours are told apart by people with a colour vision deficiency too (Okabe and Ito
/// 2008), and none is the only thing that carries a meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Paint {
    /// The colour of text.
    Ink,
    /// A quieter one, for what is secondary.
    Soft,
    /// Just visible: grids, empty places.
    Faint,
    /// The ground.
    Ground,
    /// One of eight colours; numbers beyond begin anew.
    Category(usize),
    /// Between the ground (0) and a full colour (1).
    Heat(f64),
}

/// The palette: class, colour on light ground, colour on dark ground. The categories stand out from either ground as text
/// does, so that text in the colour of the ground can be read on them.
pub const PALETTE: [(&str, &str, &str); 13] = [
    ("hw-ink", "#1b1f24", "#e6e9ed"),
    ("hw-soft", "#565e6a", "#a6aeb9"),
    ("hw-faint", "#dde1e7", "#323a45"),
    ("hw-ground", "#ffffff", "#12161c"),
    ("hw-heat", "#0068a5", "#4ea8de"),
    ("hw-0", "#0068a5", "#4ea8de"),
    ("hw-1", "#c44601", "#f28a45"),
    ("hw-2", "#00785a", "#3dc79a"),
    ("hw-3", "#b0508a", "#e59ac6"),
    ("hw-4", "#8a6500", "#e6b422"),
    ("hw-5", "#2376a8", "#9ad8f8"),
    ("hw-6", "#6a4590", "#b79ae0"),
    ("hw-7", "#5f6670", "#b4bac3"),
];

/// The style sheet of pictures: what dark ground changes, on screens only. A page has it once.
pub fn style() -> String {
    let mut out = "@media screen and (prefers-color-scheme: dark) {\n".to_owned();
    for (class, _, dark) in PALETTE {
        writeln!(out, ".{class} {{ fill: {dark} }} .{class}-line {{ stroke: {dark} }}")
            .expect("a string takes any text");
    }
    out + "}\n"
}

const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/// Where a text stands by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A picture that is being drawn, in pixels from its upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    size: [f64; 2],
    body: String,
}

impl Picture {
    /// An empty picture.
    pub fn new(width: f64, height: f64) -> Self {
        Self { size: [width, height], body: String::new() }
    }

    /// Width and height.
    pub fn size(&self) -> [f64; 2] {
        self.size
    }

    /// A rectangle by its upper left corner, filled.
    pub fn rect(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], paint: Paint) {
        let fill = paint.fill();
        self.push(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {fill}/>",
            px(x),
            px(y),
            px(width),
            px(height)
        ));
    }

    /// A disc.
    pub fn disc(&mut self, [x, y]: [f64; 2], radius: f64, paint: Paint) {
        let fill = paint.fill();
        self.push(format_args!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {fill}/>", px(x), px(y), px(radius)));
    }

    /// A circle's outline.
    pub fn ring(&mut self, [x, y]: [f64; 2], radius: f64, width: f64, paint: Paint) {
        let stroke = paint.stroke(width);
        self.push(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"none\" {stroke}/>",
            px(x),
            px(y),
            px(radius)
        ));
    }

    /// A line through the points.
    pub fn line(&mut self, points: &[[f64; 2]], width: f64, paint: Paint) {
        self.outline(points, "fill=\"none\"", &paint.stroke(width));
    }

    /// A filled polygon.
    pub fn polygon(&mut self, points: &[[f64; 2]], paint: Paint) {
        self.outline(points, &paint.fill(), "");
    }

    /// An arrow from one point to another, with its head at the end.
    pub fn arrow(&mut self, from: [f64; 2], to: [f64; 2], width: f64, paint: Paint) {
        let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
        let length = dx.hypot(dy);
        let head = (3.0 + 3.0 * width).min(length);
        if length == 0.0 {
            return;
        }
        let [ux, uy] = [dx / length, dy / length];
        let neck = [to[0] - head * ux, to[1] - head * uy];
        let side = 0.45 * head;
        self.line(&[from, neck], width, paint);
        let wing = |s: f64| [neck[0] - s * side * uy, neck[1] + s * side * ux];
        self.polygon(&[to, wing(1.0), wing(-1.0)], paint);
    }

    /// A text by the middle of its line's height, `size` pixels high. Any text may be given.
    pub fn text(&mut self, [x, y]: [f64; 2], size: f64, anchor: Anchor, paint: Paint, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (fill, text) = (paint.fill(), escape(text));
        self.push(format_args!(
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{anchor}\" {fill}>{text}</text>",
            px(x),
            px(y + 0.35 * size),
            px(size)
        ));
    }

    /// Another picture, by its upper left corner.
    pub fn place(&mut self, [x, y]: [f64; 2], other: &Self) {
        self.push(format_args!("<g transform=\"translate({} {})\">\n{}</g>", px(x), px(y), other.body));
    }

    /// The picture as an element of a page, which has the [`style`] sheet once; `title` is what is read aloud.
    pub fn inline(&self, title: &str) -> String {
        self.element(title, "")
    }

    /// The picture as a file of its own.
    pub fn svg(&self, title: &str) -> String {
        let [w, h] = self.size.map(px);
        self.element(
            title,
            &format!(
                "<style>\n{}</style>\n<rect width=\"{w}\" height=\"{h}\" {}/>\n",
                style(),
                Paint::Ground.fill()
            ),
        )
    }

    fn element(&self, title: &str, before: &str) -> String {
        let ([w, h], title) = (self.size.map(px), escape(title));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" \
             height=\"{h}\" font-family=\"{FONT}\">\n<title>{title}</title>\n{before}{}</svg>\n",
            self.body
        )
    }

    fn outline(&mut self, points: &[[f64; 2]], first: &str, second: &str) {
        let close = if second.is_empty() { "Z" } else { "" };
        let path: String = points
            .iter()
            .enumerate()
            .map(|(i, [x, y])| format!("{}{} {}", if i == 0 { 'M' } else { 'L' }, px(*x), px(*y)))
            .collect();
        self.push(format_args!("<path d=\"{path}{close}\" {first} {second}/>"));
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.body, "{element}").expect("a string takes any text");
    }
}

impl Paint {
    /// Class, colour on light ground, opacity.
    fn parts(self) -> (&'static str, &'static str, String) {
        let (at, opacity) = match self {
            Self::Ink => (0, 1.0),
            Self::Soft => (1, 1.0),
            Self::Faint => (2, 1.0),
            Self::Ground => (3, 1.0),
            Self::Heat(t) => (4, t.clamp(0.0, 1.0)),
            Self::Category(i) => (5 + i % 8, 1.0),
        };
        let (class, light, _) = PALETTE[at];
        (class, light, if opacity < 1.0 { format!("{opacity:.3}") } else { String::new() })
    }

    /// Attributes of a filled shape.
    pub fn fill(self) -> String {
        let (class, light, opacity) = self.parts();
        let opacity = if opacity.is_empty() { opacity } else { format!(" fill-opacity=\"{opacity}\"") };
        format!("class=\"{class}\" fill=\"{light}\"{opacity}")
    }

    /// Attributes of a line, its width not among them.
    pub fn line(self) -> String {
        let (class, light, opacity) = self.parts();
        let opacity = if opacity.is_empty() { opacity } else { format!(" stroke-opacity=\"{opacity}\"") };
        format!("class=\"{class}-line\" stroke=\"{light}\"{opacity}")
    }

    fn stroke(self, width: f64) -> String {
        format!("{} stroke-width=\"{}\"", self.line(), px(width))
    }
}

/// Pixels with at most two digits behind the point.
fn px(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text that cannot be taken for markup, in XML and HTML, between tags and in quoted attributes. Characters that XML does
/// not have are replaced.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push(c),
            _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            _ => out.push(c),
        }
    }
    out
}
