//! `headwater bayesnet`: from a table of observations to the probabilities of networks, edges and Markov blankets.
//!
//! What can be known without a sampler comes first: the sum over all DAGs, or Markov chains beyond. Then a sampler is
//! trained, and held against it.

mod evidence;
mod files;
mod findings;
mod network;
mod recipe;
mod rival;
mod summary;
mod truth;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use headwater_core::{Key, Settings};
use headwater_envs::Registered;
use headwater_envs::bayesnet::{BayesNet, Config};
use headwater_posterior::MAX_NODES;
use headwater_run::assemble::{Assembly, Purpose, TopConfig, key, schema};
use headwater_run::evaluation::{Evaluation, evaluate};
use headwater_run::session::{Observer, Session};
use headwater_run::{Checked, Input, Problem, Status, write_atomic};

use crate::args::Bayesnet;
use crate::door::load;
use crate::out::{self, Failure, fail};
use crate::train::RUNS;
use crate::{Verdict, progress, signal};
use evidence::{Found, Known};
use recipe::Recipe;
use truth::USUAL;

pub fn run(args: &Bayesnet) -> Result<Verdict, Failure> {
    if args.source.is_dir() {
        return again(args);
    }
    let recipe = Recipe::new(&args.source, &args.sets, args.quiet)?;
    let checked = recipe.check(&[])?;
    if args.exact {
        return exactly(args, &checked, &recipe.stem);
    }
    let env = network(&checked)?;
    // Until training begins there is nothing to save, and Ctrl-C ends the program at once.
    let known = know(args, &env, &checked, USUAL)?;
    let starts = starts(args, &env, &checked, &known, &recipe.stem)?;
    let checked = recipe.check(&starts)?;
    if !args.quiet {
        recipe::say_memory(&env, &checked);
    }
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
    signal::at_once();
    report(args, &env, &checked, known, session.assembly(), &evaluation, &path)
}

/// The same of a run that is there already.
fn again(args: &Bayesnet) -> Result<Verdict, Failure> {
    if !args.sets.is_empty() || (args.out.is_some() && !args.exact) {
        let problem = Problem::new("a run has its configuration and its directory");
        return Err(problem.hint("leave `--set` and `--out` out, or give the data".to_owned()).into());
    }
    if args.exact {
        let checked = Input::read(&args.source.join("config.toml"))?.check(&schema())?;
        let stem = args.source.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy());
        return exactly(args, &checked, &stem);
    }
    let (checked, mut assembly) = load(&args.source)?;
    let env = network(&checked)?;
    let known = know(args, &env, &checked, USUAL)?;
    let key = key(assembly.seed, Purpose::Eval).fold(assembly.trainer.steps());
    let evaluation = evaluate(&mut assembly, f64::NAN, key).map_err(fail)?;
    report(args, &env, &checked, known, &mut assembly, &evaluation, &args.source)
}

/// The exact posterior, without a sampler.
fn exactly(args: &Bayesnet, checked: &Checked, stem: &str) -> Result<Verdict, Failure> {
    let env = network(checked)?;
    if env.n() > MAX_NODES {
        let what = format!(
            "the exact posterior is worked out for at most {MAX_NODES} columns, not for `{}`",
            env.n()
        );
        return Err(Problem::new(what)
            .hint(
                "leave columns out; or leave `--exact` out, and Markov chains and a sampler estimate it"
                    .to_owned(),
            )
            .into());
    }
    let known = know(args, &env, checked, MAX_NODES)?;
    if !known.is_exact() {
        let what = "this reward is not a sum over nodes, which the exact posterior without training needs";
        return Err(Problem::new(what)
            .hint("use `bge` or `bdeu` without a floor, a ceiling or a transform that bends them".to_owned())
            .into());
    }
    let path = directory(args.out.as_deref(), stem)?;
    write_atomic(&path.join("config.toml"), checked.resolved().as_bytes())?;
    finish(args, &env, checked, &known.alone(), &path)
}

/// The network of a configuration.
fn network(checked: &Checked) -> Result<BayesNet, Failure> {
    let kind = checked.kind("env");
    if kind != BayesNet::ENTRY.name {
        return Err(fail(format!(
            "`headwater bayesnet` is about networks, and this builds objects of `{kind}`"
        )));
    }
    let config = Config::read(&checked.section("env").values);
    Ok(BayesNet::from_config(config).map_err(|e| checked.blame("env", &e))?)
}

/// The seed's key for what is drawn.
fn draws(checked: &Checked) -> Key {
    key(checked.read::<TopConfig>("").seed, Purpose::Sample)
}

/// What can be known without a sampler, up to so many nodes exactly.
fn know(args: &Bayesnet, env: &BayesNet, checked: &Checked, nodes: usize) -> Result<Known, Failure> {
    if !args.quiet && env.n() > 12 {
        out::talk(&match env.n() {
            n if n > nodes => format!("Markov chains over networks of {n} nodes"),
            n if n > USUAL => format!(
                "summing over all networks of {n} nodes: minutes, and about {:.1} GB of memory",
                60.0 * n as f64 * 2f64.powi(n as i32 - 1) / 1e9
            ),
            n => format!("summing over all networks of {n} nodes"),
        });
    }
    Known::new(env, checked, nodes, args.samples, draws(checked))
}

/// Writes the networks that chains came through into a file beside the run: part of every batch goes back from one of them,
/// which tells the policy of places that it would be long in finding. Nothing where there were no chains, or where objects
/// to go back from are set.
fn starts(
    args: &Bayesnet,
    env: &BayesNet,
    checked: &Checked,
    known: &Known,
    stem: &str,
) -> Result<Vec<String>, Failure> {
    /// Networks that are given, at most.
    const MOST: usize = 4000;
    let mut text = String::new();
    for graph in known.visited().take(MOST) {
        text += &files::text(env, graph);
        text.push('\n');
    }
    if text.is_empty() || !checked.section("train").is_default("data") {
        return Ok(Vec::new());
    }
    let path = match &args.out {
        Some(out) => out.with_extension("starts.txt"),
        // Named by what is in it, so that no later run changes what an earlier one is resumed with.
        None => Path::new(RUNS).join(format!("{stem}-{:08x}.starts.txt", digest(&text))),
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    write_atomic(&path, text.as_bytes())?;
    Ok(vec![format!("train.data={:?}", path.display().to_string())])
}

/// A short hash of a text, by Fowler, Noll and Vo.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A directory for an answer without a run: `out`, which may exist if it is empty, or a numbered one.
fn directory(out: Option<&Path>, stem: &str) -> Result<PathBuf, Failure> {
    if let Some(path) = out {
        fs::create_dir_all(path)?;
        if fs::read_dir(path)?.next().is_some() {
            return Err(fail(format!("`{}` is there already, and not empty", path.display())));
        }
        return Ok(path.to_owned());
    }
    fs::create_dir_all(RUNS)?;
    let mut number = 1;
    loop {
        let path = Path::new(RUNS).join(format!("{stem}-exact-{number:04}"));
        match fs::create_dir(&path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => number += 1,
            made => return Ok(made.map(|()| path)?),
        }
    }
}

/// What is known and what the sampler says, into the run's directory and for people.
fn report(
    args: &Bayesnet,
    env: &BayesNet,
    checked: &Checked,
    known: Known,
    assembly: &mut Assembly,
    evaluation: &Evaluation,
    path: &Path,
) -> Result<Verdict, Failure> {
    let samples = recipe::draws(env, known.is_known(), args.samples);
    let mut found = known.with(env, assembly, evaluation, samples, draws(checked))?;
    if let Some(name) = &args.rival {
        let as_many = evaluation.reward_calls + found.sampler.as_ref().map_or(0, |s| s.draws) as u64;
        let calls = args.rival_scores.unwrap_or(as_many);
        found.rival = Some(rival::play(env, path, name, calls)?);
    }
    finish(args, env, checked, &found, path)
}

/// Writes and prints all that was found.
fn finish(
    args: &Bayesnet,
    env: &BayesNet,
    checked: &Checked,
    found: &Found,
    path: &Path,
) -> Result<Verdict, Failure> {
    let json = summary::json(env, checked, found, path);
    files::write(path, env, found, &json)?;
    if args.json {
        out::data(&json.to_string())?;
    } else {
        out::data(&summary::text(env, checked, found, path))?;
    }
    Ok(Verdict::Clean)
}
