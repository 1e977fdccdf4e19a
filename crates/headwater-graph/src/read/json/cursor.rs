//! A cursor over JSON: what graphs are made of is walked byte by byte, so that places are known and nothing is built.
//!
//! Strings with escapes, and whatever is not as expected, are left to serde_json and its messages.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::raw::{Fault, Place, QUOTED};

/// A place in a JSON text.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The byte that comes next.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Another cursor over the text, at a byte where this one was.
    pub fn back_to(&self, at: usize) -> Self {
        Self { at, ..*self }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.byte() {
            self.at += 1;
        }
    }

    /// The next character that is not blank; it lies at [`Cursor::at`] afterwards.
    pub fn peek(&mut self) -> Option<char> {
        self.blanks();
        self.text[self.at..].chars().next()
    }

    fn fault(&self, expected: &str, found: Option<char>) -> Fault {
        let found = found.map_or("the end of the file".to_owned(), |c| format!("`{c}`"));
        Fault::new(Place::Graph(self.at), format!("bad JSON: expected {expected}, found {found}"))
    }

    fn expect(&mut self, wanted: char) -> Result<(), Fault> {
        match self.peek() {
            Some(c) if c == wanted => self.at += 1,
            found => return Err(self.fault(&format!("`{wanted}`"), found)),
        }
        Ok(())
    }

    /// Items between brackets, separated by commas.
    pub fn list(
        &mut self,
        open: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.expect(open)?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            match self.peek() {
                Some(',') => self.at += 1,
                Some(c) if c == close => {
                    self.at += 1;
                    return Ok(());
                }
                found => return Err(self.fault(&format!("`,` or `{close}`"), found)),
            }
        }
    }

    /// A string, a colon, and the string's place.
    pub fn key(&mut self) -> Result<(Cow<'a, str>, usize), Fault> {
        let found = self.peek();
        let at = self.at;
        let Some(key) = self.string()? else { return Err(self.fault("a string", found)) };
        self.expect(':')?;
        Ok((key, at))
    }

    /// A string, if one comes next.
    pub fn string(&mut self) -> Result<Option<Cow<'a, str>>, Fault> {
        if self.peek() != Some('"') {
            return Ok(None);
        }
        match self.plain() {
            Some(text) => Ok(Some(Cow::Borrowed(text))),
            None => self.value::<String>().map(|text| Some(Cow::Owned(text))),
        }
    }

    /// A number, if a sound one comes next.
    pub fn number(&mut self) -> Result<Option<f64>, Fault> {
        self.blanks();
        let rest = &self.text[self.at..];
        let end = rest.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        let token = &rest[..end.unwrap_or(rest.len())];
        if !is_number(token) {
            return Ok(None);
        }
        match token.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.at += token.len();
                Ok(Some(value))
            }
            _ => Err(Fault::new(Place::Graph(self.at), "bad JSON: number out of range")),
        }
    }

    /// Two strings without escapes in brackets and the place of the first bracket; the cursor stays if there is
    /// anything else.
    pub fn plain_pair(&mut self) -> Option<(&'a str, &'a str, usize)> {
        self.blanks();
        let start = self.at;
        let pair = self.pair();
        if pair.is_none() {
            self.at = start;
        }
        pair.map(|(a, b)| (a, b, start))
    }

    fn pair(&mut self) -> Option<(&'a str, &'a str)> {
        self.eat(b'[')?;
        let first = self.plain()?;
        self.eat(b',')?;
        let second = self.plain()?;
        self.eat(b']')?;
        Some((first, second))
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        self.blanks();
        (self.byte()? == wanted).then(|| self.at += 1)
    }

    /// A string without escapes; the cursor stays if the string has any or does not end.
    fn plain(&mut self) -> Option<&'a str> {
        self.blanks();
        let rest = self.text[self.at..].strip_prefix('"')?;
        let end = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20)?;
        if rest.as_bytes()[end] != b'"' {
            return None;
        }
        self.at += end + 2;
        Some(&rest[..end])
    }

    /// Skips a value of any kind; its start, without blanks, as messages show it.
    pub fn skip(&mut self) -> Result<String, Fault> {
        if self.peek().is_none() {
            return Err(self.fault("a value", None));
        }
        let start = self.at;
        self.value::<IgnoredAny>()?;
        Ok(without_blanks(&self.text[start..self.at]))
    }

    /// A value, read by serde_json.
    fn value<T: Deserialize<'a>>(&mut self) -> Result<T, Fault> {
        let rest = &self.text[self.at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            failed => {
                let error = failed.and_then(Result::err);
                let lines = error.as_ref().map_or(0, |e| e.line().saturating_sub(1));
                let before: usize = rest.split_inclusive('\n').take(lines).map(str::len).sum();
                let error = error.map_or_else(String::new, |e| e.to_string());
                let what = error.split(" at line ").next().unwrap_or_default();
                Err(Fault::new(Place::Graph(self.at + before), format!("bad JSON: {what}")))
            }
        }
    }

    /// Nothing but blanks comes any more.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            found => Err(self.fault("the end of the file", found)),
        }
    }
}

/// Is it a number as JSON writes them?
fn is_number(token: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let token = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = match token.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (token, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

/// The start of a value as a message quotes it: blanks outside strings, and with them line breaks, are left out.
fn without_blanks(value: &str) -> String {
    let mut shown = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for (n, c) in value
        .chars()
        .filter(|&c| {
            quoted ^= c == '"' && !escaped;
            escaped = quoted && c == '\\' && !escaped;
            quoted || !c.is_ascii_whitespace()
        })
        .enumerate()
    {
        if n == QUOTED {
            shown.push('…');
            break;
        }
        shown.push(c);
    }
    shown
}
