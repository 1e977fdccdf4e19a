//! A run: training with its cadence of evaluations, checkpoints and files; interrupted and resumed without a trace.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use headwater_core::SettingError;
use headwater_rewards::{Receipt, RewardError};
use headwater_train::{Behaviour, Sampler, StateMismatch, StepError, StepReport};
use serde_json::json;

use crate::account::Account;
use crate::assemble::{Assembly, GFLOWNET, Purpose, RESUMABLE, assemble_for, key};
use crate::door::configuration;
use crate::evaluation::{Evaluation, METRICS, evaluate_while};
use crate::saved::{pack, unpack};
use crate::task::{NotExact, Use};
use crate::{
    Cell, Checked, Checkpoints, Coverage, Manifest, Problem, Problems, RunDir, RunError, Status, Table,
    Warning,
};

/// Columns of `steps.csv`. `log_z_learned` is empty unless log Z is a parameter of the objective; `log_scale` is the common
/// scale of all flows of objectives that learn flows, and empty for the others.
pub const STEPS: &[&str] = &[
    "step",
    "wall_s",
    "loss",
    "residual_rms",
    "log_z_learned",
    "log_scale",
    "mean_len",
    "log_reward_mean",
    "entropy",
    "grad_norm",
];

/// Time between signs of life in the manifest.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Why a run could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The configuration is wrong, or cannot be built.
    #[error("the configuration cannot be used")]
    Config(Problems),
    /// The files cannot be read or written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An update failed; the run is saved as it was before.
    #[error(transparent)]
    Step(#[from] StepError),
    /// A reward failed outside an update.
    #[error(transparent)]
    Reward(#[from] RewardError),
    /// The checkpoint belongs to another configuration.
    #[error(transparent)]
    State(#[from] StateMismatch),
}

impl SessionError {
    /// What a person should read, with hints.
    pub fn problems(&self) -> Problems {
        match self {
            Self::Config(problems) => problems.clone(),
            Self::Run(e) => Problem::from(e).into(),
            Self::Step(StepError::NotFinite { .. }) => Problems::from(Problem::new(self.to_string()).hint(
                "what was done before is saved; try a smaller `train.lr` or `train.clip`, or set `reward.floor`".to_owned(),
            )),
            other => Problem::new(other.to_string()).into(),
        }
    }
}

/// Who watches a run.
pub trait Observer {
    /// After every update.
    fn step(&mut self, report: &StepReport);
    /// After every evaluation.
    fn evaluated(&mut self, evaluation: &Evaluation);
    /// Something that a person should know.
    fn note(&mut self, text: &str);
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Finished, interrupted or spent.
    pub status: Status,
    /// Which budget was spent, if one was.
    pub spent: Option<String>,
    /// The last evaluation, if it finished.
    pub evaluation: Option<Evaluation>,
    /// Seconds spent on updates in this process.
    pub train_s: f64,
    /// Updates made in this process.
    pub updates: u64,
    /// Edges trained on in this process.
    pub transitions: u64,
    /// Trajectories in this process.
    pub trajectories: u64,
}

/// A run that this process works on.
pub struct Session {
    assembly: Assembly,
    dir: RunDir,
    manifest: Manifest,
    metrics: Table,
    steps: Table,
    checkpoints: Checkpoints,
    last: StepReport,
    /// Notes for the observer that came up before there was one.
    notes: Vec<String>,
    /// What the configuration says in vain.
    warnings: Vec<Warning>,
}

impl Session {
    /// A new run, in a numbered directory below `parent`, or in `out` if given. The configuration is on disk before
    /// any work is done.
    ///
    /// # Errors
    /// If the configuration cannot be built or the directory cannot be made.
    pub fn create(checked: &Checked, parent: &Path, out: Option<&Path>) -> Result<Self, SessionError> {
        if checked.kind("method") != GFLOWNET.name {
            let error = SettingError::at("kind", "only a `gflownet` is trained and kept as a run");
            let problem = checked.blame("method", &error.hint("`headwater compare` plays every method"));
            return Err(SessionError::Config(problem.into()));
        }
        let account = Account::of_new_run();
        let assembly = assemble_for(checked, &account, Use::Work).map_err(SessionError::Config)?;
        let fingerprint = checked.fingerprint(RESUMABLE);
        let version = env!("CARGO_PKG_VERSION");
        let now = Manifest::now_unix_s();
        let cpu = format!("{:?}", headwater_nn::Isa::detect()).to_lowercase();
        let manifest = Manifest::new(version, &cpu, assembly.threads, assembly.seed as i64, fingerprint, now);
        let config = account.written_down(checked).resolved();
        let dir = match out {
            Some(path) => RunDir::create_at(path, &config, &manifest)?,
            None => {
                let usual = format!("{}-{}", checked.kind("env"), checked.kind("objective"));
                RunDir::create(parent, assembly.run.name.as_ref().unwrap_or(&usual), &config, &manifest)?
            }
        };
        account.settle(&dir)?;
        let session = Self::open(assembly, dir, manifest, checked.warnings())?;
        session.note_space()?;
        Ok(session)
    }

    /// Continues the run in `path` from its newest whole checkpoint, with `sets` overriding its configuration.
    ///
    /// # Errors
    /// If it is not a run, is in use, or an override would change what was already done.
    pub fn resume(path: &Path, sets: &[String]) -> Result<Self, SessionError> {
        let dir = RunDir::resume(path)?;
        let (checked, fingerprint) = configuration(&dir, sets)?;
        let manifest = dir.manifest()?;
        if fingerprint != manifest.fingerprint {
            let what = "a resumed run must go on as it began, and this changes what was already done";
            return Err(refused(what.to_owned(), format!("these may change: {}", RESUMABLE.join(", "))));
        }
        let account = Account::of(&dir)?;
        let assembly = assemble_for(&checked, &account, Use::Work).map_err(SessionError::Config)?;
        dir.rename_columns()?;
        let manifest = manifest.resume(Manifest::now_unix_s());
        let lost = dir.lost_tables()?;
        let config = account.written_down(&checked).resolved();
        let mut session = Self::open(assembly, dir, manifest, checked.warnings())?;
        session.notes.extend(lost.iter().map(|table| format!("{table} is missing or empty: it begins anew")));
        session.notes.extend(account.changes());
        session.restore()?;
        session.dir.write_config(&config)?;
        account.settle(&session.dir)?;
        session.dir.write_manifest(&session.manifest)?;
        // The run may have been killed before this was written.
        session.note_space()?;
        Ok(session)
    }

    fn open(
        mut assembly: Assembly,
        dir: RunDir,
        manifest: Manifest,
        warnings: Vec<Warning>,
    ) -> Result<Self, SessionError> {
        warnings.iter().try_for_each(|warning| dir.log(&warning.to_string()))?;
        let notes = std::mem::take(&mut assembly.notes);
        let (metrics, steps) = (dir.metrics(METRICS)?, dir.steps(STEPS)?);
        let checkpoints = dir.checkpoints(assembly.run.keep_checkpoints);
        // The loss is that of an update, and there was none yet.
        let last = StepReport { loss: f64::NAN, ..StepReport::default() };
        Ok(Self { assembly, dir, manifest, metrics, steps, checkpoints, last, notes, warnings })
    }

    fn restore(&mut self) -> Result<(), SessionError> {
        if let Some(loaded) = self.checkpoints.load_latest()? {
            self.notes.extend(loaded.cautions());
            let state = unpack(&loaded.checkpoint, &self.assembly.trainer)?;
            self.assembly.trainer.restore(state)?;
            self.checkpoints.settle(loaded.checkpoint.step)?;
        } else {
            self.notes.push("there is no checkpoint yet: training starts over".to_owned());
        }
        let (step, total) = (self.assembly.trainer.steps(), self.assembly.train.steps);
        if step > total {
            let what = format!("the run has made {step} updates already, more than `train.steps` = {total}");
            return Err(refused(what, "a resumed run can be given more updates, not fewer".to_owned()));
        }
        self.metrics.truncate_after(step)?;
        self.steps.truncate_after(step)?;
        Ok(())
    }

    fn note_space(&self) -> Result<(), RunError> {
        let Some(exact) = &self.assembly.exact else { return Ok(()) };
        let g = exact.graph();
        self.dir.write_exact(&json!({
            "n_states": g.n_states(),
            "n_edges": g.n_edges(),
            "n_objects": g.n_objects(),
            "log_z": exact.log_z(),
        }))
    }

    /// What the configuration says in vain; it is in the run's log already.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The run directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What was built.
    pub fn assembly(&mut self) -> &mut Assembly {
        &mut self.assembly
    }

    /// What this process was given for scores, and what was known already, if they are paid for.
    pub fn receipt(&mut self) -> Option<Receipt> {
        self.assembly.trainer.oracle().receipt().filter(|_| self.assembly.is_paid)
    }

    /// Why the space is not enumerated, if it is not.
    pub fn not_exact(&self) -> Option<&NotExact> {
        self.assembly.not_exact.as_ref()
    }

    /// How many of the space's objects the reward's table has, if the reward is a table.
    pub fn coverage(&mut self) -> Option<Coverage> {
        let Assembly { trainer, exact, seed, .. } = &mut self.assembly;
        let sim = trainer.simulator();
        Coverage::new(trainer.oracle(), &*sim, exact.as_ref(), key(*seed, Purpose::Coverage))
    }

    /// Trains to the end, or until `interrupted` is set; either way everything is saved.
    ///
    /// # Errors
    /// If an update, a reward or a file fails. What was done before is saved as far as files can be written, and the
    /// manifest says why.
    pub fn run(
        &mut self,
        interrupted: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, SessionError> {
        self.tell(observer)?;
        let outcome = self.work(interrupted, observer);
        let (status, reason) = match &outcome {
            Ok(outcome) => (outcome.status, outcome.spent.clone()),
            Err(e) => (Status::Failed, Some(e.to_string())),
        };
        // If the disk is full, none of this can be written, and the outcome says so.
        let logged = reason.as_ref().map_or(Ok(()), |reason| self.dir.log(reason));
        self.manifest = self.manifest.clone().end(status, reason, Manifest::now_unix_s());
        let written = self.dir.write_manifest(&self.manifest);
        let outcome = outcome?;
        logged.and(written)?;
        Ok(outcome)
    }

    /// Says and logs what came up.
    fn tell(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        for note in std::mem::take(&mut self.notes) {
            observer.note(&note);
            self.dir.log(&note)?;
        }
        Ok(())
    }

    fn work(
        &mut self,
        interrupted: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, SessionError> {
        let total = self.assembly.train.steps;
        let eval_every = match self.assembly.eval.every {
            0 => (total / 10).max(1),
            n => n,
        };
        let (start, mut train_s, mut beat) = (Instant::now(), 0.0, Instant::now());
        let first = self.assembly.trainer.steps();
        let seen = self.assembly.trainer.seen();
        let (mut evaluation, mut cut) = (None, None);
        let mut saved = first;
        if self.owes_evaluation(eval_every, total)?
            && let Some(done) = afforded(self.evaluate(interrupted), &mut cut)?.flatten()
        {
            self.notes.extend(self.metrics.mend()?);
            self.metrics.append(&done.row(start.elapsed().as_secs_f64()))?;
            observer.evaluated(&done);
            evaluation = (first == total).then_some(done);
        }
        while cut.is_none() && self.assembly.trainer.steps() < total {
            if interrupted.load(Ordering::Relaxed) {
                break;
            }
            let before = Instant::now();
            let updated = self.assembly.trainer.step();
            train_s += before.elapsed().as_secs_f64();
            self.last = match updated {
                Ok(report) => report,
                Err(StepError::Reward(e @ RewardError::Spent { .. })) => {
                    cut = Some(Cut::Spent(e.to_string()));
                    break;
                }
                // The update is made again when the run goes on.
                Err(StepError::Reward(RewardError::Interrupted { .. })) => {
                    cut = Some(Cut::Left);
                    break;
                }
                Err(e) => {
                    // The state before the failed update is good; it is saved so that nothing is lost.
                    if self.assembly.trainer.steps() > saved {
                        self.save()?;
                    }
                    return Err(e.into());
                }
            };
            observer.step(&self.last);
            let step = self.last.step;
            if step.is_multiple_of(self.assembly.run.log_every) || step == total {
                self.log_step(start.elapsed().as_secs_f64())?;
                self.log_oracle()?;
                self.tell(observer)?;
            }
            if step.is_multiple_of(eval_every) || step == total {
                let Some(done) = afforded(self.evaluate(interrupted), &mut cut)?.flatten() else { break };
                self.notes.extend(self.metrics.mend()?);
                self.metrics.append(&done.row(start.elapsed().as_secs_f64()))?;
                self.tell(observer)?;
                observer.evaluated(&done);
                evaluation = (step == total).then_some(done);
            }
            if step.is_multiple_of(self.assembly.run.checkpoint_every) {
                self.save()?;
                saved = step;
            }
            if beat.elapsed() > HEARTBEAT {
                beat = Instant::now();
                self.manifest.heartbeat_unix_s = Manifest::now_unix_s();
                self.dir.write_manifest(&self.manifest)?;
            }
        }
        let step = self.assembly.trainer.steps();
        if step > saved || step == 0 {
            self.save()?;
        }
        let mut finished = step >= total;
        if finished && cut.is_none() {
            if evaluation.is_none() {
                evaluation = afforded(self.evaluate(interrupted), &mut cut)?.flatten();
                finished = evaluation.is_some();
            }
            // A list that was interrupted is begun again when the run is resumed.
            finished = finished && afforded(self.write_samples(interrupted), &mut cut)?.unwrap_or(true);
        }
        self.log_oracle()?;
        let (trajectories, transitions) = self.assembly.trainer.seen();
        Ok(Outcome {
            status: match &cut {
                Some(Cut::Spent(_)) => Status::Spent,
                None if finished => Status::Finished,
                Some(Cut::Left) | None => Status::Interrupted,
            },
            spent: cut.and_then(|cut| if let Cut::Spent(why) = cut { Some(why) } else { None }),
            evaluation,
            train_s,
            updates: step - first,
            trajectories: trajectories - seen.0,
            transitions: transitions - seen.1,
        })
    }

    /// Was the evaluation after the last update interrupted?
    fn owes_evaluation(&self, every: u64, total: u64) -> Result<bool, RunError> {
        let step = self.assembly.trainer.steps();
        let due = step > 0 && (step.is_multiple_of(every) || step == total);
        Ok(due && self.metrics.last_step()? != Some(step))
    }

    /// Evaluates the policy as it is; `None` if that was interrupted.
    fn evaluate(&mut self, interrupted: &AtomicBool) -> Result<Option<Evaluation>, SessionError> {
        let step = self.assembly.trainer.steps();
        let key = key(self.assembly.seed, Purpose::Eval).fold(step);
        let go_on = || !interrupted.load(Ordering::Relaxed);
        Ok(evaluate_while(&mut self.assembly, self.last.loss, key, &go_on)?)
    }

    fn log_step(&mut self, wall_s: f64) -> Result<(), RunError> {
        let (r, entropy) = (&self.last, self.assembly.trainer.entropy());
        let needs = self.assembly.trainer.needs();
        let if_so = |so: bool| if so { Cell::Real(r.log_z) } else { Cell::Empty };
        let mut row = vec![Cell::Int(r.step)];
        row.extend([wall_s, r.loss, r.residual_rms].map(Cell::Real));
        row.extend([if_so(needs.log_z), if_so(!needs.log_z && (needs.flow || needs.inflow))]);
        row.extend([r.mean_len, r.log_reward_mean, entropy, r.grad_norm].map(Cell::Real));
        self.notes.extend(self.steps.mend()?);
        self.steps.append(&row)
    }

    /// Writes down what the reward's program has said on the side.
    fn log_oracle(&mut self) -> Result<(), RunError> {
        let said = self.assembly.trainer.oracle().take_log();
        if said.is_empty() { Ok(()) } else { self.dir.log(&said) }
    }

    fn save(&mut self) -> Result<PathBuf, RunError> {
        self.checkpoints.save(&pack(&self.assembly.trainer.state()))
    }

    /// Draws the final samples, and writes them as they come; `false` if that was interrupted.
    fn write_samples(&mut self, interrupted: &AtomicBool) -> Result<bool, SessionError> {
        let n = self.assembly.run.samples;
        if n == 0 {
            return Ok(true);
        }
        let key = key(self.assembly.seed, Purpose::Sample);
        let mut view = self.assembly.trainer.policy();
        let (mut stopped, mut failed) = (false, None);
        let written = self.dir.write_samples(|out| {
            let mut written = Ok(());
            let mut sampler = Sampler::new(&view);
            let drawn = sampler.draw_while(&mut view, n, Behaviour::ON_POLICY, key, &mut |batch| {
                for s in batch {
                    written = out.write(&s.text, s.log_reward, s.log_pf, s.log_pb, "policy");
                    if written.is_err() {
                        return ControlFlow::Break(());
                    }
                }
                stopped = interrupted.load(Ordering::Relaxed);
                if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            failed = drawn.err();
            // What is not whole is not kept.
            if stopped || failed.is_some() { Err(io::ErrorKind::Interrupted.into()) } else { written }
        });
        match failed {
            Some(e) => Err(e.into()),
            None if stopped => Ok(false),
            None => Ok(written.map(|_| true)?),
        }
    }
}

/// Why scores that were asked for did not come.
enum Cut {
    /// The budget is spent, in these words.
    Spent(String),
    /// Whoever waited has left.
    Left,
}

/// What was done, or `None` and why if the scores for it did not come.
fn afforded<T>(done: Result<T, SessionError>, cut: &mut Option<Cut>) -> Result<Option<T>, SessionError> {
    *cut = Some(match done {
        Ok(done) => return Ok(Some(done)),
        Err(SessionError::Reward(e @ RewardError::Spent { .. })) => Cut::Spent(e.to_string()),
        Err(SessionError::Reward(RewardError::Interrupted { .. })) => Cut::Left,
        Err(e) => return Err(e),
    });
    Ok(None)
}

fn refused(what: String, hint: String) -> SessionError {
    SessionError::Config(Problem::new(what).hint(hint).into())
}
