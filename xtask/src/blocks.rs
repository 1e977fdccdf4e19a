//! Commands quoted in documents with their real output.
//!
//! A fenced block of the language `console` whose first line is `$ headwater …` is run and the rest of the block is
//! what it writes to stdout. The words of the command are split at blanks; quoting and pipes are not understood.

use std::path::Path;

use crate::Error;
use crate::shell::{output, run};

const FENCE: &str = "```";

/// The document with the output of its commands brought up to date.
pub fn refresh(text: &str, program: &Path) -> Result<String, Error> {
    rewrite(text, |line| {
        let args: Vec<&str> = line.split_whitespace().collect();
        output(run(program, &args))
    })
}

fn rewrite(text: &str, mut run: impl FnMut(&str) -> Result<String, Error>) -> Result<String, Error> {
    let mut out = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        out.push_str(line);
        if line.trim_end() != "```console" {
            continue;
        }
        let Some(command) = lines.next() else { break };
        out.push_str(command);
        let Some(args) = command.strip_prefix("$ headwater ") else { continue };
        let closed = lines.by_ref().any(|line| line.trim_end() == FENCE);
        if !closed {
            return Err(format!("the block of `{}` has no end", command.trim()));
        }
        out.push_str(run(args.trim())?.trim_end());
        out.push('\n');
        out.push_str(FENCE);
        out.push('\n');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_replaced_and_the_rest_kept() {
        let text = "a\n```console\n$ headwater list envs\nold\nolder\n```\nb\n```text\n$ headwater x\n```\n";
        let fresh = rewrite(text, |args| Ok(format!("<{args}>\n\n"))).unwrap();
        assert_eq!(
            fresh,
            "a\n```console\n$ headwater list envs\n<list envs>\n```\nb\n```text\n$ headwater x\n```\n"
        );
        assert!(rewrite("```console\n$ headwater x\n", |_| Ok(String::new())).is_err());
    }
}
