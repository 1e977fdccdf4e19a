//! What bad settings are told.

use headwater_core::settings::{Value, defaults};
use headwater_envs::{Section, find};

use crate::explore::env_values;

/// Builds `env` (with `reward`) and expects a refusal.
#[track_caller]
fn refused(
    env: &str,
    set: &[(&'static str, Value)],
    reward: Option<(&str, &'static str, Value)>,
    expected: (Section, &str, &str),
) {
    let entry = find(env).expect("the environment exists");
    let values = env_values(entry, set);
    let reward = reward.map(|(name, field, value)| {
        let fields = entry.reward(name).expect("the reward exists").entry.fields;
        let mut values = defaults(fields).expect("every field has a default");
        values.insert(field, value);
        (name, values)
    });
    let built = entry.build(&values, reward.as_ref().map(|(name, values)| (*name, values)));
    let error = built.err().expect("the settings are refused");
    let (section, field, message) = expected;
    assert_eq!((error.section, error.error.field), (section, Some(field)));
    assert_eq!(error.to_string(), message);
}

fn int(i: i64) -> Value {
    Value::Int(i)
}

fn text(t: &str) -> Value {
    Value::Text(t.to_owned())
}

#[test]
fn settings_that_do_not_fit_together_are_refused() {
    use Section::{Env, Reward};
    refused(
        "subsets",
        &[("n", int(5)), ("max_size", int(6))],
        None,
        (Env, "max_size", "subsets of 5 elements cannot have `6`"),
    );
    refused(
        "subsets",
        &[("min_size", int(4)), ("max_size", int(3))],
        None,
        (Env, "min_size", "the smallest size `4` is above the largest, `3`"),
    );
    refused(
        "subsets",
        &[("n", int(3))],
        Some(("energies", "energies", Value::Reals(vec![1.0, 2.0]))),
        (Reward, "energies", "`2` values are given for 3 elements"),
    );
    refused(
        "strings",
        &[("min_len", int(9))],
        None,
        (Env, "min_len", "the smallest length `9` is above the largest, `8`"),
    );
    for (alphabet, message) in [
        ("", "`` has 0 characters instead of 1 to 128"),
        ("abca", "`a` is in the alphabet `abca` twice"),
        (
            "a\tb",
            "`\\t` cannot be in an alphabet: `ε` is the empty string, and blanks, commas and quotes separate strings \
             in lists",
        ),
        (
            "aε",
            "`ε` cannot be in an alphabet: `ε` is the empty string, and blanks, commas and quotes separate strings \
             in lists",
        ),
    ] {
        refused("strings", &[("alphabet", text(alphabet))], None, (Env, "alphabet", message));
    }
    let dna = [("alphabet", text("ACGT")), ("max_len", int(4))];
    refused(
        "strings",
        &dna,
        Some(("hamming", "modes", text("ACGT,ACGU"))),
        (Reward, "modes", "`ACGU` has characters that are not in `ACGT`"),
    );
    refused(
        "strings",
        &dna,
        Some(("hamming", "modes", text("ACGT,ACG"))),
        (Reward, "modes", "`ACG` has 3 characters instead of 4 to 4"),
    );
    refused(
        "strings",
        &dna,
        Some(("motifs", "motifs", text("AC,,G"))),
        (Reward, "motifs", "`` has 0 characters instead of 1 to 4"),
    );
}

#[test]
fn settings_written_by_hand_are_checked_too() {
    use headwater_envs::{Registered, binary_tree, hypergrid, subsets};
    let grid = |dim, side| {
        let config = hypergrid::Config { dim, side, wall: hypergrid::Wall::Mask };
        hypergrid::Hypergrid::from_config(config).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(grid(17, 8), Err("`17` is not in 1..=16".into()));
    assert_eq!(grid(2, 257), Err("`257` is not in 2..=256".into()));
    assert!(binary_tree::BinaryTree::from_config(binary_tree::Config { depth: 64 }).is_err());
    assert!(subsets::Subsets::from_config(subsets::Config { n: 65, min_size: 0, max_size: None }).is_err());
}
