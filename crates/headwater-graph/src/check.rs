//! From a graph as it was written to a flow network: a DAG with one source, no dead ends, and sensible rewards.

use headwater_core::{StateGraph, Stop};

use crate::raw::{Fault, Place, Raw, RawEdge, RawReward, shorten};
use crate::{Attribute, Names, Network};

/// Names shown of a long cycle.
const SHOWN: usize = 8;

impl Raw {
    /// Checks the graph and sorts its edges by source.
    pub fn check(self) -> Result<Network, Fault> {
        let Self { names, edges, declared, rewards, attributes, .. } = self;
        if edges.is_empty() {
            return Err(Fault::new(Place::Graph(0), "there are no edges"));
        }
        let (sorted, graph) = acyclic(&names, edges)?;
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

/// The edges sorted by source, and the DAG that they are: no loops, no edge twice, no cycles.
pub(crate) fn acyclic(names: &Names, edges: Vec<RawEdge>) -> Result<(Sorted, StateGraph), Fault> {
    if u32::try_from(edges.len()).is_err() {
        return Err(Fault::new(Place::Graph(0), "there are 2³² edges or more"));
    }
    if let Some(e) = edges.iter().find(|e| e.from == e.to) {
        let message = format!("the edge from `{0}` to `{0}` is a loop", shown(names, e.from));
        return Err(Fault::new(Place::Graph(e.at), message));
    }
    let (sorted, from, to) = Sorted::new(names.len(), edges);
    sorted.once(names, &from, &to)?;
    let graph = StateGraph::new(from, to, vec![Stop::Never; names.len()])
        .map_err(|cyclic| sorted.cycle(names, &cyclic.ordered))?;
    Ok((sorted, graph))
}

/// A name, as messages show it.
pub(crate) fn shown(names: &Names, node: u32) -> String {
    shorten(names.get(node as usize))
}

/// The edges of the file, and where each is when they are sorted by source.
pub(crate) struct Sorted {
    edges: Vec<RawEdge>,
    /// By source, in the order of the file at each: places in `edges`.
    numbers: Vec<u32>,
}

impl Sorted {
    /// Sorts edges; the ends of the sorted ones come with it.
    fn new(n_nodes: usize, edges: Vec<RawEdge>) -> (Self, Vec<u32>, Vec<u32>) {
        let mut next = vec![0u32; n_nodes + 1];
        edges.iter().for_each(|e| next[e.from as usize + 1] += 1);
        let mut from = Vec::with_capacity(edges.len());
        for v in 0..n_nodes {
            from.resize(from.len() + next[v + 1] as usize, v as u32);
            next[v + 1] += next[v];
        }
        // Target and number lie side by side, since every edge of a file in no order costs a cache miss here.
        let mut sorted = vec![(0, 0); edges.len()];
        for (i, e) in edges.iter().enumerate() {
            let slot = &mut next[e.from as usize];
            sorted[*slot as usize] = (e.to, i as u32);
            *slot += 1;
        }
        let (to, numbers) = sorted.into_iter().unzip();
        (Self { edges, numbers }, from, to)
    }

    /// No edge is there twice; `from` and `to` are the ends of the sorted edges.
    fn once(&self, names: &Names, from: &[u32], to: &[u32]) -> Result<(), Fault> {
        // The last node that was seen to lead to each.
        let mut parent = vec![u32::MAX; names.len()];
        let twice = (0..to.len())
            .filter(|&i| std::mem::replace(&mut parent[to[i] as usize], from[i]) == from[i])
            .map(|i| self.numbers[i]);
        // The first of the file is named.
        let Some(first) = twice.min() else { return Ok(()) };
        let e = self.edges[first as usize];
        let message = format!("a second edge from `{}` to `{}`", shown(names, e.from), shown(names, e.to));
        Err(Fault::new(Place::Graph(e.at), message))
    }

    /// The values of an attribute, in this order of edges.
    pub fn attribute(&self, which: Attribute, values: &[f64]) -> Vec<f64> {
        if values.is_empty() {
            return Vec::new();
        }
        let value =
            |&i: &u32| values.get(i as usize).copied().filter(|x| !x.is_nan()).unwrap_or(which.default());
        self.numbers.iter().map(value).collect()
    }

    /// A cycle among the nodes that could not be ordered: each has a parent of their kind, so that walking backward a
    /// node recurs.
    fn cycle(&self, names: &Names, ordered: &[u32]) -> Fault {
        let n_nodes = names.len();
        let mut free = vec![false; n_nodes];
        ordered.iter().for_each(|&v| free[v as usize] = true);
        // Of each such node, one edge from another.
        let mut entering = vec![None; n_nodes];
        for e in self.edges.iter().filter(|e| !free[e.from as usize]).rev() {
            entering[e.to as usize] = Some(e);
        }
        let mut position = vec![None; n_nodes];
        let mut path: Vec<&RawEdge> = Vec::new();
        let mut v = (0..n_nodes as u32).find(|&v| !free[v as usize]).expect("some node is on a cycle");
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
        // The first ones, perhaps a gap, and the node that recurs.
        let n_shown = if cycle.len() < SHOWN { cycle.len() } else { SHOWN - 2 };
        let mut path: Vec<String> =
            cycle[..n_shown].iter().map(|e| format!("`{}`", shown(names, e.to))).collect();
        path.extend((n_shown < cycle.len()).then(|| "…".to_owned()));
        path.push(path[0].clone());
        Fault::new(Place::Graph(last), format!("this edge closes the cycle {}", path.join(" → ")))
            .hint("objects are built step by step: no edge may lead back")
    }

    /// The byte in the file of the first of some sorted edges, if there is any.
    fn place(&self, edges: impl Iterator<Item = usize>) -> usize {
        edges.map(|e| self.edges[self.numbers[e] as usize].at).min().unwrap_or(0)
    }
}

/// One node alone has no incoming edge. In a DAG every other node can then be reached from it.
fn only_source(names: &Names, sorted: &Sorted, graph: &StateGraph) -> Result<(), Fault> {
    let first_line = |v: usize| sorted.place(graph.out(v));
    let mut sources: Vec<usize> =
        (0..graph.n_states()).filter(|&v| graph.entering(v).is_empty() && !graph.out(v).is_empty()).collect();
    sources.sort_by_cached_key(|&v| first_line(v));
    if let [first, second, ..] = sources[..] {
        let (a, b) = (shown(names, first as u32), shown(names, second as u32));
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
        let name = || shown(names, r.node);
        if !(r.value.is_finite() && r.value >= 0.0) {
            return Err(Fault::new(r.place, format!("the reward of `{}` is `{}`", name(), r.value))
                .hint("rewards are finite and not negative: nodes are sampled in proportion to them"));
        }
        if values[r.node as usize].replace(r.value).is_some() {
            return Err(Fault::new(r.place, format!("a second reward for `{}`", name())));
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
        Some((v, place, but)) => Err(Fault::new(place, format!("`{}` has {but}no edge", shown(names, v)))),
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
    let name = shown(names, v as u32);
    let message = format!("`{name}` is a dead end: it has no outgoing edge and no reward");
    Err(Fault::new(Place::Graph(at), message).hint("give it a reward, or an edge that leads on"))
}
