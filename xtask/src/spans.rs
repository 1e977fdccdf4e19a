//! Commands that documents name within a sentence: their names and options must be those that the help has.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Error;
use crate::reference::subcommands;
use crate::shell::{output, run};

/// The help of `headwater` and of its commands, each asked for once.
pub struct Help<'a> {
    program: &'a Path,
    commands: Vec<String>,
    /// By the words of a command.
    texts: BTreeMap<String, String>,
}

impl<'a> Help<'a> {
    /// The help of a program.
    pub fn new(program: &'a Path) -> Result<Self, Error> {
        let help = output(run(program, &["help"]))?;
        let commands = subcommands(&help).map(str::to_owned).chain(["help".to_owned()]).collect();
        Ok(Self { program, commands, texts: BTreeMap::new() })
    }

    /// What is wrong with the spans of a document that begin with `headwater`: the line, and what.
    pub fn faults(&mut self, text: &str) -> Result<Vec<(usize, String)>, Error> {
        let mut faults = Vec::new();
        for (line, span) in spans(text) {
            let words: Vec<&str> = span.split_whitespace().skip(1).collect();
            let Some(name) = words.first().filter(|word| is_name(word)) else { continue };
            if !self.commands.iter().any(|command| command == name) {
                faults.push((line, format!("`{span}`: there is no command `{name}`")));
                continue;
            }
            // A word behind it may be a command of its own, as in `config init`.
            let help = self.text(&[name])?;
            let inner = words.get(1).filter(|word| subcommands(&help).any(|inner| inner == **word));
            let help = match inner {
                Some(inner) => self.text(&[name, inner])?,
                None => help,
            };
            for option in words.iter().filter_map(|word| option(word)) {
                if !help.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == option) {
                    faults.push((line, format!("`{span}`: `{name}` has no option `{option}`")));
                }
            }
        }
        Ok(faults)
    }

    fn text(&mut self, words: &[&str]) -> Result<String, Error> {
        let key = words.join(" ");
        if let Some(text) = self.texts.get(&key) {
            return Ok(text.clone());
        }
        let text = output(run(self.program, &[&["help"], words].concat()))?;
        self.texts.insert(key, text.clone());
        Ok(text)
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
}

/// The option that a word is, without its value.
fn option(word: &str) -> Option<&str> {
    let name = word.split('=').next().unwrap_or_default();
    let letters = name.trim_start_matches('-');
    (name.starts_with('-') && letters.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(name)
}

/// Code within sentences that begins with `headwater `, with its line; it may go on in the next one.
fn spans(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut prose = String::new();
    let mut fenced = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        prose.push_str(if fence || fenced { "" } else { line });
        prose.push('\n');
    }
    for (at, _) in prose.match_indices("`headwater ") {
        let rest = &prose[at + 1..];
        // A span ends within its paragraph.
        let paragraph = rest.split("\n\n").next().unwrap_or_default();
        if let Some((span, _)) = paragraph.split_once('`') {
            found.push((1 + prose[..at].matches('\n').count(), span.replace('\n', " ")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_sentences_are_found() {
        let text = "See `headwater list envs`.\n```sh\n`headwater no`\n```\nAnd `headwater train\na.toml --set x=1`; `a`.\n";
        assert_eq!(
            spans(text),
            [(1, "headwater list envs".to_owned()), (5, "headwater train a.toml --set x=1".to_owned())]
        );
    }

    #[test]
    fn options_are_told_from_values() {
        assert_eq!(option("--set=a"), Some("--set"));
        assert_eq!(option("-n"), Some("-n"));
        for value in ["-", "-1", "--", "a", "a=-b"] {
            assert_eq!(option(value), None, "{value}");
        }
    }
}
