//! An explicit DAG, read from a file.
//!
//! **Objects.** The nodes that have a reward, written by their names.
//!
//! **DAG.** The file's own. Exactly one node, the source, has no incoming edge, and a trajectory starts there. A node
//! with a reward may end a trajectory; one without outgoing edges must, and so needs a reward. Labels are the colours
//! of a proper edge colouring: at a node, no two leaving edges share one and no two entering edges do, so that there
//! are as many labels as the largest degree.
//!
//! **Reward.** `given`: R as the file says. Where it gives 0 and the transform leaves it at 0 (there is no `reward.floor`), a
//! node is not an object, and nodes that lead to no positive reward are left out; under other rewards it is one.
//!
//! **Files.** JSON, `{"edges": [["a", "b"], …], "rewards": {"b": 2.5}}`; GraphML or DOT, where a node has the attribute
//! `reward`; or CSV with the header `from,to`. A CSV graph, and any other without rewards, comes with a second file with
//! the header `node,reward`. `docs/guides/graph-files.md` shows each format.
//!
//! **Source.** Flow networks as in Bengio et al. 2023, "GFlowNet Foundations", arXiv:2111.09266; the toy DAG ships as
//! `examples/toy.json`, `toy.graphml`, `toy.dot` and, as CSV, `toy-edges.csv` with `toy-rewards.csv`.
//!
//! | instance | states | edges | log Z |
//! |---|---|---|---|
//! | toy | 11 | 13 | ln 112 = 4.718499 |

mod colouring;

use headwater_core::picture::{Anchor, Paint};
use headwater_core::settings::{File, NoSettings, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Picture, Reward, RewardScale, SettingError,
    Settings, Stop,
};
use headwater_graph::{Network, read};

use crate::registry::rewards;
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest number of nodes that are drawn.
const DRAWN: usize = 64;

settings! {
    /// Settings of an explicit DAG.
    pub struct Config {
        /// The graph: JSON `{"edges": [["a", "b"]], "rewards": {"b": 2.5}}`, GraphML, DOT, or CSV with the header
        /// `from,to`.
        graph: File, Kind::File;
        /// The rewards, unless the graph's file has them: CSV with the header `node,reward`.
        rewards: Option<File>, Kind::File;
    }
}

/// An explicit DAG; see the module. A state is the number of a node.
#[derive(Clone, Debug)]
pub struct Dag {
    network: Network,
    n_labels: usize,
    leaving: Adjacency,
    entering: Adjacency,
    /// Edges of the longest path from the source to each node.
    depths: Vec<u32>,
}

impl Dag {
    /// The environment of a network, with labels by an edge colouring.
    pub fn new(network: Network) -> Self {
        let g = network.graph();
        let edges: Vec<(u32, u32)> = (0..g.n_edges()).map(|e| (g.from(e) as u32, g.to(e) as u32)).collect();
        let (colours, n_labels) = colouring::colour(g.n_states(), &edges);
        let labelled = || edges.iter().zip(&colours);
        let leaving = labelled().map(|(&(from, to), &label)| (from, label, to)).collect();
        let entering = labelled().map(|(&(from, to), &label)| (to, label, from)).collect();
        let [leaving, entering] = [leaving, entering].map(|triples| Adjacency::new(g.n_states(), triples));
        let mut depths = vec![0; g.n_states()];
        for &v in g.order() {
            let below = depths[v as usize] + 1;
            g.out(v as usize).map(|e| g.to(e)).for_each(|to| depths[to] = below.max(depths[to]));
        }
        Self { network, n_labels, leaving, entering, depths }
    }

    /// The network that the environment plays on; states are its nodes.
    pub fn network(&self) -> &Network {
        &self.network
    }
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
        self.network.graph().source() as u32
    }

    fn n_actions(&self) -> usize {
        self.n_labels
    }

    fn max_len(&self) -> usize {
        self.network.graph().longest()
    }

    fn stop(&self, &s: &u32) -> Stop {
        self.network.graph().stops()[s as usize]
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
        Encoding::one_hot(self.network.names().len(), 1)
    }

    fn encode(&self, &s: &u32, row: EncodedRow<'_>) {
        row.indices[0] = s;
    }

    fn show(&self, &s: &u32, out: &mut String) {
        out.push_str(self.network.name(s as usize));
    }

    fn parse(&self, text: &str) -> Option<u32> {
        self.network.names().find(text)
    }

    fn draw(&self, &s: &u32) -> Option<Picture> {
        let g = self.network.graph();
        // A larger graph is a tangle at this size: `headwater flow --svg` draws those.
        if g.n_states() > DRAWN {
            return None;
        }
        let (column, row, margin) = (64.0, 36.0, 20.0);
        let mut heights = vec![0usize; self.depths.iter().max().map_or(1, |d| *d as usize + 1)];
        let mut places = vec![[0.0; 2]; g.n_states()];
        for &v in g.order() {
            let depth = self.depths[v as usize] as usize;
            places[v as usize] = [margin + column * depth as f64, heights[depth] as f64];
            heights[depth] += 1;
        }
        let most = heights.iter().copied().max().unwrap_or(1) as f64;
        for (place, depth) in places.iter_mut().zip(&self.depths) {
            place[1] = margin + row * (place[1] + (most - heights[*depth as usize] as f64) / 2.0);
        }
        let last = heights.len() as f64 - 1.0;
        let mut picture = Picture::new(column * last + 2.0 * margin, row * (most - 1.0) + 2.0 * margin);
        for e in 0..g.n_edges() {
            picture.line(&[places[g.from(e)], places[g.to(e)]], 1.0, Paint::Soft);
        }
        for (v, &at) in places.iter().enumerate() {
            let here = v == s as usize;
            let (ground, ink) =
                if here { (Paint::Category(0), Paint::Ground) } else { (Paint::Faint, Paint::Ink) };
            picture.disc(at, 12.0, ground);
            if g.is_object(v) {
                picture.ring(at, 13.0, 1.5, Paint::Soft);
            }
            let name: String = self.network.name(v).chars().take(4).collect();
            picture.text(at, 10.0, Anchor::Middle, ink, &name);
        }
        Some(picture)
    }

    fn features(&self) -> Vec<String> {
        ["node", "depth", "parents", "children"].map(str::to_owned).to_vec()
    }

    fn measure(&self, &s: &u32, out: &mut [f64]) {
        let degrees = [&self.entering, &self.leaving].map(|edges| edges.of(s).len() as f64);
        out.copy_from_slice(&[s.into(), self.depths[s as usize].into(), degrees[0], degrees[1]]);
    }

    fn describe(&self, a: Action) -> String {
        format!("edge of colour {}", a.0)
    }

    fn small() -> Vec<Self> {
        let graph = |text: &str| {
            let graph = File::new("small.json", text);
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

    const FEATURES: &'static [Feature] = &[
        Feature { name: "node", meaning: "the number of the node, from 0, in the order of the file" },
        Feature { name: "depth", meaning: "the edges of the longest path from the source to it" },
        Feature { name: "parents", meaning: "the number of edges that enter it" },
        Feature { name: "children", meaning: "the number of edges that leave it" },
    ];

    rewards!(Given);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, rewards } = config;
        read(&graph, rewards.as_ref()).map(Self::new).map_err(|error| SettingError {
            field: Some(if error.in_rewards { "rewards" } else { "graph" }),
            message: error.to_string(),
            hint: error.hint,
        })
    }

    fn without_zeros(self, reward: &str) -> Self {
        if reward == Given::ENTRY.entry.name { Self::new(self.network.without_zeros()) } else { self }
    }
}

/// The rewards of the file.
#[derive(Clone, Copy, Debug)]
pub struct Given;

impl Reward<Dag> for Given {
    fn score(&self, env: &Dag, &x: &u32) -> f64 {
        env.network.rewards()[x as usize].unwrap_or(0.0)
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
        guides: false,
    };

    fn from_config(NoSettings: NoSettings, _: &Dag) -> Result<Self, SettingError> {
        Ok(Self)
    }
}

#[cfg(test)]
mod tests;
