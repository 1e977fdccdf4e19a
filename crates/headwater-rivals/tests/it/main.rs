//! Methods on small spaces, against exact answers.
#![allow(clippy::unwrap_used)]

mod rl;
