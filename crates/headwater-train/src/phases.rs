//! Where the time of an update goes: a stopwatch over its phases, off unless somebody asks.

use std::time::{Duration, Instant};

/// A part of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Moving lanes, finding their distinct states and masks, drawing edges.
    Act,
    /// The network on states that are new, and its normalised heads.
    Forward,
    /// Rewards of the objects.
    Reward,
    /// Outputs to rows, the objective, and its gradient back to outputs.
    Objective,
    /// From the gradient of outputs to that of parameters.
    Backward,
    /// The optimiser.
    Optimise,
}

impl Phase {
    /// All phases, in the order of an update.
    pub const ALL: [Self; 6] =
        [Self::Act, Self::Forward, Self::Reward, Self::Objective, Self::Backward, Self::Optimise];

    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Forward => "forward",
            Self::Reward => "reward",
            Self::Objective => "objective",
            Self::Backward => "backward",
            Self::Optimise => "optimise",
        }
    }
}

/// Adds up the time of each phase, if it was started; costs a branch otherwise.
#[derive(Clone, Debug, Default)]
pub struct Stopwatch {
    since: Option<Instant>,
    spent: [Duration; Phase::ALL.len()],
}

impl Stopwatch {
    /// A stopwatch that runs from the next [`Stopwatch::begin`] on.
    pub(crate) fn running() -> Self {
        Self { since: Some(Instant::now()), ..Self::default() }
    }

    /// What came since the last lap belongs to no phase.
    pub(crate) fn begin(&mut self) {
        if let Some(since) = &mut self.since {
            *since = Instant::now();
        }
    }

    /// What came since the last lap belongs to `phase`.
    pub(crate) fn lap(&mut self, phase: Phase) {
        if let Some(since) = &mut self.since {
            let now = Instant::now();
            self.spent[phase as usize] += now - *since;
            *since = now;
        }
    }

    /// Time spent in a phase so far.
    pub fn spent(&self, phase: Phase) -> Duration {
        self.spent[phase as usize]
    }
}
