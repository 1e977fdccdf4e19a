//! Every message about a configuration, word for word.

use expect_test::{Expect, expect};
use headwater_run::Input;

use crate::sample::{GOOD, check, schema};

// `expect!` is best read without a borrow before it.
#[allow(clippy::needless_pass_by_value)]
fn fails(text: &str, sets: &[&str], expect: Expect) {
    match check(text, sets) {
        Ok(checked) => panic!("accepted: {}", checked.resolved()),
        Err(problems) => expect.assert_eq(&format!("{problems}\n")),
    }
}

#[test]
fn unknown_kinds() {
    fails(
        "# a grid\n\n[env]\nkind = \"hypergird\"\n\n[train]\nbatch = 16\n",
        &[],
        expect![[r#"
        error: unknown environment `hypergird` in grid.toml:4:8

        hint: did you mean `hypergrid`? `headwater list envs` shows all 3
    "#]],
    );
    fails(
        "[env]\nkind = \"chess\"\nside = 1\n[reward]\nkind = \"none\"\n[train]\nbatch = 16\n",
        &[],
        expect![[r#"
            error: unknown environment `chess` in grid.toml:2:8

            hint: `headwater list envs` shows all 3
        "#]],
    );
    fails(
        &GOOD.replace("[train]", "[reward]\nkind = \"cosin\"\n\n[train]"),
        &[],
        expect![[r#"
        error: unknown reward `cosin` in grid.toml:5:8, expected `original`, `cosine` or `table`

        hint: did you mean `cosine`?
    "#]],
    );
    fails(
        &GOOD.replace("\"hypergrid\"", "3"),
        &[],
        expect![[r#"
        error: unknown environment `3` in grid.toml:2:8

        hint: a kind is a string: put it in quotes
    "#]],
    );
    fails(
        GOOD,
        &["env.kind=gird"],
        expect![[r#"
        error: unknown environment `gird` in `--set env.kind=gird`

        hint: `headwater list envs` shows all 3
    "#]],
    );
}

#[test]
fn a_misspelt_kind_does_not_hide_what_else_is_wrong() {
    fails(
        "[env]\nkind = \"hyper-grid\"\nsid = 8\nside = 1\n[reward]\nr0 = 0\n",
        &[],
        expect![[r#"
            error: unknown environment `hyper-grid` in grid.toml:2:8

            hint: did you mean `hypergrid`? `headwater list envs` shows all 3

            error: unknown key `sid` of `env` in grid.toml:3:1, expected `kind`, `dim`, `side` or `wall`

            hint: did you mean `side`?

            error: `env.side` is `1` in grid.toml:4:8, expected a whole number from 2 to 256

            error: `reward.r0` is `0` in grid.toml:6:6, expected a number above 0 and at most 10

            error: `train.batch` is missing in grid.toml, expected a whole number from 1 to 65536

            hint: `batch`: Trajectories per step
        "#]],
    );
}

#[test]
fn unknown_keys_and_sections() {
    fails(
        &format!("{GOOD}stesp = 3\n[optimiser]\nlr = 1\n[trian]\nlr = 1\n"),
        &[],
        expect![[r#"
        error: unknown key `stesp` of `train` in grid.toml:6:1, expected `steps`, `batch`, `epsilon`, `log_z` or `exact`

        hint: did you mean `steps`?

        error: unknown section `optimiser` in grid.toml:7:2, expected `env`, `reward`, `train` or `backup`

        error: unknown section `trian` in grid.toml:9:2, expected `env`, `reward`, `train` or `backup`

        hint: did you mean `train`?
    "#]],
    );
    fails(
        &format!("batch = 3\nsede = 1\nenv2 = 3\n{GOOD}seed = 1\npath = \"x\"\n"),
        &[],
        expect![[r#"
            error: unknown key `batch` in grid.toml:1:1, expected `seed`

            hint: `batch` belongs to the section `train`

            error: unknown key `sede` in grid.toml:2:1, expected `seed`

            hint: did you mean `seed`?

            error: unknown key `env2` in grid.toml:3:1, expected `seed`

            error: unknown key `seed` of `train` in grid.toml:9:1, expected `steps`, `batch`, `epsilon`, `log_z` or `exact`

            hint: `seed` belongs at the top of the file, before any section

            error: unknown key `path` of `train` in grid.toml:10:1, expected `steps`, `batch`, `epsilon`, `log_z` or `exact`

            hint: `path` belongs to the section `env` with `kind = "dag"`
        "#]],
    );
    fails(
        &GOOD.replace("[env]\n", "[env]\npath = \"x\"\nalphabet = \"ACGT\"\n"),
        &[],
        expect![[r#"
        error: unknown key `path` of `env` in grid.toml:2:1, expected `kind`, `dim`, `side` or `wall`

        hint: `path` belongs to the environment `dag`, and this is `hypergrid`

        error: unknown key `alphabet` of `env` in grid.toml:3:1, expected `kind`, `dim`, `side` or `wall`

        hint: `alphabet` belongs to the environment `sequence`, and this is `hypergrid`
    "#]],
    );
    fails(
        "env = \"hypergrid\"\n[train]\nbatch = 16\n",
        &[],
        expect![[r#"
            error: `env` is given a value in grid.toml:1:1, expected a section

            hint: write `[env]` and under it `kind = "…"`, or `--set env.kind=…`
        "#]],
    );
    fails(
        &format!("{GOOD}[[backup]]\nkind = \"tape\"\n"),
        &[],
        expect![[r#"
            error: `backup` is given a value in grid.toml:6:3, expected a section

            hint: write `[backup]` and under it `kind = "…"`, or `--set backup.kind=…`
        "#]],
    );
}

#[test]
fn a_kind_chosen_on_the_command_line_leaves_the_keys_of_the_old_one_unknown() {
    let text = GOOD.replace("[train]", "side = 8\n[train]");
    fails(
        &text,
        &["env.kind=sequence", "reward.kind=table"],
        expect![[r#"
            error: unknown key `side` of `env` in grid.toml:4:1, expected `kind`, `alphabet` or `weights`

            hint: `side` belongs to the environment `hypergrid`, and this is `sequence`

            error: `reward.path` is missing in grid.toml, expected the path of a file

            hint: `path`: The file of edges
        "#]],
    );
}

#[test]
fn values_of_the_wrong_type_or_out_of_range() {
    let env = |key: &str| GOOD.replace("[train]", &format!("{key}\n[train]"));
    fails(
        &env("side = 1\ndim = 17"),
        &[],
        expect![[r#"
        error: `env.side` is `1` in grid.toml:4:8, expected a whole number from 2 to 256

        error: `env.dim` is `17` in grid.toml:5:7, expected a whole number from 1 to 16
    "#]],
    );
    fails(
        &env("side = 8.5\ndim = \"2\"\nwall = true"),
        &[],
        expect![[r#"
            error: `env.side` is `8.5` in grid.toml:4:8, expected a whole number from 2 to 256

            error: `env.dim` is `"2"` in grid.toml:5:7, expected a whole number from 1 to 16

            hint: leave out the quotes

            error: `env.wall` is `true` in grid.toml:6:8, expected `mask` or `terminate`
        "#]],
    );
    fails(
        &env("side = 99999999999999999999\nwall = \"msk\""),
        &[],
        expect![[r#"
        error: `env.side` is `99999999999999999999` in grid.toml:4:8, expected a whole number from 2 to 256

        error: `env.wall` is `"msk"` in grid.toml:5:8, expected `mask` or `terminate`

        hint: did you mean `mask`?
    "#]],
    );
    fails(
        &format!("seed = -1\n{GOOD}exact = \"true\"\nlog_z = \"atuo\"\nsteps = 0\n"),
        &[],
        expect![[r#"
            error: `seed` is `-1` in grid.toml:1:8, expected a whole number, at least 0

            error: `train.exact` is `"true"` in grid.toml:7:9, expected `true` or `false`

            hint: leave out the quotes

            error: `train.log_z` is `"atuo"` in grid.toml:8:9, expected `auto` or a number

            error: `train.steps` is `0` in grid.toml:9:9, expected a whole number, at least 1
        "#]],
    );
    fails(
        &env("[reward]\nr0 = 0.0\nbeta = -1\n"),
        &[],
        expect![[r#"
        error: `reward.r0` is `0.0` in grid.toml:5:6, expected a number above 0 and at most 10

        error: `reward.beta` is `-1` in grid.toml:6:8, expected a number, at least 0
    "#]],
    );
    fails(
        &env("[reward]\nr0 = nan\nbeta = inf\n"),
        &[],
        expect![[r#"
        error: `reward.r0` is `nan` in grid.toml:5:6, expected a finite number above 0 and at most 10

        error: `reward.beta` is `inf` in grid.toml:6:8, expected a finite number, at least 0
    "#]],
    );
    let strings =
        "[env]\nkind = \"sequence\"\nalphabet = 10\nweights = [0.5, 2, \"a\"]\n[reward]\nkind = \"table\"\n";
    fails(
        strings,
        &[],
        expect![[r#"
            error: `env.alphabet` is `10` in grid.toml:3:12, expected a string

            hint: put it in quotes

            error: `env.weights[1]` is `2` in grid.toml:4:17, expected a number from 0 to 1

            error: `env.weights[2]` is `"a"` in grid.toml:4:20, expected a number from 0 to 1

            error: `reward.path` is missing in grid.toml:5:2, expected the path of a file

            hint: `path`: The file of edges

            error: `train.batch` is missing in grid.toml, expected a whole number from 1 to 65536

            hint: `batch`: Trajectories per step
        "#]],
    );
    fails(
        &strings.replace("[0.5, 2, \"a\"]", "1.0"),
        &[],
        expect![[r#"
            error: `env.alphabet` is `10` in grid.toml:3:12, expected a string

            hint: put it in quotes

            error: `env.weights` is `1.0` in grid.toml:4:11, expected a list of numbers from 0 to 1

            error: `reward.path` is missing in grid.toml:5:2, expected the path of a file

            hint: `path`: The file of edges

            error: `train.batch` is missing in grid.toml, expected a whole number from 1 to 65536

            hint: `batch`: Trajectories per step
        "#]],
    );
}

#[test]
fn schedules() {
    let with = |epsilon: &str| format!("{GOOD}epsilon = {epsilon}\n");
    fails(
        &with("2"),
        &[],
        expect![[r#"
        error: `train.epsilon` is `2` in grid.toml:6:11, expected a number from 0 to 1 or `{ from = …, to = …, steps = … }`
    "#]],
    );
    fails(
        &with("{ from = 1, form = 2 }"),
        &[],
        expect![[r#"
        error: `train.epsilon` has no `to` in grid.toml:6:11, expected `from`, `to` and `steps`

        error: `train.epsilon` has no `steps` in grid.toml:6:11, expected `from`, `to` and `steps`

        error: unknown key `form` in grid.toml:6:23, expected `from`, `to`, `steps` or `shape`

        hint: did you mean `from`?
    "#]],
    );
    fails(
        &with("{ from = 1.5, to = 0, steps = -1, shape = \"cosin\" }"),
        &[],
        expect![[r#"
        error: `train.epsilon.from` is `1.5` in grid.toml:6:20, expected a number from 0 to 1

        error: `train.epsilon.steps` is `-1` in grid.toml:6:41, expected a whole number, at least 0

        error: `train.epsilon.shape` is `"cosin"` in grid.toml:6:53, expected `linear`, `cosine` or `exponential`

        hint: did you mean `cosine`?
    "#]],
    );
    fails(
        &with("{ from = 1, to = 0, steps = 10, shape = \"exponential\" }"),
        &[],
        expect![[r#"
        error: `train.epsilon` is exponential from `1` to `0` in grid.toml:6:11, expected both to be above 0

        hint: a factor per step never reaches 0; end at a small number, or use `linear`
    "#]],
    );
    fails(
        &format!("{GOOD}[train.epsilon]\nfrom = 1\nto = 0\n"),
        &["train.log_z={ from = 1 }"],
        expect![[r#"
            error: `train.epsilon` has no `steps` in grid.toml:6:1, expected `from`, `to` and `steps`

            error: `train.log_z` is `{ from = 1 }` in `--set train.log_z={ from = 1 }`, expected `auto` or a number
        "#]],
    );
}

#[test]
fn missing_keys() {
    fails(
        "",
        &[],
        expect![[r#"
            error: `env.kind` is missing in grid.toml

            hint: write `[env]` and under it `kind = "…"`, or `--set env.kind=…`; `headwater list envs` shows all 3

            error: `train.batch` is missing in grid.toml, expected a whole number from 1 to 65536

            hint: `batch`: Trajectories per step
        "#]],
    );
    fails(
        "[env]\nkind = \"sequence\"\n[train]\n",
        &[],
        expect![[r#"
            error: `train.batch` is missing in grid.toml:3:2, expected a whole number from 1 to 65536

            hint: `batch`: Trajectories per step

            error: `reward.kind` is missing in grid.toml, expected `table`

            hint: write `[reward]` and under it `kind = "…"`, or `--set reward.kind=…`
        "#]],
    );
    fails(
        "[env]\n",
        &[],
        expect![[r#"
            error: `env.kind` is missing in grid.toml:1:2

            hint: write `[env]` and under it `kind = "…"`, or `--set env.kind=…`; `headwater list envs` shows all 3

            error: `train.batch` is missing in grid.toml, expected a whole number from 1 to 65536

            hint: `batch`: Trajectories per step
        "#]],
    );
    expect![[r#"
        error: `env.kind` is missing

        hint: write `[env]` and under it `kind = "…"`, or `--set env.kind=…`; `headwater list envs` shows all 3

        error: `train.batch` is missing, expected a whole number from 1 to 65536

        hint: `batch`: Trajectories per step"#]]
    .assert_eq(&Input::default().check(&schema()).unwrap_err().to_string());
}

#[test]
fn duplicates_and_slips_of_syntax_come_with_the_rest() {
    fails(
        "[env]\nkind = \"hypergrid\"\nkind = \"dag\"\nside = 1\n[train]\nbatch = 8\n[env]\n",
        &[],
        expect![[r#"
            error: `kind` is given a second time in grid.toml:3:1

            hint: keep one of the two

            error: `env.side` is `1` in grid.toml:4:8, expected a whole number from 2 to 256

            error: `env` is given a second time in grid.toml:7:2

            hint: keep one of the two
        "#]],
    );
    fails(
        "[env]\nkind = hypergrid\nside = 1\n[train]\nbatch = sixteen\n",
        &[],
        expect![[r#"
            error: `hypergrid` is not a TOML value in grid.toml:2:8

            hint: a string needs quotes: `"hypergrid"`

            error: `env.side` is `1` in grid.toml:3:8, expected a whole number from 2 to 256

            error: `sixteen` is not a TOML value in grid.toml:5:9

            hint: a string needs quotes: `"sixteen"`

            error: `train.batch` is `sixteen` in grid.toml:5:9, expected a whole number from 1 to 65536
        "#]],
    );
    fails(
        GOOD,
        &["train.batch={ a = 1"],
        expect![[r#"
        error: `train.batch` is `{ a = 1` in `--set train.batch={ a = 1`, expected a whole number from 1 to 65536
    "#]],
    );
}

#[test]
fn broken_toml_is_reported_alone() {
    fails(
        "[env\nkind = \"hypergrid\"\nsid = 3\n",
        &[],
        expect![[r#"
        error: invalid TOML `[env` in grid.toml:1:5: unclosed table, expected `]`
    "#]],
    );
    fails(
        "[env]\nkind = = \"hypergrid\"\nside = 08\n[train]\nbatch = [1, 2\n",
        &["nonsense"],
        expect![[r#"
            error: invalid TOML `kind = = "hypergrid"` in grid.toml:2:8: extra `=`

            error: invalid TOML `side = 08` in grid.toml:3:8: unexpected leading zero

            error: invalid TOML `batch = [1, 2` in grid.toml:5:14: unclosed array, expected `]`
        "#]],
    );
    fails(
        "[env]\nkind = \"hypergrid\nside = 3",
        &[],
        expect![[r#"
        error: invalid TOML `kind = "hypergrid` in grid.toml:2:18: invalid basic string, expected `"`
    "#]],
    );
}

#[test]
fn columns_count_characters_and_lines_may_end_in_any_way() {
    fails(
        "\u{feff}sed = 1\r\n[env]\r\nkind = \"hypergrid\"\r\n\"ßide\" = 1\r\nwall = 'äöü'\r\n[train]\r\nbatch = 1\r\n",
        &[],
        expect![[r#"
            error: unknown key `sed` in grid.toml:1:1, expected `seed`

            hint: did you mean `seed`?

            error: unknown key `ßide` of `env` in grid.toml:4:1, expected `kind`, `dim`, `side` or `wall`

            hint: did you mean `side`?

            error: `env.wall` is `'äöü'` in grid.toml:5:8, expected `mask` or `terminate`
        "#]],
    );
}

#[test]
fn assignments() {
    let sets =
        ["env.sid=8", "train.batch=many", "bach=3", "trian.batch=3", "train=3", "seed", "=3", "a.b.c=1"];
    fails(
        GOOD,
        &sets,
        expect![[r#"
            error: unknown key `sid` of `env` in `--set env.sid=8`, expected `kind`, `dim`, `side` or `wall`

            hint: did you mean `side`?

            error: `train.batch` is `many` in `--set train.batch=many`, expected a whole number from 1 to 65536

            error: unknown key `bach` in `--set bach=3`, expected `seed`

            error: unknown section `trian` in `--set trian.batch=3`, expected `env`, `reward`, `train` or `backup`

            hint: did you mean `train`?

            error: `train` is given a value in `--set train=3`, expected a section

            hint: write `[train]` and under it `steps = …`, or `--set train.steps=…`

            error: `seed` is not an assignment in `--set seed`, expected `key=value` or `section.key=value`

            error: `=3` is not an assignment in `--set =3`, expected `key=value` or `section.key=value`

            error: unknown section `a` in `--set a.b.c=1`, expected `env`, `reward`, `train` or `backup`
        "#]],
    );
    fails(
        GOOD,
        &["train.batch=0", "train.batch=", "env.dim=3.5"],
        expect![[r#"
        error: `train.batch` is `""` in `--set train.batch=`, expected a whole number from 1 to 65536

        error: `env.dim` is `3.5` in `--set env.dim=3.5`, expected a whole number from 1 to 16
    "#]],
    );
}

#[test]
fn any_text_is_either_accepted_or_refused_with_a_message() {
    let text = "seed = 1\n[env]\nkind = \"hypergrid\"\nside = 1e1\n[train]\nbatch = 0x10\nepsilon = { from = 1, to = 0.0, steps = 5 }\n";
    for end in 0..=text.len() {
        for insert in ["", "\"", "[", "=", "\n", "é", "{", "\0", "\r"] {
            let mutated = format!("{}{insert}{}", &text[..end], &text[end..]);
            for candidate in [mutated.as_str(), &text[..end]] {
                if let Err(problems) = check(candidate, &[insert]) {
                    assert!(
                        problems.first.iter().all(|p| p.to_string().starts_with("error: ")),
                        "{problems}"
                    );
                    assert!(!problems.first.is_empty());
                }
            }
        }
    }
}

#[test]
fn of_very_many_problems_ten_are_told_and_the_others_counted() {
    let told = |text: &str| check(text, &[]).unwrap_err().to_string();
    let said = told(&"this is no toml\n".repeat(60_000));
    assert!(
        said.starts_with("error: invalid TOML `this is no toml` in grid.toml:1:6: key with no value"),
        "{said}"
    );
    assert_eq!(said.matches("error: ").count(), 10);
    assert!(said.ends_with("\n\nand 59990 more"), "{said}");
    // The first of the file are told, in whatever order they are found.
    let keys: String = (0..5000).rev().map(|i| format!("k{i:04} = 1\n")).collect();
    let said = told(&format!("[env]\nkind = \"hypergrid\"\nside = 4\n[train]\nbatch = 1\n{keys}"));
    assert!(said.starts_with("error: unknown key `k4999` of `train` in grid.toml:6:1"), "{said}");
    assert!(said.contains("unknown key `k4990`") && !said.contains("`k4989`"), "{said}");
    assert!(said.ends_with("\n\nand 4990 more"), "{said}");
    // Many on one line are one slip.
    assert_eq!(told(&"= ".repeat(60_000)).matches("error: ").count(), 1);
    let parts: String = (0..20_000).map(|i| format!("[env.p{i}]\n")).collect();
    assert!(told(&parts).len() < 10_000);
}

#[test]
fn long_values_are_not_repeated_in_full() {
    let long = "x".repeat(100_000);
    for (text, sets) in [
        (format!("{GOOD}{long}"), vec![]),
        (GOOD.replace("hypergrid", &long), vec![]),
        (format!("{long} = 1\n{GOOD}"), vec![]),
        (format!("[{long}]\n{GOOD}"), vec![]),
        (format!("{GOOD}\nsteps = {long}\n"), vec![]),
        (GOOD.to_owned(), vec![format!("env.side={long}")]),
        (GOOD.to_owned(), vec![long.clone()]),
        (GOOD.to_owned(), vec![format!("{long}=3")]),
    ] {
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let said = check(&text, &sets).unwrap_err().to_string();
        assert!(said.len() < 2000, "{} bytes: {}", said.len(), &said[..500]);
        assert!(said.contains(&"x".repeat(60)) && said.contains('…'), "{said}");
        assert!(!said.contains(&"x".repeat(201)), "{said}");
    }
}
