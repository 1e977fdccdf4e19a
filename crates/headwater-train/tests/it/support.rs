//! Problems, trainers and statistics that the tests share.

use std::sync::{Arc, Mutex};

use headwater_core::settings::{AutoReal, Schedule, Shape, Value, Values, defaults};
use headwater_core::{
    Action, BackwardHead, BitMatrix, Encoded, EnvSpec, Environment, Estimator, Grads, Heads, Key, Lanes,
    LossReport, Needs, Objective, ParseError, Picture, Regression, Reward, RewardScale, Scored, Settings,
    Simulator, Stop,
};
use headwater_envs::hypergrid::{Cell, Hypergrid};
use headwater_exact::enumerate;
use headwater_nn::{Activation, Guided, Mlp, MlpConfig, Pool};
use headwater_rewards::{Native, Scorer, Transform};
use headwater_train::{
    Backward, BackwardKind, Exact, Parts, PathCounts, TrainConfig, TrainState, Trainer, table,
};

/// An environment with a reward, and what the reward means.
pub struct Problem {
    pub sim: Box<dyn Simulator>,
    pub scale: RewardScale,
    pub state_reward: bool,
}

impl Problem {
    pub fn scorer(&self) -> Scorer {
        Scorer::new(Box::new(Native), Transform::plain(self.scale))
    }

    pub fn exact(&self) -> Exact {
        Exact::new(&*self.sim, &mut self.scorer(), 100_000).unwrap()
    }
}

/// A registered environment with one of its native rewards; settings not given have their defaults.
pub fn problem(
    env: &str,
    settings: &[(&'static str, Value)],
    reward: &str,
    reward_settings: &[(&'static str, Value)],
) -> Problem {
    let entry = headwater_envs::find(env).unwrap();
    let native = entry.reward(reward).unwrap();
    let with = |fields, settings: &[(&'static str, Value)]| {
        let mut values: Values = defaults(fields).unwrap_or_default();
        values.extend(settings.iter().cloned());
        values
    };
    let values = with(entry.entry.fields, settings);
    let reward_values = with(native.entry.fields, reward_settings);
    let sim = entry.build(&values, Some((reward, &reward_values))).unwrap();
    Problem { sim, scale: native.scale, state_reward: native.covers_unfinished }
}

pub fn int(i: i64) -> Value {
    Value::Int(i)
}

pub fn text(s: &str) -> Value {
    Value::Text(s.to_owned())
}

/// A grid whose cells may all end a trajectory, with the reward of the first GFlowNet paper.
pub fn grid(dim: i64, side: i64) -> Problem {
    problem("hypergrid", &[("dim", int(dim)), ("side", int(side))], "original", &[])
}

/// Strings of up to `max` characters, of two kinds, that grow at both ends; log R counts motifs.
pub fn strings(max: i64) -> Problem {
    let settings = [("max_len", int(max)), ("min_len", int(0)), ("growth", text("prepend-append"))];
    problem("strings", &settings, "motifs", &[])
}

/// A grid of two dimensions with a reward of the test's own.
pub fn grid_with(side: usize, reward: impl Fn(&Hypergrid, &Cell) -> f64 + Send + Sync + 'static) -> Problem {
    let env = grid_env(side);
    let reward: Arc<dyn Reward<Hypergrid>> = Arc::new(reward);
    let sim = Box::new(Lanes::new("hypergrid", env).with_reward(reward));
    Problem { sim, scale: RewardScale::Reward, state_reward: true }
}

fn grid_env(side: usize) -> Hypergrid {
    use headwater_envs::{Registered, hypergrid};
    let mut values = defaults(hypergrid::Config::FIELDS).unwrap();
    values.insert("side", int(side as i64));
    let env = Hypergrid::from_config(hypergrid::Config::read(&values)).unwrap();
    assert_eq!(env.n_actions(), 2);
    env
}

/// The objective called `name`, with its defaults.
pub fn objective(name: &str) -> Box<dyn Objective> {
    let entry = headwater_objectives::find(name).unwrap();
    (entry.build)(&defaults(entry.entry.fields).unwrap())
}

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Net {
    Table,
    /// A perceptron of two hidden layers of this width.
    Mlp(usize),
}

/// How to build a trainer; the problem and the objective aside.
#[derive(Clone, Debug)]
pub struct Plan {
    pub net: Net,
    pub backward: BackwardKind,
    pub regression: Regression,
    pub threads: usize,
    pub seed: u64,
    pub train: TrainConfig,
}

impl Default for Plan {
    fn default() -> Self {
        let mut train = TrainConfig::read(&defaults(TrainConfig::FIELDS).unwrap());
        train.batch = 32;
        Self {
            net: Net::Mlp(32),
            backward: BackwardKind::Uniform,
            regression: Regression::Squared,
            threads: 1,
            seed: 1,
            train,
        }
    }
}

impl Plan {
    /// Rates that fall along half a cosine over `steps` updates.
    pub fn cosine(mut self, steps: u64, lr: f64, lr_log_z: f64) -> Self {
        let fall = |from: f64| Schedule { from, to: 0.01 * from, steps, shape: Shape::Cosine };
        self.train.steps = steps;
        self.train.lr = fall(lr);
        self.train.lr_log_z = fall(lr_log_z);
        self
    }

    pub fn batch(mut self, batch: usize) -> Self {
        self.train.batch = batch;
        self
    }

    pub fn log_z(mut self, log_z: f64) -> Self {
        self.train.log_z_init = AutoReal(Some(log_z));
        self
    }

    /// The estimator, as every trainer of this plan starts with it.
    pub fn estimator(&self, sim: &dyn Simulator, needs: Needs, pool: &Arc<Pool>) -> Box<dyn Estimator> {
        let spec = sim.spec();
        let backward = match self.backward {
            BackwardKind::Uniform | BackwardKind::MaxEnt => BackwardHead::None,
            BackwardKind::Learned => BackwardHead::Shared,
            BackwardKind::LearnedOwn => BackwardHead::Own,
        };
        let heads = Heads::new(spec.n_actions, backward, needs.flow);
        match self.net {
            Net::Table => {
                let graph = enumerate(sim, 100_000).unwrap();
                Box::new(table(&graph, heads.shared()))
            }
            Net::Mlp(width) => {
                let config =
                    MlpConfig { width, depth: 2, activation: Activation::LeakyRelu, layer_norm: false };
                let key = Key::new(self.seed).fold(0);
                let net = Box::new(Mlp::new(&config, spec.encoding, heads, Arc::clone(pool), key).unwrap());
                if spec.encoding.guide > 0 { Box::new(Guided::new(net)) } else { net }
            }
        }
    }

    pub fn trainer(&self, problem: &Problem, objective: Box<dyn Objective>) -> Trainer {
        self.trainer_on(problem, problem.sim.fork(), objective)
    }

    /// A trainer on `sim`, which is the problem's or a wrapper of it.
    pub fn trainer_on(
        &self,
        problem: &Problem,
        sim: Box<dyn Simulator>,
        objective: Box<dyn Objective>,
    ) -> Trainer {
        self.trainer_with(problem, sim, problem.scorer(), objective)
    }

    /// The same, with scores from elsewhere.
    pub fn trainer_with(
        &self,
        problem: &Problem,
        sim: Box<dyn Simulator>,
        scorer: Scorer,
        objective: Box<dyn Objective>,
    ) -> Trainer {
        let backward = match self.backward {
            BackwardKind::Uniform => Backward::Uniform,
            BackwardKind::Learned | BackwardKind::LearnedOwn => Backward::Learned,
            BackwardKind::MaxEnt => {
                Backward::MaxEnt(PathCounts::new(&enumerate(&*problem.sim, 100_000).unwrap()))
            }
        };
        let pool = Arc::new(Pool::new(self.threads));
        let parts = Parts {
            estimator: self.estimator(&*sim, objective.needs(), &pool),
            sim,
            scorer,
            backward,
            objective,
            regression: self.regression,
            mode_log_reward: None,
            pool: Arc::clone(&pool),
        };
        Trainer::new(parts, &self.train, Key::new(self.seed).fold(1))
    }

    /// A trainer after the plan's number of updates.
    pub fn trained(&self, problem: &Problem, objective: Box<dyn Objective>) -> Trainer {
        let mut trainer = self.trainer(problem, objective);
        for _ in 0..self.train.steps {
            trainer.step().unwrap();
        }
        trainer
    }
}

/// A state as bits, so that equality tells −0 from 0 and knows no tolerance.
pub fn bits(state: &TrainState) -> (Vec<u32>, Vec<u64>, Vec<Arc<str>>) {
    let floats = [&state.params.data, &state.adam.mean, &state.adam.square];
    let floats = floats.into_iter().flat_map(|floats| floats.iter()).map(|x| x.to_bits()).collect();
    let [m, v] = state.log_z_moments;
    let numbers = vec![
        state.step,
        state.adam.steps,
        state.log_z.map_or(u64::MAX, f64::to_bits),
        m.to_bits(),
        v.to_bits(),
        state.trajectories,
        state.transitions,
        state.reward_calls,
    ];
    (floats, numbers, [&*state.modes, &*state.kept.objects].concat())
}

/// The standard normal deviate of Pearson's χ² of `counts` against `p`, by the approximation of Wilson and Hilferty
/// (1931). Cells that expect fewer than 5 are merged.
///
/// Above 5 has probability below 1e-6 if the counts are draws of `p`.
pub fn chi_square(counts: &[u64], p: &[f64]) -> f64 {
    let n: u64 = counts.iter().sum();
    assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-6, "probabilities sum to {}", p.iter().sum::<f64>());
    let (mut chi2, mut cells) = (0.0, 0);
    let mut rest = (0.0, 0.0);
    let mut add = |count: f64, expected: f64| {
        chi2 += (count - expected) * (count - expected) / expected;
        cells += 1;
    };
    for (&count, &p) in counts.iter().zip(p) {
        let (count, expected) = (count as f64, p * n as f64);
        assert!(expected > 0.0 || count == 0.0, "something impossible was drawn");
        if expected >= 5.0 {
            add(count, expected);
        } else {
            rest = (rest.0 + count, rest.1 + expected);
        }
    }
    if rest.1 >= 5.0 {
        add(rest.0, rest.1);
    }
    assert!(cells > 2, "too few draws for a test");
    let free = f64::from(cells - 1);
    ((chi2 / free).cbrt() - (1.0 - 2.0 / (9.0 * free))) / (2.0 / (9.0 * free)).sqrt()
}

/// What a [`Recorder`] has seen since it was last reset: the lanes then, and per lane the edges followed and retraced.
#[derive(Default)]
pub struct Record {
    pub lanes: usize,
    pub forward: Vec<Vec<Action>>,
    pub backward: Vec<Vec<Action>>,
    /// Complete records of backward trajectories, batch by batch.
    pub retraced: Vec<Vec<Action>>,
}

/// A simulator that writes down what is done with it.
pub struct Recorder {
    inner: Box<dyn Simulator>,
    record: Arc<Mutex<Record>>,
}

impl Recorder {
    pub fn new(inner: Box<dyn Simulator>) -> (Self, Arc<Mutex<Record>>) {
        let record = Arc::default();
        (Self { inner, record: Arc::clone(&record) }, record)
    }
}

impl Record {
    /// Moves the backward trajectories of the batch that has ended to `retraced`.
    pub fn finish(&mut self) {
        let ended = self.backward.drain(..).take(self.lanes).filter(|a| !a.is_empty());
        self.retraced.extend(ended);
    }

    fn note(rows: &mut Vec<Vec<Action>>, lanes: &[u32], actions: &[Action]) {
        for (&lane, &a) in lanes.iter().zip(actions) {
            let lane = lane as usize;
            if rows.len() <= lane {
                rows.resize(lane + 1, Vec::new());
            }
            rows[lane].push(a);
        }
    }
}

impl Simulator for Recorder {
    fn reset(&mut self, lanes: usize) {
        let mut record = self.record.lock().unwrap();
        record.finish();
        record.lanes = lanes;
        record.forward.clear();
        record.forward.resize(lanes, Vec::new());
        self.inner.reset(lanes);
    }

    fn step(&mut self, lanes: &[u32], actions: &[Action]) {
        Record::note(&mut self.record.lock().unwrap().forward, lanes, actions);
        self.inner.step(lanes, actions);
    }

    fn unstep(&mut self, lanes: &[u32], actions: &[Action]) {
        Record::note(&mut self.record.lock().unwrap().backward, lanes, actions);
        self.inner.unstep(lanes, actions);
    }

    fn spec(&self) -> &EnvSpec {
        self.inner.spec()
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }

    fn resize(&mut self, lanes: usize) {
        self.inner.resize(lanes);
    }

    fn stops(&self, lanes: &[u32], out: &mut [Stop]) {
        self.inner.stops(lanes, out);
    }

    fn forward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize) {
        self.inner.forward_masks(lanes, out, at);
    }

    fn backward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize) {
        self.inner.backward_masks(lanes, out, at);
    }

    fn encode(&self, lanes: &[u32], out: &mut Encoded, at: usize) {
        self.inner.encode(lanes, out, at);
    }

    fn hashes(&self, lanes: &[u32], out: &mut [u64]) {
        self.inner.hashes(lanes, out);
    }

    fn same(&self, a: u32, b: u32) -> bool {
        self.inner.same(a, b)
    }

    fn copy(&mut self, from: u32, to: u32) {
        self.inner.copy(from, to);
    }

    fn has_score(&self) -> bool {
        self.inner.has_score()
    }

    fn scores_unfinished(&self) -> bool {
        self.inner.scores_unfinished()
    }

    fn score(&self, lanes: &[u32], out: &mut [f64]) {
        self.inner.score(lanes, out);
    }

    fn show(&self, lane: u32, out: &mut String) {
        self.inner.show(lane, out);
    }

    fn has_guide(&self) -> bool {
        self.inner.has_guide()
    }

    fn guide_by(&mut self, strength: f32) {
        self.inner.guide_by(strength);
    }

    fn features(&self) -> Vec<String> {
        self.inner.features()
    }

    fn measure(&self, lanes: &[u32], out: &mut [f64]) {
        self.inner.measure(lanes, out);
    }

    fn draw(&self, lane: u32) -> Option<Picture> {
        self.inner.draw(lane)
    }

    fn load(&mut self, lane: u32, text: &str) -> Result<(), ParseError> {
        self.inner.load(lane, text)
    }

    fn describe(&self, a: Action) -> String {
        self.inner.describe(a)
    }

    /// Forks write into the same record.
    fn fork(&self) -> Box<dyn Simulator> {
        Box::new(Self { inner: self.inner.fork(), record: Arc::clone(&self.record) })
    }
}

/// An objective that keeps a copy of the rows it was last shown, and asks for everything there is.
pub struct Spy {
    pub inner: Box<dyn Objective>,
    pub needs: Needs,
    pub rows: Arc<Mutex<Scored>>,
}

impl Spy {
    pub fn new(inner: Box<dyn Objective>, also: Needs) -> (Self, Arc<Mutex<Scored>>) {
        let rows = Arc::default();
        (Self { inner, needs: also, rows: Arc::clone(&rows) }, rows)
    }
}

impl Objective for Spy {
    fn needs(&self) -> Needs {
        self.needs
    }

    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        self.rows.lock().unwrap().clone_from(rows);
        self.inner.loss(rows, g, grads)
    }
}
