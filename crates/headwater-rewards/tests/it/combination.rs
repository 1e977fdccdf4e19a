//! Combinations against their formulas, worked out by hand.

use headwater_core::RewardScale;
use headwater_rewards::{
    Combination, CombinationConfig, Missing, Objects, Oracle, Part, PartConfig, RewardError, Rule, Transform,
    TransformConfig, TransformKind,
};

use crate::{config, transform};

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
        assert_eq!(score(Some(4.0), Some(4.0)), 3.0);
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
