//! A place for a copy of a program, and the piece that the copy is working on.

use std::time::{Duration, Instant};

use rustix::event::PollFd;

use super::child::Child;
use super::failure::{Failure, Progress};
use super::pool::{Batch, GRACE, Piece, Plan};
use super::program::Program;
use super::tail::Tail;
use crate::excerpt;

/// Bytes of stderr that are kept of each copy until they are asked for.
const LOG: usize = 1 << 16;

/// A place for a copy.
pub(super) struct Worker {
    child: Option<Child>,
    task: Option<Task>,
    log: Tail,
    pace: Pace,
}

/// A piece that a copy is working on.
struct Task {
    piece: Piece,
    /// Have its objects been sent? Not before the copy has said that it is ready.
    is_sent: bool,
    answered: usize,
    deadline: Instant,
    /// When it or the last answer began to be waited for.
    since: Instant,
    /// All is answered; it is done at this time, unless the copy says something more.
    settles: Option<Instant>,
}

/// How a copy has answered until now.
#[derive(Clone, Copy, Default)]
struct Pace {
    answers: u64,
    /// The longest time between two answers, that in which there was nothing to answer left out.
    longest: Duration,
    /// How long the copy was listened to after its last answer, before it was given the next piece.
    listened: Duration,
}

/// What has come of looking at a worker.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    /// Was there an answer?
    pub answered: bool,
    /// Has it been seen that the copy says nothing but its answers?
    pub checked: bool,
}

impl Worker {
    pub fn new() -> Self {
        Self { child: None, task: None, log: Tail::new(LOG), pace: Pace::default() }
    }

    /// Has it a piece?
    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// When it is to be looked at again, whatever its pipes do.
    pub fn wakes(&self) -> Option<Instant> {
        self.task.as_ref().map(|task| task.settles.unwrap_or(task.deadline))
    }

    /// Since when an answer has been waited for.
    pub fn silent_since(&self) -> Option<Instant> {
        self.task.as_ref().filter(|task| task.settles.is_none()).map(|task| task.since)
    }

    /// Adds the pipes to be waited for.
    pub fn watch<'a>(&'a self, fds: &mut Vec<PollFd<'a>>) {
        if let Some(child) = &self.child {
            child.watch(self.is_busy(), fds);
        }
    }

    /// Moves what the copy has written to stderr to `out`.
    pub fn take_log(&mut self, prefix: &str, out: &mut String) {
        if let Some(child) = &mut self.child {
            child.listen(&mut self.log);
        }
        self.log.take_lines(prefix, out);
    }

    /// Sends the objects of a piece to the copy of the program, which is started if there is none.
    pub fn begin(
        &mut self,
        plan: &Plan,
        program: &mut Program,
        piece: Piece,
        batch: &mut Batch<'_>,
    ) -> Result<(), Failure> {
        let now = Instant::now();
        let progress = Progress { answered: 0, asked: piece.range.len() };
        let deadline = now + plan.timeout;
        self.task = Some(Task { piece, is_sent: false, answered: 0, deadline, since: now, settles: None });
        if let Some(child) = &mut self.child {
            child.pump(&mut self.log)?;
            if let Some(line) = child.line()? {
                return Err(Failure::Extra(excerpt(line)));
            }
            if child.is_mute() {
                return Err(self.silence(progress));
            }
            return self.send(plan, batch);
        }
        if let Some(word) = program.changed() {
            return Err(Failure::Changed(word.to_owned()));
        }
        self.pace = Pace::default();
        // Where no files can be made, answers are kept when they are read.
        let spool = plan.shelf.as_ref().and_then(|shelf| shelf.spool(plan.ready.as_deref()).ok());
        self.child = Some(Child::start(&plan.start, spool)?);
        if plan.ready.is_some() { Ok(()) } else { self.send(plan, batch) }
    }

    fn send(&mut self, plan: &Plan, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let (Some(child), Some(task)) = (&mut self.child, &mut self.task) else { return Ok(()) };
        let range = task.piece.range.clone();
        child.send(|out| range.for_each(|i| plan.format.write(batch.texts.get(i), out)))?;
        task.is_sent = true;
        // The first object is being worked on; the others wait for it.
        batch.listener.called(1);
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

    /// Reads what has come.
    pub fn go_on(&mut self, plan: &Plan, is_checked: bool, batch: &mut Batch<'_>) -> Result<Step, Failure> {
        let mut step = Step::default();
        if self.task.is_none() {
            // What an idle copy says on stderr must not fill the pipe. On stdout it is found by the next request.
            if let Some(child) = &mut self.child {
                child.listen(&mut self.log);
            }
            return Ok(step);
        }
        loop {
            let Some(child) = &mut self.child else { return Ok(step) };
            // Asked first: what it had written when it ended is in the pipe by now, though others may hold that open.
            let has_ended = child.has_ended();
            let has_come = child.pump(&mut self.log)?;
            self.greet(plan, batch)?;
            step.answered |= self.read(plan, batch)?;
            let is_over = self.child.as_ref().is_some_and(Child::is_mute) || has_ended && !has_come;
            if let Some(checked) = self.finish(is_checked || plan.ready.is_some(), is_over)? {
                step.checked = checked;
                return Ok(step);
            }
            if is_over {
                let progress = self.progress();
                return Err(self.silence(progress));
            }
            if !has_ended {
                break;
            }
        }
        self.late(plan)?;
        Ok(step)
    }

    /// Waits for the line by which a copy says that it has started, and takes what comes before for talk.
    fn greet(&mut self, plan: &Plan, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let (Some(child), Some(task), Some(ready)) = (&mut self.child, &self.task, &plan.ready) else {
            return Ok(());
        };
        if task.is_sent {
            return Ok(());
        }
        while let Some(line) = child.line()? {
            if line.trim_ascii() == ready.trim().as_bytes() {
                return self.send(plan, batch);
            }
            self.log.push(line);
            self.log.push(b"\n");
        }
        Ok(())
    }

    /// Takes the answers that have come. Were there any?
    fn read(&mut self, plan: &Plan, batch: &mut Batch<'_>) -> Result<bool, Failure> {
        let (Some(child), Some(task)) = (&mut self.child, &mut self.task) else { return Ok(false) };
        let range = task.piece.range.clone();
        let (first, now) = (range.start + task.answered, Instant::now());
        let mut read = Ok(());
        while task.is_sent && task.answered < range.len() {
            let i = range.start + task.answered;
            match answer(child, plan, batch.texts.get(i)) {
                Ok(Some(score)) => batch.out[i] = score,
                Ok(None) => break,
                Err(failure) => {
                    read = Err(failure);
                    break;
                }
            }
            task.answered += 1;
        }
        let now_at = range.start + task.answered;
        let n = now_at - first;
        if n > 0 {
            if self.pace.answers > 0 {
                self.pace.longest = self.pace.longest.max(self.pace.listened + (now - task.since));
                self.pace.listened = Duration::ZERO;
            }
            self.pace.answers += n as u64;
            task.since = now;
            batch.listener.scored(first..now_at, &batch.out[first..now_at]);
            // The objects after each answer have been begun, but for the last of all.
            batch.listener.called(n.min(range.end - first - 1));
        }
        read.map(|()| n > 0)
    }

    /// Is the task done? Then it is taken off, and it is said whether the copy has been seen to say nothing but its
    /// answers. A copy that `is_over` says no more.
    fn finish(&mut self, is_checked: bool, is_over: bool) -> Result<Option<bool>, Failure> {
        let (Some(child), Some(task)) = (&mut self.child, &mut self.task) else { return Ok(None) };
        if !task.is_sent || task.answered < task.piece.range.len() || !child.is_sent() {
            return Ok(None);
        }
        if !child.rest().is_empty() {
            return Err(Failure::Extra(excerpt(child.rest())));
        }
        let now = Instant::now();
        let settles = *task.settles.get_or_insert_with(|| now + self.pace.settle(task.since));
        if !is_checked && !is_over && now < settles {
            return Ok(None);
        }
        self.pace.listened = now.saturating_duration_since(task.since);
        self.task = None;
        Ok(Some(is_checked || self.pace.answers > 1))
    }

    /// Is it too late?
    fn late(&mut self, plan: &Plan) -> Result<(), Failure> {
        let (Some(child), Some(task)) = (&self.child, &self.task) else { return Ok(()) };
        if task.settles.is_some() {
            return Ok(());
        }
        if Instant::now() < task.deadline {
            self.hurry();
            return Ok(());
        }
        let progress = self.progress();
        Err(if child.is_deaf() {
            Failure::ClosedInput(progress)
        } else {
            Failure::Hung { seconds: plan.timeout.as_secs_f64(), progress }
        })
    }

    fn progress(&self) -> Progress {
        let task = self.task.as_ref();
        task.map_or(Progress { answered: 0, asked: 0 }, |task| Progress {
            answered: task.answered,
            asked: task.piece.range.len(),
        })
    }

    /// What it means that the copy has ended or has closed its stdout: it has ended, or soon will, or goes on without it.
    fn silence(&mut self, progress: Progress) -> Failure {
        let status = self.child.as_mut().and_then(|child| child.end(Instant::now() + GRACE, &mut self.log));
        status.map_or(Failure::ClosedOutput(progress), |status| Failure::Ended(status, progress))
    }

    /// Ends the copy after a failure. Returns what is left of its piece, whether the first of that was being worked on, and
    /// the copy's last words.
    pub fn fail(&mut self, failure: &Failure) -> (Piece, bool, String) {
        let Task { piece, answered, is_sent, .. } = self.task.take().expect("only tasks fail");
        let mut words = String::new();
        if let Some(mut child) = self.child.take() {
            child.end(Instant::now(), &mut self.log);
            words = child.last_words();
        }
        self.log.push(format!("the program {failure}\n").as_bytes());
        (piece.after(answered), is_sent, words)
    }

    /// Forgets its piece, and the copy that is at work on it.
    pub fn give_up(&mut self) {
        if self.task.take().is_some() {
            self.child = None;
        }
    }

    /// Asks the copy to end.
    pub fn close(&mut self) {
        self.child.iter_mut().for_each(Child::close);
    }

    /// Waits until the copy has ended, until `deadline`, and kills it then.
    pub fn end(&mut self, deadline: Instant) {
        if let Some(child) = &mut self.child {
            child.end(deadline, &mut self.log);
        }
    }
}

/// The next answer, if it has come, to the object `due`.
fn answer(child: &mut Child, plan: &Plan, due: &str) -> Result<Option<f64>, Failure> {
    let Some(line) = child.line()? else { return Ok(None) };
    let Some(answer) = plan.format.read(line) else {
        let (line, object) = (excerpt(line), due.to_owned());
        return Err(Failure::Garbage { line, object, expected: plan.format.expected() });
    };
    match answer.object {
        Some(said) if said != due => {
            Err(Failure::Astray { said: excerpt(said.as_bytes()), due: excerpt(due.as_bytes()) })
        }
        _ => Ok(Some(answer.score)),
    }
}

impl Pace {
    /// How long the first copy is listened to after its first piece, before it is given the next. Had it written a line
    /// that was no answer, such as a number when it started, every answer would have been taken for that to the next
    /// object, and the last answer would be yet to come: one more takes as long as those before, by and large.
    fn settle(self, since: Instant) -> Duration {
        const LEAST: Duration = Duration::from_millis(50);
        const MOST: Duration = Duration::from_secs(60);
        // After a single answer nothing is known of its pace.
        const FIRST: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));
        if self.answers > 1 {
            (2 * self.longest).clamp(LEAST, MOST)
        } else {
            (2 * since.elapsed()).clamp(FIRST.0, FIRST.1)
        }
    }
}
