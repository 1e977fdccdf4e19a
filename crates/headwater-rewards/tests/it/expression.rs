//! Formulas: their values, their precedence, and what is said of those that cannot be read.

use headwater_core::{Encoding, EnvSpec, Lanes, SettingError, Simulator};
use headwater_envs::Registered;
use headwater_envs::strings::{Growth, Strings};
use headwater_rewards::{Expression, ExpressionConfig, RewardError, Scorer, World};

use crate::transform;

/// The formula over features `a`, `b` and `count_a`.
fn parsed(text: &str) -> Result<Expression, SettingError> {
    let encoding = Encoding::dense(1);
    let spec = EnvSpec { name: "t".into(), n_actions: 1, max_len: 1, states_at_least: 1.0, encoding };
    let features = ["a", "b", "count_a"].map(str::to_owned);
    Expression::new(
        &ExpressionConfig { expression: text.to_owned() },
        &World { spec: &spec, features: &features },
    )
}

/// Its value at a = 2, b = −3, count_a = 5.
fn value(text: &str) -> f64 {
    parsed(text).unwrap_or_else(|e| panic!("{text}: {e}")).value(&[2.0, -3.0, 5.0])
}

fn refused(text: &str) -> String {
    let error = parsed(text).err().unwrap_or_else(|| panic!("`{text}` is accepted"));
    assert_eq!(error.field, Some("expression"));
    format!("{error}\n{}", error.hint.as_deref().unwrap_or_default())
}

#[test]
fn formulas_have_the_values_of_mathematics() {
    for (text, want) in [
        ("a", 2.0),
        (" 1 + a * b ", -5.0),
        ("(1 + a) * b", -9.0),
        ("10 - 4 - 3", 3.0),
        ("24 / 4 / 3", 2.0),
        ("2^3^2", 512.0),
        ("-a^2", -4.0),
        ("(-a)^2", 4.0),
        ("2^-1 * 4", 2.0),
        ("- -a + +a", 4.0),
        ("1.5e1 + .5 + 1e-1 * 0 + 2E+0", 17.5),
        ("a < 3", 1.0),
        ("a + 1 <= 3 and not b > 0 or 0 / 0", f64::NAN),
        ("a + 1 <= 3 and not b > 0", 1.0),
        ("1 or 0 and 0", 1.0),
        ("not a == 2", 0.0),
        ("a != 2 or b >= -3", 1.0),
        ("2 * (a > 1) + (b < 0)", 3.0),
        ("abs(b) + min(a, b, 7) + max(a, b, count_a)", 5.0),
        ("if(a > b, if(0, 1, 10), 0/0)", 10.0),
        ("exp(ln(a)) + sqrt(count_a - 1) + log10(1000)", 7.0),
        ("floor(2.7) + ceil(2.2) + round(2.5) + tanh(0) + sin(0) + cos(0)", 9.0),
        ("sin(pi / 2)", 1.0),
        ("exp(\n  -abs(count_a - 5)\n) * (1 + a)", 3.0),
        ("ln(0)", f64::NEG_INFINITY),
        ("min(0/0, 1) ", f64::NAN),
        ("max(1, 0/0)", f64::NAN),
        ("(0/0) < 1", f64::NAN),
        ("if(0/0, 1, 2)", f64::NAN),
    ] {
        let got = value(text);
        assert!((got - want).abs() < 1e-12 || got == want || got.is_nan() && want.is_nan(), "{text}: {got}");
    }
}

#[test]
fn a_formula_that_cannot_be_read_is_shown_with_the_place() {
    assert_eq!(
        refused("exp(-abs(a - 5)) * (1 + cuont_a)"),
        "`cuont_a`, at character 25 of the expression, is no feature\n\
         did you mean `count_a`? the features of `t` are `a`, `b`, `count_a`\n\n    \
             exp(-abs(a - 5)) * (1 + cuont_a)\n                            ^^^^^^^"
    );
    assert_eq!(
        refused("a +\n  * b"),
        "`*`, at character 7 of the expression, stands where a number, a feature or a function was expected\n\
         there are `+ - * / ^`, comparisons, `and`, `or` and `not`\n\n      * b\n      ^"
    );
    for (text, words) in [
        ("", "the expression is empty"),
        ("  ", "the expression is empty"),
        ("(a + b", "the expression ends where an operator or `)` was expected"),
        ("a +", "the expression ends where a number, a feature or a function was expected"),
        ("a)", "`)`, at character 2 of the expression, stands where an operator or the end"),
        ("2 a", "products are written with `*`"),
        ("2a", "`2a`, at character 1 of the expression, is no number"),
        ("1.2.3", "`1.2.3`, at character 1 of the expression, is no number"),
        ("1 < a < 3", "comparisons do not chain"),
        ("a = 2", "equality is written `==`"),
        ("a ** 2", "powers are written `x^y`"),
        ("a & b", "logic is written `and`"),
        ("0,5 * a", "decimals are written with a point"),
        ("exq(a)", "did you mean `exp`? the functions are `abs`"),
        ("abs + 1", "`abs`, at character 1 of the expression, is a function\nwrite `abs(…)`"),
        ("min(a)", "`min`, at character 1 of the expression, has 1 argument instead of at least 2"),
        ("if(a, b)", "has 2 arguments instead of 3\nwrite `if(condition, then, else)`"),
        ("abs()", "`)`, at character 5 of the expression, stands where a number"),
        ("a ; b", "`;`, at character 3"),
        ("ä + 1", "`ä`, at character 1 of the expression, is no feature"),
        ("\"a\"", "`\"`, at character 1"),
    ] {
        let said = refused(text);
        assert!(said.contains(words), "{text}: {said}");
    }
    for deep in ["(".repeat(100_000), "-".repeat(100_000), "2^".repeat(100_000), "abs(".repeat(100_000)] {
        assert!(refused(&deep).contains("more than 200 parentheses"), "{}", &deep[..4]);
    }
    // What is long without being deep is fine.
    assert_eq!(value(&format!("0{}", " + a".repeat(50_000))), 100_000.0);
}

/// Every prefix of a formula, and the formula with any byte replaced, is read or refused, and never panics.
#[test]
fn no_text_panics() {
    let text = "if(a >= 1 and not b, exp(-abs(count_a - 5e-1)) ^ 2, min(1, .5, pi)) != é";
    for (i, _) in text.char_indices() {
        let _ = parsed(&text[..i]);
        for other in ["(", ")", ",", "e", ".", "-", "ß", "\u{0}", "=", "1"] {
            let _ = parsed(&format!("{}{other}{}", &text[..i], &text[i..]));
        }
    }
}

#[test]
fn the_scorer_reads_features_and_names_what_has_no_reward() {
    let alphabet = "abc".to_owned();
    let config = headwater_envs::strings::Config {
        alphabet,
        max_len: 6,
        min_len: Some(0),
        growth: Growth::Append,
        tokens: None,
        reversal: false,
    };
    let mut sim = Lanes::new("strings", Strings::from_config(config).unwrap());
    sim.reset(3);
    for (lane, text) in ["abca", "ccccc", "ε"].into_iter().enumerate() {
        sim.load(lane as u32, text).unwrap();
    }
    let features = sim.features();
    let world = World { spec: sim.spec(), features: &features };
    let score = |text: &str| {
        let config = ExpressionConfig { expression: text.to_owned() };
        let oracle = Expression::new(&config, &world).unwrap();
        let log = transform(&crate::config(None));
        let mut scorer = Scorer::new(Box::new(oracle), log);
        let mut out = [0.0; 3];
        scorer.log_reward(&sim, &[2, 0, 1], &mut out).map(|()| out)
    };
    let want =
        [(0.0f64, 0.0), (4.0, 2.0), (5.0, 0.0)].map(|(n, a): (f64, f64)| -(n - 5.0).abs() + (1.0 + a).ln());
    let got = score("exp(-abs(length - 5)) * (1 + count_a)").unwrap();
    assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?} {want:?}");
    let none = score("1 / length").unwrap_err();
    assert!(matches!(&none, RewardError::NotFinite { object, .. } if object == "ε"), "{none}");
    let negative = score("count_b - 1").unwrap_err();
    assert!(matches!(&negative, RewardError::Negative { object, .. } if object == "ε"), "{negative}");
}
