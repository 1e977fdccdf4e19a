//! The shape of a configuration as data: sections, their fields, and the kinds that add fields of their own.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use headwater_core::Entry;
use headwater_core::settings::Field;

use crate::value;

/// The key that chooses what a section is about.
pub(crate) const KIND: &str = "kind";

/// Every section of a configuration, in the order in which it is checked and written.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The sections. Top-level keys are the section with the empty name, which comes first.
    pub sections: Vec<SectionSpec>,
}

/// One section: fields that it always has, and possibly a `kind` that adds more.
#[derive(Clone, Debug)]
pub struct SectionSpec {
    /// The name in brackets; empty for the top level.
    pub name: Cow<'static, str>,
    /// What the section is about, one line.
    pub doc: &'static str,
    /// Fields that it has whatever its kind.
    pub fields: Vec<Field>,
    /// The choice that it makes, if it makes one.
    pub kinds: Option<Kinds>,
    /// The parts that it may have, if it may have any.
    pub parts: Option<Parts>,
}

/// Sections within a section, which the user names: `[reward.docking]`.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The kind of the outer section that has them.
    pub of: &'static str,
    /// What a part is about, one line.
    pub doc: &'static str,
    /// Fields that each has whatever its kind.
    pub fields: Vec<Field>,
    /// The choice that each makes.
    pub kinds: Kinds,
}

impl Parts {
    /// The shape of the part called `name` of the section `whole`.
    pub(crate) fn spec(&self, whole: &str, name: &str) -> SectionSpec {
        SectionSpec {
            name: Cow::Owned(path(whole, name)),
            doc: self.doc,
            fields: self.fields.clone(),
            kinds: Some(self.kinds),
            parts: None,
        }
    }
}

/// The values of a section's `kind`.
#[derive(Clone, Copy, Debug)]
pub struct Kinds {
    /// What a kind is, for messages: `environment`.
    pub noun: &'static str,
    /// The command that lists them, such as `headwater list envs`, if their number does not depend on other choices.
    pub list: Option<&'static str>,
    /// Must there be one? If not, and if the menu has no default, the section may be without.
    pub required: bool,
    /// An earlier section whose kind decides what is on the menu.
    pub after: Option<&'static str>,
    /// The menu, given the kind of section `after` (empty without such a section).
    pub menu: fn(&str) -> Menu,
}

/// The kinds that a section may have.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// Every kind, in the order in which they are listed.
    pub kinds: Vec<KindSpec>,
    /// The kind taken if none is given.
    pub default: Option<&'static str>,
}

/// One kind and the fields that it adds.
#[derive(Clone, Debug)]
pub struct KindSpec {
    /// The value of `kind`.
    pub name: &'static str,
    /// One line, no final period.
    pub summary: &'static str,
    /// The fields that it adds to those of the section.
    pub fields: Vec<Field>,
}

impl From<&Entry> for KindSpec {
    fn from(entry: &Entry) -> Self {
        Self { name: entry.name, summary: entry.summary, fields: entry.fields.to_vec() }
    }
}

impl Menu {
    /// The kind of this name.
    pub fn get(&self, name: &str) -> Option<&KindSpec> {
        self.kinds.iter().find(|kind| kind.name == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.iter().map(|kind| kind.name)
    }
}

impl SectionSpec {
    /// A section with fields only.
    pub fn plain(name: &'static str, doc: &'static str, fields: &[Field]) -> Self {
        Self { name: Cow::Borrowed(name), doc, fields: fields.to_vec(), kinds: None, parts: None }
    }

    /// The full name of a key, as `--set` takes it.
    pub(crate) fn path(&self, key: &str) -> String {
        path(&self.name, key)
    }
}

/// The full name of a key of a section, as `--set` takes it.
pub(crate) fn path(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

impl Schema {
    /// The section of this name.
    pub fn section(&self, name: &str) -> Option<&SectionSpec> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Every menu of a section with the kind of the section it depends on; empty if it has no kinds.
    pub(crate) fn menus(&self, spec: &SectionSpec) -> Vec<(&'static str, Menu)> {
        let Some(kinds) = spec.kinds else { return Vec::new() };
        let Some(after) = kinds.after.and_then(|name| self.section(name)) else {
            return vec![("", (kinds.menu)(""))];
        };
        let mut seen = BTreeSet::new();
        self.menus(after)
            .iter()
            .flat_map(|(_, menu)| menu.names().collect::<Vec<_>>())
            .filter(|name| seen.insert(*name))
            .map(|name| (name, (kinds.menu)(name)))
            .collect()
    }

    /// What is wrong with the schema itself; a test of whoever assembles one asserts that there is nothing.
    ///
    /// Names must be unique, everything documented, `after` must name an earlier section with kinds, and every
    /// default must be a value of its field.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (i, spec) in self.sections.iter().enumerate() {
            let name = &*spec.name;
            if self.sections[..i].iter().any(|earlier| earlier.name == name) {
                faults.push(format!("section `{name}` is there twice"));
            }
            if name.is_empty() && i > 0 {
                faults.push("the top level must come first".to_owned());
            }
            if let Some(after) = spec.kinds.and_then(|kinds| kinds.after)
                && !self.sections[..i].iter().any(|earlier| earlier.name == after && earlier.kinds.is_some())
            {
                faults.push(format!(
                    "the kinds of `{name}` depend on `{after}`, no earlier section with kinds"
                ));
                continue;
            }
            fields_faults(name, &spec.fields, &mut faults);
            for (_, menu) in self.menus(spec) {
                menu_faults(spec, &menu, &mut faults);
            }
            if let Some(parts) = &spec.parts {
                let part = parts.spec(name, "part");
                for (_, menu) in self.menus(&part) {
                    menu_faults(&part, &menu, &mut faults);
                }
            }
        }
        faults.sort();
        faults.dedup();
        faults
    }
}

fn menu_faults(spec: &SectionSpec, menu: &Menu, faults: &mut Vec<String>) {
    let name = &*spec.name;
    if menu.kinds.is_empty() {
        faults.push(format!("section `{name}` has an empty menu"));
    }
    if let Some(default) = menu.default.filter(|default| menu.get(default).is_none()) {
        faults.push(format!("the default kind `{default}` of `{name}` does not exist"));
    }
    for (i, kind) in menu.kinds.iter().enumerate() {
        if menu.kinds[..i].iter().any(|earlier| earlier.name == kind.name) {
            faults.push(format!("kind `{}` of `{name}` is there twice", kind.name));
        }
        if kind.summary.is_empty() {
            faults.push(format!("kind `{}` of `{name}` has no summary", kind.name));
        }
        let all: Vec<Field> = kind.fields.iter().chain(&spec.fields).copied().collect();
        fields_faults(&format!("{name} = {}", kind.name), &all, faults);
    }
}

fn fields_faults(owner: &str, fields: &[Field], faults: &mut Vec<String>) {
    for (i, field) in fields.iter().enumerate() {
        let name = field.name;
        if name == KIND || fields[..i].iter().any(|earlier| earlier.name == name) {
            faults.push(format!("key `{name}` of `{owner}` is there twice"));
        }
        if field.doc().is_empty() {
            faults.push(format!("key `{name}` of `{owner}` has no documentation"));
        }
        if let Some(default) = field.default
            && let Err(flaw) = value::parse_default(field, default, Path::new(""))
        {
            faults.push(format!("the default of `{name}` of `{owner}`: {flaw}"));
        }
    }
}
