//! Directories that are no runs, and runs whose files were damaged.

use expect_test::expect;

use crate::support::{Ran, Temp};

#[test]
fn what_is_no_run_is_refused() {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --out run -q").ok();
    let messages = [
        "sample missing",
        "eval grid.toml",
        "logp .",
        "train --resume missing",
        "train grid.toml --out run",
        "train grid.toml --out .",
        "train run",
        "exact dag.toml --run run",
        "exact grid.toml --run run --set env.side=9",
        "exact grid.toml -o missing/objects.csv",
        "train grid.toml --out grid.toml/run",
    ]
    .map(|args| format!("$ headwater {args}\n{}", dir.run(args).refused()));
    expect![[r#"
        $ headwater sample missing
        error: `missing` is not a run directory: there is no such file or directory

        hint: name the directory that `headwater train` printed

        $ headwater eval grid.toml
        error: `grid.toml` is not a run directory: a part of its path is not a directory

        hint: name the directory that `headwater train` printed

        $ headwater logp .
        error: `.` is not a run directory: `config.toml`, `manifest.json` and `checkpoints` are missing

        hint: name the directory that `headwater train` printed

        $ headwater train --resume missing
        error: `missing` is not a run directory: there is no such file or directory

        hint: name the directory that `headwater train` printed

        $ headwater train grid.toml --out run
        error: `run` exists already and is not empty

        hint: name another directory, or leave `--out` out for a numbered one

        $ headwater train grid.toml --out .
        error: `.` exists already and is not empty

        hint: name another directory, or leave `--out` out for a numbered one

        $ headwater train run
        error: cannot read `run`: it is a directory

        $ headwater exact dag.toml --run run
        error: the run's `env.kind` is not that of the configuration

        hint: the run's own is `run/config.toml`

        $ headwater exact grid.toml --run run --set env.side=9
        error: the run's `env.side` is not that of the configuration

        hint: the run's own is `run/config.toml`

        $ headwater exact grid.toml -o missing/objects.csv
        error: cannot create `missing/objects.csv`: there is no such file or directory

        $ headwater train grid.toml --out grid.toml/run
        error: cannot create `grid.toml`: something of that name is there already
    "#]]
    .assert_eq(&messages.join("\n"));
}

/// Damage that a person or a disk may do to the files of a run.
#[test]
fn a_damaged_run_is_refused() {
    let dir = Temp::with_configs();
    let mut messages = Vec::new();
    for (file, text) in [
        ("config.toml", "[env]\nkind = \"hypergrid\"\nside = 5\n"),
        ("config.toml", ""),
        ("manifest.json", "{"),
        ("checkpoints/latest", "step-00000099.safetensors\n"),
        ("checkpoints/step-00000020.safetensors", "torn"),
        ("metrics.csv", "step,loss\n1,2\n"),
        ("steps.csv", "what\n"),
    ] {
        let _ = std::fs::remove_dir_all(dir.path("run"));
        dir.run("train grid.toml --out run -q").ok();
        dir.write(&format!("run/{file}"), text);
        for command in ["sample run -n 1 --format jsonl", "train --resume run -q --set train.steps=21"] {
            let ran = dir.run(command);
            assert!(ran.code == Some(2) || ran.code == Some(0), "{ran:?}");
            let data = if ran.code == Some(0) { "goes on\n" } else { "" };
            messages.push(format!("{file}: $ {command}\n{data}{}", ran.err));
        }
    }
    expect![[r#"
        config.toml: $ sample run -n 1 --format jsonl
        error: `run/config.toml` is not what the run was trained with: it, or a file that it names, was changed since

        hint: undo the change, or train anew with it; `headwater train --resume RUN --set KEY=VALUE` changes what may change, such as `train.steps`

        config.toml: $ train --resume run -q --set train.steps=21
        error: a resumed run must go on as it began, and this changes what was already done

        hint: these may change: train.steps, train.threads, eval.every, eval.samples, eval.objects, eval.backward_samples, run.name, run.checkpoint_every, run.keep_checkpoints, run.log_every, run.samples, ledger.keep, ledger.path, ledger.max_calls, ledger.max_seconds

        config.toml: $ sample run -n 1 --format jsonl
        error: `env.kind` is missing in run/config.toml

        hint: write `[env]` and under it `kind = "…"`, or `--set env.kind=…`; `headwater list envs` shows all 23

        config.toml: $ train --resume run -q --set train.steps=21
        error: `env.kind` is missing in run/config.toml

        hint: write `[env]` and under it `kind = "…"`, or `--set env.kind=…`; `headwater list envs` shows all 23

        manifest.json: $ sample run -n 1 --format jsonl
        goes on
        warning: `run/manifest.json` is damaged: it is not JSON: EOF while parsing an object at line 1 column 1: whether `config.toml` is as it was cannot be said

        manifest.json: $ train --resume run -q --set train.steps=21
        error: `run/manifest.json` is damaged: it is not JSON: EOF while parsing an object at line 1 column 1

        checkpoints/latest: $ sample run -n 1 --format jsonl
        goes on
        warning: `run/checkpoints/step-00000099.safetensors` is damaged: `latest` names it, and it is not there; the checkpoint of update 20 is used

        checkpoints/latest: $ train --resume run -q --set train.steps=21
        goes on
        note: `run/checkpoints/step-00000099.safetensors` is damaged: `latest` names it, and it is not there; the checkpoint of update 20 is used

        checkpoints/step-00000020.safetensors: $ sample run -n 1 --format jsonl
        error: `run/checkpoints/step-00000020.safetensors` is damaged: header too small

        checkpoints/step-00000020.safetensors: $ train --resume run -q --set train.steps=21
        error: `run/checkpoints/step-00000020.safetensors` is damaged: header too small

        metrics.csv: $ sample run -n 1 --format jsonl
        goes on

        metrics.csv: $ train --resume run -q --set train.steps=21
        error: `run/metrics.csv` has the columns `step,loss`, expected `step,wall_s,trajectories,transitions,reward_calls,loss,log_z_learned,log_z_true,log_z_estimate,log_z_at_least,tv,jsd,kl_target_model,kl_model_target,elbo,eubo,elbo_estimate,pearson,pearson_estimate,sp…`

        hint: the run was started with other metrics; start a new one

        steps.csv: $ sample run -n 1 --format jsonl
        goes on

        steps.csv: $ train --resume run -q --set train.steps=21
        error: `run/steps.csv` has the columns `what`, expected `step,wall_s,loss,residual_rms,log_z_learned,log_scale,mean_len,log_reward_mean,entropy,grad_norm`

        hint: the run was started with other metrics; start a new one
    "#]].assert_eq(&messages.join("\n"));
}

/// Commands that read a run; those above `watch` rebuild its policy or read its configuration.
const READERS: [&str; 13] = [
    "sample run -n 3",
    "eval run",
    "eval run --json",
    "logp run",
    "exact dag.toml --run run",
    "flow toy.json --run run",
    "report run",
    "diagnose run",
    "summary run",
    "candidates run",
    "watch run",
    "watch run --once",
    "export run --tensorboard events",
];

/// Runs one of them.
fn read(dir: &Temp, args: &str) -> Ran {
    if args.starts_with("logp") { dir.pipe(args, "3\n") } else { dir.run(args) }
}

fn trained() -> Temp {
    let dir = Temp::with_configs();
    dir.run("train dag.toml --out run -q --set run.checkpoint_every=10").ok();
    dir
}

#[test]
fn a_damaged_checkpoint_is_said_by_every_reader() {
    let dir = trained();
    for args in READERS {
        let ran = read(&dir, args);
        assert!(ran.code < Some(2) && !ran.err.contains("warning"), "{args}: {ran:?}");
    }
    dir.write("run/checkpoints/step-00000020.safetensors", "torn");
    for args in READERS {
        let ran = read(&dir, args);
        let findings = args == "diagnose run";
        assert!(ran.code == Some(i32::from(findings)) || args.contains("report"), "{args}: {ran:?}");
        let caution = "warning: `run/checkpoints/step-00000020.safetensors` is damaged: header too small; \
                       the checkpoint of update 10 is used\n";
        assert_eq!(ran.err.matches(caution).count(), 1, "{args}: {}", ran.err);
    }
    assert!(dir.read("report.html").contains("is damaged"));
    let cautions = dir.run("eval run --json").json()["cautions"].to_string();
    assert!(cautions.contains("is damaged"), "{cautions}");
    let json = dir.run("diagnose run --json");
    assert!(json.out.contains("is damaged") && json.code == Some(1), "{json:?}");
}

/// A policy is not taken for one that was trained with other settings.
#[test]
fn a_changed_configuration_is_said_by_every_reader() {
    let dir = trained();
    let config = dir.read("run/config.toml");
    assert!(config.contains("\nbeta = 1.0  # default\n"), "{config}");
    dir.write("run/config.toml", config.replace("\nbeta = 1.0  # default\n", "\nbeta = 2.0\n"));
    for args in READERS {
        let ran = read(&dir, args);
        let said = "`run/config.toml` is not what the run was trained with: it, or a file that it names, was changed";
        assert_eq!(ran.err.matches(said).count(), 1, "{args}: {}", ran.err);
        let looks = args.starts_with("watch") || args.starts_with("export");
        assert_eq!(ran.code, Some(if looks { 0 } else { 2 }), "{args}: {ran:?}");
    }
    // What a resumed run may be given is no other configuration.
    dir.write("run/config.toml", config.replace("\nsteps = 20\n", "\nsteps = 30\n"));
    dir.run("eval run").ok();
}

/// A table that somebody removes while a run writes to it is said to be gone, and is there in the end.
#[cfg(unix)]
#[test]
fn a_table_that_is_removed_while_a_run_is_at_work_is_written_again() {
    use std::time::{Duration, Instant};
    let dir = Temp::with_configs();
    let sets = "--set run.log_every=1 --set eval.every=1000000 -q";
    let child = dir
        .command(&format!("train grid.toml --out run --set train.steps=1000000000 {sets}"))
        .spawn()
        .unwrap();
    let start = Instant::now();
    let rows = || std::fs::read_to_string(dir.path("run/steps.csv")).map_or(0, |t| t.lines().count());
    let until = |n: usize| {
        while rows() < n {
            assert!(start.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    until(10);
    let before = dir.read("run/steps.csv");
    std::fs::remove_file(dir.path("run/steps.csv")).unwrap();
    until(before.lines().count() + 5);
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let ran = dir.finish(child);
    assert!(
        ran.err.contains("note: `run/steps.csv` was removed while the run wrote to it; it is written again"),
        "{ran:?}"
    );
    assert!(dir.read("run/log.txt").contains("was removed"));
    assert!(dir.read("run/steps.csv").starts_with(before.rsplit_once('\n').unwrap().0));
    std::fs::remove_file(dir.path("run/metrics.csv")).unwrap();
    let looked = dir.run("watch run");
    assert!(looked.err.contains("warning: `run/metrics.csv` is missing or empty"), "{looked:?}");
}
