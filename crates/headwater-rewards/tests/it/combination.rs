//! Combinations against their formulas, worked out by hand.

use headwater_core::RewardScale;
use headwater_rewards::{
    Combination, CombinationConfig, Missing, Objects, Oracle, Part, PartConfig, RewardError, Rule, Transform,
    TransformConfig, TransformKind, Unusable,
};

use crate::{Scores, config, transform};

/// Scores by the text's number of `a`s, with NaN for the text `?`.
struct Count {
    letter: char,
    missing: Missing,
}

impl Oracle for Count {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        for (text, y) in objects.texts().iter().zip(out) {
            let n = text.chars().filter(|&c| c == self.letter).count() as f64;
            *y = if text == "?" { f64::NAN } else { n };
        }
        Ok(())
    }

    fn missing(&self) -> Missing {
        self.missing
    }
}

fn part(letter: char, weight: f64) -> Part {
    Part {
        name: letter.to_string(),
        oracle: Box::new(Count { letter, missing: Missing::Error }),
        transform: Transform::plain(RewardScale::Reward),
        config: PartConfig { weight, at_most: None, at_least: None, softness: 1.0 },
    }
}

fn combine(rule: Rule, parts: Vec<Part>, text: &str) -> Result<f64, RewardError> {
    let mut combination = Combination::new(&CombinationConfig { rule }, parts).expect("a combination");
    let mut out = [7.0];
    combination.score(&Objects::from_iter([text]), &mut out).map(|()| out[0])
}

#[test]
fn rules_follow_their_formulas() {
    let parts = || vec![part('a', 2.0), part('b', 0.5)];
    let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-12, "{x} {y}");
    close(combine(Rule::Sum, parts(), "aaabbbb").unwrap(), 2.0 * 3.0 + 0.5 * 4.0);
    close(combine(Rule::Product, parts(), "aaabbbb").unwrap(), 3f64.powi(2) * 2.0);
    close(combine(Rule::Min, parts(), "aaabbbb").unwrap(), 2.0);
    // A part's value is what its own transform makes of its score.
    let z = TransformConfig { mean: Some(2.0), std: Some(0.5), ..config(Some(TransformKind::ZScore)) };
    let parts = vec![Part { transform: transform(&z), ..part('a', 1.0) }, part('b', 1.0)];
    close(combine(Rule::Sum, parts, "aaabbbb").unwrap(), (1.0f64 / 0.5).exp() + 4.0);
}

#[test]
fn constraints_bend_the_score_by_their_excess() {
    let bounded = |at_least, at_most| {
        let config = PartConfig { weight: 1.0, at_least, at_most, softness: 2.0 };
        vec![Part { config, ..part('b', 1.0) }, part('a', 1.0)]
    };
    for rule in [Rule::Sum, Rule::Product, Rule::Min] {
        let score = |least, most| combine(rule, bounded(least, most), "aaabbbb").unwrap();
        // Totals are sums of logarithms, and no number of letters to the last bit.
        assert!((score(Some(4.0), Some(4.0)) - 3.0).abs() < 1e-12);
        assert!((score(None, Some(1.0)) - 3.0 * (-1.5f64).exp()).abs() < 1e-12);
        assert!((score(Some(5.0), None) - 3.0 * (-0.5f64).exp()).abs() < 1e-12);
    }
    let nothing =
        Combination::new(&CombinationConfig { rule: Rule::Sum }, Vec::new()).err().expect("no parts");
    assert!(nothing.to_string().contains("there are none"));
    let mut alone = bounded(None, Some(1.0));
    alone.pop();
    assert!(Combination::new(&CombinationConfig { rule: Rule::Sum }, alone).is_err());
}

#[test]
fn a_part_without_a_score_leaves_the_whole_without_one_if_it_may() {
    let floored =
        |letter| Part { oracle: Box::new(Count { letter, missing: Missing::Floor }), ..part(letter, 1.0) };
    assert!(combine(Rule::Sum, vec![floored('a'), floored('b')], "?").unwrap().is_nan());
    let error = combine(Rule::Sum, vec![floored('a'), part('b', 1.0)], "?").unwrap_err();
    assert_eq!(error.to_string(), "`reward.b`: the score of `?` is NaN, which has no finite log R");
    assert!(error.is_recoverable());
}

/// Parts with these scores and weights, each a log-reward, under the rule; log R of every object, or why there is none.
fn log_rewards(rule: Rule, parts: &[(&[f64], f64)], whole: &TransformConfig) -> Vec<Result<f64, Unusable>> {
    let part = |&(scores, weight): &(&[f64], f64)| Part {
        oracle: Box::new(Scores(scores.to_vec())),
        transform: Transform::plain(RewardScale::LogReward),
        ..part('y', weight)
    };
    let combination = Combination::new(&CombinationConfig { rule }, parts.iter().map(part).collect());
    let (mut combination, transform) = combination.expect("a combination").with_transform(transform(whole));
    let mut out = vec![f64::NAN; parts[0].0.len()];
    let objects = (0..out.len()).map(|_| "x").collect();
    combination.score(&objects, &mut out).expect("scores");
    out.into_iter().map(|y| transform.log_reward(y)).collect()
}

#[test]
fn parts_far_outside_the_range_of_a_float_combine_in_logs() {
    let plain = config(None);
    let close = |got: Vec<Result<f64, Unusable>>, want: &[f64]| {
        for (got, want) in got.iter().zip(want) {
            let got = got.expect("there is a log R");
            assert!((got - want).abs() < 1e-12 * want.abs().max(1.0), "{got} instead of {want}");
        }
    };
    let (a, b): (&[f64], &[f64]) = (&[-800.0, -900.0, 750.0], &[790.0, -801.0, 1200.0]);
    close(log_rewards(Rule::Product, &[(a, 1.0), (b, 0.5)], &plain), &[-405.0, -1300.5, 1350.0]);
    let sum = [790.0, -801.0 + (-99.0f64).exp().ln_1p(), 1200.0];
    close(log_rewards(Rule::Sum, &[(a, 1.0), (b, 1.0)], &plain), &sum);
    // Of equals, the logarithm of their number; weights count.
    close(
        log_rewards(Rule::Sum, &[(a, 1.0), (a, 3.0)], &plain),
        &[-800.0, -900.0, 750.0].map(|y| y + 4f64.ln()),
    );
    close(log_rewards(Rule::Min, &[(a, 1.0), (b, 2.0)], &plain), &[-800.0, -900.0, 750.0]);
    close(log_rewards(Rule::Min, &[(b, 2.0)], &plain), &[790.0, -801.0, 1200.0].map(|y| y + 2f64.ln()));
    // β, scale and floor of the whole: max(ln 1e-300, 1 + 2 log y).
    let whole = TransformConfig { beta: 2.0, scale: 1f64.exp(), floor: Some(1e-300), ..config(None) };
    let product = log_rewards(Rule::Product, &[(a, 1.0), (b, 1.0)], &whole);
    close(product, &[2.0 * -10.0 + 1.0, 1e-300f64.ln(), 2.0 * 1950.0 + 1.0]);
    // A constraint's factor of e^−1000 is no zero either.
    let config = PartConfig { weight: 1.0, at_least: None, at_most: Some(0.0), softness: 1e-3 };
    let parts = vec![Part { config, ..part('a', 1.0) }, part('b', 1.0)];
    let combination =
        Combination::new(&CombinationConfig { rule: Rule::Product }, parts).expect("a combination");
    let (mut combination, transform) = combination.with_transform(transform(&plain));
    let mut out = [f64::NAN];
    combination.score(&Objects::from_iter(["abb"]), &mut out).expect("a score");
    assert!((transform.log_reward(out[0]).expect("a log R") - (2f64.ln() - 1000.0)).abs() < 1e-9);
}

#[test]
fn wholes_that_are_not_rewards_are_given_as_they_are() {
    let exp = config(Some(TransformKind::Exp));
    let one = |y: f64, transform: Transform, whole: &TransformConfig| {
        let part = Part { oracle: Box::new(Scores(vec![y])), transform, ..part('y', 2.0) };
        let combination = Combination::new(&CombinationConfig { rule: Rule::Sum }, vec![part]);
        let whole = Transform::new(whole, RewardScale::Reward, None).expect("good settings");
        let (mut combination, whole) = combination.expect("a combination").with_transform(whole);
        let mut out = [f64::NAN];
        combination.score(&Objects::from_iter(["x"]), &mut out).map(|()| whole.log_reward(out[0]))
    };
    let plain = Transform::plain(RewardScale::Reward);
    // A sum of log-rewards under `exp`, far below the least float's logarithm.
    let log_r = one(-900.0, plain, &exp).expect("a score").expect("a log R");
    assert!((log_r + 1800.0).abs() < 1e-9, "{log_r}");
    // A negative whole is no reward, and a zero has none without a floor.
    let error = one(-900.0, plain, &config(None)).expect_err("negative");
    assert!(error.to_string().starts_with("the score of `x` is -1800"), "{error}");
    assert_eq!(one(0.0, plain, &config(None)).expect("a score"), Err(Unusable::Zero));
}
