//! Graphs from JSON.

use serde_json::Value;

use super::FORMATS;
use crate::raw::{Fault, Place, Raw, shorten};

/// Reads the JSON form; were there rewards in it?
pub(super) fn read(text: &str, raw: &mut Raw) -> Result<bool, Fault> {
    let (mut edges, mut rewards) = (false, false);
    let mut json = Json { text, at: 0 };
    json.list('{', '}', |json| {
        let (key, at) = json.key()?;
        let again = match key.as_str() {
            "edges" => std::mem::replace(&mut edges, true),
            "rewards" => std::mem::replace(&mut rewards, true),
            _ => return Err(Fault::new(Place::Graph(at), format!("unknown key `{key}`")).hint(FORMATS)),
        };
        if again {
            return Err(Fault::new(Place::Graph(at), format!("a second `{key}`")));
        }
        if key == "edges" {
            return json.list('[', ']', |json| {
                let (pair, at) = json.value()?;
                match pair.as_array().map(Vec::as_slice) {
                    Some([Value::String(from), Value::String(to)]) => raw.edge(from, to, at),
                    _ => Err(Fault::new(Place::Graph(at), format!("`{}` is not an edge", short(&pair)))
                        .hint("an edge is a pair of names, such as `[\"a\", \"b\"]`")),
                }
            });
        }
        json.list('{', '}', |json| {
            let (node, at) = json.key()?;
            let (value, _) = json.value()?;
            let place = Place::Graph(at);
            let Some(value) = value.as_f64() else {
                let message = format!("the reward of `{node}` is `{}`, not a number", short(&value));
                return Err(Fault::new(place, message));
            };
            raw.reward(&node, value, place)
        })
    })?;
    json.end()?;
    if !edges {
        return Err(Fault::new(Place::Graph(0), "there is no key `edges`").hint(FORMATS));
    }
    Ok(rewards)
}

/// A cursor over JSON: lists and keys are walked here, so that their places are known; values are serde_json's.
struct Json<'a> {
    text: &'a str,
    at: usize,
}

impl Json<'_> {
    /// The next character that is not blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
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
    fn list(
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

    /// A value and its place.
    fn value(&mut self) -> Result<(Value, usize), Fault> {
        if self.peek().is_none() {
            return Err(self.fault("a value", None));
        }
        let at = self.at;
        let mut values = serde_json::Deserializer::from_str(&self.text[at..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok((value, at))
            }
            failed => {
                let error = failed.and_then(Result::err);
                let lines = error.as_ref().map_or(0, |e| e.line().saturating_sub(1));
                let at = at + self.text[at..].split_inclusive('\n').take(lines).map(str::len).sum::<usize>();
                let error = error.map_or_else(String::new, |e| e.to_string());
                let what = error.split(" at line ").next().unwrap_or_default();
                Err(Fault::new(Place::Graph(at), format!("bad JSON: {what}")))
            }
        }
    }

    /// A string, a colon, and the string's place.
    fn key(&mut self) -> Result<(String, usize), Fault> {
        match self.peek() {
            Some('"') => {}
            found => return Err(self.fault("a string", found)),
        }
        let (value, at) = self.value()?;
        self.expect(':')?;
        Ok((value.as_str().unwrap_or_default().to_owned(), at))
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            found => Err(self.fault("the end of the file", found)),
        }
    }
}

fn short(value: &Value) -> String {
    shorten(&value.to_string())
}
