//! Texts of a picture: escaped, cut to length, measured; numbers from their logarithms.

use std::borrow::Cow;
use std::f64::consts::LN_10;

/// The text, or its beginning and an ellipsis if it has more than `most` characters.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let end = text.char_indices().nth(most.saturating_sub(1)).map_or(0, |(at, _)| at);
            Cow::Owned(format!("{}…", text[..end].trim_end()))
        }
    }
}

/// Width of a text in a font of `size` pixels: an estimate on the large side, since the font is the reader's.
pub(super) fn width(text: &str, size: f64) -> f64 {
    size * text.chars().map(em).sum::<f64>()
}

/// Width of a character of a wide sans-serif font, in units of its size.
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '\\' | '-' | '"' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '→' | '…' | '=' | '+' => 0.95,
        'A'..='Z' | '&' => 0.72,
        '\0'..='\u{2fff}' => 0.62,
        // Ideographs, and pictures that may be wider.
        _ => 1.1,
    }
}

/// A number by its natural logarithm, rounded to so many significant digits; in scientific notation below a thousandth
/// and from a hundred thousand on.
pub(super) fn number(log: f64, digits: usize) -> String {
    if log == f64::NEG_INFINITY {
        return "0".to_owned();
    }
    if !log.is_finite() {
        return "?".to_owned();
    }
    let log10 = log / LN_10;
    let exponent = log10.floor();
    if (-3.0..5.0).contains(&log10) {
        let decimals = (digits as i32 - 1 - exponent as i32).max(0) as usize;
        // What came from a logarithm may lie just below the number that it is meant to be.
        return trim(format!("{:.decimals$}", log.exp() * (1.0 + 1e-13)));
    }
    let mantissa = trim(format!("{:.*}", digits.saturating_sub(1), 10f64.powf(log10 - exponent)));
    match mantissa.as_str() {
        "10" => format!("1e{}", exponent + 1.0),
        _ => format!("{mantissa}e{exponent}"),
    }
}

/// Without zeros after the last digit behind the point that says something.
fn trim(number: String) -> String {
    if !number.contains('.') {
        return number;
    }
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A share in per cent, with three digits.
pub(super) fn per_cent(log_share: f64) -> String {
    format!("{} %", number(log_share + 100f64.ln(), 3))
}
