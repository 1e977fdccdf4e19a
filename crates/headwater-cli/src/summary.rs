//! `headwater summary`: runs in one table, and pooled over seeds.

use std::path::PathBuf;

use headwater_run::summary::{COLUMNS, Pool, Row, pool};
use headwater_run::{OverSeeds, Status};
use serde_json::json;

use crate::args::Summary;
use crate::out::{self, Failure, count, number};
use crate::{Verdict, door};

pub fn run(args: &Summary) -> Result<Verdict, Failure> {
    // A ledger of scores lies beside the runs, and `runs/*` names it too.
    let (files, mut runs): (Vec<&PathBuf>, Vec<&PathBuf>) = args.runs.iter().partition(|run| run.is_file());
    match runs.is_empty() {
        true => runs = files,
        false => files.iter().for_each(|file| out::talk(&format!("{} is a file: skipped", file.display()))),
    }
    let rows = runs.into_iter().map(|run| Row::read(run)).collect::<Result<Vec<_>, _>>()?;
    rows.iter().for_each(|row| door::warn(&row.cautions));
    let (pools, left_out) = pool(&rows);
    if args.json {
        let json = json!({
            "runs": rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "pooled": pools.iter().map(Pool::to_json).collect::<Vec<_>>(),
            "left_out": left_out
                .iter()
                .map(|(run, why)| json!({"run": run.display().to_string(), "why": why.name()}))
                .collect::<Vec<_>>(),
        });
        out::data(&json.to_string())?;
        return Ok(Verdict::Clean);
    }
    // A column that no run has is not shown.
    let shown: Vec<usize> =
        (0..COLUMNS.len()).filter(|&i| rows.iter().any(|row| row.values[i].is_some())).collect();
    let titles = |first| [first].into_iter().chain(shown.iter().map(|&i| COLUMNS[i].1)).collect::<Vec<_>>();
    let line = |row: &Row| {
        let note = if row.status == Status::Finished { "" } else { row.status.name() };
        let name = format!("{} {note}", row.run.display()).trim_end().to_owned();
        let cells = shown.iter().map(|&i| row.values[i].map_or_else(|| "-".to_owned(), |x| cell(i, x)));
        [name].into_iter().chain(cells).collect()
    };
    let lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    let mut text = out::columns(&titles("run"), &lines);
    let lines: Vec<Vec<String>> = pools.iter().flat_map(|pool| pooled(pool, &shown)).collect();
    if !lines.is_empty() {
        text += &format!("\n{}", out::columns(&titles("over seeds"), &lines));
    }
    for (i, (run, why)) in left_out.iter().enumerate() {
        let gap = if i == 0 { "\n" } else { "" };
        text += &format!("{gap}not among the seeds: {} ({})\n", run.display(), why.name());
    }
    out::data(&text)?;
    Ok(Verdict::Clean)
}

/// A pool in two lines: means with standard deviations, and the 95 % intervals of the means.
fn pooled(pool: &Pool, shown: &[usize]) -> [Vec<String>; 2] {
    let line = |first: String, show: &dyn Fn(usize, &OverSeeds) -> String| {
        let cells =
            shown.iter().map(|&i| pool.values[i].map_or_else(|| "-".to_owned(), |over| show(i, &over)));
        [first].into_iter().chain(cells).collect()
    };
    let mean = |i: usize, over: &OverSeeds| {
        format!("{} ± {}", cell(i, over.mean), over.sd.map_or_else(String::new, |sd| cell(i, sd)))
    };
    let interval = |i: usize, over: &OverSeeds| {
        let (low, high) = over.interval().unwrap_or((f64::NAN, f64::NAN));
        format!("{} to {}", bound(i, low), bound(i, high))
    };
    let (n, first) = (pool.runs.len(), pool.runs[0].display());
    [
        line(format!("{n} seeds: {first} …, mean ± sd"), &mean),
        line("  95 % of the mean".to_owned(), &interval),
    ]
}

/// An end of an interval of column `i`, which need not be a value that the column can have.
fn bound(i: usize, x: f64) -> String {
    match COLUMNS[i].0 {
        "iterations" | "trajectories_per_s" if x >= 0.0 => count(x.round() as u64),
        _ => number(x),
    }
}

/// A number of column `i` of [`COLUMNS`].
fn cell(i: usize, x: f64) -> String {
    match COLUMNS[i].0 {
        "iterations" | "trajectories_per_s" => count(x.round() as u64),
        "seconds" => format!("{x:.1}"),
        "modes" if x.fract() == 0.0 => count(x as u64),
        _ => number(x),
    }
}
