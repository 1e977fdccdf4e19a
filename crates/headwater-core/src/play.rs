//! Uniform play: trajectories on which every choice is equally likely.

use crate::{Action, BitMatrix, Key, Simulator, Stop};

/// Plays lanes at random to their ends, and keeps its buffers.
#[derive(Debug)]
pub struct Play {
    /// The places in the list of lanes of those that go on, those lanes, and their edges.
    live: Vec<u32>,
    lanes: Vec<u32>,
    actions: Vec<Action>,
    stops: Vec<Stop>,
    masks: BitMatrix,
}

impl Play {
    /// For simulators with so many labels of edges.
    pub fn new(n_actions: usize) -> Self {
        Self {
            live: Vec::new(),
            lanes: Vec::new(),
            actions: Vec::new(),
            stops: Vec::new(),
            masks: BitMatrix::new(0, n_actions),
        }
    }

    /// Plays on from wherever the lanes are until all have ended: every edge of a state is equally likely, and so is
    /// stopping there if `may_stop` says so of the state. Gives the number of edges.
    ///
    /// The draws of `lanes[i]` are functions of `key.fold(i)`.
    pub fn finish(
        &mut self,
        sim: &mut dyn Simulator,
        lanes: &[u32],
        key: Key,
        mut may_stop: impl FnMut(Stop) -> bool,
    ) -> u64 {
        self.live.clear();
        self.live.extend(0..lanes.len() as u32);
        self.lanes.clear();
        self.lanes.extend_from_slice(lanes);
        if self.stops.len() < lanes.len() {
            self.stops.resize(lanes.len(), Stop::Never);
            self.masks.resize(lanes.len());
        }
        let mut transitions = 0;
        for t in 0.. {
            sim.stops(&self.lanes, &mut self.stops[..self.lanes.len()]);
            sim.forward_masks(&self.lanes, &mut self.masks, 0);
            self.actions.clear();
            let mut row = 0;
            self.live.retain(|&i| {
                let edges = self.masks.count(row);
                let choices = edges + u32::from(may_stop(self.stops[row]));
                let choice = key.fold(u64::from(i)).fold(t).below(choices.max(1));
                let goes_on = choice < edges;
                if goes_on {
                    self.actions.push(self.masks.select(row, choice));
                }
                row += 1;
                goes_on
            });
            if self.live.is_empty() {
                return transitions;
            }
            self.lanes.clear();
            self.lanes.extend(self.live.iter().map(|&i| lanes[i as usize]));
            sim.step(&self.lanes, &self.actions);
            transitions += self.lanes.len() as u64;
        }
        transitions
    }
}
