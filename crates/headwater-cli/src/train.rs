//! `headwater train`: trains, evaluates, samples.

use std::path::Path;
use std::time::Instant;

use headwater_rewards::Receipt;
use headwater_run::session::{Observer, Outcome, Session};
use headwater_run::{Coverage, Status, Warning, evaluation::Evaluation};
use headwater_train::{Estimate, ExactReport, LogMean};
use serde_json::{Value as Json, json};

use crate::args::Train;
use crate::out::{self, Failure, count, number};
use crate::{Verdict, progress, signal, task};

/// Where numbered run directories go.
pub const RUNS: &str = "runs";

pub fn run(args: &Train) -> Result<Verdict, Failure> {
    let start = Instant::now();
    let mut session = match (&args.resume, &args.config) {
        (Some(run), _) => Session::resume(run, &args.sets)?,
        (None, Some(config)) => {
            Session::create(&task::read(config, &args.sets)?, Path::new(RUNS), args.out.as_deref())?
        }
        (None, None) => unreachable!("clap asks for a configuration or a run"),
    };
    out::warn(session.warnings());
    if let Some(reason) = session.not_exact()
        && !args.quiet
    {
        out::talk(&format!("{reason}: evaluation is by sampling"));
    }
    if !args.quiet
        && let Some(coverage) = session.coverage()
    {
        out::talk(&format!("table            {}", covered(&coverage)));
    }
    let interrupted = signal::watch();
    let first = session.assembly().trainer.steps();
    let total = session.assembly().train.steps;
    let mut observer: Box<dyn Observer> = progress::observer(args.quiet, first, total, session.path());
    session.assembly().trainer.oracle().attend(&task::caller(Some(interrupted)));
    let outcome = session.run(interrupted, &mut *observer);
    drop(observer);
    let outcome = outcome?;
    let receipt = session.receipt();
    let seconds = start.elapsed().as_secs_f64();
    let path = session.path().display().to_string();
    if args.json {
        let mut report = report(&outcome, seconds, &path);
        report["warnings"] = session.warnings().iter().map(Warning::to_json).collect();
        if let Some(receipt) = &receipt {
            report["new_scores"] = json!(receipt.new);
            report["ledger_scores"] = json!(receipt.recalled);
        }
        out::data(&report.to_string())?;
    } else if let Some(evaluation) = &outcome.evaluation {
        out::data(&summary(&outcome, evaluation, receipt.as_ref(), seconds, &path))?;
    } else if let Some(receipt) = &receipt {
        out::talk(&receipt.to_string());
    }
    if let Some(why) = &outcome.spent {
        out::talk(&format!(
            "{why}; all is saved\nthe best so far: headwater candidates {path}\n\
             to go on: headwater train --resume {path} --set ledger.…"
        ));
    }
    if outcome.status == Status::Interrupted {
        out::talk(&format!("interrupted and saved; to go on: headwater train --resume {path}"));
        return Ok(Verdict::Findings);
    }
    Ok(Verdict::Clean)
}

/// How many objects a table covers, for people.
fn covered(c: &Coverage) -> String {
    let (rows, of) = (count(c.rows as u64), count(c.of as u64));
    let percent = |x: f64| number(100.0 * x);
    let f = c.fraction();
    match (c.whole, c.covered == c.of) {
        (true, true) => format!("{rows} rows, all {of} objects covered"),
        (true, false) => {
            let some = count(c.covered as u64);
            format!("{rows} rows, {some} of {of} objects covered, {} %", percent(f.value))
        }
        (false, _) => format!(
            "{rows} rows, {} % of objects covered  [{}, {}], by {of} objects of uniform play",
            percent(f.value),
            percent(f.low),
            percent(f.high)
        ),
    }
}

/// The result as JSON, with the names of the glossary.
fn report(outcome: &Outcome, seconds: f64, path: &str) -> Json {
    let mut json = outcome.evaluation.as_ref().map_or_else(|| json!({}), Evaluation::to_json);
    let rate = |n: u64| if outcome.train_s > 0.0 { n as f64 / outcome.train_s } else { 0.0 };
    for (name, value) in [
        ("status", json!(outcome.status.name())),
        ("iterations_per_s", json!(rate(outcome.updates))),
        ("transitions_per_s", json!(rate(outcome.transitions))),
        ("trajectories_per_s", json!(rate(outcome.trajectories))),
        ("train_seconds", json!(outcome.train_s)),
        ("seconds", json!(seconds)),
        ("peak_rss_bytes", json!(peak_rss_bytes())),
        ("run", json!(path)),
    ] {
        json[name] = value;
    }
    json
}

/// The result as a table for people.
fn summary(
    outcome: &Outcome,
    evaluation: &Evaluation,
    receipt: Option<&Receipt>,
    seconds: f64,
    path: &str,
) -> String {
    let mut rows = rows(evaluation);
    rows.extend(receipt.map(|receipt| ("scores", receipt.to_string())));
    let rate = |n: u64| if outcome.train_s > 0.0 { n as f64 / outcome.train_s } else { 0.0 };
    rows.push((
        "speed",
        format!(
            "{} trajectories/s, {} transitions/s",
            count(rate(outcome.trajectories) as u64),
            count(rate(outcome.transitions) as u64)
        ),
    ));
    rows.push(("time", format!("{seconds:.1} s, {:.1} s of it training", outcome.train_s)));
    rows.push(("run", path.to_owned()));
    rows.push(("next", format!("headwater sample {path} -n 10")));
    out::table(&rows)
}

/// An evaluation as rows of a table for people.
pub fn rows(e: &Evaluation) -> Vec<(&'static str, String)> {
    let mut rows =
        vec![("trained on", format!("{} trajectories, {} updates", count(e.trajectories), count(e.step)))];
    if let Some(x) = &e.exact {
        let d = x.divergence;
        rows.extend([
            ("total variation", format!("{}  (exact: 0 is a perfect sampler, 1 the worst)", number(d.tv))),
            ("JSD", format!("{} nats", number(d.jsd))),
            ("KL(target, model)", format!("{} nats", number(d.kl_target_model))),
            ("KL(model, target)", format!("{} nats", number(d.kl_model_target))),
            ("log Z", log_z_exact(x)),
            ("bounds of log Z", format!("{:.4} (ELBO) to {:.4} (EUBO)", x.elbo, x.eubo)),
            (
                "log p against log R",
                x.pearson.map_or_else(|| UNDEFINED.to_owned(), |r| format!("Pearson {r:.4}")),
            ),
        ]);
    }
    if let Some(s) = &e.sampled {
        let few = if s.log_z.interval.is_none() { ", too small to estimate log Z" } else { "" };
        let correlations = s.pearson.zip(s.spearman).map_or_else(
            || UNDEFINED.to_owned(),
            |(p, r)| {
                let objects = count(s.objects as u64);
                let (p, r) = (interval(p), interval(r));
                format!("Pearson {p}, Spearman {r}, over {objects} objects of the policy and of uniform play")
            },
        );
        rows.extend([
            // What was learned is said once.
            ("log Z", log_z_sampled(s.log_z_learned.filter(|_| e.exact.is_none()), &s.log_z)),
            ("ELBO", format!("{}, estimated", interval(s.elbo))),
            ("effective sample", format!("{} of {}{few}", share(s.ess), count(s.samples as u64))),
            ("log p against log R", correlations),
        ]);
    }
    if e.exact.is_none() && e.sampled.is_none() {
        rows.push(("not evaluated", "scores are paid for; `eval.samples` says how many to spend".to_owned()));
    }
    if let Some(modes) = e.modes {
        let of = e.modes_true.map(|n| format!(" of {}", count(n as u64)));
        let given = e.modes_given.filter(|&n| n > 0);
        let given = given.map(|n| format!(", {} of them objects of `train.data`", count(n as u64)));
        rows.push((
            "modes found",
            format!("{}{}{}", count(modes as u64), of.unwrap_or_default(), given.unwrap_or_default()),
        ));
    }
    rows
}

/// What is said of a correlation where there is none.
const UNDEFINED: &str = "undefined: all rewards, or all probabilities, are equal";

/// log Z where it is known: as learned, if it is, and the truth.
pub fn log_z_exact(x: &ExactReport) -> String {
    match x.log_z_learned {
        Some(z) => format!(
            "{z:.4} learned, {:.4} true, difference {}",
            x.log_z_true,
            number((z - x.log_z_true).abs())
        ),
        None => format!("{:.4} true; this objective learns none", x.log_z_true),
    }
}

/// log Z where it is not known: as learned, if it is, and what samples say: an estimate with its 95 % interval, or what it
/// is at least.
pub fn log_z_sampled(learned: Option<f64>, z: &LogMean) -> String {
    let learned = learned.map_or_else(String::new, |z| format!("{z:.4} learned, "));
    match z.estimate() {
        Some(e) => format!("{learned}{} estimated", interval(e)),
        None => format!("{learned}at least {:.4} (with 95 % confidence)", z.at_least),
    }
}

/// An estimate with its interval.
fn interval(e: Estimate) -> String {
    format!("{:.4} [{:.4}, {:.4}]", e.value, e.low, e.high)
}

/// A share in per cent, with more digits where it is small.
pub fn share(x: f64) -> String {
    if x < 0.01 { format!("{:.2} %", 100.0 * x) } else { format!("{:.1} %", 100.0 * x) }
}

/// Most memory that this process ever held, in bytes; `None` where the system does not say.
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}
