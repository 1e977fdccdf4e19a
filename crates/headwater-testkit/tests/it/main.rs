//! The suite is itself tested: it passes what is correct and rejects every seeded bug, saying what is wrong.

mod grid;
mod mutants;
mod playthrough;
mod random_play;
mod simulators;
