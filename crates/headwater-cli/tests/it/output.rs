//! stdout is data, stderr is talk; exit codes; JSON; and readers that have read enough.

use std::io::{BufRead, BufReader};

use expect_test::expect;

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
        "log_z",
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
    for name in ["iterations", "tv", "jsd", "log_z", "log_z_true", "elbo", "eubo", "modes", "run"] {
        assert_eq!(eval[name], train[name], "{name}");
    }
    assert!(eval["loss"].is_null(), "there was no update: {eval}");
    let sampled = dir.run("eval run --json --samples 500").json();
    for name in ["sampled_l1", "perfect_sampler_l1", "ess", "log_z_interval"] {
        assert!(!sampled[name].is_null(), "{name}: {sampled}");
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
        .run("train grid.toml --set eval.exact_cap=10 --set eval.samples=64 --set eval.every=20 --out run");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let first = ran.err.lines().next().unwrap();
    expect!["more than 10 states are reachable, which is the cap on enumeration: evaluation is by sampling"]
        .assert_eq(first);
    assert!(ran.out.contains("effective sample") && !ran.out.contains("total variation"), "{}", ran.out);
    let json = dir.run("eval run --json").json();
    let interval = json["log_z_interval"].as_array().unwrap();
    assert!(interval[0].as_f64() <= json["log_z"].as_f64() && json["log_z"].as_f64() <= interval[1].as_f64());
    assert!(json["tv"].is_null() && json["ess"].is_number(), "{json}");
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
