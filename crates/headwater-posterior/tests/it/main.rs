//! Tests of posteriors.

mod modular;
mod networks;
mod support;
