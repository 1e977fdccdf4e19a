//! Tests of the environments and of their registry.

// Helpers are tests too.
#![allow(clippy::unwrap_used)]

mod bayesnet;
mod bits;
mod combinatorial;
mod composite;
mod config;
mod conformance;
mod contributing;
mod dag;
mod explore;
mod features;
mod fixed_points;
mod graphs;
mod ising;
mod known;
mod line;
mod phylo;
mod phylo_chains;
mod registry;
mod scheduling;
mod tables;
mod words;
