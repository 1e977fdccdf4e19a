//! A configuration as a file: every key with its value, defaults marked.

use std::fmt::Write as _;

use crate::checked::DEFAULT_MARK;
use crate::schema::KIND;
use crate::value::quote;
use crate::{Checked, Section, toml_text};

impl Checked {
    /// The resolved configuration as TOML: every key in the schema's order, defaults marked `# default`, keys without
    /// a value as comments, files by their absolute paths. Checked again, it gives the same values.
    pub fn resolved(&self) -> String {
        let mut out = String::new();
        for section in &self.sections {
            write_section(&mut out, section).expect("a string takes any text");
        }
        out
    }
}

fn write_section(out: &mut String, section: &Section) -> std::fmt::Result {
    if !section.name.is_empty() {
        writeln!(out, "{}[{}]", if out.is_empty() { "" } else { "\n" }, section.name)?;
    }
    let kind = section.kind.map(|kind| (KIND, quote(kind)));
    let fields =
        section.fields.iter().map(|field| (field.name, section.values.get(field.name).map(toml_text)));
    for (key, value) in kind.map(|(key, text)| (key, Some(text))).into_iter().chain(fields) {
        match value {
            Some(value) if section.is_default(key) => writeln!(out, "{key} = {value}{DEFAULT_MARK}")?,
            Some(value) => writeln!(out, "{key} = {value}")?,
            None => writeln!(out, "# {key} has no value")?,
        }
    }
    Ok(())
}
