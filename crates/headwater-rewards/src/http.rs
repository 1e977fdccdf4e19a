//! Scores by a service: batches of objects in JSON, posted over HTTP.
//!
//! Only the host of `url` is ever contacted: redirects are not followed, and no proxy is taken from the environment.
//! The connection is plain text; there is no TLS, whose crates in Rust are C and assembler underneath.
//!
//! Without the cargo feature `http` the settings are there, and building one says how to get it.

#[cfg(feature = "http")]
mod answer;
#[cfg(feature = "http")]
mod failure;
#[cfg(feature = "http")]
mod oracle;

use headwater_core::SettingError;
use headwater_core::settings::settings;

#[cfg(feature = "http")]
pub use oracle::Http;

use crate::{Missing, Oracle};

settings! {
    /// Settings of a reward by a service.
    pub struct HttpConfig {
        /// The service's address, as in `http://localhost:8000/score`; nothing else is contacted.
        url: String, Kind::Text;
        /// Most objects in one request.
        batch: usize = "64", Kind::Int { min: 1, max: 100_000 };
        /// If it answers with `results`, the name of the number in each that is the score.
        property: String = "\"score\"", Kind::Text;
        /// Longest time for a request, from the connection to the last byte of the answer.
        timeout_s: f64 = "300.0", Kind::Real { min: 1e-3, max: 1e6 };
        /// How often a request is made again if the service is not there, is late, or says 429 or 5xx.
        retries: u32 = "2", Kind::Int { min: 0, max: 100 };
        /// Wait before the first of these, unless the service names one; each next one waits twice as long, up to a
        /// minute.
        backoff_s: f64 = "0.5", Kind::Real { min: 0.0, max: 60.0 };
        /// What becomes of an object that has no score: `error` (the run stops) or `floor` (it has `reward.floor`).
        missing: Missing = "\"error\"", Kind::Choice(Missing::NAMES);
        /// Any text; change it when the service's scores change, so that none got before is used again.
        version: String = "\"\"", Kind::Text;
    }
}

/// Checks the address; nothing is sent before the first object is scored.
#[cfg(feature = "http")]
pub(crate) fn build(config: &HttpConfig) -> Result<Box<dyn Oracle>, SettingError> {
    Ok(Box::new(Http::new(config)?))
}

/// Says how to get a program that can.
#[cfg(not(feature = "http"))]
pub(crate) fn build(_: &HttpConfig) -> Result<Box<dyn Oracle>, SettingError> {
    let message = "this program was built without rewards of the kind `http`";
    Err(SettingError::at("kind", message).hint("build it with `--features http`"))
}
