//! Copies of a program that share the objects of a batch.
//!
//! A batch is cut into contiguous *pieces*, and whoever is idle takes the next one. Answers come in order: when a copy
//! fails, those that came before stand, and the rest of its piece is tried again on a fresh copy after a pause; if that
//! does not help it is cut into halves, down to the single object that is to blame, so that its neighbours keep their
//! scores. All pipes are attended to by one thread that polls them.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, poll};

use super::child::Start;
use super::failure::Failure;
use super::program::Program;
use super::protocol::Format;
use super::spool::Shelf;
use super::worker::{Step, Worker};
use crate::objects::Texts;
use crate::{Caller, Keep, Listener, Missing, RewardError};

/// Time that a program has to end after its pipes were closed, before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(1);
/// Longest wait before another try.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// Longest time between two looks at copies that say nothing.
const TICK: Duration = Duration::from_millis(100);
/// Silence after which whoever waits is told of it, and how much longer it must be for the next time.
const SILENCE: (Duration, u32) = (Duration::from_secs(10), 6);
/// So many single objects in a row may fail without any answer between them: of a program that has answered before,
/// and of one that never has. After that it is not the objects.
const PATIENCE: usize = 64;
const FIRST_PATIENCE: usize = 4;

/// What does not change from batch to batch.
pub(super) struct Plan {
    pub start: Start,
    /// Most objects of a piece.
    pub chunk: usize,
    pub format: Format,
    /// Where answers go until they are read, if scores are kept.
    pub shelf: Option<Shelf>,
    /// The line by which a copy says that it has started, if it does.
    pub ready: Option<String>,
    pub timeout: Duration,
    pub retries: u32,
    pub backoff: Duration,
    pub missing: Missing,
}

/// Copies of a program, started when first needed.
pub(super) struct Pool {
    plan: Plan,
    program: Program,
    workers: Vec<Worker>,
    caller: Caller,
    /// When it was first seen that the caller has left.
    left: Option<Instant>,
    /// How long the pool then goes on.
    patience: Duration,
    /// Silence of which the caller is told next.
    silence: Duration,
    /// Has any copy ever answered?
    has_answered: bool,
    /// Is it known that a copy says nothing but its answers? See [`Worker::settle`].
    is_checked: bool,
    /// Single objects that have failed since the last answer.
    failed_in_a_row: usize,
}

/// Objects `range` of the batch, still without scores.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub range: Range<usize>,
    /// How often it failed.
    failures: u32,
    /// When it may be tried (again).
    ready: Instant,
}

/// A batch on its way.
pub(super) struct Batch<'a> {
    pub texts: &'a Texts,
    pub out: &'a mut [f64],
    waiting: VecDeque<Piece>,
    pub listener: &'a mut dyn Listener,
    /// Are there objects that may not be called again, and so have no score?
    is_cut: bool,
}

impl Pool {
    pub fn new(plan: Plan, program: Program, n_workers: usize) -> Self {
        Self {
            plan,
            program,
            workers: (0..n_workers).map(|_| Worker::new()).collect(),
            caller: Caller::default(),
            left: None,
            patience: Caller::PATIENCE,
            silence: SILENCE.0,
            has_answered: false,
            is_checked: false,
            failed_in_a_row: 0,
        }
    }

    /// Says who waits.
    pub fn attend(&mut self, caller: &Caller) {
        self.caller = caller.clone();
    }

    /// Puts what copies say into files of `shelf` until it is kept.
    pub fn shelve(&mut self, shelf: Shelf) {
        self.plan.shelf = Some(shelf);
    }

    /// Hands what copies of processes that are no more have left in such files to `keep`.
    pub fn collect(&self, keep: &mut Keep<'_>) -> Result<(), String> {
        let Plan { shelf, format, ready, .. } = &self.plan;
        shelf.as_ref().map_or(Ok(()), |shelf| shelf.collect(format, ready.as_deref(), keep))
    }

    /// Writes the scores of `texts` into `out`, which has as many places; NaN where there is none.
    ///
    /// # Errors
    /// If the program itself has failed, or an object has no score and that is an error. Scores that were got before
    /// are in `out`, and its other places as they were or NaN.
    pub fn score(
        &mut self,
        texts: &Texts,
        out: &mut [f64],
        listener: &mut dyn Listener,
    ) -> Result<(), RewardError> {
        let now = Instant::now();
        let pieces = cut(texts.len(), self.plan.chunk, self.workers.len());
        let waiting = pieces.map(|range| Piece { range, failures: 0, ready: now }).collect();
        out.fill(f64::NAN);
        let mut batch = Batch { texts, out, waiting, listener, is_cut: false };
        let ran = self.run(&mut batch);
        batch.listener.pause();
        let is_cut = batch.is_cut;
        // After an error: answers that are still to come would be taken for those of the next batch.
        self.workers.iter_mut().for_each(Worker::give_up);
        let mut not_finite = None;
        for (i, y) in out.iter_mut().enumerate().filter(|(_, y)| !y.is_finite()) {
            not_finite.get_or_insert((i, *y));
            *y = f64::NAN;
        }
        ran?;
        match not_finite {
            Some((i, value)) if self.plan.missing == Missing::Error && !is_cut => {
                Err(RewardError::NotFinite { object: texts.get(i).to_owned(), value })
            }
            _ => Ok(()),
        }
    }

    /// What the copies have written to stderr, and what befell them, since this was last asked.
    pub fn take_log(&mut self) -> String {
        let mut out = String::new();
        for (i, worker) in self.workers.iter_mut().enumerate() {
            worker.take_log(&format!("[worker {}] ", i + 1), &mut out);
        }
        out
    }

    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), RewardError> {
        loop {
            self.hand_out(batch)?;
            if batch.waiting.is_empty() && self.workers.iter().all(|w| !w.is_busy()) {
                return Ok(());
            }
            batch.listener.pause();
            for i in self.wait(batch)? {
                self.attend_to(i, batch)?;
            }
            self.mind_the_caller()?;
        }
    }

    /// Gives every idle worker a piece that may be tried now.
    fn hand_out(&mut self, batch: &mut Batch<'_>) -> Result<(), RewardError> {
        for i in 0..self.workers.len() {
            while !self.workers[i].is_busy() {
                let now = Instant::now();
                let Some(next) = batch.waiting.iter().position(|piece| piece.ready <= now) else {
                    return Ok(());
                };
                let piece = batch.waiting.remove(next).expect("it was found there");
                if let Err(failure) = self.workers[i].begin(&self.plan, &mut self.program, piece, batch) {
                    self.failed(i, &failure, batch)?;
                }
            }
        }
        Ok(())
    }

    /// Waits until a pipe can be attended to, or a time has come. Returns whom to attend to.
    fn wait(&self, batch: &Batch<'_>) -> Result<Vec<usize>, RewardError> {
        let (mut fds, mut owners) = (Vec::new(), Vec::new());
        for (i, worker) in self.workers.iter().enumerate() {
            worker.watch(&mut fds);
            owners.resize(fds.len(), i);
        }
        let times = self.workers.iter().filter_map(Worker::wakes);
        let idle = self.workers.iter().any(|w| !w.is_busy());
        let ready = batch.waiting.iter().map(|piece| piece.ready).filter(|_| idle);
        let now = Instant::now();
        // A copy that ends while something else holds its stdout open does not wake anybody.
        let tick = now + TICK;
        let first = times.chain(ready).fold(tick, Instant::min);
        let timeout = Timespec::try_from(first.saturating_duration_since(now)).expect("a tick is short");
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(self.broken(&format!("has pipes that cannot be waited for: {e}"))),
        }
        let stirring = fds.iter().zip(&owners).filter(|(fd, _)| !fd.revents().is_empty()).map(|(_, &i)| i);
        let now = Instant::now();
        let is_due = |i: &usize| {
            self.workers[*i].is_busy() && (tick <= now || self.workers[*i].wakes().is_some_and(|t| t <= now))
        };
        let mut whom: Vec<usize> = stirring.chain((0..self.workers.len()).filter(is_due)).collect();
        whom.sort_unstable();
        whom.dedup();
        Ok(whom)
    }

    /// Moves what worker `i` has to say or to hear.
    fn attend_to(&mut self, i: usize, batch: &mut Batch<'_>) -> Result<(), RewardError> {
        match self.workers[i].go_on(&self.plan, self.is_checked, batch) {
            Ok(Step { answered, checked }) => {
                self.is_checked |= checked;
                if answered {
                    self.has_answered = true;
                    self.failed_in_a_row = 0;
                }
                Ok(())
            }
            Err(failure) => self.failed(i, &failure, batch),
        }
    }

    /// Tells the caller of a long silence, and stops if the caller has left and has waited long enough.
    fn mind_the_caller(&mut self) -> Result<(), RewardError> {
        let now = Instant::now();
        let silent = self.workers.iter().filter_map(Worker::silent_since).min();
        if silent.is_some_and(|since| now.saturating_duration_since(since) >= self.silence) {
            let (name, seconds) = (&self.plan.start.name, self.silence.as_secs());
            self.caller.tell(&match &self.plan.ready {
                Some(line) if !self.has_answered => {
                    format!("no line `{line}` or answer from `{name}` for {seconds} s; does it flush?")
                }
                _ => format!("no answer from `{name}` for {seconds} s; does it flush?"),
            });
            self.silence *= SILENCE.1;
        }
        if !self.caller.has_left() {
            return Ok(());
        }
        let seconds = self.patience.as_secs();
        let left = *self.left.get_or_insert_with(|| {
            let name = &self.plan.start.name;
            self.caller.tell(&format!("waiting for answers of `{name}`, at most {seconds} s"));
            now
        });
        if now.saturating_duration_since(left) < self.patience {
            return Ok(());
        }
        Err(RewardError::Interrupted { oracle: format!("`{}`", self.plan.start.name), seconds })
    }

    /// Ends the copy of worker `i`, and says what becomes of the rest of its piece: another try, halves, the floor, or an
    /// error.
    fn failed(&mut self, i: usize, failure: &Failure, batch: &mut Batch<'_>) -> Result<(), RewardError> {
        // Before what the copy has said is removed.
        batch.listener.pause();
        let (Piece { mut range, failures, .. }, was_called, words) = self.workers[i].fail(failure);
        let mut message = failure.to_string();
        if !words.is_empty() {
            message.push_str(&format!("; the last lines of its stderr: `{words}`"));
        }
        message.push_str(&format!("; {}", failure.hint()));
        if failure.is_final() {
            if matches!(failure, Failure::Extra(_)) {
                batch.out.fill(f64::NAN);
                batch.listener.void();
            }
            return Err(self.broken(&message));
        }
        // What befalls a copy after its last answer takes no score away.
        if range.is_empty() {
            return Ok(());
        }
        batch.out[range.clone()].fill(f64::NAN);
        if was_called && !batch.listener.may_repeat() {
            batch.is_cut = true;
            range.start += 1;
            if range.is_empty() {
                return Ok(());
            }
        }
        if failures < self.plan.retries {
            let pause = self.plan.backoff.saturating_mul(1 << failures.min(16)).min(LONGEST_BACKOFF);
            batch.waiting.push_front(Piece { range, failures: failures + 1, ready: Instant::now() + pause });
            return Ok(());
        }
        if failure.is_of_the_program() {
            return Err(self.broken(&message));
        }
        if range.len() > 1 {
            let middle = range.start + range.len() / 2;
            for half in [middle..range.end, range.start..middle] {
                // Only at the end of the search is there time for second thoughts.
                let failures = if half.len() == 1 { 0 } else { self.plan.retries };
                batch.waiting.push_front(Piece { range: half, failures, ready: Instant::now() });
            }
            return Ok(());
        }
        self.without_score(range.start, message, batch)
    }

    /// Object `i` of the batch fails even alone.
    fn without_score(&mut self, i: usize, message: String, batch: &Batch<'_>) -> Result<(), RewardError> {
        let object = batch.texts.get(i);
        if self.plan.missing == Missing::Error {
            let oracle = self.plan.start.name.clone();
            return Err(RewardError::NoScore { object: object.to_owned(), oracle, message });
        }
        self.failed_in_a_row += 1;
        let patience = if self.has_answered { PATIENCE } else { FIRST_PATIENCE };
        if self.failed_in_a_row >= patience {
            let n = self.failed_in_a_row;
            return Err(
                self.broken(&format!("had no answer to {n} objects in a row; for `{object}` it {message}"))
            );
        }
        Ok(())
    }

    fn broken(&self, message: &str) -> RewardError {
        RewardError::Failed {
            oracle: format!("`{}`", self.plan.start.name),
            message: format!("it {message}"),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Asked together, so that they end together.
        self.workers.iter_mut().for_each(Worker::close);
        let deadline = Instant::now() + GRACE;
        self.workers.iter_mut().for_each(|worker| worker.end(deadline));
    }
}

impl Piece {
    /// What is left of it once its first `answered` objects have their scores. What fails then has not failed before.
    pub fn after(self, answered: usize) -> Self {
        let failures = if answered > 0 { 0 } else { self.failures };
        Self { range: self.range.start + answered..self.range.end, failures, ready: self.ready }
    }
}

/// Cuts `n` objects into pieces of nearly equal size, at most `chunk`, and as many for each worker as for any other.
fn cut(n: usize, chunk: usize, workers: usize) -> impl Iterator<Item = Range<usize>> {
    let pieces = n.div_ceil(chunk).next_multiple_of(workers).min(n);
    (0..pieces).map(move |k| k * n / pieces..(k + 1) * n / pieces)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    use headwater_core::Settings;
    use headwater_core::settings::{Value, defaults};

    use super::*;
    use crate::{CommandConfig, Deaf};

    /// A program that reads everything and says nothing: the caller is told, and can leave.
    #[test]
    fn silence_is_told_of_and_does_not_hold_anybody() {
        static LEFT: AtomicBool = AtomicBool::new(false);
        let mut values = defaults(&CommandConfig::FIELDS[1..]).expect("all but the command may be left out");
        let words = ["sh", "-c", "while read -r x; do :; done"];
        values.insert("command", Value::Texts(words.map(str::to_owned).to_vec()));
        let mut command = crate::Command::new(&CommandConfig::read(&values)).expect("there is a shell");
        let pool = &mut command.pool;
        (pool.silence, pool.patience) = (Duration::from_millis(20), Duration::from_millis(20));
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        pool.attend(&Caller::new(Some(&LEFT), move |text| {
            heard.lock().expect("nobody panics").push(text.to_owned());
            LEFT.store(true, Ordering::Relaxed);
        }));
        let texts: Texts = ["a", "b"].into_iter().collect();
        let error = pool.score(&texts, &mut [0.0; 2], &mut Deaf).expect_err("there is no answer");
        assert!(matches!(error, RewardError::Interrupted { .. }) && !error.is_recoverable(), "{error}");
        let name = "sh -c while read -r x; do :; done";
        let told = told.lock().expect("nobody panics");
        assert_eq!(told[0], format!("no answer from `{name}` for 0 s; does it flush?"));
        assert_eq!(told[1], format!("waiting for answers of `{name}`, at most 0 s"));
    }

    #[test]
    fn pieces_cover_everything_evenly() {
        for (n, chunk, workers, sizes) in [
            (64, 16, 4, vec![16; 4]),
            (64, 100, 4, vec![16; 4]),
            (3, 100, 4, vec![1; 3]),
            (10, 4, 1, vec![3, 3, 4]),
            (9, 2, 2, vec![1, 2, 1, 2, 1, 2]),
            (0, 5, 3, vec![]),
        ] {
            let pieces: Vec<_> = cut(n, chunk, workers).collect();
            assert_eq!(pieces.iter().map(Range::len).collect::<Vec<_>>(), sizes, "{n} {chunk} {workers}");
            assert!(pieces.windows(2).all(|w| w[0].end == w[1].start));
            assert_eq!((pieces.first().map_or(0, |p| p.start), pieces.last().map_or(0, |p| p.end)), (0, n));
        }
    }
}
