//! Transcripts are complete and the same every time.

use headwater_core::{Key, Lanes};
use headwater_testkit::playthrough::transcript;

use crate::grid::{Bug, Grid};

/// A key whose trajectory is worth reading.
const KEY: u64 = 12;

#[test]
fn a_transcript_says_everything() {
    let reward = |_: &Grid, _: &crate::grid::Cell| 1.0 / 3.0;
    let sim = Lanes::new("grid", Grid::default()).with_reward(std::sync::Arc::new(reward));
    let text = transcript(&sim, Key::new(KEY));
    assert_eq!(text, transcript(&sim, Key::new(KEY)));
    assert_eq!(text, include_str!("transcript.txt"));
    assert!((0..20).any(|k| transcript(&sim, Key::new(k)) != text));
}

#[test]
fn a_transcript_of_a_faulty_environment_ends() {
    let faulty = |bug| (0..60).map(move |k| transcript(&Lanes::new("grid", Grid::with(bug)), Key::new(k)));
    assert!(faulty(Bug::DeadEnd).any(|t| t.contains("stuck: no edge leaves this state and it may not stop")));
    assert!(
        faulty(Bug::HorizonTooShort).any(|t| t.contains("stuck: the trajectory is as long as max_len says"))
    );
}
