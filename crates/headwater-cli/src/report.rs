//! `headwater report`: one page of what runs have learned.

mod gather;
mod places;
mod runs;
mod words;

use std::path::Path;

use headwater_report::{Check, Report, Verdict as Found, curves};
use headwater_run::RunError;
use headwater_run::diagnose::{Diagnosis, diagnose};

use crate::Verdict;
use crate::args;
use crate::out::{self, Failure};
use gather::Gathered;
use places::without_places;
use runs::Family;

/// Configurations whose sampler is pictured, at most: the first ones.
const PICTURED: usize = 3;

pub fn run(args: &args::Report) -> Result<Verdict, Failure> {
    let families = runs::families(&args.runs)?;
    let (mut learned, mut notes) = (Vec::new(), Vec::new());
    for member in families.iter().flat_map(|family| &family.members) {
        notes.extend(member.cautions.iter().map(|caution| format!("{}: {caution}.", member.name)));
    }
    for (i, family) in families.iter().take(PICTURED).enumerate() {
        match gather::gather(&family.members[0], &format!("r{i}-"))? {
            Ok(gathered) => learned.push(gathered),
            Err(why) => {
                out::talk(&format!("{}: {why}", family.members[0].name));
                notes.push(format!("`{}` is not pictured: {why}.", family.members[0].name));
            }
        }
    }
    let checks = checks(&families, &mut notes);
    let report = report(&families, learned, checks, notes);
    let page = report.page();
    if let Some(dir) = &args.figures {
        write_figures(dir, &report)?;
    }
    out::save(&args.output, &page)?;
    if args.output.as_os_str() != "-" {
        let size = page.len().div_ceil(1000);
        out::talk(&format!(
            "wrote {} ({size} kB, {} figures)",
            args.output.display(),
            report.figures().count()
        ));
    }
    Ok(Verdict::Clean)
}

/// What `headwater diagnose` says.
#[derive(Default)]
struct Checks {
    cards: Vec<Check>,
    /// Of all of them, a paragraph for each run.
    of_all: Vec<String>,
    /// Of the first run, as the summary has it.
    first: Option<Diagnosis>,
}

/// What `headwater diagnose` says of the first run of each configuration that is pictured.
fn checks(families: &[Family], notes: &mut Vec<String>) -> Checks {
    let mut out = Checks::default();
    for (i, family) in families.iter().take(PICTURED).enumerate() {
        let run = &family.members[0];
        let of = if families.len() > 1 { format!("{}: ", run.name) } else { String::new() };
        let diagnosis = match diagnose(&run.path, None) {
            Ok(diagnosis) => diagnosis,
            Err(why) => {
                notes.push(format!("`{}` is not diagnosed: {why}.", run.name));
                continue;
            }
        };
        let more = diagnosis.more.as_ref().map_or_else(String::new, |more| format!(" {more}."));
        out.of_all.push(format!("{of}{}.{more}", diagnosis.counts()));
        out.cards.extend(diagnosis.checks.iter().map(|c| Check {
            name: format!("{of}{}", c.name),
            value: c.value.clone(),
            threshold: c.threshold.clone(),
            verdict: if c.passed { Found::Passed } else { Found::Failed },
            meaning: c.meaning.clone(),
            remedy: c.remedy.clone(),
        }));
        out.cards.extend(diagnosis.skipped.iter().map(|s| Check {
            name: format!("{of}{}", s.name),
            value: String::new(),
            threshold: String::new(),
            verdict: Found::NotChecked,
            meaning: s.why.clone(),
            remedy: String::new(),
        }));
        if i == 0 {
            out.first = Some(diagnosis);
        }
    }
    out
}

fn report(families: &[Family], gathered: Vec<Gathered>, checks: Checks, mut notes: Vec<String>) -> Report {
    let groups: Vec<_> = families.iter().map(Family::group).collect();
    let several = families.iter().map(|f| f.members.len()).sum::<usize>() > 1;
    if families.len() > PICTURED {
        notes.push(format!(
            "Samplers are pictured for the first {PICTURED} of {} configurations.",
            families.len()
        ));
    }
    if families.iter().any(|f| f.members.len() > 1) {
        notes.push("Of runs that differ in their seeds alone, the first is pictured.".to_owned());
    }
    for family in families.iter().filter(|f| f.members.len() > 1) {
        notes.extend(family.replicates().1.into_iter().map(|(member, why)| {
            format!("`{}` is not among the seeds of curves and means: {}.", member.name, why.name())
        }));
    }
    notes.push(
        "The page is one file. It asks nobody for anything, and needs its script only to respond to the \
         pointer and the keyboard. Each figure can be saved as SVG and as CSV; `--figures DIR` writes all \
         of them."
            .to_owned(),
    );
    let evaluations: Vec<_> = gathered.iter().map(|g| (&*g.learned.run, g.evaluation.as_ref())).collect();
    let summary = words::summary(families, &evaluations, checks.first.as_ref());
    gathered.iter().for_each(|g| notes.extend(g.notes.iter().cloned()));
    let mut report = Report {
        title: words::title(families),
        made_by: format!("a report by headwater {}", env!("CARGO_PKG_VERSION")),
        summary,
        facts: words::facts(families),
        finals: several.then(|| runs::finals(families)),
        checks: checks.cards,
        of_checks: checks.of_all,
        curves: curves(&groups),
        learned: gathered.into_iter().map(|g| g.learned).collect(),
        configurations: families.iter().map(|f| (f.name.clone(), f.members[0].checked.resolved())).collect(),
        notes,
    };
    hide_places(&mut report);
    report
}

/// Cuts absolute paths out of all that is said.
fn hide_places(report: &mut Report) {
    let Report { summary, facts, checks, of_checks, configurations, notes, learned, .. } = report;
    let paragraphs = [&mut summary.asked, &mut summary.found, &mut summary.next, of_checks, notes];
    let of_check = |c: &mut Check| {
        let texts = [&mut c.value, &mut c.threshold, &mut c.meaning, &mut c.remedy];
        texts.into_iter().for_each(|text| *text = without_places(text));
    };
    paragraphs.into_iter().flatten().for_each(|text| *text = without_places(text));
    facts.iter_mut().chain(configurations).for_each(|(_, text)| *text = without_places(text));
    learned.iter_mut().for_each(|l| l.source = without_places(&l.source));
    checks.iter_mut().for_each(of_check);
}

/// Every figure as `DIR/name.svg` and `DIR/name.csv`.
fn write_figures(dir: &Path, report: &Report) -> Result<(), Failure> {
    std::fs::create_dir_all(dir).map_err(|source| RunError::Io {
        action: "create",
        path: dir.to_owned(),
        source,
    })?;
    for figure in report.figures() {
        out::save(&dir.join(format!("{}.svg", figure.id)), &figure.svg())?;
        out::save(&dir.join(format!("{}.csv", figure.id)), &figure.csv())?;
    }
    Ok(())
}
