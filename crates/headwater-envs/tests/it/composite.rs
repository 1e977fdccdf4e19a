//! Composites: their sizes, what they say, and what does not fit together.

use headwater_core::settings::{Value, Values, defaults};
use headwater_core::{Environment, Stop};
use headwater_envs::composite::{Composite, NamedPart, Order, PartConfig};
use headwater_envs::find;

use crate::explore::{explore, native_log_z, walk};

fn part(name: &str, kind: &str, settings: &[(&'static str, Value)]) -> NamedPart {
    let entry = find(kind).expect("registered");
    let mut values: Values = defaults(entry.entry.fields).expect("it has defaults");
    values.extend(settings.iter().cloned());
    let env = entry.part(&values).expect("good settings");
    NamedPart { name: name.to_owned(), env, config: PartConfig { when: None, is: None } }
}

fn when(part: NamedPart, when: &str, is: &[&str]) -> NamedPart {
    let is = Some(is.iter().map(|&name| name.to_owned()).collect());
    NamedPart { config: PartConfig { when: Some(when.to_owned()), is }, ..part }
}

fn choice(name: &str, options: &str) -> NamedPart {
    part(name, "choice", &[("options", Value::Text(options.to_owned()))])
}

fn row(name: &str, side: i64) -> NamedPart {
    part(name, "hypergrid", &[("dim", Value::Int(1)), ("side", Value::Int(side))])
}

fn bits(name: &str) -> NamedPart {
    part(name, "bits", &[("n", Value::Int(2)), ("k", Value::Int(1))])
}

fn composite(order: Order, parts: Vec<NamedPart>) -> Composite {
    Composite::new(order, parts).unwrap_or_else(|e| panic!("{e:?}"))
}

#[test]
fn composites_have_the_sizes_of_their_table() {
    for (env, states, edges, objects) in [
        (composite(Order::Any, vec![row("a", 3), row("b", 5)]), 15, 22, 15.0),
        (composite(Order::Stack, vec![choice("what", "a,b"), bits("bits")]), 15, 14, 8.0),
        (composite(Order::Stack, vec![choice("what", "a,b"), when(bits("bits"), "what", &["a"])]), 9, 8, 5.0),
        // A row of three may stop anywhere: two finishing edges and one that must.
        (composite(Order::Stack, vec![row("a", 3), row("b", 2)]), 8, 2 + 2 + 3, 6.0),
    ] {
        let graph = explore(&env);
        assert_eq!((graph.states.len(), graph.n_edges), (states, edges));
        assert_eq!(graph.depth.iter().max(), Some(&env.max_len()));
        let log_z = native_log_z(&env, "uniform", &[]);
        assert!((log_z - f64::ln(objects)).abs() < 1e-9, "{log_z}");
    }
}

#[test]
fn a_stack_is_built_part_by_part_and_back() {
    let parts = || vec![choice("what", "a;b,c"), when(bits("bits"), "what", &["c"]), row("row", 3)];
    let env = composite(Order::Stack, parts());
    // Labels: 2 of the choice, 2 of the bits, 1 of the row, 2 of finishing.
    assert_eq!(env.n_actions(), 7);
    assert_eq!(walk(env, &[0, 4]), ["?", "a\\;b ; .. ; 0", "a\\;b ; .. ; 1"], "the bits are passed over");
    let env = composite(Order::Stack, parts());
    assert_eq!(walk(env, &[1, 3, 2])[..4], ["?", "c ; ..", "c ; 1.", "c ; 10 ; 0"]);
    let env = composite(Order::Stack, parts());
    for text in [
        "c ; 10",
        "c ; 1. ; 0",
        "a\\;b ; 10 ; 0",
        "a\\;b ; ..",
        "? ; ..",
        "c ; 10 ; 0 ; 0",
        "a;b ; .. ; 0",
        "c\\c",
    ] {
        assert_eq!(env.parse(text), None, "{text}");
    }
    let object = env.parse("c ; 10 ; 2").expect("a state");
    assert_eq!(env.stop(&object), Stop::Must);
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let many = part(
        "many",
        "bits",
        &[("n", Value::Int(128)), ("k", Value::Int(8)), ("growth", Value::Text("fill".into()))],
    );
    assert!(Composite::new(Order::Any, vec![many]).is_ok(), "4,096 labels are allowed");
    for (order, parts, at, message) in [
        (Order::Any, vec![], None, "a composite has no parts"),
        (
            Order::Any,
            vec![row("a b", 2)],
            Some(0),
            "`a b` is no name of a part: write letters, digits and `_`",
        ),
        (Order::Any, vec![row("a", 2), bits("a")], Some(1), "two parts are called `a`"),
        (
            Order::Any,
            vec![choice("c", "x"), when(row("a", 2), "c", &["x"])],
            Some(1),
            "only a part of a stack can depend on another",
        ),
        (
            Order::Stack,
            vec![row("a", 2), when(row("b", 2), "a", &["x"])],
            Some(1),
            "`a` is no earlier part of kind `choice`",
        ),
        (
            Order::Stack,
            vec![choice("c", "x,y"), when(row("b", 2), "c", &["z"])],
            Some(1),
            "`z` is no option of `c`",
        ),
    ] {
        match Composite::new(order, parts) {
            Ok(_) => panic!("accepted, and not: {message}"),
            Err(e) => assert_eq!((e.part, &*e.error.message), (at, message)),
        }
    }
}
