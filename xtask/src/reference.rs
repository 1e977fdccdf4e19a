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
    ("methods", "Methods"),
];

/// Every page of `docs/reference`.
pub fn pages(program: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
    let mut pages = vec![("commands", commands(program)?), ("config", config(program)?)];
    for (list, title) in LISTS {
        pages.push((list, page(program, list, title)?));
    }
    let at = |name| root().join("docs/reference").join(format!("{name}.md"));
    Ok(pages.into_iter().map(|(name, text)| (at(name), text)).collect())
}

/// The help of every command.
fn commands(program: &Path) -> Result<String, Error> {
    let mut page =
        "# Commands\n\nWritten by `cargo xtask docs` from `headwater help` and the help of every command.\n"
            .to_owned();
    let help = output(run(program, &["help"]))?;
    page.push_str(&fenced(&help));
    for name in subcommands(&help) {
        let help = output(run(program, &["help", name]))?;
        page.push_str(&format!("\n## {name}\n{}", fenced(&help)));
        for inner in subcommands(&help) {
            let help = output(run(program, &["help", name, inner]))?;
            page.push_str(&format!("\n### {name} {inner}\n{}", fenced(&help)));
        }
    }
    Ok(page)
}

/// The commands that a help text lists, but for `help` itself.
pub fn subcommands(help: &str) -> impl Iterator<Item = &str> {
    let list = help.split_once("\nCommands:\n").map_or("", |(_, after)| after);
    let lines = list.lines().take_while(|line| !line.is_empty());
    // A line that is indented further goes on with the text of the one before.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
}

/// Every key of a configuration, with one environment for an example.
fn config(program: &Path) -> Result<String, Error> {
    let example = output(run(program, &["config", "init", "env=hypergrid"]))?;
    Ok(format!(
        "# Configuration\n\nWritten by `cargo xtask docs` from `headwater config init env=hypergrid`: every key with its \
         default and its meaning. What depends on a kind is in the pages of [environments](envs.md), [rewards](rewards.md), \
         [objectives](objectives.md), [policies](policies.md) and [methods](methods.md). `headwater config init env=… \
         objective=…` prints the same for others, and `headwater config schema` a JSON schema for editors.\n\n\
         ```toml\n{}\n```\n",
        example.trim_end()
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_off_their_help() {
        let help = "About.\n\nCommands:\n  list  List\n  bench  Measure; of\n         kernels\n  help  Print\n\nOptions:\n  -h\n";
        assert_eq!(subcommands(help).collect::<Vec<_>>(), ["list", "bench"]);
        assert_eq!(subcommands("Options:\n").count(), 0);
    }
}
