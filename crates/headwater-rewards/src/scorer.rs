//! Where log R comes from: scores of a batch of lanes, native or an oracle's, and their transform.

use headwater_core::Simulator;

use crate::{Ahead, Forms, Missing, Native, Objects, Oracle, RewardError, Ticket, Transform};

/// Where scores come from.
pub enum Source {
    /// The simulator's own reward; see [`Simulator::has_score`].
    Native,
    /// Something that knows no environment.
    Oracle(Box<dyn Oracle>),
}

/// Where log R comes from: one call per batch of lanes, no allocation once its buffers have grown.
pub struct Scorer {
    engine: Engine,
    transform: Transform,
    forms: Forms,
    /// The least log R, if objects without a score are to have it.
    floor: Option<f64>,
    n_features: Option<usize>,
    objects: Objects,
    calls: u64,
}

/// A source of scores at work.
enum Engine {
    Native,
    Oracle(Box<dyn Oracle>),
    Ahead(Ahead),
}

/// Scores that have been asked for; see [`Scorer::post`].
pub enum Posted {
    /// They are there already.
    Scores(Vec<f64>),
    /// They will be.
    Ticket(Ticket),
}

impl Scorer {
    /// A scorer that has not scored anything.
    pub fn new(source: Source, transform: Transform) -> Self {
        let (engine, forms, missing) = match source {
            Source::Native => (Engine::Native, Forms::NATIVE, Missing::Error),
            Source::Oracle(oracle) => {
                let (forms, missing) = (oracle.forms(), oracle.missing());
                (Engine::Oracle(oracle), forms, missing)
            }
        };
        let floor = transform.log_floor().filter(|_| missing == Missing::Floor);
        Self { engine, transform, forms, floor, n_features: None, objects: Objects::default(), calls: 0 }
    }

    /// The transform.
    pub fn transform(&self) -> &Transform {
        &self.transform
    }

    /// The oracle, if scores are not native.
    pub fn oracle(&mut self) -> Option<&mut dyn Oracle> {
        match &mut self.engine {
            Engine::Native => None,
            Engine::Oracle(oracle) => Some(&mut **oracle),
            Engine::Ahead(ahead) => Some(ahead),
        }
    }

    /// Puts the oracle, if there is one, on a thread of its own, so that [`Scorer::post`] does not wait for it.
    #[must_use]
    pub fn ahead(self) -> Self {
        let engine = match self.engine {
            Engine::Oracle(oracle) => Engine::Ahead(Ahead::new(oracle)),
            other => other,
        };
        Self { engine, ..self }
    }

    /// Number of objects scored so far, repeats included.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Is log R also defined on the unfinished states of `sim`? Never so for oracles, which know objects only.
    pub fn covers_unfinished(&self, sim: &dyn Simulator) -> bool {
        matches!(self.engine, Engine::Native) && sim.scores_unfinished()
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
        self.read(sim, lanes);
        self.ask(out)
    }

    /// Scores the objects that were read.
    fn ask(&mut self, out: &mut [f64]) -> Result<(), RewardError> {
        let oracle: &mut dyn Oracle = match &mut self.engine {
            Engine::Native => &mut Native,
            Engine::Oracle(oracle) => &mut **oracle,
            Engine::Ahead(ahead) => ahead,
        };
        // What an oracle leaves out has no score.
        out.fill(f64::NAN);
        oracle.score(&self.objects, out)
    }

    /// Asks for the scores of the objects in `lanes` without waiting for them.
    pub fn post(&mut self, sim: &dyn Simulator, lanes: &[u32]) -> Result<Posted, RewardError> {
        self.read(sim, lanes);
        if let Engine::Ahead(ahead) = &mut self.engine {
            return Ok(Posted::Ticket(ahead.hand_in(self.objects.clone())));
        }
        let mut scores = vec![0.0; lanes.len()];
        self.ask(&mut scores)?;
        Ok(Posted::Scores(scores))
    }

    /// Waits for scores that were asked for.
    ///
    /// # Errors
    /// If the oracle fails.
    pub fn fetch(&mut self, posted: Posted, out: &mut [f64]) -> Result<(), RewardError> {
        match (posted, &mut self.engine) {
            (Posted::Scores(scores), _) => out.copy_from_slice(&scores),
            (Posted::Ticket(ticket), Engine::Ahead(ahead)) => ahead.fetch(ticket, out)?,
            (Posted::Ticket(_), _) => unreachable!("tickets come from oracles ahead"),
        }
        Ok(())
    }

    /// Takes the objects in `lanes` into the forms that the oracle reads; native scores are one of them.
    fn read(&mut self, sim: &dyn Simulator, lanes: &[u32]) {
        self.calls += lanes.len() as u64;
        let n_features = *self.n_features.get_or_insert_with(|| sim.features().len());
        self.objects.read(sim, lanes, self.forms, n_features);
    }

    /// Turns the scores of the objects in `lanes` into log-rewards, in place.
    ///
    /// # Errors
    /// If one has no log R.
    pub fn finish(&self, sim: &dyn Simulator, lanes: &[u32], out: &mut [f64]) -> Result<(), RewardError> {
        for (y, &lane) in out.iter_mut().zip(lanes) {
            *y = match (self.transform.log_reward(*y), self.floor) {
                (Ok(log_reward), _) => log_reward,
                (Err(_), Some(floor)) if y.is_nan() => floor,
                (Err(unusable), _) => return Err(unusable.of(sim.text(lane), *y)),
            };
        }
        Ok(())
    }
}
