//! How scores are asked for: who waits for them, what may be asked, and what came of it.

use std::fmt;
use std::ops::{AddAssign, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Hears how the scoring of a batch goes on; see [`Oracle::score_in_pieces`](crate::Oracle::score_in_pieces).
pub trait Listener {
    /// `n` more objects are being worked on, from now on. Each counts as a call, whatever becomes of it.
    fn called(&mut self, n: usize);

    /// The objects at these places have their final scores. No place is reported twice.
    fn scored(&mut self, places: Range<usize>, scores: &[f64]);

    /// Nothing more is known at the moment: what was reported can be kept.
    fn pause(&mut self);

    /// What was reported of this batch is void: answers cannot be told apart.
    fn void(&mut self);

    /// A call came to nothing. May another be made for the same object? If not, it is left without a score, and that is no
    /// error of the oracle.
    fn may_repeat(&mut self) -> bool;
}

/// Hears nothing, and allows everything.
pub struct Deaf;

impl Listener for Deaf {
    fn called(&mut self, _: usize) {}
    fn scored(&mut self, _: Range<usize>, _: &[f64]) {}
    fn pause(&mut self) {}
    fn void(&mut self) {}
    fn may_repeat(&mut self) -> bool {
        true
    }
}

/// What says something to the person who waits.
type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// Who waits for scores.
#[derive(Clone, Default)]
pub struct Caller {
    stop: Option<&'static AtomicBool>,
    tell: Option<Tell>,
}

impl Caller {
    /// Longest time for which an oracle goes on with a batch once it has been called off.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Someone who is told what keeps scores waiting, and calls them off by setting `stop`, if there is one.
    pub fn new(stop: Option<&'static AtomicBool>, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { stop, tell: Some(Arc::new(tell)) }
    }

    /// Has the caller called it off?
    pub fn has_left(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Says something to whoever waits.
    pub fn tell(&self, text: &str) {
        if let Some(tell) = &self.tell {
            tell(text);
        }
    }
}

/// What may be asked of an oracle whose scores are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asking {
    /// Everything; a budget that is spent is an error.
    #[default]
    All,
    /// As much as the budget allows. What is left has no score.
    Affordable,
    /// Nothing. What is not known has no score.
    Nothing,
}

/// What was asked and what was known already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Scores that this process was given.
    pub new: u64,
    /// Scores of objects that were found in a ledger.
    pub recalled: u64,
    /// The ledger's name; empty if there is none.
    pub ledger: String,
}

impl AddAssign for Receipt {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.recalled += other.recalled;
        if self.ledger.is_empty() {
            self.ledger = other.ledger;
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new, recalled, ledger } = self;
        write!(f, "{new} new score{}", if *new == 1 { "" } else { "s" })?;
        if ledger.is_empty() { Ok(()) } else { write!(f, ", {recalled} from {ledger}") }
    }
}
