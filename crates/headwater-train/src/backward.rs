//! The backward policy P_B: uniform, learned, or of maximum entropy.

use headwater_core::{Encoded, Heads, RowSet};
use headwater_exact::{Graph, log_trajectories};
use headwater_nn::Tabular;

/// The backward policy P_B(s | s′).
pub enum Backward {
    /// Uniform over the edges that enter s′.
    Uniform,
    /// The estimator's backward head.
    Learned,
    /// Proportional to the number of trajectories that reach s, so that all trajectories to an object are equally
    /// likely (arXiv:2312.14331).
    MaxEnt(PathCounts),
}

/// The number of trajectories to each state of an enumerated space, by the state's encoding.
pub struct PathCounts {
    states: RowSet,
    log_paths: Vec<f64>,
}

impl PathCounts {
    /// Counts the trajectories of `graph`.
    pub fn new(graph: &Graph) -> Self {
        Self { states: encodings(graph), log_paths: log_trajectories(graph) }
    }

    /// Log of the number of trajectories that reach the state encoded in row `r` of `x`.
    pub(crate) fn log_paths(&self, x: &Encoded, r: usize) -> f64 {
        let state = self.states.find(x, r).expect("every state of the environment was enumerated");
        self.log_paths[state as usize]
    }
}

/// A table over a graph, with entries for the edges that leave and enter each state and for what else `heads` has.
pub fn table(graph: &Graph, heads: Heads) -> Tabular {
    let mut labels = Vec::new();
    Tabular::new(encodings(graph), heads, |s, columns| {
        columns.extend(graph.out(s).map(|e| graph.action(e).0));
        if graph.is_object(s) {
            columns.push(heads.n_actions as u32);
        }
        columns.extend(heads.flow.map(|at| at as u32));
        let Some(at) = heads.backward else { return };
        labels.clear();
        labels.extend(graph.entering(s).iter().map(|&e| graph.action(e as usize).0));
        labels.sort_unstable();
        columns.extend(labels.iter().map(|label| at as u32 + label));
    })
}

/// The encodings of all states of a graph; the row of a state is its number.
pub fn encodings(graph: &Graph) -> RowSet {
    let sim = graph.sim();
    let mut set = RowSet::new(sim.spec().encoding, graph.n_states());
    let mut rows = Encoded::new(sim.spec().encoding, 0);
    let lanes: Vec<u32> = (0..graph.n_states() as u32).collect();
    for chunk in lanes.chunks(4096) {
        rows.resize(chunk.len());
        sim.encode(chunk, &mut rows, 0);
        for (i, &state) in chunk.iter().enumerate() {
            let (row, new) = set.intern(&rows, i);
            assert!(new && row == state, "encodings of distinct states are distinct");
        }
    }
    set
}
