//! What `Method` promises: the same key gives the same rounds, what is found are objects with their rewards, and what is
//! spent is what was asked for.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use headwater_core::Key;
use headwater_rivals::{Found, Spent, methods};

use crate::counting::Counting;
use crate::support::{Space, found};

const ROUNDS: usize = 15;

#[test]
fn the_same_key_gives_the_same_objects() {
    for space in Space::all(100) {
        for m in methods() {
            let with = |key, threads| {
                let mut method = space.method_threaded(m, Key::new(key), threads);
                found(&mut *method, ROUNDS)
            };
            let once = with(7, 1);
            assert!(!once.is_empty());
            assert!(once == with(7, 1), "{} on {}: chance", m.entry.name, space.name);
            assert!(once == with(7, 2), "{} on {}: threads", m.entry.name, space.name);
            let other = with(8, 1);
            assert!(space.objects.len() < 4 || once != other, "{} on {}: key", m.entry.name, space.name);
        }
    }
}

#[test]
fn what_is_found_and_spent_is_what_was_seen() {
    for space in Space::all(100) {
        for m in methods() {
            let counting = Counting::new(space.sim.fork());
            let counts = Arc::clone(&counting.counts);
            let mut method = space.method_counted(m, Key::new(5), Box::new(counting));
            let (mut spent, mut objects) = (Spent::default(), 0);
            for _ in 0..ROUNDS {
                spent += method
                    .round(&mut |f: Found<'_>| {
                        assert_eq!(f.lanes.len(), f.log_reward.len());
                        objects += f.lanes.len() as u64;
                        for (&lane, &r) in f.lanes.iter().zip(f.log_reward) {
                            assert_eq!(space.at(f.sim, lane).1, r, "{} on {}", m.entry.name, space.name);
                        }
                    })
                    .unwrap();
            }
            assert_eq!(spent.objects, objects, "{} on {}", m.entry.name, space.name);
            if m.entry.name == "exact" {
                assert_eq!(spent, Spent { transitions: 0, objects, reward_calls: objects });
                continue;
            }
            let edges = counts.edges.load(Relaxed) + counts.scored_open.load(Relaxed);
            assert_eq!(spent.transitions, edges, "{} on {}", m.entry.name, space.name);
            assert_eq!(spent.reward_calls, counts.scored.load(Relaxed), "{} on {}", m.entry.name, space.name);
        }
    }
}

/// After a reward has failed a method goes on, and the objects that it holds have the rewards that it says.
#[test]
fn a_reward_that_fails_does_not_upset_a_method() {
    for space in Space::all(100) {
        for m in methods() {
            let mut method = space.method_failing(m, Key::new(9));
            let (mut failures, mut objects) = (0, 0);
            for _ in 0..3 * ROUNDS {
                let mut see = |f: Found<'_>| {
                    objects += f.lanes.len();
                    for (&lane, &r) in f.lanes.iter().zip(f.log_reward) {
                        assert_eq!(space.at(f.sim, lane).1, r, "{} on {}", m.entry.name, space.name);
                    }
                };
                failures += u32::from(method.round(&mut see).is_err());
            }
            assert!(objects > 0);
            assert_eq!(failures > 0, m.entry.name != "exact", "{} on {}", m.entry.name, space.name);
        }
    }
}
