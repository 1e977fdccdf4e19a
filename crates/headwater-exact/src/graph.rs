//! The enumerated DAG of an environment; lane `s` of its simulator is state `s`.

use std::ops::Deref;

use hashbrown::HashTable;
use headwater_core::{Action, ParseError, Simulator, StateGraph};

/// Every state and edge of an environment; made by [`crate::enumerate`].
///
/// States are numbered in breadth-first order, the initial state is 0. Edges are numbered by source, and by label
/// within a source. What does not ask for labels or texts is asked of the [`StateGraph`].
pub struct Graph {
    pub(crate) sim: Box<dyn Simulator>,
    /// State numbers by hash.
    pub(crate) table: HashTable<u32>,
    pub(crate) states: StateGraph,
    pub(crate) action: Vec<Action>,
}

impl Deref for Graph {
    type Target = StateGraph;

    fn deref(&self) -> &StateGraph {
        &self.states
    }
}

impl Graph {
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
