//! What commands share: configurations from files, objects from stdin, environments by name.

use std::io::{BufRead, stdin};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use headwater_core::{Simulator, nearest};
use headwater_rewards::{Caller, Scorer};
use headwater_run::assemble::schema;
use headwater_run::task::Task;
use headwater_run::{Checked, Input, Problem};
use headwater_train::TrainConfig;

use crate::out::{self, Failure, fail};

/// Endings of files that are graphs, and stand for a configuration of the environment `dag`.
const GRAPHS: [&str; 6] = ["json", "csv", "graphml", "xml", "dot", "gv"];

/// How a graph is trained on unless something else is asked for: a table, since graphs in files are small.
const ON_GRAPHS: [&str; 4] = ["env.kind=dag", "policy.kind=tabular", "train.steps=3000", "train.batch=32"];

/// Both learning rates on a graph: they fall over all of training, however long that is.
fn rates(steps: u64) -> [String; 2] {
    let steps = steps.max(1);
    ["train.lr", "train.lr_log_z"]
        .map(|key| format!("{key}={{ from = 0.05, to = 1e-4, steps = {steps}, shape = \"cosine\" }}"))
}

/// Reads and checks a configuration; the file of a graph is one for the environment `dag` on it.
pub fn read(path: &Path, sets: &[String]) -> Result<Checked, Failure> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if !GRAPHS.contains(&ending) {
        return Ok(Input::read(path)?.set(sets.iter().cloned()).check(&schema())?);
    }
    let graph = format!("env.graph={:?}", path.display().to_string());
    let input = Input::default().assume(ON_GRAPHS).assume([graph]).set(sets.iter().cloned());
    let steps = input.clone().check(&schema())?.read::<TrainConfig>("train").steps;
    Ok(input.assume(rates(steps)).check(&schema())?)
}

/// The lines of stdin, one object each, empty lines left out.
pub fn objects() -> Result<Vec<String>, Failure> {
    let lines: Result<Vec<String>, _> = stdin().lock().lines().collect();
    let lines = lines.map_err(|e| fail(format!("cannot read stdin: {e}")))?;
    Ok(lines.into_iter().filter(|line| !line.trim().is_empty()).collect())
}

/// Builds a task whose scores this process waits for.
pub fn build(checked: &Checked) -> Result<Task, Failure> {
    let mut task = Task::build(checked)?;
    task.scorer.oracle().attend(&caller(None));
    task.notes.iter().for_each(|note| out::talk(&format!("note: {note}")));
    Ok(task)
}

/// The person at the terminal, who calls scores off by setting `stop`.
pub fn caller(stop: Option<&'static AtomicBool>) -> Caller {
    Caller::new(stop, out::talk)
}

/// Says what was asked and what was known already, where scores are paid for.
pub fn receipt(scorer: &mut Scorer, is_paid: bool) {
    if let Some(receipt) = scorer.oracle().receipt().filter(|_| is_paid) {
        out::talk(&receipt.to_string());
    }
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
