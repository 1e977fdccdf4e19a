//! The ways in which a program can fail to answer.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a request went wrong; its text goes on after the program's name.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Failure {
    /// It could not be started.
    #[error("cannot be started: {0}")]
    Start(String),
    /// It ended in the middle of a request.
    #[error("ended ({}) after {}", Ended(*.0), .1)]
    Ended(ExitStatus, Progress),
    /// It closed its stdout, and went on.
    #[error("closed its stdout after {0}")]
    ClosedOutput(Progress),
    /// It closed its stdin, and went on.
    #[error("closed its stdin after {0}, before it had read every object")]
    ClosedInput(Progress),
    /// It took too long.
    #[error("was killed after {seconds} s (reward.timeout_s) with {progress}")]
    Hung {
        /// The time it had.
        seconds: f64,
        /// How far it had come.
        progress: Progress,
    },
    /// A line is no answer.
    #[error("answered `{line}` for `{object}`, expected {expected}")]
    Garbage {
        /// The line, shortened.
        line: String,
        /// The object that was due.
        object: String,
        /// What an answer is.
        expected: String,
    },
    /// A line is too long to be an answer.
    #[error("answered `{0}` and so on, a line of more than 1 MiB")]
    Long(String),
    /// A line that nobody asked for. Answers before it may then belong to other objects.
    #[error("wrote `{0}` to its stdout where no answer was due, so that answers cannot be told apart")]
    Extra(String),
    /// An answer says that it is for another object than the one that was due.
    #[error("answered for `{said}` where `{due}` was due")]
    Astray {
        /// The object that the answer names.
        said: String,
        /// The object that was due.
        due: String,
    },
    /// Its files are no longer what they were when the run began.
    #[error("cannot be started again: `{0}` has changed since this process looked at it")]
    Changed(String),
    /// What it is asked cannot be written down.
    #[error("is not asked, since that cannot be written down beside the ledger: {0}")]
    Spool(String),
    /// The system does not let us talk to it.
    #[error("cannot be talked to: {0}")]
    Io(String),
}

impl Failure {
    /// Is it of no use to try again, whatever the object?
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Extra(_) | Self::Astray { .. } | Self::Changed(_))
    }

    /// Does it say nothing of the objects that were sent?
    pub fn is_of_the_program(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Io(_) | Self::Spool(_)) || self.is_final()
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Start(_) | Self::Io(_) => "start it by hand in `reward.dir`",
            Self::Spool(_) => "is the disk full?",
            Self::Ended(..) | Self::ClosedOutput(_) | Self::ClosedInput(_) => {
                "it has to answer one line per object until its stdin ends, and to flush every answer"
            }
            Self::Hung { .. } => {
                "answers have to be flushed, as by `print(…, flush=True)`; or raise `reward.timeout_s`, or lower \
                 `reward.chunk`"
            }
            Self::Garbage { .. } | Self::Long(_) => {
                "stdout is for one answer per object; write everything else to stderr"
            }
            Self::Extra(_) => {
                "stdout is for one answer per object; write everything else to stderr; if it prints when it starts, let it \
                 print a line of its own last and name that in `reward.ready`; no score of this batch is kept, but change \
                 `reward.version` if those before may be wrong"
            }
            Self::Astray { .. } => "it has to answer in the order in which it was asked",
            Self::Changed(_) => {
                "its answers would be mixed with those of the old one; start again to use the new one, whose scores are \
                 kept apart"
            }
        }
    }
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// Answers received.
    pub answered: usize,
    /// Objects sent.
    pub asked: usize,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} answers", self.answered, self.asked)
    }
}

/// How a process ended, for people.
struct Ended(ExitStatus);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.code(), self.0.signal()) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => write!(f, "{}", self.0),
        }
    }
}
