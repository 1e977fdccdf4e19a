//! Losses against finite differences, advantages worked out by hand, and what a ring keeps.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use headwater_core::settings::{Value, defaults};
use headwater_core::{BackwardHead, Heads, Key, Needs, Regression, RewardScale, Scored, Stop};
use headwater_exact::enumerate;
use headwater_nn::{Pool, Tabular};
use headwater_rewards::{Native, Scorer, Transform};
use headwater_train::{Behaviour, Experience, Looks, Slopes, encodings};

use super::actor::Actor;
use super::choice::Choice;
use super::payoff::Payer;
use super::replay::{Minibatch, Replay};
use super::surrogate::{Judged, Weights, loss};
use super::{Payoff, advantage, td};
use crate::Arena;

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
    let pb = &rows.log_pb;
    for (payoff, expected) in [
        (Payoff::Reward, [0.0, 0.0, 0.5f64.exp(), 0.0, (-1.0f64).exp()]),
        (Payoff::LogReward, [0.0, 0.0, 0.5, 0.0, -1.0]),
        (Payoff::Corrected, [pb[0], pb[1], pb[2] + 0.5, pb[3], pb[4] - 1.0]),
    ] {
        for entropy in [0.0, 2.0] {
            let mut payer = Payer::new(payoff, entropy);
            let first = payer.pay(&rows).to_vec();
            let log_p: f64 = (0..Batch::ROWS).map(|r| rows.logit[r] - rows.lse[r]).sum();
            let level = (expected.iter().sum::<f64>() - entropy * log_p) / 2.0;
            for r in 0..Batch::ROWS {
                let end = if r == 2 || r == 4 { level } else { 0.0 };
                assert!((first[r] + end - expected[r]).abs() < 1e-12, "{payoff:?}, row {r}");
            }
            let total: f64 = first.iter().sum::<f64>() - entropy * log_p;
            assert!(total.abs() < 1e-12, "trajectories of the first batch pay nothing on average");
            let other = Batch::new(Key::new(2)).rows;
            let change = payer.pay(&other)[2] + level - other.log_reward[0];
            let own = match payoff {
                Payoff::Reward => 0.5f64.exp() - 0.5,
                Payoff::LogReward => 0.0,
                Payoff::Corrected => other.log_pb[2],
            };
            assert!((change - own).abs() < 1e-12, "the constant stays that of the first batch");
        }
    }
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
    let mut normal = advantages;
    advantage::normalise(&mut normal);
    let mean: f64 = normal.iter().sum::<f64>() / 5.0;
    let square: f64 = normal.iter().map(|a| a * a).sum::<f64>() / 5.0;
    assert!(mean.abs() < 1e-12 && (square - 1.0).abs() < 1e-6);
    let mut same = vec![2.0; 3];
    advantage::normalise(&mut same);
    assert_eq!(same, [0.0; 3]);
}

#[test]
fn temporal_differences_match_finite_differences() {
    const STEP: f64 = 1e-6;
    let draw = |i: u64| (0..6).map(|r| 2.0 * Key::new(i).fold(r).normal()).collect::<Vec<f64>>();
    let (mut predictions, targets) = (draw(1), draw(2));
    let (mut slopes, mut scratch) = (Vec::new(), Vec::new());
    let weight = |i: usize| 1.0 + i as f64;
    for g in Regression::ALL {
        td::loss(&predictions, &targets, weight, g, &mut slopes);
        for i in 0..6 {
            let old = predictions[i];
            let mut at = |x: f64| {
                predictions[i] = x;
                td::loss(&predictions, &targets, weight, g, &mut scratch)
            };
            let difference = (at(old + STEP) - at(old - STEP)) / (2.0 * STEP);
            at(old);
            assert!((slopes[i] - difference).abs() < 1e-6 * (1.0 + slopes[i].abs()), "{g:?}");
        }
    }
}

#[test]
fn choices_match_finite_differences() {
    const STEP: f32 = 1.0 / 256.0;
    let draw = |i: u64| (0..5).map(|a| Key::new(i).fold(a).normal() as f32).collect::<Vec<f32>>();
    let (mut logits, q) = (draw(1), draw(2));
    // Edge 3 is none; what stands there must not matter.
    logits[3] = 1e30;
    let value = |logits: &[f32], slopes: Option<&mut [f32]>| {
        let weights: Vec<f64> =
            (0..5).map(|a| if a == 3 { 0.0 } else { f64::from(logits[a]).exp() }).collect();
        let sum: f64 = weights.iter().sum();
        let choice = Choice { logits, mask: &[0b10111], lse: sum.ln() };
        if let Some(slopes) = slopes {
            choice.descend(&q, 0.7, 2.0, slopes);
        }
        let by_hand: f64 =
            (0..5).filter(|&a| a != 3).map(|a| -(weights[a] / sum) * (weights[a] / sum).ln()).sum();
        assert!((choice.entropy() - by_hand).abs() < 1e-6);
        -2.0 * choice.value(&q, 0.7)
    };
    let mut slopes = [0.0; 5];
    value(&logits, Some(&mut slopes));
    assert_eq!(slopes[3], 0.0);
    for a in [0, 1, 2, 4] {
        let old = logits[a];
        logits[a] = old + STEP;
        let above = value(&logits, None);
        logits[a] = old - STEP;
        let below = value(&logits, None);
        logits[a] = old;
        let difference = (above - below) / f64::from(2.0 * STEP);
        assert!((f64::from(slopes[a]) - difference).abs() < 1e-3, "{} {difference}", slopes[a]);
    }
}

/// Draws from rings of several sizes, whole batches of trajectories at a time, are edges of the graph.
#[test]
fn transitions_from_a_ring_are_edges() {
    let entry = headwater_envs::find("hypergrid").unwrap();
    let mut values = defaults(entry.entry.fields).unwrap();
    values.insert("side", Value::Int(4));
    let reward_values = defaults(entry.reward("original").unwrap().entry.fields).unwrap();
    let sim = entry.build(&values, Some(("original", &reward_values))).unwrap();
    let graph = enumerate(&*sim, 1000).unwrap();
    let states = encodings(&graph);
    let n = sim.spec().n_actions;
    // No batch of five trajectories is longer than 35 transitions, so that the smaller rings are written over and over.
    for (capacity, draws, at_least) in [(0, 0, 5), (1, 200, 200), (50, 200, 200), (1000, 200, 200)] {
        let table = encodings(&graph);
        let arena = Arena {
            sim: sim.fork(),
            scorer: Scorer::new(Box::new(Native), Transform::plain(RewardScale::Reward)),
            exact: None,
            network: Box::new(move |heads, _| {
                let stride = heads.stride as u32;
                Box::new(Tabular::new(table.clone(), heads, |_, columns| columns.extend(0..stride)))
            }),
            pool: Arc::new(Pool::new(1)),
            key: Key::new(5),
        };
        let mut replay = Replay::new(sim.spec(), capacity, 5);
        let mut batch = Minibatch::new(sim.spec());
        let looks = Looks { needs: Needs { backward: true, ..Needs::default() }, ..Looks::default() };
        let mut parts = [Experience::new(sim.spec(), looks)];
        let (mut actor, nets) = Actor::new(arena, 5, &[Heads::new(n, BackwardHead::None, false)]);
        let (mut ends, mut payoffs) = (0, 0.0);
        for round in 0..60 {
            actor.act(&*nets[0], Behaviour::ON_POLICY, &mut parts, &mut |_| ()).unwrap();
            // What a row pays tells whether it is the last one.
            let rows = parts[0].rows();
            let is_last = |r: &usize| rows.offsets[1..].contains(&(*r as u32 + 1));
            let paid: Vec<f64> = (0..rows.rows()).map(|r| f64::from(u8::from(is_last(&r)))).collect();
            replay.add(&parts[0], &paid);
            replay.draw(draws, Key::new(round), &mut batch);
            assert!(batch.transitions.len() >= at_least);
            if capacity == 0 {
                assert_eq!(batch.transitions.len(), parts[0].rows().rows(), "the last batch is all there is");
            }
            for t in &batch.transitions {
                let from = states.find(batch.sources.inputs(), t.from as usize).unwrap() as usize;
                let mask = batch.sources.masks();
                assert_eq!(
                    mask.count(t.from as usize) as usize,
                    graph.out(from).len() + usize::from(graph.stops()[from] == Stop::May)
                );
                assert!(mask.get(t.from as usize, t.action as usize));
                let edge = graph.out(from).find(|&e| graph.action(e).0 == t.action);
                let to = t.to.map(|to| states.find(batch.nexts.inputs(), to as usize).unwrap() as usize);
                match (edge, to) {
                    (Some(edge), Some(to)) => assert_eq!(graph.to(edge), to),
                    (Some(edge), None) => assert_eq!(graph.stops()[graph.to(edge)], Stop::Must),
                    (None, to) => assert!(t.action as usize == n && to.is_none()),
                }
                assert_eq!(t.payoff > 0.0, t.to.is_none());
                ends += usize::from(t.to.is_none());
                payoffs += t.payoff;
            }
            actor.next();
        }
        assert!(ends > 100 && payoffs > 0.0);
    }
}
