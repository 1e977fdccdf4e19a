//! What a report is made of.

use headwater_core::Picture;

use crate::columns::Columns;
use crate::figure::Figure;

/// Everything that a page says.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// What made it, and when the runs ran.
    pub made_by: String,
    /// The summary in plain words.
    pub summary: Summary,
    /// Facts of the run or runs, each with its name.
    pub facts: Vec<(String, String)>,
    /// Last numbers of every run; none for a page without runs.
    pub finals: Option<Table>,
    /// Checks of the runs; the section is left out if there are none.
    pub checks: Vec<Check>,
    /// What is to be said of the checks as a whole, such as how to have those that were not made: paragraphs.
    pub of_checks: Vec<String>,
    /// Pictures of what changed while training.
    pub curves: Vec<Figure>,
    /// What was learned, by run.
    pub learned: Vec<Learned>,
    /// Configurations: names and texts.
    pub configurations: Vec<(String, String)>,
    /// What the reader should know of the page: what was thinned or left out.
    pub notes: Vec<String>,
}

/// The summary in plain words: paragraphs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// What was asked.
    pub asked: Vec<String>,
    /// How close the sampler is, and how that was measured.
    pub found: Vec<String>,
    /// What to do next; what stands between grave accents is shown as code.
    pub next: Vec<String>,
}

/// A table of texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows with as many cells.
    pub rows: Vec<Vec<String>>,
}

/// A check of a run: a number held against a threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// The number that was found.
    pub value: String,
    /// What it is held against.
    pub threshold: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What the number means; why it was not checked, if it was not.
    pub meaning: String,
    /// What can be done about it.
    pub remedy: String,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The number is within its limit.
    Passed,
    /// It is not.
    Failed,
    /// There is no number.
    NotChecked,
}

/// What a run has learned.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// The run.
    pub run: String,
    /// Pictures of the target and the sampler.
    pub figures: Vec<Figure>,
    /// Where the candidates come from and how they were chosen.
    pub source: String,
    /// The best of its objects.
    pub candidates: Vec<Shown>,
    /// A few of its trajectories.
    pub trajectories: Vec<Trajectory>,
}

/// An object that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its text.
    pub object: String,
    /// Its score, where that is known.
    pub score: Option<f64>,
    /// Its log R.
    pub log_reward: f64,
    /// Its picture, where its environment has one.
    pub picture: Option<Picture>,
}

/// A trajectory with its choices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trajectory {
    /// Its states from the initial one to its object.
    pub steps: Vec<Step>,
    /// log R of its object.
    pub log_reward: f64,
    /// Its log-probability under the policy.
    pub log_pf: f64,
}

/// A state on the way, and what was done there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The state's text.
    pub state: String,
    /// Its picture.
    pub picture: Option<Picture>,
    /// The edge that was taken, in words; `stop` at the end.
    pub action: String,
    /// The probability that the policy gave it.
    pub p: f64,
}

/// Runs under one configuration that differ in their seeds.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Its name in legends.
    pub name: String,
    /// Its runs, at least one.
    pub runs: Vec<Run>,
}

/// What a run wrote down while it was training.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// A row for every so many updates.
    pub steps: Columns,
    /// A row per evaluation.
    pub metrics: Columns,
}
