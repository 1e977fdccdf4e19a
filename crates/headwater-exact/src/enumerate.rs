//! Breadth-first enumeration of the states and edges behind a simulator.

use hashbrown::HashTable;
use headwater_core::{Action, BitMatrix, Simulator, StateGraph, Stop};

use crate::Graph;

/// Why a graph could not be enumerated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnumerateError {
    /// There are more states than the caller allowed.
    #[error("more than {cap} states are reachable, which is the cap on enumeration")]
    TooLarge {
        /// The largest number of states allowed.
        cap: usize,
    },
    /// Edges are numbered by u32.
    #[error("more than {} edges lead to the first {states} states; enumeration stops there", u32::MAX)]
    TooManyEdges {
        /// States found so far.
        states: usize,
    },
    /// Some edges lead back: the states are not a DAG.
    #[error("the edges form a cycle: only {ordered} of {of} states can be put in order")]
    Cyclic {
        /// States that are on no cycle and behind none.
        ordered: usize,
        /// All states.
        of: usize,
    },
}

/// Every state that the initial state leads to, and every edge between them.
///
/// The environment is taken at its word: mask bits past `n_actions` are ignored and backward masks are not looked at.
/// It is the conformance suite that checks them.
///
/// # Errors
/// If there are more than `cap` states, or the edges form a cycle.
pub fn enumerate(sim: &dyn Simulator, cap: usize) -> Result<Graph, EnumerateError> {
    if sim.spec().states_at_least > cap as f64 {
        return Err(EnumerateError::TooLarge { cap });
    }
    let mut walk = Walk::new(sim.fork(), cap);
    let mut masks = BitMatrix::new(PARENTS, sim.spec().n_actions);
    let mut head = 0;
    while head < walk.n_states() {
        let parents = Vec::from_iter(head as u32..walk.n_states().min(head + PARENTS) as u32);
        walk.sim.forward_masks(&parents, &mut masks, 0);
        for (row, &parent) in parents.iter().enumerate() {
            walk.expand(parent, masks.ones(row))?;
        }
        walk.settle()?;
        head += parents.len();
    }
    walk.finish()
}

/// States whose masks are asked for at once.
const PARENTS: usize = 1024;

/// Children that are made at once. They sit in scratch lanes behind the states.
const CHILDREN: usize = 8192;

struct Walk {
    sim: Box<dyn Simulator>,
    cap: usize,
    /// Per state, so that the table can grow and most comparisons need no state.
    hashes: Vec<u64>,
    table: HashTable<u32>,
    from: Vec<u32>,
    to: Vec<u32>,
    action: Vec<Action>,
    scratch: Vec<u64>,
}

impl Walk {
    fn new(mut sim: Box<dyn Simulator>, cap: usize) -> Self {
        sim.reset(1);
        let mut hashes = vec![0];
        sim.hashes(&[0], &mut hashes);
        let mut table = HashTable::new();
        table.insert_unique(hashes[0], 0, |_| hashes[0]);
        // Lane numbers are u32, and the scratch lanes need some.
        let cap = cap.clamp(1, 1 << 31);
        Self { sim, cap, hashes, table, from: vec![], to: vec![], action: vec![], scratch: vec![] }
    }

    fn n_states(&self) -> usize {
        self.hashes.len()
    }

    /// Notes the edges that leave `parent`; their targets are found later, many at once.
    fn expand(&mut self, parent: u32, labels: impl Iterator<Item = usize>) -> Result<(), EnumerateError> {
        let n_actions = self.sim.spec().n_actions;
        for a in labels.take_while(|&a| a < n_actions) {
            self.from.push(parent);
            self.action.push(Action(a as u32));
        }
        if u32::try_from(self.from.len()).is_err() {
            return Err(EnumerateError::TooManyEdges { states: self.n_states() });
        }
        if self.from.len() - self.to.len() >= CHILDREN { self.settle() } else { Ok(()) }
    }

    /// Finds the targets of all edges noted since the last call, and numbers those that are new.
    fn settle(&mut self) -> Result<(), EnumerateError> {
        let (old, done) = (self.n_states() as u32, self.to.len());
        let children = Vec::from_iter((0..(self.from.len() - done) as u32).map(|i| old + i));
        self.sim.resize(old as usize + children.len());
        for (&parent, &child) in self.from[done..].iter().zip(&children) {
            self.sim.copy(parent, child);
        }
        self.sim.step(&children, &self.action[done..]);
        self.scratch.resize(children.len(), 0);
        self.sim.hashes(&children, &mut self.scratch);
        for (&child, &hash) in children.iter().zip(&self.scratch) {
            let (sim, hashes) = (&mut self.sim, &mut self.hashes);
            let known = self.table.find(hash, |&s| hashes[s as usize] == hash && sim.same(s, child));
            if let Some(&s) = known {
                self.to.push(s);
                continue;
            }
            if hashes.len() == self.cap {
                return Err(EnumerateError::TooLarge { cap: self.cap });
            }
            // A new state moves down to its own lane, over a child that has been dealt with.
            let s = hashes.len() as u32;
            sim.copy(child, s);
            hashes.push(hash);
            self.table.insert_unique(hash, s, |&s| hashes[s as usize]);
            self.to.push(s);
        }
        self.sim.resize(self.hashes.len());
        Ok(())
    }

    fn finish(self) -> Result<Graph, EnumerateError> {
        let n = self.n_states();
        let Self { sim, table, hashes, mut from, mut to, mut action, .. } = self;
        drop(hashes);
        from.shrink_to_fit();
        to.shrink_to_fit();
        action.shrink_to_fit();
        let mut stops = vec![Stop::Never; n];
        sim.stops(&Vec::from_iter(0..n as u32), &mut stops);
        let states = StateGraph::new(from, to, stops)
            .map_err(|cyclic| EnumerateError::Cyclic { ordered: cyclic.ordered.len(), of: n })?;
        Ok(Graph { sim, table, states, action })
    }
}
