//! The door to runs: what is wrong with one is said before anything is made of it.

use std::path::Path;

use headwater_run::assemble::Assembly;
use headwater_run::door::{Reading, cautions};
use headwater_run::{Checked, View};

use crate::out::{Failure, talk};
use crate::task;

/// Opens a finished or interrupted run for sampling and evaluation, with its newest whole checkpoint.
pub fn load(run: &Path) -> Result<(Checked, Assembly), Failure> {
    enter(run).map(|(reading, assembly)| (reading.checked, assembly))
}

/// The same for those who also pass on what was said.
pub fn enter(run: &Path) -> Result<(Reading, Assembly), Failure> {
    let mut reading = Reading::open(run)?;
    let assembly = reading.load();
    warn(&reading.cautions);
    let mut assembly = assembly?;
    assembly.trainer.oracle().attend(&task::caller(None));
    Ok((reading, assembly))
}

/// Looks at a run, whatever state it is in.
pub fn look(run: &Path) -> Result<View, Failure> {
    let view = View::of(run)?;
    warn(&cautions(run));
    Ok(view)
}

/// Says what a person should know of a run.
pub fn warn(cautions: &[String]) {
    cautions.iter().for_each(|caution| talk(&format!("warning: {caution}")));
}
