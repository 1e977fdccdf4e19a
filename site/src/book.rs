//! The book: its pages put together, handed to mdBook, and the files around them copied.

use std::fs;
use std::path::Path;

use mdbook_driver::MDBook;
use mdbook_driver::config::Config;

use crate::gallery::DIRECTORY;
use crate::page;
use crate::places::{Places, file_at};

/// Where things are.
pub struct Directories<'a> {
    /// The repository.
    pub root: &'a Path,
    /// The directory in which the commands of each page ran, by the page's path with `/` as `_`.
    pub runs: &'a Path,
    /// For files that only mdBook reads; cleared.
    pub work: &'a Path,
    /// The site; cleared.
    pub out: &'a Path,
}

/// What was built.
#[derive(Debug, Default)]
pub struct Built {
    pub pages: usize,
    pub formulas: usize,
    pub pictures: usize,
    pub files: usize,
    pub faults: Vec<String>,
}

const SUMMARY: &str = "docs/SUMMARY.md";

/// Documents that are checked like pages but are none: the site has a front page of its own.
const CHECKED_ONLY: [&str; 1] = ["README.md"];

/// Builds the site, unless something is wrong with its pages.
///
/// # Errors
/// If files cannot be read or written, or mdBook fails.
pub fn build(dirs: &Directories<'_>) -> Result<Built, String> {
    let mut built = Built::default();
    clear(dirs.work)?;
    clear(dirs.out)?;
    let summary = read(&dirs.root.join(SUMMARY))?;
    let mut places = Places::new(dirs.root, SUMMARY, &summary);
    let pages: Vec<(String, String)> = places.pages().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    built.faults.extend(unlisted(dirs.root, &pages)?);
    let book = dirs.work.join("pages");
    for (here, to) in &pages {
        let made = document(dirs, here, &mut places, &mut built)?;
        write(&book.join(to), &made.text)?;
        let beside =
            to.rsplit_once('/').map_or(DIRECTORY.to_owned(), |(dir, _)| format!("{dir}/{DIRECTORY}"));
        let ran = dirs.runs.join(here.replace('/', "_"));
        for picture in &made.pictures {
            if ran.join(picture).is_file() {
                copy(&ran.join(picture), &book.join(&beside).join(picture))?;
            } else {
                built.faults.push(format!("{here}: no command drew `{picture}`"));
            }
        }
        built.pages += 1;
        built.pictures += made.pictures.len();
    }
    for here in CHECKED_ONLY {
        document(dirs, here, &mut places, &mut built)?;
    }
    if !built.faults.is_empty() {
        return Ok(built);
    }
    write(&book.join("SUMMARY.md"), &summary_of_book(&summary, &pages))?;
    for path in places.linked.clone() {
        built.files += linked(dirs.root, &path, &book)?;
    }
    copy(&dirs.root.join("site/site.css"), &dirs.work.join("site.css"))?;
    let config: Config = read(&dirs.root.join("site/book.toml"))?.parse().map_err(|e| chain(&e))?;
    let mut mdbook = MDBook::load_with_config(dirs.work, config).map_err(|e| chain(&e))?;
    mdbook.config.build.build_dir = dirs.out.to_owned();
    mdbook.build().map_err(|e| chain(&e))?;
    Ok(built)
}

fn document(
    dirs: &Directories<'_>,
    here: &str,
    places: &mut Places,
    built: &mut Built,
) -> Result<page::Page, String> {
    let made = page::page(&read(&dirs.root.join(here))?, here, places);
    built.formulas += made.formulas;
    built.faults.extend(made.faults.iter().map(|(line, what)| format!("{here}:{line}: {what}")));
    Ok(made)
}

/// The documents that the summary lacks, and those that it lists but are not there.
fn unlisted(root: &Path, pages: &[(String, String)]) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for (here, _) in pages {
        if !root.join(here).is_file() {
            faults.push(format!("{SUMMARY}: `{here}` is not there"));
        }
    }
    for directory in ["docs", "docs/concepts", "docs/guides", "docs/reference", "docs/results"] {
        for name in names(&root.join(directory))? {
            let path = format!("{directory}/{name}");
            if name.ends_with(".md") && path != SUMMARY && !pages.iter().any(|(here, _)| *here == path) {
                faults.push(format!("{path}: {SUMMARY} does not list it"));
            }
        }
    }
    Ok(faults)
}

/// The summary with the paths that pages have in the book.
fn summary_of_book(summary: &str, pages: &[(String, String)]) -> String {
    let mut out = summary.to_owned();
    for (here, to) in pages {
        let link = here.strip_prefix("docs/").map_or_else(|| format!("../{here}"), str::to_owned);
        out = out.replace(&format!("]({link})"), &format!("]({to})"));
    }
    out
}

/// Copies a file that pages link to, or a directory with a list of its files; returns how many files those are.
fn linked(root: &Path, path: &str, book: &Path) -> Result<usize, String> {
    let from = root.join(path);
    if from.is_file() {
        copy(&from, &book.join(file_at(path, false)))?;
        return Ok(1);
    }
    let mut rows = String::new();
    let mut n = 0;
    for name in names(&from)? {
        let inside = format!("{path}/{name}");
        let directory = root.join(&inside).is_dir();
        n += linked(root, &inside, book)?;
        let to = file_at(&inside, directory);
        let to = to.strip_prefix(&format!("files/{path}/")).unwrap_or(&to);
        rows.push_str(&format!("<li><a href=\"{to}\">{name}</a></li>\n"));
    }
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{path}</title></head>\n<body><h1>{path}</h1>\n<ul>\n{rows}</ul></body></html>\n"
    );
    write(&book.join(file_at(path, true)), &page)?;
    Ok(n)
}

/// The names in a directory, in order; none if it is not there.
fn names(directory: &Path) -> Result<Vec<String>, String> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let entries =
        fs::read_dir(directory).map_err(|e| format!("cannot read `{}`: {e}", directory.display()))?;
    let mut names: Vec<String> = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn clear(path: &Path) -> Result<(), String> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(|e| format!("cannot clear `{}`: {e}", path.display()))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    above(path)?;
    fs::write(path, text).map_err(|e| format!("cannot write `{}`: {e}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    above(to)?;
    fs::copy(from, to).map(drop).map_err(|e| format!("cannot copy `{}`: {e}", from.display()))
}

fn above(path: &Path) -> Result<(), String> {
    let parent = path.parent().expect("files lie in directories");
    fs::create_dir_all(parent).map_err(|e| format!("cannot make `{}`: {e}", parent.display()))
}

/// What mdBook says, with all of its reasons.
fn chain(error: &mdbook_driver::errors::Error) -> String {
    format!("mdBook: {error:#}")
}
