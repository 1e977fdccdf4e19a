//! Objects per second of formulas and of a model, on one thread: `cargo bench -p headwater-rewards --bench score`.
//!
//! The objects are all strings of eight of `ACGT` in batches of 512, measured and encoded with the rest. For a model, add
//! `--features onnx` and, after `--`, the file that `tests/data/make.py FILE` writes: 40 inputs, two layers of 256, one
//! output. Strings are longer for a model of more inputs, five for each letter. The model runs within this process and then
//! in one of its own.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use headwater_core::{Lanes, Simulator};
use headwater_envs::Registered;
use headwater_envs::strings::{Config, Growth, Strings};
use headwater_rewards::{Expression, ExpressionConfig, Objects, Oracle, World};

/// Objects in a batch.
const BATCH: u32 = 512;

const FORMULAS: [&str; 3] = [
    "1 + count_A",
    "exp(-abs(length - 5)) * (1 + count_A)",
    "if(count_A > 2 and runs < 5, exp(-(count_C - 2)^2), 0.1) + max(count_G, count_T) / length",
];

fn main() {
    #[cfg(all(feature = "onnx", unix))]
    if std::env::args().any(|a| a == "serve-model") {
        headwater_rewards::serve_model();
        return;
    }
    let config = Config {
        alphabet: "ACGT".to_owned(),
        max_len: 8,
        min_len: None,
        growth: Growth::Append,
        tokens: None,
        reversal: false,
    };
    let mut sim = Lanes::new("strings", Strings::from_config(config).expect("good settings"));
    sim.reset(BATCH as usize);
    for lane in 0..BATCH {
        let letter = |i: u32| ['A', 'C', 'G', 'T'][(((lane * 97) >> (2 * i)) & 3) as usize];
        sim.load(lane, &(0..8).map(letter).collect::<String>()).expect("a string of the environment");
    }
    let features = sim.features();
    let world = World { spec: sim.spec(), features: &features };
    for formula in FORMULAS {
        let config = ExpressionConfig { expression: formula.to_owned() };
        let mut oracle = Expression::new(&config, &world).expect("a good formula");
        measure(formula, &sim, &mut oracle);
    }
    #[cfg(feature = "onnx")]
    if let Some(path) = std::env::args().skip(1).find(|a| !a.starts_with('-')) {
        model(&path);
    }
}

#[cfg(feature = "onnx")]
fn model(path: &str) {
    use headwater_core::Settings;
    use headwater_core::settings::{File, Value, defaults};
    use headwater_rewards::{Onnx, OnnxConfig};

    let fields: Vec<_> = OnnxConfig::FIELDS.iter().filter(|f| !f.required).copied().collect();
    let mut values = defaults(&fields).expect("what is not required has a default");
    values
        .insert("model", Value::File(File::new(path, std::fs::read(path).expect("a file that can be read"))));
    values.insert("test", Value::File(File::new("none", "")));
    let config = OnnxConfig::read(&values);
    let build = |letters: usize| {
        let strings = Config {
            alphabet: "ACGT".to_owned(),
            max_len: letters,
            min_len: None,
            growth: Growth::Append,
            tokens: None,
            reversal: false,
        };
        let mut sim = Lanes::new("strings", Strings::from_config(strings).expect("good settings"));
        sim.reset(BATCH as usize);
        for lane in 0..BATCH {
            let letter = |i: usize| ['A', 'C', 'G', 'T'][((lane as usize * 97) >> (i % 9)) & 3];
            sim.load(lane, &(0..letters).map(letter).collect::<String>())
                .expect("a string of the environment");
        }
        let features = sim.features();
        Onnx::new(&config, &World { spec: sim.spec(), features: &features }).ok().map(|oracle| (oracle, sim))
    };
    let fitting = (1..=512).find_map(|letters| build(letters).map(|_| letters)).expect("a model that fits");
    let (mut oracle, sim) = build(fitting).expect("it fits");
    measure(path, &sim, &mut oracle);
    #[cfg(unix)]
    {
        let this = std::env::current_exe().expect("a program that runs has a path");
        headwater_rewards::run_models_with(this, vec!["serve-model".into()]);
        let (mut oracle, sim) = build(fitting).expect("it fits");
        measure(&format!("{path}, in a process of its own"), &sim, &mut oracle);
    }
}

/// Scores batches for a second and says how many objects that were, with and without reading them from the simulator.
fn measure(name: &str, sim: &dyn Simulator, oracle: &mut dyn Oracle) {
    let lanes: Vec<u32> = (0..BATCH).collect();
    let (mut objects, mut out) = (Objects::default(), vec![0.0; lanes.len()]);
    let n_features = sim.features().len();
    let mut read = || objects.read(sim, &lanes, oracle.forms(), n_features);
    let reading = rate(&mut read);
    let scoring = rate(&mut || oracle.score(black_box(&objects), &mut out).expect("scores"));
    let both = 1.0 / (1.0 / reading + 1.0 / scoring);
    println!("{scoring:12.0} scores/s, {both:12.0} with reading   {name}");
}

/// Objects per second: the best of five fifths of a second, since the machine may have other work.
fn rate(batch: &mut dyn FnMut()) -> f64 {
    let fifth = |_| {
        let (start, mut n) = (Instant::now(), 0);
        while start.elapsed().as_secs_f64() < 0.2 {
            batch();
            n += BATCH;
        }
        f64::from(n) / start.elapsed().as_secs_f64()
    };
    (0..5).map(fifth).fold(0.0, f64::max)
}
