//! Whether any flow is within capacities: the largest one by Dinic's algorithm, or the cut that is in its way.

use std::fmt;

use headwater_core::StateGraph;
use headwater_graph::Network;

/// Edges named of a large cut.
const SHOWN: usize = 4;

/// Z in whole units, in which the largest flow is found without rounding.
const UNITS: f64 = (1u64 << 62) as f64;

/// Edges that cannot carry what the rewards behind them need.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// The edges, ascending; whatever gets to the rewards passes one of them.
    pub edges: Vec<usize>,
    /// Sum of their capacities.
    pub carry: f64,
    /// Sum of the rewards behind them, more than the capacities.
    pub need: f64,
    /// Names of the ends of the first edges.
    named: Vec<(String, String)>,
}

impl Cut {
    /// The cut that separates the nodes `behind` from the source.
    pub(crate) fn new(network: &Network, capacities: &[f64], behind: &[bool]) -> Self {
        let g = network.graph();
        let edges = Vec::from_iter(crossing(g, behind));
        let name = |v: usize| network.name(v).to_owned();
        let named = edges.iter().take(SHOWN).map(|&e| (name(g.from(e)), name(g.to(e)))).collect();
        let carry = edges.iter().map(|&e| capacities[e]).sum();
        let rewards = network.rewards().iter().zip(behind);
        let need = rewards.filter(|r| *r.1).filter_map(|r| *r.0).sum();
        Self { edges, carry, need, named }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (edges, it) = if self.edges.len() == 1 { ("edge", "it") } else { ("edges", "them") };
        let named = Vec::from_iter(self.named.iter().map(|(from, to)| format!("`{from}` → `{to}`")));
        let more = match self.edges.len() - self.named.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let (carry, need) = (number(self.carry), number(self.need));
        let named = named.join(", ");
        write!(f, "the {edges} {named}{more} can carry {carry}, and the rewards behind {it} need {need}")
    }
}

/// A number in twelve digits, with an exponent where it would be long.
fn number(x: f64) -> String {
    let x = format!("{x:.11e}").parse().unwrap_or(x);
    if x == 0.0 || (1e-5..1e12).contains(&x.abs()) { format!("{x}") } else { format!("{x:e}") }
}

/// The edges that lead into a set of nodes, ascending.
pub fn crossing<'a>(g: &'a StateGraph, behind: &'a [bool]) -> impl Iterator<Item = usize> + 'a {
    (0..g.n_edges()).filter(|&e| behind[g.to(e)] && !behind[g.from(e)])
}

/// The nodes that can get to node `end` over the edges that are `open`.
pub fn upstream(g: &StateGraph, end: usize, open: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut seen = vec![false; g.n_states()];
    seen[end] = true;
    for &v in g.order().iter().rev() {
        let v = v as usize;
        seen[v] |= g.out(v).any(|e| open(e) && seen[g.to(e)]);
    }
    seen
}

/// A flow from the source to the rewards, made as large as it can be (Dinic 1970).
///
/// It is in whole units, 2⁶² to Z. Rewards are rounded down to units and capacities up, with 1e-12 of their own on top,
/// so that the rounding of capacities that are just enough is no obstacle. Hence a cut that is found is in the way
/// indeed, and what is let pass lacks next to nothing.
#[derive(Debug)]
pub struct MaxFlow<'a> {
    g: &'a StateGraph,
    /// Per edge: units that it carries, and that it could carry more.
    flow: Vec<u64>,
    room: Vec<u64>,
    /// Per node: units of its reward that have not arrived.
    lacks: Vec<u64>,
}

/// A step from one node to the next that has room: along an edge, or back along one that carries flow.
#[derive(Clone, Copy)]
struct Arc {
    edge: usize,
    ahead: bool,
}

impl<'a> MaxFlow<'a> {
    /// The largest flow, for rewards and capacities in shares of Z.
    pub fn new(g: &'a StateGraph, rewards: &[f64], capacities: impl Iterator<Item = f64>) -> Self {
        // Rewards may add up to a few units more than Z: what could carry Z could carry them.
        let room = |c: f64| if c < 1.0 { (c * (1.0 + 1e-12) * UNITS).ceil() } else { 2.0 * UNITS } as u64;
        let lacks = rewards.iter().map(|r| (r * UNITS).floor() as u64).collect();
        let mut this = Self { g, flow: vec![0; g.n_edges()], room: capacities.map(room).collect(), lacks };
        let mut level = vec![u32::MAX; g.n_states()];
        while this.set_levels(&mut level) {
            this.block(&level);
        }
        this
    }

    /// The node that lacks most of its reward, if one does.
    pub fn worst(&self) -> Option<usize> {
        // Of equals the first.
        let worst = (0..self.lacks.len()).rev().max_by_key(|&v| self.lacks[v]);
        worst.filter(|&v| self.lacks[v] > 0)
    }

    /// The nodes from which more could get to one of the nodes in `ends`; it cannot get in, if one lacks something.
    pub fn behind(&self, ends: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut behind = vec![false; self.g.n_states()];
        let mut found = Vec::from_iter(ends);
        found.iter().for_each(|&v| behind[v] = true);
        while let Some(v) = found.pop() {
            let entering = self.g.entering(v).iter().map(|&e| e as usize);
            let along = entering.filter(|&e| self.room[e] > 0).map(|e| self.g.from(e));
            let back = self.g.out(v).filter(|&e| self.flow[e] > 0).map(|e| self.g.to(e));
            for u in along.chain(back) {
                if !std::mem::replace(&mut behind[u], true) {
                    found.push(u);
                }
            }
        }
        behind
    }

    /// The nodes that cannot have more together with those that lack something; none if nothing is lacking.
    pub fn all_behind(&self) -> Vec<bool> {
        self.behind((0..self.lacks.len()).filter(|&v| self.lacks[v] > 0))
    }

    /// Arc number `i` of a node.
    fn arc(&self, v: usize, i: usize) -> Option<Arc> {
        let out = self.g.out(v);
        if i < out.len() {
            return Some(Arc { edge: out.start + i, ahead: true });
        }
        let edge = *self.g.entering(v).get(i - out.len())? as usize;
        Some(Arc { edge, ahead: false })
    }

    fn head(&self, arc: Arc) -> usize {
        if arc.ahead { self.g.to(arc.edge) } else { self.g.from(arc.edge) }
    }

    fn tail(&self, arc: Arc) -> usize {
        if arc.ahead { self.g.from(arc.edge) } else { self.g.to(arc.edge) }
    }

    fn room(&self, arc: Arc) -> u64 {
        if arc.ahead { self.room[arc.edge] } else { self.flow[arc.edge] }
    }

    /// Distances from the source over arcs with room; can a node that lacks something be reached?
    fn set_levels(&self, level: &mut [u32]) -> bool {
        level.fill(u32::MAX);
        level[self.g.source()] = 0;
        let mut queue = vec![self.g.source()];
        let (mut next, mut useful) = (0, false);
        while next < queue.len() {
            let v = queue[next];
            next += 1;
            useful |= self.lacks[v] > 0;
            for arc in (0..).map_while(|i| self.arc(v, i)) {
                let u = self.head(arc);
                if level[u] == u32::MAX && self.room(arc) > 0 {
                    level[u] = level[v] + 1;
                    queue.push(u);
                }
            }
        }
        useful
    }

    /// Sends flow along arcs that lead away from the source until every such path is full.
    fn block(&mut self, level: &[u32]) {
        // The first arc of each node that may yet lead somewhere.
        let mut next = vec![0; level.len()];
        let mut path: Vec<Arc> = Vec::new();
        let mut v = self.g.source();
        loop {
            if self.lacks[v] > 0 {
                let units = path.iter().map(|&a| self.room(a)).fold(self.lacks[v], u64::min);
                self.lacks[v] -= units;
                path.iter().for_each(|&a| self.send(a, units));
                if let Some(full) = path.iter().position(|&a| self.room(a) == 0) {
                    v = self.tail(path[full]);
                    path.truncate(full);
                }
                continue;
            }
            let onward = |a: Arc| self.room(a) > 0 && level[self.head(a)] == level[v].saturating_add(1);
            match self.arc(v, next[v]) {
                Some(arc) if onward(arc) => {
                    v = self.head(arc);
                    path.push(arc);
                }
                Some(_) => next[v] += 1,
                None => {
                    let Some(arc) = path.pop() else { return };
                    v = self.tail(arc);
                    next[v] += 1;
                }
            }
        }
    }

    fn send(&mut self, arc: Arc, units: u64) {
        let (from, to) = (&mut self.room[arc.edge], &mut self.flow[arc.edge]);
        let (less, more) = if arc.ahead { (from, to) } else { (to, from) };
        *less -= units;
        *more += units;
    }
}
