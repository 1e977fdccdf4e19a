//! The trajectories of a batch over the distinct states that they visit.
//!
//! A state that many trajectories visit is stored, masked and evaluated once. Of those, only states where the network
//! has something to say (a choice between edges, a flow, a choice between parents) get a *slot*: a row of network
//! input, output and tape. Forced moves and complete objects cost nothing.

use headwater_core::{
    Action, BitMatrix, Encoded, EnvSpec, Estimator, Floats, Heads, Ones, RowSet, Simulator, Stop, Wanted,
};
use headwater_nn::{Pool, Softmax, masked_softmax};
use headwater_rewards::{RewardError, Scorer};

use crate::backward::Backward;

/// "No slot": the network has nothing to say about the state.
pub(crate) const NONE: u32 = u32::MAX;

/// What a batch has to know of each state, besides what acting needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wants {
    /// log R of unfinished states.
    pub state_reward: bool,
    /// The parents of every visited state, with the network's outputs there.
    pub parents: bool,
    /// The network's outputs at every state that is not complete, not only where there is a choice.
    pub every_state: bool,
    /// What the network needs to carry gradients back.
    pub tape: bool,
}

/// The distinct states of a batch; see the module's documentation.
pub(crate) struct States {
    spec: EnvSpec,
    wants: Wants,
    set: RowSet,
    staged: Encoded,
    fresh: Vec<u32>,
    fresh_at: Vec<u32>,
    // Per state.
    stop: Vec<Stop>,
    forward: BitMatrix,
    backward: BitMatrix,
    slot: Vec<u32>,
    log_paths: Vec<f64>,
    state_log_reward: Vec<f64>,
    /// Range of the state's parents in `parents`, and whether they have been looked for.
    parent_range: Vec<(u32, u32)>,
    parents: Vec<(u32, Action)>,
    // Per slot.
    inputs: Encoded,
    masks: BitMatrix,
    slot_backward: BitMatrix,
    /// Panels of the network's output that hold a valid label; `None` where they are too few to tell apart.
    wanted: Option<BitMatrix>,
    evaluated: usize,
    pub out: Floats,
    pub tape: Floats,
    softmax: Vec<Softmax>,
    back_softmax: Vec<Softmax>,
}

impl States {
    pub fn new(spec: &EnvSpec, wants: Wants) -> Self {
        let n = spec.n_actions;
        Self {
            spec: spec.clone(),
            wants,
            set: RowSet::new(spec.encoding, 1024),
            staged: Encoded::new(spec.encoding, 0),
            fresh: Vec::new(),
            fresh_at: Vec::new(),
            stop: Vec::new(),
            forward: BitMatrix::new(0, n),
            backward: BitMatrix::new(0, n),
            slot: Vec::new(),
            log_paths: Vec::new(),
            state_log_reward: Vec::new(),
            parent_range: Vec::new(),
            parents: Vec::new(),
            inputs: Encoded::new(spec.encoding, 0),
            masks: BitMatrix::new(0, n + 1),
            slot_backward: BitMatrix::new(0, n),
            wanted: None,
            evaluated: 0,
            out: Floats::default(),
            tape: Floats::default(),
            softmax: Vec::new(),
            back_softmax: Vec::new(),
        }
    }

    pub fn clear(&mut self) {
        self.set.clear();
        self.stop.clear();
        self.forward.resize(0);
        self.backward.resize(0);
        self.slot.clear();
        self.log_paths.clear();
        self.state_log_reward.clear();
        self.parent_range.clear();
        self.parents.clear();
        self.inputs.resize(0);
        self.masks.resize(0);
        self.slot_backward.resize(0);
        self.evaluated = 0;
    }

    pub fn wants(&self) -> Wants {
        self.wants
    }

    /// Changes what is found out of states from the next [`States::clear`] on.
    pub fn set_wants(&mut self, wants: Wants) {
        self.wants = wants;
    }

    /// Forgets the network's outputs, so that the next [`States::evaluate`] makes all of them anew.
    pub fn forget(&mut self) {
        self.evaluated = 0;
    }

    /// The encodings of all states, by number.
    pub fn encodings(&self) -> &Encoded {
        self.set.rows()
    }

    /// Number of distinct states.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Number of slots: rows that the network evaluates.
    pub fn slots(&self) -> usize {
        self.inputs.rows()
    }

    /// The network's inputs, slot by slot.
    pub fn inputs(&self) -> &Encoded {
        &self.inputs
    }

    pub fn stop(&self, s: u32) -> Stop {
        self.stop[s as usize]
    }

    /// The state's slot, if it has one.
    pub fn slot(&self, s: u32) -> Option<usize> {
        let slot = self.slot[s as usize];
        (slot != NONE).then_some(slot as usize)
    }

    pub fn forward(&self) -> &BitMatrix {
        &self.forward
    }

    pub fn backward(&self) -> &BitMatrix {
        &self.backward
    }

    pub fn state_log_reward(&self, s: u32) -> f64 {
        self.state_log_reward[s as usize]
    }

    /// The parents of a visited state, each with the label of its edge.
    pub fn parents(&self, s: u32) -> &[(u32, Action)] {
        let (from, to) = self.parent_range[s as usize];
        &self.parents[from as usize..to as usize]
    }

    /// The states that the lanes are in, one number per lane; new ones are added, with everything but the network's
    /// outputs.
    pub fn admit(
        &mut self,
        sim: &dyn Simulator,
        lanes: &[u32],
        backward: &Backward,
        scorer: &mut Scorer,
        out: &mut Vec<u32>,
    ) -> Result<(), RewardError> {
        self.staged.resize(lanes.len());
        sim.encode(lanes, &mut self.staged, 0);
        out.clear();
        self.fresh.clear();
        self.fresh_at.clear();
        let first = self.len();
        for (i, &lane) in lanes.iter().enumerate() {
            let (state, new) = self.set.intern(&self.staged, i);
            if new {
                self.fresh.push(lane);
                self.fresh_at.push(i as u32);
            }
            out.push(state);
        }
        let n = self.len();
        self.stop.resize(n, Stop::Never);
        self.forward.resize(n);
        self.backward.resize(n);
        self.slot.resize(n, NONE);
        self.parent_range.resize(n, (NONE, NONE));
        sim.stops(&self.fresh, &mut self.stop[first..]);
        sim.forward_masks(&self.fresh, &mut self.forward, first);
        sim.backward_masks(&self.fresh, &mut self.backward, first);
        if self.wants.state_reward {
            self.state_log_reward.resize(n, 0.0);
            scorer.log_reward(sim, &self.fresh, &mut self.state_log_reward[first..])?;
        }
        if let Backward::MaxEnt(paths) = backward {
            self.log_paths.extend(self.fresh_at.iter().map(|&i| paths.log_paths(&self.staged, i as usize)));
        }
        for state in first..n {
            self.assign_slot(state, backward, self.fresh_at[state - first] as usize);
        }
        Ok(())
    }

    fn assign_slot(&mut self, state: usize, backward: &Backward, staged: usize) {
        let choices = self.forward.count(state) + u32::from(self.stop[state] == Stop::May);
        let acts = self.stop[state] != Stop::Must && (choices > 1 || self.wants.every_state);
        let looks_back = matches!(backward, Backward::Learned) && self.backward.count(state) > 1;
        if !acts && !looks_back {
            return;
        }
        let slot = self.slots();
        self.slot[state] = slot as u32;
        self.inputs.resize(slot + 1);
        self.inputs.write(slot, &self.staged, staged);
        self.masks.resize(slot + 1);
        self.masks.write(slot, self.forward.row(state));
        if self.stop[state] == Stop::May {
            self.masks.row_mut(slot).set(self.spec.n_actions);
        }
        if matches!(backward, Backward::Learned) {
            self.slot_backward.resize(slot + 1);
            self.slot_backward.write(slot, self.backward.row(state));
        }
    }

    /// Looks for the parents of those of `states` that have not been asked for them; `lanes[i]` is in `states[i]`.
    /// Uses lanes of `sim` from `scratch` on.
    #[allow(clippy::too_many_arguments)]
    pub fn expand(
        &mut self,
        sim: &mut dyn Simulator,
        lanes: &[u32],
        states: &[u32],
        scratch: u32,
        backward: &Backward,
        scorer: &mut Scorer,
        work: &mut Expansion,
    ) -> Result<(), RewardError> {
        for (&lane, &state) in lanes.iter().zip(states) {
            if self.parent_range[state as usize].0 != NONE {
                continue;
            }
            work.clear();
            work.actions.extend(self.backward.ones(state as usize).map(|a| Action(a as u32)));
            work.lanes.extend((0..work.actions.len() as u32).map(|i| scratch + i));
            if sim.lanes() < scratch as usize + work.lanes.len() {
                sim.resize(scratch as usize + work.lanes.len());
            }
            for &to in &work.lanes {
                sim.copy(lane, to);
            }
            sim.unstep(&work.lanes, &work.actions);
            self.admit(sim, &work.lanes, backward, scorer, &mut work.states)?;
            let from = self.parents.len() as u32;
            self.parents.extend(work.states.iter().copied().zip(work.actions.iter().copied()));
            self.parent_range[state as usize] = (from, self.parents.len() as u32);
        }
        Ok(())
    }

    /// Evaluates the network on the slots that are new since the last call, and normalises its heads there.
    pub fn evaluate(&mut self, net: &dyn Estimator, pool: &Pool) {
        let (from, to) = (self.evaluated, self.slots());
        if from == to {
            return;
        }
        let heads = net.heads();
        let (n, stride, width) = (heads.n_actions, heads.stride, net.tape_width());
        self.out.grow(to * stride);
        self.want(heads, from..to);
        // Without gradients, all calls write to the same few rows, which stay in the cache.
        let at = if self.wants.tape { from } else { 0 };
        self.tape.grow((at + to - from) * width);
        grow(&mut self.softmax, to);
        let wanted = self.wanted.as_ref().map_or(Wanted::All, Wanted::Panels);
        let out = &mut self.out[from * stride..to * stride];
        let tape = &mut self.tape[at * width..(at + to - from) * width];
        net.forward(&self.inputs, from..to, wanted, out, tape);
        let logits = &self.out[from * stride..to * stride];
        softmax(pool, logits, stride, n + 1, &self.masks, from, &mut self.softmax[from..to]);
        if let Some(at) = heads.backward {
            grow(&mut self.back_softmax, to);
            let out = &mut self.back_softmax[from..to];
            softmax(pool, &logits[at..], stride, n, &self.slot_backward, from, out);
        }
        self.evaluated = to;
    }

    /// Notes the panels of output that somebody will read in the slots `slots`.
    fn want(&mut self, heads: Heads, slots: std::ops::Range<usize>) {
        let panels = heads.stride / 16;
        if panels <= FEW_PANELS {
            return;
        }
        let wanted = self.wanted.get_or_insert_with(|| BitMatrix::new(0, panels));
        wanted.resize(slots.start);
        wanted.resize(slots.end);
        for slot in slots {
            let mut row = wanted.row_mut(slot);
            let mut mark = |p: usize| row.set(p);
            panels_of(self.masks.row(slot), 0, &mut mark);
            if let Some(at) = heads.backward {
                panels_of(self.slot_backward.row(slot), at, &mut mark);
            }
            if let Some(at) = heads.flow {
                mark(at / 16);
            }
        }
    }

    /// The panels of the network's output that somebody reads, slot by slot.
    pub fn wanted(&self) -> Wanted<'_> {
        self.wanted.as_ref().map_or(Wanted::All, Wanted::Panels)
    }

    /// P_F at a slot: over the edges that leave it, the stop edge behind them.
    pub fn leaving(&self, slot: usize, heads: Heads) -> Policy<'_> {
        let logits = &self.out[slot * heads.stride..][..heads.n_actions + 1];
        Policy { softmax: &self.softmax[slot], logits, mask: self.masks.row(slot) }
    }

    /// P_B at a slot, if it is learned: over the edges that enter it.
    pub fn entering(&self, slot: usize, heads: Heads) -> Option<Policy<'_>> {
        let logits = &self.out[slot * heads.stride + heads.backward?..][..heads.n_actions];
        Some(Policy { softmax: &self.back_softmax[slot], logits, mask: self.slot_backward.row(slot) })
    }

    /// log P_B of going from state `child` back along `a` to state `parent`.
    pub fn log_pb(
        &self,
        backward: &Backward,
        parent: u32,
        a: Action,
        child: u32,
        net: &dyn Estimator,
    ) -> f64 {
        match backward {
            Backward::Uniform => -f64::from(self.backward.count(child as usize)).ln(),
            Backward::MaxEnt(_) => self.log_paths[parent as usize] - self.log_paths[child as usize],
            Backward::Learned => match (self.slot(child), net.heads().backward) {
                (Some(slot), Some(at)) if self.backward.count(child as usize) > 1 => {
                    let logit = self.out[slot * net.heads().stride + at + a.index()];
                    f64::from(logit) - self.back_softmax[slot].log_sum
                }
                _ => 0.0,
            },
        }
    }
}

/// A policy's choice at one state.
#[derive(Clone, Copy)]
pub(crate) struct Policy<'a> {
    pub softmax: &'a Softmax,
    /// Read only where the bit of `mask` is set.
    pub logits: &'a [f32],
    pub mask: &'a [u64],
}

impl Policy<'_> {
    /// Draws by a number in [0, 1); `None` if no probability is positive.
    pub fn draw(&self, u: f64) -> Option<usize> {
        self.softmax.draw(self.logits, self.mask, u)
    }

    /// The valid edges and their probabilities.
    pub fn probabilities(&self) -> impl Iterator<Item = (usize, f32)> + Clone {
        Ones::new(self.mask).map(|a| (a, self.softmax.probability(self.logits[a])))
    }
}

/// Panels of output up to which all are wanted: telling them apart would cost more than it saves.
const FEW_PANELS: usize = 32;

/// Calls `mark` with the panels of the columns `at + i` for every bit i of `words`.
fn panels_of(words: &[u64], at: usize, mark: &mut impl FnMut(usize)) {
    for (w, &word) in words.iter().enumerate().filter(|&(_, &word)| word != 0) {
        let column = at + 64 * w;
        let bits = u128::from(word) << (column % 16);
        for i in (0..5).filter(|i| (bits >> (16 * i)) as u16 != 0) {
            mark(column / 16 + i);
        }
    }
}

/// Rows of `width` columns per piece of work, when every thread is to have one; all of them if they are too few to
/// share.
pub(crate) fn rows_per_piece(pool: &Pool, rows: usize, width: usize) -> usize {
    // A row costs as much as some 64 columns before its first; a few microseconds are worth sharing.
    let worth = rows * (64 + width) >= 8192;
    rows.div_ceil(if worth { pool.threads() } else { 1 }).max(1)
}

/// [`masked_softmax`] on all threads, for rows of logits whose masks start at row `at` of `masks`.
pub(crate) fn softmax(
    pool: &Pool,
    logits: &[f32],
    stride: usize,
    n: usize,
    masks: &BitMatrix,
    at: usize,
    out: &mut [Softmax],
) {
    let (rows, words) = (out.len(), masks.words_per_row());
    let piece = rows_per_piece(pool, rows, n);
    pool.pieces(out, piece, &|i, out| {
        let first = i * piece;
        let masks = masks.words(at + first..at + first + out.len());
        masked_softmax(&logits[first * stride..], stride, n, masks, words, out);
    });
}

/// Buffers of [`States::expand`].
#[derive(Default)]
pub(crate) struct Expansion {
    lanes: Vec<u32>,
    actions: Vec<Action>,
    states: Vec<u32>,
}

impl Expansion {
    fn clear(&mut self) {
        self.lanes.clear();
        self.actions.clear();
    }
}

/// Makes `v` at least `n` long, with room to spare: batches differ a little in size from step to step.
fn grow<T: Copy + Default>(v: &mut Vec<T>, n: usize) {
    if v.len() < n {
        v.resize(n + n / 2, T::default());
    }
}

/// One batch of trajectories.
pub(crate) struct Batch {
    pub states: States,
    // Visits in the order in which they happened.
    visits: Vec<Visit>,
    // Trajectory by trajectory.
    offsets: Vec<u32>,
    nodes: Vec<(u32, Action)>,
    pub log_reward: Vec<f64>,
}

/// A trajectory's passing of a state.
#[derive(Clone, Copy)]
pub(crate) struct Visit {
    pub lane: u32,
    pub state: u32,
    /// The edge taken from the state; `n_actions` at the end of the trajectory.
    pub action: Action,
}

impl Batch {
    pub fn new(spec: &EnvSpec, wants: Wants) -> Self {
        Self {
            states: States::new(spec, wants),
            visits: Vec::new(),
            offsets: vec![0],
            nodes: Vec::new(),
            log_reward: Vec::new(),
        }
    }

    pub fn clear(&mut self) {
        self.states.clear();
        self.visits.clear();
        self.offsets.clear();
        self.nodes.clear();
        self.log_reward.clear();
    }

    pub fn push(&mut self, visit: Visit) {
        self.visits.push(visit);
    }

    /// Sorts the visits by lane. Visits of the first `given` lanes happened in reverse, those of the others in the
    /// order of their trajectories.
    pub fn arrange(&mut self, lanes: usize, given: usize) {
        let Self { visits, offsets, nodes, .. } = self;
        offsets.clear();
        offsets.resize(lanes + 1, 0);
        for v in &*visits {
            offsets[v.lane as usize + 1] += 1;
        }
        for b in 0..lanes {
            offsets[b + 1] += offsets[b];
        }
        nodes.clear();
        nodes.resize(visits.len(), (0, Action(0)));
        // `offsets[b]` walks to the end of trajectory `b`, which is where `b + 1` starts; the shift undoes it.
        let mut place = |v: &Visit| {
            let at = &mut offsets[v.lane as usize];
            nodes[*at as usize] = (v.state, v.action);
            *at += 1;
        };
        visits.iter().rev().filter(|v| (v.lane as usize) < given).for_each(&mut place);
        visits.iter().filter(|v| v.lane as usize >= given).for_each(&mut place);
        offsets.rotate_right(1);
        offsets[0] = 0;
    }

    pub fn trajectories(&self) -> usize {
        self.log_reward.len()
    }

    /// The states of trajectory `b`, each with the edge taken from it.
    pub fn nodes(&self, b: usize) -> &[(u32, Action)] {
        &self.nodes[self.offsets[b] as usize..self.offsets[b + 1] as usize]
    }

    /// Number of states visited, with repetitions, the complete objects of forced stops not counted: the edges that
    /// are trained on.
    pub fn transitions(&self) -> usize {
        let complete = |b: usize| {
            let end = self.nodes(b).last();
            usize::from(end.is_some_and(|&(s, _)| self.states.stop(s) == Stop::Must))
        };
        self.nodes.len() - (0..self.trajectories()).map(complete).sum::<usize>()
    }
}
