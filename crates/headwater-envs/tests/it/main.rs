//! Tests of the environments and of their registry.

mod config;
mod dag;
mod explore;
mod known;
mod registry;
