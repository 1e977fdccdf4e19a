//! Raw numbers of single runs, and medians over them.

use std::fmt::Write;

use super::cells::{Cell, Mode};
use super::systems::Which;
use super::{BUSY, CAP, TV};
use crate::bench::number;

/// A number that a run may report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Iterations,
    Seconds,
    TransitionsPerS,
    MeanLen,
    PeakRssBytes,
    StartToFirstUpdateS,
    Tv,
}

/// Names in JSON and in the CSV file, in the order of [`Field`].
const FIELDS: [&str; 7] = [
    "iterations",
    "seconds",
    "transitions_per_s",
    "mean_len",
    "peak_rss_bytes",
    "start_to_first_update_s",
    "tv",
];

/// One process.
#[derive(Clone, Debug)]
pub struct Run {
    pub cell: String,
    pub which: Which,
    pub threads: usize,
    pub repeat: usize,
    /// Cores that other processes kept busy meanwhile.
    pub others: f64,
    /// In the order of [`FIELDS`]; those that the run does not speak of are absent.
    numbers: [Option<f64>; FIELDS.len()],
}

impl Run {
    /// From the JSON that a system prints; an error if it does not hold what the cell is about.
    pub fn new(cell: &Cell, which: Which, threads: usize, repeat: usize, json: &str) -> Result<Self, String> {
        let numbers = FIELDS.map(|name| number(json, name));
        let run = Self { cell: cell.name.clone(), which, threads, repeat, others: 0.0, numbers };
        let subject = subject(cell.mode);
        match run.get(subject) {
            Some(_) => Ok(run),
            None => Err(format!("{} says no `{}`: {}", which.name(), FIELDS[subject as usize], json.trim())),
        }
    }

    pub fn get(&self, field: Field) -> Option<f64> {
        self.numbers[field as usize]
    }

    /// Did training end at the cap, without the quality that was asked for?
    pub fn gave_up(&self) -> bool {
        gave_up(|field| self.get(field))
    }

    /// See [`goodness`].
    pub fn goodness(&self, mode: Mode) -> f64 {
        goodness(mode, |field| self.get(field))
    }

    /// The run in a line of progress.
    pub fn line(&self) -> String {
        let mut line = format!("{:<10}{} threads", self.which.name(), self.threads);
        for (name, x) in FIELDS.iter().zip(self.numbers) {
            if let Some(x) = x.filter(|_| !name.starts_with("iterations") && !name.starts_with("peak")) {
                write!(line, "  {name} {x:.4}").expect("writing to a string cannot fail");
            }
        }
        if self.others > BUSY {
            write!(line, "  (others had {:.1} cores)", self.others).expect("writing to a string cannot fail");
        }
        line
    }
}

/// What a cell of each kind is about.
fn subject(mode: Mode) -> Field {
    match mode {
        Mode::Train | Mode::Sample => Field::TransitionsPerS,
        Mode::Start => Field::StartToFirstUpdateS,
        Mode::Quality => Field::Seconds,
    }
}

fn gave_up(get: impl Fn(Field) -> Option<f64>) -> bool {
    get(Field::Tv).is_some_and(|tv| tv > TV) && get(Field::Seconds).is_some_and(|s| s >= CAP)
}

/// More of it is better: a rate, or less time; of those that gave up, that which got nearer.
fn goodness(mode: Mode, get: impl Fn(Field) -> Option<f64>) -> f64 {
    if gave_up(&get) {
        return -CAP * (1.0 + get(Field::Tv).unwrap_or(1.0));
    }
    let x = get(subject(mode)).unwrap_or(f64::NAN);
    if matches!(mode, Mode::Train | Mode::Sample) { x } else { -x }
}

/// The runs of a system in a cell, those with the better number of threads.
#[derive(Debug)]
pub struct Group<'a> {
    pub threads: usize,
    runs: Vec<&'a Run>,
}

impl<'a> Group<'a> {
    /// None if the system has no run in the cell.
    pub fn new(runs: &'a [Run], cell: &Cell, which: Which) -> Option<Self> {
        let of = |threads| {
            let here = |r: &&Run| r.cell == cell.name && r.which == which && r.threads == threads;
            Self { threads, runs: runs.iter().filter(here).collect() }
        };
        let groups = [1, super::THREADS].map(of).into_iter().filter(|g| !g.runs.is_empty());
        groups.max_by(|a, b| a.goodness(cell.mode).total_cmp(&b.goodness(cell.mode)))
    }

    /// See [`goodness`]; of the medians.
    pub fn goodness(&self, mode: Mode) -> f64 {
        goodness(mode, |field| self.median(field))
    }

    /// The median over the runs that report the number.
    pub fn median(&self, field: Field) -> Option<f64> {
        median(self.runs.iter().filter_map(|r| r.get(field)).collect())
    }

    pub fn gave_up(&self) -> bool {
        gave_up(|field| self.median(field))
    }
}

fn median(mut xs: Vec<f64>) -> Option<f64> {
    xs.sort_by(f64::total_cmp);
    let n = xs.len();
    (n > 0).then(|| (xs[(n - 1) / 2] + xs[n / 2]) / 2.0)
}

/// All runs as a table, one line each.
pub fn csv(runs: &[Run]) -> String {
    let mut out = format!("cell,system,threads,repeat,other_cores,{}\n", FIELDS.join(","));
    for r in runs {
        let numbers: Vec<String> =
            r.numbers.iter().map(|x| x.map_or_else(String::new, |x| x.to_string())).collect();
        let (system, others) = (r.which.name(), r.others);
        let run = format!("{},{system},{},{},{others:.2}", r.cell, r.threads, r.repeat);
        out.push_str(&format!("{run},{}\n", numbers.join(",")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::cells;

    fn run(threads: usize, repeat: usize, json: &str) -> Run {
        Run::new(&cells::all()[0], Which::Gfnx, threads, repeat, json).unwrap()
    }

    #[test]
    fn medians_of_odd_and_even_numbers() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![5.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 30.0]), Some(3.0));
    }

    #[test]
    fn a_group_has_the_better_number_of_threads() {
        let rates = [(1, 50.0), (2, 40.0), (1, 70.0), (1, 60.0)];
        let runs: Vec<Run> = rates
            .iter()
            .enumerate()
            .map(|(i, (threads, x))| {
                run(*threads, i, &format!("{{\"transitions_per_s\": {x}, \"mean_len\": {i}}}"))
            })
            .collect();
        let group = Group::new(&runs, &cells::all()[0], Which::Gfnx).unwrap();
        assert_eq!((group.threads, group.median(Field::TransitionsPerS)), (1, Some(60.0)));
        assert_eq!((group.median(Field::MeanLen), group.median(Field::Tv)), (Some(2.0), None));
        assert!(Group::new(&runs, &cells::all()[1], Which::Gfnx).is_none());
        assert!(Group::new(&runs, &cells::all()[0], Which::Torchgfn).is_none());
    }

    #[test]
    fn a_run_without_its_number_is_refused_and_the_rest_may_be_missing() {
        let cell = &cells::all()[0];
        assert!(Run::new(cell, Which::Gfnx, 2, 0, "{\"mean_len\": 3}").is_err());
        let runs = [run(2, 4, "{\"transitions_per_s\": 8.5, \"iterations\": 300}")];
        let table = csv(&runs);
        assert_eq!(table.lines().nth(1), Some("grid-2x8-tb-16,gfnx,2,4,0.00,300,,8.5,,,,"));
        assert_eq!(table.lines().next().unwrap().split(',').count(), 12);
    }

    #[test]
    fn a_run_gives_up_at_the_cap_only() {
        let cells = cells::all();
        let cell = cells.iter().find(|c| c.mode == Mode::Quality).unwrap();
        let gave_up = |seconds: f64, tv: f64| {
            let json = format!("{{\"seconds\": {seconds}, \"tv\": {tv}}}");
            Run::new(cell, Which::Gfnx, 2, 0, &json).unwrap().gave_up()
        };
        assert!(gave_up(CAP, 2.0 * TV) && !gave_up(CAP, TV) && !gave_up(CAP / 2.0, 2.0 * TV));
    }
}
