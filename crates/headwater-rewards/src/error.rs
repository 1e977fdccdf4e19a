//! What can go wrong when objects are scored.

/// Why a batch of objects has no log-rewards.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RewardError {
    /// A table does not have every object.
    #[error("{n} of {of} objects have no entry in {table}; first: `{example}`")]
    Missing {
        /// How many objects are missing.
        n: usize,
        /// How many were asked for.
        of: usize,
        /// The table's file.
        table: String,
        /// The first that is missing.
        example: String,
    },
    /// A score, or what the transform makes of it, is NaN or infinite.
    #[error("the score of `{object}` is {value}, which has no finite log R")]
    NotFinite {
        /// The object's text.
        object: String,
        /// Its score.
        value: f64,
    },
    /// A score that is taken for a reward is negative.
    #[error(
        "the score of `{object}` is {value}, and a reward must not be negative: set `reward.transform = \"exp\"`, for \
         log-rewards as for measured values; `reward.beta` then says how much a better score counts (with 3, one \
         unit more is e³ = 20 times as likely)"
    )]
    Negative {
        /// The object's text.
        object: String,
        /// Its score.
        value: f64,
    },
    /// A reward is zero, and there is no floor.
    #[error(
        "the reward of `{object}` is 0 (its score is {value}), and log 0 is not finite: set reward.floor"
    )]
    Zero {
        /// The object's text.
        object: String,
        /// Its score.
        value: f64,
    },
    /// An oracle fails for one object.
    #[error("`{object}` has no score: `{oracle}` {message}")]
    NoScore {
        /// The object's text.
        object: String,
        /// The oracle.
        oracle: String,
        /// What happened.
        message: String,
    },
    /// The budget of a run is spent.
    #[error("the budget is spent ({budget}): {calls} calls have been made")]
    Spent {
        /// The setting that bounds it, with its value.
        budget: String,
        /// Calls that the run has made, those that failed included.
        calls: u64,
    },
    /// The caller no longer waits.
    #[error("interrupted: scores of {oracle} were still under way after {seconds} s")]
    Interrupted {
        /// The oracle.
        oracle: String,
        /// How long they were waited for after that.
        seconds: u64,
    },
    /// A part of a combination has failed.
    #[error("`reward.{part}`: {error}")]
    Part {
        /// The part's name.
        part: String,
        /// Why.
        error: Box<RewardError>,
    },
    /// An oracle gave no answer.
    #[error("{oracle} failed: {message}")]
    Failed {
        /// The oracle.
        oracle: String,
        /// What happened.
        message: String,
    },
}

impl RewardError {
    /// The same error, in a part of a combination. A spent budget and an interruption are everybody's.
    pub(crate) fn of_part(self, part: &str) -> Self {
        match self {
            Self::Spent { .. } | Self::Interrupted { .. } => self,
            error => Self::Part { part: part.to_owned(), error: Box::new(error) },
        }
    }

    /// Does the error concern single objects, so that other batches may well go through?
    ///
    /// If not, the source of scores itself has failed, and going on is of no use.
    pub fn is_recoverable(&self) -> bool {
        match self {
            Self::NoScore { .. }
            | Self::Missing { .. }
            | Self::NotFinite { .. }
            | Self::Negative { .. }
            | Self::Zero { .. } => true,
            Self::Part { error, .. } => error.is_recoverable(),
            Self::Spent { .. } | Self::Interrupted { .. } | Self::Failed { .. } => false,
        }
    }
}
