//! Transforms against the formula that they compute in the log domain.

use headwater_core::RewardScale;
use headwater_rewards::{
    Combination, CombinationConfig, Oracle, Part, PartConfig, RewardError, Rule, Statistics, Transform,
    TransformConfig, TransformKind, Unusable,
};

use crate::{Scores, config, transform};

#[track_caller]
fn close(value: Result<f64, Unusable>, expected: f64) {
    let value = value.expect("there is a log R");
    assert!((value - expected).abs() <= 1e-12 * (1.0 + expected.abs()), "{value} instead of {expected}");
}

/// The formula as it is written, without logarithms: min(ceiling, max(floor, scale · t(y)^β)).
fn by_formula(c: &TransformConfig, y: f64) -> f64 {
    let t = match c.transform.expect("set") {
        TransformKind::Identity => y,
        TransformKind::Exp => y.exp(),
        TransformKind::MinMax => {
            let (min, max) = (c.min.expect("set"), c.max.expect("set"));
            ((y - min) / (max - min)).max(0.0)
        }
        TransformKind::ZScore => ((y - c.mean.expect("set")) / c.std.expect("set")).exp(),
        TransformKind::Sigmoid => 1.0 / (1.0 + (-(y - c.mid.expect("set")) / c.width.expect("set")).exp()),
    };
    (c.scale * t.powf(c.beta)).max(c.floor.unwrap_or(0.0)).min(c.ceiling.unwrap_or(f64::INFINITY))
}

/// Settings of a transform with every number that it needs.
fn complete(kind: TransformKind) -> TransformConfig {
    let plain = config(Some(kind));
    match kind {
        TransformKind::Identity | TransformKind::Exp => plain,
        TransformKind::MinMax => TransformConfig { min: Some(-1.0), max: Some(3.0), ..plain },
        TransformKind::ZScore => TransformConfig { mean: Some(1.5), std: Some(0.75), ..plain },
        TransformKind::Sigmoid => TransformConfig { mid: Some(2.0), width: Some(-0.5), ..plain },
    }
}

/// What a score counts as in a combination.
fn value(c: &TransformConfig, y: f64) -> f64 {
    let config = PartConfig { weight: 1.0, at_most: None, at_least: None, softness: 1.0 };
    let part = Part { name: "y".into(), oracle: Box::new(Scores(vec![y])), transform: transform(c), config };
    let combined = Combination::new(&CombinationConfig { rule: Rule::Sum }, vec![part]);
    let mut out = [f64::NAN];
    combined.expect("a combination").score(&["x"].into_iter().collect(), &mut out).expect("a score");
    out[0]
}

#[test]
fn log_rewards_follow_the_formula() {
    for kind in [
        TransformKind::Identity,
        TransformKind::Exp,
        TransformKind::MinMax,
        TransformKind::ZScore,
        TransformKind::Sigmoid,
    ] {
        for (beta, scale, floor, ceiling) in
            [(1.0, 1.0, None, None), (3.0, 10.0, Some(1e-3), None), (0.5, 0.25, Some(0.6), Some(0.7))]
        {
            let c = TransformConfig { beta, scale, floor, ceiling, ..complete(kind) };
            for y in [0.01, 0.5, 1.0, 2.5, 3.0, 7.0] {
                close(transform(&c).log_reward(y), by_formula(&c, y).ln());
                close(Ok(value(&c, y)), by_formula(&c, y));
            }
        }
    }
    // A sigmoid far out, where 1/(1 + e^x) would be 0.
    close(transform(&complete(TransformKind::Sigmoid)).log_reward(502.0), -1000.0);
    close(Ok(value(&config(Some(TransformKind::Identity)), -2.0)), -2.0);
}

#[test]
fn the_meaning_of_a_score_is_its_default_transform() {
    let default = |meaning| Transform::new(&config(None), meaning, None).expect("defaults fit");
    assert_eq!(default(RewardScale::Reward), Transform::plain(RewardScale::Reward));
    close(default(RewardScale::Reward).log_reward(2.0), 2f64.ln());
    close(default(RewardScale::LogReward).log_reward(2.0), 2.0);
    // Far beyond what R itself could hold.
    close(default(RewardScale::LogReward).log_reward(-1e6), -1e6);
}

#[test]
fn what_has_no_log_reward_is_refused_unless_there_is_a_floor() {
    let floored = |kind| transform(&TransformConfig { floor: Some(0.5), ..config(Some(kind)) });
    let identity = transform(&config(Some(TransformKind::Identity)));
    let exp = transform(&config(Some(TransformKind::Exp)));
    for t in [identity, exp, floored(TransformKind::Exp)] {
        assert_eq!(t.log_reward(f64::NAN), Err(Unusable::NotFinite));
        assert_eq!(t.log_reward(f64::INFINITY), Err(Unusable::NotFinite));
    }
    assert_eq!(identity.log_reward(0.0), Err(Unusable::Zero));
    assert_eq!(identity.log_reward(-0.1), Err(Unusable::Negative));
    assert_eq!(floored(TransformKind::Identity).log_reward(-0.1), Err(Unusable::Negative));
    close(floored(TransformKind::Identity).log_reward(0.0), 0.5f64.ln());
    assert_eq!(exp.log_reward(f64::NEG_INFINITY), Err(Unusable::Zero));
    close(floored(TransformKind::Exp).log_reward(f64::NEG_INFINITY), 0.5f64.ln());
    let steep = transform(&TransformConfig { beta: 1e6, ..config(Some(TransformKind::Exp)) });
    assert_eq!(steep.log_reward(1e305), Err(Unusable::NotFinite));
}

#[test]
fn min_max_takes_its_range_from_the_table_unless_told() {
    let min_max = |min, max, range: Option<(f64, f64)>| {
        let c = TransformConfig { min, max, ..config(Some(TransformKind::MinMax)) };
        let statistics = range.map(|(min, max)| Statistics { min, max, mean: 0.0, std: 1.0 });
        Transform::new(&c, RewardScale::Reward, statistics)
    };
    let of_table = min_max(None, None, Some((2.0, 6.0))).expect("the table has a range");
    close(of_table.log_reward(3.0), 0.25f64.ln());
    assert_eq!(of_table.log_reward(2.0), Err(Unusable::Zero));
    assert_eq!(of_table.log_reward(1.0), Err(Unusable::Zero));
    close(min_max(Some(0.0), None, Some((2.0, 6.0))).expect("a range").log_reward(3.0), 0.5f64.ln());
    for (min, max, range, field, message) in [
        (None, Some(1.0), None, "min", "`min-max` needs `min`"),
        (Some(1.0), None, None, "max", "`min-max` needs `max`"),
        (Some(2.0), Some(1.0), None, "max", "`min-max` needs a range, and from `2` to `1` there is none"),
        (
            Some(9.0),
            None,
            Some((0.0, 1.0)),
            "min",
            "`min-max` needs a range, and from `9` to `1` there is none",
        ),
        (
            None,
            None,
            Some((1.0, 1.0)),
            "transform",
            "`min-max` needs a range, and from `1` to `1` there is none",
        ),
    ] {
        let error = min_max(min, max, range).expect_err("there is no range");
        assert_eq!((error.field, error.to_string().as_str()), (Some(field), message));
    }
    let idle = TransformConfig { max: Some(1.0), ..config(None) };
    let error = Transform::new(&idle, RewardScale::Reward, None).expect_err("max would do nothing");
    assert_eq!(
        (error.field, error.to_string().as_str()),
        (Some("max"), "`max` means nothing without `min-max`")
    );
    let crossed = TransformConfig { floor: Some(2.0), ceiling: Some(1.0), ..config(None) };
    let error = Transform::new(&crossed, RewardScale::Reward, None).expect_err("nothing is between");
    assert_eq!(error.to_string(), "the ceiling `1` is below the floor `2`");
    for (c, message) in [
        (config(Some(TransformKind::ZScore)), "`z-score` needs `mean`"),
        (TransformConfig { mid: None, ..complete(TransformKind::Sigmoid) }, "`sigmoid` needs `mid`"),
        (
            TransformConfig { width: Some(0.0), ..complete(TransformKind::Sigmoid) },
            "a `sigmoid` of width 0 is no number at its middle",
        ),
    ] {
        assert_eq!(Transform::new(&c, RewardScale::Reward, None).expect_err(message).to_string(), message);
    }
    let flat = Statistics { min: 1.0, max: 1.0, mean: 1.0, std: 0.0 };
    assert!(Transform::new(&config(Some(TransformKind::ZScore)), RewardScale::Reward, Some(flat)).is_err());
}

#[test]
fn errors_name_the_object_and_say_what_to_do() {
    let text = |unusable: Unusable, value| unusable.of("1,2".into(), value).to_string();
    assert_eq!(text(Unusable::NotFinite, f64::NAN), "the score of `1,2` is NaN, which has no finite log R");
    assert!(text(Unusable::Zero, 0.0).ends_with("set reward.floor"));
    assert!(text(Unusable::Negative, -1.0).contains("`reward.transform = \"exp\"`"));
    assert!(Unusable::Zero.of("x".into(), 0.0).is_recoverable());
    assert!(!RewardError::Failed { oracle: "x".into(), message: "gone".into() }.is_recoverable());
}

#[test]
fn transforms_that_are_lines_say_so_and_others_do_not() {
    for kind in [TransformKind::Exp, TransformKind::ZScore] {
        let unbounded = TransformConfig { floor: None, ceiling: None, ..complete(kind) };
        let t = Transform::new(&unbounded, RewardScale::LogReward, None).expect("complete");
        let (slope, intercept) = t.line().expect("a line");
        for y in [-300.0, -1.5, 0.0, 0.25, 700.0] {
            close(t.log_reward(y), slope * y + intercept);
        }
        for (floor, ceiling) in [(Some(1e-3), None), (None, Some(10.0))] {
            let bounded = TransformConfig { floor, ceiling, ..unbounded.clone() };
            let t = Transform::new(&bounded, RewardScale::LogReward, None).expect("complete");
            assert_eq!(t.line(), None);
        }
    }
    for kind in [TransformKind::Identity, TransformKind::MinMax, TransformKind::Sigmoid] {
        let bent = TransformConfig { floor: None, ceiling: None, ..complete(kind) };
        assert_eq!(Transform::new(&bent, RewardScale::LogReward, None).expect("complete").line(), None);
    }
}

#[test]
fn what_a_negative_score_is_told_to_try_works() {
    let of = |config: &TransformConfig| Transform::new(config, RewardScale::Reward, None).expect("it works");
    let unusable = of(&config(None)).log_reward(-0.47).expect_err("no reward is negative");
    let said = unusable.of("GATA".to_owned(), -0.47).to_string();
    assert!(said.contains("`reward.transform = \"exp\"`") && !said.contains("min-max"), "{said}");
    // A program's scores have no statistics, and the advice needs none.
    let told = of(&TransformConfig { beta: 3.0, ..config(Some(TransformKind::Exp)) });
    let [low, high] = [-0.47, 0.53].map(|y| told.log_reward(y).expect("there is a log R"));
    assert!((high - low - 3.0).abs() < 1e-12);
}
