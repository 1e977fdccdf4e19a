//! The default simulator: one state per lane, every method the scalar one in a loop.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::{
    Action, BitMatrix, Encoded, EnvSpec, Environment, ParseError, Picture, Reward, Simulator, StateHasher,
    Stop,
};

/// The default [`Simulator`]: one state per lane, every method the scalar one in a loop.
pub struct Lanes<E: Environment> {
    env: Arc<E>,
    reward: Option<Arc<dyn Reward<E>>>,
    initial: E::State,
    states: Vec<E::State>,
    /// What the reward's preferences are multiplied with, where encodings have them.
    guide: f32,
    spec: EnvSpec,
}

impl<E: Environment> Lanes<E> {
    /// A simulator without lanes and without a native reward.
    pub fn new(name: &str, env: E) -> Self {
        let spec = EnvSpec {
            name: name.to_owned(),
            n_actions: env.n_actions(),
            max_len: env.max_len(),
            states_at_least: env.states_at_least(),
            encoding: env.encoding(),
        };
        Self {
            initial: env.initial(),
            env: Arc::new(env),
            reward: None,
            states: Vec::new(),
            guide: 0.0,
            spec,
        }
    }

    /// The same, with a native reward.
    #[must_use]
    pub fn with_reward(self, reward: Arc<dyn Reward<E>>) -> Self {
        Self { reward: Some(reward), ..self }
    }

    /// The environment.
    pub fn env(&self) -> &E {
        &self.env
    }

    /// The lanes' states.
    pub fn states(&self) -> &[E::State] {
        &self.states
    }
}

impl<E: Environment> Simulator for Lanes<E> {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn lanes(&self) -> usize {
        self.states.len()
    }

    fn reset(&mut self, lanes: usize) {
        self.resize(lanes);
        for s in &mut self.states {
            s.clone_from(&self.initial);
        }
    }

    fn resize(&mut self, lanes: usize) {
        self.states.resize(lanes, self.initial.clone());
    }

    fn stops(&self, lanes: &[u32], out: &mut [Stop]) {
        for (o, &l) in out.iter_mut().zip(lanes) {
            *o = self.env.stop(&self.states[l as usize]);
        }
    }

    fn forward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize) {
        for (i, &l) in lanes.iter().enumerate() {
            out.clear(at + i);
            self.env.forward_mask(&self.states[l as usize], &mut out.row_mut(at + i));
        }
    }

    fn backward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize) {
        for (i, &l) in lanes.iter().enumerate() {
            out.clear(at + i);
            self.env.backward_mask(&self.states[l as usize], &mut out.row_mut(at + i));
        }
    }

    fn step(&mut self, lanes: &[u32], actions: &[Action]) {
        for (&l, &a) in lanes.iter().zip(actions) {
            self.env.step(&mut self.states[l as usize], a);
        }
    }

    fn unstep(&mut self, lanes: &[u32], actions: &[Action]) {
        for (&l, &a) in lanes.iter().zip(actions) {
            self.env.unstep(&mut self.states[l as usize], a);
        }
    }

    fn encode(&self, lanes: &[u32], out: &mut Encoded, at: usize) {
        for (i, &l) in lanes.iter().enumerate() {
            self.env.encode(&self.states[l as usize], out.row_mut(at + i));
        }
        if let (Some(reward), true) = (&self.reward, self.spec.encoding.guide > 0) {
            for (i, &l) in lanes.iter().enumerate() {
                let guide = out.guide_mut(at + i);
                guide.fill(0.0);
                reward.guide(&self.env, &self.states[l as usize], guide);
                guide.iter_mut().for_each(|g| *g *= self.guide);
            }
        }
    }

    fn hashes(&self, lanes: &[u32], out: &mut [u64]) {
        for (o, &l) in out.iter_mut().zip(lanes) {
            let mut hasher = StateHasher::default();
            self.states[l as usize].hash(&mut hasher);
            *o = hasher.finish();
        }
    }

    fn same(&self, a: u32, b: u32) -> bool {
        self.states[a as usize] == self.states[b as usize]
    }

    fn copy(&mut self, from: u32, to: u32) {
        if let Ok([from, to]) = self.states.get_disjoint_mut([from as usize, to as usize]) {
            to.clone_from(from);
        }
    }

    fn has_score(&self) -> bool {
        self.reward.is_some()
    }

    fn scores_unfinished(&self) -> bool {
        self.reward.as_ref().is_some_and(|r| r.covers_unfinished())
    }

    fn score(&self, lanes: &[u32], out: &mut [f64]) {
        let reward = self.reward.as_ref().expect("score is called only where has_score() holds");
        for (o, &l) in out.iter_mut().zip(lanes) {
            *o = reward.score(&self.env, &self.states[l as usize]);
        }
    }

    fn has_guide(&self) -> bool {
        self.reward.as_ref().is_some_and(|r| r.guides())
    }

    fn guide_by(&mut self, strength: f32) {
        debug_assert!(self.has_guide(), "guide_by is called only where has_guide() holds");
        self.guide = strength;
        self.spec.encoding.guide = self.spec.n_actions;
    }

    fn features(&self) -> Vec<String> {
        self.env.features()
    }

    fn measure(&self, lanes: &[u32], out: &mut [f64]) {
        if out.is_empty() {
            return;
        }
        for (row, &l) in out.chunks_exact_mut(out.len() / lanes.len()).zip(lanes) {
            self.env.measure(&self.states[l as usize], row);
        }
    }

    fn show(&self, lane: u32, out: &mut String) {
        self.env.show(&self.states[lane as usize], out);
    }

    fn draw(&self, lane: u32) -> Option<Picture> {
        self.env.draw(&self.states[lane as usize])
    }

    fn load(&mut self, lane: u32, text: &str) -> Result<(), ParseError> {
        match self.env.parse(text) {
            Some(state) => {
                self.states[lane as usize] = state;
                Ok(())
            }
            None => Err(ParseError { text: text.to_owned(), env: self.spec.name.clone() }),
        }
    }

    fn describe(&self, a: Action) -> String {
        if a.index() == self.spec.n_actions { "stop".to_owned() } else { self.env.describe(a) }
    }

    fn fork(&self) -> Box<dyn Simulator> {
        Box::new(Self {
            env: Arc::clone(&self.env),
            reward: self.reward.clone(),
            initial: self.initial.clone(),
            states: Vec::new(),
            guide: self.guide,
            spec: self.spec.clone(),
        })
    }
}
