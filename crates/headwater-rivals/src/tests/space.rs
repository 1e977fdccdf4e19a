//! Small enumerated spaces, and every leg between a state of theirs and an object.

use std::collections::HashMap;
use std::sync::Arc;

use headwater_core::{Heads, Key, Simulator, Stop};
use headwater_envs::registry;
use headwater_nn::{Activation, Mlp, MlpConfig, Pool};
use headwater_rewards::{Native, Scorer, Transform};
use headwater_train::Exact;

use crate::Arena;
use crate::leg::Leg;

/// Pairs of legs that a test may look at.
pub const MOST_PAIRS: usize = 1_000_000;

/// A small instance of a registered environment with its default reward.
pub struct Space {
    pub name: &'static str,
    pub sim: Box<dyn Simulator>,
    pub scorer: fn(&'static str) -> Scorer,
    pub exact: Arc<Exact>,
    /// Objects by their state numbers.
    pub objects: Vec<usize>,
    /// The index of each object by its text.
    texts: HashMap<String, usize>,
}

impl Space {
    /// All there are.
    pub fn all() -> Vec<Self> {
        let of = |entry: &'static headwater_envs::EnvEntry| {
            entry.small().into_iter().map(|sim| Self::new(entry.entry.name, sim))
        };
        registry().iter().flat_map(of).collect()
    }

    fn new(name: &'static str, sim: Box<dyn Simulator>) -> Self {
        let exact = Exact::new(&*sim, &mut scorer(name), 10_000).unwrap();
        let objects: Vec<usize> = exact.graph().objects().collect();
        let text = |(i, &s): (usize, &usize)| (exact.graph().sim().text(s as u32), i);
        let texts = objects.iter().enumerate().map(text).collect();
        Self { name, sim, scorer, exact: Arc::new(exact), objects, texts }
    }

    /// π of every object.
    pub fn target(&self) -> Vec<f64> {
        self.objects.iter().map(|&s| self.exact.log_target()[s].exp()).collect()
    }

    /// The index of the object that is state `s`.
    pub fn index(&self, s: usize) -> usize {
        self.objects.binary_search(&s).unwrap()
    }

    /// The index of the object in a lane.
    pub fn at(&self, sim: &dyn Simulator, lane: u32) -> usize {
        self.texts[&sim.text(lane)]
    }

    /// Puts a lane at object `x`.
    pub fn put(&self, sim: &mut dyn Simulator, lane: u32, x: usize) {
        sim.load(lane, &self.exact.graph().sim().text(self.objects[x] as u32)).unwrap();
    }

    /// log R of every object.
    pub fn log_reward(&self) -> Vec<f64> {
        self.objects.iter().map(|&s| self.exact.log_reward()[s]).collect()
    }

    /// What a method gets to work on this space.
    pub fn arena(&self, key: Key) -> Arena {
        let pool = Arc::new(Pool::new(1));
        let encoding = self.sim.spec().encoding;
        let threads = Arc::clone(&pool);
        let config = MlpConfig { depth: 1, width: 16, activation: Activation::Relu, layer_norm: false };
        let network = move |heads: Heads, key: Key| -> Box<dyn headwater_core::Estimator> {
            Box::new(Mlp::new(&config, encoding, heads, Arc::clone(&threads), key).unwrap())
        };
        Arena {
            sim: self.sim.fork(),
            scorer: (self.scorer)(self.name),
            exact: Some(Arc::clone(&self.exact)),
            network: Box::new(network),
            pool,
            key,
        }
    }

    /// log P of every edge where all that leave a state are equally likely.
    fn uniform(&self) -> Vec<f64> {
        let g = self.exact.graph();
        (0..g.n_edges()).map(|e| -(g.out(g.from(e)).len() as f64).ln()).collect()
    }

    /// Adds every way from state `s` forth to an object to `legs`, behind the way `leg` to `s`, where edges have
    /// log-probabilities `log_forth`; `None` if there are more than `most`.
    fn extend(
        &self,
        s: usize,
        leg: Leg,
        log_forth: &[f64],
        most: usize,
        legs: &mut Vec<(usize, Leg)>,
    ) -> Option<()> {
        let g = self.exact.graph();
        if g.is_object(s) {
            legs.push((self.index(s), Leg { complete: g.stops()[s] == Stop::Must, ..leg }));
            if legs.len() > most {
                return None;
            }
        }
        for e in g.out(s) {
            let log_back = -(g.entering(g.to(e)).len() as f64).ln();
            let mut longer = leg;
            longer.extend_forth(log_back, log_forth[e], g.is_object(s));
            self.extend(g.to(e), longer, log_forth, most, legs)?;
        }
        Some(())
    }

    /// Per state: the legs from there to every object, where edges forth are equally likely; `None` if there are too
    /// many pairs of them.
    pub fn all_legs(&self) -> Option<Vec<Vec<(usize, Leg)>>> {
        self.legs_with(&self.uniform())
    }

    /// The same for edges with other log-probabilities.
    pub fn legs_with(&self, log_forth: &[f64]) -> Option<Vec<Vec<(usize, Leg)>>> {
        let mut pairs = 0;
        let states = 0..self.exact.graph().n_states();
        states
            .map(|s| {
                let mut legs = Vec::new();
                self.extend(s, Leg::new(false), log_forth, 1000, &mut legs)?;
                pairs += legs.len() * legs.len();
                (pairs <= MOST_PAIRS).then_some(legs)
            })
            .collect()
    }
}

fn scorer(name: &'static str) -> Scorer {
    let scale = headwater_envs::find(name).unwrap().rewards[0].scale;
    Scorer::new(Box::new(Native), Transform::plain(scale))
}
