//! The traces of log R of Markov chains, kept as they grow, and what they are worth.

use crate::diagnose::{effective_sample_size, split_r_hat};

/// Draws kept of a chain. Past twice as many, every second one is dropped, and half as many are taken from then on.
const KEPT: usize = 2000;

/// Traces of chains that move in step.
///
/// Diagnoses leave out the first half of what was drawn so far, as a burn-in. Traces are thinned once they are long, so
/// that a diagnosis is never slow; the effective sample size is that of the thinned draws, a bound from below.
#[derive(Default)]
pub struct Traces {
    chains: Vec<Vec<f64>>,
    /// Every so many draws are kept.
    stride: u64,
    drawn: u64,
}

impl Traces {
    /// Notes one draw of every chain: log R, finite or −∞, which counts as −10⁶.
    pub fn add(&mut self, log_reward: &[f64]) {
        if self.chains.is_empty() {
            self.stride = 1;
        }
        self.chains.resize_with(log_reward.len().max(self.chains.len()), Vec::new);
        if self.drawn.is_multiple_of(self.stride) {
            for (chain, &x) in self.chains.iter_mut().zip(log_reward) {
                chain.push(x.max(-1e6));
            }
            if self.chains.first().is_some_and(|chain| chain.len() > 2 * KEPT) {
                self.stride *= 2;
                for chain in &mut self.chains {
                    let mut i = 0;
                    chain.retain(|_| {
                        i += 1;
                        i % 2 == 1
                    });
                }
            }
        }
        self.drawn += 1;
    }

    /// The effective sample size and split R̂ of log R after the burn-in; see [`crate::diagnose`]. `None` where either
    /// is not known: few draws, or nothing varies.
    pub fn diagnose(&self) -> Option<(f64, f64)> {
        let late: Vec<Vec<f64>> = self.chains.iter().map(|chain| chain[chain.len() / 2..].to_vec()).collect();
        let (ess, r_hat) = (effective_sample_size(&late), split_r_hat(&late));
        (ess.is_finite() && r_hat.is_finite()).then_some((ess, r_hat))
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::Key;

    use super::*;

    /// 8 chains of independent normal draws; the chains of `apart` stand so far from each other.
    fn traces(draws: u64, apart: f64) -> Traces {
        let mut traces = Traces::default();
        for t in 0..draws {
            let key = Key::new(5).fold(t);
            let row: Vec<f64> = (0..8).map(|c| key.fold(c).normal() + apart * c as f64).collect();
            traces.add(&row);
        }
        traces
    }

    #[test]
    fn independent_draws_are_worth_their_number_until_they_are_thinned() {
        // The standard deviation of the estimate is near 3 % here; the bounds are at five of them.
        let (ess, r_hat) = traces(1000, 0.0).diagnose().unwrap();
        assert!((ess / 4000.0 - 1.0).abs() < 0.15 && r_hat < 1.01, "{ess} {r_hat}");
        let long = traces(10_000, 0.0);
        assert!(long.chains.iter().all(|c| c.len() <= 2 * KEPT + 1), "{}", long.chains[0].len());
        let (ess, _) = long.diagnose().unwrap();
        assert!(ess > 8_000.0 && ess < 40_000.0, "{ess}");
    }

    #[test]
    fn chains_apart_are_told() {
        let (ess, r_hat) = traces(1000, 3.0).diagnose().unwrap();
        assert!(ess < 40.0 && r_hat > 1.5, "{ess} {r_hat}");
        assert_eq!(traces(4, 0.0).diagnose(), None);
    }
}
