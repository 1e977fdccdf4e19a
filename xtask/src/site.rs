//! The documents as a site, and the commands in them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use crate::commands::{self, Tally};
use crate::shell::{cargo, headwater, output, read, root, run, scratch, shown, target, watch};
use crate::spans::Help;
use crate::{Error, Verdict, docs};

/// The page whose pictures its commands draw.
const GALLERY: &str = "docs/gallery.md";

/// Documents whose commands take longer than so many seconds are named.
const SLOW: f64 = 5.0;

/// `cargo xtask site`: builds the site into `target/site`.
pub fn build() -> Result<Verdict, Error> {
    let program = headwater("dev")?;
    let mut tally = Tally::default();
    commands::run(&root().join(GALLERY), &program, &mut tally)?;
    tally.faults.extend(without_picture(&program)?);
    let commands = told(&tally);
    let site = pages()?;
    if site == Verdict::Clean {
        println!("the site is {}", shown(&target().join("site/index.html")));
    }
    Ok(if commands == Verdict::Clean { site } else { commands })
}

/// `cargo xtask site --check`: the same, and runs the commands of every other document.
pub fn check() -> Result<Verdict, Error> {
    let program = headwater("dev")?;
    let start = Instant::now();
    let mut tally = everywhere(&docs::documents()?, &program)?;
    let mut help = Help::new(&program)?;
    for document in docs::documents()? {
        let faults = help.faults(&read(&document)?)?;
        tally.faults.extend(faults.iter().map(|(line, what)| format!("{}:{line}: {what}", shown(&document))));
    }
    tally.faults.extend(without_picture(&program)?);
    println!("commands of documents took {:.0} s", start.elapsed().as_secs_f64());
    let commands = told(&tally);
    Ok(if pages()? == Verdict::Clean { commands } else { Verdict::Findings })
}

/// Runs the commands of all documents, two documents at a time: many commands have work for one thread alone.
fn everywhere(documents: &[PathBuf], program: &Path) -> Result<Tally, Error> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((i, document)) = documents.iter().enumerate().nth(next.fetch_add(1, Relaxed)) {
            let begun = Instant::now();
            let mut tally = Tally::default();
            commands::run(document, program, &mut tally)?;
            let seconds = begun.elapsed().as_secs_f64();
            if seconds >= SLOW {
                println!("{}: {seconds:.0} s", shown(document));
            }
            done.push((i, tally));
        }
        Ok::<_, Error>(done)
    };
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(work);
        (work(), other.join().expect("running commands does not panic"))
    });
    let mut done = one?;
    done.extend(other?);
    done.sort_by_key(|(i, _)| *i);
    let mut all = Tally::default();
    done.into_iter().for_each(|(_, tally)| all.add(tally));
    Ok(all)
}

fn told(tally: &Tally) -> Verdict {
    println!("{} commands run, {} cut short, {} not run", tally.run, tally.cut, tally.not_run);
    tally.faults.iter().for_each(|fault| println!("{fault}"));
    println!("{} findings in commands", tally.faults.len());
    if tally.faults.is_empty() { Verdict::Clean } else { Verdict::Findings }
}

/// The environments that the gallery does not show, each as a picture of its name.
fn without_picture(program: &Path) -> Result<Vec<String>, Error> {
    let place = runs().join(GALLERY.replace('/', "_"));
    let listed = output(run(program, &["list", "envs"]))?;
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    let missing = names.filter(|name| !place.join(format!("{name}.svg")).exists());
    Ok(missing.map(|name| format!("{GALLERY}: no command draws `{name}.svg`")).collect())
}

/// A command of cargo for the program that builds the pages. It is a workspace of its own, so that `xtask` needs no
/// dependencies, and everything else is built without those of mdBook.
pub fn builder(line: &str) -> std::process::Command {
    let mut command = cargo(line);
    command.arg("--manifest-path").arg(root().join("site/Cargo.toml"));
    // Formatting has no use for a target.
    if !line.starts_with("fmt") {
        command.arg("--locked").arg("--target-dir").arg(target());
    }
    command
}

/// Builds the pages and checks their links.
fn pages() -> Result<Verdict, Error> {
    let mut command = builder("run --quiet");
    command.arg("--");
    let paths = [root().to_owned(), runs(), scratch("site/book")?, target().join("site")];
    command.args(paths);
    let (good, _) = watch(command, |_| false)?;
    Ok(if good { Verdict::Clean } else { Verdict::Findings })
}

fn runs() -> PathBuf {
    target().join("xtask/site/runs")
}
