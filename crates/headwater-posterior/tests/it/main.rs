//! Tests of posteriors.

mod networks;
