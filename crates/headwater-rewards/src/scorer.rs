//! Where log R comes from: scores of a batch of lanes by an oracle, and their transform.

use headwater_core::Simulator;

use crate::{Ahead, Asking, Forms, Missing, Objects, Oracle, RewardError, Ticket, Transform};

/// Where log R comes from: one call per batch of lanes, no allocation once its buffers have grown.
pub struct Scorer {
    engine: Engine,
    transform: Transform,
    forms: Forms,
    /// The least log R, if objects without a score are to have it.
    floor: Option<f64>,
    /// Is it no error that an object has no score? It then has log R NaN.
    unscored: bool,
    n_features: Option<usize>,
    objects: Objects,
}

/// An oracle at work: on the caller's thread, or on one of its own.
enum Engine {
    Here(Box<dyn Oracle>),
    Ahead(Ahead),
}

impl Engine {
    fn oracle(&self) -> &dyn Oracle {
        match self {
            Self::Here(oracle) => &**oracle,
            Self::Ahead(ahead) => ahead,
        }
    }

    fn oracle_mut(&mut self) -> &mut dyn Oracle {
        match self {
            Self::Here(oracle) => &mut **oracle,
            Self::Ahead(ahead) => ahead,
        }
    }
}

/// Scores that have been asked for; see [`Scorer::post`].
pub enum Posted {
    /// They are there already.
    Scores(Vec<f64>),
    /// They will be.
    Ticket(Ticket),
}

impl Scorer {
    /// A scorer that has not scored anything. The oracle of the simulator's own reward is [`crate::Native`].
    pub fn new(oracle: Box<dyn Oracle>, transform: Transform) -> Self {
        let (forms, missing) = (oracle.forms(), oracle.missing());
        let engine = Engine::Here(oracle);
        let floor = transform.log_floor().filter(|_| missing == Missing::Floor);
        let objects = Objects::default();
        Self { engine, transform, forms, floor, unscored: false, n_features: None, objects }
    }

    /// The transform.
    pub fn transform(&self) -> &Transform {
        &self.transform
    }

    /// The oracle that scores come from.
    pub fn oracle(&mut self) -> &mut dyn Oracle {
        self.engine.oracle_mut()
    }

    /// Says what may be asked of an oracle whose scores are kept. Unless that is everything, log R of an object without a
    /// score is NaN.
    pub fn restrict(&mut self, asking: Asking) {
        self.unscored = asking != Asking::All;
        self.oracle().restrict(asking);
    }

    /// Puts the oracle on a thread of its own, so that [`Scorer::post`] does not wait for it. Native scores are read
    /// with the objects and leave nothing to wait for.
    #[must_use]
    pub fn ahead(self) -> Self {
        let engine = match self.engine {
            Engine::Here(oracle) if self.forms != Forms::NATIVE => Engine::Ahead(Ahead::new(oracle)),
            other => other,
        };
        Self { engine, ..self }
    }

    /// Is log R also defined on the unfinished states of `sim`? See [`Oracle::covers_unfinished`].
    pub fn covers_unfinished(&self, sim: &dyn Simulator) -> bool {
        self.engine.oracle().covers_unfinished() && sim.scores_unfinished()
    }

    /// Writes log R of the objects in `lanes` into `out`, which has as many places; each finite, unless what may be asked
    /// is restricted ([`Scorer::restrict`]).
    ///
    /// Requires [`Simulator::has_score`] if the oracle reads native scores, and that the lanes hold objects unless
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
        // What an oracle leaves out has no score.
        out.fill(f64::NAN);
        self.engine.oracle_mut().score(&self.objects, out)
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
        let n_features = *self.n_features.get_or_insert_with(|| sim.features().len());
        self.objects.read(sim, lanes, self.forms, n_features);
    }

    /// Turns the scores of the objects in `lanes` into log-rewards, in place.
    ///
    /// # Errors
    /// If one has no log R.
    pub fn finish(&self, sim: &dyn Simulator, lanes: &[u32], out: &mut [f64]) -> Result<(), RewardError> {
        for (y, &lane) in out.iter_mut().zip(lanes) {
            if self.unscored && y.is_nan() {
                continue;
            }
            *y = match (self.transform.log_reward(*y), self.floor) {
                (Ok(log_reward), _) => log_reward,
                (Err(_), Some(floor)) if y.is_nan() => floor,
                (Err(unusable), _) => {
                    let score = self.transform.plain_score(*y).0;
                    return Err(unusable.of(sim.text(lane), score));
                }
            };
        }
        Ok(())
    }
}
