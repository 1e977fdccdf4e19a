//! The ways in which a service can fail to answer.

use std::time::Duration;

/// How a request went wrong; its text goes on after the service's address.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Failure {
    /// Nobody is there, or the connection broke.
    #[error("cannot be talked to: {0}")]
    Lost(String),
    /// It took too long.
    #[error("had no answer within {0} s (reward.timeout_s)")]
    Late(f64),
    /// It says that it cannot.
    #[error("answered with status {status}{}", said(.text))]
    Status {
        /// The number.
        status: u16,
        /// The beginning of what it says besides.
        text: String,
        /// How long it asks us to wait.
        wait: Option<Duration>,
    },
    /// It is somewhere else.
    #[error("answered with status {status}, a redirect to `{to}`, which is not followed")]
    Moved {
        /// The number.
        status: u16,
        /// Where to, as it says.
        to: String,
    },
    /// Its answer does not end.
    #[error("answered with more than {0} bytes")]
    Long(u64),
    /// It does not answer in JSON.
    #[error("answered `{text}` instead of JSON ({error})")]
    NotJson {
        /// What is wrong with it, and where.
        error: String,
        /// The beginning of the answer.
        text: String,
    },
    /// A number is infinite once it is read.
    #[error("answered with a number that is too large to be one ({0})")]
    TooLarge(String),
    /// It answers in JSON of another form.
    #[error("answered `{0}`, which has no list `scores` or `results`")]
    Shape(String),
    /// Answers cannot be told apart.
    #[error("answered {answered} score{} to {asked} object{}", plural(*answered), plural(*asked))]
    Length {
        /// How many came.
        answered: usize,
        /// How many were due.
        asked: usize,
    },
    /// One of the answers is no score.
    #[error("answered `{answer}` for `{object}`, expected {}", expected(.property))]
    NoNumber {
        /// The answer, shortened.
        answer: String,
        /// The object that it is for.
        object: String,
        /// The number's name, if it should have one.
        property: Option<String>,
    },
}

impl Failure {
    /// May it go well the next time?
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Lost(_) | Self::Late(_) => true,
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// How long the service asks us to wait.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Lost(_) => "is the service running, and is `reward.url` its address?",
            Self::Late(_) => "raise `reward.timeout_s`, or lower `reward.batch`",
            Self::Status { status: 429, .. } => "raise `reward.backoff_s` or `reward.retries`",
            Self::Status { status: 413, .. } => "lower `reward.batch`",
            Self::Status { status: 500.., .. } => {
                "its own log may say more; if single objects bring it down, let it answer null for them"
            }
            Self::Status { .. } => "it has to take POST requests of `{\"objects\": [\"…\"]}` at `reward.url`",
            Self::Moved { .. } => {
                "if that is where the service is, set `reward.url` to it; there is no TLS, so an https:// address needs a \
                 proxy beside it"
            }
            Self::Long(_) => {
                "it has to answer one score per object; lower `reward.batch` if that is what it does"
            }
            Self::NotJson { .. } => {
                "expected `{\"scores\": [0.5, null]}`; NaN and Infinity are not JSON: null stands for no score"
            }
            Self::TooLarge(_) => "scores are 64-bit floating-point numbers; null stands for no score",
            Self::Shape(_) => {
                "expected `{\"scores\": [0.5, null]}`, or `{\"results\": [{\"score\": 0.5}]}` with the score's name as \
                 `reward.property`, and not both"
            }
            Self::Length { .. } => "it has to answer one score per object, in order, and null for no score",
            Self::NoNumber { property: Some(_), .. } => "`reward.property` is the name of the score",
            Self::NoNumber { .. } => "numbers are written without quotes; null stands for no score",
        }
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": `{text}`") }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn expected(property: &Option<String>) -> String {
    match property {
        Some(name) => format!("an object with `{name}`: a number or null"),
        None => "a number or null".to_owned(),
    }
}
