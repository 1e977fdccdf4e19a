//! `headwater bayesnet`: from a table of observations to the probabilities of networks, edges and Markov blankets.

mod evidence;
mod files;
mod network;
mod recipe;
mod rival;
mod summary;
mod truth;

use std::path::Path;

use headwater_core::Settings;
use headwater_envs::Registered;
use headwater_envs::bayesnet::{BayesNet, Config};
use headwater_run::assemble::{Assembly, Purpose, key};
use headwater_run::evaluation::{Evaluation, evaluate};
use headwater_run::session::{Observer, Session};
use headwater_run::{Checked, Problem, Status};

use crate::args::Bayesnet;
use crate::door::load;
use crate::out::{self, Failure, fail};
use crate::train::RUNS;
use crate::{Verdict, progress, signal};
use evidence::Found;

pub fn run(args: &Bayesnet) -> Result<Verdict, Failure> {
    if args.source.is_dir() {
        return again(args);
    }
    let checked = recipe::read(&args.source, &args.sets, args.quiet)?;
    let mut session = Session::create(&checked, Path::new(RUNS), args.out.as_deref())?;
    out::warn(session.warnings());
    let path = session.path().to_owned();
    let interrupted = signal::watch();
    let total = session.assembly().train.steps;
    let mut observer: Box<dyn Observer> = progress::observer(args.quiet, 0, total, &path);
    let outcome = session.run(interrupted, &mut *observer);
    drop(observer);
    let outcome = outcome?;
    let Some(evaluation) = outcome.evaluation.filter(|_| outcome.status == Status::Finished) else {
        let path = path.display();
        out::talk(&format!(
            "interrupted and saved; to go on: headwater train --resume {path}, then headwater bayesnet {path}"
        ));
        return Ok(Verdict::Findings);
    };
    report(args, &checked, session.assembly(), &evaluation, &path)
}

/// The same of a run that is there already.
fn again(args: &Bayesnet) -> Result<Verdict, Failure> {
    if args.out.is_some() || !args.sets.is_empty() {
        let problem = Problem::new("a run has its configuration and its directory");
        return Err(problem.hint("leave `--set` and `--out` out, or give the data".to_owned()).into());
    }
    let (checked, mut assembly) = load(&args.source)?;
    let step = assembly.trainer.steps();
    let key = key(assembly.seed, Purpose::Eval).fold(step);
    if checked.kind("env") != BayesNet::ENTRY.name {
        return Err(fail(format!("`{}` is a run of `{}`", args.source.display(), checked.kind("env"))));
    }
    let evaluation = evaluate(&mut assembly, f64::NAN, key).map_err(fail)?;
    report(args, &checked, &mut assembly, &evaluation, &args.source)
}

/// What the sampler says, into the run's directory and for people.
fn report(
    args: &Bayesnet,
    checked: &Checked,
    assembly: &mut Assembly,
    evaluation: &Evaluation,
    path: &Path,
) -> Result<Verdict, Failure> {
    let env = BayesNet::from_config(Config::read(&checked.section("env").values)).map_err(fail)?;
    let mut found = Found::new(&env, checked, assembly, evaluation, args.samples)?;
    if let Some(name) = &args.rival {
        let as_many = evaluation.reward_calls + found.draws.unwrap_or(0) as u64;
        let calls = args.rival_scores.unwrap_or(as_many);
        found.rival = Some(rival::play(&env, path, name, calls)?);
    }
    let json = summary::json(&env, checked, &found, path);
    files::write(path, &env, &found, &json)?;
    if args.json {
        out::data(&json.to_string())?;
    } else {
        out::data(&summary::text(&env, checked, &found, path))?;
    }
    Ok(Verdict::Clean)
}
