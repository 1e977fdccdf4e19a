//! A network as a picture: its nodes on a circle, in the order of the columns.

use headwater_core::picture::{Anchor, Paint, Picture};

use super::{BayesNet, Graph};

/// More nodes than this cannot be told apart.
const MAX_DRAWN: usize = 24;

/// Characters of a name that are shown.
const MAX_NAME: usize = 12;

/// The picture of `s`, if it has few enough nodes.
pub fn draw(env: &BayesNet, s: &Graph) -> Option<Picture> {
    if env.n() > MAX_DRAWN {
        return None;
    }
    let (width, height, radius, dot) = (240.0, 180.0, 62.0, 4.5);
    let mut picture = Picture::new(width, height);
    // The first node is at the top, the others follow clockwise.
    let direction = |i: usize| {
        let angle = std::f64::consts::TAU * i as f64 / env.n() as f64;
        [angle.sin(), -angle.cos()]
    };
    let at = |i: usize, radius: f64| {
        let [x, y] = direction(i);
        [width / 2.0 + radius * x, height / 2.0 + radius * y]
    };
    for (from, to) in s.edges() {
        let ([x0, y0], [x1, y1]) = (at(from, radius), at(to, radius));
        let length = (x1 - x0).hypot(y1 - y0);
        let [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
        let gap = dot + 1.5;
        picture.arrow([x0 + gap * ux, y0 + gap * uy], [x1 - gap * ux, y1 - gap * uy], 1.2, Paint::Ink);
    }
    for i in 0..env.n() {
        picture.disc(at(i, radius), dot, Paint::Category(0));
        let anchor = match direction(i)[0] {
            x if x > 0.2 => Anchor::Start,
            x if x < -0.2 => Anchor::End,
            _ => Anchor::Middle,
        };
        let name = env.name(i);
        let short: String = name.chars().take(MAX_NAME).collect();
        let cut = if short.len() < name.len() { "…" } else { "" };
        picture.text(at(i, radius + 13.0), 10.0, anchor, Paint::Ink, &format!("{short}{cut}"));
    }
    Some(picture)
}
