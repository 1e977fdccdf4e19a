//! Searches find what they look for.

use headwater_core::Key;
use headwater_rivals::methods;

use crate::support::Space;

#[test]
fn searches_find_the_best_object_of_small_spaces() {
    for space in Space::all(10_000) {
        for m in methods().iter().filter(|m| !m.samples_target && m.entry.name != "random") {
            let mut method = space.method(m, &[], Key::new(31));
            let (mut best, mut rounds) = (f64::NEG_INFINITY, 0);
            // Equivalent networks have the same score up to rounding.
            let wanted = space.best() - 1e-12;
            while best < wanted && rounds < 3000 {
                rounds += 1;
                method.round(&mut |f| best = f.log_reward.iter().copied().fold(best, f64::max)).unwrap();
            }
            assert!(best >= wanted, "{} on {}: {best} of {wanted}", m.entry.name, space.name);
        }
    }
}
