//! The posterior as a picture: nodes on a circle, edges as broad and as deep in colour as they are probable.

use headwater_core::picture::{Anchor, Paint, Picture};
use headwater_envs::bayesnet::BayesNet;

use super::files::pairs;

/// Edges below this probability are not drawn.
const SHOWN: f64 = 0.05;

/// With more edges than this, their numbers would cover each other.
const NUMBERED: usize = 30;

/// Characters of a name that are shown, and that fit into a node.
const MAX_NAME: usize = 18;
const FITS: usize = 6;

/// Radius of a node.
const NODE: f64 = 21.0;

/// Where things are.
struct Layout {
    centre: [f64; 2],
    radius: f64,
    /// Per node its place on the circle.
    place: Vec<usize>,
}

impl Layout {
    fn direction(&self, node: usize) -> [f64; 2] {
        let angle = std::f64::consts::TAU * self.place[node] as f64 / self.place.len() as f64;
        [angle.sin(), -angle.cos()]
    }

    fn at(&self, node: usize, radius: f64) -> [f64; 2] {
        let [x, y] = self.direction(node);
        [self.centre[0] + radius * x, self.centre[1] + radius * y]
    }
}

/// The picture of edges with the probabilities `p`, that of i → j at i · n + j.
pub fn draw(env: &BayesNet, p: &[f64]) -> Picture {
    let n = env.n();
    let inside = (0..n).all(|i| env.name(i).chars().count() <= FITS);
    let radius = (18.0 * n as f64).max(120.0);
    let (side, top) = (if inside { 50.0 } else { 160.0 }, 50.0);
    let (width, height) = (2.0 * (radius + side), 2.0 * (radius + top) + 40.0);
    let layout = Layout { centre: [width / 2.0, radius + top], radius, place: arrange(n, p) };
    let mut picture = Picture::new(width, height);
    let mut shown: Vec<(usize, usize, f64)> = pairs(n).map(|(i, j, k)| (i, j, p[k])).collect();
    shown.retain(|edge| edge.2 >= SHOWN);
    // The probable ones lie above the others.
    shown.sort_by(|a, b| a.2.total_cmp(&b.2));
    let ends: Vec<_> =
        shown.iter().map(|&(i, j, q)| (ends(&layout, i, j, p[j * n + i] >= SHOWN), q)).collect();
    for &(([from, to], _), q) in &ends {
        arrow(&mut picture, from, to, q);
    }
    if shown.len() <= NUMBERED {
        for &((_, at), q) in &ends {
            picture.rect([at[0] - 11.0, at[1] - 6.5], [22.0, 13.0], Paint::Ground);
            picture.text(at, 10.0, Anchor::Middle, Paint::Soft, &format!("{q:.2}"));
        }
    }
    for i in 0..n {
        node(&mut picture, &layout, i, env.name(i), inside);
    }
    legend(&mut picture, width, height, p, shown.len());
    picture
}

/// From where to where an edge is drawn, beside the middle if there is one in the other direction too; and the place of
/// its number.
fn ends(layout: &Layout, from: usize, to: usize, both: bool) -> ([[f64; 2]; 2], [f64; 2]) {
    let ([x0, y0], [x1, y1]) = (layout.at(from, layout.radius), layout.at(to, layout.radius));
    let length = (x1 - x0).hypot(y1 - y0);
    let [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
    let aside = if both { 7.0 } else { 0.0 };
    let along = |t: f64| [x0 + t * ux - aside * uy, y0 + t * uy + aside * ux];
    let gap = NODE + 2.0;
    let number = if both { 0.66 } else { 0.4 };
    ([along(gap), along(length - gap)], along(gap + number * (length - 2.0 * gap)))
}

fn arrow(picture: &mut Picture, from: [f64; 2], to: [f64; 2], p: f64) {
    picture.arrow(from, to, 0.8 + 2.7 * p, Paint::Heat(0.15 + 0.85 * p));
}

fn node(picture: &mut Picture, layout: &Layout, i: usize, name: &str, inside: bool) {
    let at = layout.at(i, layout.radius);
    picture.disc(at, NODE, Paint::Ground);
    if inside {
        picture.ring(at, NODE, 1.5, Paint::Ink);
        picture.text(at, 11.5, Anchor::Middle, Paint::Ink, name);
        return;
    }
    picture.disc(at, 8.0, Paint::Ink);
    let [x, y] = layout.direction(i);
    let anchor = match x {
        x if x > 0.2 => Anchor::Start,
        x if x < -0.2 => Anchor::End,
        _ => Anchor::Middle,
    };
    let mut short: String = name.chars().take(MAX_NAME).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    let away = layout.radius + 16.0 + 8.0 * y.abs();
    picture.text(layout.at(i, away), 12.5, anchor, Paint::Ink, &short);
}

/// Three arrows with their probabilities.
fn legend(picture: &mut Picture, width: f64, height: f64, p: &[f64], shown: usize) {
    let y = height - 18.0;
    for (k, q) in [0.1, 0.5, 1.0].into_iter().enumerate() {
        let x = width / 2.0 - 135.0 + 95.0 * k as f64;
        arrow(picture, [x, y], [x + 40.0, y], q);
        picture.text([x + 46.0, y], 11.0, Anchor::Start, Paint::Soft, &format!("{q:.1}"));
    }
    let hidden = p.iter().filter(|&&p| p > 0.0).count() - shown;
    if hidden > 0 {
        let note = format!("{hidden} edges less probable than {SHOWN} are not shown");
        picture.text([width / 2.0, y - 20.0], 10.5, Anchor::Middle, Paint::Soft, &note);
    }
}

/// Places on the circle that keep the probable edges short: swaps from the order of the columns, as long as one helps.
fn arrange(n: usize, p: &[f64]) -> Vec<usize> {
    let mut place: Vec<usize> = (0..n).collect();
    let length = |place: &[usize], i: usize| -> f64 {
        let apart = |j: usize| {
            let gap = place[i].abs_diff(place[j]);
            gap.min(n - gap) as f64
        };
        (0..n).map(|j| (p[i * n + j] + p[j * n + i]) * apart(j)).sum()
    };
    // Each swap shortens the whole, so that this ends; the bound is for rounding.
    for _ in 0..100 {
        let mut better = false;
        for i in 0..n {
            for j in 0..i {
                let before = length(&place, i) + length(&place, j);
                place.swap(i, j);
                if length(&place, i) + length(&place, j) < before - 1e-9 {
                    better = true;
                } else {
                    place.swap(i, j);
                }
            }
        }
        if !better {
            break;
        }
    }
    place
}
