//! Cuts of a graph: every vertex gets one of two sides, in any order.
//!
//! **Objects.** Partitions of the vertices into two sides, one of which may be empty, written as the names of the first
//! vertex's side and of the other, `{1,3}{2}`, in the order of the file. Sides have no names: the first vertex has its
//! side from the start, so that a cut and its mirror image are one object and not two. (Of a graph that is not connected,
//! cuts that differ in how its parts lie are different partitions, equally large.)
//!
//! **DAG.** A trajectory starts with the first vertex alone. Of n vertices, edge i < n − 1 puts vertex i + 1 (from 0) on
//! the first vertex's side, edge n − 1 + i on the other. It ends when all have a side.
//!
//! **Rewards**, both defined on unfinished cuts too, where edges count whose ends both have a side:
//! - `cut`: log R = number of edges between the sides
//! - `weight`: log R = Σ w_e over the edges between the sides, with the weights of the file, 1 without
//!
//! **Source.** Zhang et al. 2023, arXiv:2305.17010, has log R = cut/T and another DAG: it puts vertices on one side only,
//! keeps away for good those that have more neighbours there than not, and counts mirror images twice. Its states depend
//! on the order of its edges; these do not, and every cut can be reached.
//!
//! | instance | states | objects | log Z of `cut` |
//! |---|---|---|---|
//! | n vertices | 3ⁿ⁻¹ | 2ⁿ⁻¹ | |
//! | tree of n vertices | | | (n − 1) ln(1 + e) |
//! | cycle of n vertices | | | ln(((1 + e)ⁿ + (1 − e)ⁿ)/2) |
//! | Petersen graph | 19,683 | 512 | 15.388211; 5 cuts of 12 edges |

use headwater_core::picture::{Paint, Picture};
use headwater_core::settings::{File, NoSettings, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Reward, SettingError, Settings, Stop,
};

use crate::graph_state::{Graph, MAX_VERTICES, Vertices, encode, entry, mark};
use crate::registry::rewards;
use crate::{Feature, NativeReward, Registered, RewardEntry};

settings! {
    /// Settings of cuts.
    pub struct Config {
        /// The graph: DIMACS (`.col`, `.clq`), METIS (`.graph`) or a list of edges; without it, a random one.
        graph: Option<File>, Kind::File;
        /// Number of vertices of the random graph.
        n: usize = "9", Kind::Int { min: 2, max: MAX_VERTICES as i64 };
        /// Probability of each edge of the random graph.
        p: f64 = "0.5", Kind::Real { min: 0.0, max: 1.0 };
        /// Seed of the random graph.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

/// Cuts; see the module.
#[derive(Clone, Debug)]
pub struct MaxCut {
    graph: Graph,
}

/// Sides of some vertices, the first always among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sides {
    /// The vertices on the side of the first, and those on the other.
    first: Vertices,
    other: Vertices,
}

impl MaxCut {
    /// Requires two vertices or more.
    pub(crate) fn new(graph: Graph) -> Self {
        Self { graph }
    }

    /// The vertex that an edge puts on a side, and whether on the other.
    fn target(&self, a: Action) -> (usize, bool) {
        let others = self.graph.n() - 1;
        (1 + a.index() % others, a.index() >= others)
    }

    /// Number of edges between the sides.
    fn cut(&self, s: &Sides) -> u32 {
        s.other.iter().map(|v| self.graph.rows[v].and(&s.first).len()).sum()
    }

    /// What they weigh.
    fn weight(&self, s: &Sides) -> f64 {
        let edges = self.graph.file.edges().iter().enumerate();
        let cuts = |a: u32, b: u32| s.first.has(a as usize) && s.other.has(b as usize);
        let cut = edges.filter(|(_, (a, b))| cuts(*a, *b) || cuts(*b, *a));
        // Not −0 where none is cut.
        0.0 + cut.map(|(e, _)| self.graph.file.edge_weight(e)).sum::<f64>()
    }
}

impl Environment for MaxCut {
    type State = Sides;

    fn initial(&self) -> Sides {
        Sides { first: Vertices::first(1), other: Vertices::default() }
    }

    fn n_actions(&self) -> usize {
        2 * (self.graph.n() - 1)
    }

    fn max_len(&self) -> usize {
        self.graph.n() - 1
    }

    fn states_at_least(&self) -> f64 {
        3f64.powi(self.graph.n() as i32 - 1)
    }

    fn stop(&self, s: &Sides) -> Stop {
        if s.first.or(&s.other) == self.graph.all { Stop::Must } else { Stop::Never }
    }

    fn forward_mask(&self, s: &Sides, mask: &mut MaskRow<'_>) {
        let open = self.graph.all.less(&s.first).less(&s.other).before();
        mark(mask, 0, *open.words());
        mark(mask, self.graph.n() - 1, *open.words());
    }

    fn backward_mask(&self, s: &Sides, mask: &mut MaskRow<'_>) {
        mark(mask, 0, *s.first.before().words());
        mark(mask, self.graph.n() - 1, *s.other.before().words());
    }

    fn step(&self, s: &mut Sides, a: Action) {
        let (v, other) = self.target(a);
        if other { s.other.add(v) } else { s.first.add(v) }
    }

    fn unstep(&self, s: &mut Sides, a: Action) {
        let (v, other) = self.target(a);
        if other { s.other.remove(v) } else { s.first.remove(v) }
    }

    fn encoding(&self) -> Encoding {
        // No side, the first vertex's, or the other.
        Encoding::one_hot(3 * self.graph.n(), self.graph.n())
    }

    fn encode(&self, s: &Sides, row: EncodedRow<'_>) {
        encode(row.indices, &s.first, &s.other);
    }

    fn show(&self, s: &Sides, out: &mut String) {
        self.graph.show(&s.first, out);
        self.graph.show(&s.other, out);
    }

    fn parse(&self, text: &str) -> Option<Sides> {
        let [first, other] = self.graph.parse(text)?[..] else { return None };
        first.has(0).then_some(Sides { first, other })
    }

    fn features(&self) -> Vec<String> {
        let totals = ["first", "other", "cut", "weight"].map(str::to_owned);
        totals.into_iter().chain(self.graph.features()).collect()
    }

    fn measure(&self, s: &Sides, out: &mut [f64]) {
        let (totals, sides) = out.split_at_mut(4);
        let labels = s.first.bits(self.graph.n()).zip(s.other.bits(self.graph.n()));
        for (side, (first, other)) in sides.iter_mut().zip(labels) {
            *side = f64::from(first) - f64::from(other);
        }
        let counts = [s.first.len(), s.other.len(), self.cut(s)].map(f64::from);
        totals.copy_from_slice(&[counts[0], counts[1], counts[2], self.weight(s)]);
    }

    fn draw(&self, s: &Sides) -> Option<Picture> {
        let paint = |v| match (s.first.has(v), s.other.has(v)) {
            (true, _) => Paint::Category(0),
            (_, true) => Paint::Category(4),
            _ => Paint::Faint,
        };
        let cut = |a, b| s.first.has(a) && s.other.has(b) || s.first.has(b) && s.other.has(a);
        self.graph.draw(paint, cut)
    }

    fn describe(&self, a: Action) -> String {
        let (v, other) = self.target(a);
        format!(
            "put {} {} {}",
            self.graph.name(v),
            if other { "across from" } else { "beside" },
            self.graph.name(0)
        )
    }

    fn small() -> Vec<Self> {
        let parts = Graph::small(5, &[(0, 1), (1, 2), (3, 4), (0, 2)]);
        [Graph::small(2, &[(0, 1)]), Graph::cycle(5), parts].map(Self::new).to_vec()
    }
}

impl Registered for MaxCut {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "max-cut",
        summary: "cuts of a graph from a file: each vertex gets one of two sides, in any order",
        formula: "x a partition of the vertices into two sides; an edge puts a vertex beside the first or across from it",
        reference: "Zhang et al. 2023, arXiv:2305.17010 (maximum cut)",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "first", meaning: "the number of vertices on the side of the first one" },
        Feature { name: "other", meaning: "the number of vertices on the other side" },
        Feature { name: "cut", meaning: "the number of edges between the sides" },
        Feature { name: "weight", meaning: "the sum of their weights" },
        Feature {
            name: "v{i}",
            meaning: "1 if vertex i of the file, from 1, is on the first one's side, -1 on the other, 0 on none yet",
        },
    ];

    rewards!(Cut, CutWeight);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { graph, n, p, seed } = config;
        let read = Graph::from_settings(graph.as_ref(), n, p, seed)?;
        if read.n() >= 2 {
            return Ok(Self::new(read));
        }
        let field = if graph.is_some() { "graph" } else { "n" };
        Err(SettingError::at(field, "`1` vertex has nothing to be cut from")
            .hint("give at least two vertices"))
    }
}

/// log R = number of edges between the sides.
#[derive(Clone, Copy, Debug)]
pub struct Cut;

impl Reward<MaxCut> for Cut {
    fn score(&self, env: &MaxCut, x: &Sides) -> f64 {
        env.cut(x).into()
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &MaxCut, x: &Sides, out: &mut [f32]) {
        let (beside, across) = out.split_at_mut(env.graph.n() - 1);
        for (row, (beside, across)) in env.graph.rows[1..].iter().zip(beside.iter_mut().zip(across)) {
            *beside = row.and(&x.other).len() as f32;
            *across = row.and(&x.first).len() as f32;
        }
    }
}

impl NativeReward<MaxCut> for Cut {
    type Config = NoSettings;

    const ENTRY: RewardEntry =
        entry("cut", "large cuts are likely", "log R = number of edges between the sides");

    fn from_config(NoSettings: NoSettings, _: &MaxCut) -> Result<Self, SettingError> {
        Ok(Self)
    }
}

/// log R = Σ w over the edges between the sides.
#[derive(Clone, Copy, Debug)]
pub struct CutWeight;

impl Reward<MaxCut> for CutWeight {
    fn score(&self, env: &MaxCut, x: &Sides) -> f64 {
        env.weight(x)
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &MaxCut, x: &Sides, out: &mut [f32]) {
        let (beside, across) = out.split_at_mut(env.graph.n() - 1);
        for (e, &(a, b)) in env.graph.file.edges().iter().enumerate() {
            for [v, u] in [[a, b], [b, a]].map(|ends| ends.map(|v| v as usize)) {
                // The first vertex has its side.
                let Some(label) = v.checked_sub(1) else { continue };
                let weight = env.graph.file.edge_weight(e) as f32;
                beside[label] += if x.other.has(u) { weight } else { 0.0 };
                across[label] += if x.first.has(u) { weight } else { 0.0 };
            }
        }
    }
}

impl NativeReward<MaxCut> for CutWeight {
    type Config = NoSettings;

    const ENTRY: RewardEntry =
        entry("weight", "heavy cuts are likely", "log R = sum of the weights of the edges between the sides");

    fn from_config(NoSettings: NoSettings, _: &MaxCut) -> Result<Self, SettingError> {
        Ok(Self)
    }
}
