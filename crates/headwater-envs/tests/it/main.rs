//! Tests of the environments and of their registry.

mod config;
mod conformance;
mod dag;
mod explore;
mod fixed_points;
mod known;
mod registry;
