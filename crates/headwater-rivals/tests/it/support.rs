//! Small spaces, and methods at work on them.

use std::collections::HashMap;
use std::sync::Arc;

use headwater_core::settings::{Value, defaults};
use headwater_core::{Estimator, Heads, Key, RewardScale, Simulator};
use headwater_nn::{Activation, Mlp, MlpConfig, Pool};
use headwater_rewards::{Native, Objects, Oracle, RewardError, Scorer, Transform};
use headwater_rivals::{Arena, Found, Method, MethodEntry};
use headwater_train::Exact;

/// A small instance of a registered environment with its default reward.
pub struct Space {
    pub name: &'static str,
    pub sim: Box<dyn Simulator>,
    pub exact: Arc<Exact>,
    /// Objects by their state numbers, and their indices by text.
    pub objects: Vec<usize>,
    texts: HashMap<String, usize>,
}

impl Space {
    /// All with at most so many objects.
    pub fn all(most: usize) -> Vec<Self> {
        let entries = headwater_envs::registry().iter();
        let spaces = entries.flat_map(|e| e.small().into_iter().map(|sim| Self::new(e.entry.name, sim)));
        spaces.filter(|s| s.objects.len() <= most).collect()
    }

    fn new(name: &'static str, sim: Box<dyn Simulator>) -> Self {
        let exact = Exact::new(&*sim, &mut scorer(name), 10_000).unwrap();
        let objects: Vec<usize> = exact.graph().objects().collect();
        let text = |(i, &s): (usize, &usize)| (exact.graph().sim().text(s as u32), i);
        let texts = objects.iter().enumerate().map(text).collect();
        Self { name, sim, exact: Arc::new(exact), objects, texts }
    }

    /// π of every object.
    pub fn target(&self) -> Vec<f64> {
        self.objects.iter().map(|&s| self.exact.log_target()[s].exp()).collect()
    }

    /// The largest log R.
    pub fn best(&self) -> f64 {
        self.exact.log_reward().iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// log R of the object in a lane, and its index.
    pub fn at(&self, sim: &dyn Simulator, lane: u32) -> (usize, f64) {
        let index = self.texts[&sim.text(lane)];
        (index, self.exact.log_reward()[self.objects[index]])
    }

    /// A method at work on this space; `settings` that it does not have are left out.
    pub fn method(&self, entry: &MethodEntry, settings: &[(&str, Value)], key: Key) -> Box<dyn Method> {
        self.method_on(self.sim.fork(), scorer(self.name), entry, settings, key, 1)
    }

    /// The same on several threads.
    pub fn method_threaded(&self, entry: &MethodEntry, key: Key, threads: usize) -> Box<dyn Method> {
        self.method_on(self.sim.fork(), scorer(self.name), entry, &[], key, threads)
    }

    /// The same on another simulator.
    pub fn method_counted(&self, entry: &MethodEntry, key: Key, sim: Box<dyn Simulator>) -> Box<dyn Method> {
        self.method_on(sim, scorer(self.name), entry, &[], key, 1)
    }

    /// The same with a reward that fails every fifth time.
    pub fn method_failing(&self, entry: &MethodEntry, key: Key) -> Box<dyn Method> {
        let log_reward = |i: usize| self.exact.log_reward()[self.objects[i]];
        let scores = self.texts.iter().map(|(text, &i)| (text.clone(), log_reward(i))).collect();
        let source = Box::new(Failing { scores, calls: 0 });
        let scorer = Scorer::new(source, Transform::plain(RewardScale::LogReward));
        self.method_on(self.sim.fork(), scorer, entry, &[], key, 1)
    }

    fn method_on(
        &self,
        sim: Box<dyn Simulator>,
        scorer: Scorer,
        entry: &MethodEntry,
        settings: &[(&str, Value)],
        key: Key,
        threads: usize,
    ) -> Box<dyn Method> {
        let mut values = defaults(entry.entry.fields).unwrap();
        for (name, value) in settings {
            if let Some(field) = entry.entry.fields.iter().find(|f| f.name == *name) {
                values.insert(field.name, value.clone());
            }
        }
        let (pool, encoding) = (Arc::new(Pool::new(threads)), sim.spec().encoding);
        let threads = Arc::clone(&pool);
        let config = MlpConfig { width: 16, depth: 1, activation: Activation::Relu, layer_norm: false };
        let network = move |heads: Heads, key: Key| -> Box<dyn Estimator> {
            Box::new(Mlp::new(&config, encoding, heads, Arc::clone(&threads), key).unwrap())
        };
        let exact = Some(Arc::clone(&self.exact));
        let arena = Arena { sim, scorer, exact, network: Box::new(network), pool, key };
        (entry.build)(&values, arena).unwrap()
    }
}

/// An oracle that is down every fifth time.
struct Failing {
    scores: HashMap<String, f64>,
    calls: u64,
}

impl Oracle for Failing {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        self.calls += 1;
        if self.calls.is_multiple_of(5) {
            return Err(RewardError::Failed { oracle: "test".into(), message: "down".into() });
        }
        for (text, out) in objects.texts().iter().zip(out) {
            *out = self.scores[text];
        }
        Ok(())
    }
}

/// Does the method approach what it is after by a learning rate, so that some rounds are not enough? `rl` says how near
/// such methods come.
pub fn learns(m: &MethodEntry) -> bool {
    m.entry.fields.iter().any(|f| f.name == "lr")
}

fn scorer(name: &str) -> Scorer {
    let scale = headwater_envs::find(name).unwrap().rewards[0].scale;
    Scorer::new(Box::new(Native), Transform::plain(scale))
}

/// The texts and log-rewards of what is found in some rounds.
pub fn found(method: &mut dyn Method, rounds: usize) -> Vec<(String, f64)> {
    let mut all = Vec::new();
    let mut see = |f: Found<'_>| {
        all.extend(f.lanes.iter().zip(f.log_reward).map(|(&lane, &r)| (f.sim.text(lane), r)));
    };
    for _ in 0..rounds {
        method.round(&mut see).unwrap();
    }
    all
}
