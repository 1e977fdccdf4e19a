//! The edges of the process: output that cannot be written, readers and terminals that are gone, counts beyond reason,
//! texts that a terminal would obey.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use expect_test::expect;

use crate::support::Temp;

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

fn status(dir: &Temp, run: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&dir.read(&format!("{run}/manifest.json"))).unwrap();
    json["status"].as_str().unwrap().to_owned()
}

/// Progress is never worth the run.
#[test]
fn a_stderr_that_cannot_be_written_ends_nothing() {
    let dir = Temp::with_configs();
    let ran = dir.finish(dir.command("train grid.toml --out full").stderr(full()).spawn().unwrap());
    assert_eq!((ran.code, status(&dir, "full").as_str()), (Some(0), "finished"));
    // `2>&1 | head -1`: one pipe for both, closed after the first line.
    let script =
        "\"$0\" train grid.toml --out piped --set train.steps=2000 --set eval.every=10 2>&1 | head -1";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_headwater")]);
    let ran = dir.finish(dir.prepare(shell, []).spawn().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "training in piped\n"), "{ran:?}");
    assert_eq!(status(&dir, "piped"), "finished");
    for (args, code) in [
        ("check none", 2),
        ("eval none", 2),
        ("sample --n", 2),
        (
            "compare grid.toml --seeds 1 \
         --budget objects=100 --out compared",
            0,
        ),
    ] {
        let ran = dir.finish(dir.command(args).stderr(full()).spawn().unwrap());
        assert_eq!(ran.code, Some(code), "{args}");
    }
}

#[test]
fn a_stdout_that_cannot_be_written_is_an_error() {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --out run -q").ok();
    let commands = [
        "sample run -n 100",
        "sample run -n 100 --format jsonl",
        "exact grid.toml",
        "exact grid.toml -o -",
        "eval run --json",
        "summary run",
        "diagnose run",
        "watch run",
        "list envs",
        "--help",
        "--version",
        "config schema",
        "candidates run",
        "report run -o -",
        "train grid.toml -q",
    ];
    for args in commands {
        let ran = dir.finish(dir.command(args).stdout(full()).spawn().unwrap());
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (Some(2), "error: cannot write: the disk is full\n"),
            "{args}"
        );
    }
}

/// A reader that has closed its end pays for nothing more: the program counts what it is asked.
#[test]
fn nothing_is_drawn_for_a_reader_who_is_gone() {
    let dir = Temp::new();
    dir.write(
        "score.py",
        "import sys\nlog = open('asked.txt', 'a')\nfor line in sys.stdin:\n    \
         print(len(line), flush=True)\n    log.write(line)\n    log.flush()\n",
    );
    dir.write(
        "paid.toml",
        "[env]\nkind = \"bits\"\nn = 64\nk = 1\n[reward]\nkind = \"command\"\ncommand = [\"python3\", \"score.py\"]\n\
         [policy]\nwidth = 16\n[train]\nsteps = 2\nbatch = 4\n[ledger]\nkeep = false\n",
    );
    dir.run("train paid.toml --out run -q").ok();
    let before = dir.read("asked.txt").lines().count();
    let mut child = dir.command("sample run -n 100000000").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('#'), "{line}");
    let ran = dir.finish(child);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    // The reader goes while the first few are drawn, in batches of 1, 2, 4, …
    let asked = dir.read("asked.txt").lines().count() - before;
    assert!(asked < 5000, "{asked}");
}

fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} does not happen");
        sleep(Duration::from_millis(2));
    }
}

/// A run that would never end, started by a shell that has done `before`, once it is at work.
fn endless(dir: &Temp, out: &str, before: &str) -> Child {
    let script = format!(
        "{before}; exec \"$0\" train grid.toml --out {out} -q --set train.steps=1000000000 --set run.log_every=5 \
         --set eval.every=1000000"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_headwater")]);
    let child = dir.prepare(shell, []).spawn().unwrap();
    let rows =
        || std::fs::read_to_string(dir.path(&format!("{out}/steps.csv"))).map_or(0, |t| t.lines().count());
    until("training", || rows() > 5);
    child
}

fn signal(name: &str, child: &Child) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// `nohup` has the end of the terminal ignored before the command begins.
#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let dir = Temp::with_configs();
    let child = endless(&dir, "heard", "true");
    signal("-HUP", &child);
    let ran = dir.finish(child);
    assert_eq!((ran.code, status(&dir, "heard").as_str()), (Some(1), "interrupted"), "{ran:?}");
    let child = endless(&dir, "ignored", "trap '' HUP");
    signal("-HUP", &child);
    let rows = || dir.read("ignored/steps.csv").lines().count();
    let then = rows();
    until("more training", || rows() > then + 20);
    signal("-TERM", &child);
    let ran = dir.finish(child);
    assert_eq!((ran.code, status(&dir, "ignored").as_str()), (Some(1), "interrupted"), "{ran:?}");
    assert_eq!(ran.err.matches("finishing the step").count(), 1, "{ran:?}");
}

/// Final samples are written as they are drawn, however many there are to be, and can be interrupted.
#[test]
fn samples_without_number_are_drawn_until_somebody_stops_them() {
    let dir = Temp::with_configs();
    let child = dir.command("train grid.toml --out run -q --set run.samples=1000000000").spawn().unwrap();
    let unfinished = || {
        let files = std::fs::read_dir(dir.path("run")).into_iter().flatten().flatten();
        let sizes = files.filter(|f| f.file_name().to_string_lossy().contains("samples.csv"));
        sizes.filter_map(|f| Some(f.metadata().ok()?.len())).sum::<u64>()
    };
    until("sampling", || unfinished() > 1_000_000);
    signal("-INT", &child);
    let ran = dir.finish(child);
    assert_eq!((ran.code, status(&dir, "run").as_str()), (Some(1), "interrupted"), "{ran:?}");
    assert!(!dir.path("run/samples.csv").exists());
    dir.run("train --resume run -q --set run.samples=10").ok();
    let samples = dir.read("run/samples.csv");
    assert_eq!(samples.lines().filter(|l| l.ends_with(",policy")).count(), 10, "{samples}");
}

#[test]
fn counts_beyond_reason_are_refused() {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --out run -q").ok();
    let much = "1000000000000000000";
    for args in [
        "eval run --samples",
        "logp run --samples",
        "sample run -n",
        "compare grid.toml --points",
        "compare grid.toml --seeds",
        "compare grid.toml --window",
        "compare grid.toml --top",
        "compare grid.toml --jobs",
        "compare grid.toml --radius",
        "candidates run --top",
        "candidates run --diverse",
        "bench grid.toml --updates",
        "bench grid.toml --seconds",
        "flow toy.json -n",
        "flow toy.json --tolerance",
        "bayesnet grid.csv --samples",
        "phylo grid.fasta --samples",
    ] {
        for value in [much, "inf", "nan", "99999999999999999999999"] {
            let err = dir.run(&format!("{args} {value}")).refused();
            assert!(
                err.starts_with(&format!("error: invalid value '{value}' for '")),
                "{args} {value}: {err}"
            );
        }
    }
    for set in ["train.batch=1000000000000", "policy.width=1000000000000", "eval.samples=1000000000000"] {
        let err = dir.run(&format!("train grid.toml --set {set}")).refused();
        assert!(err.contains("expected") && err.contains(" to "), "{err}");
    }
    expect![[r#"
        error: invalid value '1' for '--samples <SAMPLES>': expected a whole number from 2 to 100,000,000

        For more information, try '--help'.
    "#]]
    .assert_eq(&dir.run("eval run --samples 1").refused());
}

/// What can be computed is asked for before the start.
#[cfg(target_os = "linux")]
#[test]
fn memory_that_is_not_there_is_missed_before_the_start() {
    let dir = Temp::with_configs();
    let limited = |args: &str| {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -v 2000000 && exec \"$0\" {args}");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_headwater")]);
        dir.finish(dir.prepare(shell, []).spawn().unwrap()).refused()
    };
    let messages = [
        "train grid.toml --out run --set policy.width=8192 --set policy.depth=16",
        "train grid.toml --out run --set eval.samples=100000000 --set eval.objects=10000000 --set eval.exact_cap=1",
        "train grid.toml --out run --set env.dim=4 --set env.side=240 --set eval.exact_cap=4000000000",
        "exact grid.toml --set env.dim=4 --set env.side=240 --set eval.exact_cap=4000000000",
    ]
    .map(&limited);
    let shown: String =
        messages.iter().map(|m| m.lines().next().unwrap_or_default().to_owned() + "\n").collect();
    expect![[r#"
        error: a network of 1.01e9 parameters needs about 20.1 GB of memory, and 2.0 GB are free in `--set policy.width=8192`
        error: evaluation by 100000000 trajectories and 10000000 objects needs about 3.0 GB of memory, and 2.0 GB are free in `--set eval.samples=100000000`
        error: enumerating 3262808641 states or more needs about 248.0 GB of memory, and 2.0 GB are free in `--set eval.exact_cap=4000000000`
        error: enumerating 3262808641 states or more needs about 248.0 GB of memory, and 2.0 GB are free in `--set eval.exact_cap=4000000000`
    "#]].assert_eq(&shown);
    assert!(!dir.path("run").exists());
}

/// Names, arguments and texts may hold any character; none of those that a terminal obeys is printed.
#[test]
fn nothing_that_a_terminal_obeys_is_printed() {
    let dir = Temp::with_configs();
    let nasty = "a\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}b";
    dir.write(&format!("{nasty}.toml"), crate::support::GRID);
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
        command.env("LC_ALL", "C.UTF-8");
        let ran = dir.finish(dir.prepare(command, args.iter().copied()).spawn().unwrap());
        for text in [&ran.out, &ran.err] {
            let obeyed =
                text.contains(|c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}');
            assert!(!obeyed, "{args:?}: {text:?}");
        }
        ran
    };
    let config = format!("{nasty}.toml");
    let trained = run(&["train", &config, "--out", nasty]);
    assert_eq!(trained.code, Some(0), "{trained:?}");
    assert!(trained.err.contains("\\u{1b}]0;owned\\u{7}\\u{9b}31m\\u{202e}b"), "{}", trained.err);
    let json = run(&["eval", nasty, "--json"]).json();
    assert_eq!(json["run"], nasty, "JSON means the same");
    for args in [
        &["eval", nasty][..],
        &["summary", nasty],
        &["summary", nasty, "--json"],
        &["diagnose", nasty],
        &["watch", nasty],
        &["report", nasty, "-o", &format!("{nasty}.html")],
        &["export", nasty, "--tensorboard", nasty],
        &["sample", "none", nasty],
        &["sample", nasty, nasty],
        &[nasty],
        &["train", &config, "--set", nasty],
        &["show", nasty],
        &["list", nasty],
        &["compare", &config, "--seeds", "1", "--budget", "objects=50", "--out", "c"],
        &["candidates", nasty],
        &["train", "--resume", nasty, "--set", "train.steps=21"],
    ] {
        run(args);
    }
    // Lists into files and pipes have every byte.
    let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
    command.env("LC_ALL", "C.UTF-8");
    let listed = dir.finish(dir.prepare(command, ["sample", nasty, "-n", "1"]).spawn().unwrap());
    assert_eq!(listed.code, Some(0), "{listed:?}");
}

/// In CSV for spreadsheets no cell is a formula.
#[test]
fn lists_for_spreadsheets_have_no_formulas() {
    let dir = Temp::new();
    dir.write(
        "signs.toml",
        "[env]\nkind = \"strings\"\nalphabet = \"=-\"\nmax_len = 2\nmin_len = 1\n[reward]\nkind = \"expression\"\n\
         expression = \"1\"\n[policy]\nwidth = 16\n[train]\nsteps = 2\n",
    );
    dir.run("train signs.toml --out run -q").ok();
    for (command, column) in [("sample run", 0), ("candidates run", 1)] {
        let texts = |args: &str| -> Vec<String> {
            let out = dir.run(&format!("{command} {args}")).ok();
            let rows = out.lines().filter(|l| !l.starts_with('#')).skip(1);
            rows.map(|l| l.split(',').nth(column).unwrap().to_owned()).collect()
        };
        let plain = texts("");
        assert!(!plain.is_empty() && plain.iter().all(|t| t.starts_with(['=', '-'])), "{plain:?}");
        let guarded: Vec<String> = plain.iter().map(|t| format!("'{t}")).collect();
        assert_eq!(texts("--spreadsheet"), guarded);
    }
}
