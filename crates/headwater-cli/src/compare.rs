//! `headwater compare`: methods and seeds under one budget, and one table of how far each came.

use std::collections::HashSet;
use std::path::Path;

use headwater_core::nearest;
use headwater_run::assemble::{GFLOWNET, TopConfig, methods};
use headwater_run::comparison::{Comparison, Entrant, METRICS, Metric, News, Reached};
use headwater_run::contest::{Budget, Terms, Unit};
use headwater_run::{Checked, Origin, OverSeeds, Problem, Warning};
use serde_json::json;

use crate::Verdict;
use crate::args::Compare;
use crate::out::{self, Failure};
use crate::progress::Curves;
use crate::{signal, task};

/// Metrics in the table for people, with short names.
const COLUMNS: [(&str, &str); 10] = [
    ("tv_policy", "TV exact"),
    ("tv_empirical", "TV of objects"),
    ("modes", "modes"),
    ("top_log_reward", "top log R"),
    ("top_distance", "distance"),
    ("circles", "#circles"),
    ("ess", "ESS"),
    ("r_hat", "R̂"),
    ("reward_calls", "calls"),
    ("seconds", "seconds"),
];

pub fn run(args: &Compare) -> Result<Verdict, Failure> {
    let terms = Terms {
        budget: budget(&args.budget)?,
        points: args.points.max(1),
        window: args.window.max(1),
        top: args.top.max(1),
        radius: args.radius,
    };
    let entrants = entrants(args)?;
    warn(&entrants);
    let comparison = Comparison::open(&args.out, entrants, terms)?;
    let interrupted = signal::watch();
    let jobs = match args.jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let progress = Curves::new(args.quiet);
    let done = comparison.run(jobs, interrupted, &|news: News<'_>| progress.hear(&news))?;
    drop(progress);
    let results = comparison.results();
    comparison.write(&results)?;
    if args.json {
        out::data(&summary(&results, &args.out).to_string())?;
    } else {
        out::data(&table(&results))?;
    }
    if !done {
        let finished: usize = results.iter().map(|r| r.curves.len()).sum();
        let all = args.seeds as usize * results.len();
        out::talk(&format!(
            "interrupted: {finished} of {all} curves are finished, and the table is of these; the same command goes on \
             with what is missing"
        ));
        return Ok(Verdict::Findings);
    }
    if !args.quiet {
        out::talk(&format!("curves, tables and pictures are in {}", args.out.display()));
    }
    Ok(Verdict::Clean)
}

/// Says what the configurations say in vain, each once. How long training is, the budget says.
fn warn(entrants: &[Entrant]) {
    let mut warnings: Vec<Warning> = Vec::new();
    for warning in
        entrants.iter().filter_map(|e| e.seeds.first()).flat_map(|(_, checked)| checked.idle_keys())
    {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    out::warn(&warnings);
}

fn budget(text: &str) -> Result<Budget, Failure> {
    let units = || Unit::ALL.iter().map(|u| u.name());
    let wrong = |what: String| {
        let hint = format!("write UNIT=AMOUNT with one of {}", units().collect::<Vec<_>>().join(", "));
        Failure::from(Problem::new(what).hint(hint))
    };
    let (unit, amount) =
        text.split_once('=').ok_or_else(|| wrong(format!("`--budget {text}` is not understood")))?;
    let unit = Unit::ALL
        .into_iter()
        .find(|u| u.name() == unit)
        .ok_or_else(|| wrong(format!("`--budget {text}` counts in an unknown unit")))?;
    let good = amount.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0);
    let amount = good.ok_or_else(|| wrong(format!("`--budget {text}` has no amount above 0")))?;
    Ok(Budget { unit, amount })
}

/// Every configuration with every method, named after its method, and after its file where there are several.
fn entrants(args: &Compare) -> Result<Vec<Entrant>, Failure> {
    if let Some(unknown) = args.methods.iter().find(|m| methods().all(|known| known.name != m.as_str())) {
        let near = nearest(unknown, methods().map(|m| m.name)).map(|near| format!("did you mean `{near}`? "));
        let hint = format!("{}`headwater list methods` shows all", near.unwrap_or_default());
        return Err(Problem::new(format!("unknown method `{unknown}`")).hint(hint).into());
    }
    let mut out: Vec<Entrant> = Vec::new();
    for config in &args.configs {
        let chosen: Vec<Option<&str>> = if args.methods.is_empty() {
            vec![None]
        } else {
            args.methods.iter().map(|m| Some(m.as_str())).collect()
        };
        for method in chosen {
            let seeds = played(args, config, method)?;
            let kind = seeds[0].1.kind("method");
            let mut name = if args.configs.len() == 1 { kind.to_owned() } else { stem(config) };
            if args.configs.len() > 1 && method.is_some() {
                name = format!("{name}-{kind}");
            }
            if kind == GFLOWNET.name && args.configs.len() == 1 {
                name = format!("{kind}-{}", seeds[0].1.kind("objective"));
            }
            out.push(Entrant { name, seeds });
        }
    }
    same_task(&out)?;
    let mut names = HashSet::new();
    match out.iter().find(|e| !names.insert(e.name.as_str())) {
        Some(twice) => {
            let what = format!("two contestants are called `{}`", twice.name);
            Err(Problem::new(what).hint("rename a file, or leave one out".to_owned()).into())
        }
        None => Ok(out),
    }
}

/// A configuration with a method, with every seed that it is played with: 0, 1, … or, if `--set` gives a seed, that and
/// those after it.
fn played(args: &Compare, config: &Path, method: Option<&str>) -> Result<Vec<(u64, Checked)>, Failure> {
    let mut sets = vec!["train.threads=1".to_owned()];
    sets.extend(method.map(|m| format!("method.kind={m}")));
    // What the user sets comes later and wins.
    sets.extend(args.sets.iter().cloned());
    let first = task::read(config, &sets)?;
    let given = matches!(first.section("").origins.get("seed"), Some(Origin::Set(_)));
    let from = if given { first.read::<TopConfig>("").seed } else { 0 };
    let seeds = (0..args.seeds).map(|i| {
        let seed = from.saturating_add(i);
        let sets: Vec<String> = sets.iter().cloned().chain([format!("seed={seed}")]).collect();
        Ok((seed, task::read(config, &sets)?))
    });
    seeds.collect()
}

/// The name of a file without directory and ending.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "config".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// All contestants have one environment and one reward, or there is nothing to compare.
fn same_task(entrants: &[Entrant]) -> Result<(), Failure> {
    let Some((first, rest)) = entrants.split_first() else { return Ok(()) };
    for other in rest {
        let differ = first.seeds[0].1.differences(&other.seeds[0].1, &[]);
        if let Some(d) = differ.iter().find(|d| d.key.starts_with("env.") || d.key.starts_with("reward.")) {
            let what = format!("`{}` and `{}` differ in `{}`", first.name, other.name, d.key);
            let hint = "methods are compared on one environment with one reward".to_owned();
            return Err(Problem::new(what).hint(hint).into());
        }
    }
    Ok(())
}

fn summary(results: &[Reached], dir: &Path) -> serde_json::Value {
    let rows = results.iter().map(|r| {
        let mut row = json!({"method": r.name, "seeds": r.curves.len()});
        for metric in METRICS {
            if let Some(e) = r.at_end(metric) {
                let (low, high) = e.interval().unzip();
                row[metric.name] = json!({"mean": e.mean, "low": low, "high": high, "seeds": e.n});
            }
        }
        row
    });
    json!({"methods": rows.collect::<Vec<_>>(), "directory": dir.display().to_string()})
}

/// Means at the end of the budget, with half of their 95 % intervals over seeds.
fn table(results: &[Reached]) -> String {
    let known: Vec<(&str, &Metric)> = COLUMNS
        .iter()
        .filter_map(|(name, short)| Some((*short, METRICS.iter().find(|m| m.name == *name)?)))
        .filter(|(_, metric)| results.iter().any(|r| r.at_end(metric).is_some()))
        .collect();
    let mut header = vec!["method", "seeds"];
    header.extend(known.iter().map(|(short, _)| *short));
    let rows: Vec<Vec<String>> = results
        .iter()
        .map(|r| {
            let mut row = vec![r.name.clone(), r.curves.len().to_string()];
            row.extend(known.iter().map(|(_, metric)| match r.at_end(metric) {
                Some(over) => mean(&over, r.curves.len()),
                None => "–".to_owned(),
            }));
            row
        })
        .collect();
    out::columns(&header, &rows)
}

/// A mean over seeds with half of its interval, and the number of seeds where not all `of` them have one.
fn mean(over: &OverSeeds, of: usize) -> String {
    let text = cell(over.mean, over.half().unwrap_or(0.0));
    if over.n == of { text } else { format!("{text} (n = {})", over.n) }
}

/// A mean and half of its interval, in four digits at most; an interval too narrow to be seen then, or of one
/// seed, is left out.
fn cell(mean: f64, half: f64) -> String {
    // Decimals at which the last of `digits` digits stands.
    let decimals = |x: f64, digits: i32| (digits - 1 - x.abs().log10().floor() as i32).max(0) as usize;
    let trimmed = |x: f64| {
        let text = format!("{x:.*}", decimals(x, 4));
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    match (mean.abs(), half) {
        (0.0, 0.0) => "0".to_owned(),
        (size, half) if size < 1e-6 && half < 1e-6 => format!("{mean:.0e}"),
        (_, 0.0) => trimmed(mean),
        (0.0, half) => format!("0 ±{half:.*}", decimals(half, 2)),
        (_, half) => {
            let places = decimals(half, 2).min(decimals(mean, 4));
            if half < 0.5 * 0.1f64.powi(places as i32) {
                return trimmed(mean);
            }
            format!("{mean:.places$} ±{half:.places$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_have_the_digits_that_the_interval_leaves() {
        let cases = [
            ((100_000.0, 0.0), "100000"),
            ((100_080.0, 20.4), "100080 ±20"),
            ((16.0, 0.0), "16"),
            ((14.333_333, 1.0), "14.3 ±1.0"),
            ((0.036_789, 0.001_234), "0.0368 ±0.0012"),
            ((0.036_789, 0.0), "0.03679"),
            ((0.5, 1e-9), "0.5"),
            ((-0.511, 0.02), "-0.511 ±0.020"),
            ((998.448, 0.0), "998.4"),
            ((1234.6, 0.3), "1235"),
            ((0.0, 0.0), "0"),
            ((0.0, 0.25), "0 ±0.25"),
            ((3.4e-17, 1e-18), "3e-17"),
        ];
        for ((mean, half), text) in cases {
            assert_eq!(cell(mean, half), text, "{mean} {half}");
        }
    }
}
