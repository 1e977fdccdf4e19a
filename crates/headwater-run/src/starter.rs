//! A file to start from: every key of a choice of kinds, explained.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use headwater_core::nearest;
use headwater_core::settings::{Field, Value};

use crate::check::{default_of, unknown_kind};
use crate::checked::DEFAULT_MARK;
use crate::problem::one_of;
use crate::schema::KIND;
use crate::value::quote;
use crate::{KindSpec, Menu, Problem, Problems, Schema, SectionSpec, expected, toml_text};

/// Longest line of a comment, in characters.
const WIDTH: usize = 100;

/// The text of a configuration with every key at its default, marked and explained. `kinds` are pairs of a section and its kind;
/// a section that is not named has its default kind, or its first. Keys that the user must fill in are comments.
///
/// # Errors
/// Sections and kinds that do not exist.
pub fn starter(schema: &Schema, kinds: &[(&str, &str)]) -> Result<String, Problems> {
    let mut problems = Vec::new();
    let with_kinds: Vec<&str> =
        schema.sections.iter().filter(|s| s.kinds.is_some()).map(|s| &*s.name).collect();
    for (name, _) in kinds.iter().filter(|(name, _)| !with_kinds.contains(name)) {
        let hint = nearest(name, with_kinds.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let expected = format!(", expected {}", one_of(with_kinds.iter().copied()));
        problems.push(Problem::new(format!("unknown section `{name}`")).detail(expected).hint(hint));
    }
    let mut out = String::new();
    let mut chosen: BTreeMap<&str, &str> = BTreeMap::new();
    for spec in &schema.sections {
        let menu = spec.kinds.map(|kinds| {
            let after = kinds.after.and_then(|after| chosen.get(after)).copied();
            (kinds.menu)(after.unwrap_or_default())
        });
        let given = kinds.iter().find(|(name, _)| **name == *spec.name).map(|(_, kind)| *kind);
        let kind = match (spec.kinds, &menu, given) {
            (Some(all), Some(menu), Some(given)) => {
                let found = menu.get(given);
                if found.is_none() {
                    problems.push(unknown_kind(&all, menu, given));
                }
                found
            }
            (Some(all), Some(menu), None) => {
                let first = menu.kinds.first().filter(|_| all.required);
                menu.default.and_then(|name| menu.get(name)).or(first)
            }
            _ => None,
        };
        chosen.extend(kind.map(|kind| (&*spec.name, kind.name)));
        write_section(&mut out, spec, menu.as_ref(), kind).expect("a string takes any text");
        // What follows may depend on the kind; without it more would be said than is known.
        if !problems.is_empty() {
            break;
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(problems.into()) }
}

fn write_section(
    out: &mut String,
    spec: &SectionSpec,
    menu: Option<&Menu>,
    kind: Option<&KindSpec>,
) -> fmt::Result {
    if !out.is_empty() {
        out.push('\n');
    }
    comment(out, spec.doc);
    if !spec.name.is_empty() {
        writeln!(out, "[{}]", spec.name)?;
    }
    if let Some(menu) = menu {
        if let Some(kind) = kind {
            comment(out, &format!("{}: {}.", kind.name, kind.summary.trim_end_matches('.')));
        }
        let others = menu.names().filter(|name| kind.is_none_or(|kind| kind.name != *name));
        let others = one_of(others).replace('`', "");
        match kind {
            Some(kind) if menu.kinds.len() == 1 => writeln!(out, "{KIND} = {}", quote(kind.name))?,
            Some(kind) => writeln!(out, "{KIND} = {}  # or {others}", quote(kind.name))?,
            None => writeln!(out, "# {KIND} = \"…\"  # {others}")?,
        }
    }
    let own = kind.into_iter().flat_map(|kind| &kind.fields);
    own.chain(&spec.fields).try_for_each(|field| write_field(out, field))?;
    if let Some(parts) = spec.parts.as_ref().filter(|parts| kind.is_some_and(|kind| kind.name == parts.of)) {
        out.push('\n');
        comment(out, &format!("{}; as many as there are, each under a name of yours:", parts.doc));
        writeln!(out, "# [{}.NAME]\n# {KIND} = \"…\"", spec.name)?;
    }
    Ok(())
}

fn write_field(out: &mut String, field: &Field) -> fmt::Result {
    out.push('\n');
    let about = expected(field.kind).replace('`', "");
    let must = match (field.required, field.default) {
        (true, _) => ", required",
        (false, None) => ", optional",
        _ => "",
    };
    comment(out, &format!("{} ({about}{must})", field.doc()));
    match default_of(field) {
        Some(Value::Dir(path)) => default(out, field, &quote(&path.to_string_lossy())),
        Some(Value::File(file)) => default(out, field, &quote(&file.path)),
        Some(value) => default(out, field, &toml_text(&value)),
        None => writeln!(out, "# {} = …", field.name),
    }
}

/// Writes a key with its default, marked: as long as it stays what it is, nobody gave it.
fn default(out: &mut String, field: &Field, value: &str) -> fmt::Result {
    writeln!(out, "{} = {value}{DEFAULT_MARK}", field.name)
}

/// Writes text as comment lines, broken between words.
fn comment(out: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        if column == 0 || column + 1 + letters > WIDTH {
            out.push_str(if column == 0 { "#" } else { "\n#" });
            column = 1;
        }
        out.push(' ');
        out.push_str(word);
        column += 1 + letters;
    }
    if column > 0 {
        out.push('\n');
    }
}
