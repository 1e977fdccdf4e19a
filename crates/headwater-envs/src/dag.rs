//! An explicit DAG, read from a file.
//!
//! **Objects.** The nodes that have a reward, written by their names.
//!
//! **DAG.** The file's own. Exactly one node, the source, has no incoming edge, and a trajectory starts there. A node
//! with a reward may end a trajectory; one without outgoing edges must, and so needs a reward. Labels are the colours
//! of a proper edge colouring: at a node, no two leaving edges share one and no two entering edges do, so that there
//! are as many labels as the largest degree.
//!
//! **Reward.** `given`: R as the file says.
//!
//! **Files.** JSON, `{"edges": [["a", "b"], …], "rewards": {"b": 2.5}}`, or CSV with the header `from,to` and a second
//! file with the header `node,reward`.
//!
//! **Source.** Flow networks as in Bengio et al. 2023, "GFlowNet Foundations", arXiv:2111.09266; the toy DAG ships as
//! `examples/toy.json` and, as CSV, `examples/toy-edges.csv` with `examples/toy-rewards.csv`.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | toy | 11 | 13 | ln 112 = 4.718499 |

mod colouring;
mod read;

use std::collections::HashMap;

use headwater_core::settings::{File, NoSettings, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Reward, RewardScale, SettingError, Settings,
    Stop,
};

use crate::registry::rewards;
use crate::{NativeReward, Registered, RewardEntry};
use read::{Fault, Place, Raw};

settings! {
    /// Settings of an explicit DAG.
    pub struct Config {
        /// The edges: JSON `{"edges": [["a", "b"]], "rewards": {"b": 2.5}}`, or CSV with the header `from,to`.
        graph: File, Kind::File;
        /// The rewards, unless the graph's file has them: CSV with the header `node,reward`.
        rewards: Option<File>, Kind::File;
    }
}

/// An explicit DAG; see the module. A state is the number of a node.
#[derive(Clone, Debug)]
pub struct Dag {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
    source: u32,
    n_labels: usize,
    longest: usize,
    rewards: Vec<Option<f64>>,
    leaving: Adjacency,
    entering: Adjacency,
}

/// For every node its edges, as label and other end, sorted by label.
#[derive(Clone, Debug)]
struct Adjacency {
    start: Vec<usize>,
    edges: Vec<(u32, u32)>,
}

impl Adjacency {
    /// From triples of node, label and other end.
    fn new(n_nodes: usize, mut triples: Vec<(u32, u32, u32)>) -> Self {
        triples.sort_unstable();
        let mut start = vec![0; n_nodes + 1];
        triples.iter().for_each(|t| start[t.0 as usize + 1] += 1);
        for v in 0..n_nodes {
            start[v + 1] += start[v];
        }
        Self { start, edges: triples.into_iter().map(|(_, label, other)| (label, other)).collect() }
    }

    fn of(&self, v: u32) -> &[(u32, u32)] {
        &self.edges[self.start[v as usize]..self.start[v as usize + 1]]
    }

    fn follow(&self, v: u32, label: Action) -> u32 {
        let edges = self.of(v);
        let at = edges.binary_search_by_key(&label.0, |e| e.0).expect("only valid edges are followed");
        edges[at].1
    }
}

impl Environment for Dag {
    type State = u32;

    fn initial(&self) -> u32 {
        self.source
    }

    fn n_actions(&self) -> usize {
        self.n_labels
    }

    fn max_len(&self) -> usize {
        self.longest
    }

    fn stop(&self, &s: &u32) -> Stop {
        match self.rewards[s as usize] {
            None => Stop::Never,
            Some(_) if self.leaving.of(s).is_empty() => Stop::Must,
            Some(_) => Stop::May,
        }
    }

    fn forward_mask(&self, &s: &u32, mask: &mut MaskRow<'_>) {
        self.leaving.of(s).iter().for_each(|&(label, _)| mask.set(label as usize));
    }

    fn backward_mask(&self, &s: &u32, mask: &mut MaskRow<'_>) {
        self.entering.of(s).iter().for_each(|&(label, _)| mask.set(label as usize));
    }

    fn step(&self, s: &mut u32, a: Action) {
        *s = self.leaving.follow(*s, a);
    }

    fn unstep(&self, s: &mut u32, a: Action) {
        *s = self.entering.follow(*s, a);
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(self.names.len(), 1)
    }

    fn encode(&self, &s: &u32, row: EncodedRow<'_>) {
        row.indices[0] = s;
    }

    fn show(&self, &s: &u32, out: &mut String) {
        out.push_str(&self.names[s as usize]);
    }

    fn parse(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    fn describe(&self, a: Action) -> String {
        format!("edge of colour {}", a.0)
    }

    fn small() -> Vec<Self> {
        let graph = |text: &str| {
            let graph = File { path: "small.json".to_owned(), text: text.into() };
            Self::from_config(Config { graph, rewards: None }).expect("the graph is a valid example")
        };
        let stop_at_once = r#"{"edges": [["s","a"], ["s","b"], ["a","b"], ["s","c"], ["b","c"], ["a","d"], ["c","d"]],
                               "rewards": {"s": 1, "b": 0.5, "d": 4}}"#;
        vec![graph(include_str!("../../../examples/toy.json")), graph(stop_at_once)]
    }
}

impl Registered for Dag {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "dag",
        summary: "an explicit DAG, read from a file of edges and rewards",
        formula: "the nodes and edges of the file; a node with a reward may end a trajectory",
        reference: "Bengio et al. 2023, GFlowNet Foundations, arXiv:2111.09266",
        fields: Config::FIELDS,
    };

    rewards!(Given);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, rewards } = config;
        read::read(&graph, rewards.as_ref()).and_then(assemble).map_err(|fault| {
            let (field, file, at) = match (fault.place, &rewards) {
                (Place::Rewards(at), Some(rewards)) => ("rewards", rewards, at),
                (Place::Rewards(at) | Place::Graph(at), _) => ("graph", &graph, at),
            };
            SettingError {
                field: Some(field),
                message: format!("{}:{}: {}", file.path, read::line(file, at), fault.message),
                hint: fault.hint,
            }
        })
    }
}

/// Checks that the graph is what an environment must be, and labels its edges.
fn assemble(raw: Raw) -> Result<Dag, Fault> {
    let n = raw.names.len();
    if raw.edges.is_empty() {
        return Err(Fault::new(Place::Graph(0), "there are no edges"));
    }
    check_edges(&raw)?;
    let edges: Vec<(u32, u32)> = raw.edges.iter().map(|e| (e.from, e.to)).collect();
    // Until the edges are coloured, their positions in the file are their labels.
    let triples = |colours: &[u32], turn: fn(u32, u32, u32) -> (u32, u32, u32)| {
        let triples = edges.iter().zip(colours).map(|(&(from, to), &label)| turn(from, label, to));
        Adjacency::new(n, triples.collect())
    };
    let positions: Vec<u32> = (0..edges.len() as u32).collect();
    let leaving = triples(&positions, |from, label, to| (from, label, to));
    let entering = triples(&positions, |from, label, to| (to, label, from));
    let longest = longest_path(&raw, &leaving, &entering)?;
    let source = only_source(&raw, &leaving, &entering)?;
    let rewards = raw.rewards_by_node()?;
    check_rewards(&raw, &leaving, &entering, &rewards)?;
    let (colours, n_labels) = colouring::colour(n, &edges);
    Ok(Dag {
        source,
        n_labels,
        longest,
        rewards,
        leaving: triples(&colours, |from, label, to| (from, label, to)),
        entering: triples(&colours, |from, label, to| (to, label, from)),
        names: raw.names,
        numbers: raw.numbers,
    })
}

/// No edge from a node to itself, and none twice.
fn check_edges(raw: &Raw) -> Result<(), Fault> {
    let name = |v: u32| &raw.names[v as usize];
    if let Some(e) = raw.edges.iter().find(|e| e.from == e.to) {
        let message = format!("the edge from `{0}` to `{0}` is a loop", name(e.from));
        return Err(Fault::new(Place::Graph(e.at), message));
    }
    let mut sorted: Vec<_> = raw.edges.iter().map(|e| (e.from, e.to, e.at)).collect();
    sorted.sort_unstable();
    let twice = sorted.windows(2).filter(|w| (w[0].0, w[0].1) == (w[1].0, w[1].1)).map(|w| w[1]);
    match twice.min_by_key(|t| t.2) {
        Some((from, to, at)) => {
            let message = format!("a second edge from `{}` to `{}`", name(from), name(to));
            Err(Fault::new(Place::Graph(at), message))
        }
        None => Ok(()),
    }
}

/// The number of edges of the longest path; an error that names a cycle if there is one.
fn longest_path(raw: &Raw, leaving: &Adjacency, entering: &Adjacency) -> Result<usize, Fault> {
    let n = raw.names.len() as u32;
    let mut waiting: Vec<usize> = (0..n).map(|v| entering.of(v).len()).collect();
    let mut depth = vec![0; n as usize];
    let mut ready: Vec<u32> = (0..n).filter(|&v| waiting[v as usize] == 0).collect();
    let mut at = 0;
    while let Some(&v) = ready.get(at) {
        at += 1;
        for &(_, child) in leaving.of(v) {
            let child = child as usize;
            depth[child] = depth[child].max(depth[v as usize] + 1);
            waiting[child] -= 1;
            if waiting[child] == 0 {
                ready.push(child as u32);
            }
        }
    }
    match (0..n).find(|&v| waiting[v as usize] > 0) {
        Some(v) => Err(cycle(raw, entering, &waiting, v)),
        None => Ok(depth.into_iter().max().unwrap_or(0)),
    }
}

/// Walks backward among the nodes that no order could reach: each has a parent of their kind, so a node recurs.
fn cycle(raw: &Raw, entering: &Adjacency, waiting: &[usize], mut v: u32) -> Fault {
    const SHOWN: usize = 8;
    let mut position: Vec<Option<usize>> = vec![None; raw.names.len()];
    // Node by node, with the edge that enters it from the next.
    let mut path: Vec<(u32, u32)> = Vec::new();
    while position[v as usize].is_none() {
        position[v as usize] = Some(path.len());
        let parent = entering.of(v).iter().find(|e| waiting[e.1 as usize] > 0);
        let &(edge, parent) = parent.expect("a node that is never ready has a parent that is never ready");
        path.push((v, edge));
        v = parent;
    }
    // In the direction of the edges, starting behind the one that comes last in the file.
    let mut cycle = path.split_off(position[v as usize].unwrap_or(0));
    cycle.reverse();
    let place = |&(_, edge): &(u32, u32)| raw.edges[edge as usize].at;
    let closing = (0..cycle.len()).max_by_key(|&i| place(&cycle[i])).unwrap_or(0);
    cycle.rotate_left(closing);
    let last = place(&cycle[0]);
    let names = cycle.iter().chain(&cycle[..1]).map(|&(v, _)| format!("`{}`", raw.names[v as usize]));
    let mut names: Vec<String> = names.collect();
    if names.len() > SHOWN {
        names.splice(SHOWN - 2..names.len() - 1, ["…".to_owned()]);
    }
    Fault::new(Place::Graph(last), format!("this edge closes the cycle {}", names.join(" → ")))
        .hint("objects are built step by step: no edge may lead back")
}

/// The one node without incoming edges. In a DAG every other node can then be reached from it.
fn only_source(raw: &Raw, leaving: &Adjacency, entering: &Adjacency) -> Result<u32, Fault> {
    let first_line = |v: u32| leaving.of(v).first().map_or(0, |e| raw.edges[e.0 as usize].at);
    let mut sources: Vec<u32> = (0..raw.names.len() as u32).filter(|&v| entering.of(v).is_empty()).collect();
    sources.sort_by_key(|&v| first_line(v));
    let name = |v: u32| &raw.names[v as usize];
    match sources[..] {
        [] => unreachable!("a graph without cycles has a source"),
        [source] => Ok(source),
        [first, second, ..] => {
            let message = format!(
                "`{}` cannot be reached: like `{}`, it has no incoming edge",
                name(second),
                name(first)
            );
            Err(Fault::new(Place::Graph(first_line(second)), message)
                .hint("exactly one node, where every trajectory starts, has no incoming edge"))
        }
    }
}

/// Every node without outgoing edges has a reward, and some reward is positive.
fn check_rewards(
    raw: &Raw,
    leaving: &Adjacency,
    entering: &Adjacency,
    rewards: &[Option<f64>],
) -> Result<(), Fault> {
    let dead =
        (0..raw.names.len() as u32).find(|&v| leaving.of(v).is_empty() && rewards[v as usize].is_none());
    if let Some(v) = dead {
        let at = entering.of(v).first().map_or(0, |e| raw.edges[e.0 as usize].at);
        let message =
            format!("`{}` is a dead end: it has no outgoing edge and no reward", raw.names[v as usize]);
        let hint = "give it a reward, or an edge that leads on";
        return Err(Fault::new(Place::Graph(at), message).hint(hint));
    }
    if rewards.iter().flatten().all(|&r| r == 0.0) {
        let place = raw.rewards.first().map_or(Place::Graph(0), |r| r.place);
        return Err(Fault::new(place, "every reward is zero").hint("some node must have a positive reward"));
    }
    Ok(())
}

/// The rewards of the file.
#[derive(Clone, Copy, Debug)]
pub struct Given;

impl Reward<Dag> for Given {
    fn score(&self, env: &Dag, &x: &u32) -> f64 {
        env.rewards[x as usize].unwrap_or(0.0)
    }
}

impl NativeReward<Dag> for Given {
    type Config = NoSettings;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "given",
            summary: "the rewards that the file gives",
            formula: "R as given",
            reference: "the file",
            fields: NoSettings::FIELDS,
        },
        scale: RewardScale::Reward,
        covers_unfinished: false,
    };

    fn from_config(NoSettings: NoSettings, _: &Dag) -> Result<Self, SettingError> {
        Ok(Self)
    }
}

#[cfg(test)]
mod tests;
