//! Jobs from a file, or drawn.

use headwater_core::{Key, SettingError, Settings};
use headwater_graph::{Dependency, FileError, Jobs, read_jobs};

use super::{Config, MAX_JOBS, MAX_MACHINES, Scheduling};
use crate::registry::within;

/// The settings where nothing is set.
pub(super) fn defaults() -> Config {
    let values = headwater_core::settings::defaults(Config::FIELDS);
    Config::read(&values.expect("every field that must be given has a default"))
}

/// The instance that the settings describe.
pub(super) fn build(config: Config) -> Result<Scheduling, SettingError> {
    within("machines", config.machines, 1..=MAX_MACHINES)?;
    let jobs = match &config.graph {
        Some(file) => read_jobs(file).map_err(|error: FileError| SettingError {
            field: Some("graph"),
            message: error.to_string(),
            hint: error.hint,
        })?,
        None => draw(&config)?,
    };
    let n = jobs.times().len();
    if n > MAX_JOBS {
        let message = format!("`{n}` jobs are more than the {MAX_JOBS} that a schedule can hold");
        return Err(SettingError::at("graph", message));
    }
    if jobs.times().iter().all(|&t| t == 0.0) {
        let message = "no job takes any time, so that there is nothing to schedule";
        return Err(SettingError::at("graph", message).hint("give some job a positive `time`"));
    }
    let alike = config.speeds.is_none();
    let speeds = config.speeds.unwrap_or_else(|| vec![1.0; config.machines]);
    if !(1..=MAX_MACHINES).contains(&speeds.len()) {
        let message =
            format!("`{}` speeds are given, and there can be 1 to {MAX_MACHINES} machines", speeds.len());
        return Err(SettingError::at("speeds", message));
    }
    let (mut inputs, mut needs, mut feeds) = (vec![Vec::new(); n], vec![0; n], vec![0; n]);
    for d in jobs.dependencies() {
        let (from, to) = (d.from as usize, d.to as usize);
        inputs[to].push((from, d.cost));
        needs[to] |= 1 << from;
        feeds[from] |= 1 << to;
    }
    let mut env = Scheduling { jobs, speeds, alike, inputs, needs, feeds, sequential: 0.0 };
    env.sequential = (0..n).map(|j| env.quickest(j)).sum();
    Ok(env)
}

/// Jobs in layers, each of which may wait for those of the layer before.
fn draw(config: &Config) -> Result<Jobs, SettingError> {
    let &Config { jobs: n, layers, p, communication, seed, .. } = config;
    within("jobs", n, 1..=MAX_JOBS)?;
    within("layers", layers, 1..=MAX_JOBS)?;
    if layers > n {
        let message = format!("`{layers}` layers are more than {n} jobs");
        return Err(SettingError::at("layers", message));
    }
    let key = Key::new(seed);
    let ten = |key: Key| (1 + key.below(10)) as f64;
    let layer = |job: usize| job * layers / n;
    let pairs = (0..n).flat_map(|to| (0..to).map(move |from| (from, to)));
    let dependency = |(from, to): (usize, usize)| {
        let key = key.fold(1).fold(to as u64).fold(from as u64);
        let is = layer(from) + 1 == layer(to) && key.fold(0).unit() < p;
        let cost = communication * ten(key.fold(1));
        is.then_some(Dependency { from: from as u32, to: to as u32, cost })
    };
    let times = (0..n).map(|j| ten(key.fold(0).fold(j as u64))).collect();
    Ok(Jobs::numbered(times, pairs.filter_map(dependency).collect()))
}
