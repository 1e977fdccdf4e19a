//! Scores that are paid for once: a ledger before an oracle, and a budget of what may be asked of it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use headwater_core::settings::settings;
use rustc_hash::FxBuildHasher;

use crate::{Coverage, Forms, Missing, Objects, Oracle, RewardError, Statistics, Texts};

settings! {
    /// What may be asked of a reward.
    pub struct Budget {
        /// Scores that a run may pay for; those of the ledger are free. When they are spent, the run ends in good order.
        max_calls: Option<u64>, Kind::Int { min: 0, max: i64::MAX };
        /// Seconds that a process may wait for scores; then the run ends in good order.
        max_seconds: Option<f64>, Kind::Real { min: 0.0, max: f64::MAX };
    }
}

/// Keeps scores that were paid for; bound to one identity of an oracle, see [`Oracle::identity`].
pub trait Ledger: Send {
    /// Writes the scores of the objects that are known into their places of `out`, and leaves the others.
    ///
    /// # Errors
    /// In words, if they cannot be read.
    fn recall(&mut self, objects: &Texts, out: &mut [Option<f64>]) -> Result<(), String>;

    /// Keeps finite scores. Once this returns they outlive the process, however it ends.
    ///
    /// # Errors
    /// In words, if they cannot be written.
    fn keep(&mut self, objects: &Texts, scores: &[f64]) -> Result<(), String>;

    /// Says which run pays from now on. Gives the number of scores that it has paid for before.
    ///
    /// # Errors
    /// In words, if that cannot be read.
    fn attribute(&mut self, run: &str) -> Result<u64, String>;
}

/// An oracle that is asked once for each object, within a budget.
///
/// Every score that the oracle gives is in the ledger before anybody else sees it. Objects without a score are not
/// kept, but not asked for again by this process either.
pub struct Recorded {
    oracle: Box<dyn Oracle>,
    ledger: Option<Box<dyn Ledger>>,
    budget: Budget,
    paid: u64,
    seconds: f64,
    known: HashMap<Box<str>, f64, FxBuildHasher>,
    asked: Asked,
}

/// The objects of a batch that have to be asked for.
#[derive(Default)]
struct Asked {
    /// Each once, at the place of its first appearance.
    places: Vec<usize>,
    objects: Objects,
    found: Vec<Option<f64>>,
    scores: Vec<f64>,
    texts: Texts,
    page: Page,
}

impl Recorded {
    /// The oracle behind a ledger, if there is one, and a budget.
    pub fn new(oracle: Box<dyn Oracle>, ledger: Option<Box<dyn Ledger>>, budget: Budget) -> Self {
        let (known, asked) = (HashMap::default(), Asked::default());
        Self { oracle, ledger, budget, paid: 0, seconds: 0.0, known, asked }
    }

    /// Looks every object of the batch up that is not known yet.
    fn recall(&mut self, objects: &Objects) -> Result<(), RewardError> {
        let Asked { places, texts, found, .. } = &mut self.asked;
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        texts.clear();
        places.iter().for_each(|&i| texts.push(objects.texts().get(i)));
        found.clear();
        found.resize(places.len(), None);
        ledger.recall(texts, found).map_err(ledger_failed)?;
        for (&i, score) in places.iter().zip(&*found) {
            if let Some(score) = score {
                self.known.insert(objects.texts().get(i).into(), *score);
            }
        }
        let mut found = found.iter();
        places.retain(|_| found.next().is_some_and(Option::is_none));
        Ok(())
    }

    /// Asks the oracle for what is left, as far as the budget goes.
    fn ask(&mut self, objects: &Objects) -> Result<(), RewardError> {
        let Budget { max_calls, max_seconds } = self.budget;
        let left = max_calls.map_or(u64::MAX, |max| max.saturating_sub(self.paid));
        let wanted = self.asked.places.len();
        self.asked.places.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let late = max_seconds.is_some_and(|max| self.seconds >= max);
        if !self.asked.places.is_empty() && !late {
            self.pay(objects)?;
        }
        let spent = |what: String| RewardError::Spent { budget: what, paid: self.paid };
        match (max_calls, max_seconds) {
            (_, Some(max)) if late => Err(spent(format!("max_seconds = {max}"))),
            (Some(max), _) if wanted > self.asked.places.len() => Err(spent(format!("max_calls = {max}"))),
            _ => Ok(()),
        }
    }

    /// Asks for the objects that are left, and keeps what the oracle answers, piece by piece, whatever else goes wrong.
    fn pay(&mut self, objects: &Objects) -> Result<(), RewardError> {
        let Self { oracle, ledger, asked, known, .. } = self;
        let Asked { places, objects: picked, scores, page, .. } = asked;
        picked.pick(objects, places);
        scores.clear();
        scores.resize(places.len(), f64::NAN);
        page.open(places.len());
        let clock = Instant::now();
        let (mut last, mut failed) = (Instant::now(), None);
        let answered = oracle.score_in_pieces(picked, scores, &mut |range, scores| {
            for (i, &score) in range.zip(scores) {
                page.note(i, objects.texts().get(places[i]), score);
            }
            if last.elapsed() >= PAGE_TIME {
                last = Instant::now();
                failed = page.keep(ledger).err().or(failed.take());
            }
        });
        self.seconds += clock.elapsed().as_secs_f64();
        self.paid += places.len() as u64;
        for (i, &score) in scores.iter().enumerate() {
            let text = objects.texts().get(places[i]);
            page.note(i, text, score);
            known.insert(text.into(), score);
        }
        let kept = page.keep(ledger);
        answered?;
        failed.map_or(kept, Err)
    }
}

/// Shortest time between two entries in the ledger while a batch is being scored: each waits for the disk.
const PAGE_TIME: Duration = Duration::from_millis(50);

/// Scores that go to the ledger next.
#[derive(Default)]
struct Page {
    texts: Texts,
    scores: Vec<f64>,
    /// Which objects of the batch have been noted.
    noted: Vec<bool>,
}

impl Page {
    fn open(&mut self, n: usize) {
        self.texts.clear();
        self.scores.clear();
        self.noted.clear();
        self.noted.resize(n, false);
    }

    /// Notes the score of the `i`-th object, unless there is none or it was noted before.
    fn note(&mut self, i: usize, text: &str, score: f64) {
        if score.is_finite() && !std::mem::replace(&mut self.noted[i], true) {
            self.texts.push(text);
            self.scores.push(score);
        }
    }

    /// Writes what was noted down.
    fn keep(&mut self, ledger: &mut Option<Box<dyn Ledger>>) -> Result<(), RewardError> {
        let kept = match ledger {
            Some(ledger) if !self.scores.is_empty() => ledger.keep(&self.texts, &self.scores),
            _ => Ok(()),
        };
        self.texts.clear();
        self.scores.clear();
        kept.map_err(ledger_failed)
    }
}

fn ledger_failed(message: String) -> RewardError {
    RewardError::Failed { oracle: "the ledger of scores".to_owned(), message }
}

impl Oracle for Recorded {
    fn forms(&self) -> Forms {
        self.oracle.forms() | Forms::TEXTS
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        let texts = objects.texts();
        let mut seen = std::collections::HashSet::with_hasher(FxBuildHasher);
        self.asked.places.clear();
        let unknown = (0..texts.len()).filter(|&i| !self.known.contains_key(texts.get(i)));
        self.asked.places.extend(unknown.filter(|&i| seen.insert(texts.get(i))));
        if !self.asked.places.is_empty() {
            self.recall(objects)?;
            self.ask(objects)?;
        }
        for (text, y) in texts.iter().zip(out) {
            *y = self.known.get(text).copied().unwrap_or(f64::NAN);
        }
        Ok(())
    }

    fn covers_unfinished(&self) -> bool {
        self.oracle.covers_unfinished()
    }

    fn missing(&self) -> Missing {
        self.oracle.missing()
    }

    fn statistics(&self) -> Option<Statistics> {
        self.oracle.statistics()
    }

    fn coverage(&self, objects: &Objects) -> Option<Coverage> {
        self.oracle.coverage(objects)
    }

    fn identity(&self) -> Option<String> {
        self.oracle.identity()
    }

    fn attribute(&mut self, run: &str) -> Result<(), RewardError> {
        if let Some(ledger) = &mut self.ledger {
            self.paid = ledger.attribute(run).map_err(ledger_failed)?;
        }
        self.oracle.attribute(run)
    }

    fn take_log(&mut self) -> String {
        self.oracle.take_log()
    }
}
