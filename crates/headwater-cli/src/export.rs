//! `headwater export`: what a run measured, for other programs.

mod tensorboard;

use std::fs;

use headwater_run::{RunError, Status, View, write_atomic};

use crate::args::Export;
use crate::export::tensorboard::Events;
use crate::out::{self, Failure};
use crate::{Verdict, door};

pub fn run(args: &Export) -> Result<Verdict, Failure> {
    let view = door::look(&args.run)?;
    // A path may end in `.`; the run has a name all the same.
    let name = args.run.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_owned()));
    let dir = args.tensorboard.join(name.unwrap_or_else(|| "run".into()));
    let create = |source| RunError::Io { action: "create", path: dir.clone(), source };
    fs::create_dir_all(&dir).map_err(create)?;
    let path = dir.join(format!("events.out.tfevents.{:010}.headwater", view.manifest.start_unix_s));
    let (bytes, n) = events(&view);
    write_atomic(&path, &bytes)?;
    out::data(&path.display().to_string())?;
    out::talk(&format!(
        "{} events; to look at them: tensorboard --logdir {}",
        out::count(n),
        args.tensorboard.display()
    ));
    Ok(Verdict::Clean)
}

/// Every number of the run in the order of the steps, as a file; and how many events that are.
///
/// While the run goes on the file grows at its end alone, so that a TensorBoard that has read it reads on: an
/// evaluation that is ahead of the updates, since it was written between the readings of the two tables, is left out.
fn events(view: &View) -> (Vec<u8>, u64) {
    let start = view.manifest.start_unix_s as f64;
    let reached = view.steps.last("step").unwrap_or(0.0);
    let mut rows = Vec::new();
    for (order, group, table) in [(0, "train", &view.steps), (1, "eval", &view.metrics)] {
        // The first two are the step and the time of the event.
        let columns: Vec<(String, &[f64])> =
            table.iter().skip(2).map(|(name, column)| (format!("{group}/{name}"), column)).collect();
        for (i, (&step, worked)) in table.column("step").iter().zip(table.worked_s()).enumerate() {
            let ahead = order == 1 && step > reached && view.manifest.status == Status::Running;
            if !ahead && step.is_finite() {
                let values = columns.iter().map(|(name, column)| (name.clone(), column[i]));
                let values: Vec<(String, f64)> = values.filter(|(_, x)| !x.is_nan()).collect();
                rows.push((step as u64, order, start + worked, values));
            }
        }
    }
    rows.sort_by_key(|&(step, order, ..)| (step, order));
    let mut events = Events::new(start);
    for (step, _, time, values) in &rows {
        events.scalars(*time, *step, values);
    }
    (events.bytes(), rows.len() as u64)
}
