//! What may befall a run: killed, interrupted, resumed, out of room, without a reward.

use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use expect_test::expect;
use headwater_core::Key;
use serde_json::Value as Json;

use crate::support::Temp;

/// The files of a run that do not tell the time, and those that do without their column `wall_s`.
fn bits(dir: &Temp, run: &str) -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = std::fs::read_dir(dir.path(&format!("{run}/checkpoints")))
        .unwrap()
        .map(|e| format!("checkpoints/{}", e.unwrap().file_name().to_str().unwrap()))
        .collect();
    names.sort();
    names.extend(["samples.csv", "config.toml", "exact.json"].map(str::to_owned));
    let file = |name: &str| std::fs::read(dir.path(&format!("{run}/{name}"))).unwrap();
    let mut all: Vec<_> = names.iter().map(|name| (name.clone(), file(name))).collect();
    for name in ["metrics.csv", "steps.csv"] {
        let text = dir.read(&format!("{run}/{name}"));
        let timeless = text.lines().map(|line| {
            let mut cells: Vec<&str> = line.split(',').collect();
            cells.remove(1);
            cells.join(",") + "\n"
        });
        all.push((name.to_owned(), timeless.collect::<String>().into_bytes()));
    }
    all
}

#[track_caller]
fn assert_same(dir: &Temp, left: &str, right: &str) {
    let (left, right) = (bits(dir, left), bits(dir, right));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right));
    for ((name, a), (_, b)) in left.iter().zip(&right) {
        assert!(a == b, "{name} differs");
    }
}

fn manifest(dir: &Temp, run: &str) -> Json {
    serde_json::from_str(&dir.read(&format!("{run}/manifest.json"))).unwrap()
}

/// Waits for something that a process is about to do.
fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} does not happen");
        sleep(Duration::from_millis(2));
    }
}

fn signal(name: &str, child: &Child) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Killed at any moment and resumed, a run ends with the bits of one that was left alone.
#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let dir = Temp::with_configs();
    let sets = "--set train.steps=9000 --set train.replay=4 --set train.replay_capacity=20 \
                --set run.checkpoint_every=60 --set run.log_every=7 --set eval.every=100 -q";
    dir.run(&format!("train grid.toml --out whole {sets}")).ok();
    // Kills fall anywhere in a process's life. Where the run outlives fewer than five of them,
    // on a fast machine, it is made anew and they come sooner.
    let (mut kills, mut longest, mut key) = (0, 60_000, Key::new(4));
    while kills < 20 {
        let args = if dir.path("killed").exists() {
            "train --resume killed -q".to_owned()
        } else {
            format!("train grid.toml --out killed {sets}")
        };
        let mut child = dir.command(&args).spawn().unwrap();
        key = key.fold(1);
        sleep(Duration::from_micros(u64::from(key.below(longest))));
        child.kill().unwrap();
        let ran = dir.finish(child);
        let talk = ran.err.replace("note: there is no checkpoint yet: training starts over\n", "");
        assert!(talk.is_empty(), "{ran:?}");
        match ran.code {
            None => kills += 1,
            Some(0) if kills >= 5 => break,
            Some(0) => {
                std::fs::remove_dir_all(dir.path("killed")).unwrap();
                (kills, longest) = (0, longest / 2);
            }
            Some(_) => panic!("{ran:?}"),
        }
    }
    dir.run("train --resume killed -q").ok();
    assert_same(&dir, "whole", "killed");
    assert_eq!(manifest(&dir, "killed")["status"], "finished");
    let left: Vec<_> =
        std::fs::read_dir(dir.path("killed")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_str().unwrap().ends_with(".tmp")), "{left:?}");
}

/// Steps in `steps.csv`, once there is such a file.
fn rows(dir: &Temp, run: &str) -> usize {
    std::fs::read_to_string(dir.path(&format!("{run}/steps.csv"))).map_or(0, |text| text.lines().count())
}

#[test]
fn an_interrupted_run_is_saved_and_can_be_resumed() {
    let dir = Temp::with_configs();
    let endless = "--set train.steps=1000000000 --set run.log_every=5 --set eval.every=1000000";
    let child = dir.command(&format!("train grid.toml --out run {endless}")).spawn().unwrap();
    until("an update", || rows(&dir, "run") > 3);
    // One process writes; the other is told which.
    let second = dir.run("train --resume run").refused();
    let masked = second.replace(&child.id().to_string(), "PID");
    expect![[r#"
        error: `run` is in use by another process (PID)

        hint: wait until it ends, or end it with Ctrl-C so that it saves
    "#]]
    .assert_eq(&masked);
    signal("-INT", &child);
    let ran = dir.finish(child);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    let talk: Vec<&str> = ran.err.lines().collect();
    expect![[r#"
        training in run

        finishing the step and saving; once more to stop at once
        interrupted and saved; to go on: headwater train --resume run"#]]
    .assert_eq(&talk.join("\n"));
    assert_eq!(manifest(&dir, "run")["status"], "interrupted");
    let steps = dir.run("eval run --json").json()["iterations"].as_u64().unwrap();
    assert!(steps >= 15, "{steps}");
    let more = dir.run(&format!("train --resume run -q --json --set train.steps={}", steps + 10)).json();
    assert_eq!((more["iterations"].as_u64(), more["status"].as_str()), (Some(steps + 10), Some("finished")));
    dir.run(&format!("train grid.toml --out whole -q {endless} --set train.steps={}", steps + 10)).ok();
    let last = format!("checkpoints/step-{:08}.safetensors", steps + 10);
    let checkpoint = |run: &str| std::fs::read(dir.path(&format!("{run}/{last}"))).unwrap();
    assert!(checkpoint("run") == checkpoint("whole"), "the checkpoints differ");
}

#[test]
fn a_termination_request_is_an_interruption() {
    let dir = Temp::with_configs();
    let args = "train grid.toml --out run --json --set train.steps=1000000000 --set run.log_every=5";
    let child = dir.command(args).spawn().unwrap();
    until("an update", || rows(&dir, "run") > 3);
    signal("-TERM", &child);
    let ran = dir.finish(child);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let json: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((json["status"].as_str(), json["run"].as_str()), (Some("interrupted"), Some("run")));
}

#[test]
fn a_resumed_run_may_go_further_but_not_another_way() {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --out run -q --set train.steps=20").ok();
    let before = bits(&dir, "run");
    let refusals =
        ["train.lr=0.5", "seed=1", "env.side=9", "train.batch=9", "train.steps=10", "train.step=30"].map(
            |set| format!("$ --set {set}\n{}", dir.run(&format!("train --resume run --set {set}")).refused()),
        );
    expect![[r#"
        $ --set train.lr=0.5
        error: a resumed run must go on as it began, and this changes what was already done

        hint: these may change: train.steps, train.threads, eval.every, eval.samples, eval.objects, eval.backward_samples, run.name, run.checkpoint_every, run.keep_checkpoints, run.log_every, run.samples, ledger.keep, ledger.path, ledger.max_calls, ledger.max_seconds

        $ --set seed=1
        error: a resumed run must go on as it began, and this changes what was already done

        hint: these may change: train.steps, train.threads, eval.every, eval.samples, eval.objects, eval.backward_samples, run.name, run.checkpoint_every, run.keep_checkpoints, run.log_every, run.samples, ledger.keep, ledger.path, ledger.max_calls, ledger.max_seconds

        $ --set env.side=9
        error: a resumed run must go on as it began, and this changes what was already done

        hint: these may change: train.steps, train.threads, eval.every, eval.samples, eval.objects, eval.backward_samples, run.name, run.checkpoint_every, run.keep_checkpoints, run.log_every, run.samples, ledger.keep, ledger.path, ledger.max_calls, ledger.max_seconds

        $ --set train.batch=9
        error: a resumed run must go on as it began, and this changes what was already done

        hint: these may change: train.steps, train.threads, eval.every, eval.samples, eval.objects, eval.backward_samples, run.name, run.checkpoint_every, run.keep_checkpoints, run.log_every, run.samples, ledger.keep, ledger.path, ledger.max_calls, ledger.max_seconds

        $ --set train.steps=10
        error: the run has made 20 updates already, more than `train.steps` = 10

        hint: a resumed run can be given more updates, not fewer

        $ --set train.step=30
        error: unknown key `step` of `train` in `--set train.step=30`, expected `steps`, `batch`, `lr`, `lr_log_z`, `log_z_init`, `optimizer`, `weight_decay`, `clip`, `epsilon`, `temperature`, `reward_power`, `lag`, `data`, `data_share`, `replay`, `replay_capacity`, `replay_power` or `threads`

        hint: did you mean `steps`?
    "#]].assert_eq(&refusals.join("\n"));
    assert!(bits(&dir, "run") == before, "a refusal changes nothing");
    let ran = dir.run("train --resume run -q --json --set train.steps=40 --set train.threads=2").json();
    assert_eq!(ran["iterations"], 40);
    let config = dir.read("run/config.toml");
    assert!(config.contains("steps = 40\n") && config.contains("lr = 0.001  # default\n"), "{config}");
    dir.run("train grid.toml --out whole -q --set train.steps=40").ok();
    let checkpoint =
        |run: &str| std::fs::read(dir.path(&format!("{run}/checkpoints/step-00000040.safetensors"))).unwrap();
    assert!(checkpoint("run") == checkpoint("whole"), "the checkpoints differ");
    // A finished run that is resumed as it is has nothing to do, and says again how it went.
    let again = dir.run("train --resume run -q --json").json();
    assert_eq!((&again["tv"], again["loss"].is_null()), (&ran["tv"], true));
}

#[test]
fn threads_do_not_change_a_bit() {
    let dir = Temp::with_configs();
    let sets = "-q --set policy.width=64 --set train.batch=96 --set train.steps=30 --set policy.backward=learned-own";
    for threads in [1, 2, 5] {
        dir.run(&format!("train grid.toml --out t{threads} {sets} --set train.threads={threads}")).ok();
        let config = format!("t{threads}/config.toml");
        let same = dir.read(&config).replace(&format!("threads = {threads}"), "threads = 1");
        dir.write(&config, same);
        let samples = format!("t{threads}/samples.csv");
        let same = dir.read(&samples).replace(&format!("threads = {threads}"), "threads = 1");
        dir.write(&samples, same);
    }
    assert_same(&dir, "t1", "t2");
    assert_same(&dir, "t1", "t5");
}

/// Runs the command where no file may be larger than so many blocks of 512 bytes, as on a full disk.
fn run_in_little_room(dir: &Temp, blocks: u32, args: &str) -> crate::support::Ran {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let shell = ["-c", &script, env!("CARGO_BIN_EXE_headwater")];
    let child = dir.prepare(Command::new("sh"), shell.into_iter().chain(args.split(' '))).spawn().unwrap();
    dir.finish(child)
}

#[test]
fn a_run_without_room_says_so_and_can_be_opened() {
    let dir = Temp::with_configs();
    let sets =
        "--set train.steps=2000 --set run.log_every=1 --set run.checkpoint_every=50 --set eval.every=2000 -q";
    dir.run(&format!("train grid.toml --out whole {sets}")).ok();
    let largest = std::fs::metadata(dir.path("whole/checkpoints/step-00002000.safetensors")).unwrap().len();
    let blocks = largest.div_ceil(512) as u32 + 8;
    let full = run_in_little_room(&dir, blocks, &format!("train grid.toml --out run {sets}")).refused();
    expect![[r#"
        error: cannot write `run/steps.csv`: the file would be larger than is allowed

        hint: make room; nothing written before was damaged, and the run can be resumed
    "#]]
    .assert_eq(&full);
    assert_eq!(manifest(&dir, "run")["status"], "failed");
    let reason = manifest(&dir, "run")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("steps.csv") && dir.read("run/log.txt").contains(&reason), "{reason}");
    dir.run("sample run -n 1").ok();
    // With room again, nothing is lost.
    dir.run("train --resume run -q").ok();
    assert_same(&dir, "whole", "run");
    // Without room for a single checkpoint there is a run, but nothing to open.
    let none = run_in_little_room(&dir, 6, &format!("train grid.toml --out none {sets}")).refused();
    expect![[r#"
        error: cannot write `none/steps.csv`: the file would be larger than is allowed

        hint: make room; nothing written before was damaged, and the run can be resumed
    "#]]
    .assert_eq(&none);
    assert!(dir.path("none/manifest.json").exists() || !dir.path("none").exists());
}

#[test]
fn an_update_that_fails_keeps_what_was_done_before() {
    let dir = Temp::with_configs();
    let wild = dir.run("train grid.toml --out wild -q --set train.lr=1000 --set train.steps=1000").refused();
    let hint =
        "what was done before is saved; try a smaller `train.lr` or `train.clip`, or set `reward.floor`";
    assert!(wild.ends_with(&format!("\n\nhint: {hint}\n")), "{wild}");
    let failed = |run: &str| {
        let manifest = manifest(&dir, run);
        assert_eq!(manifest["status"], "failed");
        manifest["reason"].as_str().unwrap().to_owned()
    };
    let reason = failed("wild");
    let step: u64 = reason.split("at step ").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    assert!(dir.path(&format!("wild/checkpoints/step-{:08}.safetensors", step - 1)).exists(), "{reason}");
    dir.run("sample wild -n 3").ok();

    // A score of zero that nobody meets before training has begun.
    let cells = (0..8).flat_map(|x| (0..8).map(move |y| (x, y)));
    let table: String = cells.map(|(x, y)| format!("\"{x},{y}\",{}\n", u8::from(x + y < 14))).collect();
    dir.write("table.csv", format!("object,score\n{table}"));
    let table =
        "--set reward.kind=table --set reward.path=table.csv --set eval.exact_cap=1 --set train.steps=100000";
    let zero = dir.run(&format!("train grid.toml --out zero -q {table}")).refused();
    expect![[r#"
        error: the reward of `7,7` is 0 (its score is 0), and log 0 is not finite: set reward.floor
    "#]]
    .assert_eq(&zero);
    assert!(zero.contains(&failed("zero")), "{zero}");
    let saved = std::fs::read_dir(dir.path("zero/checkpoints")).unwrap().count();
    assert_eq!(saved, 2, "a checkpoint and the name of the newest");
    // Enumeration meets it at once.
    let exact = dir.run(&format!("train grid.toml -q {table} --set eval.exact_cap=100")).refused();
    expect![[r#"
        error: the reward of `7,7` is 0 (its score is 0), and log 0 is not finite: set reward.floor in `--set reward.kind=table`
    "#]].assert_eq(&exact);
    assert!(!dir.path("runs").exists());
}

/// The tables of a run as they were before their columns said what they are: with `log_z` for all that was meant by it.
fn made_former(dir: &Temp, run: &str) {
    let rename = |name: &str, kept: &[(&str, &str)]| {
        let path = format!("{run}/{name}");
        let text = dir.read(&path);
        let names: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let at = |name: &str| names.iter().position(|n| *n == name).unwrap();
        let header = kept.iter().map(|(former, _)| *former).collect::<Vec<_>>().join(",");
        let rows = text.lines().skip(1).map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            kept.iter()
                .map(|(_, name)| if name.is_empty() { "" } else { cells[at(name)] })
                .collect::<Vec<_>>()
                .join(",")
        });
        let text: String = [header].into_iter().chain(rows).map(|line| line + "\n").collect();
        dir.write(&path, text);
    };
    let same = |name: &'static str| (name, name);
    let mut metrics: Vec<(&str, &str)> =
        ["step", "wall_s", "trajectories", "transitions", "reward_calls", "loss"].map(same).into();
    metrics.push(("log_z", "log_z_learned"));
    metrics.extend(
        ["log_z_true", "tv", "jsd", "kl_target_model", "kl_model_target", "elbo", "eubo", "pearson"]
            .map(same),
    );
    metrics.extend([("spearman", ""), same("ess"), same("mean_reward_ratio"), same("modes")]);
    rename("metrics.csv", &metrics);
    let mut steps: Vec<(&str, &str)> = ["step", "wall_s", "loss", "residual_rms"].map(same).into();
    steps.push(("log_z", "log_z_learned"));
    steps.extend(["mean_len", "log_reward_mean", "entropy", "grad_norm"].map(same));
    rename("steps.csv", &steps);
}

#[test]
fn a_run_with_former_columns_is_read_and_goes_on() {
    let dir = Temp::with_configs();
    for (run, former) in [("new", false), ("old", true)] {
        dir.run(&format!("train grid.toml --out {run} -q --set run.log_every=1 --set eval.every=5")).ok();
        if former {
            made_former(&dir, run);
            assert!(dir.read("old/steps.csv").starts_with("step,wall_s,loss,residual_rms,log_z,mean_len,"));
        }
    }
    let row = |run: &str| {
        let mut row = dir.run(&format!("summary {run} --json")).json()["runs"][0].clone();
        for timed in ["run", "seconds", "trajectories_per_s"] {
            row.as_object_mut().unwrap().remove(timed);
        }
        row
    };
    assert_eq!(row("old"), row("new"));
    assert!(row("old")["log_z_learned"].is_number());
    for run in ["old", "new"] {
        let picture = dir.run(&format!("watch {run}")).ok();
        assert!(picture.contains(" learned, ") && picture.contains("log Z learned"), "{picture}");
        dir.run(&format!("train --resume {run} -q --set train.steps=25")).ok();
    }
    assert_same(&dir, "old", "new");
}

/// The rates of a table on a graph fall over all of training, and not over the first 3,000 updates of it.
#[test]
fn rates_on_a_graph_are_as_long_as_training() {
    let dir = Temp::with_configs();
    let rate = "{ from = 0.05, to = 0.0001, steps = STEPS, shape = \"cosine\" }";
    for (sets, steps) in [("", 3000), ("--set train.steps=6_000", 6000), ("--set train.steps=10", 10)] {
        let ran = dir.run(&format!("config resolve toy.json {sets}"));
        assert_eq!(ran.err, "", "what the command takes for granted is nobody's fault");
        let rate = rate.replace("STEPS", &steps.to_string());
        for key in ["lr", "lr_log_z"] {
            assert!(ran.out.contains(&format!("\n{key} = {rate}\n")), "{}", ran.out);
        }
    }
    // What is set wins, and is warned of where it is longer.
    let ran =
        dir.run("config resolve toy.json --set train.steps=10 --set train.lr={from=0.1,to=0.01,steps=20}");
    assert!(
        ran.out.contains("\nlr = { from = 0.1, to = 0.01, steps = 20, shape = \"linear\" }\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.err.starts_with("warning: `train.lr` goes on until update 20 in `--set train.lr="),
        "{}",
        ran.err
    );
}

#[test]
fn warnings_are_told_once_and_kept() {
    let dir = Temp::with_configs();
    let args = "train grid.toml --out run -q --json --set train.weight_decay=0.01";
    let ran = dir.run(args);
    let said = "warning: `train.weight_decay` has no effect in `--set train.weight_decay=0.01`: `train.optimizer` is \
                `adam`\n\nhint: set `train.optimizer = \"adamw\"`, or leave it out\n";
    assert_eq!((ran.code, &*ran.err), (Some(0), said));
    assert!(dir.read("run/log.txt").contains("`train.weight_decay` has no effect"));
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["warnings"].as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(json["warnings"][0]["key"], "train.weight_decay");
    // Weight decay that has none changes no bit.
    let plain = dir.run("train grid.toml --out plain -q --json").json();
    assert_eq!(plain["warnings"], serde_json::json!([]));
    assert_eq!(plain["loss"], json["loss"]);
}
