//! Scores by any program: objects one per line on its stdin, one answer per line on its stdout.
//!
//! The program is a child that lives as long as the oracle, or several of them. It is started directly, by the list of
//! its arguments: neither a configuration nor an object is ever read by a shell. One thread attends to all children
//! and waits for none in particular (`pool.rs`), so that no pipe can fill up while the other side waits.

mod child;
mod failure;
mod guard;
mod pool;
mod program;
mod protocol;
mod spool;
mod tail;
mod worker;

use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater_core::SettingError;
use headwater_core::settings::{choice, settings};

use crate::{Caller, Deaf, Keep, Listener, Missing, Objects, Oracle, RewardError};
use pool::Pool;
use program::Program;
use spool::Shelf;

choice! {
    /// How objects and answers are written, one per line.
    pub enum Protocol {
        /// The object's text; a number.
        Lines = "lines",
        /// `{"object": "…"}`; an object with a number of the name `property`, or null for none. If it has an `object` too,
        /// that must be the one that was asked for.
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
        /// A line that the program writes once it has started, before it is given anything; what it prints before that line
        /// is no answer. Without it, the program prints nothing but answers.
        ready: Option<String>, Kind::Text;
        /// Longest time for the answers to a chunk, the program's start included, before it is killed.
        timeout_s: f64 = "300.0", Kind::Real { min: 1e-3, max: 1e6 };
        /// How often a chunk is tried again, and in the end each object that may be to blame, when the program fails.
        retries: u32 = "2", Kind::Int { min: 0, max: 100 };
        /// Wait before the first of these; each next one waits twice as long, up to a minute.
        backoff_s: f64 = "0.5", Kind::Real { min: 0.0, max: 60.0 };
        /// What becomes of an object that has no score: `error` (the run stops) or `floor` (it has `reward.floor`).
        missing: Missing = "\"error\"", Kind::Choice(Missing::NAMES);
        /// Any text; change it when the program's scores change without a change of the files that `command` names, so that
        /// none computed before is used again.
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
    /// If there is no such program, it is not executable, or a file that it is given cannot be read.
    pub fn new(config: &CommandConfig) -> Result<Self, SettingError> {
        let program = Program::find(config)?;
        let start = child::Start {
            name: config.command.join(" "),
            program: program.path.clone(),
            arguments: config.command[1..].to_vec(),
            dir: config.dir.clone(),
        };
        let plan = pool::Plan {
            start,
            chunk: config.chunk,
            format: protocol::Format { protocol: config.protocol, property: config.property.clone() },
            shelf: None,
            ready: config.ready.clone(),
            timeout: Duration::from_secs_f64(config.timeout_s),
            retries: config.retries,
            backoff: Duration::from_secs_f64(config.backoff_s),
            missing: config.missing,
        };
        let identity = program.identity(config);
        Ok(Self { pool: Pool::new(plan, program, config.workers), missing: config.missing, identity })
    }
}

impl Oracle for Command {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        self.pool.score(objects.texts(), out, &mut Deaf)
    }

    fn score_in_pieces(
        &mut self,
        objects: &Objects,
        out: &mut [f64],
        listener: &mut dyn Listener,
    ) -> Result<(), RewardError> {
        self.pool.score(objects.texts(), out, listener)
    }

    fn attend(&mut self, caller: &Caller) {
        self.pool.attend(caller);
    }

    fn shelve(&mut self, dir: &Path, identity: &str) {
        self.pool.shelve(Shelf { dir: dir.to_owned(), identity: identity.to_owned() });
    }

    fn collect(&mut self, keep: &mut Keep<'_>) -> Result<(), String> {
        self.pool.collect(keep)
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
