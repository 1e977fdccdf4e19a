//! Methods held to one budget: a contestant is a configuration with its method and seed, and its result a curve.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use headwater_core::settings::SettingError;
use headwater_core::{BackwardHead, Heads, Key, Simulator};
use headwater_exact::{Divergence, ForwardPolicy, log_terminating};
use headwater_rewards::RewardError;
use headwater_rivals::{Arena, Found, Method, Rules, Scoreboard, Spent, Standing, Traces};
use headwater_train::{EvalConfig, Exact, StepError, TrainConfig, Trainer};

use crate::assemble::{GFLOWNET, Purpose, TopConfig, assemble, key, network, pool};
use crate::task::Task;
use crate::{Checked, Problem, Problems};

/// What a budget is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Objects found, repeats included; the paper's "states visited".
    Objects,
    /// Edges walked.
    Transitions,
    /// Scores asked of the reward.
    RewardCalls,
    /// Seconds of work; results then depend on the machine.
    Seconds,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 4] = [Self::Objects, Self::Transitions, Self::RewardCalls, Self::Seconds];

    /// Its name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Transitions => "transitions",
            Self::RewardCalls => "reward-calls",
            Self::Seconds => "seconds",
        }
    }
}

/// How much every contestant may spend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Of what.
    pub unit: Unit,
    /// How much, above 0.
    pub amount: f64,
}

/// Everything that is the same for all contestants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// The budget.
    pub budget: Budget,
    /// Points of the curve, evenly spread over the budget.
    pub points: usize,
    /// Objects in the empirical distribution; see [`Rules::window`].
    pub window: usize,
    /// Best objects kept; see [`Rules::top`].
    pub top: usize,
    /// Distance from which on two of them are unlike; see [`Rules::radius`].
    pub radius: f64,
}

/// One point of a contestant's curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// What has been spent.
    pub spent: Spent,
    /// Seconds of work; measuring is not counted.
    pub seconds: f64,
    /// What has been found.
    pub standing: Standing,
    /// Effective sample size and split R̂ of log R, for Markov chains; see [`Traces::diagnose`].
    pub mixing: Option<(f64, f64)>,
    /// Exact total variation distance of the policy's distribution, where there is a policy and an enumerated space.
    pub tv_policy: Option<f64>,
}

/// Lets a configuration's method spend the budget. `None` if `stop` was raised before it was spent. `reached` hears of
/// every point, with its number counted from one.
///
/// # Errors
/// If the configuration cannot be built, or a reward fails.
pub fn play(
    checked: &Checked,
    terms: &Terms,
    stop: &AtomicBool,
    reached: &mut dyn FnMut(usize, &Point),
) -> Result<Option<Vec<Point>>, Problems> {
    let Contestant { mut method, space, mode_log_reward, mut sim } = Contestant::new(checked)?;
    let Terms { budget, points, window, top, radius } = *terms;
    let rules = Rules { window, top, mode_log_reward, radius };
    let mut board = Scoreboard::new(rules, space.clone());
    let mut traces = method.is_chain().then(Traces::default);
    let mut curve = Vec::with_capacity(points);
    let (mut spent, mut seconds) = (Spent::default(), 0.0);
    for i in 1..=points {
        let goal = budget.amount * i as f64 / points as f64;
        let clock = Instant::now();
        let before = seconds;
        while used(budget.unit, &spent, seconds) < goal {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let round = method.round(&mut |found| {
                if let Some(traces) = &mut traces {
                    traces.add(found.log_reward);
                }
                board.add(found);
            });
            let round = round.map_err(|e| Problems::from(Problem::new(e.to_string())))?;
            spent += round;
            seconds = before + clock.elapsed().as_secs_f64();
            if round == Spent::default() {
                // A method that has come to its end spends nothing more.
                break;
            }
        }
        let tv_policy = space.as_deref().and_then(|space| Some(policy_tv(space, &method.policy(space)?)));
        let mixing = traces.as_ref().and_then(Traces::diagnose);
        let point = Point { spent, seconds, standing: board.standing(&mut *sim), mixing, tv_policy };
        reached(i, &point);
        curve.push(point);
    }
    Ok(Some(curve))
}

/// The method of a configuration, ready to begin.
///
/// # Errors
/// If the configuration cannot be built.
pub fn method(checked: &Checked) -> Result<Box<dyn Method>, Problems> {
    Ok(Contestant::new(checked)?.method)
}

/// Would the method ever spend a budget in this unit?
///
/// # Errors
/// If it never finds objects, which the budget is counted in: training on given objects alone.
pub fn spendable(checked: &Checked, unit: Unit) -> Result<(), Problem> {
    let train: TrainConfig = checked.read("train");
    let given = if train.data.is_some() { train.given() } else { 0 };
    if unit != Unit::Objects || checked.kind("method") != GFLOWNET.name || given < train.batch {
        return Ok(());
    }
    let what = "`train.data` gives every object: none is found, and a budget of objects never spent";
    Err(Problem::new(what.to_owned()).hint("count it in `--budget reward-calls=…`".to_owned()))
}

fn used(unit: Unit, spent: &Spent, seconds: f64) -> f64 {
    match unit {
        Unit::Objects => spent.objects as f64,
        Unit::Transitions => spent.transitions as f64,
        Unit::RewardCalls => spent.reward_calls as f64,
        Unit::Seconds => seconds,
    }
}

fn policy_tv(space: &Exact, policy: &ForwardPolicy) -> f64 {
    Divergence::between(space.log_target(), &log_terminating(space.graph(), policy)).tv
}

/// A method, ready to begin, and what it is judged by.
struct Contestant {
    method: Box<dyn Method>,
    space: Option<Arc<Exact>>,
    mode_log_reward: Option<f64>,
    /// For texts and encodings of what is found.
    sim: Box<dyn Simulator>,
}

impl Contestant {
    fn new(checked: &Checked) -> Result<Self, Problems> {
        if checked.kind("method") == GFLOWNET.name {
            let assembly = assemble(checked)?;
            let sim = assembly.trainer.simulator();
            return Ok(Self {
                method: Box::new(GFlowNet { trainer: assembly.trainer, lanes: Vec::new() }),
                space: assembly.exact.map(Arc::new),
                mode_log_reward: assembly.mode_log_reward,
                sim,
            });
        }
        let mut task = Task::build(checked).map_err(one)?;
        let space = task.enumerate(checked).map_err(one)?.ok().map(Arc::new);
        let Task { sim, scorer, .. } = task;
        let eval: EvalConfig = checked.read("eval");
        let threshold = space.as_ref().map(|e| e.mode_log_reward(eval.mode_fraction));
        let train: TrainConfig = checked.read("train");
        let pool = pool(&train);
        let make = {
            let (checked, space, pool) = (checked.clone(), space.clone(), Arc::clone(&pool));
            let encoding = sim.spec().encoding;
            move |heads: Heads, key: Key| network(&checked, encoding, heads, space.as_deref(), &pool, key)
        };
        // What is wrong with the policy's settings is found before a method asks for a network.
        make(Heads::new(sim.spec().n_actions, BackwardHead::None, false), Key::new(0)).map_err(one)?;
        let seed = checked.read::<TopConfig>("").seed;
        let spare = sim.fork();
        let arena = Arena {
            sim,
            scorer,
            exact: space.clone(),
            network: Box::new(move |heads, key| make(heads, key).expect("the policy's settings are good")),
            pool,
            key: key(seed, Purpose::Train),
        };
        let entry =
            headwater_rivals::find(checked.kind("method")).expect("the schema has registered methods only");
        let blame = |e: SettingError| one(checked.blame("method", &e));
        let method = (entry.build)(&checked.section("method").values, arena).map_err(blame)?;
        Ok(Self { method, space, mode_log_reward: eval.mode_log_reward.or(threshold), sim: spare })
    }
}

fn one(problem: Problem) -> Problems {
    Problems::from(problem)
}

/// The trainer as a method: a round is an update.
struct GFlowNet {
    trainer: Trainer,
    lanes: Vec<u32>,
}

impl Method for GFlowNet {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let calls = self.trainer.reward_calls();
        let report = match self.trainer.step() {
            Ok(report) => report,
            Err(StepError::Reward(e)) => return Err(e),
            Err(e) => {
                return Err(RewardError::Failed { oracle: "training".to_owned(), message: e.to_string() });
            }
        };
        let (sim, lanes, log_reward) = self.trainer.found();
        self.lanes.clear();
        self.lanes.extend(lanes);
        found(Found { sim, lanes: &self.lanes, log_reward });
        Ok(Spent {
            transitions: report.transitions,
            objects: self.lanes.len() as u64,
            reward_calls: self.trainer.reward_calls() - calls + report.state_rewards,
        })
    }

    fn policy(&mut self, space: &Exact) -> Option<ForwardPolicy> {
        Some(space.policies(&mut self.trainer.policy()).forward)
    }
}
