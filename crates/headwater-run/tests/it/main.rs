//! The crate as its users see it: configurations in, messages out, and files that survive what befalls them.

// Helpers are tests too.
#![allow(clippy::unwrap_used)]

mod checkpoint;
mod comparison;
mod door;
mod errors;
mod files;
mod ledger;
mod places;
mod resolve;
mod rundir;
mod sample;
mod session;
