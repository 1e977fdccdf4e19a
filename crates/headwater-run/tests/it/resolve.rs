//! Values, where they came from, and configurations written back as files.

use expect_test::expect;
use headwater_core::settings::{Schedule, Shape, Value};
use headwater_run::{Input, Origin, expected, json_schema, starter};

use crate::sample::{Grid, Temp, Top, Train, Wall, check, schema};

const TEXT: &str = "seed = 7\n[env]\nkind = \"hypergrid\"\nside = 1e1\n[train]\nbatch = 0x10\nlog_z = 3\n";

#[test]
fn values_come_from_the_command_line_then_the_file_then_the_defaults() {
    let checked = check(TEXT, &["train.batch=512", "seed=3", "seed=4", "env.wall=terminate"]).unwrap();
    let (top, grid, train): (Top, Grid, Train) =
        (checked.read(""), checked.read("env"), checked.read("train"));
    assert_eq!((top.seed, grid.dim, grid.side, grid.wall), (4, 2, 10, Wall::Terminate));
    assert_eq!((train.batch, train.steps, train.log_z.0, train.exact), (512, 2000, Some(3.0), true));
    assert_eq!(train.epsilon, Schedule { from: 0.5, to: 0.0, steps: 100, shape: Shape::Linear });
    assert_eq!(
        (checked.kind("env"), checked.kind("reward"), checked.kind("backup")),
        ("hypergrid", "original", "")
    );
    let origins = &checked.section("env").origins;
    assert_eq!(origins["wall"], Origin::Set(3));
    assert_eq!(origins["side"], Origin::File(TEXT.find("1e1").unwrap()..TEXT.find("1e1").unwrap() + 3));
    assert_eq!(origins["dim"], Origin::Default);
    assert!(checked.section("reward").is_default("kind") && !checked.section("env").is_default("kind"));
}

#[test]
fn on_the_command_line_a_string_needs_no_quotes() {
    let sets = ["env.kind=sequence", "train.batch=1", "reward.kind=table", "reward.path=Cargo.toml"];
    for (given, alphabet) in [
        ("ACGT", "ACGT"),
        ("\"AC\"", "AC"),
        ("10", "10"),
        ("true", "true"),
        ("a=b", "a=b"),
        ("", ""),
        ("0.10", "0.10"),
    ] {
        let set = format!("env.alphabet={given}");
        let checked =
            Input::default().set(sets).set([set, "env.weights=[ 0, 1 ]".into()]).check(&schema()).unwrap();
        assert_eq!(checked.section("env").values["alphabet"], Value::Text(alphabet.into()), "{given}");
        assert_eq!(checked.section("env").values["weights"], Value::Reals(vec![0.0, 1.0]));
    }
}

#[test]
fn the_resolved_file_says_everything() {
    let checked =
        check(TEXT, &["train.epsilon={ from = 1, to = 1e-9, steps = 3, shape = 'cosine' }"]).unwrap();
    expect![[r#"
        seed = 7

        [env]
        kind = "hypergrid"
        dim = 2  # default
        side = 10
        wall = "mask"  # default

        [reward]
        kind = "original"  # default
        r0 = 0.1  # default
        beta = 1.0  # default

        [train]
        steps = 2000  # default
        batch = 16
        epsilon = { from = 1.0, to = 1e-9, steps = 3, shape = "cosine" }
        log_z = 3.0
        exact = true  # default

        [backup]
    "#]]
    .assert_eq(&checked.resolved());
}

#[test]
fn a_resolved_file_checks_to_the_same_values() {
    let dir = Temp::new();
    dir.write("data/edges.json", "{ \"edges\": [] }\n");
    let dag = "[env]\nkind = \"dag\"\npath = \"data/../data/edges.json\"\nlabel = \"a \\\"b\\\" \\\\ \\n\\u0001\\u007f ü # x\"\n\
               [reward]\nkind = \"table\"\npath = \"data/edges.json\"\nbeta = 1e-300\n[train]\nbatch = 1\n[backup]\nkind = \"tape\"\n";
    let mut rest = vec![dag.to_owned(), TEXT.to_owned()];
    for epsilon in
        ["0.25", "{ from = 0.1, to = 0.1, steps = 9 }", "{ from = 1, to = 0.3333333333333333, steps = 0 }"]
    {
        rest.push(format!("{TEXT}epsilon = {epsilon}\n"));
    }
    for text in rest {
        let first = Input::read(&dir.write("config.toml", &text)).unwrap().check(&schema()).unwrap();
        let resolved = first.resolved();
        let second = Input::read(&dir.write("run/config.toml", &resolved)).unwrap().check(&schema()).unwrap();
        assert_eq!(first.sections.len(), second.sections.len());
        for (a, b) in first.sections.iter().zip(&second.sections) {
            assert_eq!((&a.name, a.kind, a.values.len()), (&b.name, b.kind, b.values.len()));
            for (key, value) in &a.values {
                match (value, &b.values[key]) {
                    (Value::File(a), Value::File(b)) => {
                        assert_eq!(a.bytes, b.bytes);
                        assert!(std::path::Path::new(&b.path).is_absolute() && !b.path.contains(".."));
                    }
                    (x, y) => assert_eq!(x, y, "{key}"),
                }
            }
        }
        assert_eq!(first.fingerprint(&[]), second.fingerprint(&[]));
        assert_eq!(first.differences(&second, &[]), []);
        // What is marked is nobody's choice still, unless it is changed.
        assert_eq!(second.resolved(), resolved);
    }
}

#[test]
fn fingerprints_see_every_change_and_nothing_else() {
    let dir = Temp::new();
    let (a, b) = (dir.write("a.json", "{}"), dir.write("b.json", "{ }"));
    let base = check(TEXT, &[]).unwrap();
    // Pinned: runs started by one build are resumed by another.
    expect!["41925e3254388f4e"].assert_eq(&base.fingerprint(&[]));
    let same = check(&format!("# comment\n{TEXT}steps = 2000\n"), &["reward.kind=original"]).unwrap();
    assert_eq!(base.fingerprint(&[]), same.fingerprint(&[]));
    let mut seen = std::collections::HashSet::from([base.fingerprint(&[])]);
    for set in [
        "seed=8",
        "env.side=11",
        "env.wall=terminate",
        "train.log_z=auto",
        "reward.kind=cosine",
        "backup.kind=tape",
    ] {
        assert!(seen.insert(check(TEXT, &[set]).unwrap().fingerprint(&[])), "{set}");
    }
    let table = |path: &std::path::Path| {
        check(TEXT, &["reward.kind=table", &format!("reward.path={}", path.display())]).unwrap()
    };
    assert_ne!(table(&a).fingerprint(&[]), table(&b).fingerprint(&[]));
    std::fs::write(&b, "{}").unwrap();
    assert_eq!(table(&a).fingerprint(&[]), table(&b).fingerprint(&[]));
    let longer = check(TEXT, &["train.steps=3000"]).unwrap();
    assert_ne!(base.fingerprint(&[]), longer.fingerprint(&[]));
    assert_eq!(base.fingerprint(&["train.steps"]), longer.fingerprint(&["train.steps"]));
}

#[test]
fn differences_are_named() {
    let left = check(TEXT, &["reward.r0=0.5"]).unwrap();
    let right =
        check(TEXT, &["train.steps=9", "train.batch=17", "reward.kind=cosine", "backup.kind=tape"]).unwrap();
    let lines: Vec<String> = left
        .differences(&right, &["train.steps"])
        .into_iter()
        .map(|d| format!("{} {:?} {:?}", d.key, d.left, d.right))
        .collect();
    expect![[r#"
        reward.kind Some("\"original\"") Some("\"cosine\"")
        reward.r0 Some("0.5") None
        train.batch Some("16") Some("17")
        backup.kind None Some("\"tape\"")
        backup.r0 None Some("0.1")"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_starter_explains_itself_and_is_a_configuration() {
    let text = starter(&schema(), &[("env", "hypergrid")]).unwrap();
    expect![[r##"
        # What holds for all.

        # The seed of everything random. (a whole number, at least 0)
        seed = 0  # default

        # The objects.
        [env]
        # hypergrid: a grid with rewards in its corners.
        kind = "hypergrid"  # or dag or sequence

        # Number of dimensions. (a whole number from 1 to 16)
        dim = 2  # default

        # Cells along each axis. (a whole number from 2 to 256)
        side = 8  # default

        # What happens at the wall. (mask or terminate)
        wall = "mask"  # default

        # Their scores.
        [reward]
        # original: high corners.
        kind = "original"  # or cosine or table

        # Reward far from the corners. (a number above 0 and at most 10)
        r0 = 0.1  # default

        # Exponent, also called the inverse temperature: the reward is the score to this power, so that a
        # greater value makes the sampler greedier. (a number, at least 0)
        beta = 1.0  # default

        # How long and how.
        [train]

        # Steps of training. (a whole number, at least 1)
        steps = 2000  # default

        # Trajectories per step. (a whole number from 1 to 65536, required)
        # batch = …

        # Chance of a uniform action. (a number from 0 to 1 or { from = …, to = …, steps = … })
        epsilon = { from = 0.5, to = 0.0, steps = 100, shape = "linear" }  # default

        # First value of log Z. (auto or a number)
        log_z = "auto"  # default

        # Evaluate exactly? (true or false)
        exact = true  # default

        # Nothing anyone needs.
        [backup]
        # kind = "…"  # tape
    "##]]
    .assert_eq(&text);
    let checked = Input::text("new.toml", text).set(["train.batch=16"]).check(&schema()).unwrap();
    let plain = Input::default().set(["env.kind=hypergrid", "train.batch=16"]).check(&schema()).unwrap();
    assert_eq!(checked.fingerprint(&[]), plain.fingerprint(&[]));
    let problems = starter(&schema(), &[("env", "hypergird"), ("train", "x"), ("evn", "x")]).unwrap_err();
    expect![[r#"
        error: unknown section `train`, expected `env`, `reward` or `backup`

        error: unknown section `evn`, expected `env`, `reward` or `backup`

        hint: did you mean `env`?"#]]
    .assert_eq(&problems.to_string());
    assert!(starter(&schema(), &[]).unwrap().contains("kind = \"dag\""));
}

#[test]
fn editors_get_a_json_schema() {
    let json = json_schema(&schema());
    expect_test::expect_file!["schema.json"].assert_eq(&format!("{json:#}\n"));
}

#[test]
fn expectations_in_words() {
    use headwater_core::settings::Kind;
    for (kind, words) in [
        (Kind::Int { min: 1, max: i64::MAX }, "a whole number, at least 1"),
        (Kind::Int { min: i64::MIN, max: i64::MAX }, "a whole number"),
        (Kind::Int { min: i64::MIN, max: 3 }, "a whole number, at most 3"),
        (Kind::Real { min: 0.0, max: 1.0 }, "a number from 0 to 1"),
        (Kind::Real { min: f64::NEG_INFINITY, max: f64::MAX }, "a number"),
        (Kind::Real { min: f64::MIN_POSITIVE, max: f64::MAX }, "a number above 0"),
        (Kind::Real { min: 1e-12, max: 1e9 }, "a number from 1e-12 to 1e9"),
    ] {
        assert_eq!(expected(kind), words);
    }
}
