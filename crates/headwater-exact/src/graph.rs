//! The enumerated DAG as compressed sparse rows; lane `s` of its simulator is state `s`.

use std::ops::Range;

use hashbrown::HashTable;
use headwater_core::{Action, ParseError, Simulator, Stop};

/// Every state and edge of an environment; made by [`crate::enumerate`].
///
/// States are numbered in breadth-first order, the initial state is 0. Edges are numbered by source, and by label
/// within a source. About 16 bytes per edge and 25 per state, besides the simulator's own states.
pub struct Graph {
    pub(crate) sim: Box<dyn Simulator>,
    /// State numbers by hash.
    pub(crate) table: HashTable<u32>,
    pub(crate) stops: Vec<Stop>,
    /// Edges leaving `s` are `first_out[s]..first_out[s + 1]`.
    pub(crate) first_out: Vec<u32>,
    pub(crate) from: Vec<u32>,
    pub(crate) to: Vec<u32>,
    pub(crate) action: Vec<Action>,
    /// Edges entering `s` are `entering[first_in[s]..first_in[s + 1]]`.
    pub(crate) first_in: Vec<u32>,
    pub(crate) entering: Vec<u32>,
    pub(crate) order: Vec<u32>,
    pub(crate) longest: usize,
    pub(crate) n_objects: usize,
}

impl Graph {
    /// Number of states, objects and unfinished ones.
    pub fn n_states(&self) -> usize {
        self.stops.len()
    }

    /// Number of edges, stop edges not counted.
    pub fn n_edges(&self) -> usize {
        self.to.len()
    }

    /// Number of states in which a trajectory may or must end.
    pub fn n_objects(&self) -> usize {
        self.n_objects
    }

    /// Edges of the longest trajectory, the stop edge not counted.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Whether a trajectory may end, per state.
    pub fn stops(&self) -> &[Stop] {
        &self.stops
    }

    /// May a trajectory end in state `s`?
    #[inline]
    pub fn is_object(&self, s: usize) -> bool {
        self.stops[s] != Stop::Never
    }

    /// The objects' state numbers, ascending.
    pub fn objects(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        (0..self.n_states()).filter(|&s| self.is_object(s))
    }

    /// The edges leaving state `s`, by ascending label.
    #[inline]
    pub fn out(&self, s: usize) -> Range<usize> {
        self.first_out[s] as usize..self.first_out[s + 1] as usize
    }

    /// The edges entering state `s`, ascending.
    #[inline]
    pub fn entering(&self, s: usize) -> &[u32] {
        &self.entering[self.first_in[s] as usize..self.first_in[s + 1] as usize]
    }

    /// The state that edge `e` leaves.
    #[inline]
    pub fn from(&self, e: usize) -> usize {
        self.from[e] as usize
    }

    /// The state that edge `e` enters.
    #[inline]
    pub fn to(&self, e: usize) -> usize {
        self.to[e] as usize
    }

    /// The label of edge `e`.
    #[inline]
    pub fn action(&self, e: usize) -> Action {
        self.action[e]
    }

    /// The edge that leaves state `s` with label `a`, if there is one.
    #[inline]
    pub fn edge(&self, s: usize, a: Action) -> Option<usize> {
        let out = self.out(s);
        self.action[out.clone()].binary_search(&a).ok().map(|i| out.start + i)
    }

    /// The states in a topological order: no edge leads backward in it.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The simulator whose lane `s` is state `s`; it has `n_states` lanes.
    pub fn sim(&self) -> &dyn Simulator {
        &*self.sim
    }

    /// The number of the state that `text` names; `None` if the initial state does not lead to it.
    ///
    /// # Errors
    /// If `text` names no state.
    pub fn find(&mut self, text: &str) -> Result<Option<usize>, ParseError> {
        let spare = self.n_states() as u32;
        self.sim.resize(spare as usize + 1);
        let found = self.sim.load(spare, text).map(|()| {
            let mut hash = [0];
            self.sim.hashes(&[spare], &mut hash);
            self.table.find(hash[0], |&s| self.sim.same(s, spare)).map(|&s| s as usize)
        });
        self.sim.resize(spare as usize);
        found
    }
}
