//! Mistakes in arguments and configurations: what is wrong, where, what was expected, and what to try.

use expect_test::expect;

use crate::support::{GRID, Temp};

#[test]
fn mistakes_in_a_file_are_all_reported_at_once() {
    let dir = Temp::new();
    let text = "\
sed = 1

[env]
kind = \"hypergird\"
dim = 2

[reward]
r0 = 0.1

[policy]
width = \"wide\"
activation = \"gelu\"

[trian]
steps = 5

[train]
steps = -1
batch = 1e9
lr = { from = 1e-3, too = 1e-5 }
epsilon = 1.5

[objective]
kind = \"tb\"
lambda = 0.9
";
    dir.write("grid.toml", text);
    let all = dir.run("train grid.toml").refused();
    expect![[r#"
        error: unknown key `sed` in grid.toml:1:1, expected `seed`

        hint: did you mean `seed`?

        error: unknown environment `hypergird` in grid.toml:4:8

        hint: did you mean `hypergrid`? `headwater list envs` shows all 23

        error: `policy.width` is `"wide"` in grid.toml:11:9, expected a whole number from 16 to 8192

        error: `policy.activation` is `"gelu"` in grid.toml:12:14, expected `relu`, `leaky-relu`, `tanh` or `elu`

        hint: did you mean `relu`?

        error: unknown section `trian` in grid.toml:14:2, expected `env`, `reward`, `policy`, `objective`, `train`, `method`, `eval`, `run` or `ledger`

        hint: did you mean `train`?

        error: `train.steps` is `-1` in grid.toml:18:9, expected a whole number, at least 0

        error: `train.batch` is `1e9` in grid.toml:19:9, expected a whole number from 1 to 1048576

        error: `train.lr` has no `to` in grid.toml:20:6, expected `from`, `to` and `steps`

        error: `train.lr` has no `steps` in grid.toml:20:6, expected `from`, `to` and `steps`

        error: unknown key `too` in grid.toml:20:21, expected `from`, `to`, `steps` or `shape`

        hint: did you mean `to`?

        and 2 more
    "#]].assert_eq(&all);
    // Every command that reads a configuration says the same, and no run is begun.
    for command in ["exact", "score", "config resolve", "check", "play"] {
        assert_eq!(dir.run(&format!("{command} grid.toml")).refused(), all, "{command}");
    }
    assert!(!dir.path("runs").exists());
}

#[test]
fn mistakes_on_the_command_line_are_all_reported_at_once() {
    let dir = Temp::with_configs();
    let sets = [
        "train.batch=0",
        "train.bach=3",
        "trian.batch=3",
        "foo=1",
        "train.lr=-3",
        "policy.kind=mpl",
        "env.side=big",
        "env.kind",
        "=3",
        "train.batch=99999999999999999999999",
        "run.name=3",
        "policy.layer_norm=yes",
        "train.log_z_init=large",
        "eval.samples=nan",
        "reward.beta=inf",
        "reward.floor=0",
    ];
    let args: Vec<String> = sets.iter().map(|set| format!(" --set {set}")).collect();
    expect![[r#"
        error: unknown key `bach` of `train` in `--set train.bach=3`, expected `steps`, `batch`, `lr`, `lr_log_z`, `log_z_init`, `optimizer`, `weight_decay`, `clip`, `epsilon`, `temperature`, `reward_power`, `lag`, `data`, `data_share`, `replay`, `replay_capacity`, `replay_power` or `threads`

        hint: did you mean `batch`?

        error: unknown section `trian` in `--set trian.batch=3`, expected `env`, `reward`, `policy`, `objective`, `train`, `method`, `eval`, `run` or `ledger`

        hint: did you mean `train`?

        error: unknown key `foo` in `--set foo=1`, expected `seed`

        error: `train.lr` is `-3` in `--set train.lr=-3`, expected a number from 0 to 1000 or `{ from = …, to = …, steps = … }`

        error: unknown policy `mpl` in `--set policy.kind=mpl`

        hint: did you mean `mlp`? `headwater list policies` shows all 2

        error: `env.side` is `big` in `--set env.side=big`, expected a whole number from 2 to 256

        error: `env.kind` is not an assignment in `--set env.kind`, expected `key=value` or `section.key=value`

        error: `=3` is not an assignment in `--set =3`, expected `key=value` or `section.key=value`

        error: `train.batch` is `99999999999999999999999` in `--set train.batch=99999999999999999999999`, expected a whole number from 1 to 1048576

        error: `policy.layer_norm` is `yes` in `--set policy.layer_norm=yes`, expected `true` or `false`

        and 4 more
    "#]].assert_eq(&dir.run(&format!("train grid.toml{}", args.concat())).refused());
}

#[test]
fn files_that_are_no_configuration_are_refused() {
    let dir = Temp::new();
    dir.write("empty.toml", "");
    dir.write("syntax.toml", "[env]\nkind = \"hypergrid\"\ndim = = 3\n");
    dir.write("unclosed.toml", "[env\n");
    dir.write("twice.toml", format!("{GRID}\n[env]\nkind = \"dag\"\n"));
    dir.write("bytes.toml", [b'a', 0xff, 0xfe]);
    dir.write("null.toml", "\0");
    dir.write("grid.json", "{\"env\": {}}");
    let names = [
        "missing.toml",
        "empty.toml",
        "syntax.toml",
        "unclosed.toml",
        "twice.toml",
        "bytes.toml",
        "null.toml",
        "grid.json",
        ".",
    ];
    let messages = names.map(|name| dir.run(&format!("train {name}")).refused());
    expect![[r#"
        error: cannot read `missing.toml`: there is no such file or directory

        hint: `headwater config init` prints a file to start from
        ===
        error: `env.kind` is missing in empty.toml

        hint: write `[env]` and under it `kind = "…"`, or `--set env.kind=…`; `headwater list envs` shows all 23
        ===
        error: invalid TOML `dim = = 3` in syntax.toml:3:7: extra `=`
        ===
        error: invalid TOML `[env` in unclosed.toml:1:5: unclosed table, expected `]`
        ===
        error: `env` is given a second time in twice.toml:17:2

        hint: keep one of the two

        error: `kind` is given a second time in twice.toml:18:1

        hint: keep one of the two
        ===
        error: cannot read `bytes.toml`: byte 1, in line 1, is not text in UTF-8
        ===
        error: invalid TOML `\u{0}` in null.toml:1:2: key with no value, expected `=`
        ===
        error: unknown key `env` in grid.json:1, which is named in `--set env.graph="grid.json"`

        hint: write JSON, `{"edges": [["a", "b"]], "rewards": {"b": 2.5}}`, CSV with the header `from,to`, GraphML or DOT
        ===
        error: cannot read `.`: it is a directory
    "#]].assert_eq(&messages.join("===\n"));
}

/// Settings that are each in range, and cannot work together.
#[test]
fn what_does_not_fit_together_is_refused() {
    let dir = Temp::with_configs();
    dir.write("table.csv", "object,score\n\"0,0\",1\n");
    let messages = [
        "train dag.toml --set objective.kind=mdb",
        "train dag.toml --set objective.kind=fl-subtb",
        "train grid.toml --set policy.width=17",
        "train grid.toml --set policy.kind=tabular",
        "train dag.toml --set policy.backward=maxent --set eval.exact_cap=5",
        "train dag.toml --set train.reward_power=0.5",
        "train grid.toml --set policy.guide=1",
        "exact dag.toml --set eval.exact_cap=5",
        "train grid.toml --set env.kind=dag",
        "train grid.toml --set reward.kind=given",
        "train grid.toml --set reward.kind=table --set reward.path=table.csv",
        "train grid.toml --set reward.kind=table --set reward.path=tables.csv",
        "train grid.toml --set reward.kind=table",
        "train grid.toml --set reward.transform=min-max",
    ]
    .map(|args| format!("$ headwater {args}\n{}", dir.run(args).refused()));
    expect![[r#"
        $ headwater train dag.toml --set objective.kind=mdb
        error: `mdb` needs every state to be able to stop in `--set objective.kind=mdb`; `dag` has states that may not

        hint: `headwater show mdb` says what it needs

        error: `mdb` needs a reward that is defined on unfinished states in `--set objective.kind=mdb`; `given` is not

        hint: `headwater show mdb` says what it needs

        $ headwater train dag.toml --set objective.kind=fl-subtb
        error: `fl-subtb` needs a reward that is defined on unfinished states in `--set objective.kind=fl-subtb`; `given` is not

        hint: `headwater show fl-subtb` says what it needs

        $ headwater train grid.toml --set policy.width=17
        error: `17` is not a multiple of 16 in `--set policy.width=17`

        hint: 16 and 32 are

        $ headwater train grid.toml --set policy.kind=tabular
        error: unknown key `width` of `policy` in grid.toml:7:1, expected `kind`, `backward` or `guide`

        hint: `width` belongs to the policy `mlp`, and this is `tabular`

        $ headwater train dag.toml --set policy.backward=maxent --set eval.exact_cap=5
        error: a `maxent` backward policy needs a space that can be enumerated; there are more than 5 states in `--set policy.backward=maxent`

        hint: raise `eval.exact_cap`, or use another policy

        $ headwater train dag.toml --set train.reward_power=0.5
        error: `reward_power` ends at 0.5, expected 1: what is learned last is the target in `--set train.reward_power=0.5`

        hint: `reward.beta` changes the target itself

        $ headwater train grid.toml --set policy.guide=1
        error: `original` does not say which edges it prefers in `--set policy.guide=1`

        hint: set `policy.guide` to 0

        $ headwater exact dag.toml --set eval.exact_cap=5
        error: more than 5 states are reachable, which is the cap on enumeration

        hint: `--set eval.exact_cap=…` allows more

        $ headwater train grid.toml --set env.kind=dag
        error: `env.graph` is missing in grid.toml:1:2, expected the path of a file

        hint: `graph`: The graph: JSON `{"edges": [["a", "b"]], "rewards": {"b": 2.5}}`, GraphML, DOT, or CSV with the header `from,to`

        error: unknown key `dim` of `env` in grid.toml:3:1, expected `kind`, `graph` or `rewards`

        hint: `dim` belongs to the environment `hypergrid`, and this is `dag`

        error: unknown key `side` of `env` in grid.toml:4:1, expected `kind`, `graph` or `rewards`

        hint: `side` belongs to the environment `hypergrid`, and this is `dag`

        $ headwater train grid.toml --set reward.kind=given
        error: unknown reward `given` in `--set reward.kind=given`, expected `original`, `cosine`, `sparse`, `deceptive`, `command`, `expression`, `http`, `onnx`, `table` or `combination`

        $ headwater train grid.toml --set reward.kind=table --set reward.path=table.csv
        error: 63 of 64 objects have no entry in table.csv; first: `1,0` in `--set reward.kind=table`

        $ headwater train grid.toml --set reward.kind=table --set reward.path=tables.csv
        error: `reward.path` names the unreadable file `tables.csv` in `--set reward.path=tables.csv`: there is no such file or directory

        hint: did you mean `table.csv`?

        $ headwater train grid.toml --set reward.kind=table
        error: `reward.path` is missing in grid.toml, expected the path of a file

        hint: `path`: A file with a row for every object: CSV or TSV with a header, JSON lines, or Parquet

        $ headwater train grid.toml --set reward.transform=min-max
        error: `min-max` needs `min` in grid.toml

        hint: only a table knows its scores: give `reward.min`
    "#]].assert_eq(&messages.join("\n"));
    assert!(!dir.path("runs").exists());
}

#[test]
fn names_that_do_not_exist_are_refused_with_the_nearest() {
    let dir = Temp::with_configs();
    let messages = [
        "check hypergird",
        "play hypergird",
        "play x",
        "play dag --set env.side=3",
        "show hypergird",
        "show qqqq",
        "check missing.toml",
        "config init env=hypergird objective=tbb",
        "config init environment=dag",
        "config init hypergrid",
    ]
    .map(|args| format!("$ headwater {args}\n{}", dir.run(args).refused()));
    expect![[r#"
        $ headwater check hypergird
        error: unknown environment `hypergird`

        hint: did you mean `hypergrid`? `headwater list envs` shows all 23

        $ headwater play hypergird
        error: unknown environment `hypergird`

        hint: did you mean `hypergrid`? `headwater list envs` shows all 23

        $ headwater play x
        error: unknown environment `x`

        hint: `headwater list envs` shows all 23

        $ headwater play dag --set env.side=3
        error: `--set` overrides a configuration, and this is an environment's name

        hint: `headwater config init env=dag` prints a configuration

        $ headwater show hypergird
        error: there is nothing called `hypergird`

        hint: did you mean `hypergrid`?

        $ headwater show qqqq
        error: there is nothing called `qqqq`

        hint: `headwater list envs` and its like show what there is

        $ headwater check missing.toml
        error: cannot read `missing.toml`: there is no such file or directory

        hint: `headwater config init` prints a file to start from

        $ headwater config init env=hypergird objective=tbb
        error: unknown environment `hypergird`

        hint: did you mean `hypergrid`? `headwater list envs` shows all 23

        $ headwater config init environment=dag
        error: unknown section `environment`, expected `env`, `reward`, `policy`, `objective` or `method`

        hint: did you mean `env`?

        $ headwater config init hypergrid
        error: `hypergrid` is no choice, expected a section and its kind, such as `env=hypergrid`
    "#]]
    .assert_eq(&messages.join("\n"));
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let dir = Temp::with_configs();
    let messages = [
        "trian",
        "train",
        "train grid.toml --resume run",
        "train grid.toml --sett a=1",
        "sample",
        "sample run -n -3",
        "sample run -n many",
        "sample run --format parquet",
        "list",
        "list environments",
        "play dag --seed x",
    ]
    .map(|args| format!("$ headwater {args}\n{}", dir.run(args).refused()));
    expect![[r#"
        $ headwater trian
        error: unrecognized subcommand 'trian'

          tip: a similar subcommand exists: 'train'

        Usage: headwater <COMMAND>

        For more information, try '--help'.

        $ headwater train
        error: the following required arguments were not provided:
          <CONFIG>

        Usage: headwater train <CONFIG>

        For more information, try '--help'.

        $ headwater train grid.toml --resume run
        error: the argument '[CONFIG]' cannot be used with '--resume <RUN>'

        Usage: headwater train <CONFIG>

        For more information, try '--help'.

        $ headwater train grid.toml --sett a=1
        error: unexpected argument '--sett' found

          tip: a similar argument exists: '--set'

        Usage: headwater train --set <KEY=VALUE> <CONFIG>

        For more information, try '--help'.

        $ headwater sample
        error: the following required arguments were not provided:
          <RUN>

        Usage: headwater sample <RUN>

        For more information, try '--help'.

        $ headwater sample run -n -3
        error: unexpected argument '-3' found

          tip: to pass '-3' as a value, use '-- -3'

        Usage: headwater sample [OPTIONS] <RUN>

        For more information, try '--help'.

        $ headwater sample run -n many
        error: invalid value 'many' for '-n <N>': expected a whole number from 0 to 1,000,000,000,000,000

        For more information, try '--help'.

        $ headwater sample run --format parquet
        error: invalid value 'parquet' for '--format <FORMAT>'
          [possible values: csv, jsonl]

        For more information, try '--help'.

        $ headwater list
        error: the following required arguments were not provided:
          <REGISTRY>

        Usage: headwater list <REGISTRY>

        For more information, try '--help'.

        $ headwater list environments
        error: invalid value 'environments' for '<REGISTRY>'
          [possible values: envs, rewards, objectives, policies, losses, methods]

        For more information, try '--help'.

        $ headwater play dag --seed x
        error: invalid value 'x' for '--seed <SEED>': invalid digit found in string

        For more information, try '--help'.
    "#]]
    .assert_eq(&messages.join("\n"));
}
