//! The words of the DOT language, after the grammar that Graphviz publishes.

use std::borrow::Cow;

use crate::raw::{Fault, Place, shorten};

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A bracket, or what separates.
    Mark(char),
    /// `->`.
    Arrow,
    /// `--`.
    Line,
    /// A name or a value without quotes, perhaps a keyword.
    Bare(&'a str),
    /// One in quotes, without them.
    Quoted(Cow<'a, str>),
    /// A value between `<` and `>`.
    Html,
    /// The file ends.
    End,
}

impl Token<'_> {
    /// Is it this keyword? They are written in either case.
    pub fn is(&self, keyword: &str) -> bool {
        matches!(self, Token::Bare(text) if text.eq_ignore_ascii_case(keyword))
    }

    /// As messages show it.
    pub fn show(&self) -> String {
        match self {
            Token::Mark(c) => format!("`{c}`"),
            Token::Arrow => "`->`".to_owned(),
            Token::Line => "`--`".to_owned(),
            Token::Bare(text) => format!("`{}`", shorten(text)),
            Token::Quoted(text) => format!("`\"{}\"`", shorten(text)),
            Token::Html => "`<`".to_owned(),
            Token::End => "the end of the file".to_owned(),
        }
    }
}

/// A cursor over words.
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Where the next word is looked for.
    next: usize,
    /// Where the last word began.
    at: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, next: 0, at: 0 }
    }

    /// Where the last word began.
    pub fn at(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a str {
        &self.text[self.next..]
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.next + ahead).copied()
    }

    /// The next word.
    pub fn next(&mut self) -> Result<Token<'a>, Fault> {
        self.blanks()?;
        self.at = self.next;
        let Some(first) = self.byte(0) else { return Ok(Token::End) };
        let token = match first {
            b'"' => return self.quoted(),
            b'<' => return self.html(),
            b'-' if self.byte(1) == Some(b'>') => Token::Arrow,
            b'-' if self.byte(1) == Some(b'-') => Token::Line,
            b'{' | b'}' | b'[' | b']' | b';' | b',' | b':' | b'=' | b'+' => Token::Mark(char::from(first)),
            _ => return self.bare(),
        };
        self.next += if matches!(token, Token::Mark(_)) { 1 } else { 2 };
        Ok(token)
    }

    /// Passes blanks and comments.
    fn blanks(&mut self) -> Result<(), Fault> {
        loop {
            match self.byte(0) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.next += 1,
                // A line of the preprocessor.
                Some(b'#') if self.next == 0 || self.text.as_bytes()[self.next - 1] == b'\n' => {
                    self.pass_line();
                }
                Some(b'/') if self.byte(1) == Some(b'/') => self.pass_line(),
                Some(b'/') if self.byte(1) == Some(b'*') => match self.rest()[2..].find("*/") {
                    Some(end) => self.next += 2 + end + 2,
                    None => {
                        return Err(fault(self.next, "the comment does not end").hint("close it with `*/`"));
                    }
                },
                _ => return Ok(()),
            }
        }
    }

    fn pass_line(&mut self) {
        self.next += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    /// A name of letters, digits and `_`, or a number.
    fn bare(&mut self) -> Result<Token<'a>, Fault> {
        let rest = self.rest();
        let unsigned = rest.strip_prefix('-').unwrap_or(rest);
        let numeric =
            unsigned.len() < rest.len() || unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || !b.is_ascii() || numeric && b == b'.';
        let length = unsigned.bytes().position(|b| !inside(b)).unwrap_or(unsigned.len());
        if length == 0 {
            let found = rest.chars().next().unwrap_or_default();
            return Err(fault(self.at, format!("bad DOT: unexpected `{}`", found.escape_default()))
                .hint("write names with other characters than letters, digits and `_` in quotes"));
        }
        let word = &rest[..rest.len() - unsigned.len() + length];
        if numeric && !is_number(&unsigned[..length]) {
            let word = shorten(word);
            return Err(fault(self.at, format!("`{word}` is neither a name nor a number"))
                .hint(format!("write it in quotes, `\"{word}\"`")));
        }
        self.next += word.len();
        Ok(Token::Bare(word))
    }

    /// Texts in quotes, joined by `+`.
    fn quoted(&mut self) -> Result<Token<'a>, Fault> {
        let mut whole = self.quote()?;
        loop {
            let end = self.next;
            self.blanks()?;
            if self.byte(0) != Some(b'+') {
                self.next = end;
                return Ok(Token::Quoted(whole));
            }
            self.next += 1;
            self.blanks()?;
            if self.byte(0) != Some(b'"') {
                return Err(fault(self.next, "expected a text in quotes behind `+`"));
            }
            let more = self.quote()?;
            whole.to_mut().push_str(&more);
        }
    }

    /// A text in quotes: `\"` stands for a quote, a backslash at the end of a line joins it with the next, and any
    /// other backslash is itself.
    fn quote(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.next;
        let body = &self.text[start + 1..];
        let mut text = Cow::Borrowed("");
        let mut from = 0;
        let mut at = 0;
        loop {
            let stop = body[at..].bytes().position(|b| b == b'"' || b == b'\\');
            let Some(stop) = stop.map(|n| at + n) else {
                return Err(fault(start, "the text in quotes does not end"));
            };
            let part = &body[from..stop];
            if body.as_bytes()[stop] == b'"' {
                self.next = start + 1 + stop + 1;
                return Ok(if text.is_empty() { Cow::Borrowed(part) } else { text + part });
            }
            let rest = &body[stop + 1..];
            let skipped = if rest.starts_with('"') {
                // The quote begins the next part.
                0
            } else if rest.starts_with('\n') {
                1
            } else if rest.starts_with("\r\n") {
                2
            } else {
                // `\\` ends here, so that its second half cannot escape a quote.
                at = stop + 1 + usize::from(rest.starts_with('\\'));
                continue;
            };
            text.to_mut().push_str(part);
            from = stop + 1 + skipped;
            at = from + usize::from(skipped == 0);
        }
    }

    /// A value between angle brackets, which may hold others.
    fn html(&mut self) -> Result<Token<'a>, Fault> {
        let mut depth = 0usize;
        for (i, b) in self.rest().bytes().enumerate() {
            match b {
                b'<' => depth += 1,
                b'>' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.next += i + 1;
                return Ok(Token::Html);
            }
        }
        Err(fault(self.at, "the value between `<` and `>` does not end"))
    }
}

/// Is it digits, perhaps with a point among them?
fn is_number(text: &str) -> bool {
    let points = text.bytes().filter(|&b| b == b'.').count();
    points <= 1 && text.len() > points && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn fault(at: usize, message: impl Into<String>) -> Fault {
    Fault::new(Place::Graph(at), message)
}
