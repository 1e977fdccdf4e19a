//! What a state may lead to, for searches: the best of its own reward and those of some random completions.

use headwater_core::{EnvSpec, Key, Stop};
use headwater_rewards::RewardError;

use crate::children::grow_lanes;
use crate::walk::Walk;
use crate::{Arena, Found, Spent};

/// Looks ahead from states. Every object that it scores on the way is handed over.
pub(crate) struct Outlook {
    /// Per state looked at: log R if it is an object, else −∞.
    pub own: Vec<f64>,
    /// Per state looked at: the larger of `own` and the largest log R of its completions.
    pub value: Vec<f64>,
    completions: usize,
    walk: Walk,
    stops: Vec<Stop>,
    /// Objects to be scored, the state each belongs to, and log R.
    lanes: Vec<u32>,
    owners: Vec<u32>,
    log_reward: Vec<f64>,
}

impl Outlook {
    /// From every state that is not complete `completions` trajectories of the uniform policy are walked to their end.
    pub fn new(spec: &EnvSpec, completions: usize) -> Self {
        Self {
            own: Vec::new(),
            value: Vec::new(),
            completions,
            walk: Walk::new(spec),
            stops: Vec::new(),
            lanes: Vec::new(),
            owners: Vec::new(),
            log_reward: Vec::new(),
        }
    }

    /// Looks ahead from `states`, in lanes from `scratch` on. Draws are functions of `key` and the index of the state.
    pub fn look(
        &mut self,
        arena: &mut Arena,
        states: &[u32],
        scratch: u32,
        key: Key,
        found: &mut dyn FnMut(Found<'_>),
    ) -> Result<Spent, RewardError> {
        let sim = &mut *arena.sim;
        self.stops.resize(states.len(), Stop::Never);
        sim.stops(states, &mut self.stops);
        self.lanes.clear();
        self.owners.clear();
        for (i, &stop) in self.stops.iter().enumerate() {
            if stop != Stop::Never {
                self.lanes.push(states[i]);
                self.owners.push(i as u32);
            }
        }
        let objects = self.lanes.len();
        for (i, &stop) in self.stops.iter().enumerate() {
            let completions = if stop == Stop::Must { 0 } else { self.completions };
            self.owners.extend((0..completions).map(|_| i as u32));
        }
        let walks = self.owners.len() - objects;
        self.lanes.extend((0..walks as u32).map(|j| scratch + j));
        grow_lanes(sim, scratch as usize + walks);
        for (&i, &to) in self.owners[objects..].iter().zip(&self.lanes[objects..]) {
            sim.copy(states[i as usize], to);
        }
        let transitions = self.walk.finish(sim, &self.lanes[objects..], key);
        self.log_reward.resize(self.lanes.len(), 0.0);
        let spent = self.walk.end(arena, &self.lanes, &mut self.log_reward)?;
        self.own.clear();
        self.own.resize(states.len(), f64::NEG_INFINITY);
        for (&i, &r) in self.owners[..objects].iter().zip(&self.log_reward) {
            self.own[i as usize] = r;
        }
        self.value.clone_from(&self.own);
        for (&i, &r) in self.owners.iter().zip(&self.log_reward) {
            self.value[i as usize] = self.value[i as usize].max(r);
        }
        found(Found { sim: &*arena.sim, lanes: &self.lanes, log_reward: &self.log_reward });
        Ok(Spent { transitions: spent.transitions + transitions, objects: spent.reward_calls, ..spent })
    }
}
