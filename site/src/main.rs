//! Builds the site out of the documents, and checks every link of it: `cargo xtask site` calls it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod book;
mod check;
mod gallery;
mod html;
mod math;
mod page;
mod places;

use std::path::PathBuf;
use std::process::ExitCode;

use book::Directories;

/// Arguments: the repository, the directories in which commands ran, one for mdBook to work in, and the site's.
fn main() -> ExitCode {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [root, runs, work, out] = &args[..] else {
        eprintln!("error: `cargo xtask site` builds the site");
        return ExitCode::from(2);
    };
    match site(&Directories { root, runs, work, out }) {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            faults.iter().for_each(|fault| println!("{fault}"));
            println!("{} findings in the site", faults.len());
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Builds and checks; returns what is wrong.
fn site(dirs: &Directories<'_>) -> Result<Vec<String>, String> {
    let built = book::build(dirs)?;
    println!(
        "{} pages, {} formulas, {} pictures of galleries, {} files that pages link to",
        built.pages, built.formulas, built.pictures, built.files
    );
    if !built.faults.is_empty() {
        return Ok(built.faults);
    }
    let checked = check::check(dirs.out)?;
    println!("{} links and addresses in {} files of HTML", checked.links, checked.pages);
    Ok(checked.faults)
}
