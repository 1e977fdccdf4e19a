//! One evaluation of a policy: exact where the space is enumerated, sampled with intervals where it is not.

use headwater_core::Key;
use headwater_rewards::RewardError;
use headwater_train::{Estimate, EvalConfig, ExactReport, SampledReport, evaluate_sampled};
use serde_json::{Map, Value as Json, json};

use crate::Cell;
use crate::assemble::Assembly;

/// Columns of `metrics.csv`. What is exact and what is estimated by sampling have columns of their own.
pub const METRICS: &[&str] = &[
    "step",
    "wall_s",
    "trajectories",
    "transitions",
    "reward_calls",
    "loss",
    "log_z_learned",
    "log_z_true",
    "log_z_estimate",
    "log_z_at_least",
    "tv",
    "jsd",
    "kl_target_model",
    "kl_model_target",
    "elbo",
    "eubo",
    "elbo_estimate",
    "pearson",
    "pearson_estimate",
    "spearman_estimate",
    "ess",
    "mean_reward_ratio",
    "modes",
];

/// What is known of a policy after a number of updates.
#[derive(Clone, Copy, Debug)]
pub struct Evaluation {
    /// Updates made.
    pub step: u64,
    /// Trajectories trained on.
    pub trajectories: u64,
    /// Edges trained on.
    pub transitions: u64,
    /// Scores asked of the reward.
    pub reward_calls: u64,
    /// Loss of the last update.
    pub loss: f64,
    /// Distinct modes found while training, if it is known what a mode is.
    pub modes: Option<usize>,
    /// How many of the modes found are objects of `train.data`, from which trajectories were drawn back; `None` without.
    pub modes_given: Option<usize>,
    /// Modes that there are, if the space is enumerated.
    pub modes_true: Option<usize>,
    /// The exact evaluation.
    pub exact: Option<ExactReport>,
    /// The sampled evaluation, where there is no exact one and samples are wanted.
    pub sampled: Option<SampledReport>,
}

/// Evaluates the policy of an assembly.
///
/// # Errors
/// If a reward fails.
pub fn evaluate(assembly: &mut Assembly, loss: f64, key: Key) -> Result<Evaluation, RewardError> {
    let evaluation = evaluate_while(assembly, loss, key, &|| true)?;
    Ok(evaluation.expect("nobody asked for an end"))
}

/// The same as long as `go_on` says so, which a sampled evaluation asks between batches; `None` if it did not.
///
/// # Errors
/// If a reward fails.
pub fn evaluate_while(
    assembly: &mut Assembly,
    loss: f64,
    key: Key,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<Evaluation>, RewardError> {
    let trainer = &mut assembly.trainer;
    let (trajectories, transitions) = trainer.seen();
    // Evaluation asks for rewards too; the count is of what training paid.
    let reward_calls = trainer.reward_calls();
    let (exact, sampled) = match &assembly.exact {
        Some(exact) => (Some(exact.evaluate(&mut trainer.policy())), None),
        None if assembly.eval.samples == 0 => (None, None),
        None => {
            let EvalConfig { samples, objects, backward_samples, .. } = assembly.eval;
            let mut view = trainer.policy();
            let report =
                headwater_train::evaluate_while(&mut view, samples, objects, backward_samples, key, go_on)?;
            if report.is_none() {
                return Ok(None);
            }
            (None, report)
        }
    };
    let trainer = &assembly.trainer;
    let modes_true = assembly.exact.as_ref().zip(assembly.mode_log_reward).map(|(e, t)| e.n_modes(t));
    Ok(Some(Evaluation {
        step: trainer.steps(),
        trajectories,
        transitions,
        reward_calls,
        loss,
        modes: trainer.modes(),
        modes_given: modes_given(assembly),
        modes_true,
        exact,
        sampled,
    }))
}

/// How many of the modes found were given as data. A mode is known by the text that its environment shows, which need not be
/// that of the file.
fn modes_given(assembly: &Assembly) -> Option<usize> {
    let trainer = &assembly.trainer;
    let file = assembly.train.data.as_ref().filter(|_| trainer.modes().is_some_and(|n| n > 0))?;
    let mut sim = trainer.found().0.fork();
    sim.reset(1);
    let mut given = std::collections::HashSet::new();
    for line in file.text().ok()?.lines().filter(|line| !line.trim().is_empty()) {
        if sim.load(0, line).is_ok() {
            given.insert(sim.text(0));
        }
    }
    Some(given.iter().filter(|text| trainer.has_found(text)).count())
}

/// Evaluates by sampling, even where the space is enumerated.
///
/// # Errors
/// If a reward fails.
pub fn sampled(assembly: &mut Assembly, key: Key) -> Result<SampledReport, RewardError> {
    let e = &assembly.eval;
    evaluate_sampled(&mut assembly.trainer.policy(), e.samples, e.objects, e.backward_samples, key)
}

impl Evaluation {
    /// log Z as learned; `None` if the objective learns none, or nothing was evaluated.
    pub fn log_z_learned(&self) -> Option<f64> {
        self.exact.map_or_else(|| self.sampled?.log_z_learned, |e| e.log_z_learned)
    }

    /// The evaluation as a row of [`METRICS`]; what is not known, or is no finite number, is empty.
    pub fn row(&self, wall_s: f64) -> Vec<Cell<'static>> {
        let (exact, sampled) = (self.exact, self.sampled);
        let value = |e: Option<Estimate>| e.map(|e| e.value);
        let numbers = [
            self.log_z_learned(),
            exact.map(|x| x.log_z_true),
            sampled.and_then(|s| value(s.log_z.estimate())),
            sampled.map(|s| s.log_z.at_least),
            exact.map(|x| x.divergence.tv),
            exact.map(|x| x.divergence.jsd),
            exact.map(|x| x.divergence.kl_target_model),
            exact.map(|x| x.divergence.kl_model_target),
            exact.map(|x| x.elbo),
            exact.map(|x| x.eubo),
            sampled.map(|s| s.elbo.value),
            exact.and_then(|x| x.pearson),
            sampled.and_then(|s| value(s.pearson)),
            sampled.and_then(|s| value(s.spearman)),
            sampled.map(|s| s.ess),
            exact.map(|x| x.mean_reward_ratio),
        ];
        let mut row = vec![
            Cell::Int(self.step),
            Cell::Real(wall_s),
            Cell::Int(self.trajectories),
            Cell::Int(self.transitions),
            Cell::Int(self.reward_calls),
            Cell::Real(self.loss),
        ];
        row.extend(numbers.map(|x| x.filter(|x| !x.is_nan()).map_or(Cell::Empty, Cell::Real)));
        row.push(self.modes.map_or(Cell::Empty, |m| Cell::Int(m as u64)));
        row
    }

    /// The evaluation as JSON, with the names of the glossary. What is exact has a plain name; what is estimated by
    /// sampling ends in `_estimate`, with its interval `[low, high]` under `…_estimate_interval`. Both are null where there
    /// is no estimate.
    pub fn to_json(&self) -> Json {
        let mut out = Map::new();
        let mut put = |name: &str, value: Json| {
            out.insert(name.to_owned(), value);
        };
        put("iterations", json!(self.step));
        put("trajectories", json!(self.trajectories));
        put("transitions", json!(self.transitions));
        put("reward_calls", json!(self.reward_calls));
        put("loss", json!(self.loss));
        put("modes", json!(self.modes));
        put("modes_given", json!(self.modes_given));
        put("modes_true", json!(self.modes_true));
        put("log_z_learned", json!(self.log_z_learned()));
        if let Some(e) = self.exact {
            let d = e.divergence;
            for (name, value) in [
                ("tv", d.tv),
                ("jsd", d.jsd),
                ("kl_target_model", d.kl_target_model),
                ("kl_model_target", d.kl_model_target),
                ("log_z_true", e.log_z_true),
                ("elbo", e.elbo),
                ("eubo", e.eubo),
                ("mean_reward_ratio", e.mean_reward_ratio),
            ] {
                put(name, json!(value));
            }
            put("pearson", json!(e.pearson));
        }
        if let Some(s) = self.sampled {
            for (name, e) in [
                ("log_z", s.log_z.estimate()),
                ("elbo", Some(s.elbo)),
                ("pearson", s.pearson),
                ("spearman", s.spearman),
            ] {
                put(&format!("{name}_estimate"), json!(e.map(|e| e.value)));
                put(&format!("{name}_estimate_interval"), json!(e.map(|e| [e.low, e.high])));
            }
            put("log_z_at_least", json!(s.log_z.at_least));
            put("ess", json!(s.ess));
            put("samples", json!(s.samples));
            put("objects", json!(s.objects));
        }
        Json::Object(out)
    }
}
