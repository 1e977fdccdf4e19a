//! A configuration for a table of observations: which score, and how to train.

use std::path::Path;

use headwater_core::settings::File;
use headwater_envs::bayesnet::{Data, MAX_CATEGORIES};
use headwater_run::assemble::schema;
use headwater_run::{Checked, Input, Problem, read_text};

use crate::out::{self, Failure};

/// A checked configuration for the table in `path`; `sets` override what is chosen here.
pub fn read(path: &Path, sets: &[String], quiet: bool) -> Result<Checked, Failure> {
    let name = path.display().to_string();
    let data = Data::read(&File::new(name.clone(), read_text(path)?))
        .map_err(|e| Problem::new(e.message.clone()).hint(e.hint))?;
    let asked = |key: &str| sets.iter().rev().find_map(|set| set.trim_start().strip_prefix(key));
    let kind = asked("reward.kind=").map_or_else(|| score(&data), |kind| kind.trim().trim_matches('"'));
    let mixed = data.columns().iter().filter(|c| c.is_numeric() && c.arity > MAX_CATEGORIES).count();
    if !quiet && kind == "bdeu" && mixed > 0 {
        out::talk(&format!(
            "{mixed} of {} columns are numbers, which `bdeu` cuts into bins of equal size (`--set reward.bins=…`)",
            data.columns().len()
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
        // Units are those of whoever measured.
        chosen.push("reward.standardise=true".to_owned());
    }
    let steps = asked("train.steps=").and_then(|steps| steps.trim().replace('_', "").parse().ok());
    chosen.extend(training(data.columns().len(), steps));
    Ok(Input::default().assume(chosen).set(sets.iter().cloned()).check(&schema())?)
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
/// temperature shows bad networks only; there trajectory balance has come closest.
fn training(nodes: usize, steps: Option<u64>) -> Vec<String> {
    let (objective, usual, lr, width) = match nodes {
        ..=5 => ("mdb", 5000, "5e-3", 128),
        6..=8 => ("vargrad", 6000, "3e-3", 128),
        9..=12 => ("vargrad", 10_000, "2e-3", 128),
        _ => ("tb", 12_000, "5e-4", 128),
    };
    // Half of them is to be one at least.
    let steps = steps.unwrap_or(usual).max(2);
    let schedule = |from, to| format!("{{ from = {from}, to = {to}, steps = {steps}, shape = \"cosine\" }}");
    let linear =
        |from: f64, to: f64, steps: u64| format!("{{ from = {from:?}, to = {to:?}, steps = {steps} }}");
    let mut chosen = vec![
        format!("objective.kind={objective}"),
        format!("policy.width={width}"),
        "policy.guide=1.0".to_owned(),
        format!("train.steps={steps}"),
        "train.batch=128".to_owned(),
        format!("train.lr={}", schedule(lr, "2e-5")),
    ];
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
