//! Checks that hold for every environment and objective, and playthroughs; usable by third parties.
//!
//! ```ignore
//! #[test]
//! fn my_environment_keeps_the_contract() {
//!     headwater_testkit::conformance::check_small::<MyEnv>("my-env").unwrap();
//! }
//! ```

pub mod conformance;
pub mod fixed_point;
pub mod playthrough;
