//! Tests of posteriors.

mod chain;
mod modular;
mod networks;
mod support;
