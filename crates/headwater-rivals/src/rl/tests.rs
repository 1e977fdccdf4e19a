//! Losses against finite differences, and advantages worked out by hand.
#![allow(clippy::unwrap_used)]

use headwater_core::{Key, Scored};
use headwater_train::Slopes;

use super::surrogate::{Judged, Weights, loss};
use super::{Payoff, advantage};

/// Two trajectories of three and two edges, of which the second ends by force; all numbers drawn.
struct Batch {
    rows: Scored,
    entropy: Vec<f64>,
    drift: Vec<f64>,
    log_acted: Vec<f64>,
    advantages: Vec<f64>,
    returns: Vec<f64>,
}

impl Batch {
    const ROWS: usize = 5;

    fn new(key: Key) -> Self {
        let draw =
            |i: u64| (0..Self::ROWS as u64).map(|r| key.fold(i).fold(r).normal()).collect::<Vec<f64>>();
        let lse: Vec<f64> = draw(0).iter().map(|x| x + 3.0).collect();
        let rows = Scored {
            offsets: vec![0, 3, 5],
            logit: draw(1),
            lse,
            log_pb: draw(2),
            log_flow: draw(3),
            log_reward: vec![0.5, -1.0],
            complete: vec![false, true],
            ..Scored::default()
        };
        // Ratios on both sides of every clip.
        let log_acted = (0..Self::ROWS).map(|r| rows.logit[r] - rows.lse[r] + 0.5 * draw(4)[r]).collect();
        Self { rows, entropy: draw(5), drift: draw(6), log_acted, advantages: draw(7), returns: draw(8) }
    }

    fn loss(&self, weights: Weights, slopes: &mut Slopes) -> f64 {
        slopes.rows.zero_like(&self.rows);
        for v in [&mut slopes.entropy, &mut slopes.drift] {
            v.clear();
            v.resize(Self::ROWS, 0.0);
        }
        let judged =
            Judged { log_acted: &self.log_acted, advantages: &self.advantages, returns: &self.returns };
        loss(&self.rows, &self.entropy, &self.drift, judged, weights, slopes)
    }
}

/// One number per row of a batch, and the loss's slopes by them.
type Part = (fn(&mut Batch) -> &mut Vec<f64>, fn(&Slopes) -> &Vec<f64>);

#[test]
fn surrogates_match_finite_differences() {
    let parts: [Part; 5] = [
        (|b| &mut b.rows.logit, |s| &s.rows.logit),
        (|b| &mut b.rows.lse, |s| &s.rows.lse),
        (|b| &mut b.rows.log_flow, |s| &s.rows.log_flow),
        (|b| &mut b.entropy, |s| &s.entropy),
        (|b| &mut b.drift, |s| &s.drift),
    ];
    let weights = [
        Weights { clip: f64::INFINITY, entropy: 0.0, drift: 0.0, value: 0.0 },
        Weights { clip: f64::INFINITY, entropy: 0.3, drift: 0.0, value: 0.5 },
        Weights { clip: 0.2, entropy: 0.5, drift: 0.0, value: 1.0 },
        Weights { clip: 0.1, entropy: 0.0, drift: 1.0, value: 2.0 },
    ];
    const STEP: f64 = 1e-6;
    let (mut clipped, mut free) = (0, 0);
    for key in (0..20).map(Key::new) {
        for weights in weights {
            let mut batch = Batch::new(key);
            let (mut slopes, mut scratch) = (Slopes::default(), Slopes::default());
            batch.loss(weights, &mut slopes);
            for (values, by) in parts {
                for r in 0..Batch::ROWS {
                    let old = values(&mut batch)[r];
                    let mut at = |x: f64| {
                        values(&mut batch)[r] = x;
                        batch.loss(weights, &mut scratch)
                    };
                    let difference = (at(old + STEP) - at(old - STEP)) / (2.0 * STEP);
                    at(old);
                    let slope = by(&slopes)[r];
                    assert!((slope - difference).abs() < 1e-7 * (1.0 + slope.abs()), "{slope} {difference}");
                }
            }
            for &slope in &slopes.rows.logit {
                if slope == 0.0 { clipped += 1 } else { free += 1 }
            }
        }
    }
    assert!(clipped > 50 && free > 200, "{clipped} rows were clipped, {free} were not");
}

#[test]
fn the_surrogate_starts_as_reinforce() {
    let mut batch = Batch::new(Key::new(1));
    batch.log_acted = batch.rows.logit.iter().zip(&batch.rows.lse).map(|(logit, lse)| logit - lse).collect();
    let mut slopes = Slopes::default();
    batch.loss(Weights { clip: 0.2, entropy: 0.0, drift: 0.0, value: 0.0 }, &mut slopes);
    for r in 0..Batch::ROWS {
        let expected = -batch.advantages[r] / Batch::ROWS as f64;
        assert!((slopes.rows.logit[r] - expected).abs() < 1e-15);
        assert!((slopes.rows.lse[r] + expected).abs() < 1e-15);
    }
}

#[test]
fn payoffs_come_at_the_end_and_along_the_edges() {
    let rows = Batch::new(Key::new(1)).rows;
    let all = |payoff: Payoff| {
        (0..2)
            .flat_map(|b| rows.range(b).map(move |r| (b, r)))
            .map(|(b, r)| payoff.of(&rows, b, r))
            .collect::<Vec<_>>()
    };
    assert_eq!(all(Payoff::Reward), [0.0, 0.0, 0.5f64.exp(), 0.0, (-1.0f64).exp()]);
    assert_eq!(all(Payoff::LogReward), [0.0, 0.0, 0.5, 0.0, -1.0]);
    let pb = &rows.log_pb;
    assert_eq!(all(Payoff::Corrected), [pb[0], pb[1], pb[2] + 0.5, pb[3], pb[4] - 1.0]);
}

#[test]
fn advantages_by_hand() {
    let rows = Batch::new(Key::new(1)).rows;
    let (payoffs, values) = ([1.0, 2.0, 4.0, 0.0, 3.0], [0.5, 1.0, 2.0, 4.0, 1.0]);
    let (mut advantages, mut returns) = (Vec::new(), Vec::new());
    let mut estimate = |lambda: f64| {
        advantage::estimate(&rows, &payoffs, |r| values[r], lambda, &mut advantages, &mut returns);
        (advantages.clone(), returns.clone())
    };
    // δ = (1 + 1 − ½, 2 + 2 − 1, 4 − 2) and (0 + 1 − 4, 3 − 1).
    assert_eq!(estimate(0.0).0, [1.5, 3.0, 2.0, -3.0, 2.0]);
    assert_eq!(estimate(0.5).0, [3.5, 4.0, 2.0, -2.0, 2.0]);
    let (advantages, returns) = estimate(1.0);
    assert_eq!(advantages, [6.5, 5.0, 2.0, -1.0, 2.0]);
    assert_eq!(returns, [7.0, 6.0, 4.0, 3.0, 3.0], "at λ = 1 returns are what was paid");
    let mut normal = advantages.clone();
    advantage::normalise(&mut normal);
    let mean: f64 = normal.iter().sum::<f64>() / 5.0;
    let square: f64 = normal.iter().map(|a| a * a).sum::<f64>() / 5.0;
    assert!(mean.abs() < 1e-12 && (square - 1.0).abs() < 1e-6);
    let mut same = vec![2.0; 3];
    advantage::normalise(&mut same);
    assert_eq!(same, [0.0; 3]);
}
