//! The reference pages: what the command says of everything that is registered.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::shell::{output, root, run};

/// The lists of the command, with the titles of their pages.
const LISTS: &[(&str, &str)] = &[
    ("envs", "Environments"),
    ("objectives", "Objectives"),
    ("rewards", "Rewards"),
    ("policies", "Policies"),
    ("losses", "Regression losses"),
];

/// Every page of `docs/reference`.
pub fn pages(program: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
    LISTS
        .iter()
        .map(|(list, title)| {
            let path = root().join("docs/reference").join(format!("{list}.md"));
            Ok((path, page(program, list, title)?))
        })
        .collect()
}

fn page(program: &Path, list: &str, title: &str) -> Result<String, Error> {
    let listed = output(run(program, &["list", list]))?;
    let mut page = format!(
        "# {title}\n\nWritten by `cargo xtask docs` from `headwater list {list}` and `headwater show`.\n"
    );
    page.push_str(&fenced(&listed));
    for name in listed.lines().filter_map(|line| line.split_whitespace().next()) {
        page.push_str(&format!("\n## {name}\n"));
        page.push_str(&fenced(&output(run(program, &["show", name]))?));
    }
    Ok(page)
}

fn fenced(text: &str) -> String {
    format!("\n```text\n{}\n```\n", text.trim_end())
}
