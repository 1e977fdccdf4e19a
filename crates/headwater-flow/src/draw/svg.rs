//! A layout as SVG.
//!
//! Presentation attributes carry the light theme, since programs that turn SVG into pixels know little of style sheets;
//! the style sheet overrides them where a dark one is asked for.

use std::fmt::Write;

use headwater_core::picture::escape;

use super::Picture;
use super::bands::{HAIR, share};
use super::colour::{Paint, Rgb, ink, shade};
use super::labels;
use super::layout::{Layout, Point, Rect, reward_text};
use super::legend::legend;
use super::text::{cut, number, per_cent, width};

const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
const MARGIN: f64 = 24.0;
/// Font sizes of the heading and of the line below it.
const TITLE: f64 = 16.0;
pub(super) const SMALL: f64 = 11.0;
/// Characters of the heading that are shown.
const TITLE_CHARS: usize = 90;
/// Digits of numbers in tooltips.
const DIGITS: usize = 10;

const STYLE: &str = "\
.edge:hover path { stroke: #b3401a; stroke-opacity: 1 }
@media (prefers-color-scheme: dark) {
.bg { fill: #12161c } .ink { fill: #e6e9ed } .soft { fill: #a6aeb9 } .halo { stroke: #12161c }
.band { stroke: #3f71ab } .hair { stroke: #37577d } .none { stroke: #4b515a }
.more { stroke: #d98a2f } .less { stroke: #24405f }
.node, .shade { fill: var(--dark) } rect.node { stroke: #b9cbe2 } .idle { fill: #1d2229; stroke: #4b515a }
.target { stroke: #e6e9ed } .p { fill: #79aae4 }
.edge:hover path { stroke: #ffb56b }
}";

/// An SVG that is being written. Numbers are rounded to a tenth of a pixel.
pub(super) struct Svg(pub String);

impl Svg {
    pub fn push(&mut self, args: std::fmt::Arguments<'_>) {
        self.0.write_fmt(args).expect("a string takes any text");
    }

    /// A text by the middle of its line's height.
    pub fn text(&mut self, at: Point, size: f64, attributes: &str, text: &str) {
        let (x, y) = (px(at[0]), px(at[1] + 0.35 * size));
        let text = escape(text);
        self.push(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" {attributes}>{text}</text>\n"
        ));
    }

    pub fn rect(&mut self, r: Rect, attributes: &str) {
        let [x, y, w, h] = [r.x, r.y, r.w, r.h].map(px);
        self.push(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" {attributes}/>\n"));
    }

    /// An object's bar: the outline is the target, the filling is p(x).
    pub fn bar(&mut self, [x, middle]: Point, height: f64, target: f64, p: f64) {
        let inner = (height - 4.0).max(2.0);
        self.rect(Rect { x, y: middle - inner / 2.0, w: p, h: inner }, "class=\"p\" fill=\"#2f66a8\"");
        let outline = Rect { x, y: middle - height / 2.0, w: target, h: height };
        let line = "class=\"target\" fill=\"none\" stroke=\"#1b1b1b\" stroke-width=\"0.9\"";
        self.rect(outline, line);
        // Where the bar begins is seen even if there is none.
        self.push(format_args!("<path d=\"M{} {}v{height}\" {line}/>\n", px(x), px(middle - height / 2.0)));
    }
}

/// Pixels with one digit behind the point, or none.
pub(super) fn px(x: f64) -> String {
    let text = format!("{x:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// The picture.
pub(super) fn write(picture: &Picture<'_>, layout: &Layout) -> String {
    let title = cut(picture.title, TITLE_CHARS);
    let facts = facts(picture);
    let header = if title.is_empty() { 34.0 } else { 56.0 };
    let wanted = layout.size[0].max(width(&title, TITLE)).max(width(&facts, SMALL)).max(420.0);
    let legend = legend(picture, layout, wanted);
    let w = (wanted + 2.0 * MARGIN).ceil();
    let h = (header + layout.size[1] + legend.height + 2.0 * MARGIN).ceil();
    let mut svg = Svg(String::new());
    svg.push(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" \
         height=\"{h}\" font-family=\"{FONT}\">\n"
    ));
    let heading = if title.is_empty() { "A flow" } else { picture.title };
    svg.push(format_args!("<title>{}</title>\n", escape(heading)));
    let (more, facts_text) =
        (picture.learned.map_or("", |_| ", with a learned flow over it"), escape(&facts));
    svg.push(format_args!(
        "<desc>A flow network drawn from left to right{more}. {facts_text}. Bands are as broad as the flow of their \
         edges.</desc>\n<style>\n{STYLE}\n</style>\n"
    ));
    svg.rect(Rect { x: 0.0, y: 0.0, w, h }, "class=\"bg\" fill=\"#ffffff\"");
    if !title.is_empty() {
        svg.push(format_args!("<g font-weight=\"600\">\n"));
        svg.text([MARGIN, MARGIN + 6.0], TITLE, INK, &title);
        svg.push(format_args!("</g>\n"));
    }
    svg.text([MARGIN, MARGIN + header - 28.0], SMALL, SOFT, &facts);
    let left = MARGIN + (wanted - layout.size[0]) / 2.0;
    svg.push(format_args!("<g transform=\"translate({} {})\">\n", px(left), px(MARGIN + header)));
    edges(&mut svg, picture, layout);
    nodes(&mut svg, picture, layout);
    edge_labels(&mut svg, picture, layout);
    svg.push(format_args!("</g>\n"));
    let below = MARGIN + header + layout.size[1];
    svg.push(format_args!("<g transform=\"translate({} {})\">\n", px(MARGIN), px(below)));
    svg.0.push_str(&legend.svg);
    svg.push(format_args!("</g>\n</svg>\n"));
    svg.0
}

/// Attributes of texts.
pub(super) const INK: &str = "class=\"ink\" fill=\"#1b1b1b\"";
pub(super) const SOFT: &str = "class=\"soft\" fill=\"#5b626c\"";

/// Z and the size of the graph.
fn facts(picture: &Picture<'_>) -> String {
    let g = picture.network.graph();
    let z = number(picture.flow.log_z, 6);
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (edges, objects) = (count(g.n_edges(), "edge"), count(g.n_objects(), "object"));
    format!("Z = {z}; {} nodes, {edges}, {objects}", g.n_states())
}

/// All bands, the broad ones below the thin ones and those without flow below all.
fn edges(svg: &mut Svg, picture: &Picture<'_>, layout: &Layout) {
    svg.push(format_args!("<g fill=\"none\">\n"));
    let bands = &layout.bands;
    let mut turns = Vec::from_iter(0..layout.courses.len());
    let idle = |e: usize| layout.bands.room(e) < HAIR;
    turns.sort_by(|&a, &b| idle(b).cmp(&idle(a)).then(bands.room(b).total_cmp(&bands.room(a))));
    for e in turns {
        let d = path(&layout.courses[e]);
        svg.push(format_args!("<g class=\"edge\"><title>{}</title>", escape(&edge_tip(picture, e))));
        let exact = bands.edge[e];
        // Where the flows differ, the broader band looks out from under the narrower.
        match bands.learned.as_ref().map(|l| l[e]) {
            Some(learned) if learned > exact + 0.5 => {
                stroke(svg, &d, learned, "more", "#ee9f45", 1.0);
                if exact >= HAIR {
                    stroke(svg, &d, exact, "band", BAND, 1.0);
                }
            }
            Some(learned) if learned < exact - 0.5 => {
                stroke(svg, &d, exact, "less", LESS, 1.0);
                if learned >= HAIR {
                    stroke(svg, &d, learned, "band", BAND, 1.0);
                }
            }
            _ if exact < HAIR => stroke(svg, &d, exact, "none", "#c4c4c4", 1.0),
            _ if exact == HAIR => stroke(svg, &d, exact, "hair", HAIRLINE, 1.0),
            _ => stroke(svg, &d, exact, "band", BAND, 0.85),
        }
        svg.push(format_args!("</g>\n"));
    }
    svg.push(format_args!("</g>\n"));
}

pub(super) const BAND: &str = "#86add9";
pub(super) const HAIRLINE: &str = "#9dbbdc";
pub(super) const LESS: &str = "#c6d8ee";

fn stroke(svg: &mut Svg, d: &str, width: f64, class: &str, colour: &str, opacity: f64) {
    let opacity = if opacity < 1.0 { format!(" stroke-opacity=\"{opacity}\"") } else { String::new() };
    svg.push(format_args!(
        "<path class=\"{class}\" d=\"{d}\" stroke=\"{colour}\" stroke-width=\"{width:.2}\"{opacity}/>"
    ));
}

/// The data of a path along the curves.
fn path(course: &[[Point; 4]]) -> String {
    let mut d = String::new();
    for (i, curve) in course.iter().enumerate() {
        let [a, b, c, end] = curve.map(|[x, y]| format!("{} {}", px(x), px(y)));
        if i == 0 {
            let _ = write!(d, "M{a}");
        }
        let _ = write!(d, "C{b} {c} {end}");
    }
    d
}

/// Boxes with names, and the bars of objects.
fn nodes(svg: &mut Svg, picture: &Picture<'_>, layout: &Layout) {
    let style = &layout.style;
    let scale = layout.style.bar[0] / longest(picture);
    svg.push(format_args!("<g text-anchor=\"middle\">\n"));
    for (v, r) in layout.nodes.iter().enumerate() {
        svg.push(format_args!("<g><title>{}</title>", escape(&node_tip(picture, v))));
        let flow = share(picture.flow.state[v], picture.flow.log_z);
        let round = (r.h / 2.0).min(5.0);
        let name = cut(picture.network.name(v), style.chars);
        let middle = [r.x + r.w / 2.0, r.y + r.h / 2.0];
        if picture.flow.state[v] == f64::NEG_INFINITY {
            let grey = "class=\"idle\" fill=\"#f5f5f5\" stroke=\"#c4c4c4\" stroke-width=\"0.8\"";
            svg.rect(*r, &format!("rx=\"{round}\" {grey}"));
            svg.text(middle, style.name, SOFT, &name);
        } else {
            let Paint { light, dark } = shade(flow);
            let rim = "stroke=\"#27446e\" stroke-width=\"0.8\" stroke-opacity=\"0.6\"";
            svg.rect(*r, &format!("rx=\"{round}\" {} {rim}", fill("node", light, dark)));
            svg.text(middle, style.name, &fill("node", ink(light), ink(dark)), &name);
        }
        svg.push(format_args!("</g>\n"));
    }
    svg.push(format_args!("</g>\n"));
    for (v, line) in layout.lines.iter().enumerate() {
        let Some(line) = line else { continue };
        let target =
            share(picture.network.rewards()[v].map_or(f64::NEG_INFINITY, f64::ln), picture.flow.log_z);
        let p = share(picture.log_p[v], 0.0);
        let middle = line.y + line.h / 2.0;
        svg.push(format_args!("<g><title>{}</title>", escape(&node_tip(picture, v))));
        svg.bar([line.x, middle], style.bar[1], scale * target.min(1.0), scale * p.min(1.0));
        svg.text([line.x + style.bar[0] + 5.0, middle], style.label, INK, &reward_text(picture, v));
        svg.push(format_args!("</g>\n"));
    }
}

/// The attributes of a fill with a colour of its own.
pub(super) fn fill(class: &str, light: Rgb, dark: Rgb) -> String {
    format!("class=\"{class}\" fill=\"{light}\" style=\"--dark:{dark}\"")
}

/// The longest of all bars, as a probability.
pub(super) fn longest(picture: &Picture<'_>) -> f64 {
    let g = picture.network.graph();
    let rewards = picture.network.log_rewards();
    let both = |v: usize| share(rewards[v], picture.flow.log_z).max(share(picture.log_p[v], 0.0));
    let longest = g.objects().map(both).fold(0.0, f64::max).min(1.0);
    if longest > 0.0 { longest } else { 1.0 }
}

/// Flows of edges beside the edges, where there is a place for them.
fn edge_labels(svg: &mut Svg, picture: &Picture<'_>, layout: &Layout) {
    if !layout.style.labels {
        return;
    }
    let texts = Vec::from_iter(picture.flow.edge.iter().map(|&f| number(f, layout.style.digits)));
    let halo = "class=\"halo\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
    svg.push(format_args!("<g text-anchor=\"middle\" pointer-events=\"none\">\n"));
    for (e, at) in labels::place(layout, &texts).into_iter().enumerate() {
        let Some(at) = at else { continue };
        // On a broad band a halo would be a hole.
        let inside = layout.bands.edge[e] > layout.style.label + 2.0;
        let group = if inside { "" } else { halo };
        svg.push(format_args!("<g {group}>"));
        svg.text(at, layout.style.label, INK, &texts[e]);
        svg.push(format_args!("</g>\n"));
    }
    svg.push(format_args!("</g>\n"));
}

/// The numbers of an edge.
fn edge_tip(picture: &Picture<'_>, e: usize) -> String {
    let (network, flow) = (picture.network, picture.flow);
    let (from, to) = (network.graph().from(e), network.graph().to(e));
    let log = flow.edge[e];
    let mut tip = format!("{} → {}\nflow {}", network.name(from), network.name(to), amount(log, flow.log_z));
    if log > f64::NEG_INFINITY {
        let [forward, backward] = [flow.state[from], flow.state[to]].map(|state| number(log - state, DIGITS));
        let _ = write!(tip, "\nP_F {forward}, P_B {backward}");
    }
    if let Some(learned) = picture.learned {
        let _ = write!(tip, "\nlearned {}", amount(learned.edge[e], flow.log_z));
    }
    tip
}

/// The numbers of a node.
fn node_tip(picture: &Picture<'_>, v: usize) -> String {
    let flow = picture.flow;
    let mut tip = format!("{}\nflow {}", picture.network.name(v), amount(flow.state[v], flow.log_z));
    if let Some(learned) = picture.learned {
        let _ = write!(tip, "\nlearned {}", amount(learned.state[v], flow.log_z));
    }
    if let Some(reward) = picture.network.rewards()[v] {
        let target = number(reward.ln() - flow.log_z, DIGITS);
        let p = number(picture.log_p[v], DIGITS);
        let _ = write!(tip, "\nreward {}\nR/Z {target}, p(x) {p}", number(reward.ln(), DIGITS));
    }
    tip
}

/// A flow in the unit of the rewards, as a share of Z, and its logarithm.
fn amount(log: f64, log_z: f64) -> String {
    if log == f64::NEG_INFINITY {
        return "0".to_owned();
    }
    format!("{} = {} of Z (log {log})", number(log, DIGITS), per_cent(log - log_z))
}
