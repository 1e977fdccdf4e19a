//! stdout is data, stderr is talk; exit codes; JSON; and readers that have read enough.

use std::io::{BufRead, BufReader};

use expect_test::expect;
use serde_json::Value as Json;

use crate::support::Temp;

#[test]
fn a_run_prints_its_result_on_stdout_and_its_progress_on_stderr() {
    let dir = Temp::with_configs();
    let ran = dir.run("train grid.toml --out run");
    assert_eq!(ran.code, Some(0));
    let names: Vec<&str> = ran.out.lines().filter_map(|l| l.split("  ").next()).collect();
    expect![[r#"
        trained on
        total variation
        JSD
        KL(target, model)
        KL(model, target)
        log Z
        bounds of log Z
        log p against log R
        modes found
        speed
        time
        run
        next"#]]
    .assert_eq(&names.join("\n"));
    assert!(ran.err.starts_with("training in run\nstep 2 of 20: loss "), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 11);
    let quiet = dir.run("train grid.toml --out quiet --quiet");
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""));
    let numbered = dir.run("train grid.toml -q --set run.samples=0").ok();
    assert!(numbered.contains("runs/hypergrid-tb-0001"), "{numbered}");
    assert!(!dir.path("runs/hypergrid-tb-0001/samples.csv").exists());
}

/// The names that readers of JSON rely on.
#[test]
fn json_is_one_object_with_the_names_of_the_glossary() {
    let dir = Temp::with_configs();
    let train = dir.run("train grid.toml --out run --json -q").json();
    for name in [
        "tv",
        "jsd",
        "log_z_learned",
        "log_z_true",
        "modes",
        "iterations",
        "iterations_per_s",
        "transitions_per_s",
        "seconds",
        "peak_rss_bytes",
        "loss",
        "elbo",
        "eubo",
        "pearson",
    ] {
        assert!(train[name].is_number() || name == "peak_rss_bytes", "{name}: {train}");
    }
    assert_eq!((train["run"].as_str(), train["status"].as_str()), (Some("run"), Some("finished")));
    assert_eq!((train["iterations"].as_u64(), train["trajectories"].as_u64()), (Some(20), Some(160)));
    let eval = dir.run("eval run --json").json();
    for name in ["iterations", "tv", "jsd", "log_z_learned", "log_z_true", "elbo", "eubo", "modes", "run"] {
        assert_eq!(eval[name], train[name], "{name}");
    }
    assert!(eval["loss"].is_null(), "there was no update: {eval}");
    let sampled = dir.run("eval run --json --samples 500").json();
    for name in ["sampled_l1", "perfect_sampler_l1", "ess", "log_z_at_least"] {
        assert!(!sampled[name].is_null(), "{name}: {sampled}");
    }
    // What was exact before is as it was; estimates have names of their own.
    for (name, value) in eval.as_object().unwrap() {
        assert_eq!(sampled[name], *value, "{name}");
    }
    assert!(sampled.get("log_z_estimate").is_some() && sampled.get("log_z_estimate_interval").is_some());
    for name in ["elbo_estimate", "pearson_estimate", "spearman_estimate"] {
        let [low, high] = [0, 1].map(|i| sampled[format!("{name}_interval")][i].as_f64().unwrap());
        let value = sampled[name].as_f64().unwrap();
        assert!(low <= value && value <= high, "{name}: {sampled}");
        assert!(eval.get(name).is_none(), "{name}");
    }
    expect![[r#"
        {"n_states":11,"n_edges":13,"n_objects":6,"n_trajectories":"13","max_len":5,"log_z":4.718498871295095}
    "#]]
    .assert_eq(&dir.run("exact dag.toml --json").ok());
    let compared = dir.run("exact grid.toml --run run --json").json();
    assert_eq!(compared["tv"], train["tv"]);
}

#[test]
fn a_space_too_large_is_evaluated_by_sampling() {
    let dir = Temp::with_configs();
    let ran = dir
        .run("train grid.toml --set eval.exact_cap=10 --set eval.samples=256 --set eval.every=20 --out run");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let first = ran.err.lines().next().unwrap();
    expect!["more than 10 states are reachable, which is the cap on enumeration: evaluation is by sampling"]
        .assert_eq(first);
    assert!(ran.out.contains("effective sample") && !ran.out.contains("total variation"), "{}", ran.out);
    let json = dir.run("eval run --json").json();
    assert!(json["log_z_at_least"].as_f64() < json["log_z_estimate"].as_f64(), "{json}");
    for exact in ["tv", "elbo", "eubo", "pearson", "log_z_true"] {
        assert!(json.get(exact).is_none(), "{exact}: {json}");
    }
    assert!(json["log_z_learned"].is_number() && json["ess"].is_number(), "{json}");
}

/// Twenty updates in a space of 256⁴ cells, whose log Z is 20.1738: the estimate was 8.95 [8.07, 9.67], the "upper bound"
/// 11.59, and `diagnose` called log Z satisfactory.
#[test]
fn too_few_weights_give_a_bound_and_nothing_that_looks_like_an_estimate() {
    let dir = Temp::with_configs();
    let far = "--set env.dim=4 --set env.side=256 --set train.steps=20 --set train.batch=16 --set policy.width=32 --set \
               run.samples=0 --set eval.every=20";
    let out = dir.run(&format!("train grid.toml {far} --out run -q")).ok();
    let row = out.lines().find(|line| line.starts_with("log Z")).unwrap();
    assert!(row.contains(" learned, at least ") && row.ends_with("(with 95 % confidence)"), "{out}");
    assert!(!out.contains("EUBO") && out.contains("too small to estimate log Z"), "{out}");
    let json = dir.run("eval run --json").json();
    for nothing in ["log_z_estimate", "log_z_estimate_interval"] {
        assert!(json.as_object().unwrap()[nothing].is_null(), "{json}");
    }
    assert!(json.get("eubo").is_none() && json.get("eubo_estimate").is_none(), "{json}");
    let least = json["log_z_at_least"].as_f64().unwrap();
    assert!(0.0 < least && least < 20.1738, "{json}");
    let metrics = dir.read("run/metrics.csv");
    let cells = |line: usize| metrics.lines().nth(line).unwrap().split(',').collect::<Vec<_>>();
    let cell = |name: &str| cells(1)[cells(0).iter().position(|n| *n == name).unwrap()].to_owned();
    assert_eq!(["log_z_estimate", "log_z_true", "eubo"].map(cell), ["", "", ""]);
    assert_eq!(cell("log_z_at_least").parse::<f64>().ok(), Some(least));
    let said: Json = serde_json::from_str(&dir.run("diagnose run --json").out).unwrap();
    let checks = said["runs"][0]["checks"].as_array().unwrap();
    assert!(checks.iter().all(|c| c["name"] != "log-z" || c["passed"] == false), "{said}");
}

/// Where all rewards are equal there is no correlation: `null` for programs, a word for people, an empty cell.
#[test]
fn a_correlation_that_is_undefined_is_said_to_be() {
    let dir = Temp::with_configs();
    dir.write("even.toml", "[env]\nkind = \"hypergrid\"\nside = 4\n[reward]\nkind = \"expression\"\nexpression = \"1\"\n[objective]\nkind = \"tb\"\n[train]\nsteps = 4\nbatch = 8\n");
    let out = dir.run("train even.toml --out run -q").ok();
    let undefined = "log p against log R  undefined: all rewards, or all probabilities, are equal";
    assert!(out.contains(undefined), "{out}");
    let json = dir.run("eval run --samples 64 --json").json();
    for name in ["pearson", "pearson_estimate", "spearman_estimate", "spearman_estimate_interval"] {
        assert!(json.as_object().unwrap()[name].is_null(), "{name}: {json}");
    }
    let sampled = dir.run("eval run --samples 64").ok();
    assert_eq!(sampled.matches(undefined).count(), 2, "{sampled}");
    assert!(!dir.read("run/metrics.csv").contains("NaN"));
}

/// An objective without a log Z of its own was given its lower bound for one; the scale of flows was called log Z.
#[test]
fn log_z_learned_is_that_of_objectives_that_learn_it() {
    let dir = Temp::with_configs();
    let columns = |objective: &str| {
        let set = format!("--set objective.kind={objective} --set run.log_every=5");
        let out = dir.run(&format!("train grid.toml {set} --out {objective} -q")).ok();
        let text = dir.read(&format!("{objective}/steps.csv"));
        let row = |line: usize| text.lines().nth(line).unwrap().split(',').collect::<Vec<_>>();
        let is = |name: &str| !row(1)[row(0).iter().position(|n| *n == name).unwrap()].is_empty();
        (is("log_z_learned"), is("log_scale"), out.contains(" learned, "))
    };
    assert_eq!(columns("tb"), (true, false, true));
    assert_eq!(columns("db"), (false, true, true));
    assert_eq!(columns("fm"), (false, true, true));
    assert_eq!(columns("vargrad"), (false, false, false));
    let json = dir.run("eval vargrad --json").json();
    assert!(json.as_object().unwrap()["log_z_learned"].is_null() && json["elbo"].is_number(), "{json}");
    assert!(dir.run("eval vargrad").ok().contains(" true; this objective learns none"));
    assert!(dir.run("eval db --json").json()["log_z_learned"].is_number());
}

#[test]
fn samples_are_csv_or_json_lines_and_repeat_with_their_seed() {
    let dir = Temp::with_configs();
    dir.run("train dag.toml --out run -q").ok();
    let csv = dir.run("sample run -n 5").ok();
    let (comments, rows): (Vec<&str>, Vec<&str>) = csv.lines().partition(|l| l.starts_with('#'));
    let config: Vec<String> =
        dir.read("run/config.toml").lines().map(|l| dir.mask(format!("# {l}"))).collect();
    assert_eq!(comments, config.iter().map(|l| l.trim_end()).collect::<Vec<_>>());
    assert!(csv.contains("# steps = 20\n") && csv.contains("# lr = 0.001  # default\n"), "{csv}");
    assert_eq!((rows[0], rows.len()), ("text,log_reward,log_pf,log_pb,origin", 6));
    assert_eq!(dir.run("sample run -n 5").ok(), csv);
    assert_ne!(dir.run("sample run -n 5 --seed 2").ok(), csv);
    // Seed 0 is that of the run's own samples.
    assert_eq!(dir.run("sample run -n 10 --seed 0").ok(), dir.mask(dir.read("run/samples.csv")));
    let lines = dir.run("sample run -n 5 --format jsonl").ok();
    for (line, row) in lines.lines().zip(&rows[1..]) {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = format!("{},{},", json["text"].as_str().unwrap(), json["log_reward"]);
        assert!(row.starts_with(&text), "{line} {row}");
    }
    assert_eq!(dir.run("sample run -n 0").ok().lines().last(), Some("text,log_reward,log_pf,log_pb,origin"));
}

#[test]
fn findings_exit_with_one_and_are_told_apart_from_data() {
    let dir = Temp::with_configs();
    dir.run("train dag.toml --out run -q").ok();
    let objects = "3\n\nzz\n0\n9\n";
    let scored = dir.pipe("score dag.toml", objects);
    assert_eq!(scored.code, Some(1));
    expect![[r#"
        text,score,transformed,log_reward
        3,30,30,3.4011973816621555
        9,30,30,3.4011973816621555
        ---
        error: `zz` is not a state of `dag`
        error: `0` is not finished, and the reward is of finished objects
    "#]]
    .assert_eq(&format!("{}---\n{}", scored.out, scored.err));
    for sampled in ["", " --sampled"] {
        let ran = dir.pipe(&format!("logp run{sampled}"), objects);
        assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 3), "{}", ran.err);
        assert!(ran.out.contains("\n3,-") && ran.out.contains("\n9,-"), "{}", ran.out);
        assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
        assert!(ran.err.contains("`zz`") && ran.err.contains("`0`"), "{}", ran.err);
    }
    let all = dir.pipe("logp run", "3\n9\n");
    assert_eq!((all.code, all.err.as_str()), (Some(0), ""));
}

#[test]
fn environments_are_checked_and_played() {
    let dir = Temp::with_configs();
    let one = dir.run("check dag").ok();
    assert!(one.starts_with("dag: all 11 states, 13 edges and 6 objects checked"), "{one}");
    assert!(dir.run("check grid.toml").ok().starts_with("grid.toml: all 64 states"));
    assert!(dir.run("check grid.toml --set env.side=16 --set env.dim=8").ok().contains("trajectories"));
    let play = dir.run("play dag --seed 3").ok();
    assert!(play.starts_with("environment: dag\n") && play.contains("\nobject: "), "{play}");
    assert_eq!(dir.run("play dag --seed 3").ok(), play);
    assert!(dir.run("play grid.toml").ok().starts_with("environment: hypergrid\n"));
}

#[test]
fn the_exact_distribution_and_its_flow_are_written() {
    let dir = Temp::with_configs();
    let objects = dir.run("exact dag.toml --output -").ok();
    let total: f64 =
        objects.lines().skip(1).map(|l| l.rsplit(',').next().unwrap().parse::<f64>().unwrap().exp()).sum();
    assert!((total - 1.0).abs() < 1e-12, "{objects}");
    dir.run("train dag.toml --out run -q").ok();
    let table = dir.run("exact dag.toml --run run -o objects.csv --flow flow.csv").ok();
    assert!(table.contains("total variation") && table.contains("11"), "{table}");
    assert_eq!(dir.read("objects.csv").lines().count(), 7);
    assert_eq!(dir.read("flow.csv").lines().count(), 1 + 13 + 6);
    let refused = dir.run("exact dag.toml -o - --flow -").refused();
    expect![[r#"
        error: only one of `--output -`, `--flow -` and `--json` can go to stdout

        hint: name a file for the others
    "#]]
    .assert_eq(&refused);
}

/// `headwater sample … | head -1` ends quietly.
#[test]
fn a_reader_may_stop_reading() {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --out run -q").ok();
    for args in [
        "sample run -n 200000",
        "sample run -n 200000 --format jsonl",
        "exact grid.toml --set env.side=200 -o -",
    ] {
        let mut child = dir.command(args).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let ran = dir.finish(child);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{args}");
    }
}

/// Rates are the machine's; counts are not.
#[test]
fn bench_counts_what_it_times() {
    let dir = Temp::with_configs();
    let json = dir.run("bench grid.toml --warmup 2 --updates 5 --json").json();
    assert_eq!(json["iterations"], 5);
    for name in [
        "iterations_per_s",
        "transitions_per_s",
        "flops_per_s",
        "peak_flops_per_s",
        "start_to_first_update_s",
    ] {
        assert!(json[name].as_f64().unwrap() > 0.0, "{name}: {json}");
    }
    let count = |name: &str| json[name].as_u64().unwrap();
    assert!(count("states_visited") >= count("states_distinct"), "{json}");
    assert!(count("states_distinct") >= count("rows_evaluated") && count("rows_evaluated") > 0, "{json}");
    let phases: f64 = json["phase_seconds"].as_object().unwrap().values().map(|v| v.as_f64().unwrap()).sum();
    let seconds = json["seconds"].as_f64().unwrap();
    assert!(phases > 0.0 && phases <= seconds, "{phases} of {seconds}");
    let drawn = dir.run("bench grid.toml --sample --warmup 0 --updates 3 --json").json();
    assert_eq!(drawn["iterations"], 3);
    assert!(drawn["mean_len"].as_f64().unwrap() > 0.0, "{drawn}");
    let text = dir.run("bench grid.toml --warmup 0 --updates 2").ok();
    assert!(text.contains("equal states are evaluated once") && text.contains("measured"), "{text}");
    let text = dir.run("bench grid.toml --warmup 0 --updates 2 --no-peak").ok();
    assert!(text.contains("GFLOP/s in forward and backward") && !text.contains("measured"), "{text}");
    let kernels = dir.run("bench --kernels --json").json();
    assert!(kernels["kernels"].as_array().unwrap().len() > 10, "{kernels}");
}
