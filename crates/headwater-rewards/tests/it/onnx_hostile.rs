//! Models that are made to do harm: each is an error of the reward, and the process that asked goes on.

use headwater_core::settings::File;
use headwater_rewards::{OnnxConfig, Oracle, run_models_with, serve_model};

use crate::onnx::{build, rehearsed, scores, settings, strings};

/// Not a test of its own: the process of a model, which the tests below start with the name of this one.
#[test]
fn worker() {
    serve_model();
}

/// Models run in processes of their own from now on.
fn apart() {
    let name = ["onnx_hostile::worker", "--exact", "--nocapture", "--test-threads=1"];
    run_models_with(std::env::current_exe().unwrap(), name.map(Into::into).to_vec());
}

/// A field of a message: its number, and a number or bytes.
fn int(field: u8, value: u64) -> Vec<u8> {
    [varint(u64::from(field) << 3), varint(value)].concat()
}

fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    [varint(u64::from(field) << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn varint(mut n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while n > 127 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

const F32: u64 = 1;
const I32: u64 = 6;
const I64: u64 = 7;
const BOOL: u64 = 9;

fn tensor(name: &str, kind: u64, dims: &[u64], data: &[u8]) -> Vec<u8> {
    let dims = dims.iter().flat_map(|&d| int(1, d)).collect();
    bytes(5, &[dims, int(2, kind), bytes(8, name.as_bytes()), bytes(9, data)].concat())
}

/// A list of whole numbers.
fn i64s(name: &str, values: &[i64]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    tensor(name, I64, &[values.len() as u64], &data)
}

fn node(op: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs = inputs.iter().flat_map(|name| bytes(1, name.as_bytes())).collect();
    let rest = [bytes(2, output.as_bytes()), bytes(4, op.as_bytes()), attributes.concat()];
    bytes(1, &[inputs, rest.concat()].concat())
}

/// An attribute that is a whole number.
fn attribute(name: &str, value: u64) -> Vec<u8> {
    bytes(5, &[bytes(1, name.as_bytes()), int(3, value), int(20, 2)].concat())
}

/// A port of a graph (11 is an input, 12 an output), of a type and with dimensions; 0 is the number of objects.
fn port(field: u8, name: &str, kind: u64, dims: &[u64]) -> Vec<u8> {
    let dim = |&d: &u64| bytes(1, &if d == 0 { bytes(2, b"n") } else { int(1, d) });
    let shape = bytes(2, &dims.iter().flat_map(dim).collect::<Vec<u8>>());
    let of_type = bytes(2, &bytes(1, &[int(1, kind), shape].concat()));
    bytes(field, &[bytes(1, name.as_bytes()), of_type].concat())
}

/// A model of one-hot strings, of nodes and initial tensors, whose output is `score`.
fn model(parts: &[Vec<u8>]) -> Vec<u8> {
    let graph =
        [parts.concat(), bytes(2, b"g"), port(11, "x", F32, &[0, 20]), port(12, "score", F32, &[0, 1])];
    [int(1, 8), bytes(7, &graph.concat()), bytes(8, &int(2, 17))].concat()
}

/// The sum of each row of `of` is the score.
fn sum(of: &str) -> [Vec<u8>; 2] {
    [i64s("axis", &[-1]), node("ReduceSum", &[of, "axis"], "score", &[])]
}

fn config(bytes: Vec<u8>) -> OnnxConfig {
    settings("mlp.onnx", "mlp.json", |c| {
        c.model = File::new("hostile.onnx", bytes);
        c.test = File::new("t.json", r#"{"objects": ["a"], "scores": [1.0]}"#);
        c.max_memory_gb = 0.5;
        c.timeout_s = 20.0;
    })
}

fn said(bytes: Vec<u8>) -> String {
    let error = rehearsed(&config(bytes), &strings(&[])).err().expect("it is refused");
    format!("{error}")
}

#[test]
fn a_good_model_gives_the_same_bits_in_a_process_of_its_own() {
    let sim = strings(&["a", "abcd", "dd", "cab"]);
    let mut here = rehearsed(&settings("mlp.onnx", "mlp.json", |_| {}), &sim).unwrap();
    apart();
    for model in ["mlp.onnx", "fixed.onnx", "positions.onnx"] {
        let mut oracle = rehearsed(&settings(model, "mlp.json", |_| {}), &sim).unwrap();
        for lanes in [&[0, 1, 2, 3][..], &[2], &[]] {
            assert_eq!(scores(&mut oracle, &sim, lanes), scores(&mut here, &sim, lanes), "{model}");
        }
    }
    let tokens =
        settings("tokens.onnx", "tokens.json", |c| c.encoding = headwater_rewards::InputForm::Tokens);
    rehearsed(&tokens, &sim).unwrap();
    let features = headwater_rewards::InputForm::Features;
    rehearsed(&settings("features.onnx", "features.json", |c| c.encoding = features), &sim).unwrap();
    // What is wrong with a model is said as it is within the process.
    let error = build(&settings("two.onnx", "mlp.json", |_| {}), &sim).err().unwrap();
    assert_eq!((error.field, error.to_string()), (Some("model"), "`two.onnx` has 2 outputs".to_owned()));
    assert_eq!(error.hint.as_deref(), Some("set `reward.output` to one of `score`, `pair`"));
}

#[test]
fn models_that_ask_for_all_memory_are_refused() {
    apart();
    let much = 1i64 << 36;
    let zero = tensor("zero", F32, &[], &0f32.to_le_bytes());
    let scalar = |name: &str, value: i64| tensor(name, I64, &[], &value.to_le_bytes());
    for (op, parts) in [
        ("ConstantOfShape", vec![i64s("shape", &[much]), node("ConstantOfShape", &["shape"], "y", &[])]),
        ("Tile", vec![i64s("times", &[1, much]), node("Tile", &["x", "times"], "y", &[])]),
        ("Expand", vec![i64s("shape", &[much, 20]), node("Expand", &["x", "shape"], "y", &[])]),
        ("Pad", vec![i64s("pads", &[0, 0, 0, much]), zero, node("Pad", &["x", "pads", "zero"], "y", &[])]),
        (
            "Range",
            vec![
                scalar("from", 0),
                scalar("to", much),
                scalar("by", 1),
                node("Range", &["from", "to", "by"], "r", &[]),
                node("Cast", &["r"], "y", &[attribute("to", F32)]),
            ],
        ),
    ] {
        let said = said(model(&[parts.concat(), sum("y").concat()]));
        assert!(
            said.starts_with("`hostile.onnx`") || said.contains("more memory than it may have"),
            "{op}: {said}"
        );
        assert!(said.contains("more memory") || said.contains("the runtime"), "{op}: {said}");
    }
}

#[test]
fn models_that_break_the_runtime_are_refused() {
    apart();
    let step = [
        i64s("start", &[0]),
        i64s("end", &[4]),
        i64s("axes", &[1]),
        i64s("step", &[0]),
        node("Slice", &["x", "start", "end", "axes", "step"], "y", &[]),
    ];
    let told = said(model(&[step.concat(), sum("y").concat()]));
    assert!(told.contains("`hostile.onnx`"), "{told}");
    let i32 = |name: &str, value: i32| tensor(name, I32, &[], &value.to_le_bytes());
    let divide = [
        i32("zero", 0),
        i32("least", i32::MIN),
        i32("minus", -1),
        node("Cast", &["x"], "whole", &[attribute("to", I32)]),
        node("Mul", &["whole", "zero"], "none", &[]),
        node("Add", &["none", "least"], "leasts", &[]),
        node("Div", &["leasts", "minus"], "quotient", &[]),
        node("Cast", &["quotient"], "y", &[attribute("to", F32)]),
    ];
    let told = said(model(&[divide.concat(), sum("y").concat()]));
    assert!(told.contains("the runtime does not cope with the model"), "{told}");
}

#[test]
fn a_model_that_never_ends_is_ended() {
    apart();
    let body = [
        bytes(2, b"body"),
        port(11, "i", I64, &[]),
        port(11, "on", BOOL, &[]),
        port(11, "before", F32, &[0, 20]),
        node("Identity", &["on"], "again", &[]),
        node("Identity", &["before"], "after", &[]),
        port(12, "again", BOOL, &[]),
        port(12, "after", F32, &[0, 20]),
    ];
    let body = bytes(5, &[bytes(1, b"body"), bytes(6, &body.concat()), int(20, 5)].concat());
    let forever = [tensor("yes", BOOL, &[], &[1]), node("Loop", &["", "yes", "x"], "y", &[body])];
    let config = OnnxConfig { timeout_s: 1.0, ..config(model(&[forever.concat(), sum("y").concat()])) };
    let error = rehearsed(&config, &strings(&[])).err().expect("it is refused").to_string();
    assert!(error.contains("there is no answer after 1 s (`timeout_s`)"), "{error}");
}

#[test]
fn a_process_that_was_killed_is_started_again() {
    apart();
    let sim = strings(&["a", "dd"]);
    let mut oracle = rehearsed(&settings("mlp.onnx", "mlp.json", |_| {}), &sim).unwrap();
    let first = scores(&mut oracle, &sim, &[0, 1]);
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    for pid in children.split_whitespace() {
        let killed = std::process::Command::new("kill").args(["-9", pid]).status().unwrap();
        assert!(killed.success());
    }
    let mut objects = headwater_rewards::Objects::default();
    objects.read(&sim, &[0, 1], oracle.forms(), 7);
    let mut out = [0.0; 2];
    if !children.is_empty() {
        let error = oracle.score(&objects, &mut out).unwrap_err().to_string();
        assert!(error.contains("its process ended"), "{error}");
    }
    oracle.score(&objects, &mut out).unwrap();
    assert_eq!(out.to_vec(), first);
}
