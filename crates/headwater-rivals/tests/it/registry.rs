//! The list of methods.

use headwater_core::settings::defaults;
use headwater_rivals::{find, methods};

#[test]
fn methods_are_sorted_and_say_what_they_are() {
    let names: Vec<&str> = methods().iter().map(|m| m.entry.name).collect();
    assert!(names.is_sorted() && names.windows(2).all(|w| w[0] != w[1]), "{names:?}");
    for m in methods() {
        let entry = m.entry;
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(entry.name.chars().all(kebab), "`{}` is not in kebab case", entry.name);
        for line in [entry.summary, entry.formula, entry.reference] {
            assert!(
                !line.is_empty() && !line.contains('\n') && !line.ends_with('.'),
                "{}: {line}",
                entry.name
            );
        }
        assert!(entry.fields.iter().all(|f| !f.doc.trim().is_empty()), "{}", entry.name);
        assert!(defaults(entry.fields).is_ok(), "{} has no defaults", entry.name);
        assert_eq!(find(entry.name).unwrap().entry.name, entry.name);
    }
    assert!(find("no-such-method").is_none());
}
