//! `headwater phylo`: from an alignment to sampled trees, their consensus and its picture.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use headwater_core::{Environment, Key, Settings, Simulator};
use headwater_envs::Registered;
use headwater_envs::phylo::search::climb;
use headwater_posterior::trees::{Rooting, Support, Taxa, Tree};
use headwater_run::assemble::{Assembly, Purpose, key, schema};
use headwater_run::evaluation::{Evaluation, evaluate};
use headwater_run::session::{Observer, Session, load};
use headwater_run::task::Task;
use headwater_run::{Checked, Input, Status, write_atomic};
use headwater_train::{Behaviour, Sample, sample};
use serde_json::json;

use crate::args::Phylo;
use crate::out::{self, Failure, count, fail, number, quoted};
use crate::{Verdict, progress, signal, task, train};

/// Where numbered run directories go.
const RUNS: &str = "runs";

/// How trees are learned unless something else is asked for, besides [`training`]. P_B is uniform, since an order of
/// merges is as good as another.
const RECIPE: [&str; 4] =
    ["env.kind=phylo", "reward.kind=parsimony", "policy.backward=uniform", "objective.kind=tb"];

pub fn run(args: &Phylo) -> Result<Verdict, Failure> {
    let start = Instant::now();
    if args.target.is_dir() {
        let (checked, mut assembly) = load(&args.target)?;
        only_trees(&checked)?;
        let seed = assembly.seed;
        let evaluation = evaluate(&mut assembly, f64::NAN, key(seed, Purpose::Eval)).map_err(fail)?;
        let path = args.out.as_deref().unwrap_or(&args.target);
        std::fs::create_dir_all(path)?;
        return report(args, &mut assembly, Some(&evaluation), path, start);
    }
    let checked = configuration(args)?;
    let mut session = Session::create(&checked, Path::new(RUNS), args.out.as_deref())?;
    if let (Some(reason), false) = (session.not_exact(), args.quiet) {
        out::talk(&format!("{reason}: evaluation is by sampling"));
    }
    let interrupted = signal::watch();
    let total = session.assembly().train.steps;
    let mut observer: Box<dyn Observer> = progress::observer(args.quiet, 0, total, session.path());
    let outcome = session.run(interrupted, &mut *observer);
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
    report(args, session.assembly(), outcome.evaluation.as_ref(), &path, start)
}

/// Trees that are climbed to before a large space is learned.
const CLIMBS: u64 = 64;

/// The configuration of a file: TOML, or an alignment with the usual recipe for as many sequences.
fn configuration(args: &Phylo) -> Result<Checked, Failure> {
    let is_toml = args.target.extension().is_some_and(|e| e == "toml");
    let checked = if is_toml {
        task::read(&args.target, &args.sets)?
    } else {
        let alignment = format!("env.alignment={:?}", args.target.display().to_string());
        let input = || Input::default().set(RECIPE).set([alignment.clone()]);
        let first = input().set(args.sets.iter().cloned()).check(&schema())?;
        let n = Task::build(&first)?.sim.spec().max_len + 1;
        let mut recipe = training(n);
        let given = |key: &str| args.sets.iter().any(|set| set.trim_start().starts_with(key));
        if n > SMALL && !given("train.data=") {
            recipe.push(format!("train.data={:?}", starts(args, &first)?.display().to_string()));
        }
        input().set(recipe).set(args.sets.iter().cloned()).check(&schema())?
    };
    only_trees(&checked)?;
    Ok(checked)
}

/// Climbs to trees of few mutations, and writes them into a file beside the run: part of every batch goes back from one
/// of them, which tells the policy of places that it would be long in finding.
fn starts(args: &Phylo, checked: &Checked) -> Result<PathBuf, Failure> {
    let config = headwater_envs::phylo::Config::read(&checked.section("env").values);
    let env = headwater_envs::phylo::Phylo::from_config(config).map_err(|e| checked.blame("env", &e))?;
    if !args.quiet {
        out::talk(&format!("climbing to {CLIMBS} trees that training goes back from"));
    }
    let mut text = String::new();
    for k in 0..CLIMBS {
        env.show(&climb(&env, Key::new(k)), &mut text);
        text.push('\n');
    }
    let stem = args.target.file_stem().unwrap_or_default().to_string_lossy();
    let path = match &args.out {
        Some(out) => out.with_extension("starts.nwk"),
        // Named by what is in it, so that no later run changes what an earlier one is resumed with.
        None => Path::new(RUNS).join(format!("{stem}-{:08x}.starts.nwk", digest(&text))),
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    write_atomic(&path, text.as_bytes())?;
    Ok(path)
}

/// A short hash of a text, by Fowler, Noll and Vo.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The most leaves whose forests are enumerated by default.
const SMALL: usize = 8;

/// How trees of n leaves are learned. Where the space is small, wide exploration and no guide make unlikely trees as exact
/// as likely ones, for eight leaves in more time; where it is large, the reward guides, and trees that were climbed to show
/// where mutations are few.
fn training(n: usize) -> Vec<String> {
    let (steps, batch, guide, epsilon) = match n {
        ..SMALL => (5000, 128, 0.0, [0.7, 0.2]),
        SMALL => (20_000, 128, 0.0, [0.7, 0.3]),
        _ => (2000, 64, 1.0, [0.02, 0.0]),
    };
    let schedule = |name: &str, [from, to]: [f64; 2], shape: &str| {
        format!("train.{name}={{ from = {from:?}, to = {to:?}, steps = {steps}, shape = \"{shape}\" }}")
    };
    vec![
        format!("train.steps={steps}"),
        format!("train.batch={batch}"),
        format!("policy.guide={guide:?}"),
        "policy.width=256".to_owned(),
        "objective.loss=huber".to_owned(),
        schedule("lr", [2e-3, 2e-5], "cosine"),
        schedule("lr_log_z", [0.1, 1e-3], "cosine"),
        schedule("epsilon", epsilon, "linear"),
    ]
}

fn only_trees(checked: &Checked) -> Result<(), Failure> {
    match checked.kind("env") {
        "phylo" => Ok(()),
        other => Err(fail(format!("`headwater phylo` is about trees, and this builds objects of `{other}`"))),
    }
}

/// What was sampled, in order.
struct Sampled {
    trees: Vec<(Sample, u32)>,
    support: Support,
}

/// Draws the trees, and counts their splits. The run's own samples come first.
fn draw(assembly: &mut Assembly, n: usize) -> Result<Sampled, Failure> {
    let mut sim = assembly.trainer.simulator();
    sim.reset(1);
    let names = sim.text(0);
    let names = names.split("; ").map(|name| Tree::parse(&format!("{};", name.trim_end_matches(';'))));
    let names = names.map(|leaf| leaf.map(|leaf| leaf.label)).collect::<Result<Vec<_>, _>>().map_err(fail)?;
    let mut support = Support::new(Taxa::new(names).map_err(fail)?, Rooting::Unrooted);
    let key = key(assembly.seed, Purpose::Sample);
    let mut drawn = Vec::with_capacity(n);
    let mut view = assembly.trainer.policy();
    sample(&mut view, n, Behaviour::ON_POLICY, key, &mut |s| drawn.push(s)).map_err(fail)?;
    let mut trees = Vec::with_capacity(n);
    for s in drawn {
        support.add(&Tree::parse(&s.text).map_err(fail)?, 1.0).map_err(fail)?;
        let mutations = mutations(&mut *sim, &s.text)?;
        trees.push((s, mutations));
    }
    Ok(Sampled { trees, support })
}

fn mutations(sim: &mut dyn Simulator, text: &str) -> Result<u32, Failure> {
    sim.load(0, text).map_err(fail)?;
    let names = sim.features();
    let mut features = vec![0.0; names.len()];
    sim.measure(&[0], &mut features);
    let at = names.iter().position(|name| name == "mutations").expect("trees have mutations");
    Ok(features[at] as u32)
}

/// Draws trees from a trained policy, writes the files, and says what was found.
fn report(
    args: &Phylo,
    assembly: &mut Assembly,
    evaluation: Option<&Evaluation>,
    path: &Path,
    start: Instant,
) -> Result<Verdict, Failure> {
    let Sampled { trees, support } = draw(assembly, args.samples as usize)?;
    let consensus = support.consensus(0.5);
    let mut scores = BTreeMap::<u32, usize>::new();
    trees.iter().for_each(|(_, m)| *scores.entry(*m).or_default() += 1);
    for (name, text) in [
        ("trees.nwk", newick(&trees)),
        ("consensus.nwk", format!("{consensus}\n")),
        ("splits.csv", splits(&support)),
        ("scores.csv", distribution(&scores, trees.len())),
        (
            "tree.svg",
            consensus.picture().svg("majority-rule consensus of the sampled trees, supports in per cent"),
        ),
    ] {
        write_atomic(&path.join(name), text.as_bytes())?;
    }
    let taxa = support.taxa().names().len();
    let resolved = support.sets().iter().filter(|(_, x)| *x > 0.5).count();
    let (best, times) = scores.first_key_value().map_or((0, 0), |(&m, &times)| (m, times));
    let mean = trees.iter().map(|(_, m)| f64::from(*m)).sum::<f64>() / trees.len() as f64;
    let run = path.display().to_string();
    if args.json {
        let mut json = evaluation.map_or_else(|| json!({}), Evaluation::to_json);
        for (name, value) in [
            ("taxa", json!(taxa)),
            ("sampled_trees", json!(trees.len())),
            ("unrooted_topologies", json!(support.n_topologies())),
            ("best_mutations", json!(best)),
            ("mean_mutations", json!(mean)),
            ("best_share", json!(times as f64 / trees.len() as f64)),
            ("consensus", json!(consensus.to_string())),
            ("consensus_splits", json!(resolved)),
            ("seconds", json!(start.elapsed().as_secs_f64())),
            ("run", json!(run)),
        ] {
            json[name] = value;
        }
        out::data(&json.to_string())?;
        return Ok(Verdict::Clean);
    }
    let mut rows = evaluation.map_or_else(Vec::new, train::rows);
    let topologies = count(support.n_topologies() as u64);
    let share = number(100.0 * times as f64 / trees.len() as f64);
    rows.extend([
        (
            "trees",
            format!("{} sampled, {topologies} different ones without their roots", count(trees.len() as u64)),
        ),
        ("mutations", format!("{best} at best, by {share} % of the samples; {mean:.1} on average")),
        ("consensus", format!("{resolved} of {} splits have a majority", taxa - 3)),
        ("time", format!("{:.1} s", start.elapsed().as_secs_f64())),
        ("run", run),
        ("files", "trees.nwk, consensus.nwk, splits.csv, scores.csv, tree.svg".to_owned()),
    ]);
    out::data(&out::table(&rows))?;
    Ok(Verdict::Clean)
}

/// One tree per line, with what is known of it in a comment, which programs for trees pass over.
fn newick(trees: &[(Sample, u32)]) -> String {
    let mut text = String::new();
    for (s, m) in trees {
        writeln!(text, "[&mutations={m},log_reward={}] {}", s.log_reward, s.text)
            .expect("a string takes any text");
    }
    text
}

fn splits(support: &Support) -> String {
    let mut text = "support,size,leaves\n".to_owned();
    for (set, x) in support.sets() {
        let leaves: Vec<&str> = support.taxa().members(set).collect();
        writeln!(text, "{x},{},{}", leaves.len(), quoted(&leaves.join(" ")))
            .expect("a string takes any text");
    }
    text
}

fn distribution(scores: &BTreeMap<u32, usize>, n: usize) -> String {
    let mut text = "mutations,trees,share\n".to_owned();
    for (m, times) in scores {
        writeln!(text, "{m},{times},{}", *times as f64 / n as f64).expect("a string takes any text");
    }
    text
}
