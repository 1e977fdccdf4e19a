//! From a TOML file to a checked configuration; run directories and checkpoints: all that touches the file system.
//!
//! A configuration is checked against a [`Schema`]: tables of fields that this crate is given and does not know. An
//! [`Input`] (a file's text and `--set` assignments) either becomes a [`Checked`] configuration or the list of all its
//! [`Problems`]; nothing downstream checks again. A [`RunDir`] holds what a run leaves behind, and every file in it is
//! either whole or absent.

mod account;
pub mod assemble;
mod atomic;
pub mod candidates;
mod check;
mod checked;
mod checkpoint;
pub mod comparison;
mod config;
pub mod contest;
mod coverage;
pub mod diagnose;
pub mod door;
mod error;
pub mod evaluation;
mod former;
mod json_schema;
mod ledger;
mod lock;
mod manifest;
pub mod memory;
mod problem;
mod resolve;
mod rundir;
mod samples;
mod saved;
mod schema;
mod seeds;
pub mod session;
mod starter;
pub mod summary;
mod table;
pub mod task;
mod value;
mod view;
mod visible;
mod warnings;

pub use account::Account;
pub use atomic::{AtomicFile, write_atomic};
pub use checked::{Checked, Difference, Origin, Section};
pub use checkpoint::{Array, Checkpoint, Checkpoints, Data, Loaded};
pub use config::{Input, read_text};
pub use coverage::Coverage;
pub use error::{RunError, cause};
pub use json_schema::json_schema;
pub use ledger::ScoreFile;
pub use manifest::{Manifest, Status};
pub use problem::{Place, Problem, Problems};
pub use rundir::RunDir;
pub use samples::Drawn;
pub use schema::{KindSpec, Kinds, Menu, Parts, Schema, SectionSpec};
pub use seeds::OverSeeds;
pub use starter::starter;
pub use table::{Cell, Samples, Table, guarded};
pub use value::{expected, toml_text};
pub use view::{SILENCE_S, View};
pub use visible::{is_obeyed, visible, visible_json};
pub use warnings::Warning;
