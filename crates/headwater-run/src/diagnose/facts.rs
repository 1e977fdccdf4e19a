//! Everything that checks look at, gathered in one place.

use std::path::Path;

use headwater_core::Key;
use headwater_exact::{Divergence, log_terminating};
use headwater_report::Columns;
use headwater_train::{
    Behaviour, ExactReport, LogProbError, SampledReport, Sampler, TrainConfig, evaluate_sampled,
};

use crate::assemble::{Assembly, Purpose, assemble, key};
use crate::door::{Reading, configuration};
use crate::session::SessionError;
use crate::task::Task;
use crate::{Checked, Drawn, Manifest, RunDir, Status, View};

/// Trajectories drawn from the policy, at most.
const DRAWS: usize = 4096;

/// Objects whose log p̂ is estimated, at most.
pub(super) const EVALUATED: usize = 512;

/// Objects whose trajectories are drawn back, and trajectories of each.
const OBJECTS: usize = 64;
const TRAJECTORIES: usize = 16;

/// One object that the policy made.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// The object's text.
    pub text: String,
    /// log R of the object.
    pub log_reward: f64,
    /// log-probability of its trajectory under P_F.
    pub log_pf: f64,
    /// log-probability of its trajectory given the object, under P_B.
    pub log_pb: f64,
    /// Edges of its trajectory, if known.
    pub len: Option<usize>,
    /// log p(x), where the space is enumerated.
    pub log_p: Option<f64>,
}

impl Draw {
    /// log R + log P_B − log P_F: the log of the trajectory's importance weight.
    pub fn log_weight(&self) -> f64 {
        self.log_reward + self.log_pb - self.log_pf
    }
}

impl From<Drawn> for Draw {
    fn from(Drawn { text, log_reward, log_pf, log_pb }: Drawn) -> Self {
        Self { text, log_reward, log_pf, log_pb, len: None, log_p: None }
    }
}

/// How the last update acted, and by what it was taught.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acting {
    /// Probability of a uniform action.
    pub epsilon: f64,
    /// Temperature of the forward policy.
    pub temperature: f64,
    /// Power of the reward that was learned.
    pub power: f64,
    /// Updates between drawing a batch and learning from it.
    pub lag: u64,
    /// Share of what each update learned from that was drawn back from objects, given or replayed.
    pub given: f64,
}

/// What is known of a run.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The run.
    pub run: String,
    /// What a person should know of its files.
    pub cautions: Vec<String>,
    /// How it stands.
    pub status: Status,
    /// Why it ended so.
    pub reason: Option<String>,
    /// Is its process gone without a word?
    pub dead: bool,
    /// Updates that the configuration asks for.
    pub total: u64,
    /// `steps.csv`.
    pub steps: Columns,
    /// Effective sample size, as a share, at the last evaluation, if that was by sampling.
    pub ess: Option<f64>,
    /// How it acted in the end.
    pub acting: Result<Acting, String>,
    /// log of the least reward, if there is one.
    pub log_floor: Option<f64>,
    /// Do scores come from outside the environment?
    pub is_oracle: bool,
    /// Was nothing asked for, because scores have to be paid for or waited for?
    pub is_unasked: bool,
    /// Objects drawn from the final policy, or why there are none.
    pub draws: Result<Vec<Draw>, String>,
    /// Distinct objects among those drawn without a score, and how many were asked for.
    pub unscored: Result<(usize, usize), String>,
    /// Per object, log P_F − log P_B of trajectories drawn back from it.
    pub paths: Result<Vec<Vec<f64>>, String>,
    /// Sampled evaluation.
    pub sampled: Result<SampledReport, String>,
    /// Exact evaluation, where the space is enumerated.
    pub truth: Option<ExactReport>,
    /// Mean entropy of a choice, in nats, of the policy whose flow is the target's, where the space is enumerated.
    pub target_entropy: Option<f64>,
}

impl Facts {
    /// What the files alone say; nothing is known of the policy but its last evaluation.
    pub fn of_view(view: &View, now_unix_s: u64) -> Self {
        let unknown = || "that needs more than the tables".to_owned();
        let last = |name: &str| view.metrics.last(name);
        let or_nan = |name: &str| last(name).unwrap_or(f64::NAN);
        let truth = last("log_z_true").map(|log_z_true| ExactReport {
            divergence: Divergence {
                tv: or_nan("tv"),
                jsd: or_nan("jsd"),
                kl_target_model: or_nan("kl_target_model"),
                kl_model_target: or_nan("kl_model_target"),
            },
            log_z_learned: last("log_z_learned"),
            log_z_true,
            elbo: or_nan("elbo"),
            eubo: or_nan("eubo"),
            pearson: last("pearson"),
            mean_reward_ratio: or_nan("mean_reward_ratio"),
        });
        Self {
            run: String::new(),
            cautions: Vec::new(),
            status: view.manifest.status,
            dead: view.is_dead(now_unix_s),
            reason: view.manifest.reason.clone(),
            total: view.total.unwrap_or(0),
            steps: view.steps.clone(),
            ess: last("ess"),
            acting: Err(unknown()),
            log_floor: None,
            is_oracle: false,
            is_unasked: false,
            draws: Err(unknown()),
            unscored: Err(unknown()),
            paths: Err(unknown()),
            sampled: Err(unknown()),
            truth,
            target_entropy: None,
        }
    }

    /// Reads the files of the run in `path`, rebuilds its policy, and draws from it. What cannot be had is said where
    /// it is missing. Scores that have to be asked for are spent on `samples` trajectories, or on as many as the
    /// configuration says.
    ///
    /// # Errors
    /// If it is not a run, or its configuration cannot be read.
    pub fn gather(path: &Path, samples: Option<usize>) -> Result<Self, SessionError> {
        let mut reading = Reading::open(path)?;
        let loaded = reading.load();
        let Reading { dir, checked, cautions } = reading;
        let train: TrainConfig = checked.read("train");
        let view = View::of(path)?;
        let at = view.steps.last("step").map_or(0, |step| step as u64);
        let mut facts = Self {
            run: path.display().to_string(),
            total: train.steps,
            acting: Ok(Acting {
                epsilon: train.epsilon.at(at.saturating_sub(1)),
                temperature: train.temperature.at(at.saturating_sub(1)),
                power: train.reward_power.at(at.saturating_sub(1)),
                lag: train.lag,
                given: (train.replay + train.data.as_ref().map_or(0, |_| train.given())) as f64
                    / (train.replay + train.batch) as f64,
            }),
            is_oracle: headwater_envs::find(checked.kind("env"))
                .is_none_or(|env| env.reward(checked.kind("reward")).is_none()),
            // The policy itself is asked, not what was written of it.
            truth: None,
            cautions,
            ..Self::of_view(&view, Manifest::now_unix_s())
        };
        match loaded {
            Ok(mut assembly) => facts.ask(&checked, &mut assembly, &dir, samples),
            Err(e) => {
                let first = e.problems().first.first().map_or_else(|| e.to_string(), |p| p.what.clone());
                facts.lack(&format!("the policy cannot be had: {first}"));
            }
        }
        Ok(facts)
    }

    /// Says why nothing of the policy is known.
    fn lack(&mut self, why: &str) {
        self.draws = Err(why.to_owned());
        self.unscored = Err(why.to_owned());
        self.paths = Err(why.to_owned());
        self.sampled = Err(why.to_owned());
    }

    /// Looks at the policy of `assembly`. Scores that somebody has to give are not asked for without a word: those that were
    /// kept have to do, or the run's own samples.
    fn ask(&mut self, checked: &Checked, assembly: &mut Assembly, dir: &RunDir, samples: Option<usize>) {
        assembly.eval.samples = match (samples, assembly.eval.samples, &assembly.exact) {
            (Some(n), ..) => n.max(2),
            // Every object of an enumerated space has been scored already.
            (None, 0, Some(_)) => DRAWS,
            (None, n, _) => n,
        };
        let key = key(assembly.seed, Purpose::Diagnose);
        if let Ok(task) = Task::build(checked) {
            self.log_floor = task.scorer.transform().log_floor();
        }
        if assembly.eval.samples > 0 {
            return self.look(checked, assembly, key);
        }
        // Scores that were kept cost nothing. Are there enough of them?
        if let Some((checked, mut kept)) = kept(dir, assembly) {
            self.look(&checked, &mut kept, key);
            if self.draws.is_ok() {
                return self.say_unasked();
            }
        }
        self.lack(UNASKED);
        self.is_unasked = true;
        if dir.samples_path().exists() {
            self.draws =
                dir.samples().map(|kept| kept.into_iter().map(Draw::from).collect()).map_err(|p| p.what);
        }
    }

    /// What is missing of an evaluation by scores that were kept is missing for want of others.
    fn say_unasked(&mut self) {
        let errors = [self.unscored.as_mut().err(), self.paths.as_mut().err(), self.sampled.as_mut().err()];
        for error in errors.into_iter().flatten() {
            UNASKED.clone_into(error);
            self.is_unasked = true;
        }
    }

    /// Draws from the policy of `assembly`, and evaluates it.
    fn look(&mut self, checked: &Checked, assembly: &mut Assembly, key: Key) {
        match draw(assembly, key.fold(0)) {
            Ok(draws) => self.draws = Ok(draws),
            Err(why) => self.lack(&why),
        }
        if let (Ok(draws), Some(exact)) = (&mut self.draws, &mut assembly.exact) {
            let policies = exact.policies(&mut assembly.trainer.policy());
            let log_p = log_terminating(exact.graph(), &policies.forward);
            for draw in draws {
                let state = exact.graph_mut().find(&draw.text).ok().flatten();
                draw.log_p = state.map(|s| log_p[s]);
            }
            self.truth = Some(exact.compare(&policies));
            self.target_entropy = Some(exact.target_entropy(&policies));
        }
        if let Ok(draws) = &self.draws {
            let texts = distinct(draws);
            self.unscored = unscored(checked, &texts);
            self.paths = paths(assembly, &texts, key.fold(1));
            let e = &assembly.eval;
            let (samples, objects) = (e.samples.min(DRAWS), e.objects.min(EVALUATED));
            let view = &mut assembly.trainer.policy();
            let report = evaluate_sampled(view, samples, objects, e.backward_samples.min(32), key.fold(2));
            self.sampled = report.map_err(|e| e.to_string());
        }
    }
}

/// Why something is not known where nothing was asked for.
const UNASKED: &str = "it needs scores that your program or service would have to give";

/// The policy of `assembly` where no score may be asked for, so that those of the ledger are all there are: with the whole
/// space, if all of that is known. `None` if there is no such thing.
fn kept(dir: &RunDir, assembly: &Assembly) -> Option<(Checked, Assembly)> {
    let state = assembly.trainer.state();
    let cap = format!("eval.exact_cap={}", assembly.eval.exact_cap);
    let nothing = ["ledger.max_calls=0".to_owned(), format!("eval.samples={DRAWS}")];
    let all = [&nothing[..], &[cap]].concat();
    for sets in [&all[..], &nothing] {
        let (checked, _) = configuration(dir, sets).ok()?;
        // A space of which not everything is known fails, and then its objects may still be.
        if let Ok(mut kept) = assemble(&checked) {
            kept.trainer.restore(state).ok()?;
            return Some((checked, kept));
        }
    }
    None
}

fn draw(assembly: &mut Assembly, key: Key) -> Result<Vec<Draw>, String> {
    // What is paid for is asked for as far as the configuration goes.
    let n = DRAWS.min(assembly.eval.samples);
    let mut draws = Vec::with_capacity(n);
    let view = &mut assembly.trainer.policy();
    let mut sampler = Sampler::new(view);
    let drawn = sampler.draw(view, n, Behaviour::ON_POLICY, key, &mut |s| {
        draws.push(Draw {
            text: s.text,
            log_reward: s.log_reward,
            log_pf: s.log_pf,
            log_pb: s.log_pb,
            len: Some(s.transitions),
            log_p: None,
        });
    });
    drawn.map_err(|e| format!("objects of the policy cannot be scored: {e}"))?;
    Ok(draws)
}

/// The distinct texts of draws, in the order of their first appearance.
fn distinct(draws: &[Draw]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    draws.iter().map(|d| d.text.as_str()).filter(|&text| seen.insert(text)).collect()
}

/// How many of the objects have no score.
fn unscored(checked: &Checked, texts: &[&str]) -> Result<(usize, usize), String> {
    let mut task = Task::build(checked).map_err(|p| p.what)?;
    let (mut none, lanes) = (0, 256);
    for chunk in texts.chunks(lanes) {
        task.sim.reset(chunk.len());
        for (lane, text) in chunk.iter().enumerate() {
            task.sim.load(lane as u32, text).map_err(|e| e.to_string())?;
        }
        let all: Vec<u32> = (0..chunk.len() as u32).collect();
        let mut scores = vec![0.0; chunk.len()];
        task.scorer.score(&*task.sim, &all, &mut scores).map_err(|e| e.to_string())?;
        none += scores.iter().filter(|y| y.is_nan()).count();
    }
    Ok((none, texts.len()))
}

/// Per object, log P_F − log P_B of trajectories drawn back from it.
fn paths(assembly: &mut Assembly, texts: &[&str], key: Key) -> Result<Vec<Vec<f64>>, String> {
    let view = &mut assembly.trainer.policy();
    let mut sampler = Sampler::new(view);
    let mut all = Vec::with_capacity(OBJECTS);
    for (i, text) in texts.iter().take(OBJECTS).enumerate() {
        let found = sampler.log_ratios(view, text, TRAJECTORIES, key.fold(i as u64));
        all.push(found.map_err(|e: LogProbError| e.to_string())?);
    }
    Ok(all)
}
