//! The conformance suite: every sentence of the contract of an environment and of its simulator, checked.
//!
//! Small instances are checked exhaustively, state by state and edge by edge; larger ones by random play in both
//! directions. The suite stops at the first sentence that does not hold and says which object breaks it.

mod batch;
mod distribution;
mod examiner;
mod exhaustive;
mod lockstep;
mod random_play;

use std::fmt;

use headwater_core::{Environment, Key, Lanes, Simulator};
use headwater_exact::{EnumerateError, enumerate};

pub use lockstep::lockstep;
pub use random_play::random_play;

/// Largest instance that [`check`] takes for a small one.
pub const SMALL: usize = 200_000;

/// Trajectories that [`check_simulator`] plays where an instance is too large to enumerate.
pub const TRAJECTORIES: usize = 256;

/// Keys are fixed: a clean environment is clean on every run.
const KEY: u64 = 0xC0F0;

/// What a clean check has looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Was every state looked at? If not, the counts are of visits along random trajectories, repeats included.
    pub exhaustive: bool,
    /// Number of states.
    pub states: usize,
    /// Number of edges, stop edges not counted.
    pub edges: usize,
    /// Number of objects.
    pub objects: usize,
    /// Edges of the longest trajectory, the stop edge not counted.
    pub longest: usize,
    /// Number of trajectories played.
    pub trajectories: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, edges, objects, longest, trajectories, .. } = self;
        if self.exhaustive {
            write!(f, "all {states} states, {edges} edges and {objects} objects checked; ")?;
            write!(f, "horizon {longest}; {trajectories} trajectories sampled")
        } else {
            write!(f, "{trajectories} random trajectories checked forward and backward: ")?;
            write!(f, "{states} states and {edges} edges visited; longest trajectory {longest}")
        }
    }
}

/// A sentence of the contract that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Text of the state that shows it, if one does.
    pub at: Option<String>,
    /// What is wrong there.
    pub message: String,
}

impl Finding {
    fn new(message: impl Into<String>) -> Self {
        Self { at: None, message: message.into() }
    }

    fn at(text: &str, message: impl Into<String>) -> Self {
        Self { at: Some(text.to_owned()), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debug quoting would hide nothing, but a line break in a text must not break the message.
        match &self.at {
            Some(text) => write!(f, "`{}`: {}", text.escape_debug(), self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Finding {}

/// Checks one small instance exhaustively: the environment, the default simulator over it, and the two against each
/// other.
///
/// # Errors
/// The first sentence of the contract that does not hold; also if there are more than [`SMALL`] states.
pub fn check<E: Environment>(name: &str, env: E) -> Result<Report, Finding> {
    let sim = Lanes::new(name, env);
    let graph = match enumerate(&sim, SMALL) {
        Ok(graph) => graph,
        Err(error @ EnumerateError::Cyclic { .. }) => return Err(behind(&sim, &error)),
        Err(error) => return Err(Finding::new(error.to_string())),
    };
    let report = exhaustive::check(&sim, &graph, Key::new(KEY))?;
    lockstep(&sim, sim.env(), Key::new(KEY).fold(1))?;
    Ok(report)
}

/// Checks every instance that [`Environment::small`] lists.
///
/// # Errors
/// The first finding, with the number of its instance; also if there is no small instance.
pub fn check_small<E: Environment>(name: &str) -> Result<Vec<Report>, Finding> {
    let small = E::small();
    if small.is_empty() {
        return Err(Finding::new(format!("`{name}` lists no small instance")));
    }
    let numbered = |(i, env)| {
        check(name, env)
            .map_err(|f| Finding { message: format!("{} (small instance {i} of `{name}`)", f.message), ..f })
    };
    small.into_iter().enumerate().map(numbered).collect()
}

/// Checks any instance: exhaustively if it has at most `cap` states, by [`random_play`] otherwise.
///
/// # Errors
/// The first sentence of the contract that does not hold.
pub fn check_simulator(sim: &dyn Simulator, cap: usize) -> Result<Report, Finding> {
    match enumerate(sim, cap) {
        Ok(graph) => exhaustive::check(sim, &graph, Key::new(KEY)),
        Err(error @ EnumerateError::Cyclic { .. }) => Err(behind(sim, &error)),
        Err(EnumerateError::TooLarge { .. } | EnumerateError::TooManyEdges { .. }) => {
            random_play(sim, TRAJECTORIES, Key::new(KEY))
        }
    }
}

/// Why the edges form a cycle: a lane mixed up, a step that wraps around. Random play says where.
fn behind(sim: &dyn Simulator, error: &EnumerateError) -> Finding {
    match random_play(sim, TRAJECTORIES, Key::new(KEY)) {
        Ok(_) => Finding::new(error.to_string()),
        Err(cause) => Finding { message: format!("{}; {error}", cause.message), ..cause },
    }
}
