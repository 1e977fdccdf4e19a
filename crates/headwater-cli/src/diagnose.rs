//! `headwater diagnose`: named checks of runs, each with number, threshold, meaning and remedy.

use std::fmt::Write as _;

use headwater_run::diagnose::{Diagnosis, diagnose};
use serde_json::json;

use crate::args::Diagnose;
use crate::out::{self, Failure};
use crate::{Verdict, door};

/// Width of paragraphs.
const WIDTH: usize = 96;

pub fn run(args: &Diagnose) -> Result<Verdict, Failure> {
    let all =
        args.runs.iter().map(|run| diagnose(run, args.samples)).collect::<Result<Vec<Diagnosis>, _>>()?;
    all.iter().for_each(|d| door::warn(&d.cautions));
    let clean = all.iter().all(Diagnosis::is_satisfactory);
    if args.json {
        let runs: Vec<_> = all.iter().map(Diagnosis::to_json).collect();
        out::data(&json!({ "satisfactory": clean, "runs": runs }).to_string())?;
    } else {
        let texts: Vec<String> = all.iter().map(report).collect();
        out::data(&texts.join("\n"))?;
    }
    Ok(if clean { Verdict::Clean } else { Verdict::Findings })
}

/// One run, for people.
fn report(d: &Diagnosis) -> String {
    let mut text = format!("{}\n\n", d.run);
    let names = d.checks.iter().map(|c| c.name).chain(d.skipped.iter().map(|s| s.name));
    let width = names.map(str::len).max().unwrap_or(0);
    let mut line = |name: &str, verdict: &str| {
        writeln!(text, "{name:<width$}  {verdict}").expect("a string takes any text");
    };
    for check in &d.checks {
        line(check.name, if check.passed { "passed" } else { "FAILED" });
    }
    for skipped in &d.skipped {
        line(skipped.name, &format!("not checked: {}", skipped.why));
    }
    for c in d.tripped() {
        let found = format!("{} (limit: {}).", capital(&c.value), c.threshold);
        let paragraph = format!("{found} {}. To try: {}.", capital(&c.meaning), c.remedy);
        let lines: String =
            out::wrapped(&paragraph, WIDTH).iter().map(|line| format!("  {line}\n")).collect();
        write!(text, "\n{}\n{}", c.name, lines).expect("a string takes any text");
    }
    let more = d.more.as_ref().map_or_else(String::new, |more| format!("{more}.\n"));
    format!("{text}\n{}.\n{more}", d.counts())
}

/// With its first letter large.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
