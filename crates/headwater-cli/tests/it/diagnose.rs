//! `headwater diagnose` and `headwater summary`: a gallery of broken runs, each of which trips its check and no other,
//! and of healthy ones, which trip none.

use expect_test::expect;
use serde_json::Value as Json;

use crate::support::{Ran, Temp, root};

/// The configurations of `configs/gallery`, and the one check that a run of each trips.
const GALLERY: &[(&str, Option<&str>)] = &[
    ("log-z-too-slow", Some("log-z")),
    ("never-annealed", Some("exploration")),
    ("floor-too-high", Some("floor")),
    ("mode-collapse", Some("concentration")),
    ("wrong-backward", Some("backward-policy")),
    ("reward-with-nan", Some("finite")),
    ("network-too-small", Some("effective-sample")),
    ("stale-batches", Some("staleness")),
    ("healthy-formula", None),
    ("healthy-grid", None),
    ("healthy-permutations", None),
    ("healthy-spins", None),
    ("healthy-subsets", None),
];

fn train(dir: &Temp, name: &str, more: &str) -> Ran {
    let config = root().join(format!("configs/gallery/{name}.toml"));
    dir.run(&format!("train {} --out {name} -q --json{more}", config.display()))
}

/// What `diagnose --json` says, whatever it finds.
fn said(ran: &Ran) -> Json {
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn every_run_of_the_gallery_trips_its_check_and_no_other() {
    let dir = Temp::new();
    let mut wrong = Vec::new();
    for (name, check) in GALLERY {
        let trained = train(&dir, name, "");
        assert_eq!(trained.code == Some(0), *name != "reward-with-nan", "{name}: {}", trained.err);
        let ran = dir.run(&format!("diagnose {name} --json"));
        assert_eq!(ran.code, Some(i32::from(check.is_some())), "{name}: {} {}", ran.out, ran.err);
        let json = said(&ran);
        let checks = json["runs"][0]["checks"].as_array().unwrap();
        let tripped: Vec<&str> =
            checks.iter().filter(|c| c["passed"] == false).map(|c| c["name"].as_str().unwrap()).collect();
        if tripped != check.iter().copied().collect::<Vec<_>>() {
            wrong.push(format!("{name} trips {tripped:?}, expected {check:?}: {json:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let files = std::fs::read_dir(root().join("configs/gallery")).unwrap().count();
    assert_eq!(files, GALLERY.len(), "a configuration of the gallery is not in the list of this test");
}

/// The guide quotes the command's words; numbers may differ in their last digits from one processor to another.
#[test]
fn the_guide_quotes_what_diagnose_prints() {
    let dir = Temp::new();
    let guide = without_digits(&std::fs::read_to_string(root().join("docs/guides/diagnose.md")).unwrap());
    for name in ["mode-collapse", "healthy-grid"] {
        train(&dir, name, "").ok();
        let said = dir.run(&format!("diagnose {name}")).out;
        assert!(guide.contains(&without_digits(&said)), "the guide does not quote this:\n{said}");
    }
}

/// A text with every number and every white space made the same.
fn without_digits(text: &str) -> String {
    let mut out = String::new();
    for c in text.split_whitespace().flat_map(|word| word.chars().chain([' '])) {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if c != '0' || !out.ends_with('0') {
            out.push(c);
        }
    }
    out
}

#[test]
fn what_is_no_run_is_an_error_and_a_young_run_is_not() {
    let dir = Temp::with_configs();
    let refused = dir.run("diagnose nothing").refused();
    assert!(refused.starts_with("error: `nothing` is not a run directory"), "{refused}");
    assert!(dir.run("summary nothing").refused().starts_with("error: `nothing` is not a run directory"));
    dir.run("train grid.toml --out run -q --set train.steps=0").ok();
    let ran = dir.run("diagnose run --json");
    let json = said(&ran);
    let skipped: Vec<&str> =
        json["runs"][0]["skipped"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(skipped, ["floor", "repeated", "target", "exploration", "settled", "entropy"], "{json:#}");
    // A checkpoint that is lost takes the policy with it, and nothing else.
    std::fs::remove_dir_all(dir.path("run/checkpoints")).unwrap();
    std::fs::create_dir(dir.path("run/checkpoints")).unwrap();
    let text = dir.run("diagnose run").ok();
    expect![[r#"
        run

        ended             passed
        finite            passed
        staleness         passed
        missing           not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet
        floor             not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet
        repeated          not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet
        target            not checked: no update was logged
        exploration       not checked: no update was logged
        settled           not checked: `steps.csv` has 0 rows, and a trend needs 20
        entropy           not checked: no update was logged
        log-z             not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet
        effective-sample  not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet
        backward-policy   not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet
        length            not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet
        concentration     not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet
        correlation       not checked: the policy cannot be had: `run` is not a run directory: it has no checkpoint yet

        3 passed, 0 failed, 13 not checked.
    "#]].assert_eq(&text);
}

#[test]
fn runs_are_summarised_and_pooled_over_seeds() {
    let dir = Temp::with_configs();
    for (run, set) in [("a", "seed=0"), ("b", "seed=1"), ("c", "train.batch=4")] {
        dir.run(&format!("train grid.toml --out {run} -q --set {set}")).ok();
    }
    let text = dir.run("summary a b c").ok();
    let first: Vec<&str> = text.lines().filter_map(|line| line.split("  ").next()).collect();
    let expected = ["run", "a", "b", "c", "", "over seeds", "2 seeds: a …, mean ± sd", ""];
    assert_eq!(first, expected, "{text}");
    let json = dir.run("summary a b c --json").json();
    let (a, b) = (&json["runs"][0], &json["runs"][1]);
    let tv = |row: &Json| row["tv"].as_f64().unwrap();
    let pooled = &json["pooled"].as_array().unwrap()[..];
    assert_eq!(pooled.len(), 1);
    assert_eq!((pooled[0]["seeds"].as_u64(), &pooled[0]["runs"]), (Some(2), &serde_json::json!(["a", "b"])));
    let mean = pooled[0]["tv"]["mean"].as_f64().unwrap();
    assert!((mean - (tv(a) + tv(b)) / 2.0).abs() < 1e-12, "{json}");
    let sd = pooled[0]["tv"]["sd"].as_f64().unwrap();
    assert!((sd - (tv(a) - tv(b)).abs() / 2f64.sqrt()).abs() < 1e-12, "{json}");
    // Student's interval: with two seeds, 12.706 standard errors to either side.
    let high = pooled[0]["tv"]["high"].as_f64().unwrap();
    assert!((high - mean - 12.706_205 * sd / 2f64.sqrt()).abs() < 1e-6, "{json}");
    // As the evaluation has it.
    assert_eq!(tv(a), dir.run("eval a --json").json()["tv"].as_f64().unwrap());
    // A run of the same configuration that was stopped is no replicate.
    dir.run("train grid.toml --out d -q --set seed=2").ok();
    let manifest = dir.read("d/manifest.json").replace("\"finished\"", "\"interrupted\"");
    dir.write("d/manifest.json", manifest);
    let json = dir.run("summary a b d --json").json();
    assert_eq!(json["pooled"][0]["seeds"].as_u64(), Some(2), "{json}");
    assert_eq!(json["left_out"], serde_json::json!([{"run": "d", "why": "interrupted"}]));
    // A file among the runs, such as a ledger of scores, is none.
    dir.write("scores.sqlite", "");
    let ran = dir.run("summary a d scores.sqlite");
    assert_eq!((ran.code, &*ran.err), (Some(0), "scores.sqlite is a file: skipped\n"));
    assert!(dir.run("summary scores.sqlite").refused().contains("`scores.sqlite` is not a run directory"));
    let text = dir.run("summary a d").ok();
    assert!(text.ends_with("\nnot among the seeds: d (interrupted)\n"), "{text}");
    assert!(!text.contains("mean ± sd"), "{text}");
}

/// Scores that a program has to give are not asked for unasked: what is then not checked is counted, and how to have it is
/// said, in `diagnose` and in a report.
#[test]
fn what_is_not_checked_is_counted_and_can_be_had() {
    let dir = Temp::new();
    std::fs::copy(root().join("examples/rewards/score.sh"), dir.path("score.sh")).unwrap();
    let config = std::fs::read_to_string(root().join("examples/rewards/shell.toml")).unwrap();
    // Without a word on `eval`, as a user begins.
    dir.write("shell.toml", &config[..config.find("# Every object").unwrap()]);
    dir.run("train shell.toml --out run -q --set train.steps=40 --set train.batch=8 --set run.log_every=1 --set ledger.keep=false")
        .ok();
    let ran = dir.run("diagnose run");
    let json = said(&dir.run("diagnose run --json"));
    let count = |json: &Json, name: &str| json["runs"][0][name].as_u64().unwrap();
    let (passed, failed, left) =
        (count(&json, "passed"), count(&json, "failed"), count(&json, "not_checked"));
    assert!(left >= 9 && passed + failed + left == 16, "{json:#}");
    let expected = format!(
        "\n{passed} passed, {failed} failed, {left} not checked.\n`headwater diagnose run --samples 1000` makes more of the \
         checks, and asks for up to 2512 scores that are not kept yet.\n"
    );
    assert!(ran.out.ends_with(&expected), "{}", ran.out);
    dir.run("report run").ok();
    let page = dir.read("report.html");
    assert_eq!(page.matches("– not checked").count() as u64, left);
    assert!(page.contains("headwater diagnose run --samples 1000"), "the page says how to have them");
    assert!(
        page.contains(&format!("Of 16 checks, {passed} passed and {failed} failed")),
        "{passed} {failed}"
    );
    let more = said(&dir.run("diagnose run --json --samples 200"));
    assert!(count(&more, "not_checked") < left && more["runs"][0]["more"].is_null(), "{more:#}");
}

/// Modes that `train.data` gives are not found; they are told apart.
#[test]
fn modes_that_were_given_are_said_to_be() {
    let dir = Temp::with_configs();
    // The four modes of a grid of eight by eight, and a cell that is none.
    dir.write("known.txt", "6,6\n1,6\n6,1\n1,1\n0,0\n");
    let text = dir.run("train grid.toml --set train.data=known.txt --set train.steps=60 --set train.data_share=0.5 --out run -q").ok();
    let row = text.lines().find(|line| line.starts_with("modes found")).unwrap();
    let json = dir.run("eval run --json").json();
    let (found, given) = (json["modes"].as_u64().unwrap(), json["modes_given"].as_u64().unwrap());
    assert!(0 < given && given <= found, "{json}");
    assert!(row.ends_with(&format!(", {given} of them objects of `train.data`")), "{row}");
    // Without data nothing is given.
    dir.run("train grid.toml --out plain -q").ok();
    assert!(dir.run("eval plain --json").json()["modes_given"].is_null());
}

/// A target that is itself as sharp as the policy is no reason to complain of the policy.
#[test]
fn a_sharp_target_is_not_a_fault_of_the_policy() {
    let dir = Temp::with_configs();
    let sharp = "[env]\nkind = \"hypergrid\"\ndim = 1\nside = 4\n[reward]\nkind = \"expression\"\n\
                 expression = \"exp(40 * x0)\"\n[policy]\nkind = \"tabular\"\n[objective]\nkind = \"tb\"\n[train]\n\
                 steps = 2000\nbatch = 8\nlr = 0.1\nthreads = 1\nlog_z_init = 120\n";
    dir.write("sharp.toml", sharp);
    dir.run("train sharp.toml --out run -q").ok();
    let json = said(&dir.run("diagnose run --json"));
    let checks = json["runs"][0]["checks"].as_array().unwrap();
    let entropy = checks.iter().find(|c| c["name"] == "entropy").unwrap();
    assert!(entropy["passed"] == true, "{entropy:#}");
    let value = entropy["value"].as_str().unwrap();
    assert!(value.starts_with("0.00") && value.contains("; that of the target is 0.0000"), "{value}");
}

/// Scores that are in the ledger are used, and nothing else is asked for.
#[test]
fn kept_scores_are_used_for_free() {
    let dir = Temp::new();
    let asked = dir.path("asked.txt");
    let script = "while read -r x; do echo $x >> ASKED; case $x in A*) echo 2;; *) echo 1;; esac; done\n";
    dir.write("score.sh", script.replace("ASKED", asked.to_str().unwrap()));
    let config = "[env]\nkind = \"strings\"\nalphabet = \"AC\"\nmax_len = 4\n[reward]\nkind = \"command\"\n\
                  command = [\"sh\", \"score.sh\"]\n[policy]\nwidth = 16\n[train]\nsteps = 40\nbatch = 8\nthreads = 1\n\
                  [run]\nlog_every = 1\n";
    dir.write("all.toml", format!("{config}[eval]\nexact_cap = 1000\n"));
    dir.write("some.toml", config);
    // A run that asked for everything, and another that did not.
    dir.run("train all.toml --out all -q").ok();
    dir.run("train some.toml --out run -q --set seed=1").ok();
    let before = dir.read("asked.txt").lines().count();
    let json = said(&dir.run("diagnose run --json"));
    assert_eq!(dir.read("asked.txt").lines().count(), before, "nothing was asked");
    let run = &json["runs"][0];
    assert!(run["more"].is_null(), "{json:#}");
    let checks: Vec<&str> =
        run["checks"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    for name in ["missing", "log-z", "effective-sample", "backward-policy", "concentration", "correlation"] {
        assert!(checks.contains(&name), "{name}: {json:#}");
    }
}
