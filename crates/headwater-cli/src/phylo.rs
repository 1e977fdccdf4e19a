//! `headwater phylo`: from an alignment to sampled trees, their consensus and its picture; with climbed trees and chains as
//! a second opinion.

mod chains;
mod memory;
mod opinion;
mod recipe;
mod report;
mod target;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use headwater_run::assemble::{Assembly, Purpose, key, schema};
use headwater_run::evaluation::evaluate_while;
use headwater_run::session::{Observer, Session};
use headwater_run::task::Task;
use headwater_run::{Checked, Input, Status};
use headwater_train::TrainConfig;

use self::opinion::Opinion;
use self::recipe::{RECIPE, SMALL, training};
use crate::args::Phylo;
use crate::door::load;
use crate::out::{self, Failure, fail};
use crate::{Verdict, progress, signal, task};

/// Where numbered run directories go.
const RUNS: &str = "runs";

pub fn run(args: &Phylo) -> Result<Verdict, Failure> {
    let start = Instant::now();
    let stop = signal::watch();
    if args.target.is_dir() {
        return again(args, stop, start);
    }
    let Some((checked, opinion)) = configuration(args, stop)? else {
        out::talk("interrupted before training began: nothing is lost, and nothing was written");
        return Ok(Verdict::Findings);
    };
    let mut session = Session::create(&checked, Path::new(RUNS), args.out.as_deref())?;
    out::warn(session.warnings());
    if let (Some(reason), false) = (session.not_exact(), args.quiet) {
        out::talk(&format!("{reason}: evaluation is by sampling"));
    }
    let total = session.assembly().train.steps;
    let mut observer: Box<dyn Observer> = progress::observer(args.quiet, 0, total, session.path());
    let outcome = session.run(stop, &mut *observer);
    drop(observer);
    let outcome = outcome?;
    let path = session.path().to_owned();
    if outcome.status == Status::Interrupted {
        let path = path.display();
        out::talk(&format!(
            "interrupted and saved; to go on: headwater train --resume {path}, then headwater phylo {path}"
        ));
        return Ok(Verdict::Findings);
    }
    let assembly = session.assembly();
    let opinion = match opinion {
        Some(opinion) => Some(opinion),
        None => Opinion::form(args, &checked, is_large(assembly), stop)?,
    };
    let Some(opinion) = opinion else { return Ok(unreported(&path)) };
    let found = report::Found { evaluation: outcome.evaluation, opinion, start };
    report::report(args, assembly, &found, &path, stop)
}

/// Draws again from a trained run.
fn again(args: &Phylo, stop: &AtomicBool, start: Instant) -> Result<Verdict, Failure> {
    let (checked, mut assembly) = load(&args.target)?;
    only_trees(&checked)?;
    let path = args.out.as_deref().unwrap_or(&args.target);
    let opinion = Opinion::form(args, &checked, is_large(&assembly), stop)?;
    let Some(opinion) = opinion else { return Ok(unreported(&args.target)) };
    let seed = assembly.seed;
    let go_on = || !stop.load(Ordering::Relaxed);
    let evaluation = evaluate_while(&mut assembly, f64::NAN, key(seed, Purpose::Eval), &go_on);
    let Some(evaluation) = evaluation.map_err(fail)? else { return Ok(unreported(&args.target)) };
    std::fs::create_dir_all(path)?;
    let found = report::Found { evaluation: Some(evaluation), opinion, start };
    report::report(args, &mut assembly, &found, path, stop)
}

/// What is said where training is done and its trees were not drawn.
fn unreported(run: &Path) -> Verdict {
    let run = run.display();
    out::talk(&format!("interrupted; the policy is saved, and this draws from it: headwater phylo {run}"));
    Verdict::Findings
}

/// Are there too many trees to enumerate?
fn is_large(assembly: &Assembly) -> bool {
    assembly.exact.is_none()
}

/// The configuration of a file: TOML, or an alignment with the usual recipe for as many sequences, which needs what chains
/// say where there are many. `None` if those were interrupted.
fn configuration(args: &Phylo, stop: &AtomicBool) -> Result<Option<(Checked, Option<Opinion>)>, Failure> {
    let is_toml = args.target.extension().is_some_and(|e| e == "toml");
    if is_toml {
        let checked = task::read(&args.target, &args.sets)?;
        only_trees(&checked)?;
        bounded(args, &checked)?;
        return Ok(Some((checked, None)));
    }
    let alignment = format!("env.alignment={:?}", args.target.display().to_string());
    let input = || Input::default().assume(RECIPE).assume([alignment.clone()]);
    let first = input().set(args.sets.iter().cloned()).check(&schema())?;
    only_trees(&first)?;
    let n = Task::build(&first)?.sim.spec().max_len + 1;
    let given = |key: &str| !first.section("train").is_default(key);
    let steps = given("steps").then(|| first.read::<TrainConfig>("train").steps);
    let mut recipe = training(n, steps);
    let whole = |recipe: Vec<String>| input().assume(recipe).set(args.sets.iter().cloned()).check(&schema());
    bounded(args, &whole(recipe.clone())?)?;
    let mut opinion = None;
    if n > SMALL {
        let formed = Opinion::form(args, &first, true, stop)?;
        let Some(formed) = formed else { return Ok(None) };
        if !given("data") {
            recipe.push(format!("train.data={:?}", formed.write_starts(args, RUNS)?.display().to_string()));
        }
        opinion = Some(formed);
    }
    let checked = whole(recipe)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    Ok(Some((checked, opinion)))
}

/// Says how much memory a configuration takes, before anything is done.
fn bounded(args: &Phylo, checked: &Checked) -> Result<(), Failure> {
    let sim = Task::build(checked)?.sim;
    let needed = memory::needed(checked, &*sim);
    memory::check(needed)?;
    if sim.spec().max_len >= SMALL && !args.quiet {
        out::talk(&format!("memory: about {}", memory::said(needed)));
    }
    Ok(())
}

fn only_trees(checked: &Checked) -> Result<(), Failure> {
    match checked.kind("env") {
        "phylo" => Ok(()),
        other => Err(fail(format!("`headwater phylo` is about trees, and this builds objects of `{other}`"))),
    }
}
