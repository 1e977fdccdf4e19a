//! Memory that can be computed is asked for before the start: what would not fit is an error with its place, and not the
//! end of the process in the middle of the work.

use headwater_core::{Encoding, EnvSpec, Heads, SettingError};
use headwater_nn::MlpConfig;
use headwater_train::{EvalConfig, TrainConfig};

/// Bytes that this process may still have: what the system has left, within the limits that were set for it; `None` where
/// neither is said.
pub fn available() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let left = read("/proc/meminfo").and_then(|text| {
        let kb = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        };
        Some(1024 * (kb("MemAvailable:")? + kb("SwapFree:").unwrap_or(0)))
    });
    let group = number("/sys/fs/cgroup/memory.max").map(|most| {
        // What is in use counts files that were read, which give way.
        let stat = read("/sys/fs/cgroup/memory.stat").unwrap_or_default();
        let files: u64 = ["inactive_file ", "active_file "]
            .iter()
            .filter_map(|name| stat.lines().find_map(|line| line.strip_prefix(name))?.parse::<u64>().ok())
            .sum();
        most.saturating_sub(number("/sys/fs/cgroup/memory.current").unwrap_or(0).saturating_sub(files))
    });
    // A limit of the process, as `ulimit -v` sets it, counts addresses, most of which are never used; it is a limit still.
    let limit = read("/proc/self/limits").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    [left, group, limit].into_iter().flatten().min()
}

/// An error at `field` if `bytes` are more than there are.
fn afford(field: &'static str, what: &str, bytes: f64, hint: &str) -> Option<SettingError> {
    let have = available()? as f64;
    (bytes > have).then(|| {
        let gb = |x: f64| x / 1e9;
        let message =
            format!("{what} needs about {:.1} GB of memory, and {:.1} GB are free", gb(bytes), gb(have));
        SettingError::at(field, message).hint(hint)
    })
}

/// Does enumeration of as many states as there are at least fit? Asked only where the cap allows it.
pub fn enumeration(spec: &EnvSpec, eval: &EvalConfig) -> Option<SettingError> {
    let states = spec.states_at_least;
    if states > eval.exact_cap as f64 {
        return None;
    }
    // About 60 bytes per state, and at least one edge of 16 bytes into each.
    afford(
        "exact_cap",
        &format!("enumerating {states:.0} states or more"),
        76.0 * states,
        "a smaller `eval.exact_cap` evaluates by sampling",
    )
}

/// Does a perceptron fit, with its gradient and its optimiser?
pub(crate) fn policy(config: &MlpConfig, encoding: Encoding, heads: Heads) -> Option<SettingError> {
    let (width, depth) = (config.width as f64, config.depth as f64);
    let (inputs, outputs) = (encoding.width() as f64, heads.stride as f64);
    let parameters = width * (inputs + (depth - 1.0) * width + outputs);
    // Parameters, the same transposed, gradients, two moments, each of 4 bytes.
    afford(
        "width",
        &format!("a network of {parameters:.2e} parameters"),
        20.0 * parameters,
        "fewer units or layers: `policy.width`, `policy.depth`",
    )
}

/// Do the batches, and what evaluation keeps, fit?
pub(crate) fn training(
    train: &TrainConfig,
    eval: &EvalConfig,
    spec: &EnvSpec,
) -> Vec<(&'static str, SettingError)> {
    let lanes = (train.batch + train.replay) as f64;
    // A state that is visited takes its row of bits, forward and backward, and a few numbers; every trajectory has one.
    let row = spec.n_actions as f64 / 4.0 + 64.0;
    // One that is under way takes a list with an edge at least.
    let under_way = 32.0 * train.lag as f64 * train.batch as f64;
    let batch = afford(
        "batch",
        &format!("a batch of {lanes} trajectories"),
        lanes * row + under_way,
        "a smaller `train.batch`, `train.replay` or `train.lag`",
    );
    // A weight per trajectory, the same sorted and resampled, and a pair per object with its text.
    let numbers = 24.0 * eval.samples as f64 + 64.0 * eval.objects as f64;
    let evaluation = afford(
        "samples",
        &format!("evaluation by {} trajectories and {} objects", eval.samples, eval.objects),
        numbers,
        "a smaller `eval.samples` or `eval.objects`",
    );
    batch.map(|e| ("train", e)).into_iter().chain(evaluation.map(|e| ("eval", e))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_there_is_has_a_message() {
        assert!(afford("batch", "nothing", 0.0, "").is_none());
        // Some systems do not say what they have.
        if available().is_some() {
            let error = afford("batch", "a batch", 1e18, "a smaller one");
            assert!(error.is_some_and(|e| {
                e.message.starts_with("a batch needs about 1000000000.0 GB of memory, and ")
            }));
        }
    }
}
