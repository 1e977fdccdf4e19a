//! All states one edge on from some.

use headwater_core::{Action, BitMatrix, EnvSpec, Simulator, Stop};

use crate::walk::grow_rows;

/// The children of some lanes' states, one lane for each edge.
pub(crate) struct Children {
    /// Per child: the index of its parent.
    pub owners: Vec<u32>,
    /// Per child: its lane.
    pub lanes: Vec<u32>,
    /// Per child: may a trajectory end there?
    pub stops: Vec<Stop>,
    edges: Vec<Action>,
    masks: BitMatrix,
}

impl Children {
    pub fn new(spec: &EnvSpec) -> Self {
        Self {
            owners: Vec::new(),
            lanes: Vec::new(),
            stops: Vec::new(),
            edges: Vec::new(),
            masks: BitMatrix::new(0, spec.n_actions),
        }
    }

    /// Puts the children of the states in `parents` into the lanes from `first` on, parent by parent.
    pub fn expand(&mut self, sim: &mut dyn Simulator, parents: &[u32], first: u32) {
        grow_rows(&mut self.masks, parents.len());
        sim.forward_masks(parents, &mut self.masks, 0);
        self.owners.clear();
        self.edges.clear();
        for k in 0..parents.len() {
            self.edges.extend(self.masks.ones(k).map(|a| Action(a as u32)));
            self.owners.resize(self.edges.len(), k as u32);
        }
        self.lanes.clear();
        self.lanes.extend((0..self.edges.len() as u32).map(|j| first + j));
        grow_lanes(sim, first as usize + self.edges.len());
        for (&k, &to) in self.owners.iter().zip(&self.lanes) {
            sim.copy(parents[k as usize], to);
        }
        sim.step(&self.lanes, &self.edges);
        self.stops.resize(self.edges.len(), Stop::Never);
        sim.stops(&self.lanes, &mut self.stops);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Forgets those that `keep` says no to, by index.
    pub fn retain(&mut self, mut keep: impl FnMut(&Self, usize) -> bool) {
        let mut kept = 0;
        for j in 0..self.len() {
            if keep(self, j) {
                self.owners[kept] = self.owners[j];
                self.lanes[kept] = self.lanes[j];
                self.stops[kept] = self.stops[j];
                kept += 1;
            }
        }
        self.owners.truncate(kept);
        self.lanes.truncate(kept);
        self.stops.truncate(kept);
    }
}

/// Makes sure that there are `lanes` lanes; those that there are keep their states.
pub(crate) fn grow_lanes(sim: &mut dyn Simulator, lanes: usize) {
    if sim.lanes() < lanes {
        sim.resize(lanes);
    }
}
