//! From a graph as it was written to a flow network: a DAG with one source, no dead ends, and sensible rewards.

use headwater_core::{StateGraph, Stop};

use crate::raw::{Fault, Place, Raw, RawEdge, RawReward};
use crate::{Attribute, Names, Network};

/// Names shown of a long cycle.
const SHOWN: usize = 8;

impl Raw {
    /// Checks the graph and sorts its edges by source.
    pub fn check(self) -> Result<Network, Fault> {
        let Self { names, edges, declared, rewards, attributes } = self;
        if edges.is_empty() {
            return Err(Fault::new(Place::Graph(0), "there are no edges"));
        }
        if u32::try_from(edges.len()).is_err() {
            return Err(Fault::new(Place::Graph(0), "there are 2³² edges or more"));
        }
        let sorted = Sorted::new(names.len(), edges);
        sorted.once(&names)?;
        let ends: (Vec<u32>, Vec<u32>) = sorted.edges.iter().map(|e| (e.from, e.to)).unzip();
        let graph = StateGraph::new(ends.0, ends.1, vec![Stop::Never; names.len()])
            .map_err(|cyclic| sorted.cycle(&names, &cyclic.ordered))?;
        only_source(&names, &sorted, &graph)?;
        let values = rewards_by_node(&names, &rewards)?;
        let without_reward = declared.iter().map(|&(node, at)| (node, Place::Graph(at), ""));
        let mentioned = rewards.iter().map(|r| (r.node, r.place, "a reward but ")).chain(without_reward);
        no_strangers(&names, &graph, mentioned)?;
        no_dead_ends(&names, &sorted, &graph, &values)?;
        if values.iter().flatten().all(|&r| r == 0.0) {
            let place = rewards.first().map_or(Place::Graph(0), |r| r.place);
            return Err(
                Fault::new(place, "every reward is zero").hint("some node must have a positive reward")
            );
        }
        let stop = |(v, r): (usize, &Option<f64>)| match r {
            None => Stop::Never,
            Some(_) if graph.out(v).is_empty() => Stop::Must,
            Some(_) => Stop::May,
        };
        let stops = values.iter().enumerate().map(stop).collect();
        let attributes = Attribute::ALL.map(|a| sorted.attribute(a, &attributes[a as usize]));
        Ok(Network { names, graph: graph.with_stops(stops), rewards: values, attributes })
    }
}

/// Edges by source, in the order of the file at each.
struct Sorted {
    edges: Vec<RawEdge>,
    /// Their places in the order of the file.
    number: Vec<u32>,
    n_nodes: usize,
}

impl Sorted {
    fn new(n_nodes: usize, edges: Vec<RawEdge>) -> Self {
        let mut next = vec![0u32; n_nodes + 1];
        edges.iter().for_each(|e| next[e.from as usize + 1] += 1);
        for v in 0..n_nodes {
            next[v + 1] += next[v];
        }
        let mut sorted = vec![RawEdge { from: 0, to: 0, at: 0 }; edges.len()];
        let mut number = vec![0; edges.len()];
        for (i, e) in edges.iter().enumerate() {
            let slot = &mut next[e.from as usize];
            sorted[*slot as usize] = *e;
            number[*slot as usize] = i as u32;
            *slot += 1;
        }
        Self { edges: sorted, number, n_nodes }
    }

    /// No edge from a node to itself, and none twice.
    fn once(&self, names: &Names) -> Result<(), Fault> {
        let name = |v: u32| names.get(v as usize);
        // The first fault of its kind in the file is named.
        if let Some(e) = self.edges.iter().filter(|e| e.from == e.to).min_by_key(|e| e.at) {
            let message = format!("the edge from `{0}` to `{0}` is a loop", name(e.from));
            return Err(Fault::new(Place::Graph(e.at), message));
        }
        // The last node that was seen to lead to each.
        let mut parent = vec![u32::MAX; self.n_nodes];
        let twice =
            self.edges.iter().filter(|e| std::mem::replace(&mut parent[e.to as usize], e.from) == e.from);
        match twice.min_by_key(|e| e.at) {
            Some(e) => {
                let message = format!("a second edge from `{}` to `{}`", name(e.from), name(e.to));
                Err(Fault::new(Place::Graph(e.at), message))
            }
            None => Ok(()),
        }
    }

    /// The values of an attribute, in this order of edges.
    fn attribute(&self, which: Attribute, values: &[f64]) -> Vec<f64> {
        if values.is_empty() {
            return Vec::new();
        }
        let value =
            |&i: &u32| values.get(i as usize).copied().filter(|x| !x.is_nan()).unwrap_or(which.default());
        self.number.iter().map(value).collect()
    }

    /// A cycle among the nodes that could not be ordered: each has a parent of their kind, so that walking backward a
    /// node recurs.
    fn cycle(&self, names: &Names, ordered: &[u32]) -> Fault {
        let mut free = vec![false; self.n_nodes];
        ordered.iter().for_each(|&v| free[v as usize] = true);
        // Of each such node, one edge from another.
        let mut entering = vec![None; self.n_nodes];
        for e in self.edges.iter().filter(|e| !free[e.from as usize]).rev() {
            entering[e.to as usize] = Some(e);
        }
        let mut position = vec![None; self.n_nodes];
        let mut path: Vec<&RawEdge> = Vec::new();
        let mut v = (0..self.n_nodes as u32).find(|&v| !free[v as usize]).expect("some node is on a cycle");
        while position[v as usize].is_none() {
            position[v as usize] = Some(path.len());
            let edge =
                entering[v as usize].expect("a node that is never ready has a parent that is never ready");
            path.push(edge);
            v = edge.from;
        }
        // In the direction of the edges, starting behind the one that comes last in the file.
        let mut cycle = path.split_off(position[v as usize].unwrap_or(0));
        cycle.reverse();
        let closing = (0..cycle.len()).max_by_key(|&i| cycle[i].at).unwrap_or(0);
        cycle.rotate_left(closing);
        let last = cycle[0].at;
        let shown = |e: &&RawEdge| format!("`{}`", names.get(e.to as usize));
        let mut shown: Vec<String> = cycle.iter().chain(&cycle[..1]).map(shown).collect();
        if shown.len() > SHOWN {
            shown.splice(SHOWN - 2..shown.len() - 1, ["…".to_owned()]);
        }
        Fault::new(Place::Graph(last), format!("this edge closes the cycle {}", shown.join(" → ")))
            .hint("objects are built step by step: no edge may lead back")
    }

    /// The byte in the file of the first edge of a range that has any.
    fn place(&self, edges: impl Iterator<Item = usize>) -> usize {
        edges.map(|e| self.edges[e].at).min().unwrap_or(0)
    }
}

/// One node alone has no incoming edge. In a DAG every other node can then be reached from it.
fn only_source(names: &Names, sorted: &Sorted, graph: &StateGraph) -> Result<(), Fault> {
    let first_line = |v: usize| sorted.place(graph.out(v));
    let mut sources: Vec<usize> =
        (0..graph.n_states()).filter(|&v| graph.entering(v).is_empty() && !graph.out(v).is_empty()).collect();
    sources.sort_by_key(|&v| first_line(v));
    if let [first, second, ..] = sources[..] {
        let (a, b) = (names.get(first), names.get(second));
        let message = format!("`{b}` cannot be reached: like `{a}`, it has no incoming edge");
        return Err(Fault::new(Place::Graph(first_line(second)), message)
            .hint("exactly one node, where every trajectory starts, has no incoming edge"));
    }
    Ok(())
}

/// The reward of every node that has one.
fn rewards_by_node(names: &Names, rewards: &[RawReward]) -> Result<Vec<Option<f64>>, Fault> {
    let mut values = vec![None; names.len()];
    for r in rewards {
        let name = names.get(r.node as usize);
        if !(r.value.is_finite() && r.value >= 0.0) {
            return Err(Fault::new(r.place, format!("the reward of `{name}` is `{}`", r.value))
                .hint("rewards are finite and not negative: nodes are sampled in proportion to them"));
        }
        if values[r.node as usize].replace(r.value).is_some() {
            return Err(Fault::new(r.place, format!("a second reward for `{name}`")));
        }
    }
    Ok(values)
}

/// Every node that is mentioned outside edges has one.
fn no_strangers(
    names: &Names,
    graph: &StateGraph,
    mut mentioned: impl Iterator<Item = (u32, Place, &'static str)>,
) -> Result<(), Fault> {
    let alone = |v: usize| graph.out(v).is_empty() && graph.entering(v).is_empty();
    match mentioned.find(|m| alone(m.0 as usize)) {
        Some((v, place, but)) => {
            Err(Fault::new(place, format!("`{}` has {but}no edge", names.get(v as usize))))
        }
        None => Ok(()),
    }
}

/// A node without outgoing edges has a reward.
fn no_dead_ends(
    names: &Names,
    sorted: &Sorted,
    graph: &StateGraph,
    values: &[Option<f64>],
) -> Result<(), Fault> {
    let dead = (0..graph.n_states()).find(|&v| graph.out(v).is_empty() && values[v].is_none());
    let Some(v) = dead else { return Ok(()) };
    let at = sorted.place(graph.entering(v).iter().map(|&e| e as usize));
    let message = format!("`{}` is a dead end: it has no outgoing edge and no reward", names.get(v));
    Err(Fault::new(Place::Graph(at), message).hint("give it a reward, or an edge that leads on"))
}
