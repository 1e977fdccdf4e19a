//! Models in ONNX files: their scores against NumPy's, and what is said of those that do not fit. See `data/make.py`.

use headwater_core::settings::{File, Settings, Value, Values, defaults};
use headwater_core::{Environment, Lanes, SettingError, Simulator};
use headwater_envs::Registered;
use headwater_envs::dag::Dag;
use headwater_envs::hypergrid::Hypergrid;
use headwater_envs::strings::{Config, Growth, Strings};
use headwater_rewards::{Objects, Onnx, OnnxConfig, Oracle, Scorer, TransformKind, World};

use crate::{config, transform};

const OBJECTS: [&str; 9] = ["a", "abcd", "dd", "cab", "bbbb", "dcba", "ac", "bad", "aaaa"];

fn file(name: &str) -> File {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    File::new(name, std::fs::read(path).unwrap())
}

/// Strings over `abcd` of 1 to 4 letters, one lane per object.
pub fn strings(objects: &[&str]) -> Lanes<Strings> {
    let config = Config {
        alphabet: "abcd".to_owned(),
        max_len: 4,
        min_len: Some(1),
        growth: Growth::Append,
        tokens: None,
        reversal: false,
    };
    let mut sim = Lanes::new("strings", Strings::from_config(config).unwrap());
    sim.reset(objects.len());
    objects.iter().enumerate().for_each(|(lane, text)| sim.load(lane as u32, text).unwrap());
    sim
}

/// The settings of a model with its test, changed.
pub fn settings(model: &str, test: &str, change: impl FnOnce(&mut OnnxConfig)) -> OnnxConfig {
    let fields: Vec<_> = OnnxConfig::FIELDS.iter().filter(|f| !f.required).copied().collect();
    let mut values: Values = defaults(&fields).unwrap();
    values.insert("model", Value::File(file(model)));
    values.insert("test", Value::File(file(test)));
    let mut config = OnnxConfig::read(&values);
    change(&mut config);
    config
}

pub fn build(config: &OnnxConfig, sim: &dyn Simulator) -> Result<Onnx, SettingError> {
    let features = sim.features();
    Onnx::new(config, &World { spec: sim.spec(), features: &features })
}

/// The oracle, rehearsed.
pub fn rehearsed(config: &OnnxConfig, sim: &dyn Simulator) -> Result<Onnx, SettingError> {
    let mut oracle = build(config, sim)?;
    oracle.rehearse(sim)?;
    Ok(oracle)
}

fn refused(config: &OnnxConfig, sim: &dyn Simulator) -> String {
    let error = rehearsed(config, sim).err().expect("it is refused");
    format!("{}: {error}\n{}", error.field.unwrap_or("-"), error.hint.as_deref().unwrap_or("-"))
}

pub fn scores(oracle: &mut Onnx, sim: &dyn Simulator, lanes: &[u32]) -> Vec<f64> {
    let mut objects = Objects::default();
    objects.read(sim, lanes, oracle.forms(), sim.features().len());
    let mut out = vec![f64::NAN; lanes.len()];
    oracle.score(&objects, &mut out).unwrap();
    out
}

fn form(form: headwater_rewards::InputForm) -> impl FnOnce(&mut OnnxConfig) {
    move |config| config.encoding = form
}

use headwater_rewards::InputForm::{Features, OneHot, Tokens};

#[test]
fn every_form_of_input_gives_the_numbers_of_numpy() {
    let sim = strings(&[]);
    // The tests in the files are the comparison; a hundredth of the usual tolerance shows that it is not why they pass.
    let strict = |config: OnnxConfig| OnnxConfig { tolerance: 1e-6, ..config };
    for config in [
        settings("mlp.onnx", "mlp.json", |_| {}),
        settings("fixed.onnx", "mlp.json", |_| {}),
        settings("positions.onnx", "mlp.json", |_| {}),
        settings("tokens.onnx", "tokens.json", form(Tokens)),
        settings("features.onnx", "features.json", form(Features)),
        settings("two.onnx", "mlp.json", |c| c.output = Some("score".to_owned())),
        settings("two.onnx", "two.json", |c| (c.output, c.column) = (Some("pair".to_owned()), 1)),
    ] {
        rehearsed(&strict(config.clone()), &sim).unwrap_or_else(|e| panic!("{}: {e}", config.model.path));
    }
    let other = settings("two.onnx", "two.json", |c| c.output = Some("pair".to_owned()));
    assert!(refused(&other, &sim).contains("does not pass its test"), "the columns are the same");
}

#[test]
fn a_wrong_score_in_the_test_is_told() {
    let sim = strings(&[]);
    let found = rehearsed(&settings("mlp.onnx", "mlp.json", |_| {}), &sim).unwrap();
    let score = scores(&mut { found }, &strings(&["cab"]), &[0])[0] as f32;
    let wrong = settings("mlp.onnx", "corrupted.json", |_| {});
    let said = refused(&wrong, &sim);
    let want = format!(
        "test: `mlp.onnx` does not pass its test: `cab` has {score} where `corrupted.json` expects {}, and 1 of 9 differ \
         by more than 1e-4\nan exporter can change a model",
        (score + 0.125)
    );
    assert!(said.starts_with(&want), "{said}\n{want}");
    assert!(said.contains("dynamo=False"), "{said}");
    rehearsed(&OnnxConfig { tolerance: 0.2, ..wrong }, &sim).unwrap();
    let outputs = r#"{"inputs": [[1,0,0,0], [4,4,0,0]], "outputs": [[0.0485546], [0.5]]}"#;
    let config = settings("tokens.onnx", "tokens.json", form(Tokens));
    let said = refused(&OnnxConfig { test: File::new("o.json", outputs), ..config }, &sim);
    assert!(said.contains("row 1 of `inputs` has -0.0393"), "{said}");
}

#[test]
fn a_score_depends_on_the_object_alone() {
    let many: Vec<&str> = OBJECTS.iter().copied().cycle().take(700).collect();
    let sim = strings(&many);
    let all: Vec<u32> = (0..700).collect();
    for model in ["mlp.onnx", "fixed.onnx"] {
        let config = settings(model, "mlp.json", |_| {});
        let mut oracle = rehearsed(&config, &sim).unwrap();
        let together = scores(&mut oracle, &sim, &all);
        for n in [1, 2, 3, 4, 5, 7, 8, 31, 255, 256, 257, 699] {
            for at in [0, 1, 5] {
                let lanes = &all[at..700.min(at + n)];
                let some = scores(&mut oracle, &sim, lanes);
                for (&lane, score) in lanes.iter().zip(&some) {
                    assert_eq!(score.to_bits(), together[lane as usize].to_bits(), "{model}: {n} from {at}");
                }
            }
        }
        let mut threads = rehearsed(&OnnxConfig { threads: 3, ..config }, &sim).unwrap();
        assert_eq!(scores(&mut threads, &sim, &all), together, "{model}");
        assert!(scores(&mut oracle, &sim, &[]).is_empty());
    }
}

#[test]
fn the_scorer_names_the_object_whose_score_is_none() {
    let sim = strings(&["ab", "bcd", "a"]);
    let oracle = rehearsed(&settings("features.onnx", "features.json", form(Features)), &sim).unwrap();
    let transform = transform(&config(Some(TransformKind::Exp)));
    let mut scorer = Scorer::new(Box::new(oracle), transform);
    let error = scorer.log_reward(&sim, &[0, 1, 2], &mut [0.0; 3]).unwrap_err().to_string();
    assert!(error.contains("`bcd`") && error.contains("-inf"), "{error}");
}

#[test]
fn models_that_do_not_fit_are_refused_with_both_numbers() {
    let sim = strings(&[]);
    let longer = Config {
        alphabet: "abcd".to_owned(),
        max_len: 6,
        min_len: None,
        growth: Growth::Append,
        tokens: None,
        reversal: false,
    };
    let longer = Lanes::new("strings", Strings::from_config(longer).unwrap());
    let mlp = || settings("mlp.onnx", "mlp.json", |_| {});
    assert_eq!(
        refused(&mlp(), &longer),
        "model: input `x` of `mlp.onnx` takes 20 numbers per object, and there are 30\n\
         `strings` is encoded by 6 positions with 5 columns each"
    );
    let with = |model: &str, change: fn(&mut OnnxConfig)| settings(model, "mlp.json", change);
    for (config, words) in [
        (
            with("mlp.onnx", |c| c.encoding = Features),
            "takes 20 numbers per object, and there are 7\n`strings` has 7 features",
        ),
        (
            with("mlp.onnx", |c| c.encoding = Tokens),
            "encoding: input `x` of `mlp.onnx` takes f32, and `reward.encoding` gives int64",
        ),
        (
            with("tokens.onnx", |c| c.encoding = OneHot),
            "encoding: input `tokens` of `tokens.onnx` takes whole numbers",
        ),
        (
            with("mlp.onnx", |c| c.column = 1),
            "column: there is no column `1`: output `score` of `mlp.onnx` has 1",
        ),
        (
            with("two.onnx", |_| {}),
            "model: `two.onnx` has 2 outputs\nset `reward.output` to one of `score`, `pair`",
        ),
        (
            with("two.onnx", |c| c.output = Some("pear".into())),
            "output: `two.onnx` has no output `pear`\nset",
        ),
        (with("sum.onnx", |_| {}), "model: `sum.onnx` has 2 inputs\nset `reward.input` to one of `x`, `y`"),
        (with("sum.onnx", |c| c.input = Some("x".into())), "model: `sum.onnx` failed: "),
        (
            with("positions.onnx", |c| c.encoding = Features),
            "has 3 dimensions instead of 2: objects, and numbers of each",
        ),
        (
            with("mlp.json", |_| {}),
            "model: `mlp.json` is no ONNX model, or is damaged from byte 0 on\nit has 279 bytes",
        ),
    ] {
        let said = refused(&config, &sim);
        assert!(said.contains(words), "{said}\n{words}");
    }
    let empty = OnnxConfig { model: File::new("empty.onnx", ""), ..mlp() };
    assert!(refused(&empty, &sim).contains("`empty.onnx` cannot be read"));
    // Whole numbers are scores too, and a test of other ones finds them.
    assert!(refused(&with("whole.onnx", |_| {}), &sim).contains("does not pass its test"));
    let positions = Lanes::new("strings", Strings::small().swap_remove(2));
    let said = refused(&with("positions.onnx", |_| {}), &positions);
    assert!(said.contains("takes 4 × 5 numbers per object, and there are 3 × 5"), "{said}");
}

#[test]
fn environments_without_positions_give_no_tokens() {
    let toy = Lanes::new("dag", Dag::small().swap_remove(0));
    let config = settings("tokens.onnx", "tokens.json", form(Tokens));
    // Its one position has a column per node.
    assert!(refused(&config, &toy).contains("takes 4 numbers per object, and there are 1"));
    let grid = Lanes::new("hypergrid", Hypergrid::small().swap_remove(0));
    assert!(
        refused(&config, &grid)
            .contains("there are 2\n`hypergrid` is encoded by 2 positions with 8 columns each")
    );
    let world = World { spec: grid.spec(), features: &[] };
    let none = Onnx::new(&OnnxConfig { encoding: Features, ..config }, &world).err().unwrap();
    assert_eq!(none.to_string(), "`features` gives no features: `hypergrid` has no features");
}

#[test]
fn a_test_that_cannot_be_read_is_refused_with_the_place() {
    let sim = strings(&[]);
    for (text, words) in [
        ("", "test: t.json:1: the test vector is no JSON: EOF"),
        ("{\"objects\":\n [}", "test: t.json:2: the test vector is no JSON"),
        ("[]", "test: `t.json` is no JSON object"),
        ("{}", "test: `t.json` tests nothing"),
        (r#"{"objects": [], "scores": []}"#, "tests nothing"),
        (r#"{"object": ["a"], "scores": [1]}"#, "unknown key `object`\ndid you mean `objects`?"),
        (r#"{"objects": ["a"]}"#, "has 1 `objects` and 0 `scores`"),
        (r#"{"inputs": [[1]], "outputs": [1, 2]}"#, "has 1 `inputs` and 2 `outputs`"),
        (r#"{"objects": [1], "scores": [1]}"#, "`1` in `objects` of `t.json` is no string"),
        (r#"{"objects": ["a"], "scores": ["1"]}"#, "`\"1\"` in `scores` of `t.json` is no number"),
        (r#"{"objects": "a", "scores": [1]}"#, "`objects` of `t.json` is no list"),
        (r#"{"inputs": [1], "outputs": [1]}"#, "`1` in `inputs` of `t.json` is no list of numbers"),
        (r#"{"inputs": [[1]], "outputs": [[]]}"#, "`[]` in `outputs` of `t.json` is no list with a column 0"),
        (r#"{"inputs": [[1]], "outputs": [1]}"#, "has 1 numbers instead of 20"),
        (
            r#"{"objects": ["az"], "scores": [1]}"#,
            "`az` is not a state of `strings`, and `t.json` has a score for it",
        ),
        (r#"{"objects": ["ε"], "scores": [1]}"#, "`ε` is not finished, and `t.json`"),
        (r#"{"objects": ["a"], "scores": [null]}"#, "`null` in `scores`"),
    ] {
        let config =
            OnnxConfig { test: File::new("t.json", text), ..settings("mlp.onnx", "mlp.json", |_| {}) };
        let said = refused(&config, &sim);
        assert!(said.contains(words), "{text}: {said}");
    }
}

/// A model that was cut off or damaged is refused, or is another model and fails its test; nothing panics.
#[test]
fn damaged_models_do_not_panic() {
    let sim = strings(&[]);
    for (model, test, encoding) in [("mlp.onnx", "mlp.json", OneHot), ("tokens.onnx", "tokens.json", Tokens)]
    {
        let whole = file(model).bytes.to_vec();
        let with = |bytes: Vec<u8>| {
            let config = settings(model, test, form(encoding));
            rehearsed(&OnnxConfig { model: File::new(model, bytes), ..config }, &sim)
        };
        for n in 0..whole.len() {
            assert!(n > whole.len() - 30 || with(whole[..n].to_vec()).is_err(), "{n} bytes of {model} pass");
        }
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                let _ = with(bytes);
            }
        }
    }
}

/// A list of packed numbers whose last one does not end: the reader of the runtime would go round forever.
#[test]
fn packed_numbers_that_do_not_end_are_refused() {
    let sim = strings(&[]);
    for model in ["mlp.onnx", "tokens.onnx"] {
        let whole = file(model).bytes.to_vec();
        // The dimensions of weights, packed, as the exporters of some frameworks write them.
        let tensor = [0x0a, 0x02, 0x03, 0x80];
        let graph = [&[0x2a, tensor.len() as u8][..], &tensor].concat();
        let model_field = [&[0x3a, graph.len() as u8][..], &graph].concat();
        let bytes = [whole, model_field].concat();
        let at = bytes.len() - 1;
        let config = settings(model, "mlp.json", |_| {});
        let said = refused(&OnnxConfig { model: File::new(model, bytes), ..config }, &sim);
        assert!(said.contains(&format!("damaged from byte {at} on")), "{said}");
    }
}
