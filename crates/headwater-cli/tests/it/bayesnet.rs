//! `headwater bayesnet`: from a table to a posterior, on its own and from a run.

use expect_test::expect;

use crate::support::{Temp, root};

/// Three columns in a chain, a → b → c, and a sum that nobody could miss.
fn table(rows: i32) -> String {
    let noise = |i: i32, k: i32| f64::from((i * k) % 17 - 8) / 8.0;
    let row = |i: i32| {
        let a = noise(i, 5);
        let b = 2.0 * a + noise(i, 7);
        format!("{a},{b},{}\n", 2.0 * b + noise(i, 11))
    };
    "a,b,c\n".to_owned() + &(1..=rows).map(row).collect::<String>()
}

#[test]
fn a_table_becomes_a_posterior_with_its_files() {
    let dir = Temp::new();
    dir.write("data.csv", table(60));
    let json =
        dir.run("bayesnet data.csv --set reward.kind=bge --set train.steps=300 --out run --json -q").json();
    assert_eq!((json["exact"].as_bool(), json["distinct_graphs"].as_u64()), (Some(true), Some(25)));
    assert_eq!((json["score"].as_str(), json["nodes"][2].as_str()), (Some("bge"), Some("c")));
    // A chain: all three of its graphs are as good, and a and c are joined less often than not.
    assert_eq!(json["classes"][0]["graph"], "a--b;b--c");
    assert!(json["classes"][0]["probability"].as_f64().unwrap() > 0.5, "{json}");
    let edge = |i: usize, j: usize| json["edges"][i][j].as_f64().unwrap();
    assert!(edge(0, 1) + edge(1, 0) > 0.9 && edge(0, 2) + edge(2, 0) < 0.5, "{json}");

    let edges = dir.read("run/edges.csv");
    assert!(edges.starts_with("from,to,probability,low,high,path,path_low,path_high,exact\na,b,"), "{edges}");
    assert_eq!((edges.lines().count(), dir.read("run/markov_blankets.csv").lines().count()), (7, 7));
    let graphs = dir.read("run/graphs.csv");
    assert_eq!(graphs.lines().count(), 26, "{graphs}");
    let total: f64 =
        graphs.lines().skip(1).map(|l| l.split(',').nth(1).unwrap().parse::<f64>().unwrap()).sum();
    assert!((total - 1.0).abs() < 1e-9, "{graphs}");
    assert!(dir.read("run/network.svg").contains("</svg>"));
    assert!(dir.read("run/posterior.json").contains("\"mean_edges\""));
    assert!(dir.read("run/samples.csv").lines().count() > 100, "the run is one of `headwater train`");

    // The same from the run, which is also one that the other commands take.
    let again = dir.run("bayesnet run --json").json();
    assert_eq!((&again["edges"], &again["classes"]), (&json["edges"], &json["classes"]));
    let text = dir.run("bayesnet run").ok();
    assert!(text.contains("exact: all 25 networks") && text.contains("a--b;b--c"), "{text}");
    assert_eq!(dir.run("sample run -n 3").ok().lines().filter(|l| l.ends_with(",policy")).count(), 3);
}

#[test]
fn draws_stand_in_where_networks_are_too_many() {
    let dir = Temp::new();
    dir.write("data.csv", table(60));
    // The same posterior, enumerated and by draws, whose intervals are to hold it: 6 edges at 95 %, of which all but one
    // may miss; the seed is fixed.
    let exact = dir.run("bayesnet data.csv --set train.steps=1 --out exact --json -q").json();
    let more = "--set train.steps=400 --set eval.exact_cap=10 --samples 4000";
    let drawn = dir.run(&format!("bayesnet data.csv {more} --out drawn --json -q")).json();
    assert_eq!(drawn["exact"].as_bool(), Some(false));
    assert!(drawn["effective_draws"].as_f64().unwrap() > 2000.0, "{drawn}");
    let rows = dir.read("drawn/edges.csv");
    let known = |i: usize, j: usize| exact["edges"][i][j].as_f64().unwrap();
    let places = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
    let held = rows.lines().skip(1).zip(places).filter(|(row, (i, j))| {
        let numbers: Vec<f64> = row.split(',').skip(2).take(3).map(|x| x.parse().unwrap()).collect();
        (numbers[1]..=numbers[2]).contains(&known(*i, *j))
    });
    assert!(held.count() >= 5, "{rows}{exact}");
    // The sum over all DAGs says the same as enumerating them.
    let near = |a: &serde_json::Value, b: &serde_json::Value| {
        let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
        assert!((a - b).abs() < 1e-9, "{a} instead of {b}");
    };
    near(&drawn["exact_log_z"], &exact["sampler"]["log_z_true"]);
    for (row, (i, j)) in rows.lines().skip(1).zip(places) {
        near(&drawn["exact_edges"][i][j], &exact["edges"][i][j]);
        let last: f64 = row.rsplit(',').next().unwrap().parse().unwrap();
        near(&last.into(), &exact["edges"][i][j]);
    }
    assert!(drawn["draws_edge_error"].as_f64().unwrap() < 0.03, "{drawn}");
    // Chains with as many scores: 400 updates of 128, and the draws.
    let beside = dir.run("bayesnet drawn --samples 4000 --rival mcmc --json").json();
    let rival = &beside["rival"];
    assert!((55_200..70_000).contains(&rival["reward_calls"].as_u64().unwrap()), "{rival}");
    assert!(rival["edge_error"].as_f64().unwrap() < 0.05, "{rival}");
    let unknown = dir.run("bayesnet drawn --rival mmcm").refused();
    assert!(unknown.contains("`headwater list methods`"), "{unknown}");
    let text = dir.run("bayesnet drawn --samples 4000").ok();
    assert!(text.contains("from the sum over all DAGs") && text.contains("by draws"), "{text}");
}

#[test]
fn words_are_scored_as_categories_and_bad_tables_are_told_where() {
    let dir = Temp::new();
    let row = |i: u32| format!("{},{}\n", if i.is_multiple_of(3) { "yes" } else { "no" }, i % 2);
    dir.write("words.csv", "x,y\n".to_owned() + &(0..20).map(row).collect::<String>());
    let json = dir.run("bayesnet words.csv --set train.steps=10 --out run --json -q").json();
    assert_eq!(json["score"].as_str(), Some("bdeu"));
    let refused = |args: &str| dir.run(&format!("bayesnet {args}")).refused();
    expect![[r#"
        error: words.csv:2:1: the value `yes` of `x` is not a number in `--set reward.kind=bge`

        hint: `bdeu` scores columns of categories
    "#]]
    .assert_eq(&refused("words.csv --set reward.kind=bge --out no"));
    dir.write("ragged.csv", "x,y\n1,2\n2,3\n\n4\n");
    expect![[r#"
        error: ragged.csv:5: the row has `1` values, and the header 2 names

        hint: every row has one value for each name; quote values with commas
    "#]]
    .assert_eq(&refused("ragged.csv"));
    dir.write("constant.csv", "x,y\n1,2\n2,2\n");
    expect![[r#"
        error: constant.csv:1:2: the column `y` is constant

        hint: it says nothing of the others: leave it out
    "#]]
    .assert_eq(&refused("constant.csv"));
    expect![[r#"
        error: cannot read `none.csv`: there is no such file or directory
    "#]]
    .assert_eq(&refused("none.csv"));
}

/// Five nodes and a hundred rows, all 29,281 networks: the sampler is within a JSD of 1e-3 of the exact posterior, and
/// its edges are too. The seed is fixed and the same bits come of any number of threads.
#[test]
fn five_nodes_are_learnt_to_a_jsd_of_a_thousandth() {
    let dir = Temp::new();
    let config = root().join("configs/bayesnet.toml");
    dir.run(&format!("train {} --out run -q", config.display())).ok();
    let json = dir.run("bayesnet run --json").json();
    assert_eq!(json["distinct_graphs"].as_u64(), Some(29_281));
    assert!(json["sampler"]["jsd"].as_f64().unwrap() < 1e-3, "{}", json["sampler"]);
    assert!(json["edge_error"].as_f64().unwrap() < 0.02, "{}", json["edge_error"]);
}
