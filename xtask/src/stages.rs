//! Everything that is checked before a change is accepted, stage by stage.

use std::process::Command;
use std::time::Instant;

use crate::shell::{cargo, watch, works};
use crate::{Error, Verdict, counts, docs, site};

/// What the default build leaves out, and what is left without what it has.
const FEATURES: [&str; 3] = [
    "test -p headwater-cli -p headwater-flow --features headwater-cli/png -- pixels pictures",
    "test -p headwater-rewards -- table build_without",
    "test -p headwater-rewards --features http -- http",
];

/// Runs every stage, the later ones even if an earlier one fails, and says at the end how each went.
pub fn test() -> Result<Verdict, Error> {
    let mut summary = Summary::default();
    summary.stage("format", || quietly(cargo("fmt --all --check")));
    summary.stage("lints", || quietly(cargo("clippy --workspace --all-targets -- -D warnings")));
    let mut tally = Tally::default();
    summary.stage("tests", || {
        let (good, lines) = watch(tests(), |line| line.contains(" passed"))?;
        lines.iter().for_each(|line| tally.add(line));
        Ok(good)
    });
    summary.stage("tests of features", || {
        let mut all_good = true;
        for command in FEATURES {
            let (good, lines) = watch(cargo(command), |line| line.contains(" passed"))?;
            lines.iter().for_each(|line| tally.add(line));
            all_good &= good;
        }
        Ok(all_good)
    });
    summary.stage("API documentation", || {
        let mut command = cargo("doc --workspace --no-deps");
        command.env("RUSTDOCFLAGS", "-Dwarnings");
        quietly(command)
    });
    summary.stage("documents", || Ok(docs::check()? == Verdict::Clean));
    summary.stage("site", || {
        let mut all_good = quietly(site::builder("fmt --check"))?;
        let mut lints = site::builder("clippy --all-targets");
        lints.args(["--", "-D", "warnings"]);
        all_good &= quietly(lints)?;
        let (good, lines) = watch(site::builder("test"), |line| line.contains(" passed"))?;
        lines.iter().for_each(|line| tally.add(line));
        Ok(all_good & good & (site::check()? == Verdict::Clean))
    });
    summary.stage("instruction counts", counts::compare);
    Ok(summary.end(&tally))
}

/// The test runner: `cargo-nextest` if it is installed.
fn tests() -> Command {
    if works(cargo("nextest --version")) {
        cargo(
            "nextest run --workspace --no-fail-fast --status-level slow --final-status-level fail --color never",
        )
    } else {
        cargo("test --workspace --no-fail-fast")
    }
}

fn quietly(command: Command) -> Result<bool, Error> {
    watch(command, |_| false).map(|(good, _)| good)
}

/// How one stage went.
pub enum Went {
    Well,
    Wrong,
    /// It could not be done here; why. This is no failure.
    Nowhere(&'static str),
}

impl From<bool> for Went {
    fn from(good: bool) -> Self {
        if good { Self::Well } else { Self::Wrong }
    }
}

/// How the stages went.
#[derive(Default)]
struct Summary {
    lines: Vec<String>,
    failed: usize,
}

impl Summary {
    fn stage<T: Into<Went>>(&mut self, name: &str, work: impl FnOnce() -> Result<T, Error>) {
        println!("\n== {name}");
        let start = Instant::now();
        let went = work().map_or_else(
            |error| {
                println!("error: {error}");
                Went::Wrong
            },
            Into::into,
        );
        let verdict = match went {
            Went::Well => "ok".to_owned(),
            Went::Wrong => "FAILED".to_owned(),
            Went::Nowhere(why) => format!("skipped, {why},"),
        };
        self.failed += usize::from(matches!(went, Went::Wrong));
        self.lines.push(format!("{name:<20}{verdict:<7} {:.0} s", start.elapsed().as_secs_f64()));
    }

    fn end(&self, tally: &Tally) -> Verdict {
        println!("\n== summary");
        for line in &self.lines {
            println!("{line}");
        }
        println!("{} passed, {} failed", tally.passed, tally.failed);
        // No test at all is no clean result: something did not compile, or nothing was found to run.
        if self.failed == 0 && tally.passed > 0 { Verdict::Clean } else { Verdict::Findings }
    }
}

/// Tests that passed and failed, as the runner's own summary lines count them.
#[derive(Default, Debug, PartialEq)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    /// Reads `Summary [1.2s] 9 tests run: 8 passed (1 slow), 1 failed, 0 skipped` of nextest, or
    /// `test result: ok. 8 passed; 1 failed; …` of cargo; other lines count nothing.
    fn add(&mut self, line: &str) {
        if !line.trim_start().starts_with("Summary [") && !line.starts_with("test result:") {
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(n) = pair[0].parse::<usize>() else { continue };
            match pair[1].trim_end_matches([',', ';']) {
                "passed" => self.passed += n,
                "failed" | "timed" => self.failed += n,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_both_runners() {
        let mut tally = Tally::default();
        tally.add(
            "     Summary [   1.216s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped",
        );
        assert_eq!(tally, Tally { passed: 10, failed: 2 });
        tally.add("test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out");
        tally.add("log: 7 passed by");
        assert_eq!(tally, Tally { passed: 15, failed: 3 });
    }
}
