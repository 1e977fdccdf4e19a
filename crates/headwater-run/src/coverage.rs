//! How many of a space's objects an oracle with a list of them knows: said before training begins.

use headwater_core::{Key, Play, Simulator, Stop};
use headwater_rewards::{Forms, Objects, Oracle};
use headwater_train::{Estimate, Exact};

/// Objects drawn where the space is not enumerated.
const DRAWN: usize = 1000;

/// Objects asked for at once.
const BATCH: usize = 512;

/// How much of a space is on an oracle's list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// Objects on the list.
    pub rows: usize,
    /// Of those that were asked for.
    pub covered: usize,
    /// Objects that were asked for.
    pub of: usize,
    /// Are they all objects that there are? If not, they are where uniform play ended: from the initial state, each
    /// choice with equal probability, stopping among them.
    pub whole: bool,
}

impl Coverage {
    /// That of the enumerated space, or else of objects drawn from `key`; `None` if the oracle has no list.
    pub fn new(oracle: &dyn Oracle, sim: &dyn Simulator, exact: Option<&Exact>, key: Key) -> Option<Self> {
        let mut found = Self { rows: 0, covered: 0, of: 0, whole: exact.is_some() };
        let mut objects = Objects::default();
        let mut ask = |sim: &dyn Simulator, lanes: &[u32]| {
            objects.read(sim, lanes, Forms::TEXTS, 0);
            let part = oracle.coverage(&objects)?;
            found.rows = part.rows;
            found.covered += part.covered;
            found.of += lanes.len();
            Some(())
        };
        match exact {
            Some(exact) => {
                let g = exact.graph();
                let lanes = (0..g.n_states() as u32).filter(|&s| g.is_object(s as usize));
                let lanes: Vec<u32> = lanes.collect();
                lanes.chunks(BATCH).try_for_each(|lanes| ask(g.sim(), lanes))?;
            }
            None => {
                // Before anything is drawn: is there a list at all?
                ask(sim, &[])?;
                let lanes: Vec<u32> = (0..DRAWN as u32).collect();
                let mut sim = sim.fork();
                sim.reset(DRAWN);
                Play::new(sim.spec().n_actions).finish(&mut *sim, &lanes, key, |stop| stop == Stop::May);
                lanes.chunks(BATCH).try_for_each(|lanes| ask(&*sim, lanes))?;
            }
        }
        Some(found)
    }

    /// The fraction that is covered, with its 95 % interval by the score test (Wilson 1927); without one if all objects
    /// were asked for.
    pub fn fraction(&self) -> Estimate {
        let n = self.of.max(1) as f64;
        let value = self.covered as f64 / n;
        if self.whole {
            return Estimate { value, low: value, high: value };
        }
        let z = 1.96;
        let middle = (value + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (value * (1.0 - value) / n + z * z / (4.0 * n * n)).sqrt();
        Estimate { value, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
    }
}
