//! How sets of at most 64 elements are written: `{0,3,7}`.

use std::fmt::Write;

use headwater_core::picture::{Anchor, Paint};
use headwater_core::{Ones, Picture};

/// The largest number of elements that can be in a set: one is a word of 64 bits.
pub(crate) const MAX_ELEMENTS: usize = 64;

/// Appends the elements of a set.
pub(crate) fn show(set: u64, out: &mut String) {
    out.push('{');
    for (k, i) in Ones::new(&[set]).enumerate() {
        let comma = if k > 0 { "," } else { "" };
        write!(out, "{comma}{i}").expect("writing to a string cannot fail");
    }
    out.push('}');
}

/// The set of elements below `n` that `text` names, if it does so as [`show`] would.
pub(crate) fn parse(text: &str, n: usize) -> Option<u64> {
    let inside = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut set = 0u64;
    for element in inside.split(',').filter(|_| !inside.is_empty()) {
        let i = element.parse::<usize>().ok().filter(|&i| i < n)?;
        set |= 1 << i;
    }
    let mut canonical = String::new();
    show(set, &mut canonical);
    (canonical == text).then_some(set)
}

/// Elements in a row of a picture.
const ROW: usize = 16;

/// A set among `n` elements: a numbered cell for each, filled if it is in.
pub(crate) fn draw(set: u64, n: usize) -> Picture {
    let cell = 24.0;
    let mut picture = Picture::new(cell * n.min(ROW) as f64, cell * n.div_ceil(ROW) as f64);
    for i in 0..n {
        let at = [cell * (i % ROW) as f64, cell * (i / ROW) as f64];
        let (ground, ink) =
            if set >> i & 1 == 1 { (Paint::Category(0), Paint::Ground) } else { (Paint::Faint, Paint::Soft) };
        picture.rect(at, [cell - 2.0; 2], ground);
        let middle = at.map(|x| x + cell / 2.0 - 1.0);
        picture.text(middle, 12.0, Anchor::Middle, ink, &i.to_string());
    }
    picture
}
