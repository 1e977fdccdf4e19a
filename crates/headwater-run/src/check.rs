//! From what the user wrote to what will run: every key is looked up in the schema, and every fault is collected.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use headwater_core::settings::{Field, Kind, Value, Values};
use headwater_core::{excerpt, nearest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::checked::DEFAULT_MARK;
use crate::problem::one_of;
use crate::schema::{KIND, KindSpec, Menu, SectionSpec};
use crate::value::{self, Flaw, Reader};
use crate::{Checked, Input, Kinds, Origin, Place, Problem, Problems, Schema, Section, expected};

/// Checks `input` against `schema`; see [`Input::check`].
pub(crate) fn check(input: Input, schema: &Schema) -> Result<Checked, Problems> {
    let mut checker = Checker::new(&input, schema);
    let mut sections = Vec::new();
    if checker.gather() {
        for i in 0..schema.sections.len() {
            let section = checker.section(i);
            let kind = section.kind;
            sections.push(section);
            let parts = checker.parts.remove(&i).unwrap_or_default();
            sections.extend(parts.into_iter().filter_map(|part| checker.part(i, kind, part)));
        }
    }
    if checker.problems.is_empty() {
        return Ok(Checked { input, sections });
    }
    Err(checker.problems())
}

/// A key with its value, as the user wrote it.
struct Item<'a> {
    value: Spanned<DeValue<'a>>,
    /// What the spans of `value` point into.
    source: &'a str,
    /// The span of the key in the file, or the number of the assignment.
    key: Origin,
}

/// What is known of a section's kind.
enum Choice<'a> {
    /// It has none and needs none.
    Without,
    /// This one.
    Is(&'a KindSpec),
    /// It was to be one, and what was given is none; fields of kinds cannot be checked.
    Unknown,
}

/// Problems are reported in the order of the file, then of the assignments, then those of no place.
type Rank = (u8, usize);

struct Checker<'a> {
    input: &'a Input,
    schema: &'a Schema,
    /// The sections of the schema, then the parts that the user has named.
    specs: Vec<SectionSpec>,
    /// The numbers of parts in `specs` by their names.
    named: BTreeMap<String, usize>,
    /// The numbers of the parts of a section, in the order in which they were named.
    parts: BTreeMap<usize, Vec<usize>>,
    /// By number of the section and key.
    items: BTreeMap<(usize, String), Item<'a>>,
    /// Headers in the file, by number of the section.
    headers: BTreeMap<usize, Range<usize>>,
    /// The kinds found so far, by section.
    kinds: BTreeMap<String, &'static str>,
    /// The first [`Problems::MOST`], in order; their places are found in the end.
    problems: Vec<(Rank, Origin, Problem)>,
    /// How many more there are.
    more: usize,
    /// Problems of no place so far.
    placeless: usize,
}

impl<'a> Checker<'a> {
    fn new(input: &'a Input, schema: &'a Schema) -> Self {
        Self {
            input,
            schema,
            specs: schema.sections.clone(),
            named: BTreeMap::new(),
            parts: BTreeMap::new(),
            items: BTreeMap::new(),
            headers: BTreeMap::new(),
            kinds: BTreeMap::new(),
            problems: Vec::new(),
            more: 0,
            placeless: 0,
        }
    }

    fn report(&mut self, origin: &Origin, problem: Problem) {
        self.placeless += usize::from(matches!(origin, Origin::Default));
        let rank = self.rank(origin);
        let at = self.problems.partition_point(|(before, ..)| *before <= rank);
        self.problems.insert(at, (rank, origin.clone(), problem));
        if self.problems.len() > Problems::MOST {
            self.problems.pop();
            self.more += 1;
        }
    }

    /// Counts a problem at `origin` that would not be told anyway, before work is spent on what to say of it.
    fn counted(&mut self, origin: &Origin) -> bool {
        let rank = self.rank(origin);
        let full = self.problems.len() == Problems::MOST
            && self.problems.last().is_some_and(|(last, ..)| *last <= rank);
        self.more += usize::from(full);
        full
    }

    fn rank(&self, origin: &Origin) -> Rank {
        match origin {
            Origin::File(span) => (0, span.start),
            Origin::Set(i) => (1, *i),
            Origin::Default => (2, self.placeless),
        }
    }

    /// What was found, with places.
    fn problems(self) -> Problems {
        let input = self.input;
        let place = |origin| match origin {
            Origin::File(Range { start, .. }) => input.at(start),
            Origin::Set(i) => Some(Place::Set(input.sets[i].clone())),
            Origin::Default => input.whole(),
        };
        let placed = |(_, origin, problem): (Rank, Origin, Problem)| problem.place(place(origin));
        Problems { first: self.problems.into_iter().map(placed).collect(), more: self.more }
    }

    /// Parses the file and the assignments into items. `false` if the file is so broken that what it says is unclear.
    fn gather(&mut self) -> bool {
        let (table, errors) = DeTable::parse_recoverable(&self.input.text);
        let text = self.input.text.as_str();
        let mut clear = true;
        let mut last = None;
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            clear &= is_harmless(error.message(), text.get(span.clone()).unwrap_or_default());
            // One slip can break several rules at once; the first says it best.
            let between = last.map(|last: usize| span.start.min(last)..span.start.max(last));
            let again = between.and_then(|between| text.get(between)).is_some_and(|t| !t.contains('\n'));
            last = Some(span.start);
            let origin = Origin::File(span.clone());
            if !again && !self.counted(&origin) {
                let problem = self.syntax(error.message(), &span);
                self.report(&origin, problem);
            }
        }
        if clear {
            self.gather_file(table.into_inner());
            let input = self.input;
            for (i, set) in input.sets.iter().enumerate() {
                self.gather_set(i, set);
            }
        }
        clear
    }

    /// What a message of the parser means.
    fn syntax(&self, message: &str, span: &Range<usize>) -> Problem {
        let text = &self.input.text;
        let given = text.get(span.clone()).unwrap_or_default();
        if message == DUPLICATE {
            let key = excerpt(given.trim_matches(['"', '\'']));
            let problem = Problem::new(format!("`{key}` is given a second time"));
            return problem.hint("keep one of the two".to_owned());
        }
        if is_harmless(message, given) {
            let given = excerpt(given);
            let problem = Problem::new(format!("`{given}` is not a TOML value"));
            return problem.hint(format!("a string needs quotes: `\"{given}\"`"));
        }
        let start = text[..span.start].rfind('\n').map_or(0, |i| i + 1);
        let line = text[start..].lines().next().unwrap_or_default().trim();
        let message = message.strip_suffix(", expected nothing").unwrap_or(message);
        let line = excerpt(line);
        let what = if line.is_empty() { "invalid TOML".to_owned() } else { format!("invalid TOML `{line}`") };
        Problem::new(what).detail(format!(": {message}"))
    }

    fn gather_file(&mut self, root: DeTable<'a>) {
        let schema = self.schema;
        let text = self.input.text.as_str();
        let top = schema.sections.iter().position(|spec| spec.name.is_empty());
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            let at = Origin::File(key.span());
            let section = schema.sections.iter().position(|spec| !spec.name.is_empty() && spec.name == name);
            let field = top.filter(|&i| schema.sections[i].fields.iter().any(|field| field.name == name));
            let (span, value_span) = (key.span(), value.span());
            match (section, value.into_inner()) {
                (Some(i), DeValue::Table(table)) => {
                    self.headers.insert(i, span);
                    // Tables forget the order in which they were written; that of parts means something.
                    let mut items: Vec<_> = table.into_iter().collect();
                    items.sort_by_key(|(key, _)| key.span().start);
                    for (key, value) in items {
                        let at = Origin::File(key.span());
                        let span = value.span();
                        let key = key.into_inner().into_owned();
                        match value.into_inner() {
                            DeValue::Table(inner) if schema.sections[i].parts.is_some() => {
                                let part = self.named_part(i, &key);
                                if let Origin::File(span) = at {
                                    self.headers.insert(part, span);
                                }
                                for (key, value) in inner {
                                    let at = Origin::File(key.span());
                                    let key = key.into_inner().into_owned();
                                    self.items.insert((part, key), Item { value, source: text, key: at });
                                }
                            }
                            value => {
                                let value = Spanned::new(span, value);
                                self.items.insert((i, key), Item { value, source: text, key: at });
                            }
                        }
                    }
                }
                (Some(i), value) => {
                    let item = Item { value: Spanned::new(value_span, value), source: text, key: at };
                    self.not_a_section(i, item);
                }
                (None, value) if field.is_some() || !value.is_table() => {
                    let item = Item { value: Spanned::new(value_span, value), source: text, key: at };
                    match top {
                        Some(top) => drop(self.items.insert((top, name.to_owned()), item)),
                        None => self.unknown_key("", &[], name, &item.key, None),
                    }
                }
                (None, _) => self.unknown_section(name, &at),
            }
        }
    }

    fn gather_set(&mut self, i: usize, set: &'a str) {
        let at = Origin::Set(i);
        let Some((path, text)) = set.split_once('=').filter(|(path, _)| !path.trim().is_empty()) else {
            let problem = Problem::new(format!("`{}` is not an assignment", excerpt(set)));
            return self.report(&at, problem.detail(", expected `key=value` or `section.key=value`"));
        };
        let (path, text) = (path.trim(), text.trim());
        let (name, key) = path.split_once('.').unwrap_or(("", path));
        match self.schema.sections.iter().position(|spec| spec.name == name) {
            None => self.unknown_section(name, &at),
            Some(section) => {
                let bare = || Spanned::new(0..text.len(), DeValue::String(text.into()));
                let value = DeValue::parse(text).unwrap_or_else(|_| bare());
                let item = Item { value, source: text, key: at };
                match self.schema.sections.iter().position(|spec| spec.name == key) {
                    Some(i) if name.is_empty() => self.not_a_section(i, item),
                    _ => {
                        let parted = self.schema.sections[section].parts.as_ref().and(key.split_once('.'));
                        let (section, key) = match parted {
                            Some((part, key)) => (self.named_part(section, part), key),
                            None => (section, key),
                        };
                        self.items.insert((section, key.to_owned()), item);
                    }
                }
            }
        }
    }

    /// The number of the part called `name` of section `i`, which has parts.
    fn named_part(&mut self, i: usize, name: &str) -> usize {
        let whole = &self.schema.sections[i];
        let spec = whole.parts.as_ref().expect("the section has parts").spec(&whole.name, name);
        if let Some(&known) = self.named.get(&*spec.name) {
            return known;
        }
        self.named.insert(spec.name.to_string(), self.specs.len());
        self.specs.push(spec);
        self.parts.entry(i).or_default().push(self.specs.len() - 1);
        self.specs.len() - 1
    }

    /// Checks a part of section `i`, which has this kind, or says that such a section has no parts.
    fn part(&mut self, i: usize, kind: Option<&str>, part: usize) -> Option<Section> {
        let (whole, name) = (&self.schema.sections[i], self.specs[part].name.clone());
        let of = whole.parts.as_ref().map_or("", |parts| parts.of);
        if kind == Some(of) {
            return Some(self.section(part));
        }
        let at = self.headers.get(&part).cloned().map_or(Origin::Default, Origin::File);
        // Without a kind, that is what is wrong.
        if let Some(kind) = kind {
            let problem = Problem::new(format!("`{name}` is a part, and `{kind}` has none"));
            self.report(&at, problem.hint(format!("parts belong to `{} = \"{of}\"`", whole.path(KIND))));
        }
        None
    }

    /// Refuses a value where a section should be. A string is taken for the section's kind from here on.
    fn not_a_section(&mut self, i: usize, item: Item<'a>) {
        let spec = &self.schema.sections[i];
        let problem =
            Problem::new(format!("`{}` is given a value", spec.name)).detail(", expected a section");
        self.report(&item.key, problem.hint(section_hint(spec)));
        if spec.kinds.is_some() && item.value.get_ref().is_str() {
            self.items.insert((i, KIND.to_owned()), item);
        }
    }

    fn unknown_section(&mut self, name: &str, at: &Origin) {
        if self.counted(at) {
            return;
        }
        let names: Vec<&str> =
            self.schema.sections.iter().map(|spec| &*spec.name).filter(|n| !n.is_empty()).collect();
        let hint = nearest(name, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let problem = Problem::new(format!("unknown section `{}`", excerpt(name)));
        self.report(at, problem.detail(format!(", expected {}", one_of(names))).hint(hint));
    }

    /// Checks one section, and takes its items.
    fn section(&mut self, i: usize) -> Section {
        let spec = self.specs[i].clone();
        let mut section = Section {
            name: spec.name.clone(),
            kind: None,
            fields: Vec::new(),
            values: Values::new(),
            origins: BTreeMap::new(),
            header: self.headers.get(&i).cloned(),
        };
        let menu = spec.kinds.and_then(|kinds| match kinds.after {
            None => Some((kinds.menu)("")),
            Some(after) => self.kinds.get(after).map(|kind| (kinds.menu)(kind)),
        });
        let choice = match (&spec.kinds, &menu) {
            (None, _) => Choice::Without,
            (Some(_), None) => {
                self.items.remove(&(i, KIND.to_owned()));
                Choice::Unknown
            }
            (Some(kinds), Some(menu)) => self.choose(i, *kinds, menu, &mut section),
        };
        let mut sure = true;
        match choice {
            Choice::Is(kind) => {
                self.kinds.insert(spec.name.to_string(), kind.name);
                section.kind = Some(kind.name);
                section.fields.extend(&kind.fields);
            }
            Choice::Unknown => sure = false,
            Choice::Without => {}
        }
        section.fields.extend(&spec.fields);
        for field in section.fields.clone() {
            self.field(i, field, &mut section);
        }
        let mut rest = self.items.split_off(&(i, String::new()));
        self.items.append(&mut rest.split_off(&(i + 1, String::new())));
        if sure {
            for ((_, key), item) in rest {
                self.unknown_key(&spec.name, &section.fields, &key, &item.key, section.kind);
            }
        }
        section
    }

    /// Reads a section's `kind`. A misspelt one counts as the one it most likely was meant to be, so that the rest of
    /// the section is checked too.
    fn choose<'m>(&mut self, i: usize, kinds: Kinds, menu: &'m Menu, section: &mut Section) -> Choice<'m> {
        let path = self.specs[i].path(KIND);
        let Some(item) = self.items.remove(&(i, KIND.to_owned())) else {
            let choice = menu.default.and_then(|name| menu.get(name));
            return match choice {
                Some(kind) => {
                    section.origins.insert(KIND, Origin::Default);
                    Choice::Is(kind)
                }
                None if !kinds.required => Choice::Without,
                None => {
                    let at = section.header.clone().map_or(Origin::Default, Origin::File);
                    let problem = Problem::new(format!("`{path}` is missing")).detail(allowed(&kinds, menu));
                    let hint = section_hint(&self.specs[i]);
                    let list = kinds.list.map(|list| format!("; `{list}` shows all {}", menu.kinds.len()));
                    let hint = hint + &list.unwrap_or_default();
                    self.report(&at, problem.hint(hint));
                    Choice::Unknown
                }
            };
        };
        let origin = match &item.key {
            Origin::File(_) => Origin::File(item.value.span()),
            set => set.clone(),
        };
        let given = match item.value.get_ref() {
            DeValue::String(s) => s.to_string(),
            _ => item.source.get(item.value.span()).unwrap_or_default().to_owned(),
        };
        if let Some(kind) = menu.get(&given).filter(|_| item.value.get_ref().is_str()) {
            let is_default = menu.default == Some(kind.name) && self.has_mark(&origin);
            section.origins.insert(KIND, if is_default { Origin::Default } else { origin });
            return Choice::Is(kind);
        }
        let near = nearest(&given, menu.names());
        let mut problem = unknown_kind(&kinds, menu, &given);
        if !item.value.get_ref().is_str() && matches!(item.key, Origin::File(_)) {
            problem = problem.hint("a kind is a string: put it in quotes".to_owned());
        }
        self.report(&origin, problem);
        near.and_then(|name| menu.get(name)).map_or(Choice::Unknown, Choice::Is)
    }

    /// Reads one field, or its default.
    fn field(&mut self, i: usize, field: Field, section: &mut Section) {
        let path = self.specs[i].path(field.name);
        let Some(item) = self.items.remove(&(i, field.name.to_owned())) else {
            return self.absent(&path, field, section);
        };
        let (origin, dir) = match &item.key {
            Origin::File(_) => (Origin::File(item.value.span()), self.input.dir.as_path()),
            set => (set.clone(), Path::new("")),
        };
        let mut value = item.value;
        // On the command line a string needs no quotes, even if it looks like a number.
        if matches!(item.key, Origin::Set(_))
            && matches!(field.kind, Kind::Text | Kind::Choice(_) | Kind::File | Kind::Dir)
            && !value.get_ref().is_str()
        {
            value = Spanned::new(0..item.source.len(), DeValue::String(item.source.into()));
        }
        let reader = Reader { path: &path, source: item.source, dir };
        match reader.read(field.kind, &value) {
            Ok(value) => {
                let origin = if self.is_marked(&field, &value, &origin) { Origin::Default } else { origin };
                section.values.insert(field.name, value);
                section.origins.insert(field.name, origin);
            }
            Err(flaws) => {
                for Flaw { what, span, detail, hint } in flaws {
                    let at = if let Origin::File(_) = origin { Origin::File(span) } else { origin.clone() };
                    self.report(&at, Problem::new(what).detail(detail).hint(hint));
                }
            }
        }
    }

    /// Is this a default that stands in the file as the program wrote it there, with its mark? Then nobody gave it.
    fn is_marked(&self, field: &Field, value: &Value, origin: &Origin) -> bool {
        let default = || field.default.map(|default| value::parse_default(field, default, &self.input.dir));
        self.has_mark(origin) && matches!(default(), Some(Ok(default)) if default == *value)
    }

    /// Does the mark of defaults stand behind a value in the file?
    fn has_mark(&self, origin: &Origin) -> bool {
        let Origin::File(span) = origin else { return false };
        self.input.text[span.end..].lines().next() == Some(DEFAULT_MARK)
    }

    fn absent(&mut self, path: &str, field: Field, section: &mut Section) {
        section.origins.insert(field.name, Origin::Default);
        match field.default.map(|default| value::parse_default(&field, default, &self.input.dir)) {
            Some(Ok(value)) => drop(section.values.insert(field.name, value)),
            Some(Err(flaw)) => {
                let problem =
                    Problem::new(format!("the program's own default of `{path}` is no value of it"));
                self.report(&Origin::Default, problem.detail(format!(": {flaw}")));
            }
            None if field.required => {
                let at = section.header.clone().map_or(Origin::Default, Origin::File);
                let problem = Problem::new(format!("`{path}` is missing"));
                let detail = format!(", expected {}", expected(field.kind));
                let hint = format!("`{}`: {}", field.name, field.doc().trim_end_matches('.'));
                self.report(&at, problem.detail(detail).hint(hint));
            }
            None => {}
        }
    }

    fn unknown_key(&mut self, section: &str, fields: &[Field], key: &str, at: &Origin, kind: Option<&str>) {
        if self.counted(at) {
            return;
        }
        let spec = self.specs.iter().find(|spec| spec.name == section);
        let own = spec.and_then(|spec| spec.kinds).map(|_| KIND);
        let allowed: Vec<&str> = own.into_iter().chain(fields.iter().map(|field| field.name)).collect();
        let hint = self
            .owner(section, key, kind)
            .or_else(|| nearest(key, allowed.iter().copied()).map(|near| format!("did you mean `{near}`?")));
        let whose = match section {
            "" => String::new(),
            name => format!(" of `{name}`"),
        };
        let detail = if allowed.is_empty() {
            ", expected no key here".to_owned()
        } else {
            format!(", expected {}", one_of(allowed))
        };
        self.report(
            at,
            Problem::new(format!("unknown key `{}`{whose}", excerpt(key))).detail(detail).hint(hint),
        );
    }

    /// Says where a key would be right, if it is right somewhere else.
    fn owner(&self, section: &str, key: &str, kind: Option<&str>) -> Option<String> {
        let has = |fields: &[Field]| fields.iter().any(|field| field.name == key);
        let kinds_with = |spec: &SectionSpec| -> Vec<&'static str> {
            let menus = self.schema.menus(spec);
            let kinds = menus.iter().flat_map(|(_, menu)| &menu.kinds);
            kinds.filter(|kind| has(&kind.fields)).map(|kind| kind.name).collect()
        };
        if let Some(spec) = self.specs.iter().find(|spec| spec.name == section)
            && let (Some(kinds), Some(here)) = (spec.kinds, kind)
            && let Some(other) = kinds_with(spec).first()
        {
            return Some(format!("`{key}` belongs to the {} `{other}`, and this is `{here}`", kinds.noun));
        }
        let others = || self.schema.sections.iter().filter(|spec| spec.name != section);
        let fits = |spec: &&SectionSpec| {
            let chosen = self.kinds.get(&*spec.name);
            has(&spec.fields) || chosen.is_some_and(|kind| kinds_with(spec).contains(kind))
        };
        if let Some(spec) = others().find(fits) {
            return Some(match &*spec.name {
                "" => format!("`{key}` belongs at the top of the file, before any section"),
                name => format!("`{key}` belongs to the section `{name}`"),
            });
        }
        others().find_map(|spec| {
            let kind = *kinds_with(spec).first()?;
            Some(format!("`{key}` belongs to the section `{}` with `kind = \"{kind}\"`", spec.name))
        })
    }
}

/// What the parser says of a key that is there already.
const DUPLICATE: &str = "duplicate key";

/// Is it clear what the rest of a file means after this message of the parser?
fn is_harmless(message: &str, given: &str) -> bool {
    message == DUPLICATE || message.starts_with("string values must be quoted") && !given.is_empty()
}

/// What is said of a kind that does not exist.
pub(crate) fn unknown_kind(kinds: &Kinds, menu: &Menu, given: &str) -> Problem {
    let near = nearest(given, menu.names()).map(|name| format!("did you mean `{name}`?"));
    let all = kinds.list.map(|list| format!("`{list}` shows all {}", menu.kinds.len()));
    let hint = [near, all].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Problem::new(format!("unknown {} `{}`", kinds.noun, excerpt(given)))
        .detail(allowed(kinds, menu))
        .hint((!hint.is_empty()).then_some(hint))
}

/// The kinds in words, unless a command shows them better.
pub(crate) fn allowed(kinds: &Kinds, menu: &Menu) -> String {
    match kinds.list {
        Some(_) => String::new(),
        None => format!(", expected {}", one_of(menu.names())),
    }
}

/// How to write a section.
fn section_hint(spec: &SectionSpec) -> String {
    let key = match (spec.kinds, spec.fields.first()) {
        (Some(_), _) => "kind = \"…\"".to_owned(),
        (None, Some(field)) => format!("{} = …", field.name),
        (None, None) => "its keys".to_owned(),
    };
    format!(
        "write `[{}]` and under it `{key}`, or `--set {}`",
        spec.name,
        spec.path(&key.replace([' ', '"'], ""))
    )
}

/// The default of a field as a value, if it has one and it is right.
pub(crate) fn default_of(field: &Field) -> Option<Value> {
    field.default.and_then(|default| value::parse_default(field, default, Path::new("")).ok())
}
