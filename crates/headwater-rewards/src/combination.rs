//! Several scores as one: a weighted sum, a product or the least of parts, and constraints that bend instead of break.

use std::path::Path;

use headwater_core::settings::{choice, settings};
use headwater_core::{Entry, SettingError, Settings, Simulator};

use crate::signed::Signed;
use crate::{
    Asking, Caller, Coverage, Forms, Keep, Listener, Missing, Objects, Oracle, Receipt, RewardError,
    Statistics, Transform,
};

choice! {
    /// How parts become one score.
    pub enum Rule {
        /// Σ w u: what one part lacks another makes up for.
        Sum = "sum",
        /// Π u^w: an object must do well in every part.
        Product = "product",
        /// min w u: an object is as good as its worst part.
        Min = "min",
    }
}

settings! {
    /// Settings of a [`Combination`].
    pub struct CombinationConfig {
        /// How the parts' values u with their weights w become one: `sum` (Σ w u), `product` (Π u^w) or `min` (min w u).
        rule: Rule = "\"product\"", Kind::Choice(Rule::NAMES);
    }
}

/// What is said of combinations in lists.
pub const COMBINATION: Entry = Entry {
    name: "combination",
    summary: "several scores as one: `[reward.NAME]` sections, each with its kind, transform, weight and bounds",
    formula: "y(x) = Σ w u, Π u^w or min w u over the parts' values u, times exp(−excess/softness) for each constraint",
    reference: "none: scalarisations and penalties as they are used everywhere",
    fields: CombinationConfig::FIELDS,
};

settings! {
    /// Settings that every part of a combination has.
    pub struct PartConfig {
        /// Weight w of the part's value.
        weight: f64 = "1.0", Kind::Real { min: 0.0, max: 1e9 };
        /// The part's score may be at most this: then the part is a constraint. Its factor is exp(−excess/softness), or 1
        /// where the score is within bounds.
        at_most: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
        /// The part's score must be at least this; see `at_most`.
        at_least: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
        /// Excess over a bound that costs a factor of e.
        softness: f64 = "1.0", Kind::Real { min: 1e-300, max: 1e300 };
    }
}

/// One of the scores that are combined.
pub struct Part {
    /// The name that the user gave it.
    pub name: String,
    /// Where its score comes from.
    pub oracle: Box<dyn Oracle>,
    /// What makes its value of its score; constraints have no use for it.
    pub transform: Transform,
    /// Its weight and its bounds.
    pub config: PartConfig,
}

impl Part {
    fn is_constraint(&self) -> bool {
        self.config.at_most.is_some() || self.config.at_least.is_some()
    }

    /// The logarithm of exp(−excess/softness)^w for the score `y` of a constraint.
    fn log_factor(&self, y: f64) -> f64 {
        let PartConfig { weight, at_most, at_least, softness } = self.config;
        let above = at_most.map_or(0.0, |most| (y - most).max(0.0));
        let below = at_least.map_or(0.0, |least| (least - y).max(0.0));
        -weight * (above + below) / softness
    }
}

/// Several scores as one, computed in logarithms, so that no part leaves the range of a float before others bring the whole
/// back. The score of an object that has none in some part is none.
pub struct Combination {
    rule: Rule,
    parts: Vec<Part>,
    /// Are scores given as their logarithms?
    in_logs: bool,
    scores: Vec<f64>,
    totals: Vec<Signed>,
}

impl Combination {
    /// The combination of `parts` by `config`.
    ///
    /// # Errors
    /// If nothing but constraints is combined, or the bounds of one leave nothing.
    pub fn new(config: &CombinationConfig, parts: Vec<Part>) -> Result<Self, SettingError> {
        if parts.is_empty() {
            return Err(SettingError::at("kind", "a combination has parts, and there are none")
                .hint("write `[reward.NAME]` and under it `kind = \"…\"` for each"));
        }
        if parts.iter().all(Part::is_constraint) {
            return Err(SettingError::at("kind", "a combination of constraints alone has no score"));
        }
        let (scores, totals) = (Vec::new(), Vec::new());
        Ok(Self { rule: config.rule, parts, in_logs: false, scores, totals })
    }

    /// This combination and `transform`, which makes its rewards, as they go best together: where a reward is the score
    /// itself, the one gives and the other takes logarithms of scores.
    pub fn with_transform(self, transform: Transform) -> (Self, Transform) {
        match transform.of_logs() {
            Some(of_logs) => (Self { in_logs: true, ..self }, of_logs),
            None => (self, transform),
        }
    }

    /// How the rule goes on with the value of a part.
    fn fold(&self, total: Signed, part: &Part, y: f64) -> Signed {
        let (u, w) = (part.transform.value(y), part.config.weight);
        match self.rule {
            Rule::Sum => total.plus(u.times_exp(w.ln())),
            Rule::Product => total.times(u.power(w)),
            Rule::Min => total.min(u.times_exp(w.ln())),
        }
    }

    /// Writes the totals as scores.
    fn answer(&self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        for (i, (y, total)) in out.iter_mut().zip(&self.totals).enumerate() {
            *y = match total.ln() {
                _ if !self.in_logs => total.to_f64(),
                Some(log) => log,
                None => {
                    let object = objects.texts().get(i).to_owned();
                    return Err(RewardError::Negative { object, value: total.to_f64() });
                }
            };
        }
        Ok(())
    }
}

// A wrapper of several passes everything on: clippy says what it forgets.
#[deny(clippy::missing_trait_methods)]
impl Oracle for Combination {
    fn forms(&self) -> Forms {
        // Errors name objects by their texts.
        self.parts.iter().fold(Forms::TEXTS, |forms, part| forms | part.oracle.forms())
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        self.totals.clear();
        self.totals.resize(
            objects.len(),
            match self.rule {
                Rule::Sum => Signed::ZERO,
                Rule::Product => Signed::ONE,
                Rule::Min => Signed::INFINITY,
            },
        );
        let mut totals = std::mem::take(&mut self.totals);
        let mut scores = std::mem::take(&mut self.scores);
        scores.resize(objects.len(), f64::NAN);
        // Constraints come last: they bend what the rule has made.
        for constraint in [false, true] {
            for i in 0..self.parts.len() {
                if self.parts[i].is_constraint() != constraint {
                    continue;
                }
                scores.fill(f64::NAN);
                let Part { name, oracle, .. } = &mut self.parts[i];
                oracle.score(objects, &mut scores).map_err(|e| e.of_part(name))?;
                let part = &self.parts[i];
                if let (Missing::Error, Some(i)) =
                    (part.oracle.missing(), scores.iter().position(|y| y.is_nan()))
                {
                    let object = objects.texts().get(i).to_owned();
                    return Err(RewardError::NotFinite { object, value: f64::NAN }.of_part(&part.name));
                }
                for (total, &y) in totals.iter_mut().zip(&scores) {
                    *total = match y.is_nan() || total.is_nan() {
                        true => Signed::NAN,
                        false if constraint => total.times_exp(part.log_factor(y)),
                        false => self.fold(*total, part, y),
                    };
                }
            }
        }
        (self.scores, self.totals) = (scores, totals);
        self.answer(objects, out)
    }

    fn rehearse(&mut self, sim: &dyn Simulator) -> Result<(), SettingError> {
        self.parts.iter_mut().try_for_each(|part| part.oracle.rehearse(sim))
    }

    /// In one piece: a part that is dear has a ledger of its own.
    fn score_in_pieces(
        &mut self,
        objects: &Objects,
        out: &mut [f64],
        listener: &mut dyn Listener,
    ) -> Result<(), RewardError> {
        listener.called(objects.len());
        self.score(objects, out)?;
        listener.scored(0..out.len(), out);
        listener.pause();
        Ok(())
    }

    fn covers_unfinished(&self) -> bool {
        self.parts.iter().all(|part| part.oracle.covers_unfinished())
    }

    fn missing(&self) -> Missing {
        if self.parts.iter().any(|part| part.oracle.missing() == Missing::Floor) {
            Missing::Floor
        } else {
            Missing::Error
        }
    }

    fn attend(&mut self, caller: &Caller) {
        self.parts.iter_mut().for_each(|part| part.oracle.attend(caller));
    }

    fn restrict(&mut self, asking: Asking) {
        self.parts.iter_mut().for_each(|part| part.oracle.restrict(asking));
    }

    fn receipt(&self) -> Option<Receipt> {
        let mut all = self.parts.iter().filter_map(|part| part.oracle.receipt());
        let first = all.next()?;
        Some(all.fold(first, |mut sum, receipt| {
            sum += receipt;
            sum
        }))
    }

    fn take_log(&mut self) -> String {
        self.parts.iter_mut().map(|part| part.oracle.take_log()).collect()
    }

    /// Its parts keep what is dear, each by itself.
    fn shelve(&mut self, _: &Path, _: &str) {}

    fn collect(&mut self, _: &mut Keep<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Nobody knows them: every part has its own.
    fn statistics(&self) -> Option<Statistics> {
        None
    }

    fn coverage(&self, _: &Objects) -> Option<Coverage> {
        None
    }

    fn identity(&self) -> Option<String> {
        None
    }
}
