//! `headwater compare`: methods and seeds under one budget, and one table of how far each came.

use std::collections::HashSet;
use std::path::Path;

use headwater_run::Problem;
use headwater_run::assemble::{GFLOWNET, methods};
use headwater_run::comparison::{Comparison, Entrant, Finished, METRICS, Metric, Reached};
use headwater_run::contest::{Budget, Terms, Unit};
use headwater_run::nearest;
use serde_json::json;

use crate::Verdict;
use crate::args::Compare;
use crate::out::{self, Failure, number};
use crate::{signal, task};

/// Metrics in the table for people, with short names.
const COLUMNS: [(&str, &str); 7] = [
    ("tv_policy", "TV exact"),
    ("tv_empirical", "TV of objects"),
    ("modes", "modes"),
    ("top_log_reward", "top log R"),
    ("top_distance", "distance"),
    ("circles", "#circles"),
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
    let comparison = Comparison::open(&args.out, entrants(args)?, terms)?;
    let interrupted = signal::watch();
    let jobs = match args.jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let done = comparison.run(jobs, interrupted, &|finished: Finished<'_>| {
        if !args.quiet {
            let Finished { name, seed, last, done: (n, of) } = finished;
            let tv = last.tv_policy.or(last.standing.tv_empirical);
            let tv = tv.map_or_else(String::new, |tv| format!("  TV {}", number(tv)));
            let modes = last.standing.modes.map_or_else(String::new, |n| format!("  modes {n}"));
            out::talk(&format!("{n} of {of}: {name}, seed {seed}, {:.1} s{tv}{modes}", last.seconds));
        }
    })?;
    let results = comparison.results();
    comparison.write(&results)?;
    if args.json {
        out::data(&summary(&results, &args.out).to_string())?;
    } else {
        out::data(&table(&results))?;
    }
    if !done {
        out::talk("interrupted; the same command goes on with what is missing");
        return Ok(Verdict::Findings);
    }
    if !args.quiet {
        out::talk(&format!("curves, tables and pictures are in {}", args.out.display()));
    }
    Ok(Verdict::Clean)
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
            let seeds = (0..args.seeds.max(1)).map(|seed| {
                let mut sets = vec![format!("seed={seed}"), "train.threads=1".to_owned()];
                sets.extend(method.map(|m| format!("method.kind={m}")));
                // What the user sets comes last and wins.
                sets.extend(args.sets.iter().cloned());
                Ok((seed, task::read(config, &sets)?))
            });
            let seeds = seeds.collect::<Result<Vec<_>, Failure>>()?;
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
                row[metric.name] = json!({"mean": e.value, "low": e.low, "high": e.high});
            }
        }
        row
    });
    json!({"methods": rows.collect::<Vec<_>>(), "directory": dir.display().to_string()})
}

/// Means at the end of the budget, with the half width of their 95 % intervals over seeds.
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
                Some(e) if r.curves.len() > 1 => format!("{:.3} ±{:.3}", e.value, (e.high - e.low) / 2.0),
                Some(e) => format!("{:.3}", e.value),
                None => "–".to_owned(),
            }));
            row
        })
        .collect();
    out::columns(&header, &rows)
}
