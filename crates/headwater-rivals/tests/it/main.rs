//! Every registered method, held to what it says of itself on spaces small enough to enumerate.
#![allow(clippy::unwrap_used)]

mod contract;
mod counting;
mod registry;
mod rl;
mod search;
mod support;
mod target;
