//! Numbers and texts in CSV.

/// A text as a cell, quoted if it has to be.
pub fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A number in at most `digits` significant digits; empty if it is not finite.
pub fn real(x: f64, digits: usize) -> String {
    if !x.is_finite() {
        return String::new();
    }
    let exponent = format!("{x:.*e}", digits.saturating_sub(1));
    let rounded: f64 = exponent.parse().unwrap_or(x);
    if rounded == 0.0 || (1e-5..1e15).contains(&rounded.abs()) {
        format!("{rounded}")
    } else {
        format!("{rounded:e}")
    }
}

/// A number for people, in at most four significant digits; `–` if it is not finite.
pub fn number(x: f64) -> String {
    if !x.is_finite() { "–".to_owned() } else { real(x, 4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_texts_are_one_cell() {
        assert_eq!(
            [0.0, 1.0 / 3.0, -123_456.789, 1e-9, 6.02e23].map(|x| real(x, 7)),
            ["0", "0.3333333", "-123456.8", "1e-9", "6.02e23"]
        );
        assert_eq!((real(f64::NAN, 7), number(f64::INFINITY)), (String::new(), "–".to_owned()));
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
