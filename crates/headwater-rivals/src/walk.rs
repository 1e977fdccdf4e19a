//! Walking lanes at random: whole trajectories, and back and forth between objects.

use headwater_core::{Action, BitMatrix, EnvSpec, Key, Play, Simulator, Stop};
use headwater_rewards::RewardError;

use crate::leg::{Law, Leg};
use crate::{Arena, Spent};

/// How edges are chosen on the way forth.
pub(crate) trait Guide {
    /// Looks at the lanes' states, none of which is complete.
    fn look(&mut self, sim: &dyn Simulator, lanes: &[u32]);

    /// An edge from the `i`-th state looked at.
    fn draw(&self, i: usize, key: Key) -> Action;

    /// log-probability that [`Guide::draw`] gives edge `a` for the `i`-th state looked at.
    fn log_p(&self, i: usize, a: Action) -> f64;
}

/// Every edge of a state is equally likely.
pub(crate) struct Uniform {
    masks: BitMatrix,
    log_n: Vec<f64>,
}

impl Uniform {
    pub fn new(spec: &EnvSpec) -> Self {
        Self { masks: BitMatrix::new(0, spec.n_actions), log_n: logs(spec.n_actions) }
    }
}

impl Guide for Uniform {
    fn look(&mut self, sim: &dyn Simulator, lanes: &[u32]) {
        grow_rows(&mut self.masks, lanes.len());
        sim.forward_masks(lanes, &mut self.masks, 0);
    }

    #[inline]
    fn draw(&self, i: usize, key: Key) -> Action {
        self.masks.select(i, key.below(self.masks.count(i)))
    }

    #[inline]
    fn log_p(&self, i: usize, _: Action) -> f64 {
        -self.log_n[self.masks.count(i) as usize]
    }
}

/// The logarithms of 0..=n.
fn logs(n: usize) -> Vec<f64> {
    (0..=n).map(|i| (i as f64).ln()).collect()
}

/// Makes room for `rows` rows, and keeps what room there is.
pub(crate) fn grow_rows(masks: &mut BitMatrix, rows: usize) {
    if masks.rows() < rows {
        masks.resize(rows);
    }
}

/// What a walk back and forth has seen, and the buffers of all walks.
pub(crate) struct Walk {
    /// Per walker: the leg from its first object back to the turn.
    pub back: Vec<Leg>,
    /// Per walker: the leg from the turn to its last object.
    pub forth: Vec<Leg>,
    /// Per walker: does it turn at the source?
    pub source: Vec<bool>,
    /// The edges taken forth, each with its walker, and where those of each step end.
    taken: Vec<(u32, Action)>,
    step_ends: Vec<usize>,
    log_n: Vec<f64>,
    /// Per walker: its draws, and how many edges it is to walk.
    keys: Vec<Key>,
    want: Vec<u32>,
    /// The walkers on their way, and those that take an edge now.
    live: Vec<u32>,
    moving: Vec<u32>,
    lanes: Vec<u32>,
    actions: Vec<Action>,
    stops: Vec<Stop>,
    masks: BitMatrix,
    play: Play,
}

/// What of a walker's key its numbers of edges are drawn from; the others are for its steps.
const BACK: u64 = u64::MAX;
const FORTH: u64 = u64::MAX - 1;

impl Walk {
    pub fn new(spec: &EnvSpec) -> Self {
        Self {
            back: Vec::new(),
            forth: Vec::new(),
            source: Vec::new(),
            taken: Vec::new(),
            step_ends: Vec::new(),
            log_n: logs(spec.n_actions),
            keys: Vec::new(),
            want: Vec::new(),
            live: Vec::new(),
            moving: Vec::new(),
            lanes: Vec::new(),
            actions: Vec::new(),
            stops: Vec::new(),
            masks: BitMatrix::new(0, spec.n_actions),
            play: Play::new(spec.n_actions),
        }
    }

    /// Walks on from wherever the lanes are, every edge and stopping where that is possible equally likely, until all
    /// have stopped. Gives the number of edges.
    ///
    /// The draws of `lanes[i]` are functions of `key.fold(i)`.
    pub fn finish(&mut self, sim: &mut dyn Simulator, lanes: &[u32], key: Key) -> u64 {
        self.play.finish(sim, lanes, key, |stop| stop == Stop::May)
    }

    /// Ends a trajectory in the object of each of `lanes`: log R, and what that costs, the edges not counted.
    pub fn end(
        &mut self,
        arena: &mut Arena,
        lanes: &[u32],
        log_reward: &mut [f64],
    ) -> Result<Spent, RewardError> {
        let n = lanes.len();
        self.stops.resize(n.max(self.stops.len()), Stop::Never);
        arena.sim.stops(lanes, &mut self.stops[..n]);
        let chosen = self.stops[..n].iter().filter(|&&stop| stop == Stop::May).count();
        arena.scorer.log_reward(&*arena.sim, lanes, log_reward)?;
        Ok(Spent { transitions: chosen as u64, objects: 0, reward_calls: n as u64 })
    }

    /// Walks each lane back to the source by uniform P_B. `see` is told the edges of each walker, the last first. Gives
    /// their number.
    ///
    /// The draws of `lanes[i]` are functions of `key.fold(i)`.
    pub fn retrace(
        &mut self,
        sim: &mut dyn Simulator,
        lanes: &[u32],
        key: Key,
        mut see: impl FnMut(usize, Action),
    ) -> u64 {
        self.depart(lanes);
        let mut transitions = 0;
        for t in 0.. {
            sim.backward_masks(&self.lanes, &mut self.masks, 0);
            self.moving.clear();
            self.actions.clear();
            for (j, &i) in self.live.iter().enumerate() {
                let n = self.masks.count(j);
                if n > 0 {
                    let edge = self.masks.select(j, key.fold(u64::from(i)).fold(t).below(n));
                    see(i as usize, edge);
                    self.moving.push(i);
                    self.actions.push(edge);
                }
            }
            if !self.advance(lanes) {
                break;
            }
            transitions += self.lanes.len() as u64;
            sim.unstep(&self.lanes, &self.actions);
        }
        transitions
    }

    /// Takes each lane from its object back to a turn and forth to another object, and leaves the two legs behind.
    /// Gives the number of edges.
    ///
    /// The draws of `lanes[i]` are functions of `key.fold(i)`.
    pub fn back_and_forth(
        &mut self,
        sim: &mut dyn Simulator,
        lanes: &[u32],
        law: &Law,
        guide: &mut impl Guide,
        key: Key,
    ) -> u64 {
        self.keys.clear();
        self.keys.extend((0..lanes.len() as u64).map(|i| key.fold(i)));
        self.walk_back(sim, lanes, law, guide);
        self.walk_forth(sim, lanes, law, guide);
        self.back.iter().chain(&self.forth).map(|leg| u64::from(leg.edges)).sum()
    }

    /// The edges that the walkers took forth, step by step, each with its walker.
    pub fn steps_forth(&self) -> impl DoubleEndedIterator<Item = &[(u32, Action)]> {
        let start = |t: usize| if t == 0 { 0 } else { self.step_ends[t - 1] };
        (0..self.step_ends.len()).map(move |t| &self.taken[start(t)..self.step_ends[t]])
    }

    fn walk_back(&mut self, sim: &mut dyn Simulator, lanes: &[u32], law: &Law, guide: &mut impl Guide) {
        self.depart(lanes);
        sim.stops(lanes, &mut self.stops[..lanes.len()]);
        self.back.clear();
        self.want.clear();
        for (key, &stop) in self.keys.iter().zip(&self.stops) {
            let complete = stop == Stop::Must;
            self.back.push(Leg::new(complete));
            self.want.push(law.draw(u32::from(complete), key.fold(BACK)));
        }
        self.source.clear();
        self.source.resize(lanes.len(), false);
        for t in 0.. {
            sim.backward_masks(&self.lanes, &mut self.masks, 0);
            self.moving.clear();
            self.actions.clear();
            for (j, &i) in self.live.iter().enumerate() {
                let (n, i) = (self.masks.count(j), i as usize);
                self.source[i] = n == 0;
                if n > 0 && t < self.want[i] {
                    self.moving.push(i as u32);
                    self.actions.push(self.masks.select(j, self.keys[i].fold(u64::from(t)).below(n)));
                    // What the way forth costs is added when the parent has been looked at.
                    self.back[i].log_back -= self.log_n[n as usize];
                }
            }
            if !self.advance(lanes) {
                break;
            }
            sim.unstep(&self.lanes, &self.actions);
            sim.stops(&self.lanes, &mut self.stops[..self.live.len()]);
            guide.look(sim, &self.lanes);
            for (j, &i) in self.live.iter().enumerate() {
                let object = self.stops[j] != Stop::Never;
                self.back[i as usize].extend_back(0.0, guide.log_p(j, self.actions[j]), object);
            }
        }
    }

    fn walk_forth(&mut self, sim: &mut dyn Simulator, lanes: &[u32], law: &Law, guide: &mut impl Guide) {
        self.depart(lanes);
        self.taken.clear();
        self.step_ends.clear();
        self.forth.clear();
        self.forth.resize(lanes.len(), Leg::new(false));
        self.want.clear();
        for (key, back) in self.keys.iter().zip(&self.back) {
            self.want.push(law.draw(u32::from(back.edges == 0), key.fold(FORTH)));
        }
        // Steps forth draw from other folds than steps back.
        let first = 1 << 32;
        for t in 0.. {
            sim.stops(&self.lanes, &mut self.stops[..self.live.len()]);
            self.moving.clear();
            let mut kept = 0;
            for j in 0..self.live.len() {
                let (i, stop) = (self.live[j] as usize, self.stops[j]);
                self.forth[i].complete = stop == Stop::Must;
                if stop == Stop::Never || (stop == Stop::May && t < self.want[i]) {
                    self.moving.push(i as u32);
                    self.stops[kept] = stop;
                    kept += 1;
                }
            }
            if !self.advance(lanes) {
                break;
            }
            guide.look(sim, &self.lanes);
            self.actions.clear();
            for (j, &i) in self.live.iter().enumerate() {
                self.actions.push(guide.draw(j, self.keys[i as usize].fold(first + u64::from(t))));
            }
            sim.step(&self.lanes, &self.actions);
            sim.backward_masks(&self.lanes, &mut self.masks, 0);
            for (j, &i) in self.live.iter().enumerate() {
                let log_back = -self.log_n[self.masks.count(j) as usize];
                let log_forth = guide.log_p(j, self.actions[j]);
                self.taken.push((i, self.actions[j]));
                self.forth[i as usize].extend_forth(log_back, log_forth, self.stops[j] != Stop::Never);
            }
            self.step_ends.push(self.taken.len());
        }
    }

    /// All walkers set out.
    fn depart(&mut self, lanes: &[u32]) {
        let n = lanes.len();
        self.live.clear();
        self.live.extend(0..n as u32);
        self.lanes.clear();
        self.lanes.extend_from_slice(lanes);
        self.stops.resize(n.max(self.stops.len()), Stop::Never);
        grow_rows(&mut self.masks, n);
    }

    /// Those that take an edge now are the ones on their way, and `lanes` lists theirs; false if there are none.
    fn advance(&mut self, lanes: &[u32]) -> bool {
        std::mem::swap(&mut self.live, &mut self.moving);
        self.lanes.clear();
        self.lanes.extend(self.live.iter().map(|&i| lanes[i as usize]));
        !self.live.is_empty()
    }
}
