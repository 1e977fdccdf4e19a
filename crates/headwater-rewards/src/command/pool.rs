//! Copies of a program that share the objects of a batch.
//!
//! A batch is cut into contiguous *pieces*, and whoever is idle takes the next one. A piece that fails is tried again
//! on a fresh copy after a pause; if that does not help it is cut into halves, down to the single object that is to
//! blame, so that its neighbours keep their scores. All pipes are attended to by one thread that polls them.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, poll};

use super::child::{Child, Start};
use super::failure::{Failure, Progress};
use super::protocol::Format;
use super::tail::Tail;
use crate::objects::Texts;
use crate::{Missing, RewardError, excerpt};

/// Time that a program has to end after its pipes were closed, before it is killed.
const GRACE: Duration = Duration::from_secs(1);
/// Longest wait before another try.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// Bytes of stderr that are kept of each copy until they are asked for.
const LOG: usize = 1 << 16;
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
    pub timeout: Duration,
    pub retries: u32,
    pub backoff: Duration,
    pub missing: Missing,
}

/// Copies of a program, started when first needed.
pub(super) struct Pool {
    plan: Plan,
    workers: Vec<Worker>,
    /// Has any copy ever answered a whole piece?
    has_answered: bool,
    /// Single objects that have failed since then.
    failed_in_a_row: usize,
}

/// A place for a copy.
struct Worker {
    child: Option<Child>,
    task: Option<Task>,
    log: Tail,
}

/// A piece that a copy is working on.
struct Task {
    piece: Piece,
    answered: usize,
    deadline: Instant,
}

/// Objects `range` of the batch, still without scores.
#[derive(Clone, Debug)]
struct Piece {
    range: Range<usize>,
    /// How often it failed.
    failures: u32,
    /// When it may be tried (again).
    ready: Instant,
}

/// A batch on its way.
struct Batch<'a> {
    texts: &'a Texts,
    out: &'a mut [f64],
    waiting: VecDeque<Piece>,
    /// Is told of pieces that have been answered, with their scores.
    done: &'a mut dyn FnMut(Range<usize>, &[f64]),
}

impl Pool {
    pub fn new(plan: Plan, n_workers: usize) -> Self {
        let worker = || Worker { child: None, task: None, log: Tail::new(LOG) };
        let workers = (0..n_workers).map(|_| worker()).collect();
        Self { plan, workers, has_answered: false, failed_in_a_row: 0 }
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
        done: &mut dyn FnMut(Range<usize>, &[f64]),
    ) -> Result<(), RewardError> {
        let now = Instant::now();
        let pieces = cut(texts.len(), self.plan.chunk, self.workers.len());
        let waiting = pieces.map(|range| Piece { range, failures: 0, ready: now }).collect();
        let mut batch = Batch { texts, out, waiting, done };
        let ran = self.run(&mut batch);
        for worker in self.workers.iter_mut().filter(|w| w.task.is_some()) {
            // After an error: answers that are still to come would be taken for those of the next batch.
            worker.task = None;
            worker.child = None;
        }
        let mut not_finite = None;
        for (i, y) in out.iter_mut().enumerate().filter(|(_, y)| !y.is_finite()) {
            not_finite.get_or_insert((i, *y));
            *y = f64::NAN;
        }
        ran?;
        match not_finite {
            Some((i, value)) if self.plan.missing == Missing::Error => {
                Err(RewardError::NotFinite { object: texts.get(i).to_owned(), value })
            }
            _ => Ok(()),
        }
    }

    /// What the copies have written to stderr, and what befell them, since this was last asked.
    pub fn take_log(&mut self) -> String {
        let mut out = String::new();
        for (i, worker) in self.workers.iter_mut().enumerate() {
            if let Some(child) = &mut worker.child {
                child.listen(&mut worker.log);
            }
            worker.log.take_lines(&format!("[worker {}] ", i + 1), &mut out);
        }
        out
    }

    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), RewardError> {
        loop {
            self.hand_out(batch)?;
            if batch.waiting.is_empty() && self.workers.iter().all(|w| w.task.is_none()) {
                return Ok(());
            }
            for i in self.wait(batch)? {
                self.attend(i, batch)?;
            }
        }
    }

    /// Gives every idle worker a piece that may be tried now.
    fn hand_out(&mut self, batch: &mut Batch<'_>) -> Result<(), RewardError> {
        for i in 0..self.workers.len() {
            while self.workers[i].task.is_none() {
                let now = Instant::now();
                let Some(next) = batch.waiting.iter().position(|piece| piece.ready <= now) else {
                    return Ok(());
                };
                let piece = batch.waiting.remove(next).expect("it was found there");
                let deadline = now + self.plan.timeout;
                let range = piece.range.clone();
                self.workers[i].task = Some(Task { piece, answered: 0, deadline });
                if let Err(failure) = self.workers[i].begin(&self.plan, batch.texts, range) {
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
            if let Some(child) = &worker.child {
                child.watch(worker.task.is_some(), &mut fds);
                owners.resize(fds.len(), i);
            }
        }
        let deadline = |i: usize| self.workers[i].task.as_ref().map(|task| task.deadline);
        let deadlines = (0..self.workers.len()).filter_map(deadline);
        let idle = self.workers.iter().any(|w| w.task.is_none());
        let ready = batch.waiting.iter().map(|piece| piece.ready).filter(|_| idle);
        let now = Instant::now();
        let timeout =
            deadlines.chain(ready).min().map_or(Duration::ZERO, |t| t.saturating_duration_since(now));
        let timeout = Timespec::try_from(timeout).expect("times to wait are bounded by their settings");
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(self.broken(&format!("has pipes that cannot be waited for: {e}"))),
        }
        let stirring = fds.iter().zip(&owners).filter(|(fd, _)| !fd.revents().is_empty()).map(|(_, &i)| i);
        let now = Instant::now();
        let late = (0..self.workers.len()).filter(|&i| deadline(i).is_some_and(|t| t <= now));
        let mut whom: Vec<usize> = stirring.chain(late).collect();
        whom.sort_unstable();
        whom.dedup();
        Ok(whom)
    }

    /// Moves what worker `i` has to say or to hear.
    fn attend(&mut self, i: usize, batch: &mut Batch<'_>) -> Result<(), RewardError> {
        let worker = &mut self.workers[i];
        if worker.task.is_none() {
            // What an idle copy says on stderr must not fill the pipe. On stdout it is found by the next request.
            if let Some(child) = &mut worker.child {
                child.listen(&mut worker.log);
            }
            return Ok(());
        }
        match worker.go_on(&self.plan, batch) {
            Ok(None) => Ok(()),
            Ok(Some(range)) => {
                (batch.done)(range.clone(), &batch.out[range]);
                self.has_answered = true;
                self.failed_in_a_row = 0;
                Ok(())
            }
            Err(failure) => self.failed(i, &failure, batch),
        }
    }

    /// Ends the copy of worker `i`, and says what becomes of its piece: another try, halves, the floor, or an error.
    fn failed(&mut self, i: usize, failure: &Failure, batch: &mut Batch<'_>) -> Result<(), RewardError> {
        let worker = &mut self.workers[i];
        let Task { piece, .. } = worker.task.take().expect("only tasks fail");
        let mut words = String::new();
        if let Some(mut child) = worker.child.take() {
            child.end(Instant::now(), &mut worker.log);
            words = child.last_words();
        }
        worker.log.push(format!("the program {failure}\n").as_bytes());
        let mut message = failure.to_string();
        if !words.is_empty() {
            message.push_str(&format!("; the last lines of its stderr: `{words}`"));
        }
        message.push_str(&format!("; {}", failure.hint()));
        // Answers that came before the failure are not to be trusted; after a line too many, none are.
        batch.out[piece.range.clone()].fill(f64::NAN);
        if failure.is_final() {
            batch.out.fill(f64::NAN);
            return Err(self.broken(&message));
        }
        let Piece { range, failures, .. } = piece;
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
        let object = batch.texts.get(range.start);
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
        batch.out[range.start] = f64::NAN;
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
        let mut children: Vec<_> = self
            .workers
            .iter_mut()
            .filter_map(|w| w.child.as_mut().map(|child| (child, &mut w.log)))
            .collect();
        children.iter_mut().for_each(|(child, _)| child.close());
        let deadline = Instant::now() + GRACE;
        for (child, log) in children {
            child.end(deadline, log);
        }
    }
}

impl Worker {
    /// Sends the objects of its task to its copy of the program, which is started if there is none.
    fn begin(&mut self, plan: &Plan, texts: &Texts, range: Range<usize>) -> Result<(), Failure> {
        let progress = Progress { answered: 0, asked: range.len() };
        let child = match &mut self.child {
            Some(child) => {
                child.pump(&mut self.log)?;
                if let Some(line) = child.line() {
                    return Err(Failure::Extra(excerpt(line)));
                }
                if child.is_mute() {
                    return Err(self.silence(progress));
                }
                child
            }
            none => none.insert(Child::start(&plan.start)?),
        };
        child.send(|out| range.for_each(|i| plan.format.write(texts.get(i), out)))?;
        self.hurry();
        Ok(())
    }

    /// Gives a copy that reads no more little time: it may be about to end, which says more, but it will not answer.
    fn hurry(&mut self) {
        if let (Some(child), Some(task)) = (&self.child, &mut self.task)
            && child.is_deaf()
        {
            task.deadline = task.deadline.min(Instant::now() + GRACE);
        }
    }

    /// Reads the answers that have come. Gives the objects of the task if it is done.
    fn go_on(&mut self, plan: &Plan, batch: &mut Batch<'_>) -> Result<Option<Range<usize>>, Failure> {
        let (Some(child), Some(task)) = (&mut self.child, &mut self.task) else { return Ok(None) };
        child.pump(&mut self.log)?;
        let range = task.piece.range.clone();
        while task.answered < range.len() {
            let Some(line) = child.line() else { break };
            let i = range.start + task.answered;
            let Some(score) = plan.format.read(line) else {
                let (line, object) = (excerpt(line), batch.texts.get(i).to_owned());
                return Err(Failure::Garbage { line, object, expected: plan.format.expected() });
            };
            batch.out[i] = score;
            task.answered += 1;
        }
        let progress = Progress { answered: task.answered, asked: range.len() };
        if progress.answered == progress.asked && child.is_sent() {
            if !child.rest().is_empty() {
                return Err(Failure::Extra(excerpt(child.rest())));
            }
            self.task = None;
            return Ok(Some(range));
        }
        if child.is_mute() {
            return Err(self.silence(progress));
        }
        let is_deaf = child.is_deaf();
        if Instant::now() < task.deadline {
            self.hurry();
            return Ok(None);
        }
        Err(if is_deaf {
            Failure::ClosedInput(progress)
        } else {
            Failure::Hung { seconds: plan.timeout.as_secs_f64(), progress }
        })
    }

    /// What it means that the copy has closed its stdout: it has ended, or soon will, or goes on without it.
    fn silence(&mut self, progress: Progress) -> Failure {
        let status = self.child.as_mut().and_then(|child| child.end(Instant::now() + GRACE, &mut self.log));
        status.map_or(Failure::ClosedOutput(progress), |status| Failure::Ended(status, progress))
    }
}

/// Cuts `n` objects into pieces of nearly equal size, at most `chunk`, and as many for each worker as for any other.
fn cut(n: usize, chunk: usize, workers: usize) -> impl Iterator<Item = Range<usize>> {
    let pieces = n.div_ceil(chunk).next_multiple_of(workers).min(n);
    (0..pieces).map(move |k| k * n / pieces..(k + 1) * n / pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

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
