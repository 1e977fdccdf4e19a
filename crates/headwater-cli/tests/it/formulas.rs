//! Rewards by formula and by model: the examples train, and what cannot work ends before anything is trained.

use expect_test::expect;

use crate::support::{Temp, root};

/// A directory with the examples of rewards.
fn examples() -> Temp {
    let dir = Temp::new();
    for name in ["formula.toml", "model.toml", "model.onnx", "model.json"] {
        std::fs::copy(root().join("examples/rewards").join(name), dir.path(name)).unwrap();
    }
    dir
}

/// Settings of a run of seconds.
const SHORT: &str =
    "--set train.steps=20 --set policy.width=16 --set train.threads=1 --set run.samples=10 -q";

#[test]
fn the_formula_of_the_example_is_trained_on() {
    let dir = examples();
    dir.run(&format!("train formula.toml {SHORT} --out run")).ok();
    assert!(dir.read("run/samples.csv").lines().count() > 10);
    let out = dir.pipe("score formula.toml", "aabcd\nbbbbb\na\n").ok();
    // 1 + 2, 1, and exp(−4)·2.
    expect![[r#"
        text,score,transformed,log_reward
        aabcd,3,3,1.0986122886681098
        bbbbb,1,1,0
        a,0.03663127777746836,0.03663127777746836,-3.3068528194400546
    "#]]
    .assert_eq(&out);
}

#[test]
fn a_name_that_no_feature_has_is_shown_where_it_stands() {
    let dir = examples();
    dir.write("wrong.toml", dir.read("formula.toml").replace("length", "lenght"));
    let ran = dir.run("train wrong.toml");
    assert_eq!(ran.code, Some(2));
    expect![[r"
        error: `lenght`, at character 10 of the expression, is no feature in wrong.toml:11:14

        hint: did you mean `length`? the features of `strings` are `length`, `distinct`, `runs`, `count_a`, `count_b`, `count_c`, `count_d`

            exp(-abs(lenght - 5)) * (1 + count_a)
                     ^^^^^^
    "]]
    .assert_eq(&ran.err);
}

#[cfg(feature = "onnx")]
#[test]
fn the_model_of_the_example_is_trained_on() {
    let dir = examples();
    dir.run(&format!("train model.toml {SHORT} --out run")).ok();
    assert!(dir.read("run/samples.csv").lines().count() > 10);
    let scores = dir.pipe("score model.toml", "a\nabcd\n").ok();
    let json: serde_json::Value = serde_json::from_str(&dir.read("model.json")).unwrap();
    for (i, line) in scores.lines().skip(1).enumerate() {
        let score: f64 = line.split(',').nth(1).unwrap().parse().unwrap();
        assert!((score - json["scores"][i].as_f64().unwrap()).abs() < 1e-6, "{line}");
    }
}

#[cfg(feature = "onnx")]
#[test]
fn a_model_that_does_not_pass_its_test_is_not_trained_on() {
    let dir = examples();
    let cases = [
        r#"{"objects": ["abcd", "a"], "scores": [0.0, 0.0]}"#,
        r#"{"objects": ["xyz"], "scores": [0.0]}"#,
        "{",
    ];
    let mut said = String::new();
    for test in cases {
        dir.write("model.json", test);
        let ran = dir.run("train model.toml --out run");
        assert_eq!((ran.code, dir.path("run").exists()), (Some(2), false));
        said += &format!("{}\n", ran.err);
    }
    let ran = dir.run("train model.toml --set env.max_len=5 --out run");
    assert_eq!((ran.code, dir.path("run").exists()), (Some(2), false));
    expect![[r#"
        error: `model.onnx` does not pass its test: `abcd` has -0.14767778 where `model.json` expects 0, and 2 of 2 differ by more than 1e-4 in model.toml:12:8

        hint: an exporter can change a model without an error: `torch.onnx.export(…, dynamo=False)` loses the sum of `index_add` and of its like, `dynamo=True` keeps it; or the model was trained on objects that are encoded otherwise: see `reward.encoding`

        error: `xyz` is not a state of `strings`, and `model.json` has a score for it in model.toml:12:8

        hint: write objects as `headwater sample` does, or set the environment as it was for the model

        error: the test vector is no JSON: EOF while parsing an object in model.json:1, which is named in model.toml:12:8

        hint: write {"objects": ["…", …], "scores": [0.5, …]}, or `inputs` and `outputs`

        error: input `x` of `model.onnx` takes 20 numbers per object, and there are 25 in model.toml:11:9

        hint: `strings` is encoded by 5 positions with 5 columns each
    "#]].assert_eq(&(said + &ran.err));
}

/// Models that are made to do harm end an oracle's process, and not this one.
#[cfg(all(feature = "onnx", unix))]
#[test]
fn a_model_that_does_harm_is_an_error() {
    let dir = examples();
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../headwater-fuzz/corpus");
    let cases = [
        ("slice", "the runtime does not cope with the model: Slice step cannot be 0"),
        ("intmin", "the runtime does not cope with the model: attempt to divide with overflow"),
        ("loop", "there is no answer after 2 s (`timeout_s`): the model may never end"),
        ("hang", "is no ONNX model, or is damaged from byte "),
    ];
    for (model, words) in cases {
        std::fs::copy(format!("{corpus}/{model}.onnx"), dir.path("model.onnx")).unwrap();
        let ran = dir.run("train model.toml --set reward.timeout_s=2 --out run");
        assert_eq!((ran.code, dir.path("run").exists()), (Some(2), false), "{model}: {}", ran.err);
        assert!(
            ran.err.starts_with("error: `model.onnx` ") && ran.err.contains(words),
            "{model}: {}",
            ran.err
        );
        assert!(!ran.err.contains("panicked"), "{model}: {}", ran.err);
    }
}
