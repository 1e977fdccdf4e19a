//! An oracle on a thread of its own: batches are handed in and fetched later, and meanwhile there is other work to do.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use headwater_core::{SettingError, Simulator};

use crate::{
    Asking, Caller, Coverage, Forms, Keep, Listener, Missing, Objects, Oracle, Receipt, RewardError,
    Statistics,
};

/// Names a batch that was handed in. Good for one [`Ahead::fetch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

type Scores = Result<Vec<f64>, RewardError>;

/// An oracle on a thread of its own. Batches are scored in the order in which they are handed in, so that results do
/// not depend on who is faster.
///
/// Dropping it waits for the batch that is being scored, whose scores may be paid for, and forgets the others.
pub struct Ahead {
    forms: Forms,
    covers_unfinished: bool,
    missing: Missing,
    statistics: Option<Statistics>,
    /// `None` once no more batches will come.
    batches: Option<Sender<(Ticket, Objects)>>,
    scored: Receiver<(Ticket, Scores)>,
    early: BTreeMap<Ticket, Scores>,
    next: u64,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    oracle: Mutex<Box<dyn Oracle>>,
    /// Is nobody interested in scores any more?
    over: AtomicBool,
}

impl Shared {
    fn oracle(&self) -> MutexGuard<'_, Box<dyn Oracle>> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ahead {
    /// Puts the oracle on a thread.
    pub fn new(oracle: Box<dyn Oracle>) -> Self {
        let (forms, missing, statistics) = (oracle.forms(), oracle.missing(), oracle.statistics());
        let covers_unfinished = oracle.covers_unfinished();
        let shared = Arc::new(Shared { oracle: Mutex::new(oracle), over: AtomicBool::new(false) });
        let (batches, waiting) = channel::<(Ticket, Objects)>();
        let (done, scored) = channel();
        let there = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for (ticket, objects) in waiting {
                if there.over.load(Ordering::Relaxed) {
                    break;
                }
                let mut scores = vec![f64::NAN; objects.len()];
                let result = there.oracle().score(&objects, &mut scores);
                if done.send((ticket, result.map(|()| scores))).is_err() {
                    break;
                }
            }
        });
        Self {
            forms,
            covers_unfinished,
            missing,
            statistics,
            batches: Some(batches),
            scored,
            early: BTreeMap::new(),
            next: 0,
            shared,
            thread: Some(thread),
        }
    }

    /// Hands in a batch to be scored when those before it are.
    pub fn hand_in(&mut self, objects: Objects) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        if let Some(batches) = &self.batches {
            // If the thread has died, fetching says so.
            let _ = batches.send((ticket, objects));
        }
        ticket
    }

    /// Waits for the scores of a batch; see [`Oracle::score`].
    ///
    /// # Errors
    /// Those of the oracle.
    pub fn fetch(&mut self, ticket: Ticket, out: &mut [f64]) -> Result<(), RewardError> {
        let scores = loop {
            if let Some(scores) = self.early.remove(&ticket) {
                break scores?;
            }
            let Ok((other, scores)) = self.scored.recv() else {
                let message = "its thread has ended before its time".to_owned();
                return Err(RewardError::Failed { oracle: "the reward".to_owned(), message });
            };
            self.early.insert(other, scores);
        };
        out.copy_from_slice(&scores);
        Ok(())
    }
}

// A wrapper passes everything on: clippy says what it forgets.
#[deny(clippy::missing_trait_methods)]
impl Oracle for Ahead {
    fn forms(&self) -> Forms {
        self.forms
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        let ticket = self.hand_in(objects.clone());
        self.fetch(ticket, out)
    }

    fn rehearse(&mut self, sim: &dyn Simulator) -> Result<(), SettingError> {
        self.shared.oracle().rehearse(sim)
    }

    /// Waits for the batch that is being scored.
    fn score_in_pieces(
        &mut self,
        objects: &Objects,
        out: &mut [f64],
        listener: &mut dyn Listener,
    ) -> Result<(), RewardError> {
        self.shared.oracle().score_in_pieces(objects, out, listener)
    }

    fn covers_unfinished(&self) -> bool {
        self.covers_unfinished
    }

    fn shelve(&mut self, dir: &Path, identity: &str) {
        self.shared.oracle().shelve(dir, identity);
    }

    fn collect(&mut self, keep: &mut Keep<'_>) -> Result<(), String> {
        self.shared.oracle().collect(keep)
    }

    fn missing(&self) -> Missing {
        self.missing
    }

    fn statistics(&self) -> Option<Statistics> {
        self.statistics
    }

    fn coverage(&self, objects: &Objects) -> Option<Coverage> {
        self.shared.oracle().coverage(objects)
    }

    fn identity(&self) -> Option<String> {
        self.shared.oracle().identity()
    }

    /// Waits for the batch that is being scored.
    fn attend(&mut self, caller: &Caller) {
        self.shared.oracle().attend(caller);
    }

    /// Waits for the batch that is being scored.
    fn restrict(&mut self, asking: Asking) {
        self.shared.oracle().restrict(asking);
        self.missing = self.shared.oracle().missing();
    }

    /// Waits for the batch that is being scored.
    fn receipt(&self) -> Option<Receipt> {
        self.shared.oracle().receipt()
    }

    /// What was said until now; nothing while a batch is being scored.
    fn take_log(&mut self) -> String {
        self.shared.oracle.try_lock().map_or_else(|_| String::new(), |mut oracle| oracle.take_log())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been told of by the fetch that waited for it.
            let _ = thread.join();
        }
    }
}
