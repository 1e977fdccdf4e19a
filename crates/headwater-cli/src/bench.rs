//! `headwater bench`: how fast, where the time goes, what bounds it.

use std::path::Path;
use std::time::Instant;

use headwater_nn::{Isa, measure};
use headwater_run::assemble::{Assembly, Purpose, assemble, key};
use headwater_train::{Behaviour, Phase, Sampler, StepReport, Trainer};
use serde_json::{Value as Json, json};

use crate::args::Bench;
use crate::out::{self, Failure, count, fail, number};
use crate::train::peak_rss_bytes;
use crate::{Verdict, task};

/// Width of the layers whose kernels are measured: that of the usual policy.
const WIDTH: usize = 256;

pub fn run(args: &Bench, started: Instant) -> Result<Verdict, Failure> {
    let Some(config) = &args.config else {
        return kernels(args.json);
    };
    let mut assembly = assemble(&task::read(config, &args.sets)?)?;
    if args.sample {
        return sampling(args, config, &mut assembly);
    }
    let trainer = &mut assembly.trainer;
    let mut first = None;
    for _ in 0..args.warmup {
        trainer.step().map_err(fail)?;
        first.get_or_insert_with(|| started.elapsed().as_secs_f64());
    }
    let work = timed(args, trainer)?;
    let first = first.unwrap_or_else(|| started.elapsed().as_secs_f64());
    let threads = assembly.threads;
    let peak = (!args.no_peak).then(|| measure::peak(threads));
    if args.json {
        out::data(&work.json(first, threads, peak).to_string())?;
    } else {
        let title = format!("{}, batch {}", config.display(), assembly.train.batch);
        out::data(&work.text(&title, first, threads, peak))?;
    }
    Ok(Verdict::Clean)
}

/// What a number of updates did, and in what time.
struct Work {
    updates: u64,
    trajectories: u64,
    transitions: u64,
    distinct: u64,
    evaluated: u64,
    seconds: f64,
    /// Seconds per phase, in the order of [`Phase::ALL`].
    phases: [f64; Phase::ALL.len()],
    /// Multiplications and additions of the network.
    flops: f64,
}

fn timed(args: &Bench, trainer: &mut Trainer) -> Result<Work, Failure> {
    trainer.watch();
    let flops = trainer.estimator().flops();
    let mut work = Work {
        updates: 0,
        trajectories: 0,
        transitions: 0,
        distinct: 0,
        evaluated: 0,
        seconds: 0.0,
        phases: [0.0; Phase::ALL.len()],
        flops: 0.0,
    };
    let start = Instant::now();
    while work.updates < args.updates || start.elapsed().as_secs_f64() < args.seconds {
        let StepReport { trajectories, transitions, distinct_states, evaluated_rows, .. } =
            trainer.step().map_err(fail)?;
        work.updates += 1;
        work.trajectories += trajectories;
        work.transitions += transitions;
        work.distinct += distinct_states;
        work.evaluated += evaluated_rows;
    }
    work.seconds = start.elapsed().as_secs_f64();
    work.phases = Phase::ALL.map(|phase| trainer.phases().spent(phase).as_secs_f64());
    work.flops = work.evaluated as f64 * (flops.forward + flops.backward) as f64;
    Ok(work)
}

impl Work {
    fn rate(&self, n: u64) -> f64 {
        n as f64 / self.seconds
    }

    /// FLOP/s of the network while it was at work, forward and backward.
    fn dense(&self) -> f64 {
        self.flops / (self.phases[Phase::Forward as usize] + self.phases[Phase::Backward as usize])
    }

    fn json(&self, first: f64, threads: usize, peak: Option<f64>) -> Json {
        let phases = Phase::ALL.iter().zip(self.phases).map(|(p, s)| (p.name().to_owned(), json!(s)));
        json!({
            "iterations": self.updates,
            "seconds": self.seconds,
            "iterations_per_s": self.rate(self.updates),
            "trajectories_per_s": self.rate(self.trajectories),
            "transitions_per_s": self.rate(self.transitions),
            "mean_len": self.transitions as f64 / self.trajectories as f64,
            "phase_seconds": phases.collect::<serde_json::Map<_, _>>(),
            "states_visited": self.transitions,
            "states_distinct": self.distinct,
            "rows_evaluated": self.evaluated,
            "flops_per_s": self.dense(),
            "peak_flops_per_s": peak,
            "peak_rss_bytes": peak_rss_bytes(),
            "start_to_first_update_s": first,
            "threads": threads,
            "instructions": Isa::detect().name(),
        })
    }

    fn text(&self, title: &str, first: f64, threads: usize, peak: Option<f64>) -> String {
        let n = self.updates as f64;
        let mut rows = vec![
            ("case", format!("{title}, {threads} threads, {}", Isa::detect().name())),
            ("updates", format!("{}/s, {} timed", number(self.rate(self.updates)), count(self.updates))),
            (
                "transitions",
                format!(
                    "{}/s, {:.2} a trajectory",
                    count(self.rate(self.transitions) as u64),
                    self.transitions as f64 / self.trajectories as f64
                ),
            ),
        ];
        let inside: f64 = self.phases.iter().sum();
        let phases = Phase::ALL.iter().zip(self.phases).map(|(phase, s)| (phase.name(), s));
        for (name, seconds) in phases.chain([("the rest", self.seconds - inside)]) {
            let share = 100.0 * seconds / self.seconds;
            rows.push((name, format!("{:>8.1} µs an update, {share:>4.1} %", 1e6 * seconds / n)));
        }
        let mut dense = format!("{:.0} GFLOP/s in forward and backward", self.dense() / 1e9);
        if let Some(peak) = peak {
            let share = 100.0 * self.dense() / peak;
            dense.push_str(&format!(", {share:.0} % of {:.0} measured", peak / 1e9));
        }
        let per = |n: u64| n as f64 / self.updates as f64;
        // Complete objects are states, and are not trained on: there can be more states than visits.
        let saved = |of: u64, left: u64| 100.0 * (1.0 - left as f64 / of as f64).max(0.0);
        rows.extend([
            ("arithmetic", dense),
            ("states visited", format!("{:.1} an update", per(self.transitions))),
            (
                "distinct",
                format!(
                    "{:.1}: equal states are evaluated once, which saves {:.0} %",
                    per(self.distinct),
                    saved(self.transitions, self.distinct)
                ),
            ),
            (
                "evaluated",
                format!(
                    "{:.1}: forced moves are free, which saves {:.0} %; no state is evaluated a second time",
                    per(self.evaluated),
                    saved(self.distinct, self.evaluated)
                ),
            ),
            (
                "memory",
                peak_rss_bytes().map_or_else(String::new, |b| format!("{} MB at most", b / 1_000_000)),
            ),
            ("first update", format!("{:.1} ms after the start of the process", 1e3 * first)),
        ]);
        out::table(&rows)
    }
}

/// Draws from the policy before its first update, as often as updates were asked for.
fn sampling(args: &Bench, config: &Path, assembly: &mut Assembly) -> Result<Verdict, Failure> {
    let batch = assembly.train.batch;
    let mut view = assembly.trainer.policy();
    let mut sampler = Sampler::new(&view);
    let mut draw = |round: u64| {
        let key = key(assembly.seed, Purpose::Sample).fold(round);
        let (mut drawn, mut edges) = (0u64, 0u64);
        let sink = &mut |s: headwater_train::Sample| {
            drawn += 1;
            edges += s.transitions as u64;
        };
        sampler.draw(&mut view, batch, Behaviour::ON_POLICY, key, sink).map(|()| (drawn, edges))
    };
    for round in 0..args.warmup {
        draw(round).map_err(fail)?;
    }
    let (mut rounds, mut drawn, mut edges) = (0, 0, 0);
    let start = Instant::now();
    while rounds < args.updates || start.elapsed().as_secs_f64() < args.seconds {
        let (n, transitions) = draw(args.warmup + rounds).map_err(fail)?;
        rounds += 1;
        drawn += n;
        edges += transitions;
    }
    let rate = |n: u64| n as f64 / start.elapsed().as_secs_f64();
    let (trajectories, transitions) = (rate(drawn), rate(edges));
    if args.json {
        let json = json!({
            "iterations": rounds,
            "iterations_per_s": rate(rounds),
            "trajectories_per_s": trajectories,
            "transitions_per_s": transitions,
            "mean_len": edges as f64 / drawn as f64,
            "peak_rss_bytes": peak_rss_bytes(),
            "threads": assembly.threads,
        });
        out::data(&json.to_string())?;
    } else {
        out::data(&out::table(&[
            ("sampling", format!("{}, {batch} at a time", config.display())),
            ("trajectories", format!("{}/s", count(trajectories as u64))),
            ("transitions", format!("{}/s", count(transitions as u64))),
        ]))?;
    }
    Ok(Verdict::Clean)
}

/// Every kernel by itself, on one thread.
fn kernels(as_json: bool) -> Result<Verdict, Failure> {
    let peak = measure::peak(1);
    let rates = measure::kernels(WIDTH);
    if as_json {
        let rates = rates.iter().map(|k| {
            json!({
                "kernel": k.name,
                "seconds": k.seconds,
                "flops_per_s": k.flops / k.seconds,
                "bytes_per_s": k.bytes / k.seconds,
            })
        });
        let json = json!({
            "instructions": Isa::detect().name(),
            "peak_flops_per_s": peak,
            "kernels": rates.collect::<Vec<_>>(),
        });
        out::data(&json.to_string())?;
        return Ok(Verdict::Clean);
    }
    let mut rows =
        vec![("peak", format!("{:>9.1} GFLOP/s, {}, one thread", peak / 1e9, Isa::detect().name()))];
    for k in &rates {
        let mut text = format!("{:>9.2} µs", 1e6 * k.seconds);
        if k.flops > 0.0 {
            let rate = k.flops / k.seconds;
            text.push_str(&format!("  {:>6.1} GFLOP/s  {:>3.0} % of peak", rate / 1e9, 100.0 * rate / peak));
        } else {
            text.push_str(&format!("  {:>6.1} GB/s", k.bytes / k.seconds / 1e9));
        }
        rows.push((&k.name, text));
    }
    out::data(&out::table(&rows))?;
    Ok(Verdict::Clean)
}
