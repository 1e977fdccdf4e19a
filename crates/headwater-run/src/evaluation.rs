//! One evaluation of a policy: exact where the space is enumerated, sampled with intervals where it is not.

use headwater_core::Key;
use headwater_rewards::RewardError;
use headwater_train::{ExactReport, SampledReport, evaluate_sampled};
use serde_json::{Map, Value as Json, json};

use crate::assemble::Assembly;

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
    let trainer = &mut assembly.trainer;
    let (trajectories, transitions) = trainer.seen();
    // Evaluation asks for rewards too; the count is of what training paid.
    let reward_calls = trainer.reward_calls();
    let (exact, sampled) = match &assembly.exact {
        Some(exact) => (Some(exact.evaluate(&mut trainer.policy())), None),
        None if assembly.eval.samples == 0 => (None, None),
        None => (None, Some(sampled(assembly, key)?)),
    };
    let trainer = &assembly.trainer;
    let modes_true = assembly.exact.as_ref().zip(assembly.mode_log_reward).map(|(e, t)| e.n_modes(t));
    Ok(Evaluation {
        step: trainer.steps(),
        trajectories,
        transitions,
        reward_calls,
        loss,
        modes: trainer.modes(),
        modes_true,
        exact,
        sampled,
    })
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
    /// log Z as learned, or as estimated from samples where the space is not enumerated.
    pub fn log_z(&self) -> Option<f64> {
        self.exact.map(|e| e.log_z).or(self.sampled.map(|s| s.log_z.value))
    }

    /// The lower bound of log Z.
    pub fn elbo(&self) -> Option<f64> {
        self.exact.map(|e| e.elbo).or(self.sampled.map(|s| s.elbo.value))
    }

    /// The upper bound of log Z.
    pub fn eubo(&self) -> Option<f64> {
        self.exact.map(|e| e.eubo).or(self.sampled.map(|s| s.eubo.value))
    }

    /// Correlation of log p and log R.
    pub fn pearson(&self) -> Option<f64> {
        self.exact.map(|e| e.pearson).or(self.sampled.map(|s| s.pearson.value))
    }

    /// The evaluation as JSON, with the names of the glossary. Intervals are `[low, high]` under `…_interval`.
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
        put("modes_true", json!(self.modes_true));
        if let Some(e) = self.exact {
            let d = e.divergence;
            for (name, value) in [
                ("tv", d.tv),
                ("jsd", d.jsd),
                ("kl_target_model", d.kl_target_model),
                ("kl_model_target", d.kl_model_target),
                ("log_z", e.log_z),
                ("log_z_true", e.log_z_true),
                ("elbo", e.elbo),
                ("eubo", e.eubo),
                ("pearson", e.pearson),
                ("mean_reward_ratio", e.mean_reward_ratio),
            ] {
                put(name, json!(value));
            }
        }
        if let Some(s) = self.sampled {
            for (name, e) in [
                ("log_z", s.log_z),
                ("elbo", s.elbo),
                ("eubo", s.eubo),
                ("pearson", s.pearson),
                ("spearman", s.spearman),
            ] {
                put(name, json!(e.value));
                put(&format!("{name}_interval"), json!([e.low, e.high]));
            }
            put("ess", json!(s.ess));
            put("samples", json!(s.samples));
            put("objects", json!(s.objects));
        }
        Json::Object(out)
    }
}
