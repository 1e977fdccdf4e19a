//! The command as its users meet it: what it prints where, how it exits, and what befalls its runs.

// Helpers are tests too.
#![allow(clippy::unwrap_used)]

mod bayesnet;
#[cfg(unix)]
mod browser;
mod compare;
mod configs;
mod damage;
mod diagnose;
#[cfg(unix)]
mod edges;
mod errors;
mod files;
mod flow;
mod formulas;
#[cfg(unix)]
mod live;
mod output;
mod phylo;
mod playthroughs;
#[cfg(unix)]
mod programs;
mod registry;
mod report;
#[cfg(unix)]
mod rewards;
#[cfg(unix)]
mod runs;
mod support;
mod trials;
