//! The native rewards of schedules.

use headwater_core::settings::{NoSettings, settings};
use headwater_core::{Entry, Ones, Reward, RewardScale, SettingError, Settings};

use super::plan::Times;
use super::{Schedule, Scheduling};
use crate::{NativeReward, RewardEntry};

/// Writes, for every edge, minus the increase of the makespan, in units of `per_nat`.
fn guide(env: &Scheduling, s: &Schedule, per_nat: f64, out: &mut [f32]) {
    let times = Times::of(env, s);
    let (makespan, open) = (times.makespan(), env.open(s));
    for job in Ones::new(&[env.ready(times.done)]) {
        for k in 0..open {
            let increase = (times.of_next(env, job, k).1 - makespan).max(0.0);
            out[env.label(job, k)] = (0.0 - increase / per_nat) as f32;
        }
    }
}

/// log R = T/C.
#[derive(Clone, Copy, Debug)]
pub struct SpeedUp;

impl Reward<Scheduling> for SpeedUp {
    fn score(&self, env: &Scheduling, x: &Schedule) -> f64 {
        let times = Times::of(env, x);
        // Only while nothing but jobs that take no time is placed is all done at time 0.
        if times.makespan() > 0.0 { env.sequential / times.makespan() } else { 0.0 }
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Scheduling, x: &Schedule, out: &mut [f32]) {
        guide(env, x, env.ideal(), out);
    }
}

impl NativeReward<Scheduling> for SpeedUp {
    type Config = NoSettings;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "speed-up",
            summary: "the faster than one job after the other, the likelier",
            formula: "log R = (sum of times on the fastest machine) / makespan",
            reference: "Zhang et al. 2023, arXiv:2302.05446",
            fields: NoSettings::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: false,
        guides: true,
    };

    fn from_config(NoSettings: NoSettings, _: &Scheduling) -> Result<Self, SettingError> {
        Ok(Self)
    }
}

settings! {
    /// Settings of [`Makespan`].
    pub struct MakespanConfig {
        /// The makespan that costs a factor e; without it, the makespan if nothing had to wait.
        per_nat: Option<f64>, Kind::Real { min: 1e-9, max: 1e12 };
    }
}

/// log R = −C/per_nat.
#[derive(Clone, Copy, Debug)]
pub struct Makespan {
    per_nat: f64,
}

impl Reward<Scheduling> for Makespan {
    fn score(&self, env: &Scheduling, x: &Schedule) -> f64 {
        0.0 - Times::of(env, x).makespan() / self.per_nat
    }

    fn covers_unfinished(&self) -> bool {
        true
    }

    fn guides(&self) -> bool {
        true
    }

    fn guide(&self, env: &Scheduling, x: &Schedule, out: &mut [f32]) {
        guide(env, x, self.per_nat, out);
    }
}

impl NativeReward<Scheduling> for Makespan {
    type Config = MakespanConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "makespan",
            summary: "the sooner all jobs are done, the likelier",
            formula: "log R = -makespan / per_nat",
            reference: "Graham 1969, SIAM Journal on Applied Mathematics 17",
            fields: MakespanConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: MakespanConfig, env: &Scheduling) -> Result<Self, SettingError> {
        Ok(Self { per_nat: config.per_nat.unwrap_or_else(|| env.ideal()) })
    }
}
