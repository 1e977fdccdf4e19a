//! Numbers on the command line, each with its range: what is counted is also kept, and memory is finite.

use crate::out;

/// A whole number from MIN to MAX.
pub fn count<const MIN: u64, const MAX: u64>(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let ok = digits.parse().ok().filter(|n| (MIN..=MAX).contains(n));
    ok.ok_or_else(|| format!("expected a whole number from {} to {}", out::count(MIN), out::count(MAX)))
}

/// The same as an index.
pub fn size<const MIN: u64, const MAX: u64>(text: &str) -> Result<usize, String> {
    count::<MIN, MAX>(text).map(|n| n as usize)
}

/// A number from 0 to 1.
pub fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|x| (0.0..=1.0).contains(x))
        .ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// A sensible time between two looks.
pub fn seconds(text: &str) -> Result<f64, String> {
    let ok = |x: &f64| (0.05..=86_400.0).contains(x);
    text.parse().ok().filter(ok).ok_or_else(|| "expected seconds from 0.05 to 86400".to_owned())
}

/// Any time that a person may wait for.
pub fn duration(text: &str) -> Result<f64, String> {
    let ok = |x: &f64| (0.0..=1e9).contains(x);
    text.parse().ok().filter(ok).ok_or_else(|| "expected seconds from 0 to 1e9".to_owned())
}
