//! From a checked configuration to a trainer: the one place that knows every registry.

use std::sync::Arc;

use headwater_core::settings::{File, NoSettings, SettingError, settings};
use headwater_core::{
    BackwardHead, Encoding, Entry, Estimator, Heads, Key, Objective, Play, Regression, Settings, Simulator,
    Stop,
};
use headwater_envs::Registered;
use headwater_envs::composite::{Composite, PartConfig as EnvPartConfig};
use headwater_nn::{Guided, Mlp, MlpConfig, Pool};
use headwater_rewards::{Asking, Budget, COMBINATION, Scorer, TransformConfig};
use headwater_train::{
    Backward, BackwardKind, EvalConfig, Exact, Parts as TrainerParts, PathCounts, PolicyConfig, TrainConfig,
    Trainer, table,
};

use crate::account::Account;
use crate::task::{LedgerConfig, NotExact, Task, Use, part_fields};
use crate::{Checked, KindSpec, Kinds, Menu, Parts, Problem, Problems, Schema, SectionSpec, memory};

settings! {
    /// Top-level settings.
    pub struct TopConfig {
        /// Seed of everything random: the same seed gives the same bits.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

settings! {
    /// Settings that every objective shares.
    pub struct LossConfig {
        /// Regression loss applied to the objective's residuals.
        loss: Regression = "\"squared\"", Kind::Choice(Regression::NAMES);
    }
}

settings! {
    /// Settings of the run directory.
    pub struct RunConfig {
        /// First part of the run directory's name; the environment and the objective if left out.
        name: Option<String>, Kind::Text;
        /// Updates between checkpoints; there is one at the end in any case.
        checkpoint_every: u64 = "1000", Kind::Int { min: 1, max: i64::MAX };
        /// Checkpoints kept.
        keep_checkpoints: usize = "3", Kind::Int { min: 1, max: 1_000_000 };
        /// Updates between rows of `steps.csv`.
        log_every: u64 = "50", Kind::Int { min: 1, max: i64::MAX };
        /// Objects sampled into `samples.csv` at the end.
        samples: usize = "1000", Kind::Int { min: 0, max: 1_000_000_000 };
    }
}

/// The kinds of policies.
pub const POLICIES: &[Entry] = &[
    Entry {
        name: "mlp",
        summary: "a multi-layer perceptron, native and differentiated by hand",
        formula: "h = φ(W x + b), layer by layer; linear heads",
        reference: "Malkin et al., Trajectory balance, arXiv:2201.13259, use two layers of 256 units",
        fields: MlpConfig::FIELDS,
    },
    Entry {
        name: "tabular",
        summary: "a table with one row per state, for spaces that can be enumerated",
        formula: "heads(s) = table[s]",
        reference: "Bengio et al., GFlowNet Foundations, arXiv:2111.09266",
        fields: NoSettings::FIELDS,
    },
];

/// The method that is no rival.
pub const GFLOWNET: Entry = Entry {
    name: "gflownet",
    summary: "a generative flow network: the policy, the objective and the training of the configuration",
    formula: "p(x) = R(x)/Z at the minimum of the objective",
    reference: "Bengio et al. 2021, arXiv:2106.04399",
    fields: NoSettings::FIELDS,
};

/// Every method: the GFlowNet, then its rivals by name.
pub fn methods() -> impl Iterator<Item = &'static Entry> {
    [&GFLOWNET].into_iter().chain(headwater_rivals::methods().iter().map(|m| &m.entry))
}

/// The shape of a configuration with everything that is registered.
pub fn schema() -> Schema {
    let env = Kinds {
        noun: "environment",
        list: Some("headwater list envs"),
        required: true,
        after: None,
        menu: |_| Menu {
            kinds: headwater_envs::registry().iter().map(|e| KindSpec::from(&e.entry)).collect(),
            default: None,
        },
    };
    let env_parts = Parts {
        of: Composite::ENTRY.name,
        doc: "a part of what is built",
        fields: EnvPartConfig::FIELDS.to_vec(),
        kinds: Kinds { menu: env_parts, ..env },
    };
    let reward = Kinds { noun: "reward", list: None, required: true, after: Some("env"), menu: rewards };
    let part = Kinds { menu: scores, ..reward };
    let parts = Parts {
        of: COMBINATION.name,
        doc: "a score that a combination is made of",
        fields: part_fields(),
        kinds: part,
    };
    let policy = Kinds {
        noun: "policy",
        list: Some("headwater list policies"),
        required: false,
        after: None,
        menu: |_| Menu { kinds: POLICIES.iter().map(KindSpec::from).collect(), default: Some("mlp") },
    };
    let objective = Kinds {
        noun: "objective",
        list: Some("headwater list objectives"),
        required: false,
        after: None,
        menu: |_| Menu {
            kinds: headwater_objectives::registry().iter().map(|o| KindSpec::from(&o.entry)).collect(),
            default: Some("tb"),
        },
    };
    let method = Kinds {
        noun: "method",
        list: Some("headwater list methods"),
        required: false,
        after: None,
        menu: |_| Menu { kinds: methods().map(KindSpec::from).collect(), default: Some(GFLOWNET.name) },
    };
    let section = |name, doc, fields: &[_], kinds| SectionSpec {
        kinds: Some(kinds),
        ..SectionSpec::plain(name, doc, fields)
    };
    Schema {
        sections: vec![
            SectionSpec::plain("", "the run as a whole", TopConfig::FIELDS),
            SectionSpec { parts: Some(env_parts), ..section("env", "what is built", &[], env) },
            SectionSpec {
                parts: Some(parts),
                ..section(
                    "reward",
                    "what it is worth, and how scores become log R",
                    TransformConfig::FIELDS,
                    reward,
                )
            },
            section("policy", "what chooses", PolicyConfig::FIELDS, policy),
            section("objective", "what is minimised", LossConfig::FIELDS, objective),
            SectionSpec::plain("train", "how it is minimised", TrainConfig::FIELDS),
            section(
                "method",
                "what looks for objects: a GFlowNet, or a rival for `headwater compare`",
                &[],
                method,
            ),
            SectionSpec::plain("eval", "how the result is judged", EvalConfig::FIELDS),
            SectionSpec::plain("run", "what is written", RunConfig::FIELDS),
            SectionSpec::plain(
                "ledger",
                "what is paid for scores, and where they are kept",
                &[LedgerConfig::FIELDS, Budget::FIELDS].concat(),
            ),
        ],
    }
}

/// What a composite can be made of: every environment but a composite.
fn env_parts(_: &str) -> Menu {
    let simple = headwater_envs::registry().iter().filter(|e| e.entry.name != Composite::ENTRY.name);
    Menu { kinds: simple.map(|e| KindSpec::from(&e.entry)).collect(), default: None }
}

/// The rewards of an environment: its scores, and combinations of them.
fn rewards(env: &str) -> Menu {
    let mut menu = scores(env);
    menu.kinds.push(KindSpec::from(&COMBINATION));
    menu
}

/// The scores of an environment: its own, then the oracles that know no environment.
fn scores(env: &str) -> Menu {
    let native = headwater_envs::find(env).map_or(&[][..], |e| e.rewards);
    let oracles = headwater_rewards::oracles();
    Menu {
        kinds: native
            .iter()
            .map(|r| KindSpec::from(&r.entry))
            .chain(oracles.iter().map(|o| KindSpec::from(&o.entry)))
            .collect(),
        default: native.first().map(|r| r.entry.name),
    }
}

/// Keys that may change when a run is resumed: none of them changes an update that was already made.
pub const RESUMABLE: &[&str] = &[
    "train.steps",
    "train.threads",
    "eval.every",
    "eval.samples",
    "eval.objects",
    "eval.backward_samples",
    "run.name",
    "run.checkpoint_every",
    "run.keep_checkpoints",
    "run.log_every",
    "run.samples",
    "ledger.keep",
    "ledger.path",
    "ledger.max_calls",
    "ledger.max_seconds",
];

/// A configuration, built.
pub struct Assembly {
    /// The trainer, before its first update.
    pub trainer: Trainer,
    /// The enumerated space with its target, where it fits.
    pub exact: Option<Exact>,
    /// Why it is not enumerated, where it is not.
    pub not_exact: Option<NotExact>,
    /// log R from which on an object is a mode, if known.
    pub mode_log_reward: Option<f64>,
    /// Settings of training.
    pub train: TrainConfig,
    /// Settings of evaluation; `samples` is 0 where nothing is to be paid for it.
    pub eval: EvalConfig,
    /// Settings of the run directory; `samples` likewise.
    pub run: RunConfig,
    /// The seed.
    pub seed: u64,
    /// Threads in use.
    pub threads: usize,
    /// Is anything paid for in a score? Then no score is asked for without need.
    pub is_paid: bool,
    /// What whoever is to ask for scores should know.
    pub notes: Vec<String>,
}

/// Purposes of randomness, each a child of the seed's key.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// First weights.
    Init = 0,
    /// Trajectories of training.
    Train = 1,
    /// Evaluation.
    Eval = 2,
    /// Final samples.
    Sample = 3,
    /// Objects drawn to see how many a table covers.
    Coverage = 4,
    /// Objects drawn to check a run.
    Diagnose = 5,
    /// What a sampler is compared with: climbs, chains.
    Opinion = 6,
}

/// The key of a purpose.
pub fn key(seed: u64, purpose: Purpose) -> Key {
    Key::new(seed).fold(purpose as u64)
}

/// Builds everything that a configuration describes.
///
/// # Errors
/// Everything that cannot work together: see [`Task::build`]; an objective that the environment, the reward or the
/// policy cannot serve; a table or a MaxEnt backward policy over a space that cannot be enumerated.
pub fn assemble(checked: &Checked) -> Result<Assembly, Problems> {
    assemble_for(checked, &Account::default(), Use::Work)
}

/// The same, for the account of a run. To look at a run nothing is asked for that is paid for; see [`Trainer::restrict`].
pub(crate) fn assemble_for(checked: &Checked, account: &Account, purpose: Use) -> Result<Assembly, Problems> {
    let one = |p: Problem| Problems::from(p);
    let mut task = Task::build_for(checked, account, purpose).map_err(one)?;
    let spec = task.sim.spec();
    let (train, mut eval): (TrainConfig, EvalConfig) = (checked.read("train"), checked.read("eval"));
    let mut short = memory::training(&train, &eval, spec);
    if task.paid.is_empty() || !checked.section("eval").is_default("exact_cap") {
        short.extend(memory::enumeration(spec, &eval).map(|e| ("eval", e)));
    }
    if !short.is_empty() {
        let short = short.iter().map(|(section, e)| checked.blame(section, e));
        return Err(short.collect::<Vec<_>>().into());
    }
    let reads = purpose != Use::Work && !task.paid.is_empty();
    task.scorer.restrict(if reads { Asking::Nothing } else { Asking::All });
    let (exact, not_exact) = match task.enumerate(checked).map_err(one)? {
        Ok(exact) => (Some(exact), None),
        Err(why) => (None, Some(why)),
    };
    task.scorer.restrict(Asking::All);
    let Task { sim, mut scorer, paid, notes } = task;
    let mut run: RunConfig = checked.read("run");
    // What is paid for is not asked for without need.
    if !paid.is_empty() && checked.section("eval").is_default("samples") {
        eval.samples = 0;
    }
    if !paid.is_empty() && checked.section("run").is_default("samples") {
        run.samples = 0;
    }
    let objective_kind = checked.kind("objective");
    let entry =
        headwater_objectives::find(objective_kind).expect("the schema has registered objectives only");
    let objective = (entry.build)(&checked.section("objective").values);
    let LossConfig { loss } = checked.read("objective");
    let mut problems = unserved(checked, &*objective, &*sim, exact.as_ref(), &mut scorer);
    if train.reward_power.to != 1.0 {
        let message = format!(
            "`reward_power` ends at {}, expected 1: what is learned last is the target",
            train.reward_power.to
        );
        let error = SettingError::at("reward_power", message).hint("`reward.beta` changes the target itself");
        problems.push(checked.blame("train", &error));
    }
    let seed = checked.read::<TopConfig>("").seed;
    let pool = pool(&train);
    let threads = pool.threads();
    let init = key(seed, Purpose::Init);
    let estimator = estimator(checked, &*objective, &*sim, exact.as_ref(), &pool, init);
    let estimator = estimator.map_err(|p| problems.push(p)).ok();
    let backward = backward(checked, &*objective, exact.as_ref()).map_err(|p| problems.push(p)).ok();
    let (Some(estimator), Some(backward), true) = (estimator, backward, problems.is_empty()) else {
        return Err(problems.into());
    };
    let threshold = exact.as_ref().map(|e| e.mode_log_reward(eval.mode_fraction));
    let mode_log_reward = eval.mode_log_reward.or(threshold);
    let regression = loss;
    let parts =
        TrainerParts { sim, scorer, estimator, backward, objective, regression, mode_log_reward, pool };
    let mut trainer = Trainer::new(parts, &train, key(seed, Purpose::Train));
    if let Some(file) = &train.data {
        trainer = with_data(trainer, file).map_err(|e| one(checked.blame("train", &e)))?;
    }
    let is_paid = !paid.is_empty();
    Ok(Assembly {
        trainer,
        exact,
        not_exact,
        mode_log_reward,
        train,
        eval,
        run,
        seed,
        threads,
        is_paid,
        notes,
    })
}

/// The threads that a configuration asks for.
pub(crate) fn pool(train: &TrainConfig) -> Arc<Pool> {
    Arc::new(Pool::new(match train.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    }))
}

/// Gives the trainer the objects of a file, one per line; empty lines do not count.
fn with_data(trainer: Trainer, file: &File) -> Result<Trainer, SettingError> {
    let text = file.text().map_err(|e| e.of("data"))?;
    let lines = || text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let objects: Vec<String> = lines().map(|(_, line)| line.to_owned()).collect();
    if objects.is_empty() {
        return Err(SettingError::at("data", format!("`{}` has no objects", file.path)));
    }
    trainer.with_data(objects).map_err(|(i, why)| {
        let line = lines().nth(i).map_or(0, |(line, _)| line + 1);
        SettingError::at("data", format!("{}:{line}: {why}", file.path))
    })
}

/// What the objective needs and does not get.
fn unserved(
    checked: &Checked,
    objective: &dyn Objective,
    sim: &dyn Simulator,
    exact: Option<&Exact>,
    scorer: &mut Scorer,
) -> Vec<Problem> {
    let (kind, needs) = (checked.kind("objective"), objective.needs());
    let have = headwater_objectives::Capabilities {
        env: checked.kind("env"),
        reward: checked.kind("reward"),
        stop_everywhere: (needs.stop_everywhere || needs.state_reward) && stops_everywhere(sim, exact),
        state_reward: scorer.covers_unfinished(sim),
    };
    let reasons = headwater_objectives::unmet(kind, needs, &have);
    let problem = |reason: String| {
        // The place belongs to the need, not to why it is not met.
        let (need, why) = reason.split_once(';').unwrap_or((&reason, ""));
        let error =
            SettingError::at("kind", need).hint(format!("`headwater show {kind}` says what it needs"));
        checked.blame("objective", &error).detail(if why.is_empty() {
            String::new()
        } else {
            format!(";{why}")
        })
    };
    reasons.into_iter().map(problem).collect()
}

/// May every state stop? Certain where the space is enumerated, and else as far as uniform play can tell.
fn stops_everywhere(sim: &dyn Simulator, exact: Option<&Exact>) -> bool {
    if let Some(exact) = exact {
        return exact.graph().stops().iter().all(|&s| s != Stop::Never);
    }
    let mut sim = sim.fork();
    let lanes: Vec<u32> = (0..256).collect();
    sim.reset(lanes.len());
    let mut everywhere = true;
    // Nobody stops, so that all states on the way are seen.
    Play::new(sim.spec().n_actions).finish(&mut *sim, &lanes, Key::new(0), |stop| {
        everywhere &= stop != Stop::Never;
        false
    });
    everywhere
}

fn estimator(
    checked: &Checked,
    objective: &dyn Objective,
    sim: &dyn Simulator,
    exact: Option<&Exact>,
    pool: &Arc<Pool>,
    key: Key,
) -> Result<Box<dyn Estimator>, Problem> {
    let needs = objective.needs();
    let PolicyConfig { backward, .. } = checked.read("policy");
    let backward = match backward {
        BackwardKind::Learned if needs.backward => BackwardHead::Shared,
        BackwardKind::LearnedOwn if needs.backward => BackwardHead::Own,
        _ => BackwardHead::None,
    };
    let heads = Heads::new(sim.spec().n_actions, backward, needs.flow);
    let encoding = sim.spec().encoding;
    let network = network(checked, encoding, heads, exact, pool, key)?;
    Ok(if encoding.guide > 0 { Box::new(Guided::new(network)) } else { network })
}

/// The network that a configuration's policy describes, with these heads.
pub(crate) fn network(
    checked: &Checked,
    encoding: Encoding,
    heads: Heads,
    exact: Option<&Exact>,
    pool: &Arc<Pool>,
    key: Key,
) -> Result<Box<dyn Estimator>, Problem> {
    if checked.kind("policy") == "tabular" {
        let exact = exact.ok_or_else(|| too_large(checked, "kind", "a `tabular` policy"))?;
        // A table's rows are its own anyway: a second trunk would be the same table.
        return Ok(Box::new(table(exact.graph(), heads.shared())));
    }
    let config: MlpConfig = checked.read("policy");
    if let Some(e) = memory::policy(&config, encoding, heads) {
        return Err(checked.blame("policy", &e));
    }
    let net = Mlp::new(&config, encoding, heads, Arc::clone(pool), key);
    Ok(Box::new(net.map_err(|e| checked.blame("policy", &e))?))
}

fn backward(
    checked: &Checked,
    objective: &dyn Objective,
    exact: Option<&Exact>,
) -> Result<Backward, Problem> {
    let PolicyConfig { backward, .. } = checked.read("policy");
    Ok(match backward {
        BackwardKind::MaxEnt => {
            let exact = exact.ok_or_else(|| too_large(checked, "backward", "a `maxent` backward policy"))?;
            Backward::MaxEnt(PathCounts::new(exact.graph()))
        }
        BackwardKind::Learned | BackwardKind::LearnedOwn if objective.needs().backward => Backward::Learned,
        _ => Backward::Uniform,
    })
}

fn too_large(checked: &Checked, field: &'static str, what: &str) -> Problem {
    let cap = checked.read::<EvalConfig>("eval").exact_cap;
    let message = format!("{what} needs a space that can be enumerated; there are more than {cap} states");
    let error = SettingError::at(field, message).hint("raise `eval.exact_cap`, or use another policy");
    checked.blame("policy", &error)
}
