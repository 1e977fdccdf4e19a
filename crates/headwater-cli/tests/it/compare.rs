//! `headwater compare`: one budget for all, nothing played twice, and the same result whatever the number of threads.

use expect_test::expect;

use crate::support::Temp;

const ARGS: &str =
    "compare grid.toml --methods gflownet,exact,random --budget objects=640 --seeds 2 --points 4 -q";

#[test]
fn every_method_spends_the_budget_and_is_measured() {
    let dir = Temp::with_configs();
    let json = dir.run(&format!("{ARGS} --json --out a")).json();
    let methods = json["methods"].as_array().unwrap();
    let names: Vec<&str> = methods.iter().map(|m| m["method"].as_str().unwrap()).collect();
    assert_eq!(names, ["gflownet-tb", "exact", "random"]);
    for m in methods {
        assert_eq!(m["seeds"].as_u64(), Some(2), "{m}");
        for metric in
            ["tv_policy", "tv_empirical", "modes", "distinct", "top_log_reward", "circles", "seconds"]
        {
            assert!(m[metric]["mean"].is_number(), "{metric}: {m}");
        }
    }
    // The exact sampler has no distance but that of its histogram, which for 640 draws from these cells is 0.101 with a
    // standard deviation of 0.012: 0.2 is eight of those above it.
    assert!(methods[1]["tv_policy"]["mean"].as_f64().unwrap() < 1e-12);
    assert!(methods[1]["tv_empirical"]["mean"].as_f64().unwrap() < 0.2, "{}", methods[1]);
    let curves = dir.read("a/curves.csv");
    // Two seeds of three methods at four points each, and a header.
    assert_eq!(curves.lines().count(), 25, "{curves}");
    for line in curves.lines().filter(|l| l.starts_with("random,")) {
        let objects: u64 = line.split(',').nth(2).unwrap().parse().unwrap();
        assert!(objects.is_multiple_of(160), "a quarter of the budget is ten rounds: {line}");
    }
    assert!(dir.read("a/tv_policy.svg").starts_with("<svg "));
    assert!(dir.read("a/random.toml").contains("kind = \"random\""));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads_and_nothing_is_played_twice() {
    let dir = Temp::with_configs();
    let without_seconds = |text: String| -> Vec<String> {
        let cells = text.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
        cells
            .map(|mut c| {
                c.remove(5);
                c.join(",")
            })
            .collect()
    };
    dir.run(&format!("{ARGS} --jobs 1 --out one")).ok();
    dir.run(&format!("{ARGS} --jobs 3 --out three")).ok();
    assert_eq!(without_seconds(dir.read("one/curves.csv")), without_seconds(dir.read("three/curves.csv")));
    // A curve that was lost is played again, and the others are taken as they are.
    std::fs::remove_file(dir.path("one/curves/random-1.csv")).unwrap();
    dir.write("one/curves/exact-0.csv", dir.read("one/curves/exact-1.csv"));
    let again = dir.run(&ARGS.replace(" -q", " --out one"));
    assert_eq!(again.code, Some(0));
    assert!(again.err.starts_with("6 of 6: random, seed 1, "), "{}", again.err);
    let curves = dir.read("one/curves.csv");
    let exact: Vec<&str> = curves.lines().filter(|l| l.starts_with("exact,")).collect();
    assert_eq!(exact[0].split(',').nth(8), exact[4].split(',').nth(8), "the file that was put there counts");
}

#[test]
fn a_seed_that_is_set_is_the_first_of_several() {
    let dir = Temp::with_configs();
    let args = "compare grid.toml --methods random --budget objects=160 --points 2 -q";
    let json = dir.run(&format!("{args} --set seed=7 --seeds 3 --out seven --json")).json();
    let mut curves: Vec<_> = std::fs::read_dir(dir.path("seven/curves")).unwrap().collect();
    assert_eq!(curves.len(), 3);
    curves.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let names: Vec<_> = curves.iter().map(|entry| entry.as_ref().unwrap().file_name()).collect();
    assert_eq!(names, ["random-7.csv", "random-8.csv", "random-9.csv"]);
    let objects = |seed: &str| dir.read(&format!("seven/curves/random-{seed}.csv"));
    assert_ne!(objects("7"), objects("8"));
    let row = &json["methods"][0];
    assert_eq!((row["seeds"].as_u64(), row["top_log_reward"]["seeds"].as_u64()), (Some(3), Some(3)));
    // A seed is what it is, whichever it is counted from, and one seed has no interval.
    let one = dir.run(&format!("{args} --set seed=8 --seeds 1 --out eight --json")).json();
    let distinct = &one["methods"][0]["distinct"];
    assert!(distinct["mean"].is_number() && distinct["low"].is_null() && distinct["high"].is_null(), "{one}");
    let without_seconds = |text: String| {
        text.lines()
            .map(|l| l.split(',').enumerate().filter(|c| c.0 != 3).map(|c| c.1.to_owned()).collect())
            .collect::<Vec<Vec<_>>>()
    };
    assert_eq!(without_seconds(dir.read("eight/curves/random-8.csv")), without_seconds(objects("8")));
    // Beyond the last seed there is none.
    let refused = dir.run(&format!("{args} --set seed={} --seeds 2 --out last", i64::MAX)).refused();
    assert!(refused.contains("seed=9223372036854775808"), "{refused}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let dir = Temp::with_configs();
    let refused = |args: &str| dir.run(args).refused();
    expect![[r#"
        error: unknown method `gflonet`

        hint: did you mean `gflownet`? `headwater list methods` shows all
    "#]]
    .assert_eq(&refused("compare grid.toml --methods gflonet"));
    expect![[r#"
        error: `--budget steps=5` counts in an unknown unit

        hint: write UNIT=AMOUNT with one of objects, transitions, reward-calls, seconds
    "#]]
    .assert_eq(&refused("compare grid.toml --budget steps=5"));
    expect![[r#"
        error: `grid` and `dag` differ in `env.kind`

        hint: methods are compared on one environment with one reward
    "#]]
    .assert_eq(&refused("compare grid.toml dag.toml"));
    expect![[r#"
        error: two contestants are called `grid`

        hint: rename a file, or leave one out
    "#]]
    .assert_eq(&refused("compare grid.toml grid.toml"));
    dir.run(&format!("{ARGS} --out a")).ok();
    expect![[r#"
        error: `a` holds another comparison

        hint: name another directory with `--out`, or repeat what it was begun with
    "#]]
    .assert_eq(&dir.run("compare grid.toml --methods random --out a -q").refused());
    expect![[r#"
        error: only a `gflownet` is trained and kept as a run in `--set method.kind=random`

        hint: `headwater compare` plays every method
    "#]]
    .assert_eq(&refused("train grid.toml --set method.kind=random"));
}

#[test]
fn learning_from_given_objects_alone_finds_none() {
    let dir = Temp::with_configs();
    dir.write("objects.txt", "0,0\n3,3\n");
    let args = "compare grid.toml --set train.data=objects.txt --set train.data_share=1 --seeds 1 -q";
    expect![[r#"
        error: `train.data` gives every object: none is found, and a budget of objects never spent

        hint: count it in `--budget reward-calls=…`
    "#]]
    .assert_eq(&dir.run(args).refused());
    let json = dir.run(&format!("{args} --budget reward-calls=200 --json")).json();
    let row = &json["methods"][0];
    assert!(row["tv_policy"]["mean"].is_number() && row["transitions"]["mean"].is_number(), "{row}");
    assert!(
        row["tv_empirical"].is_null() && row["top_log_reward"].is_null() && row["modes"].is_null(),
        "{row}"
    );
}

#[test]
fn chains_are_diagnosed_and_nothing_else() {
    let dir = Temp::with_configs();
    let json =
        dir.run("compare grid.toml --methods mcmc,random --budget objects=4000 --seeds 1 -q --json").json();
    let (mcmc, random) = (&json["methods"][0], &json["methods"][1]);
    // 125 draws of each of 16 chains are left after the burn-in.
    let ess = mcmc["ess"]["mean"].as_f64().unwrap();
    assert!(ess > 10.0 && ess < 4000.0, "{mcmc}");
    assert!(mcmc["r_hat"]["mean"].as_f64().unwrap() < 1.5, "{mcmc}");
    assert!(random["ess"].is_null() && random["r_hat"].is_null(), "{random}");
}
