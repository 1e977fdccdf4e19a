//! The numbers in the tables of the environments' files: none is there that no test computes.

use headwater_core::settings::{File, Value, defaults};
use headwater_core::{Environment, Settings};
use headwater_envs::Registered;
use headwater_envs::binary_tree::BinaryTree;
use headwater_envs::choice::Choice;
use headwater_envs::dag::Dag;
use headwater_envs::dominating_set::DominatingSet;
use headwater_envs::hypergrid::Hypergrid;
use headwater_envs::independent_set::IndependentSet;
use headwater_envs::line::Line;
use headwater_envs::strings::Strings;
use headwater_envs::subsets::Subsets;

use crate::explore::native_log_z;

type Set<'a> = &'a [(&'static str, Value)];

/// log Z of an instance with these settings, of its environment and of its reward.
fn log_z<E: Registered>(env: Set<'_>, reward: &str, set: Set<'_>) -> f64 {
    let mut values = defaults(E::Config::FIELDS).unwrap_or_default();
    values.extend(env.iter().cloned());
    native_log_z(&E::from_config(E::Config::read(&values)).unwrap(), reward, set)
}

fn int(i: i64) -> Value {
    Value::Int(i)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn log_z_is_what_the_tables_say() {
    let petersen = || {
        let file = include_bytes!("../../../../examples/graphs/petersen.col");
        ("graph", Value::File(File::new("petersen.col", file.to_vec())))
    };
    let any = ("maximal", Value::Bool(false));
    let toy = native_log_z(&Dag::small()[0], "given", &[]);
    let cells = |dim, wall: &str| [("dim", int(dim)), ("wall", text(wall))];
    let both_ends = [("max_len", int(4)), ("growth", text("prepend-append"))];
    let weights = [("weights", Value::Reals(vec![1.0, 3.0]))];
    let zeros = [("energies", Value::Reals(vec![0.0; 5]))];
    for (found, table) in [
        (log_z::<BinaryTree>(&[("depth", int(4))], "index", &[]), 4.912655),
        (log_z::<Choice>(&[], "weights", &weights), 1.386294),
        (toy, 4.718499),
        (log_z::<DominatingSet>(&[petersen()], "size", &[]), -0.400024),
        (log_z::<Hypergrid>(&cells(2, "terminate"), "original", &[]), 3.081910),
        (log_z::<Hypergrid>(&cells(4, "terminate"), "original", &[]), 6.222179),
        (log_z::<IndependentSet>(&[petersen(), any], "size", &[]), 7.025904),
        (log_z::<IndependentSet>(&[petersen()], "size", &[]), 6.160883),
        (log_z::<Line>(&[], "mixture", &[]), 1.609438),
        (log_z::<Strings>(&[("max_len", int(5))], "hamming", &[]), 2.126504),
        (log_z::<Strings>(&[("max_len", int(5)), ("min_len", int(0))], "motifs", &[]), 6.259961),
        (log_z::<Strings>(&both_ends, "hamming", &[]), 1.750077),
        (
            log_z::<Subsets>(&[("n", int(4)), ("min_size", int(2)), ("max_size", int(2))], "additive", &[]),
            3.583519,
        ),
        (
            log_z::<Subsets>(
                &[("n", int(5)), ("min_size", int(1)), ("max_size", int(4))],
                "energies",
                &zeros,
            ),
            3.401197,
        ),
    ] {
        assert!((found - table).abs() < 6e-7, "{found} instead of {table}");
    }
}

#[test]
fn every_log_z_in_a_table_is_in_a_test() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = |dir: &str| -> Vec<String> {
        let mut all = Vec::new();
        let mut open = vec![root.join(dir)];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                match path.extension() {
                    Some(rs) if rs == "rs" => all.push(std::fs::read_to_string(path).unwrap()),
                    None => open.push(path),
                    Some(_) => {}
                }
            }
        }
        all
    };
    let tests = texts("tests/it").concat();
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let decimals = |number: &str| number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let (mut missing, mut found) = (Vec::new(), 0);
    for source in texts("src") {
        for line in source.lines().filter(|line| line.starts_with("//! |")) {
            for number in line.split(|c| !is_number(c)).filter(|number| decimals(number) >= 6) {
                found += 1;
                if !tests.contains(number) {
                    missing.push(format!("{number} in `{line}`"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "no test computes {missing:#?}");
    assert!(found > 30, "only {found} numbers were found in the tables");
}
