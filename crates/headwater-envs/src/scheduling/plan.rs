//! Jobs in their order on machines, and the times that follow.

use super::{MAX_JOBS, MAX_MACHINES, Scheduling};

/// Jobs on machines, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// The number of jobs of each machine.
    lens: [u8; MAX_MACHINES],
    /// The jobs, machine by machine; 0 behind the last.
    jobs: [u8; MAX_JOBS],
}

impl Schedule {
    /// Nothing is placed.
    pub(super) const EMPTY: Self = Self { lens: [0; MAX_MACHINES], jobs: [0; MAX_JOBS] };

    pub(super) fn len(&self) -> usize {
        self.lens.iter().map(|&n| usize::from(n)).sum()
    }

    /// The number of machines up to the last that has jobs.
    pub(super) fn used(&self) -> usize {
        self.lens.iter().rposition(|&n| n > 0).map_or(0, |k| k + 1)
    }

    /// The set of jobs that are placed.
    pub(super) fn placed(&self) -> u64 {
        self.jobs[..self.len()].iter().fold(0, |set, &j| set | 1 << j)
    }

    /// The jobs of each of the first `n` machines.
    pub(super) fn machines(&self, n: usize) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.jobs[..];
        self.lens[..n].iter().map(move |&n| {
            let (jobs, others) = rest.split_at(n.into());
            rest = others;
            jobs
        })
    }

    /// Where the jobs of machine `k` begin.
    fn first(&self, k: usize) -> usize {
        self.lens[..k].iter().map(|&n| usize::from(n)).sum()
    }

    /// Puts a job at the end of machine `k`.
    pub(super) fn push(&mut self, job: usize, k: usize) {
        let (at, len) = (self.first(k + 1), self.len());
        self.jobs.copy_within(at..len, at + 1);
        self.jobs[at] = job as u8;
        self.lens[k] += 1;
    }

    /// If machine `k` has just one job and is the last in use, moves it to where its number comes among first jobs.
    pub(super) fn settle(&mut self, k: usize) {
        if self.lens[k] > 1 {
            return;
        }
        let at = self.first(k);
        let job = self.jobs[at];
        let place = self.machines(k).take_while(|jobs| jobs[0] < job).count();
        let to = self.first(place);
        self.jobs[to..=at].rotate_right(1);
        self.lens[place..=k].rotate_right(1);
    }

    /// Takes away a job; with `close` a machine that is left without jobs goes behind those in use.
    pub(super) fn remove(&mut self, job: usize, close: bool) {
        let len = self.len();
        let at = self.jobs[..len].iter().position(|&j| usize::from(j) == job);
        let at = at.expect("only jobs that are placed are taken away");
        let k = (0..MAX_MACHINES).take_while(|&k| self.first(k + 1) <= at).count();
        self.jobs.copy_within(at + 1..len, at);
        self.jobs[len - 1] = 0;
        self.lens[k] -= 1;
        if close && self.lens[k] == 0 {
            self.lens[k..].rotate_left(1);
        }
    }
}

/// When what is placed starts and is done, and where.
pub(super) struct Times {
    pub start: [f64; MAX_JOBS],
    /// 0 for a job that is not placed.
    pub finish: [f64; MAX_JOBS],
    pub machine: [u8; MAX_JOBS],
    /// When each machine has done all of its jobs.
    pub free: [f64; MAX_MACHINES],
    /// The jobs that can be done: all, but in a text that is no schedule.
    pub done: u64,
}

impl Times {
    pub fn of(env: &Scheduling, s: &Schedule) -> Self {
        let mut times = Self {
            start: [0.0; MAX_JOBS],
            finish: [0.0; MAX_JOBS],
            machine: [0; MAX_JOBS],
            free: [0.0; MAX_MACHINES],
            done: 0,
        };
        let mut left: [&[u8]; MAX_MACHINES] = [&[]; MAX_MACHINES];
        left.iter_mut().zip(s.machines(env.machines())).for_each(|(l, jobs)| *l = jobs);
        let mut before = None;
        // Machine by machine up to a job that waits for one of another machine, and again, until no job is left.
        while before != Some(times.done) {
            before = Some(times.done);
            for (k, jobs) in left[..env.machines()].iter_mut().enumerate() {
                while let Some((&job, rest)) = jobs.split_first() {
                    let job = usize::from(job);
                    if env.needs[job] & !times.done != 0 {
                        break;
                    }
                    (times.start[job], times.finish[job]) = times.of_next(env, job, k);
                    times.machine[job] = k as u8;
                    times.free[k] = times.finish[job];
                    times.done |= 1 << job;
                    *jobs = rest;
                }
            }
        }
        times
    }

    /// When a job whose inputs are placed would start and be done as the next of machine `k`.
    pub fn of_next(&self, env: &Scheduling, job: usize, k: usize) -> (f64, f64) {
        let arrival = |&(input, cost): &(usize, f64)| {
            self.finish[input] + if usize::from(self.machine[input]) == k { 0.0 } else { cost }
        };
        let start = env.inputs[job].iter().map(arrival).fold(self.free[k], f64::max);
        (start, start + env.jobs.times()[job] / env.speeds[k])
    }

    /// When all that is placed is done.
    pub fn makespan(&self) -> f64 {
        self.free.iter().copied().fold(0.0, f64::max)
    }
}
