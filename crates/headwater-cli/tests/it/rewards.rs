//! Rewards of the user's: combinations, budgets, and the best that was ever scored.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use expect_test::expect;
use headwater_core::Key;

use crate::support::Temp;

/// The grid's own reward, a table of bonuses, and a bound.
const COMBINED: &str = "\
[env]
kind = \"hypergrid\"
dim = 2
side = 3

[reward]
kind = \"combination\"
rule = \"sum\"

[reward.shape]
kind = \"original\"
r0 = 0.1
weight = 2.0

[reward.bonus]
kind = \"table\"
path = \"bonus.csv\"
transform = \"z-score\"
mean = 1.0
std = 2.0

[reward.limit]
kind = \"table\"
path = \"bonus.csv\"
at_most = 2.0
softness = 0.5

[policy]
width = 16

[train]
steps = 20
batch = 8
threads = 1
";

fn combined() -> Temp {
    let dir = Temp::with_configs();
    let rows: String = (0..3).flat_map(|x| (0..3).map(move |y| format!("\"{x},{y}\",{}\n", x + y))).collect();
    dir.write("bonus.csv", format!("object,score\n{rows}"));
    dir.write("combined.toml", COMBINED);
    dir
}

#[test]
fn combinations_are_scored_as_their_formula_says() {
    let dir = combined();
    let out = dir.pipe("score combined.toml", "0,0\n1,1\n2,2\n").ok();
    // 2·(0.1 + 0.5) + exp(−1/2), 2·0.1 + exp(1/2), (2·0.6 + exp(3/2))·exp(−2/0.5).
    expect![[r#"
        text,score,transformed,log_reward
        "0,0",1.8065306597126332,1.8065306597126332,0.5914082433478549
        "1,1",1.8487212707001281,1.8487212707001281,0.6144941950709463
        "2,2",0.10406376529037979,0.10406376529037979,-2.262751439934701
    "#]]
    .assert_eq(&out);
    let trained = dir.run("train combined.toml --out run --json -q").json();
    assert!(trained["tv"].is_number(), "{trained}");
    // The resolved file says the same, parts and all.
    let resolved = dir.run("config resolve combined.toml").ok();
    assert!(resolved.contains("\n[reward.limit]\nkind = \"table\"\n"), "{resolved}");
    dir.write("again.toml", resolved.replace("TMP", dir.path("").to_str().unwrap()));
    assert_eq!(dir.pipe("score again.toml", "2,2\n").ok(), dir.pipe("score combined.toml", "2,2\n").ok());
    let set =
        dir.pipe("score combined.toml --set reward.limit.at_most=4 --set reward.rule=min", "2,2\n").ok();
    assert!(set.contains("\"2,2\",1.2,"), "{set}");
}

#[test]
fn what_is_wrong_with_a_part_is_pointed_at() {
    let dir = combined();
    let refused = |change: &dyn Fn(&str) -> String| {
        dir.write("wrong.toml", change(COMBINED));
        dir.run("train wrong.toml").refused()
    };
    expect![[r#"
        error: `reward.limit.softness` is `0` in wrong.toml:26:12, expected a number from 1e-300 to 1e300
    "#]]
    .assert_eq(&refused(&|text| text.replace("softness = 0.5", "softness = 0")));
    expect![[r#"
        error: unknown key `wieght` of `reward.shape` in wrong.toml:13:1, expected `kind`, `r0`, `r1`, `r2`, `weight`, `at_most`, `at_least`, `softness`, `transform`, `beta`, `scale`, `floor`, `ceiling`, `min`, `max`, `mean`, `std`, `mid` or `width`

        hint: did you mean `weight`?
    "#]]
    .assert_eq(&refused(&|text| text.replace("weight = 2.0", "wieght = 2.0")));
    expect![[r#"
        error: the environment's own rewards can be in one part only in wrong.toml:16:8
    "#]]
    .assert_eq(&refused(&|text| {
        text.replace(
            "kind = \"table\"\npath = \"bonus.csv\"\ntransform = \"z-score\"\nmean = 1.0\nstd = 2.0",
            "kind = \"cosine\"",
        )
    }));
    expect![[r#"
        error: `reward.shape` is a part, and `original` has none in wrong.toml:9:9

        hint: parts belong to `reward.kind = "combination"`

        error: `reward.bonus` is a part, and `original` has none in wrong.toml:14:9

        hint: parts belong to `reward.kind = "combination"`

        error: `reward.limit` is a part, and `original` has none in wrong.toml:21:9

        hint: parts belong to `reward.kind = "combination"`
    "#]]
    .assert_eq(&refused(&|text| {
        text.replace("kind = \"combination\"\nrule = \"sum\"", "kind = \"original\"")
    }));
    expect![[r#"
        error: a combination has parts, and there are none in `--set reward.kind=combination`

        hint: write `[reward.NAME]` and under it `kind = "…"` for each
    "#]]
    .assert_eq(&dir.run("train grid.toml --set reward.kind=combination").refused());
}

#[test]
fn a_spent_budget_ends_a_run_in_good_order() {
    let dir = Temp::with_configs();
    let args =
        "train grid.toml --out run -q --set ledger.max_calls=10 --set eval.exact_cap=0 --set run.samples=5";
    let ran = dir.run(args);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    expect![[r#"
        the budget is spent (max_calls = 10): 10 calls have been made; all is saved
        the best so far: headwater candidates run
        to go on: headwater train --resume run --set ledger.…
    "#]]
    .assert_eq(&ran.err);
}

#[test]
fn a_budget_on_a_native_reward_allows_every_objective_and_guide() {
    let dir = Temp::with_configs();
    let subsets = "[env]\nkind = \"subsets\"\nn = 4\n[policy]\nwidth = 16\n[train]\nsteps = 10\nbatch = 8\nthreads = 1\n";
    dir.write("subsets.toml", subsets);
    let steps = |out: &str, set: &str| {
        let sets = "--set objective.kind=fl-db --set policy.guide=1 --set run.samples=5";
        dir.run(&format!("train subsets.toml --out {out} -q {sets} {set}")).ok();
        dir.read(&format!("{out}/steps.csv"))
    };
    // All but the columns of time.
    let untimed = |csv: String| -> Vec<String> {
        let head: Vec<String> = csv.lines().next().unwrap().split(',').map(str::to_owned).collect();
        let kept = |(name, _): &(&String, &str)| !name.ends_with("_s");
        let row = |row: &str| {
            head.iter().zip(row.split(',')).filter(kept).map(|(_, x)| x).collect::<Vec<_>>().join(",")
        };
        csv.lines().map(row).collect()
    };
    assert_eq!(untimed(steps("counted", "--set ledger.max_calls=100000")), untimed(steps("free", "")));
}

#[test]
fn candidates_are_the_best_and_apart() {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --out run -q --set run.samples=400").ok();
    let all = dir.run("candidates run --top 3").ok();
    assert_eq!(all.lines().count(), 4, "{all}");
    let rows = |out: &str| -> Vec<(String, f64)> {
        let row = |line: &str| {
            let (object, rest) = line.split_once("\",").unwrap();
            let log_reward = rest.rsplit(',').next().unwrap().parse().unwrap();
            (object.split_once('"').unwrap().1.to_owned(), log_reward)
        };
        out.lines().skip(1).map(row).collect()
    };
    let best = rows(&all);
    assert!(best.windows(2).all(|w| w[0].1 >= w[1].1), "{best:?}");
    // Two coordinates: a distance of 1 means that both differ.
    let apart = rows(&dir.run("candidates run --diverse 1").ok());
    for (i, (a, _)) in apart.iter().enumerate() {
        for (b, _) in &apart[..i] {
            assert!(a.split(',').zip(b.split(',')).all(|(x, y)| x != y), "{a} {b}");
        }
    }
    assert!(apart.len() > 3 && apart.len() <= 8, "{apart:?}");
    let page = dir.run("candidates run --top 3 --format html").ok();
    assert!(page.starts_with("<!doctype html>") && page.contains(&best[0].0), "{page}");
    // What is written in Parquet is read back as a table.
    dir.run("candidates run --top 30 --format parquet -o best.parquet").ok();
    let table = "--set reward.kind=table --set reward.path=best.parquet --set reward.score=log_reward";
    let rows = dir.pipe(&format!("score grid.toml {table} --set reward.transform=exp"), &best[0].0).ok();
    assert!(rows.ends_with(&format!(",{}\n", best[0].1)), "{rows}");
    let json = dir.run("candidates run --top 1 --format jsonl").json();
    assert_eq!((json["rank"].as_u64(), json["object"].as_str()), (Some(1), Some(best[0].0.as_str())));
    std::fs::remove_file(dir.path("run/samples.csv")).unwrap();
    assert!(dir.run("candidates run").refused().contains("there are no candidates"));
}

/// Strings scored by a program that writes down what it is asked.
const PAID: &str = "\
[env]
kind = \"strings\"
alphabet = \"01\"
max_len = 12

[reward]
kind = \"command\"
command = [\"./score.sh\"]
workers = 2
chunk = 3

[policy]
width = 16

[train]
steps = 240
batch = 8
lag = 2
threads = 1

[run]
checkpoint_every = 20
log_every = 20

[ledger]
path = \"scores.sqlite\"
";

fn paid() -> Temp {
    use std::os::unix::fs::PermissionsExt;
    let dir = Temp::new();
    dir.write("paid.toml", PAID);
    let program = "while IFS= read -r x; do echo \"$x\" >> asked; echo \"$((${#x} + 1)).5\"; done";
    dir.write("score.sh", format!("#!/bin/sh\n{program}\n"));
    std::fs::set_permissions(dir.path("score.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// Kills at random moments, `KILLS` of them: what the ledger has is never lost, the run can always be opened, and in the
/// end nothing was asked twice but what was under way at a kill.
#[test]
fn kills_lose_no_score_that_was_kept() {
    let dir = paid();
    let kills: u32 = std::env::var("KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let kept = || -> BTreeSet<String> {
        let all = dir.run("candidates run --top 1000000 --format csv");
        // Before the first answer there is no ledger.
        assert!(all.code == Some(0) || all.err.contains("there are no candidates"), "{}", all.err);
        all.out.lines().skip(1).map(|line| line.split_once(',').unwrap().1.to_owned()).collect()
    };
    let (mut before, mut key, mut begun) = (BTreeSet::new(), Key::new(6), 0u32);
    for _ in 0..kills {
        let args = if dir.path("run").exists() {
            "train --resume run -q"
        } else {
            begun += 1;
            "train paid.toml --out run -q"
        };
        let mut child = dir.command(args).spawn().unwrap();
        key = key.fold(1);
        sleep(Duration::from_micros(u64::from(key.below(120_000))));
        child.kill().unwrap();
        let ran = dir.finish(child);
        assert!(ran.code.is_none() || ran.code == Some(0), "{ran:?}");
        if !dir.path("run").exists() {
            continue;
        }
        let now = kept();
        assert!(before.is_subset(&now), "lost: {:?}", before.difference(&now).next());
        before = now;
        if ran.code == Some(0) {
            // It was faster than the kill: another run, to which what is known is free.
            std::fs::remove_dir_all(dir.path("run")).unwrap();
        }
    }
    let last =
        if dir.path("run").exists() { "train --resume run -q" } else { "train paid.toml --out run -q" };
    dir.run(last).ok();
    assert!(before.is_subset(&kept()) && begun > 0);
    let asked = dir.read("asked");
    let distinct: BTreeSet<&str> = asked.lines().collect();
    let twice = asked.lines().count() - distinct.len();
    // At most three batches are under way.
    assert!(twice <= 3 * 8 * kills as usize, "{twice} of {} objects twice", distinct.len());
    assert!(distinct.len() >= 100, "{}", distinct.len());
}

#[test]
fn scores_that_are_paid_for_are_shared_and_not_asked_without_need() {
    let dir = paid();
    let ran = dir.run("train paid.toml --out run --set train.steps=30");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let rows: Vec<&str> = ran.out.lines().filter_map(|l| l.split("  ").next()).collect();
    assert_eq!(rows, ["trained on", "not evaluated", "scores", "speed", "time", "run", "next"]);
    let asked = dir.read("asked").lines().count();
    assert!(asked <= 240, "{asked}");
    // The same again costs nothing, and comes to the same.
    dir.run("train paid.toml --out again --set train.steps=30 -q").ok();
    assert_eq!(dir.read("asked").lines().count(), asked);
    assert_eq!(dir.run("candidates run").ok(), dir.run("candidates again").ok());
    // Another transform has the same scores, and another version has none.
    dir.run("train paid.toml --out beta --set train.steps=1 --set reward.beta=2 -q").ok();
    assert_eq!(dir.read("asked").lines().count(), asked);
    dir.run("train paid.toml --out new --set train.steps=1 --set reward.version=2 -q").ok();
    assert!(dir.read("asked").lines().count() > asked);
    // A budget counts what a run pays for.
    let spent = dir.run("train paid.toml --out spent --set reward.version=3 --set ledger.max_calls=50 -q");
    assert_eq!(spent.code, Some(0), "{}", spent.err);
    assert!(spent.err.contains("the budget is spent (max_calls = 50): 50 calls"), "{}", spent.err);
    assert_eq!(dir.run("candidates spent").ok().lines().count(), 51);
    let more = dir.run("train --resume spent --set ledger.max_calls=60 -q");
    assert!(more.err.contains("the budget is spent (max_calls = 60): 60 calls"), "{}", more.err);
}

#[test]
fn two_programs_do_not_share_scores() {
    let dir = paid();
    std::fs::create_dir(dir.path("other")).unwrap();
    for name in ["paid.toml", "score.sh"] {
        std::fs::copy(dir.path(name), dir.path(&format!("other/{name}"))).unwrap();
    }
    let score = |config: &str| {
        let ran = dir.pipe(&format!("score {config}"), "000000000001\n000000000011\n");
        let err = ran.err.clone();
        (ran.ok(), err)
    };
    let (first, said) = score("paid.toml");
    assert_eq!(said, "2 new scores, 0 from scores.sqlite\n");
    assert_eq!(score("paid.toml"), (first.clone(), "0 new scores, 2 from scores.sqlite\n".to_owned()));
    // The same words in another directory are another program.
    let (_, said) = score("other/paid.toml");
    expect![[r#"
        note: scores.sqlite has 2 scores of `reward` as it was before or is elsewhere, which are not used; what differs: the program's place, the directory
        2 new scores, 0 from scores.sqlite
    "#]]
    .assert_eq(&said);
    // So is an edited one.
    let edited = dir.read("score.sh").replace(".5", ".25");
    dir.write("score.sh", edited);
    let (second, said) = score("paid.toml");
    assert!(second != first && said.ends_with("2 new scores, 0 from scores.sqlite\n"), "{said}");
    assert!(said.contains("has 4 scores of `reward` as it was before or is elsewhere"), "{said}");
}

#[test]
fn a_run_that_goes_on_says_that_its_program_has_changed() {
    let dir = paid();
    dir.run("train paid.toml --out run -q --set train.steps=5").ok();
    let edited = dir.read("score.sh").replace(".5", ".25");
    dir.write("score.sh", edited);
    let ran = dir.run("train --resume run --set train.steps=6");
    let said =
        "`reward` is not what it was when this run last went on (the contents of \"./score.sh\" changed)";
    assert!(ran.code == Some(0) && ran.err.contains(said), "{}", ran.err);
    // The next time it is what it was.
    let ran = dir.run("train --resume run --set train.steps=7");
    assert!(ran.code == Some(0) && !ran.err.contains("is not what it was"), "{}", ran.err);
}

fn asked(dir: &Temp) -> usize {
    std::fs::read_to_string(dir.path("asked")).unwrap_or_default().lines().count()
}

#[test]
fn a_budget_belongs_to_its_run_wherever_that_is() {
    let dir = paid();
    // With a ledger and without one.
    for (name, keep) in [("kept", true), ("not", false)] {
        let before = asked(&dir);
        let budget =
            format!("--set ledger.max_calls=50 --set ledger.keep={keep} --set reward.version={name}");
        let ran = dir.run(&format!("train paid.toml --out {name} -q {budget}"));
        assert!(ran.err.contains("the budget is spent (max_calls = 50): 50 calls"), "{}", ran.err);
        assert_eq!(asked(&dir) - before, 50);
        std::fs::create_dir(dir.path(&format!("elsewhere-{name}"))).unwrap();
        std::fs::rename(dir.path(name), dir.path(&format!("elsewhere-{name}/moved"))).unwrap();
        let there = |args: &str| {
            let mut command = dir.command(args);
            dir.finish(command.current_dir(dir.path(&format!("elsewhere-{name}"))).spawn().unwrap())
        };
        for path in ["moved", "./moved/", &format!("../elsewhere-{name}/moved")] {
            let ran = there(&format!("train --resume {path} -q"));
            assert!(ran.err.contains("the budget is spent (max_calls = 50): 50 calls"), "{}", ran.err);
        }
        // To draw needs no score.
        let ran = there("sample moved -n 100");
        assert_eq!(ran.out.lines().filter(|line| line.ends_with(",policy")).count(), 100, "{}", ran.err);
        assert!(
            ran.err.contains("objects have no score yet, and no log R; `--score` asks for them"),
            "{}",
            ran.err
        );
        let ran = there("sample moved -n 100 --score");
        assert!(ran.code == Some(0) && ran.err.contains("no log R; the budget is spent"), "{}", ran.err);
        let candidates = there("candidates moved");
        assert_eq!(candidates.code == Some(0), keep, "{}", candidates.err);
        assert_eq!(asked(&dir) - before, 50, "nothing more was asked");
        assert!(!dir.path(&format!("elsewhere-{name}/scores.sqlite")).exists());
    }
}

#[test]
fn candidates_say_where_scores_were_looked_for() {
    let dir = paid();
    dir.run("train paid.toml --out run -q --set train.steps=2").ok();
    for name in ["scores.sqlite", "scores.sqlite-wal", "scores.sqlite-shm"] {
        let _ = std::fs::remove_file(dir.path(name));
    }
    let refused = dir.run("candidates run").refused();
    expect![[r#"
        error: there are no candidates: the ledger `TMP/scores.sqlite` is not there

        hint: the place is that in the run's `config.toml`: `--set ledger.path=…` names another
    "#]]
    .assert_eq(&dir.mask(refused));
    assert!(!dir.path("scores.sqlite").exists());
}

#[test]
fn exact_asks_before_it_pays() {
    let dir = paid();
    let small = "exact paid.toml --set env.max_len=3";
    let refused = dir.run(small).refused();
    expect![[r#"
        error: this needs the score of every object, and of 8 no ledger has 8: that many calls of the reward's program or service

        hint: `--calls 8` allows that
    "#]]
    .assert_eq(&refused);
    assert_eq!(asked(&dir), 0);
    dir.pipe("score paid.toml --set env.max_len=3", "000\n001\n").ok();
    assert!(dir.run(&format!("{small} --calls 5")).refused().contains("of 8 no ledger has 6: "));
    let ran = dir.run(&format!("{small} --calls 6"));
    assert_eq!(ran.err, "6 new scores, 2 from scores.sqlite\n");
    assert_eq!(dir.run(small).ok(), ran.out);
    assert_eq!(asked(&dir), 8);
}
