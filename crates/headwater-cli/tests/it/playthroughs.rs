//! One committed transcript per small instance of every registered environment; `UPDATE_EXPECT=1` writes them anew.

use std::collections::BTreeSet;

use expect_test::expect_file;
use headwater_core::{Key, Simulator};
use headwater_testkit::playthrough::transcript;

use crate::support::root;

/// The longest of a few transcripts: the one that shows most.
fn worth_reading(sim: &dyn Simulator) -> String {
    let all = (0..32).map(|seed| transcript(sim, Key::new(seed)));
    all.reduce(|best, next| if next.len() > best.len() { next } else { best }).unwrap()
}

#[test]
fn every_small_instance_plays_as_it_always_did() {
    let dir = root().join("playthroughs").canonicalize().unwrap();
    let mut written = BTreeSet::new();
    for entry in headwater_envs::registry() {
        let small = entry.small();
        assert!(!small.is_empty(), "{} has no small instance", entry.entry.name);
        for (i, sim) in small.iter().enumerate() {
            let name = format!("{}-{}.txt", entry.entry.name, i + 1);
            expect_file![dir.join(&name)].assert_eq(&worth_reading(&**sim));
            written.insert(name);
        }
    }
    let there = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let stale: Vec<String> = there.filter(|name| !written.contains(name)).collect();
    assert!(stale.is_empty(), "no instance plays {stale:?}");
}
