//! What is compared: one cell per task, objective and batch.

use super::systems::Which::{self, Gfnx, Headwater, Torchgfn};

/// What is measured in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Transitions per second of training.
    Train,
    /// Transitions per second of drawing from a fresh policy.
    Sample,
    /// Seconds from the start of the process to the end of the first update.
    Start,
    /// Seconds of training until the sampler is good.
    Quality,
}

/// One row of the comparison.
#[derive(Clone, Debug)]
pub struct Cell {
    /// A name without blanks, for `--cells` and the raw numbers.
    pub name: String,
    /// What readers see.
    pub title: String,
    pub batch: usize,
    pub mode: Mode,
    /// Our configuration, below the root.
    pub config: String,
    /// Settings on top of it.
    pub sets: Vec<String>,
    /// All trajectories are equally long, so that it does not matter which updates are timed.
    pub steady: bool,
    /// The same task in the words of the peers' runners.
    pub task: String,
    /// The systems that have this task, in the order of their turns.
    pub systems: &'static [Which],
}

const EVERYBODY: &[Which] = &[Headwater, Torchgfn, Gfnx];

/// Every cell, in the order of the page.
pub fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (dim, side) in [(2, 8), (4, 8), (2, 64), (4, 20)] {
        for batch in [16, 32, 128, 512] {
            cells.push(grid(dim, side, "tb", batch, Mode::Train, EVERYBODY));
        }
    }
    for objective in ["db", "subtb", "fm"] {
        // gfnx has no flow matching.
        let systems = if objective == "fm" { &EVERYBODY[..2] } else { EVERYBODY };
        for batch in [16, 128] {
            cells.push(grid(4, 8, objective, batch, Mode::Train, systems));
        }
    }
    for side in [6, 10] {
        let title = format!("Ising {side}×{side}, TB");
        cells.push(other(&format!("ising-{side}"), title, &format!("ising --side {side}"), EVERYBODY));
    }
    cells.push(other("bits-120", "120 bits in any order, TB".into(), "bits", EVERYBODY));
    cells.push(strings());
    cells.push(grid(4, 8, "tb", 1024, Mode::Sample, EVERYBODY));
    cells.push(grid(4, 8, "tb", 16, Mode::Start, EVERYBODY));
    cells.push(quality());
    cells
}

/// Training starts from log Z = 0 everywhere.
const MATCHED: &str = "train.log_z_init=0.0";

fn grid(
    dim: usize,
    side: usize,
    objective: &str,
    batch: usize,
    mode: Mode,
    systems: &'static [Which],
) -> Cell {
    let power = if dim == 2 { '²' } else { '⁴' };
    let prefix = match mode {
        Mode::Sample => "sample-",
        Mode::Start => "start-",
        Mode::Train | Mode::Quality => "",
    };
    Cell {
        name: format!("{prefix}grid-{dim}x{side}-{objective}-{batch}"),
        title: format!("{side}{power} grid, {}", published(objective)),
        batch,
        mode,
        config: format!("configs/bench/hypergrid-{dim}x{side}.toml"),
        sets: vec![format!("train.batch={batch}"), format!("objective.kind={objective}"), MATCHED.into()],
        steady: false,
        task: format!("hypergrid --dim {dim} --side {side} --objective {objective} --batch {batch}"),
        systems,
    }
}

/// An objective as papers write it.
fn published(objective: &str) -> String {
    if objective == "subtb" { "SubTB".into() } else { objective.to_uppercase() }
}

fn other(name: &str, title: String, task: &str, systems: &'static [Which]) -> Cell {
    Cell {
        name: name.to_owned(),
        title,
        batch: 16,
        mode: Mode::Train,
        config: format!("configs/bench/{name}.toml"),
        sets: vec![MATCHED.into()],
        steady: true,
        task: task.to_owned(),
        systems,
    }
}

/// Strings of eight bases with a random table of rewards; torchgfn has no such task.
fn strings() -> Cell {
    let sets = ["train.batch=16", "train.epsilon=0.0", "train.lr=0.001", "train.lr_log_z=0.1", MATCHED];
    Cell {
        config: "configs/tfbind8.toml".into(),
        sets: sets.map(str::to_owned).to_vec(),
        ..other("tfbind8", "8 bases, random table, TB".into(), "tfbind8", &[Headwater, Gfnx])
    }
}

/// A grid with far modes, every system as its own project would train it.
fn quality() -> Cell {
    Cell {
        name: "quality-grid-4x8".into(),
        title: "8⁴ grid, own settings".into(),
        batch: 0,
        mode: Mode::Quality,
        config: "configs/bench/quality-4x8.toml".into(),
        sets: vec!["eval.every=100".into()],
        steady: false,
        task: "hypergrid --dim 4 --side 8 --batch 16".into(),
        systems: EVERYBODY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::root;
    use std::collections::HashSet;

    #[test]
    fn names_differ_and_configurations_exist() {
        let cells = all();
        let names: HashSet<&str> = cells.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names.len(), cells.len());
        for cell in &cells {
            assert!(root().join(&cell.config).is_file(), "{}", cell.config);
            assert_eq!(cell.systems[0], Headwater, "{}", cell.name);
        }
        assert_eq!(cells.iter().filter(|c| c.mode == Mode::Train).count(), 26);
    }
}
