//! How much memory learning trees takes, told before it is taken.

use headwater_core::Simulator;
use headwater_nn::MlpConfig;
use headwater_run::{Checked, Problem};
use headwater_train::TrainConfig;

use crate::out::Failure;

/// What evaluation and sampling may take for the states of a batch: see `headwater_train`.
const SAMPLING: usize = 128 << 20;
/// What is there in any case.
const BASE: usize = 48 << 20;

/// Bytes that learning takes at most, about: the network with its gradients, moments and a checkpoint under way; and the
/// states of a batch, with what the network reads, computes and answers, while training or while sampling.
pub fn needed(checked: &Checked, sim: &dyn Simulator) -> usize {
    let train: TrainConfig = checked.read("train");
    let spec = sim.spec();
    let encoding = spec.encoding;
    let (width, layers) = if checked.kind("policy") == "mlp" {
        let mlp: MlpConfig = checked.read("policy");
        (mlp.width, mlp.depth)
    } else {
        (0, 0)
    };
    let parameters = (encoding.width() + width * layers.saturating_sub(1) + spec.n_actions) * width;
    let state = encoding.active + encoding.reals + encoding.guide + 2 * spec.n_actions + 2 * width * layers;
    let states = (train.batch + train.replay) * (spec.max_len + 1);
    BASE + 4 * 10 * parameters + (4 * state * states).max(SAMPLING.min(4 * state * 1024 * (spec.max_len + 1)))
}

/// Says so many bytes to people.
pub fn said(bytes: usize) -> String {
    let mb = bytes as f64 / 1e6;
    if mb < 1000.0 { format!("{mb:.0} MB") } else { format!("{:.1} GB", mb / 1000.0) }
}

/// Refuses what the machine has no memory for, as far as it says how much it has.
///
/// # Errors
/// If more is needed than is available.
pub fn check(needed: usize) -> Result<(), Failure> {
    let Some(available) = available() else { return Ok(()) };
    if needed <= available {
        return Ok(());
    }
    let what = format!("this takes about {} of memory, and {} are available", said(needed), said(available));
    Err(Problem::new(what)
        .hint("use fewer sequences (`env.n`), or a smaller `train.batch` or `policy.width`".to_owned())
        .into())
}

/// Bytes that can be had without swapping; known under Linux.
fn available() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kb| kb * 1024)
}
