//! A simulator that counts what is asked of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use headwater_core::{Action, BitMatrix, Encoded, EnvSpec, ParseError, Picture, Simulator, Stop};

/// What was asked for, over all forks.
#[derive(Default)]
pub struct Counts {
    pub edges: AtomicU64,
    pub scored: AtomicU64,
    /// Those of the scored that more edges leave.
    pub scored_open: AtomicU64,
}

/// Counts edges and scores, and passes everything on.
pub struct Counting {
    sim: Box<dyn Simulator>,
    pub counts: Arc<Counts>,
}

impl Counting {
    pub fn new(sim: Box<dyn Simulator>) -> Self {
        Self { sim, counts: Arc::default() }
    }
}

impl Simulator for Counting {
    fn spec(&self) -> &EnvSpec {
        self.sim.spec()
    }
    fn lanes(&self) -> usize {
        self.sim.lanes()
    }
    fn reset(&mut self, lanes: usize) {
        self.sim.reset(lanes);
    }
    fn resize(&mut self, lanes: usize) {
        self.sim.resize(lanes);
    }
    fn stops(&self, lanes: &[u32], out: &mut [Stop]) {
        self.sim.stops(lanes, out);
    }
    fn forward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize) {
        self.sim.forward_masks(lanes, out, at);
    }
    fn backward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize) {
        self.sim.backward_masks(lanes, out, at);
    }
    fn step(&mut self, lanes: &[u32], actions: &[Action]) {
        self.counts.edges.fetch_add(lanes.len() as u64, Relaxed);
        self.sim.step(lanes, actions);
    }
    fn unstep(&mut self, lanes: &[u32], actions: &[Action]) {
        self.counts.edges.fetch_add(lanes.len() as u64, Relaxed);
        self.sim.unstep(lanes, actions);
    }
    fn encode(&self, lanes: &[u32], out: &mut Encoded, at: usize) {
        self.sim.encode(lanes, out, at);
    }
    fn hashes(&self, lanes: &[u32], out: &mut [u64]) {
        self.sim.hashes(lanes, out);
    }
    fn same(&self, a: u32, b: u32) -> bool {
        self.sim.same(a, b)
    }
    fn copy(&mut self, from: u32, to: u32) {
        self.sim.copy(from, to);
    }
    fn has_score(&self) -> bool {
        self.sim.has_score()
    }
    fn scores_unfinished(&self) -> bool {
        self.sim.scores_unfinished()
    }
    fn score(&self, lanes: &[u32], out: &mut [f64]) {
        let mut stops = vec![Stop::Never; lanes.len()];
        self.sim.stops(lanes, &mut stops);
        assert!(stops.iter().all(|&stop| stop != Stop::Never), "only objects are scored");
        let open = stops.iter().filter(|&&stop| stop == Stop::May).count();
        self.counts.scored.fetch_add(lanes.len() as u64, Relaxed);
        self.counts.scored_open.fetch_add(open as u64, Relaxed);
        self.sim.score(lanes, out);
    }
    fn show(&self, lane: u32, out: &mut String) {
        self.sim.show(lane, out);
    }
    fn has_guide(&self) -> bool {
        self.sim.has_guide()
    }
    fn guide_by(&mut self, strength: f32) {
        self.sim.guide_by(strength);
    }
    fn features(&self) -> Vec<String> {
        self.sim.features()
    }
    fn measure(&self, lanes: &[u32], out: &mut [f64]) {
        self.sim.measure(lanes, out);
    }
    fn draw(&self, lane: u32) -> Option<Picture> {
        self.sim.draw(lane)
    }
    fn load(&mut self, lane: u32, text: &str) -> Result<(), ParseError> {
        self.sim.load(lane, text)
    }
    fn describe(&self, a: Action) -> String {
        self.sim.describe(a)
    }
    fn fork(&self) -> Box<dyn Simulator> {
        Box::new(Self { sim: self.sim.fork(), counts: Arc::clone(&self.counts) })
    }
}
