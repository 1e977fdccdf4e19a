//! What commands share: configurations from files, objects from stdin, environments by name.

use std::io::{BufRead, stdin};
use std::path::Path;

use headwater_core::Simulator;
use headwater_run::assemble::{Task, schema};
use headwater_run::{Checked, Input, Problem, nearest};

use crate::out::{Failure, fail};

/// Reads and checks a configuration.
pub fn read(path: &Path, sets: &[String]) -> Result<Checked, Failure> {
    Ok(Input::read(path)?.set(sets.iter().cloned()).check(&schema())?)
}

/// The lines of stdin, one object each, empty lines left out.
pub fn objects() -> Result<Vec<String>, Failure> {
    let lines: Result<Vec<String>, _> = stdin().lock().lines().collect();
    let lines = lines.map_err(|e| fail(format!("cannot read stdin: {e}")))?;
    Ok(lines.into_iter().filter(|line| !line.trim().is_empty()).collect())
}

/// Is this a configuration file rather than a name?
pub fn is_file(target: &str) -> bool {
    target.ends_with(".toml") || target.contains('/') || Path::new(target).is_file()
}

/// The environment of a configuration file, or the first small instance of a registered environment.
pub fn simulator(target: &str, sets: &[String]) -> Result<Box<dyn Simulator>, Failure> {
    if is_file(target) {
        return Ok(Task::build(&read(Path::new(target), sets)?)?.sim);
    }
    let entry = environment(target)?;
    if !sets.is_empty() {
        let problem = Problem::new("`--set` overrides a configuration, and this is an environment's name");
        return Err(problem
            .hint(format!("`headwater config init env={target}` prints a configuration"))
            .into());
    }
    entry.small().into_iter().next().ok_or_else(|| fail(format!("`{target}` has no small instance")))
}

/// The environment called `name`.
pub fn environment(name: &str) -> Result<&'static headwater_envs::EnvEntry, Failure> {
    headwater_envs::find(name).ok_or_else(|| {
        let names = || headwater_envs::registry().iter().map(|e| e.entry.name);
        let near = nearest(name, names()).map(|near| format!("did you mean `{near}`? "));
        let hint = format!("{}`headwater list envs` shows all {}", near.unwrap_or_default(), names().count());
        Problem::new(format!("unknown environment `{name}`")).hint(hint).into()
    })
}
