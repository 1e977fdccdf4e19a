//! The schema of a configuration as JSON Schema (draft 2020-12), for editors.

use headwater_core::settings::{Field, Kind, Schedule, Shape, Value};
use serde_json::{Map, Value as Json, json};

use crate::check::default_of;
use crate::schema::{KIND, KindSpec, Menu};
use crate::{Schema, SectionSpec};

/// The JSON Schema of every configuration that `schema` accepts, but for rules that relate several values.
pub fn json_schema(schema: &Schema) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut rules = Vec::new();
    for spec in &schema.sections {
        if spec.name.is_empty() {
            properties.extend(fields(&spec.fields));
            required.extend(needs(&spec.fields));
            continue;
        }
        let after = spec.kinds.and_then(|kinds| kinds.after);
        let menus = schema.menus(spec);
        let mut must = spec.fields.iter().any(|field| field.required);
        match after {
            None => drop(
                properties.insert(spec.name.to_string(), section(spec, menus.first().map(|(_, menu)| menu))),
            ),
            Some(after) => {
                properties
                    .insert(spec.name.to_string(), json!({ "description": spec.doc, "type": "object" }));
                rules.extend(menus.iter().map(|(kind, menu)| depending(schema, spec, after, kind, menu)));
            }
        }
        must |=
            spec.kinds.is_some_and(|k| k.required) && menus.iter().all(|(_, menu)| menu.default.is_none());
        required.extend(must.then(|| json!(&*spec.name)));
    }
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Headwater configuration",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if !rules.is_empty() {
        root["allOf"] = Json::Array(rules);
    }
    root
}

/// The rule for a section whose menu depends on the kind of another.
fn depending(schema: &Schema, spec: &SectionSpec, after: &str, kind: &str, menu: &Menu) -> Json {
    let is_default = schema
        .section(after)
        .is_some_and(|other| schema.menus(other).iter().any(|(_, menu)| menu.default == Some(kind)));
    let mut then = json!({ "properties": { &*spec.name: section(spec, Some(menu)) } });
    if spec.kinds.is_some_and(|kinds| kinds.required) && menu.default.is_none() {
        then["required"] = json!([&*spec.name]);
    }
    json!({ "if": is_kind(after, kind, is_default), "then": then })
}

/// Holds if section `name` has this kind.
fn is_kind(name: &str, kind: &str, is_default: bool) -> Json {
    let of_kind = json!({ "properties": { KIND: { "const": kind } } });
    if is_default {
        return json!({ "properties": { name: of_kind } });
    }
    let mut of_kind = of_kind;
    of_kind["required"] = json!([KIND]);
    json!({ "properties": { name: of_kind }, "required": [name] })
}

/// A section, given its menu if it has one.
fn section(spec: &SectionSpec, menu: Option<&Menu>) -> Json {
    let mut properties = Map::new();
    let mut required: Vec<Json> = needs(&spec.fields).collect();
    let mut rules = Vec::new();
    if let Some(menu) = menu {
        properties.insert(KIND.to_owned(), kind_property(spec, menu));
        if spec.kinds.is_some_and(|kinds| kinds.required) && menu.default.is_none() {
            required.insert(0, json!(KIND));
        }
        rules.extend(menu.kinds.iter().map(|kind| {
            let mut rule = kind_rule(kind, menu.default == Some(kind.name));
            // Parts have names of the user's.
            if spec.parts.as_ref().is_some_and(|parts| parts.of == kind.name) {
                rule["then"]["additionalProperties"] = json!(true);
            }
            rule
        }));
    }
    properties.extend(fields(&spec.fields));
    let mut out = json!({
        "description": spec.doc,
        "type": "object",
        "properties": properties,
        "required": required,
        "unevaluatedProperties": false,
    });
    if !rules.is_empty() {
        out["allOf"] = Json::Array(rules);
    }
    out
}

fn kind_property(spec: &SectionSpec, menu: &Menu) -> Json {
    let kinds: Vec<Json> =
        menu.kinds.iter().map(|kind| json!({ "const": kind.name, "description": kind.summary })).collect();
    let noun = spec.kinds.map_or("", |kinds| kinds.noun);
    let mut property = json!({ "description": format!("The {noun}."), "oneOf": kinds });
    if let Some(default) = menu.default {
        property["default"] = json!(default);
    }
    property
}

fn kind_rule(kind: &KindSpec, is_default: bool) -> Json {
    let mut condition = json!({ "properties": { KIND: { "const": kind.name } } });
    if !is_default {
        condition["required"] = json!([KIND]);
    }
    let required: Vec<Json> = needs(&kind.fields).collect();
    let properties: Map<String, Json> = fields(&kind.fields).collect();
    json!({ "if": condition, "then": { "properties": properties, "required": required } })
}

fn needs(fields: &[Field]) -> impl Iterator<Item = Json> {
    fields.iter().filter(|field| field.required).map(|field| json!(field.name))
}

fn fields(fields: &[Field]) -> impl Iterator<Item = (String, Json)> {
    fields.iter().map(|field| {
        let mut property = Map::new();
        property.insert("description".to_owned(), json!(field.doc()));
        if let Json::Object(kind) = of_kind(field.kind) {
            property.extend(kind);
        }
        property.extend(default_of(field).map(|value| ("default".to_owned(), to_json(&value))));
        (field.name.to_owned(), Json::Object(property))
    })
}

fn number(min: f64, max: f64) -> Json {
    let mut out = json!({ "type": "number" });
    // Bounds that say no more than "finite" would only tire the reader.
    if min > 0.0 && min <= f64::MIN_POSITIVE {
        out["exclusiveMinimum"] = json!(0);
    } else if min > -f64::MAX {
        out["minimum"] = json!(min);
    }
    if max < f64::MAX {
        out["maximum"] = json!(max);
    }
    out
}

fn of_kind(kind: Kind) -> Json {
    match kind {
        Kind::Int { min, max } => {
            let mut out = json!({ "type": "integer", "minimum": min });
            if max < i64::MAX {
                out["maximum"] = json!(max);
            }
            out
        }
        Kind::Real { min, max } => number(min, max),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Text | Kind::File | Kind::Dir => json!({ "type": "string" }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Choice(names) => json!({ "enum": names }),
        Kind::Reals { min, max } => json!({ "type": "array", "items": number(min, max) }),
        Kind::AutoReal => json!({ "oneOf": [{ "const": "auto" }, { "type": "number" }] }),
        Kind::Schedule { min, max } => json!({ "oneOf": [number(min, max), {
            "type": "object",
            "properties": {
                "from": number(min, max),
                "to": number(min, max),
                "steps": { "type": "integer", "minimum": 0 },
                "shape": { "enum": Shape::NAMES, "default": Shape::Linear.name() },
            },
            "required": ["from", "to", "steps"],
            "additionalProperties": false,
        }] }),
    }
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Int(i) => json!(i),
        Value::Real(x) | Value::AutoReal(Some(x)) => json!(x),
        Value::AutoReal(None) => json!("auto"),
        Value::Bool(b) => json!(b),
        Value::Text(s) => json!(s),
        Value::Texts(v) => json!(v),
        Value::File(file) => json!(file.path),
        Value::Dir(path) => json!(path),
        Value::Reals(v) => json!(v),
        Value::Schedule(s) if *s == Schedule::constant(s.to) => json!(s.to),
        Value::Schedule(s) => {
            json!({ "from": s.from, "to": s.to, "steps": s.steps, "shape": s.shape.name() })
        }
    }
}
