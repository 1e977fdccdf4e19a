//! Programs as oracles: what they are given, and every way in which they can fail.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_core::Settings;
use headwater_core::settings::{Value, defaults};
use headwater_rewards::{Command, CommandConfig, Missing, Objects, Oracle, Protocol, RewardError};

use crate::listening::Heard;

/// Answers the length of every object.
const LENGTHS: &str = "while read -r x; do echo ${#x}; done";

/// A directory of one test; removed in the end.
struct Temp(PathBuf);

impl Temp {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("headwater-rewards-{}-{unique}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }

    /// A shell script as an oracle that fails at once, and is given up after 20 s.
    fn script(&self, script: &str) -> CommandConfig {
        let config = self.program(&["sh", "-c", script]);
        CommandConfig { retries: 0, backoff_s: 0.0, timeout_s: 20.0, ..config }
    }

    fn program(&self, command: &[&str]) -> CommandConfig {
        let mut values = defaults(&CommandConfig::FIELDS[1..]).expect("all but the command may be left out");
        values.insert("command", Value::Texts(command.iter().map(|&s| s.to_owned()).collect()));
        CommandConfig { dir: self.0.clone(), ..CommandConfig::read(&values) }
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(config: &CommandConfig) -> Command {
    Command::new(config).expect("there is such a program")
}

fn score<'a>(
    oracle: &mut Command,
    objects: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<f64>, RewardError> {
    let objects = Objects::from_iter(objects);
    let mut out = vec![-1.0; objects.len()];
    oracle.score(&objects, &mut out)?;
    Ok(out)
}

fn scores(config: &CommandConfig, objects: &[&str]) -> Vec<f64> {
    score(&mut start(config), objects.iter().copied()).expect("scores")
}

fn fails(config: &CommandConfig, objects: &[&str]) -> String {
    score(&mut start(config), objects.iter().copied()).expect_err("no scores").to_string()
}

fn words(n: usize) -> Vec<String> {
    (0..n).map(|i| "x".repeat(i * 7919 % 13)).collect()
}

#[test]
fn ten_thousand_objects_keep_their_order_whoever_scores_them() {
    let dir = Temp::new();
    let words = words(10_000);
    let expected: Vec<f64> = words.iter().map(|w| w.len() as f64).collect();
    for (workers, chunk) in [(1, 64), (3, 7), (4, 100_000), (2, 1_000)] {
        let mut oracle = start(&CommandConfig { workers, chunk, ..dir.script(LENGTHS) });
        for n in [10_000, 3, 0, 500] {
            let out = score(&mut oracle, words[..n].iter().map(String::as_str)).expect("scores");
            assert!(out == expected[..n], "{workers} workers, chunks of {chunk}, {n} objects");
        }
        assert_eq!(oracle.take_log(), "");
    }
}

#[test]
fn pipes_that_are_full_on_both_sides_do_not_stop_anything() {
    let dir = Temp::new();
    let object = "y".repeat(100);
    let objects = vec![object.as_str(); 5_000];
    // Reads half a megabyte before it says anything.
    let patient = "while read -r x; do n=1; while [ $n -lt 5000 ] && read -r x; do n=$((n + 1)); done; \
                   while [ $n -gt 0 ]; do echo ${#x}; n=$((n - 1)); done; done";
    let config = CommandConfig { chunk: 5_000, ..dir.script(patient) };
    let mut oracle = start(&config);
    for _ in 0..2 {
        assert_eq!(score(&mut oracle, objects.iter().copied()).expect("scores"), vec![100.0; 5_000]);
    }
    // Says a kilobyte after every line, and reads no further until that is out.
    let talkative = format!(
        "pad={}; while read -r x; do echo \"{{\\\"score\\\": 2, \\\"pad\\\": \\\"$pad\\\"}}\"; done",
        "p".repeat(1000)
    );
    let config = CommandConfig { chunk: 5_000, protocol: Protocol::Json, ..dir.script(&talkative) };
    assert_eq!(scores(&config, &objects), vec![2.0; 5_000]);
}

#[test]
fn objects_are_data_and_never_code() {
    let dir = Temp::new();
    let object = "$(touch hacked) `touch hacked` ; touch hacked # \" ' \\ * ∅";
    assert_eq!(scores(&dir.script("read -r x; printf %s \"$x\" > got; echo 1"), &[object]), [1.0]);
    assert_eq!(dir.read("got"), object);
    let echo = dir.program(&[
        "sh",
        "-c",
        "while read -r x; do echo $#; done",
        "sh",
        "$(touch hacked)",
        "; touch hacked",
    ]);
    assert_eq!(scores(&echo, &[object]), [2.0], "arguments arrive as they are");
    assert!(!dir.0.join("hacked").exists());
}

#[test]
fn one_of_several_properties_is_the_score() {
    let dir = Temp::new();
    let script = "while read -r line; do printf '%s\\n' \"$line\" >> asked; echo '{\"sa\": 3.5, \"qed\": 0.25, \"vina\": null}'; done";
    for (property, expected) in [("qed", 0.25), ("sa", 3.5)] {
        let config =
            CommandConfig { protocol: Protocol::Json, property: property.into(), ..dir.script(script) };
        assert_eq!(scores(&config, &["a\"b\\c"]), [expected]);
    }
    assert_eq!(dir.read("asked"), "{\"object\": \"a\\\"b\\\\c\"}\n".repeat(2));
    let json = CommandConfig { protocol: Protocol::Json, property: "logp".into(), ..dir.script(script) };
    let message = fails(&json, &["a"]);
    let expected = "expected an object with a number `logp` (or null), as in `{\"logp\": 0.5}`; stdout is for one answer";
    assert!(message.contains("` answered `{\"sa\": 3.5, ") && message.contains(expected), "{message}");
    let null = CommandConfig { property: "vina".into(), ..json };
    assert!(matches!(score(&mut start(&null), ["a"]), Err(RewardError::NotFinite { .. })));
}

#[test]
fn every_failure_is_told_apart() {
    let dir = Temp::new();
    let short = CommandConfig { timeout_s: 0.3, ..dir.script("") };
    let long = "z".repeat(300_000);
    for (script, object, message) in [
        (
            "read x; echo no such model >&2; exit 3",
            "a",
            "` ended (exit code 3) after 0 of 1 answers; the last lines of its stderr: `no such model`; it has to answer one line per object",
        ),
        ("read x; exit 0", "a", "` ended (exit code 0) after 0 of 1 answers; it has to"),
        ("read x; kill -9 $$", "a", "` ended (signal 9) after 0 of 1 answers; it has to"),
        ("exec >&-; sleep 1000", "a", "` closed its stdout after 0 of 1 answers; it has to"),
        (
            "exec <&-; sleep 1000",
            &long,
            "` closed its stdin after 0 of 1 answers, before it had read every object; it has to",
        ),
        (
            "read x; sleep 1000",
            "a",
            "` was killed after 0.3 s (reward.timeout_s) with 0 of 1 answers; answers have to be flushed",
        ),
        (
            "trap '' TERM INT HUP; while :; do sleep 0.1; done",
            "a",
            "` was killed after 0.3 s (reward.timeout_s) with 0 of 1 answers",
        ),
        (
            "while read x; do echo high; done",
            "a",
            "` answered `high` for `a`, expected a number; stdout is for one answer per object",
        ),
        ("while read x; do echo 0,5; done", "a", "` answered `0,5` for `a`, expected a number"),
        ("while read x; do echo; done", "a", "` answered `` for `a`, expected a number"),
        (
            "read x; head -c 3000000 /dev/zero | tr '\\0' 1",
            "a",
            "…` and so on, a line of more than 1 MiB; stdout is for one answer per object",
        ),
        (
            "read x; head -c 1048577 /dev/zero | tr '\\0' 1; echo",
            "a",
            "…` and so on, a line of more than 1 MiB; stdout is for one answer per object",
        ),
        // Something else holds its stdout open for longer than anybody waits.
        ("sleep 1000 & read x; exit 3", "a", "` ended (exit code 3) after 0 of 1 answers; it has to"),
    ] {
        let timeout_s =
            if script.contains("sleep 0.1") || script.contains("read x; sleep") { 0.3 } else { 20.0 };
        let config = CommandConfig {
            timeout_s,
            ..CommandConfig { command: dir.script(script).command, ..short.clone() }
        };
        let error = score(&mut start(&config), [object]).expect_err("no score");
        let RewardError::NoScore { object: culprit, .. } = &error else { panic!("{script}: {error}") };
        assert_eq!(culprit, object, "{script}");
        assert!(
            error.is_recoverable() && error.to_string().contains(message),
            "{script}:\n{}",
            error.to_string().replace(&long, "…")
        );
    }
    for (answer, value) in [("nan", "NaN"), ("inf", "inf"), ("-Infinity", "-inf")] {
        let message = fails(&dir.script(&format!("while read x; do echo {answer}; done")), &["a"]);
        assert_eq!(message, format!("the score of `a` is {value}, which has no finite log R"));
    }
}

#[test]
fn a_line_too_many_is_fatal_because_earlier_answers_may_be_wrong() {
    let dir = Temp::new();
    let at_once = CommandConfig {
        missing: Missing::Floor,
        retries: 5,
        ..dir.script("while read x; do printf '1\\n2\\n'; done")
    };
    let mut out = [f64::NAN; 3];
    let error =
        start(&at_once).score(&Objects::from_iter(["a", "b", "c"]), &mut out).expect_err("two answers each");
    assert!(out.iter().all(|y| y.is_nan()), "no such score is kept: {out:?}");
    assert!(!error.is_recoverable());
    assert!(error.to_string().contains("` to its stdout where no answer was due"), "{error}");
    // A line that comes later is found by the next request.
    let later = "read x; echo 1; until [ -e more ]; do sleep 0.01; done; echo loaded; touch said; sleep 1000";
    let mut oracle = start(&dir.script(later));
    assert_eq!(score(&mut oracle, ["a"]), Ok(vec![1.0]));
    std::fs::write(dir.0.join("more"), "").unwrap();
    while !dir.0.join("said").exists() {
        std::thread::yield_now();
    }
    let error = score(&mut oracle, ["b"]).expect_err("a line too many").to_string();
    assert!(error.contains("wrote `loaded` to its stdout where no answer was due"), "{error}");
}

#[test]
fn one_bad_object_is_found_and_its_neighbours_keep_their_scores() {
    let dir = Temp::new();
    let mut objects = vec!["good"; 200];
    (objects[3], objects[150]) = ("bad", "worse");
    let bad = |what: &str| {
        format!("while read -r x; do case $x in bad|worse) {what};; *) echo ${{#x}};; esac; done")
    };
    let crowds = &[(1, 64), (3, 200), (2, 1)][..];
    for (what, crowds) in [
        ("exit 1", crowds),
        ("echo what", crowds),
        ("echo NaN", crowds),
        // These take their time.
        ("sleep 1000", &[(2, 4)]),
        ("exec >&-", &[(2, 2)]),
    ] {
        let timeout_s = if what.starts_with("sleep") { 1.5 } else { 20.0 };
        let config = CommandConfig { timeout_s, missing: Missing::Floor, ..dir.script(&bad(what)) };
        for &(workers, chunk) in crowds {
            let config = CommandConfig { workers, chunk, ..config.clone() };
            let mut oracle = start(&config);
            let out = score(&mut oracle, objects.iter().copied()).expect("scores");
            for (i, y) in out.iter().enumerate() {
                assert!(if objects[i] == "good" { *y == 4.0 } else { y.is_nan() }, "{what}: {i} has {y}");
            }
            assert_eq!(oracle.take_log().is_empty(), what == "echo NaN");
            assert_eq!(score(&mut oracle, ["fine"]), Ok(vec![4.0]), "it goes on");
        }
        let strict = CommandConfig { missing: Missing::Error, chunk: crowds[0].1, ..config };
        match score(&mut start(&strict), objects.iter().copied()).expect_err("a bad object") {
            RewardError::NoScore { object, .. } | RewardError::NotFinite { object, .. } => {
                assert_eq!(object, "bad");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn scores_that_were_got_before_an_error_are_left_and_no_others() {
    let dir = Temp::new();
    // Answers the first of a chunk, and ends at the last.
    let script = "while read -r x; do [ $x = bad ] && exit 1; echo ${#x}; done";
    let mut oracle = start(&CommandConfig { chunk: 2, ..dir.script(script) });
    let mut out = [f64::NAN; 6];
    let objects = Objects::from_iter(["a", "bb", "ccc", "bad", "a", "a"]);
    let error = oracle.score(&objects, &mut out).expect_err("a bad object");
    assert!(matches!(error, RewardError::NoScore { object, .. } if object == "bad"));
    assert_eq!(out[..3], [1.0, 2.0, 3.0]);
    assert!(out[3..].iter().all(|y| y.is_nan()), "{out:?}");
}

#[test]
fn a_program_that_fails_now_and_then_is_tried_again() {
    let dir = Temp::new();
    let flaky =
        "[ -e tried ] || { touch tried; echo warming up >&2; exit 1; }; while read -r x; do echo ${#x}; done";
    let config = CommandConfig { retries: 1, backoff_s: 0.01, ..dir.script(flaky) };
    let mut oracle = start(&config);
    assert_eq!(score(&mut oracle, ["ab", "c"]), Ok(vec![2.0, 1.0]));
    assert_eq!(
        oracle.take_log(),
        "[worker 1] warming up\n[worker 1] the program ended (exit code 1) after 0 of 2 answers\n"
    );
    assert_eq!(oracle.take_log(), "");
    // One that ends after every answer is tiresome, but scores.
    let config = CommandConfig { retries: 1, chunk: 1, ..dir.script("read -r x; echo ${#x}") };
    assert_eq!(scores(&config, &["a", "bb", "ccc", "dddd"]), [1.0, 2.0, 3.0, 4.0]);
    let slow = dir.script(&format!("sleep 0.3; {LENGTHS}"));
    assert_eq!(scores(&slow, &["a", "bb"]), [1.0, 2.0]);
}

#[test]
fn a_program_that_never_answers_is_not_taken_for_a_world_of_bad_objects() {
    let dir = Temp::new();
    let broken =
        CommandConfig { missing: Missing::Floor, ..dir.script("echo no module named torch >&2; exit 1") };
    let error = score(&mut start(&broken), ["a"; 100]).expect_err("no answer at all");
    assert!(!error.is_recoverable());
    let text = error.to_string();
    assert!(text.contains("had no answer to 4 objects in a row; for `a` it ended (exit code 1)"), "{text}");
    assert!(text.contains("stderr: `no module named torch`"), "{text}");
}

#[test]
fn a_flood_on_stderr_stops_nothing_and_its_end_is_kept() {
    let dir = Temp::new();
    let flood = "while read -r x; do head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo end of $x >&2; echo 1; done";
    let mut oracle = start(&CommandConfig { workers: 2, ..dir.script(flood) });
    assert_eq!(score(&mut oracle, ["a", "b"]), Ok(vec![1.0; 2]));
    let log = oracle.take_log();
    assert!(log.len() < 300_000 && log.contains("bytes are left out"), "{} bytes", log.len());
    let last: Vec<_> = log.lines().filter(|line| line.contains("end of")).collect();
    assert_eq!(last, ["[worker 1] end of a", "[worker 2] end of b"]);
}

/// Is there such a process, and is it more than a name that its parent has not asked for?
#[cfg(target_os = "linux")]
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat"));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim().starts_with('Z'))
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_that_was_started_is_left() {
    let dir = Temp::new();
    // A child of the child, which keeps its pipes open, hangs; an idle program ends by itself when its stdin does.
    let family = "trap '' TERM; echo $$ > parent; sleep 1000 & echo $! > kid; read x; wait";
    let error = fails(&CommandConfig { timeout_s: 0.5, ..dir.script(family) }, &["a"]);
    assert!(error.contains("was killed"), "{error}");
    let mut oracle = start(&dir.script("echo $$ > idle; while read -r x; do echo 1; done; echo bye > bye"));
    assert_eq!(score(&mut oracle, ["a"]), Ok(vec![1.0]));
    let idle = dir.read("idle");
    assert!(lives(&idle));
    drop(oracle);
    assert_eq!(dir.read("bye"), "bye\n", "it had the time to say so");
    let mut stubborn = start(&dir.script("echo $$ > stubborn; read x; echo 1; while :; do sleep 0.1; done"));
    assert_eq!(score(&mut stubborn, ["a"]), Ok(vec![1.0]));
    drop(stubborn);
    for name in ["parent", "kid", "idle", "stubborn"] {
        let pid = dir.read(name);
        assert!(!pid.is_empty() && !lives(&pid), "{name} {pid} still runs");
        assert!(name == "kid" || !Path::new("/proc").join(pid.trim()).exists(), "{name} {pid} is a zombie");
    }
}

#[test]
fn programs_that_cannot_be_started_are_refused_with_a_hint() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Temp::new();
    let file = |name: &str, text: &str, mode| {
        let path = dir.0.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    file("plain.py", "print(1)\n", 0o644);
    file("bare", "no first line\n", 0o755);
    file("odd", "#!/no/such/interpreter\n", 0o755);
    for (command, message, hint) in [
        (&[][..], "the command is empty", "name a program"),
        (&[""], "there is no program `` in the directories of PATH", "install it"),
        (
            &["no-such-program-here"],
            "there is no program `no-such-program-here` in the directories of PATH",
            "install it",
        ),
        (
            &["plain.py"],
            "there is no program `plain.py` in the directories of PATH",
            "with a slash: `./plain.py`",
        ),
        (&["./plain.py"], "`./plain.py` is not an executable file", "chmod +x ./plain.py"),
        (&["./lost"], "there is no program `./lost`", "relative paths start at"),
    ] {
        let error = Command::new(&dir.program(command)).map(drop).expect_err("no program");
        assert_eq!((error.field, error.to_string().as_str()), (Some("command"), message));
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{:?}", error.hint);
    }
    for (command, message) in [
        ("./bare", "failed: it cannot be started: it is no program of this machine"),
        (
            "./odd",
            "failed: it cannot be started: the interpreter that its first line (`#!…`) names does not exist",
        ),
    ] {
        let config = CommandConfig { missing: Missing::Floor, backoff_s: 0.0, ..dir.program(&[command]) };
        let error = score(&mut start(&config), ["a"; 100]).expect_err("it cannot start");
        assert!(!error.is_recoverable() && error.to_string().contains(message), "{error}");
    }
}

#[test]
fn the_identity_is_what_a_score_depends_on() {
    let dir = Temp::new();
    let other = Temp::new();
    let write = |name: &str, text: &str| std::fs::write(dir.0.join(name), text).unwrap();
    write("score.sh", LENGTHS);
    write("weights", "1 2 3");
    let base = dir.program(&["sh", "score.sh", "--model=weights", "--depth=3", "none"]);
    let identity = |config: &CommandConfig| start(config).identity().expect("programs are dear");
    let first = identity(&base);
    let lines: Vec<&str> = first.lines().collect();
    let place = dir.0.canonicalize().unwrap();
    let words = "[\"sh\", \"score.sh\", \"--model=weights\", \"--depth=3\", \"none\"]";
    assert_eq!(lines[0], format!("command {words} protocol lines version \"\""));
    assert!(lines[1].starts_with("program \"/") && lines[1].ends_with("/sh\""), "{first}");
    assert_eq!(lines[2], format!("dir {place:?}"));
    assert!(lines[3].starts_with("file \"score.sh\" ") && lines[4].starts_with("file \"--model=weights\" "));
    assert_eq!(lines.len(), 5, "{first}");
    // How it is asked is not what it answers, and a place can be written in several ways.
    let asked =
        CommandConfig { workers: 4, chunk: 3, property: "x".into(), ready: Some("r".into()), ..base.clone() };
    assert_eq!(identity(&asked), first);
    let written = dir.0.join("..").join(dir.0.file_name().unwrap());
    assert_eq!(identity(&CommandConfig { dir: written, ..base.clone() }), first);
    // The same words and contents in another directory are another program: what it reads there is not known.
    for name in ["score.sh", "weights"] {
        std::fs::copy(dir.0.join(name), other.0.join(name)).unwrap();
    }
    let mut seen = vec![first.clone(), identity(&CommandConfig { dir: other.0.clone(), ..base.clone() })];
    seen.push(identity(&CommandConfig { version: "2".into(), ..base.clone() }));
    seen.push(identity(&CommandConfig { protocol: Protocol::Json, ..base.clone() }));
    write("score.sh", &format!("{LENGTHS} # edited"));
    seen.push(identity(&base));
    write("weights", "1 2 4");
    seen.push(identity(&base));
    for (i, identity) in seen.iter().enumerate() {
        assert!(!seen[..i].contains(identity), "{identity}");
    }
    write("score.sh", LENGTHS);
    write("weights", "1 2 3");
    assert_eq!(identity(&base), first, "contents count, not times");
}

#[test]
fn a_program_of_the_users_own_counts_by_its_contents() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Temp::new();
    let write = |text: &str| {
        let path = dir.0.join("score.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let identity = || start(&dir.program(&["./score.sh"])).identity().unwrap();
    write(LENGTHS);
    let first = identity();
    write("while read -r x; do echo 7; done");
    assert_ne!(identity(), first);
}

fn listen(oracle: &mut Command, objects: &[&str], heard: &mut Heard<'_>) -> Result<Vec<f64>, RewardError> {
    let objects: Objects = objects.iter().copied().collect();
    let mut out = vec![f64::NAN; objects.len()];
    oracle.score_in_pieces(&objects, &mut out, heard).map(|()| out)
}

#[test]
fn every_answer_is_reported_as_it_comes() {
    let dir = Temp::new();
    // Each answer waits until the one before has been reported: 64 objects lie before the program.
    let script =
        "i=0; while read -r x; do until [ -e $i ]; do sleep 0.001; done; echo ${#x}; i=$((i + 1)); done";
    let mut oracle = start(&dir.script(script));
    let objects: Vec<String> = words(64);
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    let report = |places: &[std::ops::Range<usize>]| {
        let n = places.last().map_or(0, |places| places.end);
        std::fs::write(dir.0.join(n.to_string()), "").unwrap();
    };
    let mut heard = Heard { at_pause: Some(&report), ..Heard::default() };
    listen(&mut oracle, &objects, &mut heard).unwrap();
    assert_eq!(heard.places, (0..64).map(|i| i..i + 1).collect::<Vec<_>>());
    assert_eq!(heard.calls, 64);
}

#[test]
fn a_crash_costs_the_call_that_was_being_made_and_no_other() {
    let dir = Temp::new();
    // Ends at the 60th object that it is given, without an answer to that.
    let script =
        "i=0; while read -r x; do echo \"$x\" >> asked; i=$((i + 1)); [ $i = 60 ] && exit 1; echo 1; done";
    let objects: Vec<String> = (0..300).map(|i| i.to_string()).collect();
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    for (workers, chunk) in [(1, 64), (1, 1000), (3, 64), (2, 7)] {
        let config = CommandConfig { retries: 1, workers, chunk, ..dir.script(script) };
        let mut heard = Heard::default();
        let scores = listen(&mut start(&config), &objects, &mut heard).unwrap();
        assert_eq!(scores, vec![1.0; 300]);
        let asked = std::fs::read_to_string(dir.0.join("asked")).unwrap();
        let calls = asked.lines().count();
        assert_eq!(
            heard.calls, calls,
            "{workers} workers, chunks of {chunk}: calls were made and not counted"
        );
        assert!(calls <= 300 + 300 / 59 + 1, "{calls} calls");
        assert_eq!(heard.places.iter().map(|p| p.len()).sum::<usize>(), 300);
        std::fs::remove_file(dir.0.join("asked")).unwrap();
    }
}

#[test]
fn a_number_before_the_answers_is_noticed_and_nothing_of_it_is_kept() {
    let dir = Temp::new();
    let chatty = "echo 42; while read -r x; do PAUSE echo ${#x}; done";
    for pause in ["", "sleep 0.05;", "sleep 0.3;"] {
        let config = dir.script(&chatty.replace("PAUSE", pause));
        let mut heard = Heard::default();
        let error = listen(&mut start(&config), &["a", "bb", "ccc"], &mut heard).unwrap_err();
        assert!(!error.is_recoverable());
        assert!(error.to_string().contains("to its stdout where no answer was due"), "{error}");
        assert!(error.to_string().contains("name that in `reward.ready`"), "{error}");
        assert_eq!(heard.voids, 1, "{pause}");
    }
    // One object at a time: every answer comes while the copy is listened to, or soon after.
    for pause in ["", "sleep 0.3;", "sleep 0.6;"] {
        let config = CommandConfig { chunk: 1, ..dir.script(&chatty.replace("PAUSE", pause)) };
        let mut heard = Heard::default();
        let error = listen(&mut start(&config), &["a", "bb", "ccc"], &mut heard).unwrap_err();
        assert!(error.to_string().contains("to its stdout where no answer was due"), "{error}");
        assert_eq!(heard.voids, 1, "{pause}");
    }
    // What it prints before it says that it is ready is talk.
    let polite =
        "echo 42; sleep 0.2; echo model of 7 layers; echo ready; while read -r x; do echo ${#x}; done";
    let config = CommandConfig { ready: Some("ready".into()), ..dir.script(polite) };
    let mut oracle = start(&config);
    assert_eq!(score(&mut oracle, ["a", "bb"]), Ok(vec![1.0, 2.0]));
    assert_eq!(score(&mut oracle, ["ccc"]), Ok(vec![3.0]));
    assert_eq!(oracle.take_log(), "[worker 1] 42\n[worker 1] model of 7 layers\n");
    let mute = CommandConfig { ready: Some("ready".into()), timeout_s: 0.3, ..dir.script(LENGTHS) };
    let message = fails(&mute, &["a"]);
    assert!(message.contains("was killed after 0.3 s (reward.timeout_s) with 0 of 1 answers"), "{message}");
}

#[test]
fn answers_in_json_may_say_what_they_are_for() {
    let dir = Temp::new();
    let json = |script: &str| CommandConfig { protocol: Protocol::Json, ..dir.script(script) };
    let echo = "n=0; while read -r q; do n=$((n + 1)); echo \"${q%\\}}, \\\"score\\\": $n}\"; done";
    assert_eq!(scores(&json(echo), &["a", "bb"]), [1.0, 2.0]);
    let late = "read -r before; while read -r q; do echo \"${before%\\}}, \\\"score\\\": 1}\"; echo \"${q%\\}}, \\\"score\\\": 2}\"; done";
    assert_eq!(scores(&json(late), &["a", "bb"]), [1.0, 2.0]);
    let astray = "while read -r q; do echo '{\"object\": \"a\", \"score\": 1}'; done";
    let error = score(&mut start(&json(astray)), ["a", "bb"]).expect_err("the second is not for `bb`");
    assert!(!error.is_recoverable());
    assert!(error.to_string().contains("answered for `a` where `bb` was due"), "{error}");
}

#[test]
fn python_is_told_to_hand_lines_on() {
    let dir = Temp::new();
    let expected: f64 = std::env::var("PYTHONUNBUFFERED").map_or(1.0, |set| set.parse().unwrap_or(1.0));
    assert_eq!(
        scores(&dir.script("while read -r x; do echo ${PYTHONUNBUFFERED:-0}; done"), &["a"]),
        [expected]
    );
}

#[test]
fn a_script_that_has_changed_is_not_started_again() {
    let dir = Temp::new();
    std::fs::write(dir.0.join("score.sh"), "read -r x; echo 1").unwrap();
    let config = CommandConfig { retries: 5, chunk: 1, backoff_s: 0.0, ..dir.program(&["sh", "score.sh"]) };
    let mut oracle = start(&config);
    // It ends after every answer, and is started again.
    assert_eq!(score(&mut oracle, ["a", "b"]), Ok(vec![1.0; 2]));
    std::fs::write(dir.0.join("score.sh"), "read -r x; echo 2").unwrap();
    let error = score(&mut oracle, ["c"]).expect_err("another script");
    assert!(!error.is_recoverable());
    let message = "cannot be started again: `score.sh` has changed since this process looked at it";
    assert!(error.to_string().contains(message), "{error}");
    assert_eq!(score(&mut start(&config), ["c"]), Ok(vec![2.0]));
}
