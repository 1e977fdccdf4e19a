//! What bad settings are told.

use headwater_core::settings::{File, Value, defaults};
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
        // A field without a default is the one that is set.
        let mut values = defaults(fields).unwrap_or_default();
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
    refused("strings", &[("alphabet", text("@dan"))], None, (Env, "alphabet", "there is no alphabet `@dan`"));
    let mirrored = [("reversal", Value::Bool(true))];
    let message = "strings that are the same read from either end grow at both";
    refused("strings", &mirrored, None, (Env, "reversal", message));
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
fn bit_strings_and_spins_that_do_not_fit_are_refused() {
    use Section::{Env, Reward};
    let words = "words of `3` bits do not fill a string of 8";
    refused("bits", &[("n", int(8)), ("k", int(3))], None, (Env, "k", words));
    for (modes, message) in [
        ("00110011,0101", "`0101` is no string of 8 zeros and ones"),
        ("0011001.", "`0011001.` is no string of 8 zeros and ones"),
        ("001100..", "`001100..` is no string of 8 zeros and ones"),
        ("00110012", "`00110012` is no string of 8 zeros and ones"),
        ("", "`` is no string of 8 zeros and ones"),
    ] {
        let modes = Some(("hamming", "modes", text(modes)));
        refused("bits", &[("n", int(8))], modes.clone(), (Reward, "modes", message));
        let modes = modes.map(|(_, field, value)| ("hamming-per-bit", field, value));
        refused("bits", &[("n", int(8))], modes, (Reward, "modes", message));
    }
    let sites = "`6` sites along each of 3 dimensions are more than 128";
    refused("ising", &[("dim", int(3)), ("side", int(6))], None, (Env, "side", sites));
    for (couplings, message) in [
        ("0,1\n1,0\n", "`j.csv` is to have 3 rows of 3 numbers, and line 1 has 2"),
        ("0,1,2\n1,0,3\n\n2,3\n", "`j.csv` is to have 3 rows of 3 numbers, and line 4 has 2"),
        ("0,1,2\n1,0,3\n", "`j.csv` is to have 3 rows of 3 numbers, and has 2 rows"),
        ("", "`j.csv` is to have 3 rows of 3 numbers, and has 0 rows"),
        ("a,b,c\n0,1,2\n1,0,3\n2,3,0\n", "j.csv:1:1: `a` is not a finite number"),
        ("0,1,2\n1,0,inf\n2,3,0\n", "j.csv:2:5: `inf` is not a finite number"),
    ] {
        let file = Value::File(File::new("j.csv", couplings));
        let spins = [("dim", int(1)), ("side", int(3))];
        refused("ising", &spins, Some(("couplings", "couplings", file)), (Reward, "couplings", message));
    }
    let file = Value::File(File::new("j.csv", b"0,1\n\xff".as_slice()));
    let message = "j.csv:2: byte 4 of the file is not text in UTF-8";
    refused("ising", &[], Some(("couplings", "couplings", file)), (Reward, "couplings", message));
}

#[test]
fn settings_written_by_hand_are_checked_too() {
    use headwater_envs::{NativeReward, Registered, binary_tree, bits, hypergrid, ising, subsets};
    let grid = |dim, side| {
        let config = hypergrid::Config { dim, side, wall: hypergrid::Wall::Mask };
        hypergrid::Hypergrid::from_config(config).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(grid(17, 8), Err("`17` is not in 1..=16".into()));
    assert_eq!(grid(2, 257), Err("`257` is not in 2..=256".into()));
    assert!(binary_tree::BinaryTree::from_config(binary_tree::Config { depth: 64 }).is_err());
    assert!(subsets::Subsets::from_config(subsets::Config { n: 65, min_size: 0, max_size: None }).is_err());
    let bits = |n, k| bits::Bits::from_config(bits::Config { n, k, growth: bits::Growth::Append });
    assert!([(0, 1), (129, 1), (128, 0), (22, 11)].into_iter().all(|(n, k)| bits(n, k).is_err()));
    let no_modes = bits::ModesConfig { modes: None, n_modes: 0, seed: 0 };
    assert!(bits::Hamming::from_config(no_modes, &bits(8, 2).expect("in range")).is_err());
    let spins = |dim, side| ising::Ising::from_config(ising::Config { dim, side });
    assert!(
        [(0, 2), (8, 2), (1, 1), (1, 129), (2, 12), (7, 3)].into_iter().all(|(d, s)| spins(d, s).is_err())
    );
    assert!([(7, 2), (1, 128), (2, 11), (3, 5)].into_iter().all(|(d, s)| spins(d, s).is_ok()));
}

#[test]
fn knapsacks_permutations_and_assignments_that_do_not_fit_are_refused() {
    use Section::{Env, Reward};
    let reals = |x: &[f64]| Value::Reals(x.to_vec());
    let texts = |t: &[&str]| Value::Texts(t.iter().map(|&t| t.to_owned()).collect());
    let file = |text: &str| Value::File(File::new("m.csv", text));
    let heavy = [("weights", reals(&[2.0, 3.0])), ("capacity", Value::Real(1.0))];
    let message = "a capacity of `1` holds nothing: the lightest item weighs 2";
    refused("knapsack", &heavy, None, (Env, "capacity", message));
    let three = [("weights", reals(&[2.0, 3.0, 4.0]))];
    let message = "`1` values are given for 3 items";
    refused("knapsack", &three, Some(("value", "values", reals(&[1.0]))), (Reward, "values", message));
    let n = [("n", int(3))];
    let message = "`0 1 1` is no order of 0 to 2";
    refused(
        "permutations",
        &n,
        Some(("mallows", "reference", text("0 1 1"))),
        (Reward, "reference", message),
    );
    let message = "m.csv:2:3: `x` is not a finite number";
    refused("permutations", &n, Some(("costs", "costs", file("1,2,3\n4,x,6\n"))), (Reward, "costs", message));
    let message = "`m.csv` is to have 3 rows of 3 numbers, and line 2 has 2";
    refused("permutations", &n, Some(("tour", "costs", file("1,2,3\n4,5\n"))), (Reward, "costs", message));
    let message = "`4:0` is no pair of 4 agents and 4 posts";
    refused("assignments", &[("forbidden", texts(&["4:0"]))], None, (Env, "forbidden", message));
    let all = [("agents", int(1)), ("posts", int(1)), ("forbidden", texts(&["0:0"]))];
    refused("assignments", &all, None, (Env, "forbidden", "no agent can have any post"));
}
