//! What a person watches while a run trains: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::{Duration, Instant};

use headwater_run::evaluation::Evaluation;
use headwater_run::session::Observer;
use headwater_train::StepReport;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::out::{count, number, talk};

/// The observer for this terminal, or lack of one.
pub fn observer(quiet: bool, first: u64, total: u64, run: &Path) -> Box<dyn Observer> {
    if quiet {
        return Box::new(Quiet);
    }
    talk(&format!("training in {}", run.display()));
    if stderr().is_terminal() { Box::new(Bar::new(first, total)) } else { Box::new(Lines::new(total)) }
}

/// Only what a person must know.
struct Quiet;

impl Observer for Quiet {
    fn step(&mut self, _: &StepReport) {}
    fn evaluated(&mut self, _: &Evaluation) {}
    fn note(&mut self, text: &str) {
        talk(&format!("note: {text}"));
    }
}

/// How far the sampler is from its target, in a few words.
fn distance(e: &Evaluation) -> String {
    match (&e.exact, &e.sampled) {
        (Some(x), _) => {
            format!("TV {}  log Z {:.3} of {:.3}", number(x.divergence.tv), x.log_z, x.log_z_true)
        }
        (None, Some(s)) => format!(
            "log Z {:.3} [{:.3}, {:.3}]  ESS {:.1} %",
            s.log_z.value,
            s.log_z.low,
            s.log_z.high,
            100.0 * s.ess
        ),
        (None, None) => String::new(),
    }
}

/// A bar that is redrawn a few times per second.
struct Bar {
    bar: ProgressBar,
    rate: Rate,
    distance: String,
    drawn: Instant,
}

impl Bar {
    fn new(first: u64, total: u64) -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {msg}  {eta} left")
            .expect("the template is well-formed")
            .progress_chars("━╸─");
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8))
            .with_style(style);
        bar.set_position(first);
        bar.reset_eta();
        Self { bar, rate: Rate::new(), distance: String::new(), drawn: Instant::now() }
    }
}

impl Observer for Bar {
    fn step(&mut self, report: &StepReport) {
        let rate = self.rate.add(report);
        if self.drawn.elapsed() >= Duration::from_millis(100) {
            self.drawn = Instant::now();
            self.bar.set_position(report.step);
            self.bar.set_message(format!(
                "loss {}  {}  {} traj/s",
                number(report.loss),
                self.distance,
                count(rate as u64)
            ));
        }
    }

    fn evaluated(&mut self, evaluation: &Evaluation) {
        self.distance = distance(evaluation);
    }

    fn note(&mut self, text: &str) {
        self.bar.suspend(|| talk(&format!("note: {text}")));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// One line per evaluation.
struct Lines {
    total: u64,
    rate: Rate,
    last: StepReport,
}

impl Lines {
    fn new(total: u64) -> Self {
        Self { total, rate: Rate::new(), last: StepReport::default() }
    }
}

impl Observer for Lines {
    fn step(&mut self, report: &StepReport) {
        self.rate.add(report);
        self.last = *report;
    }

    fn evaluated(&mut self, evaluation: &Evaluation) {
        talk(&format!(
            "step {} of {}: loss {}  {}  {} traj/s",
            evaluation.step,
            self.total,
            number(self.last.loss),
            distance(evaluation),
            count(self.rate.per_s() as u64)
        ));
    }

    fn note(&mut self, text: &str) {
        talk(&format!("note: {text}"));
    }
}

/// Trajectories per second since the start.
struct Rate {
    start: Instant,
    trajectories: f64,
}

impl Rate {
    fn new() -> Self {
        Self { start: Instant::now(), trajectories: 0.0 }
    }

    fn add(&mut self, report: &StepReport) -> f64 {
        self.trajectories += report.trajectories as f64;
        self.per_s()
    }

    fn per_s(&self) -> f64 {
        self.trajectories / self.start.elapsed().as_secs_f64().max(1e-9)
    }
}
