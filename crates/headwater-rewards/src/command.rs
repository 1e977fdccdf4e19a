//! Scores by any program: objects one per line on its stdin, one answer per line on its stdout.
//!
//! The program is a child that lives as long as the oracle, or several of them. It is started directly, by the list of
//! its arguments: neither a configuration nor an object is ever read by a shell. One thread attends to all children
//! and waits for none in particular (`pool.rs`), so that no pipe can fill up while the other side waits.

mod child;
mod failure;
mod pool;
mod protocol;
mod tail;

use std::env;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater_core::SettingError;
use headwater_core::settings::{choice, settings};

use crate::{Missing, Objects, Oracle, RewardError};
use pool::Pool;

choice! {
    /// How objects and answers are written, one per line.
    pub enum Protocol {
        /// The object's text; a number.
        Lines = "lines",
        /// `{"object": "…"}`; an object with a number of the name `property`, or null for none.
        Json = "json",
    }
}

settings! {
    /// Settings of a [`Command`].
    pub struct CommandConfig {
        /// The program and its arguments, as in `["python3", "score.py"]`; no shell reads them.
        command: Vec<String>, Kind::Texts;
        /// The program's working directory, where relative paths start; without it, the directory of the configuration.
        dir: PathBuf = "\".\"", Kind::Dir;
        /// Copies of the program that work at the same time.
        workers: usize = "1", Kind::Int { min: 1, max: 1024 };
        /// Most objects that a copy is given before it has to answer.
        chunk: usize = "64", Kind::Int { min: 1, max: 1_000_000 };
        /// What lines are: `lines` (an object's text; a number) or `json` (`{"object": "…"}`; an object with a number).
        protocol: Protocol = "\"lines\"", Kind::Choice(Protocol::NAMES);
        /// With `json`, the name of the number in an answer that is the score.
        property: String = "\"score\"", Kind::Text;
        /// Longest time for the answers to a chunk, the program's start included, before it is killed.
        timeout_s: f64 = "300.0", Kind::Real { min: 1e-3, max: 1e6 };
        /// How often a chunk is tried again, and in the end each object that may be to blame, when the program fails.
        retries: u32 = "2", Kind::Int { min: 0, max: 100 };
        /// Wait before the first of these; each next one waits twice as long, up to a minute.
        backoff_s: f64 = "0.5", Kind::Real { min: 0.0, max: 60.0 };
        /// What becomes of an object that has no score: `error` (the run stops) or `floor` (it has `reward.floor`).
        missing: Missing = "\"error\"", Kind::Choice(Missing::NAMES);
        /// Any text; change it when the program's scores change, so that none computed before is used again.
        version: String = "\"\"", Kind::Text;
    }
}

/// Scores by a program, many copies of it at once.
///
/// Nothing is started before the first object is scored. A number that is not finite stands for no score.
pub struct Command {
    pool: Pool,
    missing: Missing,
    identity: String,
}

impl Command {
    /// An oracle that will start the program of `config`.
    ///
    /// # Errors
    /// If there is no such program, or it is not executable.
    pub fn new(config: &CommandConfig) -> Result<Self, SettingError> {
        let Some((program, arguments)) = config.command.split_first() else {
            return Err(SettingError::at("command", "the command is empty")
                .hint("name a program and its arguments, as in `[\"python3\", \"score.py\"]`"));
        };
        let start = child::Start {
            name: config.command.join(" "),
            program: find(program, &config.dir)?,
            arguments: arguments.to_vec(),
            dir: config.dir.clone(),
        };
        let plan = pool::Plan {
            start,
            chunk: config.chunk,
            format: protocol::Format { protocol: config.protocol, property: config.property.clone() },
            timeout: Duration::from_secs_f64(config.timeout_s),
            retries: config.retries,
            backoff: Duration::from_secs_f64(config.backoff_s),
            missing: config.missing,
        };
        Ok(Self {
            pool: Pool::new(plan, config.workers),
            missing: config.missing,
            identity: identity(config),
        })
    }
}

impl Oracle for Command {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        self.pool.score(objects.texts(), out, &mut |_, _| {})
    }

    fn score_in_pieces(
        &mut self,
        objects: &Objects,
        out: &mut [f64],
        done: &mut dyn FnMut(Range<usize>, &[f64]),
    ) -> Result<(), RewardError> {
        self.pool.score(objects.texts(), out, done)
    }

    fn missing(&self) -> Missing {
        self.missing
    }

    fn identity(&self) -> Option<String> {
        Some(self.identity.clone())
    }

    fn take_log(&mut self) -> String {
        self.pool.take_log()
    }
}

/// Everything that decides what a score is: not where the program runs, nor how many copies of it.
fn identity(config: &CommandConfig) -> String {
    let property = match config.protocol {
        Protocol::Lines => String::new(),
        Protocol::Json => format!(" property {:?}", config.property),
    };
    let protocol = config.protocol.name();
    format!("command {:?} protocol {protocol}{property} version {:?}", config.command, config.version)
}

/// The program to start: a path from `dir` on, or a name that is in one of the directories of `PATH`.
fn find(program: &str, dir: &Path) -> Result<PathBuf, SettingError> {
    let error = |message: String| SettingError::at("command", message);
    if !program.contains('/') {
        let path = env::var_os("PATH").unwrap_or_default();
        if env::split_paths(&path).any(|place| is_executable(&place.join(program))) {
            return Ok(program.into());
        }
        let hint = if !program.is_empty() && dir.join(program).exists() {
            format!("a program in `reward.dir` is written with a slash: `./{program}`")
        } else {
            "install it, or give its path".to_owned()
        };
        return Err(error(format!("there is no program `{program}` in the directories of PATH")).hint(hint));
    }
    // A relative program would be looked up before or after the change of directory, depending on the system.
    let path = dir.join(program);
    let path = std::path::absolute(&path).unwrap_or(path);
    if !path.exists() {
        let hint = format!("relative paths start at `{}` (`reward.dir`)", dir.display());
        return Err(error(format!("there is no program `{program}`")).hint(hint));
    }
    if !is_executable(&path) {
        let hint = format!("make it executable (`chmod +x {program}`), or name its interpreter before it");
        return Err(error(format!("`{program}` is not an executable file")).hint(hint));
    }
    Ok(path)
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
