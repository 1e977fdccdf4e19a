//! A pointed DAG as flat arrays: edges in both directions, a topological order, and where trajectories may end.

use std::ops::Range;

use crate::Stop;

/// States and edges of a pointed DAG as compressed sparse rows.
///
/// States and edges are numbers. Edges are numbered by source, so that those leaving a state are a range. About 16
/// bytes per edge and 13 per state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateGraph {
    /// Edges leaving `s` are `first_out[s]..first_out[s + 1]`.
    first_out: Vec<u32>,
    from: Vec<u32>,
    to: Vec<u32>,
    /// Edges entering `s` are `entering[first_in[s]..first_in[s + 1]]`.
    first_in: Vec<u32>,
    entering: Vec<u32>,
    order: Vec<u32>,
    stops: Vec<Stop>,
    longest: usize,
    n_objects: usize,
}

/// Some edges form a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cyclic {
    /// The states that can be put in order: neither on a cycle nor behind one.
    pub ordered: Vec<u32>,
}

impl StateGraph {
    /// A graph of `stops.len()` states whose edge `e` leads from `from[e]` to `to[e]`; `from` is ascending.
    ///
    /// # Errors
    /// If there is a cycle.
    ///
    /// # Panics
    /// If an edge leads to no state, `from` is not ascending, or there are 2³² edges.
    pub fn new(from: Vec<u32>, to: Vec<u32>, stops: Vec<Stop>) -> Result<Self, Cyclic> {
        let n = stops.len();
        assert!(from.len() == to.len() && from.is_sorted(), "edges are numbered by source");
        assert!(u32::try_from(from.len()).is_ok(), "edges have numbers of 32 bits");
        let first_out = starts(n, &from);
        let (first_in, entering) = transpose(n, &to);
        let (order, longest) = topological(&first_out, &first_in, &to)?;
        let n_objects = stops.iter().filter(|&&s| s != Stop::Never).count();
        Ok(Self { first_out, from, to, first_in, entering, order, stops, longest, n_objects })
    }

    /// The same graph with other states to end in, one per state.
    ///
    /// # Panics
    /// If there are not as many as states.
    #[must_use]
    pub fn with_stops(self, stops: Vec<Stop>) -> Self {
        assert_eq!(stops.len(), self.n_states(), "every state has its stop");
        let n_objects = stops.iter().filter(|&&s| s != Stop::Never).count();
        Self { stops, n_objects, ..self }
    }

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

    /// The first state in topological order: the initial state, where all others can be reached from one.
    pub fn source(&self) -> usize {
        self.order[0] as usize
    }

    /// The edges leaving state `s`.
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

    /// The states in a topological order: no edge leads backward in it.
    pub fn order(&self) -> &[u32] {
        &self.order
    }
}

/// Where the run of each state begins in a list that is sorted by state.
fn starts(n: usize, states: &[u32]) -> Vec<u32> {
    let mut first = vec![0u32; n + 1];
    for &s in states {
        first[s as usize + 1] += 1;
    }
    for s in 0..n {
        first[s + 1] += first[s];
    }
    first
}

/// Edges by target: the edges into `s` are `entering[first[s]..first[s + 1]]`, ascending.
fn transpose(n: usize, to: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let first = starts(n, to);
    let mut next = first.clone();
    let mut entering = vec![0u32; to.len()];
    for (e, &t) in to.iter().enumerate() {
        let slot = &mut next[t as usize];
        entering[*slot as usize] = e as u32;
        *slot += 1;
    }
    (first, entering)
}

/// A topological order (Kahn 1962) and the number of edges of the longest path.
fn topological(first_out: &[u32], first_in: &[u32], to: &[u32]) -> Result<(Vec<u32>, usize), Cyclic> {
    let n = first_out.len() - 1;
    let mut waiting = Vec::from_iter(first_in.windows(2).map(|w| w[1] - w[0]));
    let mut depth = vec![0u32; n];
    let mut order = Vec::with_capacity(n);
    order.extend((0..n as u32).filter(|&s| waiting[s as usize] == 0));
    let mut head = 0;
    while head < order.len() {
        let s = order[head] as usize;
        head += 1;
        for &t in &to[first_out[s] as usize..first_out[s + 1] as usize] {
            let t = t as usize;
            depth[t] = depth[t].max(depth[s] + 1);
            waiting[t] -= 1;
            if waiting[t] == 0 {
                order.push(t as u32);
            }
        }
    }
    if order.len() < n {
        return Err(Cyclic { ordered: order });
    }
    Ok((order, depth.into_iter().max().unwrap_or(0) as usize))
}
