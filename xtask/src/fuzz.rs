//! Broken and hostile files for every reader of files: runs `headwater-fuzz`, with optimisation and every feature.

use crate::shell::cargo;
use crate::{Error, Verdict};

/// Runs it with `args`.
pub fn run(args: &[&str]) -> Result<Verdict, Error> {
    // Checks stay on: an overflow is a fault even where nothing comes of it.
    let mut command = cargo("run --quiet -p headwater-fuzz --features http --");
    let status = command.args(args).status().map_err(|e| format!("cannot run cargo: {e}"))?;
    match status.code() {
        Some(0) => Ok(Verdict::Clean),
        Some(1) => Ok(Verdict::Findings),
        _ => Err("the readers could not be tried".to_owned()),
    }
}
