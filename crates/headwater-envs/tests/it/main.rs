//! Tests of the environments and of their registry.

mod config;
mod conformance;
mod contributing;
mod dag;
mod explore;
mod fixed_points;
mod known;
mod registry;
