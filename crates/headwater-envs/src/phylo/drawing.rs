//! How a forest looks: its trees one below the other, from their roots on the left to the names on the right.

use headwater_core::picture::{Anchor, Paint, Picture};

use super::forest::{Forest, MAX_TAXA};

/// Pixels between leaves.
const LINE: f64 = 14.0;
/// Pixels of the trees' width.
const WIDTH: f64 = 110.0;

/// A picture of a forest over leaves with these names.
pub fn draw(s: &Forest, names: &[String]) -> Picture {
    let n = names.len();
    let mut place = [0.0; MAX_TAXA];
    let mut order = Vec::with_capacity(n);
    s.names().for_each(|i| leaves(s, i, &mut order));
    order.iter().enumerate().for_each(|(k, &leaf)| place[leaf] = LINE * (k as f64 + 0.5));
    let mut height = [0u32; MAX_TAXA];
    s.merges(n, |i, j| height[i] = 1 + height[i].max(height[j]));
    let highest = s.names().map(|i| height[i]).max().unwrap_or(0).max(1);
    let letters = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut picture = Picture::new(WIDTH + 12.0 + 6.5 * letters as f64, LINE * n as f64);
    let x = |height: u32| WIDTH - f64::from(height) / f64::from(highest) * (WIDTH - 6.0);
    let mut height = [0u32; MAX_TAXA];
    let y = &mut place;
    for &leaf in &order {
        picture.text([WIDTH + 6.0, y[leaf]], 10.0, Anchor::Start, Paint::Ink, &names[leaf]);
    }
    s.merges(n, |i, j| {
        let above = 1 + height[i].max(height[j]);
        let root = x(above);
        picture.line(
            &[[x(height[i]), y[i]], [root, y[i]], [root, y[j]], [x(height[j]), y[j]]],
            1.5,
            Paint::Ink,
        );
        y[i] = (y[i] + y[j]) / 2.0;
        height[i] = above;
    });
    for i in s.names() {
        picture.line(&[[x(height[i]) - 4.0, y[i]], [x(height[i]), y[i]]], 1.5, Paint::Ink);
    }
    picture
}

/// Appends the leaves of a clade in the order of its text.
fn leaves(s: &Forest, i: usize, order: &mut Vec<usize>) {
    let taken: Vec<usize> = s.taken(i).collect();
    order.push(i);
    taken.iter().rev().for_each(|&j| leaves(s, j, order));
}
