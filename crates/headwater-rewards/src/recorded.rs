//! Scores that are paid for once: a ledger before an oracle, and a budget of what may be asked of it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use headwater_core::settings::settings;
use headwater_core::{SettingError, Simulator};
use rustc_hash::FxBuildHasher;

use crate::{
    Asking, Caller, Coverage, Forms, Keep, Listener, Missing, Objects, Oracle, Receipt, RewardError,
    Statistics, Texts,
};

settings! {
    /// What may be asked of a reward.
    pub struct Budget {
        /// Calls that a run may make, those that fail included; scores of the ledger are free. When they are made, the run
        /// ends in good order.
        max_calls: Option<u64>, Kind::Int { min: 0, max: i64::MAX };
        /// Seconds that a process may wait for scores; then the run ends in good order.
        max_seconds: Option<f64>, Kind::Real { min: 0.0, max: f64::MAX };
    }
}

/// Keeps scores that were paid for; bound to one identity of an oracle, see [`Oracle::identity`].
pub trait Ledger: Send {
    /// What it is called in messages.
    fn name(&self) -> String;

    /// Writes the scores of the objects that are known into their places of `out`, and leaves the others.
    ///
    /// # Errors
    /// In words, if they cannot be read.
    fn recall(&mut self, objects: &Texts, out: &mut [Option<f64>]) -> Result<(), String>;

    /// Makes sure that scores can be kept, before any is paid for.
    ///
    /// # Errors
    /// In words, if they cannot be.
    fn prepare(&mut self) -> Result<(), String>;

    /// Keeps finite scores. Once this returns they outlive the process, however it ends; once a call with `lasting` has
    /// returned, they and those before them outlive a loss of power.
    ///
    /// # Errors
    /// In words, if they cannot be written.
    fn keep(&mut self, objects: &Texts, scores: &[f64], lasting: bool) -> Result<(), String>;

    /// A directory in which answers may be written down before they are read, and the identity to which they belong; it
    /// need not be there.
    fn shelf(&self) -> Option<(PathBuf, String)> {
        None
    }

    /// Removes the scores of these objects.
    ///
    /// # Errors
    /// In words, if that cannot be written.
    fn forget(&mut self, objects: &Texts) -> Result<(), String>;
}

/// Counts the calls that are made on somebody's behalf, in one process after another.
pub trait Meter: Send {
    /// The calls until now.
    ///
    /// # Errors
    /// In words, if that cannot be read.
    fn calls(&mut self) -> Result<u64, String>;

    /// Counts `n` more. Once this returns the count outlives the process, if it is meant to.
    ///
    /// # Errors
    /// In words, if that cannot be written.
    fn count(&mut self, n: u64) -> Result<(), String>;
}

/// Counts calls of this process.
#[derive(Debug, Default)]
pub struct Tally(u64);

impl Meter for Tally {
    fn calls(&mut self) -> Result<u64, String> {
        Ok(self.0)
    }

    fn count(&mut self, n: u64) -> Result<(), String> {
        self.0 += n;
        Ok(())
    }
}

/// An oracle that is asked once for each object, within a budget.
///
/// Every score that the oracle gives is in the ledger before anybody else sees it, and as soon as it is there, with the
/// rest of the batch still under way. Objects without a score are not kept, but not asked for again by this process either;
/// an oracle that fails says nothing of its objects.
pub struct Recorded {
    oracle: Box<dyn Oracle>,
    ledger: Option<Box<dyn Ledger>>,
    meter: Box<dyn Meter>,
    budget: Budget,
    asking: Asking,
    seconds: f64,
    known: HashMap<Box<str>, f64, FxBuildHasher>,
    asked: Asked,
    receipt: Receipt,
    /// Is what earlier processes left in the ledger?
    has_collected: bool,
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
    /// The oracle behind a ledger, if there is one, and a budget that `meter` is held against.
    pub fn new(
        oracle: Box<dyn Oracle>,
        ledger: Option<Box<dyn Ledger>>,
        meter: Box<dyn Meter>,
        budget: Budget,
    ) -> Self {
        let receipt =
            Receipt { ledger: ledger.as_ref().map_or_else(String::new, |l| l.name()), ..Receipt::default() };
        let (known, asked, asking) = (HashMap::default(), Asked::default(), Asking::All);
        let mut oracle = oracle;
        if let Some((dir, identity)) = ledger.as_ref().and_then(|ledger| ledger.shelf()) {
            oracle.shelve(&dir, &identity);
        }
        Self {
            has_collected: false,
            oracle,
            ledger,
            meter,
            budget,
            asking,
            seconds: 0.0,
            known,
            asked,
            receipt,
        }
    }

    /// Keeps what processes that were killed had been answered and could not keep.
    fn collect(&mut self) -> Result<(), RewardError> {
        let Self { oracle, ledger: Some(ledger), .. } = self else { return Ok(()) };
        let mut keep = |pairs: &[(String, f64)]| {
            let texts: Texts = pairs.iter().map(|(object, _)| object.as_str()).collect();
            let scores: Vec<f64> = pairs.iter().map(|(_, score)| *score).collect();
            ledger.prepare()?;
            ledger.keep(&texts, &scores, true)
        };
        oracle.collect(&mut keep).map_err(ledger_failed)
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
                self.receipt.recalled += 1;
            }
        }
        let mut found = found.iter();
        places.retain(|_| found.next().is_some_and(Option::is_none));
        Ok(())
    }

    /// Asks the oracle for what is left, as far as the budget goes.
    fn ask(&mut self, objects: &Objects) -> Result<(), RewardError> {
        let Budget { max_calls, max_seconds } = self.budget;
        let calls = self.meter.calls().map_err(account_failed)?;
        let left = max_calls.map_or(u64::MAX, |max| max.saturating_sub(calls));
        let wanted = self.asked.places.len();
        self.asked.places.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let late = max_seconds.is_some_and(|max| self.seconds >= max);
        let mut cut = wanted > self.asked.places.len();
        if !self.asked.places.is_empty() && !late {
            cut |= self.pay(objects, left)?;
        }
        if self.asking == Asking::Affordable {
            return Ok(());
        }
        let calls = self.meter.calls().map_err(account_failed)?;
        let spent = |budget: String| RewardError::Spent { budget, calls };
        match (max_calls, max_seconds) {
            (_, Some(max)) if late => Err(spent(format!("max_seconds = {max}"))),
            (Some(max), _) if cut => Err(spent(format!("max_calls = {max}"))),
            _ => Ok(()),
        }
    }

    /// Asks for the objects that are left, with at most `left` calls, and keeps what the oracle answers as it comes,
    /// whatever else goes wrong. Was something left out because there were no calls left?
    fn pay(&mut self, objects: &Objects, left: u64) -> Result<bool, RewardError> {
        let Self { oracle, ledger, meter, asked, known, receipt, .. } = self;
        let Asked { places, objects: picked, scores, page, .. } = asked;
        if let Some(ledger) = ledger {
            ledger.prepare().map_err(ledger_failed)?;
        }
        picked.pick(objects, places);
        scores.clear();
        scores.resize(places.len(), f64::NAN);
        page.open(places.len());
        let text = |i: usize| objects.texts().get(places[i]);
        let spare = left.saturating_sub(places.len() as u64);
        let mut clerk = Clerk {
            page,
            ledger,
            meter: &mut **meter,
            text: &text,
            uncounted: 0,
            spare,
            cut: false,
            failed: None,
        };
        let clock = Instant::now();
        let answered = oracle.score_in_pieces(picked, scores, &mut clerk);
        for (i, &score) in scores.iter().enumerate() {
            clerk.page.note(i, text(i), score);
        }
        clerk.write(true);
        let (cut, failed) = (clerk.cut, clerk.failed);
        self.seconds += clock.elapsed().as_secs_f64();
        for (i, &score) in scores.iter().enumerate() {
            receipt.new += u64::from(score.is_finite());
            // Of an object without a score nothing is known if the oracle has failed, or was not to ask again.
            if score.is_finite() || answered.is_ok() && !cut {
                known.insert(text(i).into(), score);
            }
        }
        failed.map_or(Ok(()), Err)?;
        if cut { Ok(true) } else { answered.map(|()| false) }
    }
}

/// Writes down what is heard while a batch is being scored.
struct Clerk<'a> {
    page: &'a mut Page,
    ledger: &'a mut Option<Box<dyn Ledger>>,
    meter: &'a mut dyn Meter,
    /// The object at a place.
    text: &'a dyn Fn(usize) -> &'a str,
    /// Calls that the meter does not know of yet.
    uncounted: u64,
    /// Calls that may come to nothing.
    spare: u64,
    /// Was one refused?
    cut: bool,
    failed: Option<RewardError>,
}

impl Clerk<'_> {
    /// Calls first: a count that is too high costs less than one that is too low.
    fn write(&mut self, lasting: bool) {
        let counted = match std::mem::take(&mut self.uncounted) {
            0 => Ok(()),
            n => self.meter.count(n).map_err(account_failed),
        };
        let kept = self.page.keep(self.ledger, lasting);
        self.failed = self.failed.take().or(counted.and(kept).err());
    }
}

impl Listener for Clerk<'_> {
    fn called(&mut self, n: usize) {
        self.uncounted += n as u64;
    }

    fn scored(&mut self, places: Range<usize>, scores: &[f64]) {
        for (i, &score) in places.zip(scores) {
            self.page.note(i, (self.text)(i), score);
        }
    }

    fn pause(&mut self) {
        self.write(false);
    }

    fn void(&mut self) {
        let voided = self.page.void(self.ledger, self.text);
        self.failed = self.failed.take().or(voided.err());
    }

    fn may_repeat(&mut self) -> bool {
        let may = self.spare > 0;
        self.spare = self.spare.saturating_sub(1);
        self.cut |= !may;
        may
    }
}

/// Scores that go to the ledger next.
#[derive(Default)]
struct Page {
    texts: Texts,
    scores: Vec<f64>,
    /// Which objects of the batch have been noted.
    noted: Vec<bool>,
    /// When what was written was last made to outlive a loss of power, and whether more has been written since.
    lasting: Option<Instant>,
    loose: bool,
}

impl Page {
    /// Longest time for which scores that come one after the other could be lost with the power: each wait for the disk
    /// takes milliseconds.
    const LOOSE_MS: u128 = 100;

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
    fn keep(&mut self, ledger: &mut Option<Box<dyn Ledger>>, lasting: bool) -> Result<(), RewardError> {
        let Some(ledger) = ledger else { return Ok(()) };
        let due = self.lasting.is_none_or(|last| last.elapsed().as_millis() >= Self::LOOSE_MS);
        let lasting = lasting || due;
        if self.scores.is_empty() && !(self.loose && lasting) {
            return Ok(());
        }
        let kept = ledger.keep(&self.texts, &self.scores, lasting);
        self.texts.clear();
        self.scores.clear();
        self.loose = !lasting;
        if lasting {
            self.lasting = Some(Instant::now());
        }
        kept.map_err(ledger_failed)
    }

    /// Removes what was noted and written of this batch.
    fn void<'a>(
        &mut self,
        ledger: &mut Option<Box<dyn Ledger>>,
        text: &dyn Fn(usize) -> &'a str,
    ) -> Result<(), RewardError> {
        self.texts.clear();
        self.scores.clear();
        let noted = self.noted.iter_mut().enumerate().filter(|(_, noted)| **noted);
        let texts: Texts = noted
            .map(|(i, noted)| {
                *noted = false;
                text(i)
            })
            .collect();
        match ledger {
            Some(ledger) if !texts.is_empty() => ledger.forget(&texts).map_err(ledger_failed),
            _ => Ok(()),
        }
    }
}

fn ledger_failed(message: String) -> RewardError {
    RewardError::Failed { oracle: "the ledger of scores".to_owned(), message }
}

fn account_failed(message: String) -> RewardError {
    RewardError::Failed { oracle: "the count of calls".to_owned(), message }
}

// A wrapper passes everything on: clippy says what it forgets.
#[deny(clippy::missing_trait_methods)]
impl Oracle for Recorded {
    fn forms(&self) -> Forms {
        self.oracle.forms() | Forms::TEXTS
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        if !std::mem::replace(&mut self.has_collected, true) {
            self.collect()?;
        }
        let texts = objects.texts();
        let mut seen = std::collections::HashSet::with_hasher(FxBuildHasher);
        self.asked.places.clear();
        let unknown = (0..texts.len()).filter(|&i| !self.known.contains_key(texts.get(i)));
        self.asked.places.extend(unknown.filter(|&i| seen.insert(texts.get(i))));
        if !self.asked.places.is_empty() {
            self.recall(objects)?;
        }
        if !self.asked.places.is_empty() && self.asking != Asking::Nothing {
            self.ask(objects)?;
        }
        for (text, y) in texts.iter().zip(out) {
            *y = self.known.get(text).copied().unwrap_or(f64::NAN);
        }
        Ok(())
    }

    fn rehearse(&mut self, sim: &dyn Simulator) -> Result<(), SettingError> {
        self.oracle.rehearse(sim)
    }

    /// In one piece: what is dear has been kept by then.
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
        self.oracle.covers_unfinished()
    }

    fn shelve(&mut self, dir: &Path, identity: &str) {
        self.oracle.shelve(dir, identity);
    }

    fn collect(&mut self, keep: &mut Keep<'_>) -> Result<(), String> {
        self.oracle.collect(keep)
    }

    fn missing(&self) -> Missing {
        // What may not be asked for has no score, and that is no error.
        if self.asking == Asking::All { self.oracle.missing() } else { Missing::Floor }
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

    fn attend(&mut self, caller: &Caller) {
        self.oracle.attend(caller);
    }

    fn restrict(&mut self, asking: Asking) {
        self.asking = asking;
        self.oracle.restrict(asking);
    }

    fn receipt(&self) -> Option<Receipt> {
        Some(self.receipt.clone())
    }

    fn take_log(&mut self) -> String {
        self.oracle.take_log()
    }
}
