//! Where log R comes from: scores of a batch of lanes, native or an oracle's, and their transform.

use headwater_core::Simulator;

use crate::{Forms, Missing, Objects, Oracle, RewardError, Transform};

/// Where scores come from.
pub enum Source {
    /// The simulator's own reward; see [`Simulator::has_score`].
    Native,
    /// Something that knows no environment.
    Oracle(Box<dyn Oracle>),
}

/// Where log R comes from: one call per batch of lanes, no allocation once its buffers have grown.
pub struct Scorer {
    source: Source,
    transform: Transform,
    forms: Forms,
    n_features: Option<usize>,
    objects: Objects,
    calls: u64,
}

impl Scorer {
    /// A scorer that has not scored anything.
    pub fn new(source: Source, transform: Transform) -> Self {
        let forms = match &source {
            Source::Native => Forms::NATIVE,
            Source::Oracle(oracle) => oracle.forms(),
        };
        Self { source, transform, forms, n_features: None, objects: Objects::default(), calls: 0 }
    }

    /// The transform.
    pub fn transform(&self) -> &Transform {
        &self.transform
    }

    /// The oracle, if scores are not native.
    pub fn oracle(&mut self) -> Option<&mut dyn Oracle> {
        match &mut self.source {
            Source::Native => None,
            Source::Oracle(oracle) => Some(&mut **oracle),
        }
    }

    /// Number of objects scored so far, repeats included.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Is log R also defined on the unfinished states of `sim`? Never so for oracles, which know objects only.
    pub fn covers_unfinished(&self, sim: &dyn Simulator) -> bool {
        matches!(self.source, Source::Native) && sim.scores_unfinished()
    }

    /// Writes log R of the objects in `lanes` into `out`, which has as many places; each finite.
    ///
    /// Requires [`Simulator::has_score`] if scores are native, and that the lanes hold objects unless
    /// [`Scorer::covers_unfinished`].
    ///
    /// # Errors
    /// If the oracle fails, or an object has no log R; `out` is then undefined.
    pub fn log_reward(
        &mut self,
        sim: &dyn Simulator,
        lanes: &[u32],
        out: &mut [f64],
    ) -> Result<(), RewardError> {
        self.score(sim, lanes, out)?;
        self.finish(sim, lanes, out)
    }

    /// The same, and the scores themselves into `scores`.
    ///
    /// # Errors
    /// As [`Scorer::log_reward`]; `scores` is defined unless the oracle failed.
    pub fn score_and_log_reward(
        &mut self,
        sim: &dyn Simulator,
        lanes: &[u32],
        scores: &mut [f64],
        out: &mut [f64],
    ) -> Result<(), RewardError> {
        self.score(sim, lanes, scores)?;
        out.copy_from_slice(scores);
        self.finish(sim, lanes, out)
    }

    /// Writes the scores alone into `out`; see [`Oracle::score`].
    ///
    /// # Errors
    /// If the oracle fails.
    pub fn score(&mut self, sim: &dyn Simulator, lanes: &[u32], out: &mut [f64]) -> Result<(), RewardError> {
        debug_assert_eq!(lanes.len(), out.len(), "one place per lane");
        self.calls += lanes.len() as u64;
        match &mut self.source {
            Source::Native => sim.score(lanes, out),
            Source::Oracle(oracle) => {
                let n_features = *self.n_features.get_or_insert_with(|| sim.features().len());
                self.objects.read(sim, lanes, self.forms, n_features);
                oracle.score(&self.objects, out)?;
            }
        }
        Ok(())
    }

    /// Turns scores into log-rewards, in place.
    fn finish(&self, sim: &dyn Simulator, lanes: &[u32], out: &mut [f64]) -> Result<(), RewardError> {
        let floor = match &self.source {
            Source::Oracle(oracle) if oracle.missing() == Missing::Floor => self.transform.log_floor(),
            _ => None,
        };
        for (y, &lane) in out.iter_mut().zip(lanes) {
            *y = match (self.transform.log_reward(*y), floor) {
                (Ok(log_reward), _) => log_reward,
                (Err(_), Some(floor)) if y.is_nan() => floor,
                (Err(unusable), _) => return Err(unusable.of(sim.text(lane), *y)),
            };
        }
        Ok(())
    }
}
