//! Composites small enough to enumerate, between them covering what parts can do.

use headwater_core::settings::{Value, Values, defaults};

use super::{Composite, NamedPart, Order, PartConfig};
use crate::find;

/// A part of kind `kind` with its defaults but for `settings`.
fn part(
    name: &str,
    kind: &str,
    settings: &[(&'static str, Value)],
    when: Option<(&str, &[&str])>,
) -> NamedPart {
    let entry = find(kind).expect("the kind is registered");
    let mut values: Values = defaults(entry.entry.fields).expect("the kinds here have defaults");
    values.extend(settings.iter().cloned());
    let env = entry.part(&values).expect("the settings here are good");
    let config = PartConfig {
        when: when.map(|(when, _)| when.to_owned()),
        is: when.map(|(_, is)| is.iter().map(|&name| name.to_owned()).collect()),
    };
    NamedPart { name: name.to_owned(), env, config }
}

/// Each order; parts that must stop, that may, and that are only built where a choice says so, the last one among them.
pub(super) fn composites() -> Vec<Composite> {
    let int = Value::Int;
    let text = |t: &str| Value::Text(t.to_owned());
    let grid = |name| part(name, "hypergrid", &[("dim", int(1)), ("side", int(4))], None);
    let set = |name| part(name, "subsets", &[("n", int(3))], None);
    let bits = |name, when| part(name, "bits", &[("n", int(2)), ("k", int(1))], when);
    let choice = |name, options| part(name, "choice", &[("options", text(options))], None);
    let words = |name, when| {
        part(name, "strings", &[("alphabet", text("ab")), ("min_len", int(0)), ("max_len", int(2))], when)
    };
    [
        (Order::Any, vec![grid("row"), set("set")]),
        (Order::Any, vec![bits("first", None), choice("what", "x; y,z"), words("word", None)]),
        (Order::Stack, vec![choice("what", "a,b"), bits("bits", None)]),
        (Order::Stack, vec![choice("what", "a,b"), bits("bits", Some(("what", &["a"])))]),
        (Order::Stack, vec![set("set"), grid("row"), words("word", None)]),
        (
            Order::Stack,
            vec![
                choice("what", "a,b,c"),
                words("word", Some(("what", &["a", "b"]))),
                choice("then", "d,e"),
                bits("bits", Some(("then", &["e"]))),
                words("end", Some(("what", &["b"]))),
            ],
        ),
    ]
    .into_iter()
    .map(|(order, parts)| Composite::new(order, parts).expect("the parts here fit together"))
    .collect()
}
