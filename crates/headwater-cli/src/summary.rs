//! `headwater summary`: runs in one table, and pooled over seeds.

use headwater_run::Status;
use headwater_run::summary::{COLUMNS, Row, pool};
use serde_json::json;

use crate::Verdict;
use crate::args::Summary;
use crate::out::{self, Failure, count, number};

pub fn run(args: &Summary) -> Result<Verdict, Failure> {
    let rows = args.runs.iter().map(|run| Row::read(run)).collect::<Result<Vec<_>, _>>()?;
    let pools = pool(&rows);
    if args.json {
        let json = json!({
            "runs": rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "pooled": pools.iter().map(headwater_run::summary::Pool::to_json).collect::<Vec<_>>(),
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
    let lines: Vec<Vec<String>> = pools
        .iter()
        .map(|pool| {
            let (seeds, first) = (pool.runs.len(), pool.runs[0].display());
            let cells = shown.iter().map(|&i| match pool.values[i] {
                Some((mean, sd)) => format!("{} ± {}", cell(i, mean), cell(i, sd)),
                None => "-".to_owned(),
            });
            [format!("{seeds} seeds: {first} …")].into_iter().chain(cells).collect()
        })
        .collect();
    if !lines.is_empty() {
        text += &format!("\n{}", out::columns(&titles("mean ± standard deviation"), &lines));
    }
    out::data(&text)?;
    Ok(Verdict::Clean)
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
