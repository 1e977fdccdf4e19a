//! Mistakes in the files that a configuration names: graphs and tables, with the line.

use expect_test::expect;

use crate::support::{GRID, Temp};

#[test]
fn a_graph_that_is_no_flow_network_is_refused_with_the_line() {
    let dir = Temp::with_configs();
    let rewards = "node,reward\nc,1\n";
    let cases = [
        ("cycle", "from,to\ns,a\na,b\nb,a\nb,c\n", rewards),
        ("no source", "from,to\na,b\nb,a\n", "node,reward\nb,1\n"),
        ("two sources", "from,to\ns,c\nt,c\n", rewards),
        ("dead end", "from,to\ns,a\ns,c\n", rewards),
        ("negative reward", "from,to\ns,c\n", "node,reward\n\nc,-1\n"),
        ("reward of nothing", "from,to\ns,c\n", "node,reward\nc,1\nd,1\n"),
        ("reward twice", "from,to\ns,c\n", "node,reward\nc,1\nc,1\n"),
        ("reward is text", "from,to\ns,c\n", "node,reward\nc,one\n"),
        ("edge twice", "from,to\ns,c\ns,c\n", rewards),
        ("loop", "from,to\ns,c\nc,c\n", rewards),
        ("header", "source,target\ns,c\n", rewards),
        ("ragged", "from,to\ns,c\ns\n", rewards),
        ("empty", "", rewards),
        ("no edges", "from,to\n", rewards),
        ("no rewards", "from,to\ns,c\n", "node,reward\n"),
        ("empty rewards", "from,to\ns,c\n", ""),
        ("all rewards zero", "from,to\ns,c\n", "node,reward\nc,0\n"),
        ("JSON", "{\"edges\": [[\"s\", \"c\"],\n [\"c\"]]}", rewards),
        ("JSON syntax", "{\"edges\": [[\"s\", \"c\"]\n", rewards),
    ];
    let messages = cases.map(|(what, edges, rewards)| {
        dir.write("edges.csv", edges);
        dir.write("rewards.csv", rewards);
        let message =
            dir.run("exact dag.toml --set env.graph=edges.csv --set env.rewards=rewards.csv").refused();
        format!("{what}: {message}")
    });
    expect![[r#"
        cycle: error: this edge closes the cycle `a` → `b` → `a` in edges.csv:4, which is named in `--set env.graph=edges.csv`

        hint: objects are built step by step: no edge may lead back

        no source: error: this edge closes the cycle `a` → `b` → `a` in edges.csv:3, which is named in `--set env.graph=edges.csv`

        hint: objects are built step by step: no edge may lead back

        two sources: error: `t` cannot be reached: like `s`, it has no incoming edge in edges.csv:3, which is named in `--set env.graph=edges.csv`

        hint: exactly one node, where every trajectory starts, has no incoming edge

        dead end: error: `a` is a dead end: it has no outgoing edge and no reward in edges.csv:2, which is named in `--set env.graph=edges.csv`

        hint: give it a reward, or an edge that leads on

        negative reward: error: the reward of `c` is `-1` in rewards.csv:3, which is named in `--set env.rewards=rewards.csv`

        hint: rewards are finite and not negative: nodes are sampled in proportion to them

        reward of nothing: error: `d` has a reward but no edge in rewards.csv:3, which is named in `--set env.rewards=rewards.csv`

        reward twice: error: a second reward for `c` in rewards.csv:3, which is named in `--set env.rewards=rewards.csv`

        reward is text: error: the reward of `c` is `one`, not a number in rewards.csv:2, which is named in `--set env.rewards=rewards.csv`

        edge twice: error: a second edge from `s` to `c` in edges.csv:3, which is named in `--set env.graph=edges.csv`

        loop: error: the edge from `c` to `c` is a loop in edges.csv:3, which is named in `--set env.graph=edges.csv`

        header: error: the header is `source,target` instead of `from,to` in edges.csv:1, which is named in `--set env.graph=edges.csv`

        hint: write JSON, `{"edges": [["a", "b"]], "rewards": {"b": 2.5}}`, CSV with the header `from,to`, GraphML or DOT

        ragged: error: 1 fields where the header has 2 in edges.csv:3, which is named in `--set env.graph=edges.csv`

        empty: error: the file is empty in edges.csv:1, which is named in `--set env.graph=edges.csv`

        hint: write JSON, `{"edges": [["a", "b"]], "rewards": {"b": 2.5}}`, CSV with the header `from,to`, GraphML or DOT

        no edges: error: there are no edges in edges.csv:1, which is named in `--set env.graph=edges.csv`

        no rewards: error: `c` is a dead end: it has no outgoing edge and no reward in edges.csv:2, which is named in `--set env.graph=edges.csv`

        hint: give it a reward, or an edge that leads on

        empty rewards: error: the file is empty in rewards.csv:1, which is named in `--set env.rewards=rewards.csv`

        hint: write CSV with the header `node,reward`

        all rewards zero: error: every reward is zero in rewards.csv:2, which is named in `--set env.rewards=rewards.csv`

        hint: some node must have a positive reward

        JSON: error: `["c"]` is not an edge in edges.csv:2, which is named in `--set env.graph=edges.csv`

        hint: an edge is a pair of names, such as `["a", "b"]`, or an object with `from`, `to` and perhaps `weight`, `cost` and `capacity`

        JSON syntax: error: bad JSON: expected `,` or `]`, found the end of the file in edges.csv:2, which is named in `--set env.graph=edges.csv`
    "#]].assert_eq(&messages.join("\n"));
    expect![[r#"
        error: `env.graph` names the unreadable file `edges` in `--set env.graph=edges`: there is no such file or directory

        hint: did you mean `edges.csv`?
    "#]].assert_eq(&dir.run("exact dag.toml --set env.graph=edges").refused());
}

#[test]
fn a_table_that_cannot_be_read_is_refused_with_the_line() {
    let dir = Temp::new();
    dir.write("grid.toml", format!("{GRID}\n[reward]\nkind = \"table\"\npath = \"table.csv\"\n"));
    let cases = [
        ("wrong column", "objekt,score\n\"0,0\",1\n"),
        ("wrong delimiter", "object;score\n0,0;1\n"),
        ("twice", "object,score\n\"0,0\",1\n\"0,1\",1\n\"0,0\",2\n"),
        ("NaN", "object,score\n\"0,0\",1\n\n\"0,1\",nan\n"),
        ("text", "object,score\n\"0,0\",high\n"),
        ("decimal comma", "object,score\n\"0,0\",\"0,5\"\n"),
        ("empty score", "object,score\n\"0,0\",\n"),
        ("ragged", "object,score\n\"0,0\",1,2\n"),
        ("empty", ""),
        ("header only", "object,score\n"),
        ("missing object", "object,score\n\"0,0\",1\n"),
        ("negative", "object,score\n\"0,0\",-1\n"),
    ];
    let messages = cases.map(|(what, table)| {
        dir.write("table.csv", table);
        format!("{what}: {}", dir.run("train grid.toml").refused())
    });
    expect![[r#"
        wrong column: error: there is no column `object` in table.csv:1, which is named in grid.toml:17:2

        hint: did you mean `objekt`? the columns are `objekt`, `score`

        wrong delimiter: error: there is no column `object` in table.csv:1, which is named in grid.toml:17:2

        hint: columns seem to be separated by ';': set `reward.delimiter`

        twice: error: `0,0` of line 2 is there again in table.csv:4, which is named in grid.toml:19:8

        hint: an object has one score: keep one of the rows

        NaN: error: the score of `0,1` is `nan` instead of a finite number in table.csv:4, which is named in grid.toml:19:8

        hint: scores are finite; remove the row if there is none

        text: error: the score of `0,0` is `high` instead of a finite number in table.csv:2, which is named in grid.toml:19:8

        hint: write numbers such as `0.25` or `-1e-3`

        decimal comma: error: the score of `0,0` is `0,5` instead of a finite number in table.csv:2, which is named in grid.toml:19:8

        hint: decimals are written with a point

        empty score: error: the score of `0,0` is `` instead of a finite number in table.csv:2, which is named in grid.toml:19:8

        hint: remove the row if the object has no score

        ragged: error: the row has 3 columns and the header 2 in table.csv:2, which is named in grid.toml:19:8

        hint: quote fields that hold the delimiter, as in `"1,2"`

        empty: error: the file is empty in table.csv:1, which is named in grid.toml:19:8

        hint: write CSV with the header `object,score`

        header only: error: there are no rows below the header in table.csv:1, which is named in grid.toml:19:8

        missing object: error: 63 of 64 objects have no entry in table.csv; first: `1,0` in grid.toml:17:2

        negative: error: 63 of 64 objects have no entry in table.csv; first: `1,0` in grid.toml:17:2
    "#]].assert_eq(&messages.join("\n"));
}

#[test]
fn the_coverage_of_a_table_is_said_before_training() {
    let dir = Temp::new();
    let table = "[reward]\nkind = \"table\"\npath = \"table.jsonl\"\nmissing = \"floor\"\nfloor = 0.5\n";
    dir.write("grid.toml", format!("{GRID}\n{table}"));
    let row = |i: usize| format!("{{\"object\": \"{},{}\", \"score\": {i}}}\n", i / 8, i % 8);
    let said = |rows: std::ops::Range<usize>, sets: &str| {
        dir.write("table.jsonl", rows.map(row).collect::<String>());
        let ran = dir.run(&format!("train grid.toml --set run.samples=0 {sets}"));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.err.lines().filter(|line| line.starts_with("table ")).collect::<Vec<_>>().join("; ")
    };
    expect!["table            64 rows, all 64 objects covered"].assert_eq(&said(0..64, ""));
    expect!["table            48 rows, 48 of 64 objects covered, 75.000 %"].assert_eq(&said(0..48, ""));
    let sampled = said(0..48, "--set eval.exact_cap=10 --set eval.samples=16");
    assert!(
        sampled.starts_with("table            48 rows, ") && sampled.ends_with("of uniform play"),
        "{sampled}"
    );
    assert_eq!(said(0..48, "--quiet"), "");
}
