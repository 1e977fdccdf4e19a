//! Broken and hostile files for every reader of files: `cargo xtask fuzz`.
//!
//! Inputs are made from good ones by small changes, as a function of a seed and a number. Workers read them, in processes
//! that have little memory; another process watches that none of them ends, hangs or panics, and that every message is
//! one that a person would read. The smallest input that still fails is kept.
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[cfg(unix)]
mod answers;
#[cfg(unix)]
mod mutate;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod readers;
#[cfg(unix)]
mod runs;
#[cfg(unix)]
mod samples;
#[cfg(unix)]
mod supervise;
#[cfg(unix)]
mod worker;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match options::run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("error: processes are watched on Unix only");
    ExitCode::from(2)
}
