//! Chores of the repository: `cargo xtask help`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod blocks;
mod commands;
mod counts;
mod docs;
mod fences;
mod figure;
mod fuzz;
mod peers;
mod reference;
mod results;
mod shell;
mod site;
mod spans;
mod stages;

use std::process::ExitCode;

use stages::Went;

const HELP: &str = "\
Chores of the repository.

  cargo xtask test            everything that is checked before a change is accepted
  cargo xtask docs            writes docs/reference and the command output quoted in documents
  cargo xtask docs --check    compares them with what is there
  cargo xtask site            builds the documents as a site in target/site, and checks its links
  cargo xtask site --check    does the same, and runs the commands of all documents
  cargo xtask bench grids     trains every objective on grids; writes docs/results/hypergrid.md
  cargo xtask bench envs      trains the example configurations; writes docs/results/environments.md
  cargo xtask bench targets   trains those of the literature, for half an hour; writes docs/results/targets.md
  cargo xtask bench counts    compares instruction counts with xtask/counts.csv; --update writes them there
  cargo xtask bench-peers     compares speed with torchgfn and gfnx, installed into .peers, on a quiet machine;
                              writes docs/results/speed.md; [--cells NAME] [--repeats N]
  cargo xtask fuzz            reads broken and hostile files with every reader, for three minutes; [--seconds N]
                              [--seed N] [--reader NAME] [--file FILE] [--list]
  cargo xtask figure          trains a sampler on a grid; draws docs/images/grid.svg
  cargo xtask help            this text

Exit status: 0 clean, 1 something was found, 2 the chore could not be done.
";

/// Why a chore could not be done, for people.
type Error = String;

/// Is everything as it should be?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Clean,
    Findings,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(Verdict::Clean)
        }
        ["test"] => stages::test(),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["site"] => site::build(),
        ["site", "--check"] => site::check(),
        ["bench", "grids"] => bench::grids(),
        ["bench", "envs"] => results::environments(),
        ["bench", "targets"] => results::targets(),
        ["bench", "counts"] => counts::compare().and_then(|went| match went {
            Went::Well => Ok(Verdict::Clean),
            Went::Wrong => Ok(Verdict::Findings),
            Went::Nowhere(why) => Err(format!("nothing was compared: {why}")),
        }),
        ["bench", "counts", "--update"] => counts::update().map(|()| Verdict::Clean),
        ["bench-peers", ref rest @ ..] => peers::compare(rest),
        ["figure"] => figure::grid(),
        ["fuzz", ref rest @ ..] => fuzz::run(rest),
        _ => Err(format!("unknown chore `{}`; `cargo xtask help` lists them", args.join(" "))),
    };
    match done {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
