//! A configuration for a table of observations: which score, and how to train.

use std::path::Path;

use headwater_core::settings::File;
use headwater_envs::bayesnet::families::BUDGET;
use headwater_envs::bayesnet::{BayesNet, Data, MAX_CATEGORIES};
use headwater_run::assemble::schema;
use headwater_run::{Checked, Input, Problem, read_text};
use headwater_train::TrainConfig;

use crate::out::{self, Failure};

/// Beyond so many nodes, parents are bounded unless something else is asked for.
const FREE: usize = 16;

/// By how many then: chains have room for all such sets of up to 21 others.
const PARENTS: usize = 4;

/// Beyond so many nodes, training and evaluation are short: the sampler is held against chains, and is no more needed.
const LARGE: usize = 20;

/// Bytes that the outputs of a batch may take, if that can be had by a smaller one.
const BATCH: f64 = 0.5e9;

/// What is chosen for a table, and what was set.
pub struct Recipe {
    /// The name of the file, without its ending.
    pub stem: String,
    chosen: Vec<String>,
    sets: Vec<String>,
}

impl Recipe {
    /// A recipe for the table in `path`; `sets` override what is chosen here.
    pub fn new(path: &Path, sets: &[String], quiet: bool) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let data = Data::read(&File::new(name.clone(), read_text(path)?))
            .map_err(|e| Problem::new(e.message.clone()).hint(e.hint))?;
        let asked = |key: &str| sets.iter().rev().find_map(|set| set.trim_start().strip_prefix(key));
        let whole = |key: &str| asked(key).and_then(|n| n.trim().replace('_', "").parse::<u64>().ok());
        let kind = asked("reward.kind=").map_or_else(|| score(&data), |kind| kind.trim().trim_matches('"'));
        let mixed = data.columns().iter().filter(|c| c.is_numeric() && c.arity > MAX_CATEGORIES).count();
        let n = data.columns().len();
        if !quiet && kind == "bdeu" && mixed > 0 {
            out::talk(&format!(
                "{mixed} of {n} columns are numbers, which `bdeu` cuts into bins of equal size (`--set reward.bins=…`)"
            ));
        }
        let stem = path.file_stem().map_or_else(|| "data".into(), |stem| stem.to_string_lossy());
        let mut chosen = vec![
            "env.kind=bayesnet".to_owned(),
            format!("env.data={name:?}"),
            format!("reward.kind={kind}"),
            format!("run.name={stem:?}"),
        ];
        if kind == "bge" {
            // The columns' units are arbitrary.
            chosen.push("reward.standardise=true".to_owned());
        }
        let mut most = whole("env.max_parents=").map_or(n, |most| most as usize).min(n);
        if n > FREE && asked("env.max_parents=").is_none() {
            most = PARENTS;
            chosen.push(format!("env.max_parents={most}"));
            if !quiet {
                out::talk(&format!(
                    "more than {FREE} columns: at most {most} parents each (`--set env.max_parents=…` for another bound)"
                ));
            }
        }
        chosen.extend(training(n, most, whole("train.steps=")));
        Ok(Self { stem: stem.into_owned(), chosen, sets: sets.to_vec() })
    }

    /// The configuration, with `more` settings that are chosen too.
    pub fn check(&self, more: &[String]) -> Result<Checked, Failure> {
        let chosen = Input::default().assume(self.chosen.iter().chain(more).cloned());
        Ok(chosen.set(self.sets.iter().cloned()).check(&schema())?)
    }
}

/// Bytes of the outputs, and of their gradients, of a batch of networks on `n` nodes that all have as many edges as they can:
/// one number per edge that can be added and per edge that can be taken away.
fn batch_bytes(n: usize, most: usize, batch: usize) -> f64 {
    let states = 1 + (0..n).map(|k| k.min(most)).sum::<usize>();
    let outputs = 2 * n * (n - 1);
    (batch * states) as f64 * outputs as f64 * 2.0 * size_of::<f32>() as f64
}

/// Says how much memory training may take.
pub fn say_memory(env: &BayesNet, checked: &Checked) {
    let train = checked.read::<TrainConfig>("train");
    let batch = train.batch + train.replay;
    let bytes = batch_bytes(env.n(), env.max_parents(), batch);
    if bytes + BUDGET as f64 > 0.5e9 {
        out::talk(&format!(
            "memory: at most about {:.1} GB for a batch of {batch} networks (`train.batch`, `env.max_parents`), {:.1} GB for scores that are kept",
            bytes / 1e9,
            BUDGET as f64 / 1e9
        ));
    }
}

/// Networks that are drawn from a trained sampler where `samples` are asked for: as many if they are all that there is, else
/// as many as it takes to see how far it is off.
pub fn draws(env: &BayesNet, known: bool, samples: usize) -> usize {
    match env.n() {
        _ if !known => samples,
        ..=LARGE => samples.min(10_000),
        _ => samples.min(64),
    }
}

/// `bdeu` if a column is categories: words, or few distinct numbers for its rows.
fn score(data: &Data) -> &'static str {
    let few = |arity: usize| arity <= MAX_CATEGORIES && 2 * arity <= data.rows();
    if data.columns().iter().any(|c| !c.is_numeric() || few(c.arity)) { "bdeu" } else { "bge" }
}

/// Training for so many nodes, in `steps` updates if that is said; schedules end with them. It is guided by the change of the
/// score along each edge. Modified detailed balance is the best on spaces that can be enumerated; beyond, trajectories are
/// long and log R spans hundreds, and what balances whole trajectories comes far closer in the same time. Their residuals
/// are of hundreds at first, and squares would let a few trajectories decide everything: so the loss is Huber's. A power of
/// the reward that rises shows the policy networks that it would not find by itself; in larger spaces it leads through too
/// many dense ones, and a temperature that falls has to do. But where posteriors are narrow, residuals with a learned log Z
/// then all have one sign, and policies have collapsed: so log Z is the batch's own (`vargrad`). Among many nodes a
/// temperature shows bad networks only; there trajectory balance has come closest. Beyond sixteen nodes half of each batch
/// goes back from networks that Markov chains came through. Many nodes with up to `most` parents have smaller batches, as
/// memory asks for.
fn training(nodes: usize, most: usize, steps: Option<u64>) -> Vec<String> {
    let (objective, usual, lr) = match nodes {
        ..=5 => ("mdb", 5000, "5e-3"),
        6..=8 => ("vargrad", 6000, "3e-3"),
        9..=12 => ("vargrad", 10_000, "2e-3"),
        13..=LARGE => ("tb", 12_000, "5e-4"),
        _ => ("tb", 3000, "5e-4"),
    };
    let fits = |batch: &usize| batch_bytes(nodes, most, *batch) <= BATCH;
    let batch = [128, 64, 32].into_iter().find(fits).unwrap_or(16);
    // Half of them is to be one at least.
    let steps = steps.unwrap_or(usual).max(2);
    let schedule = |from, to| format!("{{ from = {from}, to = {to}, steps = {steps}, shape = \"cosine\" }}");
    let linear =
        |from: f64, to: f64, steps: u64| format!("{{ from = {from:?}, to = {to:?}, steps = {steps} }}");
    let mut chosen = vec![
        format!("objective.kind={objective}"),
        "policy.width=128".to_owned(),
        "policy.guide=1.0".to_owned(),
        format!("train.steps={steps}"),
        format!("train.batch={batch}"),
        format!("train.lr={}", schedule(lr, "2e-5")),
    ];
    if nodes > LARGE {
        chosen.extend(
            ["eval.samples=64", "eval.objects=16", "eval.backward_samples=8", "run.samples=100"]
                .map(String::from),
        );
    }
    match objective {
        "vargrad" => chosen.extend([
            "objective.loss=huber".to_owned(),
            if nodes <= 8 {
                format!("train.reward_power={}", linear(0.1, 1.0, steps / 2))
            } else {
                format!("train.temperature={}", linear(2.0, 1.0, steps))
            },
            format!("train.epsilon={}", linear(0.1, 0.0, steps)),
        ]),
        "tb" => chosen.extend([
            "objective.loss=huber".to_owned(),
            format!("train.lr_log_z={}", schedule("0.1", "1e-3")),
            format!("train.epsilon={}", linear(0.02, 0.0, steps)),
        ]),
        _ => chosen.push(format!("train.epsilon={}", linear(0.05, 0.0, steps / 2))),
    }
    chosen
}
