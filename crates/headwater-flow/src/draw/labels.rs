//! Places for the labels of edges: on their bands, and on nothing else.

use super::layout::{Layout, Point, Rect};
use super::text::width;

/// Points of a course that are looked at, per curve.
const SAMPLES: usize = 24;

/// Per edge: the middle of its label, if there is a place for it. Labels of broad bands choose first.
pub(super) fn place(layout: &Layout, texts: &[String]) -> Vec<Option<Point>> {
    let samples = Vec::from_iter(layout.courses.iter().map(|course| points(course)));
    let mut taken = layout.nodes.clone();
    taken.extend(layout.lines.iter().flatten());
    let mut turns = Vec::from_iter(0..texts.len());
    turns.sort_by(|&a, &b| layout.bands.edge[b].total_cmp(&layout.bands.edge[a]));
    let mut out = vec![None; texts.len()];
    for e in turns {
        let size = [width(&texts[e], layout.style.label), layout.style.label];
        let around =
            |[x, y]: Point| Rect { x: x - size[0] / 2.0, y: y - size[1] / 2.0, w: size[0], h: size[1] };
        let middle = samples[e].len() as f64 / 2.0;
        let cost = |(i, at): (usize, &Point)| {
            let label = around(*at);
            if taken.iter().any(|r| r.meets(&label, 3.0)) {
                return None;
            }
            // A foreign band under a label is worse than a label away from the middle.
            let foreign = samples.iter().enumerate().filter(|(other, _)| *other != e);
            let hits = foreign.filter(|(other, s)| covers(s, &label, layout.bands.room(*other))).count();
            Some((hits as f64 + ((i as f64 - middle) / middle).abs(), *at))
        };
        let best = samples[e].iter().enumerate().filter_map(cost).min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, at)) = best {
            taken.push(around(at));
            out[e] = Some(at);
        }
    }
    out
}

/// Does a band of some width along the points pass under the label?
fn covers(points: &[Point], label: &Rect, band: f64) -> bool {
    points.iter().any(|&[x, y]| {
        (label.x - 2.0..label.x + label.w + 2.0).contains(&x)
            && (label.y - band / 2.0..label.y + label.h + band / 2.0).contains(&y)
    })
}

/// Points along a course.
fn points(course: &[[Point; 4]]) -> Vec<Point> {
    let step = |i: usize| (i as f64 + 0.5) / SAMPLES as f64;
    course.iter().flat_map(|c| (0..SAMPLES).map(move |i| on(c, step(i)))).collect()
}

/// The point of a cubic curve at `t` in [0, 1].
pub(super) fn on(curve: &[Point; 4], t: f64) -> Point {
    let s = 1.0 - t;
    let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
    [0, 1].map(|axis| curve.iter().zip(weights).map(|(p, w)| p[axis] * w).sum())
}
