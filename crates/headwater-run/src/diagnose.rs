//! Is a run to be trusted? Named checks of what it left behind and of its policy, each with number, threshold, meaning
//! and remedy.
//!
//! [`Facts`] are gathered in one place; a check is a pure function of them and says why where it is not possible.
//! Thresholds are constants beside their checks.

mod estimates;
mod facts;
mod rewards;
#[cfg(test)]
mod tests;
mod training;

use std::path::Path;

use serde_json::{Value as Json, json};

pub use facts::{Acting, Draw, Facts};

use crate::session::SessionError;

/// What one check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// The number that was found, with its unit.
    pub value: String,
    /// What it is held against.
    pub threshold: String,
    /// Is it satisfactory?
    pub passed: bool,
    /// What the number means.
    pub meaning: String,
    /// What can be done about it.
    pub remedy: String,
}

/// A check that was not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// What was to be checked.
    pub name: &'static str,
    /// Why it could not be.
    pub why: String,
}

/// All that was checked of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The run.
    pub run: String,
    /// What a person should know of its files, such as a damaged checkpoint.
    pub cautions: Vec<String>,
    /// The checks, in the order of [`names`].
    pub checks: Vec<Check>,
    /// Those that were not possible.
    pub skipped: Vec<Skipped>,
    /// How to have those of them that were left out because they need scores that somebody has to give.
    pub more: Option<String>,
}

/// A check: what it says of the facts, or why it has nothing to say.
type Judge = fn(&Facts) -> Result<Check, String>;

/// Every check, causes before what they bring about.
const CHECKS: &[(&str, Judge)] = &[
    ("ended", training::ended),
    ("finite", training::finite),
    ("missing", rewards::missing),
    ("floor", rewards::floor),
    ("repeated", rewards::repeated),
    ("target", training::target),
    ("exploration", training::exploration),
    ("staleness", training::staleness),
    ("settled", training::settled),
    ("entropy", training::entropy),
    ("log-z", estimates::log_z),
    ("effective-sample", estimates::effective_sample),
    ("backward-policy", estimates::backward_policy),
    ("length", estimates::length),
    ("concentration", estimates::concentration),
    ("correlation", estimates::correlation),
];

/// The names of all checks.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(name, _)| *name)
}

/// Checks the run in `path`. Scores that have to be asked for are asked for only if `samples` or the configuration says how
/// many trajectories to spend them on.
///
/// # Errors
/// If it is not a run, or its configuration cannot be read.
pub fn diagnose(path: &Path, samples: Option<usize>) -> Result<Diagnosis, SessionError> {
    Ok(judge(&Facts::gather(path, samples)?))
}

/// Holds facts against every check.
pub fn judge(facts: &Facts) -> Diagnosis {
    let (run, cautions) = (facts.run.clone(), facts.cautions.clone());
    let mut all = Diagnosis { run, cautions, checks: Vec::new(), skipped: Vec::new(), more: None };
    for (name, check) in CHECKS {
        match check(facts) {
            Ok(said) => all.checks.push(said),
            Err(why) => all.skipped.push(Skipped { name, why }),
        }
    }
    if facts.is_unasked && !all.skipped.is_empty() {
        let objects = samples_of(&all.run);
        all.more = Some(objects);
    }
    all
}

/// How to have the checks that need scores.
fn samples_of(run: &str) -> String {
    format!(
        "`headwater diagnose {run} --samples {SAMPLES}` makes more of the checks, and asks for up to {} scores that are \
         not kept yet",
        2 * SAMPLES + facts::EVALUATED
    )
}

/// Trajectories that are proposed to whoever has to pay for their scores.
const SAMPLES: usize = 1000;

impl Check {
    /// The same as JSON.
    pub fn to_json(&self) -> Json {
        json!({
            "name": self.name,
            "value": self.value,
            "threshold": self.threshold,
            "passed": self.passed,
            "meaning": self.meaning,
            "remedy": self.remedy,
        })
    }
}

impl Diagnosis {
    /// Did no check trip, and is there nothing wrong with the files?
    pub fn is_satisfactory(&self) -> bool {
        self.cautions.is_empty() && self.checks.iter().all(|check| check.passed)
    }

    /// The checks that tripped.
    pub fn tripped(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.passed)
    }

    /// How many checks passed, failed and were not made.
    pub fn counts(&self) -> String {
        let failed = self.tripped().count();
        format!("{} passed, {failed} failed, {} not checked", self.checks.len() - failed, self.skipped.len())
    }

    /// The same as JSON.
    pub fn to_json(&self) -> Json {
        json!({
            "run": self.run,
            "satisfactory": self.is_satisfactory(),
            "cautions": self.cautions,
            "passed": self.checks.len() - self.tripped().count(),
            "failed": self.tripped().count(),
            "not_checked": self.skipped.len(),
            "more": self.more,
            "checks": self.checks.iter().map(Check::to_json).collect::<Vec<_>>(),
            "skipped": self.skipped.iter().map(|s| json!({ "name": s.name, "why": s.why })).collect::<Vec<_>>(),
        })
    }
}
