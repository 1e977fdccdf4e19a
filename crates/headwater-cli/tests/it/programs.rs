//! Programs that score objects, as in `examples/rewards`: trained with, interrupted, resumed, and refused.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use expect_test::expect;

use crate::support::{Temp, root};

const STRINGS: &str = "[env]\nkind = \"strings\"\nalphabet = \"ACGT\"\nmax_len = 3\n\n[policy]\nwidth = 16\n\n[train]\nbatch = 8\nthreads = 1\n\n[reward]\nkind = \"command\"\n";

/// A directory with a copy of the examples.
fn examples() -> Temp {
    let dir = Temp::new();
    for entry in std::fs::read_dir(root().join("examples/rewards")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path(path.file_name().unwrap().to_str().unwrap())).unwrap();
    }
    dir
}

fn has_python() -> bool {
    Command::new("python3").arg("--version").output().is_ok_and(|out| out.status.success())
}

/// The objects of `samples.csv` with log R.
fn samples(dir: &Temp, run: &str) -> Vec<(String, f64)> {
    let text = dir.read(&format!("{run}/samples.csv"));
    let mut lines =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let column = |name: &str| header.iter().position(|&c| c == name).unwrap_or_else(|| panic!("{header:?}"));
    let (object, log_reward) = (column("text"), column("log_reward"));
    lines.map(|cells| (cells[object].to_owned(), cells[log_reward].parse().unwrap())).collect()
}

#[test]
fn every_example_trains_and_scores_what_it_says() {
    let dir = examples();
    let count = |x: &str, letters: &str| x.chars().filter(|&c| letters.contains(c)).count() as f64;
    type Formula<'a> = &'a dyn Fn(&str) -> f64;
    let scores: [(&str, Formula<'_>); 4] = [
        ("shell", &|x| ((count(x, "GC") + 0.1) / (x.len() as f64 + 0.1)).ln()),
        ("python", &|x| 2.0 * (1.0 + x.matches("CG").count() as f64).ln()),
        ("json", &|x| (count(x, "GC") / x.len() as f64).max(0.01).ln()),
        ("docking", &|x| (x.len() as f64 + 0.5).ln()),
    ];
    for (name, log_reward) in scores {
        if matches!(name, "python" | "json") && !has_python() {
            continue;
        }
        let few = "--set train.steps=3 --set run.samples=20 --set train.batch=8 --set eval.samples=16 --set eval.objects=3 --set eval.backward_samples=2";
        dir.run(&format!("train {name}.toml --out {name} -q {few}")).ok();
        let samples = samples(&dir, name);
        assert_eq!(samples.len(), 20);
        for (x, found) in samples {
            // The shell's awk prints six digits.
            assert!((found - log_reward(&x)).abs() < 1e-5, "{name}: log R of `{x}` is {found}");
        }
    }
}

#[test]
fn the_guide_shows_the_example() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let program = read("examples/rewards/score.py");
    let code = &program[program.find("import").unwrap()..];
    assert!(read("docs/guides/rewards.md").contains(&format!("```python\n{code}```")), "{code}");
}

/// The libraries of the skeleton need not be there for it to be read.
#[test]
fn the_skeleton_of_a_model_is_python() {
    if !has_python() {
        return;
    }
    let dir = examples();
    let code = "import torch_model, os; r, w = os.pipe(); os.write(w, b'C\\nCC\\nC'); os.dup2(r, 0); os.close(w); \
                print(next(torch_model.batches()))";
    let args = ["-B", "-c", code];
    let ran = dir.finish(dir.prepare(Command::new("python3"), args).spawn().unwrap());
    assert_eq!(ran.ok(), "['C', 'CC']\n");
}

#[test]
fn a_run_finds_its_program_again_when_it_is_resumed() {
    let dir = examples();
    std::fs::create_dir(dir.path("elsewhere")).unwrap();
    let few = "--set train.batch=8 --set run.samples=5";
    dir.run(&format!("train shell.toml --out run -q --set train.steps=3 {few}")).ok();
    let mut resumed = dir.command("train --resume ../run -q --json --set train.steps=5");
    let ran = dir.finish(resumed.current_dir(dir.path("elsewhere")).spawn().unwrap());
    assert_eq!(ran.json()["iterations"], 5);
    dir.run(&format!("train shell.toml --out whole -q --set train.steps=5 {few}")).ok();
    let checkpoint =
        |run: &str| std::fs::read(dir.path(&format!("{run}/checkpoints/step-00000005.safetensors"))).unwrap();
    assert!(checkpoint("run") == checkpoint("whole"), "the checkpoints differ");
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_reaches_the_run_and_not_the_program() {
    let dir = Temp::new();
    dir.write("c.toml", format!("{STRINGS}command = [\"sh\", \"score.sh\"]\n"));
    // It would end at once if the signal reached it, and the run would say so.
    dir.write("score.sh", "echo $$ > pid; trap 'exit 7' INT; while read -r x; do echo 1; done");
    let mut command =
        dir.command("train c.toml --out run --set train.steps=1000000000 --set run.log_every=5");
    let child = command.process_group(0).spawn().unwrap();
    let start = Instant::now();
    while std::fs::read_to_string(dir.path("run/steps.csv")).map_or(0, |text| text.lines().count()) < 4 {
        assert!(start.elapsed() < Duration::from_secs(60), "there is no update");
        std::thread::sleep(Duration::from_millis(2));
    }
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    let ran = dir.finish(child);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("interrupted and saved"), "{}", ran.err);
    let pid = dir.read("pid");
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "the program still runs");
}

#[test]
fn what_is_wrong_with_a_program_is_said() {
    let dir = Temp::new();
    dir.write(
        "fails.sh",
        "while read -r x; do case $x in AAC) echo no pose >&2; exit 3;; esac; echo 1; done",
    );
    dir.write("words.sh", "while read -r x; do echo good; done");
    let said = [
        "command = \"python3 score.py\"",
        "command = [\"./score.py\"]",
        "command = [\"sh\", \"fails.sh\"]\nmissing = \"floor\"",
        "command = [\"sh\", \"fails.sh\"]\nretries = 1\nbackoff_s = 0.01",
        "command = [\"sh\", \"fails.sh\"]\nretries = 0\n\n[eval]\nexact_cap = 1000",
        "command = [\"sh\", \"words.sh\"]\nretries = 0",
    ]
    .map(|reward| {
        dir.write("c.toml", format!("{STRINGS}{reward}\n"));
        let _ = std::fs::remove_dir_all(dir.path("run"));
        dir.run("train c.toml --out run -q --set train.steps=100").refused()
    });
    expect![[r#"
        error: `reward.command` is `"python3 score.py"` in c.toml:15:11, expected a list of strings

        hint: write a list: `["python3", "score.py"]`

        error: there is no program `./score.py` in c.toml:15:11

        hint: relative paths start at `.` (`reward.dir`)

        error: objects without a score have the floor, and there is none in c.toml:16:11

        hint: set `reward.floor`

        error: `AAC` has no score: `sh fails.sh` ended (exit code 3) after 0 of 1 answers; the last lines of its stderr: `no pose`; it has to answer one line per object until its stdin ends, and to flush every answer

        error: `AAC` has no score: `sh fails.sh` ended (exit code 3) after 0 of 1 answers; the last lines of its stderr: `no pose`; it has to answer one line per object until its stdin ends, and to flush every answer in c.toml:13:2

        error: `CGG` has no score: `sh words.sh` answered `good` for `CGG`, expected a number; stdout is for one answer per object; write everything else to stderr
    "#]].assert_eq(&said.join("\n"));
    // With a floor, the same program is good enough.
    dir.write(
        "c.toml",
        format!("{STRINGS}command = [\"sh\", \"fails.sh\"]\nretries = 0\nmissing = \"floor\"\nfloor = 0.5\n"),
    );
    dir.run("train c.toml --out floored -q --set train.steps=5").ok();
}

/// Is there such a process, and is it more than a name that its parent has not asked for?
#[cfg(target_os = "linux")]
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat"));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim().starts_with('Z'))
}

#[test]
#[cfg(target_os = "linux")]
fn no_program_outlives_a_run_however_that_ends() {
    let dir = Temp::new();
    dir.write("c.toml", format!("{STRINGS}command = [\"sh\", \"score.sh\"]\n"));
    // Neither reads its stdin, so that neither sees it end.
    let family = "trap '' INT TERM HUP; (echo $$ > kid.tmp; sh -c 'echo $PPID' > kid; while :; do sleep 0.05; done) & echo $$ > pid; wait";
    dir.write("score.sh", family);
    for (i, signals) in [&["-KILL"][..], &["-INT", "-INT"], &["-TERM", "-TERM"]].iter().enumerate() {
        for name in ["pid", "kid"] {
            let _ = std::fs::remove_file(dir.path(name));
        }
        let mut command = dir.command(&format!("train c.toml --out run{i}"));
        let child = command.process_group(0).spawn().unwrap();
        let there = |name: &str| std::fs::read_to_string(dir.path(name)).is_ok_and(|pid| pid.ends_with('\n'));
        let start = Instant::now();
        while !(there("pid") && there("kid")) {
            assert!(start.elapsed() < Duration::from_secs(60), "the program does not start");
            std::thread::sleep(Duration::from_millis(2));
        }
        for signal in *signals {
            let group = format!("-{}", child.id());
            assert!(Command::new("kill").args([signal, "--", &group]).status().unwrap().success());
            // Two of a kind at once would count as one.
            std::thread::sleep(Duration::from_millis(200));
        }
        let ran = dir.finish(child);
        assert!(ran.code != Some(0), "{}", ran.err);
        let start = Instant::now();
        for name in ["pid", "kid"] {
            while lives(&dir.read(name)) {
                assert!(start.elapsed() < Duration::from_secs(20), "{signals:?}: {name} still runs");
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
}
