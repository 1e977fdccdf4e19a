//! Jobs that wait for each other, on machines.
//!
//! **Objects.** Schedules: for every machine the jobs that it does, in their order, written `a,c | b`; a machine without
//! jobs is `-`. Machines are alike, and so have no numbers: they are written in the order of their first jobs, and unused
//! ones not at all. With `speeds` they differ; then they are numbered, and all are written.
//!
//! **DAG.** A trajectory starts with nothing placed; edge machines·j + k puts job j, all of whose inputs are placed, at the
//! end of the k-th machine. It ends when all jobs are placed. In which order jobs of different machines were placed does
//! not matter, so that any job that is the last of its machine and feeds no other may have been the last: these are the
//! parents. Times follow: a job starts as soon as the job before it on its machine is done and all of its inputs are there,
//! which takes the cost of the dependency if they come from another machine. It takes time/speed.
//!
//! **Rewards**, with the makespan C, the time when all jobs are done, and the sequential time T, that of all jobs one after
//! the other on the fastest machine:
//! - `speed-up`: log R = T/C; `reward.beta` is 1/σ of the source
//! - `makespan`: log R = −C/per_nat
//!
//! **Files.** JSON, `{"jobs": [{"name": "a", "time": 3.0}, …], "edges": [{"from": "a", "to": "b", "cost": 0.5}, …]}`, or
//! DOT, `digraph { a [time=3]; a -> b [cost=0.5] }`. Without a file, jobs are drawn in layers.
//!
//! **Source.** Zhang et al. 2023, "Robust scheduling with GFlowNets", arXiv:2302.05446, where operations of a computation
//! graph come onto devices in an order that is found before; here the order is part of the object.
//!
//! | instance | objects | states |
//! |---|---|---|
//! | n jobs that wait for nothing, n machines | 1, 3, 13, 73, … (sets of lists) | 2, 6, 26, 148, … |
//! | n jobs that wait for nothing, m speeds | n! · (n+m−1 over n) | |
//! | a chain of 4 jobs, 2 machines | 8 | 16 |
//! | times 3, 3, 2, 2, 2, 2 machines | 360, best C = 6 | |
//! | `examples/scheduling/graham.json`, 3 machines | best C = 12 | |

mod instance;
mod plan;
mod rewards;

use std::fmt::Write;

use headwater_core::picture::{Anchor, Paint, Picture};
use headwater_core::settings::{File, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Ones, SettingError, Settings, Stop,
};
use headwater_graph::Jobs;

use crate::registry::rewards;
use crate::{Feature, Registered};
pub use plan::Schedule;
use plan::Times;
pub use rewards::{Makespan, SpeedUp};

/// The largest number of jobs; states are stored inline.
pub const MAX_JOBS: usize = 64;
/// The largest number of machines.
pub const MAX_MACHINES: usize = 8;

settings! {
    /// Settings of jobs on machines.
    pub struct Config {
        /// The jobs: JSON or DOT; without it, `jobs` of them are drawn.
        graph: Option<File>, Kind::File;
        /// Number of machines, which are alike.
        machines: usize = "2", Kind::Int { min: 1, max: MAX_MACHINES as i64 };
        /// How fast each machine is; with it, there are as many as it has numbers, and they are not alike.
        speeds: Option<Vec<f64>>, Kind::Reals { min: 1e-6, max: 1e6 };
        /// Number of jobs that are drawn, with whole times from 1 to 10.
        jobs: usize = "8", Kind::Int { min: 1, max: MAX_JOBS as i64 };
        /// Number of layers of drawn jobs.
        layers: usize = "3", Kind::Int { min: 1, max: MAX_JOBS as i64 };
        /// Probability that a drawn job waits for one of the layer before.
        p: f64 = "0.5", Kind::Real { min: 0.0, max: 1.0 };
        /// The mean cost of a drawn dependency by the mean time of a job.
        communication: f64 = "0.5", Kind::Real { min: 0.0, max: 1000.0 };
        /// Seed of the jobs that are drawn.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

/// Jobs on machines; see the module.
#[derive(Clone, Debug)]
pub struct Scheduling {
    jobs: Jobs,
    speeds: Vec<f64>,
    /// Are the machines without numbers?
    alike: bool,
    /// For each job the jobs that it waits for, each with the cost.
    inputs: Vec<Vec<(usize, f64)>>,
    /// The same as sets, and for each job those that wait for it.
    needs: Vec<u64>,
    feeds: Vec<u64>,
    /// The time of all jobs on the fastest machine.
    sequential: f64,
}

impl Scheduling {
    fn n(&self) -> usize {
        self.needs.len()
    }

    fn machines(&self) -> usize {
        self.speeds.len()
    }

    /// The time of a job on the fastest machine.
    fn quickest(&self, job: usize) -> f64 {
        self.jobs.times()[job] / self.speeds.iter().copied().fold(0.0, f64::max)
    }

    /// What the makespan would be if nothing had to wait.
    fn ideal(&self) -> f64 {
        self.jobs.times().iter().sum::<f64>() / self.speeds.iter().sum::<f64>()
    }

    /// The jobs that may be placed next.
    fn ready(&self, placed: u64) -> u64 {
        let waits = |&j: &usize| placed >> j & 1 == 0 && self.needs[j] & !placed == 0;
        (0..self.n()).filter(waits).fold(0, |set, j| set | 1 << j)
    }

    /// The number of machines that a job may come onto: if they are alike, those in use and one more.
    fn open(&self, s: &Schedule) -> usize {
        if self.alike { (s.used() + 1).min(self.machines()) } else { self.machines() }
    }

    fn label(&self, job: usize, machine: usize) -> usize {
        job * self.machines() + machine
    }

    fn job_of(&self, a: Action) -> usize {
        a.index() / self.machines()
    }

    /// The jobs of a machine as text.
    fn write(&self, jobs: &[u8], out: &mut String) {
        if jobs.is_empty() {
            out.push('-');
        }
        for (i, &job) in jobs.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(out, "{comma}{}", self.jobs.names().get(job.into()))
                .expect("writing to a string cannot fail");
        }
    }

    /// The schedule that a text names, if in any order of machines.
    fn read(&self, text: &str) -> Option<Schedule> {
        let mut s = Schedule::EMPTY;
        let mut placed = 0u64;
        for (k, jobs) in text.split(" | ").enumerate() {
            for name in jobs.split(',').filter(|_| jobs != "-") {
                let job = self.jobs.names().find(name)? as usize;
                if placed >> job & 1 == 1 || k >= self.machines() {
                    return None;
                }
                placed |= 1 << job;
                s.push(job, k);
            }
        }
        // Jobs that wait for each other across machines are never done.
        (Times::of(self, &s).done == placed).then_some(s)
    }
}

impl Environment for Scheduling {
    type State = Schedule;

    fn initial(&self) -> Schedule {
        Schedule::EMPTY
    }

    fn n_actions(&self) -> usize {
        self.n() * self.machines()
    }

    fn max_len(&self) -> usize {
        self.n()
    }

    fn states_at_least(&self) -> f64 {
        // Every way to deal the jobs out has an order, and alike machines may change places.
        let places = (1..=self.machines()).map(|k| if self.alike { k as f64 } else { 1.0 });
        (self.machines() as f64).powi(self.n() as i32) / places.product::<f64>()
    }

    fn stop(&self, s: &Schedule) -> Stop {
        if s.len() == self.n() { Stop::Must } else { Stop::Never }
    }

    fn forward_mask(&self, s: &Schedule, mask: &mut MaskRow<'_>) {
        let open = (1u128 << self.open(s)) - 1;
        Ones::new(&[self.ready(s.placed())]).for_each(|j| mask.set_bits(self.label(j, 0), open));
    }

    fn backward_mask(&self, s: &Schedule, mask: &mut MaskRow<'_>) {
        let (placed, used) = (s.placed(), s.used());
        for (k, jobs) in s.machines(self.machines()).enumerate() {
            if let Some(last) = jobs.last().map(|&j| usize::from(j)).filter(|&j| self.feeds[j] & placed == 0)
            {
                // Before it came, a machine of its own was the first unused one.
                let place = if self.alike && jobs.len() == 1 { used - 1 } else { k };
                mask.set(self.label(last, place));
            }
        }
    }

    fn step(&self, s: &mut Schedule, a: Action) {
        let (job, machine) = (self.job_of(a), a.index() % self.machines());
        s.push(job, machine);
        if self.alike {
            s.settle(machine);
        }
    }

    fn unstep(&self, s: &mut Schedule, a: Action) {
        s.remove(self.job_of(a), self.alike);
    }

    fn encoding(&self) -> Encoding {
        // Each job's machine and the job before it there; when each job, and each machine, is done.
        let (n, machines) = (self.n(), self.machines());
        Encoding::new(n * (machines + 1) + n * (n + 1), 2 * n, n + machines)
    }

    fn encode(&self, s: &Schedule, row: EncodedRow<'_>) {
        let (n, machines) = (self.n(), self.machines());
        let (on, after) = row.indices.split_at_mut(n);
        let first = n * (machines + 1);
        on.iter_mut().enumerate().for_each(|(j, slot)| *slot = (j * (machines + 1)) as u32);
        after.iter_mut().enumerate().for_each(|(j, slot)| *slot = (first + j * (n + 1)) as u32);
        for (k, jobs) in s.machines(machines).enumerate() {
            let mut before = 0;
            for &job in jobs {
                on[usize::from(job)] += k as u32 + 1;
                after[usize::from(job)] += before;
                before = u32::from(job) + 1;
            }
        }
        let times = Times::of(self, s);
        let all = times.finish[..n].iter().chain(&times.free[..machines]);
        row.reals.iter_mut().zip(all).for_each(|(real, time)| *real = (time / self.sequential) as f32);
    }

    fn show(&self, s: &Schedule, out: &mut String) {
        let shown = if self.alike { s.used().max(1) } else { self.machines() };
        for (k, jobs) in s.machines(shown).enumerate() {
            out.push_str(if k > 0 { " | " } else { "" });
            self.write(jobs, out);
        }
    }

    fn parse(&self, text: &str) -> Option<Schedule> {
        let s = self.read(text)?;
        let firsts = || s.machines(s.used()).map(|jobs| jobs.first());
        let sorted = firsts().is_sorted() && firsts().all(|first| first.is_some());
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        (canonical == text && (sorted || !self.alike)).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        let totals = ["placed", "makespan", "work", "used", "split", "delay"].map(str::to_owned);
        totals.into_iter().chain((0..self.n()).map(|j| format!("start_{j}"))).collect()
    }

    fn measure(&self, s: &Schedule, out: &mut [f64]) {
        let (totals, starts) = out.split_at_mut(6);
        let times = Times::of(self, s);
        starts.copy_from_slice(&times.start[..self.n()]);
        let machine = |job: &u32| times.machine[*job as usize];
        let split = || {
            let both = self.jobs.dependencies().iter().filter(|d| times.done >> d.to & 1 == 1);
            both.filter(|d| machine(&d.from) != machine(&d.to))
        };
        let work = Ones::new(&[times.done]).map(|j| self.jobs.times()[j]).sum();
        let used = s.machines(self.machines()).filter(|jobs| !jobs.is_empty()).count();
        let delay = split().fold(0.0, |sum, d| sum + d.cost);
        totals.copy_from_slice(&[
            s.len() as f64,
            times.makespan(),
            work,
            used as f64,
            split().count() as f64,
            delay,
        ]);
    }

    fn draw(&self, s: &Schedule) -> Option<Picture> {
        let (row, width) = (24.0, 300.0);
        let left = if self.alike { 0.0 } else { 16.0 };
        let times = Times::of(self, s);
        let end = times.makespan().max(self.ideal());
        let height = row * self.machines() as f64;
        let mut picture = Picture::new(left + width, height + 18.0);
        for (k, jobs) in s.machines(self.machines()).enumerate() {
            let y = k as f64 * row;
            picture.rect([left, y], [width, row - 3.0], Paint::Faint);
            if !self.alike {
                picture.text([0.0, y + row / 2.0], 11.0, Anchor::Start, Paint::Soft, &k.to_string());
            }
            for job in jobs.iter().map(|&j| usize::from(j)) {
                let [x, to] = [times.start[job], times.finish[job]].map(|t| left + t / end * width);
                picture.rect([x, y], [(to - x - 1.0).max(0.5), row - 3.0], Paint::Category(job));
                let name = self.jobs.names().get(job);
                if name.chars().count() as f64 * 7.0 < to - x {
                    let middle = [x.midpoint(to), y + row / 2.0 - 1.5];
                    picture.text(middle, 11.0, Anchor::Middle, Paint::Ground, name);
                }
            }
        }
        let done = format!("{:.4}", times.makespan());
        let done = done.trim_end_matches('0').trim_end_matches('.');
        let at = left + (times.makespan() / end * width).max(20.0);
        picture.text([at, height + 7.0], 11.0, Anchor::End, Paint::Soft, done);
        Some(picture)
    }

    fn describe(&self, a: Action) -> String {
        let name = self.jobs.names().get(self.job_of(a));
        format!("put {name} onto machine {}", a.index() % self.machines())
    }

    fn small() -> Vec<Self> {
        let diamond = r#"{"jobs": [{"name": "a", "time": 2}, {"name": "b", "time": 3}, {"name": "c", "time": 1.5},
            {"name": "d", "time": 1}], "edges": [{"from": "a", "to": "b", "cost": 1}, {"from": "a", "to": "c"},
            {"from": "b", "to": "d", "cost": 0.5}, {"from": "c", "to": "d", "cost": 0.25}]}"#;
        let chains = "digraph { a [time=1]; b [time=2]; c [time=0]; x [time=2]; a -> b -> c [cost=1] }";
        let free = "digraph { node [time=1]; one; two; three }";
        [
            ("diamond.json", diamond, 2, None),
            ("chains.dot", chains, 2, Some(vec![1.0, 2.0])),
            ("free.dot", free, 3, None),
        ]
        .into_iter()
        .filter_map(|(path, text, machines, speeds)| {
            let config =
                Config { graph: Some(File::new(path, text)), machines, speeds, ..instance::defaults() };
            Self::from_config(config).ok()
        })
        .collect()
    }
}

impl Registered for Scheduling {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "scheduling",
        summary: "jobs that wait for each other, placed on machines one at a time",
        formula: "x: for each machine a sequence of jobs; an edge puts a job whose inputs are placed at an end",
        reference: "Zhang et al. 2023, Robust scheduling with GFlowNets, arXiv:2302.05446",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "placed", meaning: "the number of jobs that are placed" },
        Feature { name: "makespan", meaning: "when all of them are done" },
        Feature { name: "work", meaning: "the sum of their times" },
        Feature { name: "used", meaning: "the number of machines that have jobs" },
        Feature { name: "split", meaning: "the number of dependencies between machines" },
        Feature { name: "delay", meaning: "the sum of their costs" },
        Feature { name: "start_{j}", meaning: "when job j, from 0, starts; 0 while it is not placed" },
    ];

    rewards!(SpeedUp, Makespan);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        instance::build(config)
    }
}
