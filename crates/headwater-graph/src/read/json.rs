//! Graphs from JSON.

pub(super) mod cursor;

use std::borrow::Cow;

use super::FORMATS;
use crate::Attribute;
use crate::raw::{Fault, Place, Raw, shorten};
use cursor::Cursor;

const EDGE: &str = "an edge is a pair of names, such as `[\"a\", \"b\"]`, or an object with `from`, `to` and perhaps \
                    `weight`, `cost` and `capacity`";

/// Reads the JSON form.
pub(super) fn read(text: &str, raw: &mut Raw) -> Result<(), Fault> {
    let (mut edges, mut rewards) = (false, false);
    let mut json = Cursor::new(text);
    json.list('{', '}', |json| {
        let (key, at) = json.key()?;
        let again = match key.as_ref() {
            "edges" => std::mem::replace(&mut edges, true),
            "rewards" => std::mem::replace(&mut rewards, true),
            _ => {
                let message = format!("unknown key `{}`", shorten(&key));
                return Err(Fault::new(Place::Graph(at), message).hint(FORMATS));
            }
        };
        if again {
            return Err(Fault::new(Place::Graph(at), format!("a second `{key}`")));
        }
        if key == "edges" {
            json.list('[', ']', |json| edge(json, raw))
        } else {
            json.list('{', '}', |json| reward(json, raw))
        }
    })?;
    json.end()?;
    if !edges {
        return Err(Fault::new(Place::Graph(0), "there is no key `edges`").hint(FORMATS));
    }
    raw.has_rewards = rewards;
    Ok(())
}

fn reward(json: &mut Cursor<'_>, raw: &mut Raw) -> Result<(), Fault> {
    let (node, at) = json.key()?;
    match json.number()? {
        Some(value) => raw.reward(&node, value, Place::Graph(at)),
        None => {
            let (node, value) = (shorten(&node), json.skip()?);
            let message = format!("the reward of `{node}` is `{value}`, not a number");
            Err(Fault::new(Place::Graph(at), message))
        }
    }
}

/// An edge, as a pair or an object.
pub(super) fn edge(json: &mut Cursor<'_>, raw: &mut Raw) -> Result<(), Fault> {
    if let Some((from, to, at)) = json.plain_pair() {
        return raw.edge(from, to, at);
    }
    match json.peek() {
        Some('{') => object(json, raw),
        _ => pair(json, raw),
    }
}

/// An edge as a pair, where a name is written with escapes or something is wrong.
fn pair(json: &mut Cursor<'_>, raw: &mut Raw) -> Result<(), Fault> {
    let start = json.at();
    let value = json.skip()?;
    let mut names = Vec::new();
    let mut is_pair = value.starts_with('[');
    if is_pair {
        json.back_to(start).list('[', ']', |json| {
            match json.string()? {
                Some(name) if names.len() < 2 => names.push(name),
                Some(_) => is_pair = false,
                None => {
                    is_pair = false;
                    json.skip()?;
                }
            }
            Ok(())
        })?;
    }
    match names.as_slice() {
        [from, to] if is_pair => raw.edge(from, to, start),
        _ => Err(Fault::new(Place::Graph(start), format!("`{value}` is not an edge")).hint(EDGE)),
    }
}

/// An edge as an object.
fn object(json: &mut Cursor<'_>, raw: &mut Raw) -> Result<(), Fault> {
    let start = json.at();
    let mut ends: [Option<Cow<'_, str>>; 2] = [None, None];
    let mut attributes = [None; Attribute::ALL.len()];
    json.list('{', '}', |json| {
        let (key, at) = json.key()?;
        let fault = |message| Fault::new(Place::Graph(at), message);
        let again = if let Some(end) = ["from", "to"].iter().position(|&end| end == key) {
            let Some(name) = json.string()? else {
                return Err(fault(format!("the `{key}` of an edge is `{}`, not a string", json.skip()?)));
            };
            ends[end].replace(name).is_some()
        } else if let Some(which) = Attribute::named(&key) {
            let Some(value) = json.number()? else {
                return Err(fault(format!("the {key} is `{}`, not a number", json.skip()?)));
            };
            attributes[which as usize].replace((value, at)).is_some()
        } else {
            return Err(fault(format!("unknown key `{}` of an edge", shorten(&key))).hint(EDGE));
        };
        if again { Err(fault(format!("a second `{key}` of an edge"))) } else { Ok(()) }
    })?;
    let missing = |end| Fault::new(Place::Graph(start), format!("an edge without `{end}`")).hint(EDGE);
    let [from, to] = ends;
    raw.edge(&from.ok_or_else(|| missing("from"))?, &to.ok_or_else(|| missing("to"))?, start)?;
    for which in Attribute::ALL {
        if let Some((value, at)) = attributes[which as usize] {
            raw.attribute(which, value, at)?;
        }
    }
    Ok(())
}
