//! What a person watches while a run trains or methods are compared: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use headwater_run::comparison::News;
use headwater_run::evaluation::Evaluation;
use headwater_run::session::Observer;
use headwater_run::visible;
use headwater_train::StepReport;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::out::{count, number, talk};
use crate::train::{log_z_sampled, share};

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
            let learned = x.log_z_learned.map_or_else(String::new, |z| format!("{z:.3} learned, "));
            format!("TV {}  log Z {learned}{:.3} true", number(x.divergence.tv), x.log_z_true)
        }
        (None, Some(s)) => {
            format!("log Z {}  ESS {}", log_z_sampled(s.log_z_learned, &s.log_z), share(s.ess))
        }
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

/// A bar of so many units, in a template of indicatif's.
fn bar(total: u64, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).expect("the template is well-formed").progress_chars("━╸─");
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8)).with_style(style)
}

impl Bar {
    fn new(first: u64, total: u64) -> Self {
        let bar = bar(total, "{wide_bar} {pos}/{len}  {msg}  {eta} left");
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

/// Curves of a comparison: a line for every finished one; between those, a bar of the curve that moved last on a
/// terminal, and a line now and then elsewhere.
pub struct Curves {
    quiet: bool,
    bar: Option<ProgressBar>,
    spoke: Mutex<Instant>,
}

impl Curves {
    /// Seconds without a line, off a terminal, after which there is one within a curve.
    const SILENCE: Duration = Duration::from_secs(30);

    pub fn new(quiet: bool) -> Self {
        let bar = (!quiet && stderr().is_terminal()).then(|| bar(0, "{wide_bar} {msg}"));
        Self { quiet, bar, spoke: Mutex::new(Instant::now()) }
    }

    pub fn hear(&self, news: &News<'_>) {
        let News { name, seed, last, points: (i, points), curves: (n, of) } = *news;
        if self.quiet {
            return;
        }
        let within = || format!("{n} of {of} finished; {name}, seed {seed}: {} %", 100 * i / points);
        let mut spoke = self.spoke.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let line = if i == points {
            let tv = last.tv_policy.or(last.standing.tv_empirical);
            let tv = tv.map_or_else(String::new, |tv| format!("  TV {}", number(tv)));
            let modes = last.standing.modes.map_or_else(String::new, |n| format!("  modes {n}"));
            format!("{n} of {of}: {name}, seed {seed}, {:.1} s{tv}{modes}", last.seconds)
        } else if let Some(bar) = &self.bar {
            bar.set_length(points as u64);
            bar.set_position(i as u64);
            bar.set_message(visible(&within()).into_owned());
            return;
        } else if spoke.elapsed() >= Self::SILENCE {
            within()
        } else {
            return;
        };
        *spoke = Instant::now();
        match &self.bar {
            Some(bar) => bar.suspend(|| talk(&line)),
            None => talk(&line),
        }
    }
}

impl Drop for Curves {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
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
