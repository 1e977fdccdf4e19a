//! How sets of at most 64 elements are written: `{0,3,7}`.

use std::fmt::Write;

use headwater_core::Ones;

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
