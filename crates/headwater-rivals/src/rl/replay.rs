//! What was walked lately, and minibatches of it over distinct states.

use headwater_core::{BitMatrix, Encoded, EnvSpec, Key, RowSet, Stop};
use headwater_train::Experience;

/// The last transitions walked, trajectory by trajectory, in a ring.
///
/// A transition is kept with the state it leaves; it leads to the state of the next one, unless it is the last of its
/// trajectory.
pub(super) struct Replay {
    /// Places of the ring; 0 to keep the last batch and nothing else.
    capacity: usize,
    /// The place that is written next.
    at: usize,
    n_actions: usize,
    states: Encoded,
    /// The edges that leave each state, the stop edge behind them.
    masks: BitMatrix,
    steps: Vec<Step>,
}

#[derive(Clone, Copy)]
struct Step {
    action: u32,
    payoff: f64,
    last: bool,
}

impl Replay {
    /// Room for `capacity` transitions, and for those of one batch of `batch` trajectories at least; with a capacity of
    /// zero, a batch displaces the one before.
    pub fn new(spec: &EnvSpec, capacity: usize, batch: usize) -> Self {
        let longest = batch * (spec.max_len + 1);
        Self {
            capacity: if capacity == 0 { 0 } else { capacity.max(longest) },
            at: 0,
            n_actions: spec.n_actions,
            states: Encoded::new(spec.encoding, 0),
            masks: BitMatrix::new(0, spec.n_actions + 1),
            steps: Vec::new(),
        }
    }

    /// Adds the trajectories of a batch, every row of which pays what `payoffs` says.
    pub fn add(&mut self, experience: &Experience, payoffs: &[f64]) {
        if self.capacity == 0 {
            self.at = 0;
            self.steps.clear();
        }
        let rows = experience.rows();
        for b in 0..rows.trajectories() {
            for (r, &(state, action)) in rows.range(b).zip(experience.trajectory(b)) {
                let last = r + 1 == rows.range(b).end;
                let step = Step { action: action.0, payoff: payoffs[r], last };
                self.push(experience, state, step);
            }
        }
    }

    fn push(&mut self, experience: &Experience, state: u32, step: Step) {
        if self.at == self.steps.len() {
            self.steps.push(step);
            self.states.resize(self.at + 1);
            self.masks.resize(self.at + 1);
        } else {
            self.steps[self.at] = step;
        }
        let row = self.states.row_mut(self.at);
        row.indices.copy_from_slice(experience.encodings().indices(state as usize));
        row.reals.copy_from_slice(experience.encodings().reals(state as usize));
        self.masks.write(self.at, experience.masks().row(state as usize));
        if experience.stop(state) == Stop::May {
            self.masks.row_mut(self.at).set(self.n_actions);
        }
        self.at += 1;
        if self.at == self.capacity {
            self.at = 0;
        }
    }

    /// Makes `batch` the last batch, if nothing else is kept, or else `n` transitions drawn uniformly, with repetitions.
    pub fn draw(&self, n: usize, key: Key, batch: &mut Minibatch) {
        batch.clear();
        if self.capacity == 0 {
            (0..self.steps.len()).for_each(|i| self.give(i, batch));
        } else {
            let kept = self.steps.len() as u32;
            (0..n as u64).for_each(|i| self.give(key.fold(i).below(kept) as usize, batch));
        }
    }

    fn give(&self, i: usize, batch: &mut Minibatch) {
        let Step { action, payoff, last } = self.steps[i];
        // A whole trajectory is written at once, so that the one behind the newest transition is never asked for.
        let next = if i + 1 == self.capacity { 0 } else { i + 1 };
        let to = (!last).then(|| batch.nexts.intern(&self.states, &self.masks, next));
        let from = batch.sources.intern(&self.states, &self.masks, i);
        batch.transitions.push(Transition { from, action, to, payoff });
    }
}

/// Distinct states with the edges that leave them.
pub(super) struct States {
    set: RowSet,
    masks: BitMatrix,
}

impl States {
    fn new(spec: &EnvSpec) -> Self {
        Self { set: RowSet::new(spec.encoding, 256), masks: BitMatrix::new(0, spec.n_actions + 1) }
    }

    fn intern(&mut self, x: &Encoded, masks: &BitMatrix, row: usize) -> u32 {
        let (state, new) = self.set.intern(x, row);
        if new {
            self.masks.resize(self.set.len());
            self.masks.write(state as usize, masks.row(row));
        }
        state
    }

    fn clear(&mut self) {
        self.set.clear();
        self.masks.resize(0);
    }

    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// The network's inputs, state by state.
    pub fn inputs(&self) -> &Encoded {
        self.set.rows()
    }

    /// The edges that leave each state, the stop edge behind them.
    pub fn masks(&self) -> &BitMatrix {
        &self.masks
    }
}

/// A step between states of a [`Minibatch`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Transition {
    /// The state it leaves, among the sources.
    pub from: u32,
    /// The edge.
    pub action: u32,
    /// The state it leads to, among the next states; `None` where the trajectory ends.
    pub to: Option<u32>,
    /// What it pays.
    pub payoff: f64,
}

/// Transitions over distinct states.
pub(super) struct Minibatch {
    pub sources: States,
    pub nexts: States,
    pub transitions: Vec<Transition>,
}

impl Minibatch {
    pub fn new(spec: &EnvSpec) -> Self {
        Self { sources: States::new(spec), nexts: States::new(spec), transitions: Vec::new() }
    }

    fn clear(&mut self) {
        self.sources.clear();
        self.nexts.clear();
        self.transitions.clear();
    }
}
