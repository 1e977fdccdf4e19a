//! How fast trees over an alignment are built at random and scored, on one core.
//!
//! ```sh
//! cargo run --release -p headwater-envs --example phylo_speed -- alignment.fasta
//! ```
//!
//! Prints transitions per second of uniform play (masks, a draw, a step) by itself; with the score of every finished
//! tree; with that of every forest on the way; and with the encoding of every forest, which has the costs of all merges.
//! Each is the best of seven slices. Without a file, seven generated sequences.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::{Duration, Instant};

use headwater_core::settings::{File, Value, defaults};
use headwater_core::{BitMatrix, Encoded, Key, Simulator};
use headwater_envs::Registered;
use headwater_envs::phylo::{Parsimony, Phylo};
use headwater_envs::{NativeReward, find};

const LANES: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let entry = find("phylo").ok_or("trees are registered")?;
    let mut values = defaults(entry.entry.fields)?;
    if let Some(path) = std::env::args().nth(1) {
        let bytes = std::fs::read(&path)?;
        values.insert("alignment", Value::File(File::new(path, bytes)));
    }
    let env = Phylo::from_config(headwater_core::Settings::read(&values)).map_err(|e| e.to_string())?;
    let fitch = env.fitch();
    println!("{} leaves, {} patterns in {} words", env.names().len(), fitch.n_patterns(), fitch.words());
    let reward = Parsimony::ENTRY;
    let reward = defaults(reward.entry.fields)?;
    let mut sim = entry.build(&values, Some(("parsimony", &reward)))?;
    for (what, score, all, encode) in [
        ("play", false, false, false),
        ("play, score of trees", true, false, false),
        ("play, score of forests", true, true, false),
        ("play, encodings", false, false, true),
    ] {
        let mut best = 0f64;
        for slice in 0..7 {
            let (start, mut steps, mut key) = (Instant::now(), 0, Key::new(slice));
            while start.elapsed() < Duration::from_millis(150) {
                key = key.fold(1);
                steps += play(&mut *sim, key, score, all, encode);
            }
            best = best.max(steps as f64 / start.elapsed().as_secs_f64());
        }
        println!("{what:<24} {best:>12.0}/s");
    }
    Ok(())
}

/// Builds a tree in every lane; the number of steps.
fn play(sim: &mut dyn Simulator, key: Key, score: bool, all: bool, encode: bool) -> usize {
    sim.reset(LANES);
    let lanes: Vec<u32> = (0..LANES as u32).collect();
    let mut masks = BitMatrix::new(LANES, sim.spec().n_actions);
    let mut encoded = Encoded::new(sim.spec().encoding, if encode { LANES } else { 0 });
    let (mut scores, mut actions) = (vec![0.0; LANES], Vec::with_capacity(LANES));
    let length = sim.spec().max_len;
    for t in 0..length {
        sim.forward_masks(&lanes, &mut masks, 0);
        let draw = key.fold(t as u64);
        actions.clear();
        actions.extend((0..LANES).map(|i| masks.select(i, draw.fold(i as u64).below(masks.count(i)))));
        sim.step(&lanes, &actions);
        if score && (all || t + 1 == length) {
            sim.score(&lanes, &mut scores);
        }
        if encode {
            sim.encode(&lanes, &mut encoded, 0);
        }
    }
    length * LANES
}
