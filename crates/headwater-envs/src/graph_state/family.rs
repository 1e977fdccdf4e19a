//! Environments whose objects are sets of vertices, grown or shrunk one vertex at a time.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use headwater_core::picture::{Paint, Picture};
use headwater_core::{Action, EncodedRow, Encoding, Environment, MaskRow, Stop};

use super::{Graph, Vertices, encode, mark};
use crate::Feature;

/// Which sets of vertices are meant, and what can be done with one. `rows` are those of [`Family::rows`] throughout.
pub trait Family: Clone + Debug + Send + Sync + 'static {
    /// Do trajectories start with the empty set and add vertices, so that large sets are wanted? Or else with all
    /// vertices, and remove them.
    const GROWS: bool;
    /// Summary of the reward `size`.
    const SIZE: &'static str;
    /// Summary of the reward `weight`.
    const WEIGHT: &'static str;

    /// Per vertex the set that everything else is decided by.
    fn rows(graph: &Graph) -> Vec<Vertices>;

    /// The largest number of vertices that can be added or removed.
    fn max_len(rows: &[Vertices]) -> usize;

    /// Is `set` of the family?
    fn has(rows: &[Vertices], set: &Vertices) -> bool;

    /// The vertices that can be added to a set of the family, or removed from it.
    fn free(rows: &[Vertices], set: &Vertices) -> Vertices;

    /// Brings `s.free` up to date, now that `v` has been added or removed.
    fn moved(graph: &Graph, rows: &[Vertices], s: &mut Chosen, v: usize);

    /// Small instances: graphs, and whether only sets are objects in which nothing is free.
    fn small() -> Vec<(Graph, bool)>;
}

/// The sets of a family; see the modules of the environments.
#[derive(Clone, Debug)]
pub struct Sets<F> {
    pub(super) graph: Graph,
    rows: Vec<Vertices>,
    /// Are only those sets objects in which nothing is free?
    to_the_end: bool,
    max_len: usize,
    family: PhantomData<F>,
}

/// A set of a family with what can be added to it or removed from it, which follows from the set.
#[derive(Clone, Copy, Debug)]
pub struct Chosen {
    /// The set.
    pub set: Vertices,
    /// What can be added, or removed.
    pub free: Vertices,
}

impl PartialEq for Chosen {
    fn eq(&self, other: &Self) -> bool {
        self.set == other.set
    }
}

impl Eq for Chosen {}

impl Hash for Chosen {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.set.hash(state);
    }
}

impl<F: Family> Sets<F> {
    pub(crate) fn new(graph: Graph, to_the_end: bool) -> Self {
        let rows = F::rows(&graph);
        let max_len = F::max_len(&rows);
        Self { graph, rows, to_the_end, max_len, family: PhantomData }
    }

    fn chosen(&self, set: Vertices) -> Chosen {
        Chosen { set, free: F::free(&self.rows, &set) }
    }

    /// The vertices that have been added or removed.
    fn done(&self, s: &Chosen) -> Vertices {
        if F::GROWS { s.set } else { self.graph.all.less(&s.set) }
    }
}

/// What [`Sets`] measures; `free` says what it is that vertices can be.
pub(crate) const fn features(free: &'static str) -> [Feature; 4] {
    [
        Feature { name: "size", meaning: "the number of vertices that are in" },
        Feature { name: "weight", meaning: "the sum of their weights" },
        Feature { name: "free", meaning: free },
        Feature { name: "v{i}", meaning: "1 if vertex i of the file, from 1, is in, else 0" },
    ]
}

impl<F: Family> Environment for Sets<F> {
    type State = Chosen;

    fn initial(&self) -> Chosen {
        self.chosen(if F::GROWS { Vertices::default() } else { self.graph.all })
    }

    fn n_actions(&self) -> usize {
        self.graph.n()
    }

    fn max_len(&self) -> usize {
        self.max_len
    }

    fn states_at_least(&self) -> f64 {
        // Whatever is done could have been left undone.
        let mut s = self.initial();
        while let Some(v) = s.free.smallest() {
            self.step(&mut s, Action(v as u32));
        }
        2f64.powi(self.done(&s).len() as i32)
    }

    fn stop(&self, s: &Chosen) -> Stop {
        match (s.free.is_empty(), self.to_the_end) {
            (true, _) => Stop::Must,
            (false, true) => Stop::Never,
            (false, false) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &Chosen, mask: &mut MaskRow<'_>) {
        mark(mask, 0, *s.free.words());
    }

    fn backward_mask(&self, s: &Chosen, mask: &mut MaskRow<'_>) {
        mark(mask, 0, *self.done(s).words());
    }

    fn step(&self, s: &mut Chosen, a: Action) {
        s.set.flip(a.index());
        F::moved(&self.graph, &self.rows, s, a.index());
    }

    fn unstep(&self, s: &mut Chosen, a: Action) {
        s.set.flip(a.index());
        *s = self.chosen(s.set);
    }

    fn encoding(&self) -> Encoding {
        // Out and not free, free, or in and not free.
        Encoding::one_hot(3 * self.graph.n(), self.graph.n())
    }

    fn encode(&self, s: &Chosen, row: EncodedRow<'_>) {
        encode(row.indices, &s.free, &s.set.less(&s.free));
    }

    fn show(&self, s: &Chosen, out: &mut String) {
        self.graph.show(&s.set, out);
    }

    fn parse(&self, text: &str) -> Option<Chosen> {
        let [set] = self.graph.parse(text)?[..] else { return None };
        F::has(&self.rows, &set).then(|| self.chosen(set))
    }

    fn features(&self) -> Vec<String> {
        ["size", "weight", "free"].map(str::to_owned).into_iter().chain(self.graph.features()).collect()
    }

    fn measure(&self, s: &Chosen, out: &mut [f64]) {
        let (totals, has) = out.split_at_mut(3);
        has.iter_mut().zip(s.set.bits(self.graph.n())).for_each(|(has, bit)| *has = bit.into());
        let weight = s.set.iter().map(|v| self.graph.file.weight(v)).sum();
        totals.copy_from_slice(&[s.set.len().into(), weight, s.free.len().into()]);
    }

    fn draw(&self, s: &Chosen) -> Option<Picture> {
        let paint = |v| match (s.free.has(v), s.set.has(v)) {
            (true, _) => Paint::Soft,
            (false, true) => Paint::Category(0),
            (false, false) => Paint::Faint,
        };
        // Edges within the set show what it is, and else those from what is out to what dominates it.
        self.graph.draw(paint, |a, b| match (s.set.has(a), s.set.has(b)) {
            (a, b) if F::GROWS => a && b,
            (a, b) => a != b,
        })
    }

    fn describe(&self, a: Action) -> String {
        format!("{} {}", if F::GROWS { "add" } else { "remove" }, self.graph.name(a.index()))
    }

    fn small() -> Vec<Self> {
        F::small().into_iter().map(|(graph, to_the_end)| Self::new(graph, to_the_end)).collect()
    }
}
