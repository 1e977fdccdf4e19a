//! Text that can be shown: nothing in it moves a terminal's cursor, changes its colours or its direction of reading.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Does a terminal obey this character instead of showing it? Line ends and tabs do not count.
pub fn is_obeyed(c: char) -> bool {
    let directs = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    directs || (c.is_control() && c != '\n' && c != '\t')
}

/// The text with every character that a terminal obeys spelt out, as `\u{1b}`; a carriage return before a line end is
/// left out. Names, messages of programs and files of others may hold any character.
pub fn visible(text: &str) -> Cow<'_, str> {
    spelt(text, |c, out| write!(out, "\\u{{{:x}}}", c as u32))
}

/// The same of a text in JSON, in which such characters stand in strings only: `\u001b`, which means the same there.
pub fn visible_json(text: &str) -> Cow<'_, str> {
    spelt(text, |c, out| write!(out, "\\u{:04x}", c as u32))
}

fn spelt(text: &str, spell: impl Fn(char, &mut String) -> std::fmt::Result) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !is_obeyed(c) {
            out.push(c);
        } else if c != '\r' || chars.peek() != Some(&'\n') {
            spell(c, &mut out).expect("a string takes any text");
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_spelt_out() {
        let nasty = "a\x1b[31mb\r\nc\rd\te\u{9b}2J\u{202e}f\x7f\0ü\n";
        assert_eq!(visible(nasty), "a\\u{1b}[31mb\nc\\u{d}d\te\\u{9b}2J\\u{202e}f\\u{7f}\\u{0}ü\n");
        assert!(matches!(visible("plain\ttext\nü"), Cow::Borrowed(_)));
        let json = serde_json::json!({ "name": nasty }).to_string();
        let shown = visible_json(&json);
        assert!(!shown.contains(is_obeyed));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).ok(),
            Some(serde_json::json!({ "name": nasty }))
        );
    }
}
