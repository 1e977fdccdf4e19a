//! Files that a configuration names, errors that come up later, and schemas that are wrong themselves.

use expect_test::{Expect, expect};
use headwater_core::SettingError;
use headwater_core::settings::{Field, Kind, Value};
use headwater_run::{Input, Schema, SectionSpec};

use crate::sample::{GOOD, Temp, check, schema};

#[test]
fn files_that_cannot_be_read() {
    let dir = Temp::new();
    dir.write("data/edges.json", "{}");
    dir.write("data/blob", [65, 255, 0]);
    let config =
        dir.write("config.toml", "[env]\nkind = \"dag\"\npath = \"data/edgse.json\"\n[train]\nbatch = 1\n");
    let fails = |text: &str, expect: Expect| {
        std::fs::write(&config, text).unwrap();
        let problems = Input::read(&config).unwrap().set(["reward.kind=table", "reward.path=nowhere/x.csv"]);
        expect.assert_eq(&dir.mask(problems.check(&schema()).unwrap_err()));
    };
    let text = std::fs::read_to_string(&config).unwrap();
    fails(
        &text,
        expect![[r#"
            error: `env.path` names the unreadable file `data/edgse.json` in TMP/config.toml:3:8: there is no such file or directory

            hint: did you mean `edges.json`?

            error: `reward.path` names the unreadable file `nowhere/x.csv` in `--set reward.path=nowhere/x.csv`: there is no such file or directory

            hint: the path is taken relative to `.`"#]],
    );
    // Some files are no text, and only who reads them knows.
    fails(
        &text.replace("edgse.json", "blob"),
        expect![[r#"
            error: `reward.path` names the unreadable file `nowhere/x.csv` in `--set reward.path=nowhere/x.csv`: there is no such file or directory

            hint: the path is taken relative to `.`"#]],
    );
    fails(
        &text.replace("/edgse.json", ""),
        expect![[r#"
            error: `env.path` names the unreadable file `data` in TMP/config.toml:3:8: it is a directory

            error: `reward.path` names the unreadable file `nowhere/x.csv` in `--set reward.path=nowhere/x.csv`: there is no such file or directory

            hint: the path is taken relative to `.`"#]],
    );
    let missing = Input::read(&dir.path("gird.toml")).unwrap_err();
    expect![[r#"
        error: cannot read `TMP/gird.toml`: there is no such file or directory

        hint: `headwater config init` prints a file to start from"#]]
    .assert_eq(&dir.mask(missing));
    let blob = Input::read(&dir.path("data/blob")).unwrap_err();
    expect!["error: cannot read `TMP/data/blob`: byte 1, in line 1, is not text in UTF-8"]
        .assert_eq(&dir.mask(blob));
}

#[test]
fn errors_of_building_point_at_the_value_that_is_to_blame() {
    let error = |field: &'static str| SettingError::at(field, "16^64 cells do not fit").hint("try less");
    let given = check(&GOOD.replace("[train]", "side = 64\n[train]"), &["env.dim=16"]).unwrap();
    let blame = |field| given.blame("env", &error(field)).to_string();
    expect![[r#"
        error: 16^64 cells do not fit in grid.toml:4:8

        hint: try less"#]]
    .assert_eq(&blame("side"));
    expect![[r#"
        error: 16^64 cells do not fit in `--set env.dim=16`

        hint: try less"#]]
    .assert_eq(&blame("dim"));
    expect![[r#"
        error: 16^64 cells do not fit in grid.toml:1:2

        hint: try less"#]]
    .assert_eq(&blame("wall"));
    let nothing = SettingError { field: None, message: "no room".into(), hint: None };
    expect!["error: no room in grid.toml"].assert_eq(&given.blame("reward", &nothing).to_string());
    let bare = Input::default().set(["env.kind=hypergrid", "train.batch=1"]).check(&schema()).unwrap();
    expect!["error: no room in `--set env.kind=hypergrid`"]
        .assert_eq(&bare.blame("env", &nothing).to_string());
}

#[test]
fn schemas_are_checked_too() {
    assert_eq!(schema().faults(), Vec::<String>::new());
    let field = |name, kind, default| Field { name, doc: "", kind, default, required: false };
    let int = Kind::Int { min: 0, max: 3 };
    let fields = [
        field("a", int, Some("4")),
        field("a", int, Some("x")),
        field("kind", Kind::Choice(&["b"]), Some("'c'")),
    ];
    let mut bad = schema();
    bad.sections.push(SectionSpec::plain("train", "", &fields));
    bad.sections[2].kinds.as_mut().unwrap().after = Some("train");
    expect![[r#"
        key `a` of `train` has no documentation
        key `a` of `train` is there twice
        key `kind` of `train` has no documentation
        key `kind` of `train` is there twice
        section `train` is there twice
        the default of `a` of `train`: `a` is `4`, expected a whole number from 0 to 3
        the default of `a` of `train`: `x`: string values must be quoted, expected literal string
        the default of `kind` of `train`: `kind` is `'c'`, expected `b`
        the kinds of `reward` depend on `train`, no earlier section with kinds"#]]
    .assert_eq(&bad.faults().join("\n"));
    // A default that is no value is the program's fault, and still only a message.
    let bad = Schema { sections: vec![SectionSpec::plain("", "", &fields[..1])] };
    expect!["error: the program's own default of `a` is no value of it: `a` is `4`, expected a whole number from 0 to 3"].assert_eq(&Input::default().check(&bad).unwrap_err().to_string());
}

#[test]
fn lists_of_strings_and_directories() {
    let dir = Temp::new();
    dir.write("sub/file", "");
    let field = |name, kind, default| Field { name, doc: "x", kind, default, required: false };
    let fields = [field("argv", Kind::Texts, None), field("dir", Kind::Dir, Some("\".\""))];
    let schema = Schema { sections: vec![SectionSpec::plain("", "", &fields)] };
    assert_eq!(schema.faults(), Vec::<String>::new());
    let path = dir.write("c.toml", "argv = [\"a b\", \"$(c)\", '\"']\n");
    let read = |sets: &[&str]| Input::read(&path).unwrap().set(sets.iter().copied()).check(&schema);
    let checked = read(&[]).unwrap();
    let root = dir.0.canonicalize().unwrap();
    // Paths start at the file that holds them, or would; once resolved they start nowhere else.
    let text = checked.resolved().replace(&root.display().to_string(), "TMP");
    expect![[r#"
        argv = ["a b", "$(c)", "\""]
        dir = "TMP"  # default
    "#]]
    .assert_eq(&text);
    let again = Input::text("elsewhere.toml", checked.resolved()).check(&schema).unwrap();
    let values = |c: &headwater_run::Checked| c.section("").values.clone();
    assert_eq!(values(&again)["argv"], values(&checked)["argv"]);
    assert_eq!(values(&again)["dir"], Value::Dir(root.clone()));
    // Where a program runs does not change what a run is; what it is told does.
    let sub = root.join("sub").display().to_string();
    let moved = read(&[&format!("dir={sub}")]).unwrap();
    assert_eq!(moved.section("").values["dir"], Value::Dir(root.join("sub")));
    assert_eq!(
        (moved.fingerprint(&[]), moved.differences(&checked, &[])),
        (checked.fingerprint(&[]), vec![])
    );
    assert_ne!(read(&["argv=['a b']"]).unwrap().fingerprint(&[]), checked.fingerprint(&[]));
    let file = format!("dir={sub}/file");
    let problems = [&["argv=python3 score.py", "dir=nowhere"][..], &["argv=['a', 1]", &file]]
        .map(|sets| dir.mask(read(sets).unwrap_err()).replace(&root.display().to_string(), "TMP"));
    expect![[r#"
        error: `argv` is `python3 score.py` in `--set argv=python3 score.py`, expected a list of strings

        hint: write a list: `["python3", "score.py"]`

        error: `dir` names the unusable directory `nowhere` in `--set dir=nowhere`: there is no such file or directory

        hint: the path is taken relative to `.`
        --
        error: `argv[1]` is `1` in `--set argv=['a', 1]`, expected a string

        hint: put it in quotes

        error: `dir` names the unusable directory `TMP/sub/file` in `--set dir=TMP/sub/file`: it is a file"#]]
    .assert_eq(&problems.join("\n--\n"));
}
