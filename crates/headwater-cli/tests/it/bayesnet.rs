//! `headwater bayesnet`: from a table to a posterior, on its own and from a run, with and without training.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};

use expect_test::expect;
use headwater_core::Key;
use serde_json::Value as Json;

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

/// Rows of the network *Asia* of Lauritzen & Spiegelhalter 1988.
fn asia(rows: u64) -> String {
    let row = |i: u64| {
        let yes = |k: u64, p: f64| Key::new(rows).fold(i).fold(k).unit() < p;
        let (asia, smoke) = (yes(0, 0.01), yes(1, 0.5));
        let tub = yes(2, if asia { 0.05 } else { 0.01 });
        let lung = yes(3, if smoke { 0.1 } else { 0.01 });
        let bronc = yes(4, if smoke { 0.6 } else { 0.3 });
        let either = tub || lung;
        let xray = yes(5, if either { 0.98 } else { 0.05 });
        let dysp = match (either, bronc) {
            (true, true) => 0.9,
            (true, false) => 0.7,
            (false, true) => 0.8,
            (false, false) => 0.1,
        };
        let cells = [asia, tub, smoke, lung, bronc, either, xray, yes(6, dysp)];
        cells.map(|yes| if yes { "yes" } else { "no" }).join(",") + "\n"
    };
    "asia,tub,smoke,lung,bronc,either,xray,dysp\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

/// Columns of numbers along a chain, with noise.
fn chain(columns: u64, rows: u64) -> String {
    let header: Vec<String> = (0..columns).map(|j| format!("v{j}")).collect();
    let row = |i: u64| {
        let mut last = 0.0;
        let cells = (0..columns).map(|j| {
            last = 0.8 * last + Key::new(columns).fold(i).fold(j).normal();
            format!("{last}")
        });
        cells.collect::<Vec<_>>().join(",") + "\n"
    };
    header.join(",") + "\n" + &(0..rows).map(row).collect::<String>()
}

fn matrix(json: &Json) -> Vec<f64> {
    json.as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|p| p.as_f64().unwrap())
        .collect()
}

fn apart(a: &Json, b: &Json) -> f64 {
    matrix(a).iter().zip(matrix(b)).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
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
    assert!(dir.read("run/best.dot").starts_with("digraph {\n  \"a\";\n"));
    assert!(dir.read("run/posterior.json").contains("\"mean_edges\""));
    assert!(dir.read("run/samples.csv").lines().count() > 100, "the run is one of `headwater train`");

    // The same from the run, which is also one that the other commands take; and from its configuration alone.
    let again = dir.run("bayesnet run --json").json();
    assert_eq!((&again["edges"], &again["classes"]), (&json["edges"], &json["classes"]));
    let alone = dir.run("bayesnet run --exact --out alone --json -q").json();
    assert_eq!((&alone["edges"], &alone["classes"]), (&json["edges"], &json["classes"]));
    let text = dir.run("bayesnet run").ok();
    assert!(text.contains("exact: all 25 networks") && text.contains("a--b;b--c"), "{text}");
    assert_eq!(dir.run("sample run -n 3").ok().lines().filter(|l| l.ends_with(",policy")).count(), 3);
}

#[test]
fn weighted_draws_stand_in_where_rewards_are_no_sums() {
    let dir = Temp::new();
    dir.write("data.csv", table(60));
    // The same posterior, listed and by draws: a floor that no network comes near makes it no product any more. The
    // intervals are to hold it: 6 edges at 95 %, of which all but one may miss; the seed is fixed.
    let exact = dir.run("bayesnet data.csv --exact --out exact --json -q").json();
    let more = "--set train.steps=400 --set eval.exact_cap=10 --set reward.floor=1e-200 --samples 4000";
    let drawn = dir.run(&format!("bayesnet data.csv {more} --out drawn --json -q")).json();
    assert_eq!((drawn["exact"].as_bool(), drawn["from"].as_str()), (Some(false), Some("weights")));
    assert!(drawn["effective_draws"].as_f64().unwrap() > 2000.0, "{drawn}");
    let pairs = matrix(&exact["edges"])
        .into_iter()
        .zip(drawn["edge_intervals"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap()));
    let held = pairs.enumerate().filter(|(k, (p, ends))| {
        let end = |i: usize| ends[i].as_f64().unwrap();
        k / 3 != k % 3 && (end(0)..=end(1)).contains(p)
    });
    assert!(held.count() >= 5, "{drawn}{exact}");
    assert!(apart(&drawn["edges"], &exact["edges"]) < 0.03, "{drawn}");
    // Chains with as many scores: 400 updates of 128, and the draws.
    let beside = dir.run("bayesnet drawn --samples 4000 --rival mcmc --json").json();
    let rival = &beside["rival"];
    assert!((55_200..70_000).contains(&rival["reward_calls"].as_u64().unwrap()), "{rival}");
    assert!(rival["edge_error"].as_f64().unwrap() < 0.05, "{rival}");
    let unknown = dir.run("bayesnet drawn --rival mmcm").refused();
    assert!(unknown.contains("`headwater list methods`"), "{unknown}");
    // A sampler that has learned nothing has draws whose weights support nothing, and that is said.
    let more = "--set train.steps=1 --set policy.guide=0 --set eval.exact_cap=10 --set reward.floor=1e-200 --samples 500";
    let poor = dir.run(&format!("bayesnet data.csv {more} --out poor --json -q")).json();
    assert!(poor["edge_intervals"][0][1].is_null(), "{poor}");
    assert!(poor["findings"][0].as_str().unwrap().contains("no interval is given"), "{poor}");
    let refused = dir.run("bayesnet data.csv --exact --set reward.floor=1e-200 -q").refused();
    assert!(refused.contains("not a sum over nodes"), "{refused}");
}

/// Up to sixteen columns what is printed is exact, whatever a sampler has learned, and its error is a finding.
#[test]
fn what_is_printed_is_exact_whatever_the_sampler_has_learned() {
    let dir = Temp::new();
    let asia = root().join("examples/bayesnet/asia.csv");
    let asia = asia.display();
    let exact = dir.run(&format!("bayesnet {asia} --exact --samples 20000 --out exact --json -q")).json();
    assert_eq!((exact["exact"].as_bool(), exact["from"].as_str()), (Some(true), Some("sum")));
    assert!(exact["sampler"].is_null() && !dir.path("exact/checkpoints").exists());
    // From a sum over all DAGs, written down before this test was.
    let near = |i: usize, j: usize, p: f64| {
        let found = exact["edges"][i][j].as_f64().unwrap();
        assert!((found - p).abs() < 5e-5, "{i} -> {j}: {found}, not {p}");
    };
    for (i, j, p) in [(4, 7, 0.9046), (3, 7, 0.8842), (3, 5, 0.7413), (1, 5, 0.6641)] {
        near(i, j, p);
    }
    assert!((exact["exact_log_z"].as_f64().unwrap() - 393.750).abs() < 5e-4);

    let trained =
        dir.run(&format!("bayesnet {asia} --set train.steps=2 --samples 20000 --out run --json -q")).json();
    for key in ["edges", "paths", "markov_blankets", "classes", "graphs", "best", "exact_log_z"] {
        assert_eq!(trained[key], exact[key], "{key}");
    }
    assert!(trained["edge_error"].as_f64().unwrap() > 0.05);
    assert!(trained["findings"][0].as_str().unwrap().starts_with("the sampler is off by up to"), "{trained}");
    let text = dir.run("bayesnet run --samples 1000").ok();
    assert!(
        text.contains("finding   the sampler is off") && text.contains("by the sum over all DAGs"),
        "{text}"
    );
}

/// *Asia* with 500 to 100,000 rows: edges are the exact ones, and draws follow them. 56 edges of 20,000 draws each are
/// beyond five standard deviations and two draws once in 10⁵ times; the seed is fixed.
#[test]
fn more_rows_make_nothing_worse() {
    let dir = Temp::new();
    for rows in [500, 2000, 10_000, 100_000] {
        dir.write("asia.csv", asia(rows));
        let json =
            dir.run(&format!("bayesnet asia.csv --exact --samples 20000 --out a{rows} --json -q")).json();
        let edges = matrix(&json["edges"]);
        let best = &json["best"];
        let log_p = best["log_reward"].as_f64().unwrap() - json["exact_log_z"].as_f64().unwrap();
        assert!(
            log_p <= 1e-9 && (log_p.exp() - best["probability"].as_f64().unwrap()).abs() < 1e-9,
            "{best}"
        );
        // The draws that are listed have their exact probabilities; as many as there are hold no more than 1.
        let listed: f64 = dir
            .read(&format!("a{rows}/graphs.csv"))
            .lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap())
            .sum();
        assert!((0.001..=1.0 + 1e-9).contains(&listed), "{listed}");
        let from_draws: HashMap<(String, String), f64> = dir
            .read(&format!("a{rows}/markov_blankets.csv"))
            .lines()
            .skip(1)
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                ((cells[0].to_owned(), cells[1].to_owned()), cells[2].parse().unwrap())
            })
            .collect();
        let names: Vec<&str> =
            json["nodes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        for (i, j) in (0..8).flat_map(|i| (0..8).map(move |j| (i, j))).filter(|(i, j)| i != j) {
            // Every neighbour is in the blanket.
            let joined = edges[i * 8 + j] + edges[j * 8 + i];
            let blanket = from_draws[&(names[i].to_owned(), names[j].to_owned())];
            let bound = 5.0 * (joined * (1.0 - joined) / 20_000.0).max(0.0).sqrt() + 1e-4;
            assert!(
                blanket >= joined - bound,
                "{rows} rows, {} {}: {blanket} < {joined}",
                names[i],
                names[j]
            );
        }
        if rows == 100_000 {
            // Enough rows for what can be told apart: smoking and bronchitis, X-rays and either disease.
            let joined = |i: usize, j: usize| edges[i * 8 + j] + edges[j * 8 + i];
            assert!(joined(2, 4) > 0.999 && joined(3, 5) > 0.999 && joined(4, 7) > 0.999, "{edges:?}");
        }
    }
}

/// Beyond sixteen columns chains speak first; they agree with the sum, which can still be asked for at seventeen.
#[test]
fn chains_agree_with_the_sum_beyond_sixteen_columns() {
    let dir = Temp::new();
    dir.write("data.csv", chain(17, 60));
    let sets = "--set env.max_parents=2 --set train.batch=8 --set eval.samples=8 --set eval.objects=4 --set eval.backward_samples=2 --set run.samples=2";
    let json = dir.run(&format!("bayesnet data.csv {sets} --set train.steps=2 --out run --json -q")).json();
    assert_eq!(json["from"].as_str(), Some("chains"));
    assert!(json["chains"]["apart"].as_f64().unwrap() < 0.05, "{}", json["chains"]);
    assert!(json["effective_draws"].as_f64().unwrap() > 100.0, "{}", json["effective_draws"]);
    let exact =
        dir.run(&format!("bayesnet data.csv {sets} --exact --samples 1000 --out exact --json -q")).json();
    // The seed is fixed; what chains leave is about a hundredth.
    let far = apart(&json["edges"], &exact["edges"]);
    assert!(far < 0.04, "{far}");
    // Training went back from networks of the chains, and the sampler's disagreement is said.
    assert!(
        dir.read("run.starts.txt").lines().count() > 100
            && dir.read("run/config.toml").contains("run.starts.txt")
    );
    assert!(
        json["findings"].to_string().contains("the sampler and the chains disagree"),
        "{}",
        json["findings"]
    );
    dir.write("more.csv", chain(21, 30));
    let refused = dir.run("bayesnet more.csv --exact -q").refused();
    assert!(refused.contains("at most 20 columns, not for `21`"), "{refused}");
}

/// While minutes of sums lie ahead, a termination request ends the process as it does any other.
#[cfg(unix)]
#[test]
fn the_sum_can_be_ended() {
    let dir = Temp::new();
    dir.write("data.csv", chain(20, 30));
    let mut child = dir.command("bayesnet data.csv --exact --out exact").spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("summing over all networks of 20 nodes")));
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    // It would be minutes until it ended by itself.
    assert_eq!(child.wait().unwrap().code(), None);
    assert!(!dir.path("exact").exists());
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
