//! Speed beside other libraries: `cargo xtask bench-peers` measures the three in turn and writes `docs/results/speed.md`.

mod cells;
mod load;
mod page;
mod record;
mod systems;

use crate::shell::{root, write};
use crate::{Error, Verdict};
use cells::{Cell, Mode};
use record::Run;
use systems::{Systems, Which};

/// Threads of every system; a peer is measured with one thread too, and has the better of both.
const THREADS: usize = 2;

/// The total variation distance that ends a run for quality.
const TV: f64 = 0.05;

/// Seconds of training after which a peer's run for quality is given up.
const CAP: f64 = 120.0;

/// Cores at work for others from which a run is worth little.
const BUSY: f64 = 0.3;

/// `cargo xtask bench-peers [--cells NAME] [--repeats N]`. With `--cells` only the cells whose names contain NAME are
/// measured, and the page goes to stdout.
pub fn compare(args: &[&str]) -> Result<Verdict, Error> {
    let options = Options::parse(args)?;
    let cells: Vec<Cell> = cells::all().into_iter().filter(|c| c.name.contains(&options.cells)).collect();
    if cells.is_empty() {
        let names: Vec<String> = cells::all().into_iter().map(|c| c.name).collect();
        return Err(format!("no cell is called `{}`; there are {}", options.cells, names.join(", ")));
    }
    let systems = Systems::prepare()?;
    let machine = page::Machine::read();
    let mut runs = Vec::new();
    let mut failed = false;
    for (i, cell) in cells.iter().enumerate() {
        eprintln!("{}/{} {}", i + 1, cells.len(), cell.name);
        failed |= !measure(&systems, cell, options.repeats, &mut runs);
        let text = page::write(&cells[..=i], &runs, &systems, &machine, options.repeats);
        if options.cells.is_empty() {
            // Cell by cell, so that a comparison that is cut short has not been for nothing.
            write(&root().join("docs/results/speed.csv"), &record::csv(&runs))?;
            write(&root().join("docs/results/speed.md"), &text)?;
        } else if i + 1 == cells.len() {
            print!("{text}");
        }
    }
    if options.cells.is_empty() {
        println!("wrote docs/results/speed.csv and docs/results/speed.md");
    }
    Ok(if failed { Verdict::Findings } else { Verdict::Clean })
}

/// What the command line asks for.
#[derive(Debug, PartialEq)]
struct Options {
    /// Part of the names of cells; empty for all.
    cells: String,
    repeats: usize,
}

impl Options {
    fn parse(args: &[&str]) -> Result<Self, Error> {
        let mut options = Self { cells: String::new(), repeats: 5 };
        for pair in args.chunks(2) {
            match *pair {
                ["--cells", name] => name.clone_into(&mut options.cells),
                ["--repeats", n] => {
                    let parsed = n.parse().ok().filter(|&n| n > 0);
                    options.repeats =
                        parsed.ok_or(format!("`--repeats {n}`: expected a whole number from 1 on"))?;
                }
                _ => {
                    return Err(format!(
                        "`{}` is not understood; expected [--cells NAME] [--repeats N]",
                        pair.join(" ")
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// Measures one cell, the systems in turn, and says whether every run succeeded.
fn measure(systems: &Systems, cell: &Cell, repeats: usize, runs: &mut Vec<Run>) -> bool {
    let mut good = true;
    // A system that failed or gave up in the first round has no further ones; a peer keeps its better number of threads.
    let mut going: Vec<(Which, Vec<usize>)> =
        cell.systems.iter().map(|&s| (s, first_threads(cell, s))).collect();
    for repeat in 0..repeats {
        for (which, threads) in &mut going {
            let mut best: Option<Run> = None;
            for &n in threads.iter() {
                match systems.run(cell, *which, n, repeat) {
                    Ok(run) => {
                        eprintln!("  {}", run.line());
                        if best.as_ref().is_none_or(|b| run.goodness(cell.mode) > b.goodness(cell.mode)) {
                            best = Some(run.clone());
                        }
                        runs.push(run);
                    }
                    Err(error) => {
                        eprintln!("  error: {error}");
                        good = false;
                    }
                }
            }
            *threads = best.filter(|b| !b.gave_up()).map_or_else(Vec::new, |b| vec![b.threads]);
        }
    }
    good
}

/// Numbers of threads to try.
fn first_threads(cell: &Cell, which: Which) -> Vec<usize> {
    if which == Which::Headwater || cell.mode == Mode::Start { vec![THREADS] } else { vec![1, THREADS] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_or_refused() {
        let parse = |args: &[&str]| Options::parse(args);
        assert_eq!(parse(&[]), Ok(Options { cells: String::new(), repeats: 5 }));
        let both = Options { cells: "tb".into(), repeats: 2 };
        assert_eq!(parse(&["--repeats", "2", "--cells", "tb"]), Ok(both));
        for bad in [&["--repeats"][..], &["--repeats", "0"], &["--cells", "tb", "x"]] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
