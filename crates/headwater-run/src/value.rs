//! Values of fields: what is expected of them, how they are read from TOML, and how they are written.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use headwater_core::nearest;
use headwater_core::settings::{Field, File, Kind, Schedule, Shape, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::cause;
use crate::problem::one_of;

/// What a field expects, as a noun phrase: `a whole number from 2 to 256`.
pub fn expected(kind: Kind) -> String {
    match kind {
        Kind::Int { min, max } => {
            let bound = |i: i64| (i != i64::MIN && i != i64::MAX).then(|| i.to_string());
            format!("a whole number{}", range(bound(min), bound(max)))
        }
        Kind::Real { min, max } => format!("a number{}", real_range(min, max)),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Text => "a string".to_owned(),
        Kind::Texts => "a list of strings".to_owned(),
        Kind::Choice(names) => one_of(names.iter().copied()),
        Kind::File => "the path of a file".to_owned(),
        Kind::Dir => "the path of a directory".to_owned(),
        Kind::Schedule { min, max } => {
            format!("a number{} or `{{ from = …, to = …, steps = … }}`", real_range(min, max))
        }
        Kind::Reals { min, max } => format!("a list of numbers{}", real_range(min, max)),
        Kind::AutoReal => "`auto` or a number".to_owned(),
    }
}

fn real_range(min: f64, max: f64) -> String {
    if min > 0.0 && min <= f64::MIN_POSITIVE {
        let below = if max >= f64::MAX { String::new() } else { format!(" and at most {}", short(max)) };
        return format!(" above 0{below}");
    }
    let bound = |x: f64| (x.abs() < f64::MAX).then(|| short(x));
    range(bound(min), bound(max))
}

/// A number for people: `1`, `0.001`, `1e-7`.
fn short(x: f64) -> String {
    if x != 0.0 && !(1e-4..1e7).contains(&x.abs()) { format!("{x:e}") } else { x.to_string() }
}

fn range(min: Option<String>, max: Option<String>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(", at least {min}"),
        (None, Some(max)) => format!(", at most {max}"),
        (None, None) => String::new(),
    }
}

/// What is wrong with a value, and which part of its source to point at.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub what: String,
    pub span: Range<usize>,
    pub detail: String,
    pub hint: Option<String>,
}

/// Reads the value of one field.
pub(crate) struct Reader<'a> {
    /// The field's full name, for messages.
    pub path: &'a str,
    /// What the spans of the value point into.
    pub source: &'a str,
    /// Where relative paths start.
    pub dir: &'a Path,
}

type Read<T> = Result<T, Vec<Flaw>>;

impl Reader<'_> {
    /// Reads `value` as a value of `kind`, or says everything that is wrong with it.
    pub fn read(&self, kind: Kind, value: &Spanned<DeValue<'_>>) -> Read<Value> {
        Ok(match kind {
            Kind::Int { min, max } => Value::Int(self.int(self.path, kind, min..=max, value)?),
            Kind::Real { min, max } => Value::Real(self.real(self.path, kind, min, max, value)?),
            Kind::Bool => match value.get_ref() {
                DeValue::Boolean(b) => Value::Bool(*b),
                _ => return self.wrong(self.path, kind, value),
            },
            Kind::Text => Value::Text(self.text(self.path, kind, value)?),
            Kind::Choice(names) => Value::Text(self.choice(self.path, names, value)?),
            Kind::Texts => {
                let text = |path: &str, item: &Spanned<DeValue<'_>>| self.text(path, Kind::Text, item);
                Value::Texts(self.list(kind, value, text)?)
            }
            Kind::File => Value::File(self.file(kind, value)?),
            Kind::Dir => Value::Dir(self.dir(kind, value)?),
            Kind::Schedule { min, max } => Value::Schedule(match value.get_ref() {
                DeValue::Table(table) => self.schedule(min, max, table, value)?,
                _ => Schedule::constant(self.real(self.path, kind, min, max, value)?),
            }),
            Kind::Reals { min, max } => {
                let real = |path: &str, item: &Spanned<DeValue<'_>>| {
                    self.real(path, Kind::Real { min, max }, min, max, item)
                };
                Value::Reals(self.list(kind, value, real)?)
            }
            Kind::AutoReal => match value.get_ref() {
                DeValue::String(s) if s == "auto" => Value::AutoReal(None),
                _ => Value::AutoReal(Some(self.real(self.path, kind, f64::MIN, f64::MAX, value)?)),
            },
        })
    }

    /// The part of the source that a span covers, shortened to one line.
    fn literal(&self, span: Range<usize>) -> String {
        let text = self.source.get(span).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(60) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None if line.is_empty() => "\"\"".to_owned(),
            None => line,
        }
    }

    fn flaw(&self, path: &str, expected: &str, value: &Spanned<DeValue<'_>>, hint: Option<String>) -> Flaw {
        Flaw {
            what: format!("`{path}` is `{}`", self.literal(value.span())),
            span: value.span(),
            detail: format!(", expected {expected}"),
            hint,
        }
    }

    fn wrong<T>(&self, path: &str, kind: Kind, value: &Spanned<DeValue<'_>>) -> Read<T> {
        let hint = match (value.get_ref(), kind) {
            (DeValue::String(_), Kind::Text | Kind::Choice(_) | Kind::File | Kind::Dir) => None,
            (DeValue::String(s), Kind::Texts) => {
                let words: Vec<_> = s.split_whitespace().map(quote).collect();
                Some(format!("write a list: `[{}]`", words.join(", ")))
            }
            (DeValue::String(s), _) => {
                let plain = DeValue::parse(s).is_ok_and(|v| self.read(kind, &v).is_ok());
                plain.then(|| "leave out the quotes".to_owned())
            }
            (DeValue::Table(_) | DeValue::Array(_), _) => None,
            (_, Kind::Text | Kind::File | Kind::Dir) => Some("put it in quotes".to_owned()),
            (_, Kind::Choice(names)) if names.contains(&self.literal(value.span()).as_str()) => {
                Some("put it in quotes".to_owned())
            }
            _ => None,
        };
        Err(vec![self.flaw(path, &expected(kind), value, hint)])
    }

    fn int(
        &self,
        path: &str,
        kind: Kind,
        range: std::ops::RangeInclusive<i64>,
        value: &Spanned<DeValue<'_>>,
    ) -> Read<i64> {
        let int = match value.get_ref() {
            DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok(),
            // `1e4` is a float to TOML and a whole number to people.
            DeValue::Float(x) => {
                let x: Option<f64> = x.as_str().parse().ok();
                x.filter(|x| x.fract() == 0.0 && x.abs() < (1u64 << 53) as f64).map(|x| x as i64)
            }
            _ => None,
        };
        match int.filter(|i| range.contains(i)) {
            Some(i) => Ok(i),
            None => self.wrong(path, kind, value),
        }
    }

    fn real(&self, path: &str, kind: Kind, min: f64, max: f64, value: &Spanned<DeValue<'_>>) -> Read<f64> {
        let real = match value.get_ref() {
            DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok().map(|i| i as f64),
            DeValue::Float(x) => x.as_str().parse::<f64>().ok(),
            _ => None,
        };
        match real.filter(|x| x.is_finite() && (min..=max).contains(x)) {
            Some(x) => Ok(x),
            None if real.is_some_and(|x| !x.is_finite()) => {
                let finite = expected(kind).replacen("number", "finite number", 1);
                Err(vec![self.flaw(path, &finite, value, None)])
            }
            None => self.wrong(path, kind, value),
        }
    }

    fn text(&self, path: &str, kind: Kind, value: &Spanned<DeValue<'_>>) -> Read<String> {
        match value.get_ref() {
            DeValue::String(s) => Ok(s.clone().into_owned()),
            _ => self.wrong(path, kind, value),
        }
    }

    fn choice(
        &self,
        path: &str,
        names: &'static [&'static str],
        value: &Spanned<DeValue<'_>>,
    ) -> Read<String> {
        let text = self.text(path, Kind::Choice(names), value)?;
        if names.contains(&text.as_str()) {
            return Ok(text);
        }
        let hint = nearest(&text, names.iter().copied()).map(|name| format!("did you mean `{name}`?"));
        Err(vec![self.flaw(path, &expected(Kind::Choice(names)), value, hint)])
    }

    /// Reads an array, each item by `read`, which is also given the item's name.
    fn list<T>(
        &self,
        kind: Kind,
        value: &Spanned<DeValue<'_>>,
        read: impl Fn(&str, &Spanned<DeValue<'_>>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let DeValue::Array(items) = value.get_ref() else { return self.wrong(self.path, kind, value) };
        let item = |(i, item)| read(&format!("{}[{i}]", self.path), item);
        let (good, bad): (Vec<_>, Vec<_>) = items.iter().enumerate().map(item).partition(Result::is_ok);
        if bad.is_empty() {
            return Ok(good.into_iter().flatten().collect());
        }
        Err(bad.into_iter().filter_map(Result::err).flatten().collect())
    }

    fn schedule(
        &self,
        min: f64,
        max: f64,
        table: &DeTable<'_>,
        whole: &Spanned<DeValue<'_>>,
    ) -> Read<Schedule> {
        const KEYS: [&str; 4] = ["from", "to", "steps", "shape"];
        let mut flaws = Vec::new();
        for (key, _) in table.iter().filter(|(key, _)| !KEYS.contains(&key.get_ref().as_ref())) {
            flaws.push(Flaw {
                what: format!("unknown key `{}`", key.get_ref()),
                span: key.span(),
                detail: format!(", expected {}", one_of(KEYS)),
                hint: nearest(key.get_ref(), KEYS).map(|name| format!("did you mean `{name}`?")),
            });
        }
        let mut end = |key: &str| {
            let kind = Kind::Real { min, max };
            self.part(table, whole, key, &mut flaws, |path, value| self.real(path, kind, min, max, value))
        };
        let (from, to) = (end("from"), end("to"));
        let steps = self.part(table, whole, "steps", &mut flaws, |path, value| {
            let (min, max) = (0, i64::MAX);
            self.int(path, Kind::Int { min, max }, min..=max, value)
        });
        let shape = if table.contains_key("shape") {
            self.part(table, whole, "shape", &mut flaws, |path, value| {
                let name = self.choice(path, Shape::NAMES, value)?;
                Ok([Shape::Linear, Shape::Cosine, Shape::Exponential].into_iter().find(|s| s.name() == name))
            })
            .flatten()
        } else {
            Some(Shape::Linear)
        };
        if let (Some(Shape::Exponential), Some(from), Some(to)) = (shape, from, to)
            && (from <= 0.0 || to <= 0.0)
        {
            flaws.push(Flaw {
                what: format!("`{}` is exponential from `{from}` to `{to}`", self.path),
                span: whole.span(),
                detail: ", expected both to be above 0".to_owned(),
                hint: Some(
                    "a factor per step never reaches 0; end at a small number, or use `linear`".to_owned(),
                ),
            });
        }
        match (from, to, steps, shape) {
            (Some(from), Some(to), Some(steps), Some(shape)) if flaws.is_empty() => {
                Ok(Schedule { from, to, steps: steps.unsigned_abs(), shape })
            }
            _ => Err(flaws),
        }
    }

    /// Reads a key of a schedule that must be there.
    fn part<T>(
        &self,
        table: &DeTable<'_>,
        whole: &Spanned<DeValue<'_>>,
        key: &str,
        flaws: &mut Vec<Flaw>,
        read: impl Fn(&str, &Spanned<DeValue<'_>>) -> Read<T>,
    ) -> Option<T> {
        let Some(value) = table.get(key) else {
            flaws.push(Flaw {
                what: format!("`{}` has no `{key}`", self.path),
                span: whole.span(),
                detail: ", expected `from`, `to` and `steps`".to_owned(),
                hint: None,
            });
            return None;
        };
        read(&format!("{}.{key}", self.path), value).map_err(|mut more| flaws.append(&mut more)).ok()
    }

    fn file(&self, kind: Kind, value: &Spanned<DeValue<'_>>) -> Read<File> {
        let given = self.text(self.path, kind, value)?;
        let path = self.dir.join(&given);
        let fail = |why: String| self.unusable("the unreadable file", &given, &path, &why, value);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(File::new(path.to_string_lossy(), bytes)),
            Err(e) => fail(cause(&e)),
        }
    }

    fn dir(&self, kind: Kind, value: &Spanned<DeValue<'_>>) -> Read<PathBuf> {
        let given = self.text(self.path, kind, value)?;
        let path = self.dir.join(&given);
        let fail = |why: &str| self.unusable("the unusable directory", &given, &path, why, value);
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => Ok(path),
            Ok(_) => fail("it is a file"),
            Err(e) => fail(&cause(&e)),
        }
    }

    /// What is wrong with a path that was given.
    fn unusable<T>(
        &self,
        noun: &str,
        given: &str,
        path: &Path,
        why: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Read<T> {
        let from = if self.dir.as_os_str().is_empty() { Path::new(".") } else { self.dir };
        let relative = !path.exists() && Path::new(given).is_relative();
        let hint = sibling(path)
            .map(|name| format!("did you mean `{name}`?"))
            .or_else(|| relative.then(|| format!("the path is taken relative to `{}`", from.display())));
        let what = format!("`{}` names {noun} `{given}`", self.path);
        Err(vec![Flaw { what, span: value.span(), detail: format!(": {why}"), hint }])
    }
}

/// The file beside a missing one whose name is nearest.
fn sibling(path: &Path) -> Option<String> {
    if path.exists() {
        return None;
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> =
        std::fs::read_dir(dir).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Reads the default of a field, which its declaration gives as a TOML literal; a path in it starts at `dir`.
///
/// # Errors
/// What is wrong with it; the declaration is then at fault, not a user.
pub(crate) fn parse_default(field: &Field, literal: &str, dir: &Path) -> Result<Value, String> {
    let value = DeValue::parse(literal).map_err(|e| format!("`{literal}`: {}", e.message()))?;
    let reader = Reader { path: field.name, source: literal, dir };
    reader.read(field.kind, &value).map_err(|flaws| {
        flaws.into_iter().map(|flaw| flaw.what + &flaw.detail).collect::<Vec<_>>().join("; ")
    })
}

/// A value as a TOML literal that reads back as the same value. A file or directory is its absolute path.
pub fn toml_text(value: &Value) -> String {
    match value {
        Value::Int(i) => i.to_string(),
        Value::Real(x) | Value::AutoReal(Some(x)) => format!("{x:?}"),
        Value::AutoReal(None) => quote("auto"),
        Value::Bool(b) => b.to_string(),
        Value::Text(s) => quote(s),
        Value::Texts(v) => format!("[{}]", v.iter().map(|s| quote(s)).collect::<Vec<_>>().join(", ")),
        Value::File(file) => quote(&absolute(Path::new(&file.path))),
        Value::Dir(path) => quote(&absolute(path)),
        Value::Reals(v) => {
            format!("[{}]", v.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(", "))
        }
        Value::Schedule(s) if *s == Schedule::constant(s.to) => format!("{:?}", s.to),
        Value::Schedule(Schedule { from, to, steps, shape }) => {
            format!("{{ from = {from:?}, to = {to:?}, steps = {steps}, shape = \"{}\" }}", shape.name())
        }
    }
}

fn absolute(path: &Path) -> String {
    let absolute = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    absolute.as_deref().unwrap_or(path).to_string_lossy().into_owned()
}

/// A string as a TOML basic string.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => write!(out, "\\u{:04X}", u32::from(c)).expect("a string takes any text"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
