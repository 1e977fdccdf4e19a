//! Checks that hold for every environment and objective; usable by third parties.

pub mod fixed_point;
