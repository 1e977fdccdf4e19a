//! JSON lines: an object a line, with a field for the text and one for the score.

use std::borrow::Cow;
use std::fmt;

use headwater_core::SettingError;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::reader::{Each, Reader, others};

/// Hands over every row.
pub(super) fn rows(reader: &Reader<'_>, each: &mut Each<'_>) -> Result<(), SettingError> {
    let mut at = 0;
    for line in reader.text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            row(reader, line.trim_end(), at, each)?;
        }
        at += line.len();
    }
    Ok(())
}

fn row(reader: &Reader<'_>, line: &str, at: usize, each: &mut Each<'_>) -> Result<(), SettingError> {
    let (object, score) = (reader.config.object.as_str(), reader.config.score.as_str());
    let mut json = serde_json::Deserializer::from_str(line);
    let read = Fields { object, score }.deserialize(&mut json).and_then(|row| json.end().map(|()| row));
    let row = read.map_err(|error| {
        let whole = error.to_string();
        // The line is always the first, and said already.
        let what = whole.split_once(" at line ").map_or(whole.as_str(), |(what, _)| what);
        reader
            .error("path", at, format!("column {}: {what}", error.column().max(1)))
            .hint(format!("write one object a line, as in `{{\"{object}\": \"x\", \"{score}\": 0.5}}`"))
    })?;
    let lacks = |field: &'static str, name: &str| {
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).unwrap_or_default();
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let error = reader.error(field, at, format!("there is no field `{name}`"));
        if names.is_empty() { error } else { error.hint(others("fields", &names, name)) }
    };
    let text = match row.object.ok_or_else(|| lacks("object", object))? {
        Scalar::Text(text) => text,
        other => {
            let message = format!("`{object}` is `{other}` instead of a string");
            return Err(reader.error("object", at, message).hint("objects are texts: put it in quotes"));
        }
    };
    match row.score.ok_or_else(|| lacks("score", score))? {
        Scalar::Number(y) => each(&text, y, at),
        other => {
            let hint = match other {
                Scalar::Null => "remove the row if the object has no score",
                Scalar::Text(_) => "write the number without quotes",
                _ => "write numbers such as `0.25` or `-1e-3`",
            };
            return Err(reader.no_number(&text, &other.to_string(), at).hint(hint));
        }
    }
    Ok(())
}

/// What a line says of the two fields.
struct Row<'a> {
    object: Option<Scalar<'a>>,
    score: Option<Scalar<'a>>,
}

/// A value, as far as it matters; a text is copied only if it holds escapes.
enum Scalar<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
    Null,
    List,
    Object,
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(y) => write!(f, "{y}"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Null => f.write_str("null"),
            Self::List => f.write_str("[…]"),
            Self::Object => f.write_str("{…}"),
        }
    }
}

/// Reads a line; the names of its two fields are those of settings.
#[derive(Clone, Copy)]
struct Fields<'n> {
    object: &'n str,
    score: &'n str,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Row<'de>;

    fn deserialize<D: Deserializer<'de>>(self, line: D) -> Result<Row<'de>, D::Error> {
        line.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Row<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Row<'de>, A::Error> {
        let mut row = Row { object: None, score: None };
        while let Some(key) = fields.next_key_seed(Key(self))? {
            let (place, name) = match key {
                Which::Object => (&mut row.object, self.object),
                Which::Score => (&mut row.score, self.score),
                Which::Other => {
                    fields.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if place.replace(fields.next_value_seed(Any)?).is_some() {
                return Err(A::Error::custom(format_args!("there are two fields `{name}`")));
            }
        }
        Ok(row)
    }
}

/// Which field a key names.
enum Which {
    Object,
    Score,
    Other,
}

struct Key<'n>(Fields<'n>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Which;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Which, D::Error> {
        key.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Which;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Which, E> {
        Ok(match key {
            key if key == self.0.object => Which::Object,
            key if key == self.0.score => Which::Score,
            _ => Which::Other,
        })
    }
}

/// Reads a value of any kind.
struct Any;

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Scalar<'de>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Scalar<'de>, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_f64<E>(self, y: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number(y))
    }

    fn visit_i64<E>(self, y: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number(y as f64))
    }

    fn visit_u64<E>(self, y: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number(y as f64))
    }

    fn visit_bool<E>(self, b: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(b))
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Scalar<'de>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Object)
    }
}
