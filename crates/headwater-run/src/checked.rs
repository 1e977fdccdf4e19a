//! What will run: a value for every key, where each came from, and how two configurations differ.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use headwater_core::settings::{Field, SettingError, Value, Values};
use headwater_core::{Key, Settings};

use crate::schema::{KIND, path};
use crate::{Input, Place, Problem, toml_text};

/// What follows a default in a resolved file.
pub(crate) const DEFAULT_MARK: &str = "  # default";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// These bytes of the file.
    File(Range<usize>),
    /// This one of [`Input::sets`].
    Set(usize),
}

/// A checked section.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name; empty for the top level, `reward.docking` for a part.
    pub name: Cow<'static, str>,
    /// Its kind, if it has one.
    pub kind: Option<&'static str>,
    /// Its fields: those of the kind, then those of every kind.
    pub fields: Vec<Field>,
    /// Their values. Every required field and every field with a default has one.
    pub values: Values,
    /// Where its values came from, by key; also that of `kind`.
    pub origins: BTreeMap<&'static str, Origin>,
    /// Its header in the file.
    pub header: Option<Range<usize>>,
}

impl Section {
    /// Was this key given by nobody?
    pub fn is_default(&self, key: &str) -> bool {
        matches!(self.origins.get(key), None | Some(Origin::Default))
    }
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it was checked from.
    pub input: Input,
    /// Its sections, in the order of the schema.
    pub sections: Vec<Section>,
}

/// A key in which two configurations differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The full name, such as `train.batch`.
    pub key: String,
    /// The value in the first, as TOML; `None` if it has none.
    pub left: Option<String>,
    /// The value in the second.
    pub right: Option<String>,
}

impl Checked {
    /// The section of this name.
    ///
    /// # Panics
    /// If the schema has no such section.
    pub fn section(&self, name: &str) -> &Section {
        self.sections
            .iter()
            .find(|section| section.name == name)
            .expect("sections are named as in the schema")
    }

    /// The parts of a section, by the names that the user gave them.
    pub fn parts(&self, name: &str) -> impl Iterator<Item = (&str, &Section)> {
        self.sections.iter().filter_map(move |s| Some((s.name.strip_prefix(name)?.strip_prefix('.')?, s)))
    }

    /// The kind of a section; empty if it has none.
    pub fn kind(&self, section: &str) -> &'static str {
        self.section(section).kind.unwrap_or_default()
    }

    /// Reads settings whose fields the section has.
    pub fn read<T: Settings>(&self, section: &str) -> T {
        T::read(&self.section(section).values)
    }

    /// Puts another value in the place of a key's. Where it came from stays as it was.
    pub(crate) fn replace(&mut self, section: &str, key: &'static str, value: Value) {
        if let Some(section) = self.sections.iter_mut().find(|s| s.name == section) {
            section.values.insert(key, value);
        }
    }

    /// Takes keys of the file that are marked `# default`, as [`Checked::resolved`] marks them, for defaults: nobody
    /// gave them.
    pub(crate) fn keep_marks(&mut self) {
        let text = &self.input.text;
        for origin in self.sections.iter_mut().flat_map(|section| section.origins.values_mut()) {
            if let Origin::File(span) = origin
                && text[span.end..].lines().next().is_some_and(|rest| rest == DEFAULT_MARK)
            {
                *origin = Origin::Default;
            }
        }
    }

    /// Points an error that came up while building from a section at the value that is to blame: at the value if it
    /// was given, else at the section. A message that begins with a file of the section and a line, as in
    /// `edges.csv:3: …`, is pointed there.
    pub fn blame(&self, section: &str, error: &SettingError) -> Problem {
        let section = self.section(section);
        let key = error.field.and_then(|field| section.origins.get(field));
        let place = match key {
            Some(Origin::Set(i)) => Some(Place::Set(self.input.sets[*i].clone())),
            Some(Origin::File(span)) => self.input.at(span.start),
            Some(Origin::Default) | None => match (&section.header, section.origins.get(KIND)) {
                (Some(header), _) => self.input.at(header.start),
                (None, Some(Origin::Set(i))) => Some(Place::Set(self.input.sets[*i].clone())),
                (None, _) => self.input.whole(),
            },
        };
        // What is wrong with a file begins with the file and the line; then that is the place.
        let files =
            section.values.values().filter_map(|v| if let Value::File(f) = v { Some(f) } else { None });
        let in_file = files.into_iter().find_map(|file| {
            let (line, what) =
                error.message.strip_prefix(file.path.as_str())?.strip_prefix(':')?.split_once(": ")?;
            line.parse::<usize>().ok()?;
            Some((Place::File(format!("{}:{line}", file.path)), what))
        });
        let hint = error.hint.clone();
        match (in_file, place) {
            (Some((inside, what)), place) => {
                let named = place.map_or_else(String::new, |place| format!(", which is named in {place}"));
                Problem::new(what).place(inside).detail(named).hint(hint)
            }
            (None, place) => Problem::new(&error.message).place(place).hint(hint),
        }
    }

    /// A hash of everything that has a value, as 16 hexadecimal digits; equal configurations have equal hashes on
    /// every machine. A file counts by its contents, not its path, and a
    /// directory not at all. Keys in `ignore` (such as `train.steps`) do not
    /// count.
    pub fn fingerprint(&self, ignore: &[&str]) -> String {
        digest(self.facts(ignore, |_, _| true))
    }

    /// The same of the keys that are written down: in the file, marked as defaults or not, or in an assignment. Of a
    /// resolved configuration, which has every key, it is [`Checked::fingerprint`] by the program that resolved it,
    /// whatever keys later versions add.
    pub(crate) fn fingerprint_of_written(&self, ignore: &[&str]) -> String {
        let file: toml::Table = self.input.text.parse().unwrap_or_default();
        let in_file = |section: &Section, key: &str| {
            let mut parts = section.name.split('.').filter(|part| !part.is_empty());
            let table = parts.try_fold(&file, |table, part| table.get(part)?.as_table());
            table.is_some_and(|table| table.contains_key(key))
        };
        digest(self.facts(ignore, |section, key| !section.is_default(key) || in_file(section, key)))
    }

    /// The keys in which two configurations differ, but for those in `ignore`.
    pub fn differences(&self, other: &Self, ignore: &[&str]) -> Vec<Difference> {
        let (left, mut right) = (self.facts(ignore, |_, _| true), other.facts(ignore, |_, _| true));
        let mut all: Vec<Difference> = Vec::new();
        for (key, value) in left {
            let place = right.iter().position(|(name, _)| *name == key);
            let theirs = place.map(|i| right.remove(i).1);
            if theirs.as_ref() != Some(&value) {
                all.push(Difference { key, left: Some(value), right: theirs });
            }
        }
        all.extend(right.into_iter().map(|(key, value)| Difference { key, left: None, right: Some(value) }));
        all
    }

    /// Every key that has a value and counts, in order, with that value.
    fn facts(&self, ignore: &[&str], counts: impl Fn(&Section, &str) -> bool) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        for section in &self.sections {
            let kind = section.kind.filter(|_| counts(section, KIND));
            facts.extend(kind.map(|kind| (path(&section.name, KIND), crate::value::quote(kind))));
            facts.extend(section.fields.iter().filter(|field| counts(section, field.name)).filter_map(
                |field| {
                    let text = match section.values.get(field.name)? {
                        Value::Dir(_) => return None,
                        Value::File(file) => {
                            format!("file {:016x}", hash(Key::new(0), &file.bytes).bits())
                        }
                        value => toml_text(value),
                    };
                    Some((path(&section.name, field.name), text))
                },
            ));
        }
        facts.retain(|(key, _)| !ignore.contains(&key.as_str()));
        facts
    }
}

fn digest(facts: Vec<(String, String)>) -> String {
    let fold = |key, (name, value): (String, String)| hash(hash(key, name.as_bytes()), value.as_bytes());
    format!("{:016x}", facts.into_iter().fold(Key::new(0), fold).bits())
}

/// Folds bytes and their number into a hash.
pub(crate) fn hash(key: Key, bytes: &[u8]) -> Key {
    bytes.chunks(8).fold(key.fold(bytes.len() as u64), |key, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        key.fold(u64::from_le_bytes(word))
    })
}
