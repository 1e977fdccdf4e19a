//! The `headwater` command: one file per subcommand.
//!
//! stdout is data, stderr is talk. Exit codes: 0 done, 1 findings (a check failed, a run was interrupted), 2 error.

mod args;
mod bayesnet;
mod bench;
mod candidates;
mod check;
mod compare;
mod config;
mod diagnose;
mod door;
mod eval;
mod exact;
mod export;
mod flow;
mod list;
mod logp;
#[cfg(all(feature = "onnx", unix))]
mod model;
mod out;
mod phylo;
mod play;
mod progress;
mod report;
mod sample;
mod score;
mod serve;
mod signal;
mod summary;
mod task;
mod train;
mod watch;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::args::{Args, Command};
use crate::out::Failure;

/// How a command that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done; nothing to report. Exit code 0.
    Clean,
    /// Done, and something was found that the user should look at. Exit code 1.
    Findings,
}

fn main() -> ExitCode {
    let started = Instant::now();
    let args = match Args::try_parse() {
        Ok(args) => args,
        // What was typed may hold any character, and the messages repeat it.
        Err(e) if e.use_stderr() => {
            out::talk(&e.render().to_string());
            return ExitCode::from(2);
        }
        Err(e) => return exit(out::data(&e.render().to_string()).map(|()| Verdict::Clean)),
    };
    #[cfg(all(feature = "onnx", unix))]
    model::run_apart();
    exit(run(args.command, started))
}

fn exit(ended: Result<Verdict, Failure>) -> ExitCode {
    match ended {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        // Whoever read stdout has read enough.
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Problems(problems)) => {
            out::talk(&problems.to_string());
            ExitCode::from(2)
        }
    }
}

fn run(command: Command, started: Instant) -> Result<Verdict, Failure> {
    match command {
        Command::Train(args) => train::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Sample(args) => sample::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Summary(args) => summary::run(&args),
        Command::Diagnose(args) => diagnose::run(&args),
        Command::Exact(args) => exact::run(&args),
        Command::Flow(args) => flow::run(&args),
        Command::Phylo(args) => phylo::run(&args),
        Command::Bayesnet(args) => bayesnet::run(&args),
        Command::Logp(args) => logp::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Candidates(args) => candidates::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Play(args) => play::run(&args),
        Command::Bench(args) => bench::run(&args, started),
        Command::Compare(args) => compare::run(&args),
        Command::List(args) => list::run(&args),
        Command::Show(args) => list::show(&args),
        Command::Config(args) => config::run(&args),
        #[cfg(all(feature = "onnx", unix))]
        Command::ServeModel => model::serve(),
    }
}
