//! Documents that are made or checked by programs: the reference, quoted output.

use std::path::PathBuf;

use crate::shell::{self, headwater, read, root, shown};
use crate::{Error, Verdict, blocks, reference};

/// `cargo xtask docs`: writes whatever is not up to date.
pub fn write() -> Result<Verdict, Error> {
    for (path, text) in generated()? {
        if read(&path).ok().as_ref() != Some(&text) {
            shell::write(&path, &text)?;
            println!("wrote {}", shown(&path));
        }
    }
    Ok(Verdict::Clean)
}

/// `cargo xtask docs --check`: names every document that is out of date.
pub fn check() -> Result<Verdict, Error> {
    let mut findings = Vec::new();
    for (path, text) in generated()? {
        if let Some(line) = first_difference(&read(&path).unwrap_or_default(), &text) {
            findings.push(format!("{}:{line}: out of date; run `cargo xtask docs`", shown(&path)));
        }
    }
    findings.iter().for_each(|finding| println!("{finding}"));
    println!("{} findings in documents", findings.len());
    Ok(if findings.is_empty() { Verdict::Clean } else { Verdict::Findings })
}

/// Every document that programs write, with its text as it ought to be.
fn generated() -> Result<Vec<(PathBuf, String)>, Error> {
    let program = headwater("dev")?;
    let mut out = reference::pages(&program)?;
    for path in documents()? {
        let text = read(&path)?;
        let fresh = blocks::refresh(&text, &program).map_err(|e| format!("{}: {e}", shown(&path)))?;
        out.push((path, fresh));
    }
    Ok(out)
}

/// The documents that people write.
pub fn documents() -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for directory in ["", "docs", "docs/concepts", "docs/guides", "docs/results"] {
        let Ok(entries) = std::fs::read_dir(root().join(directory)) else { continue };
        found
            .extend(entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "md")));
    }
    found.sort();
    Ok(found)
}

fn first_difference(old: &str, new: &str) -> Option<usize> {
    if old == new {
        return None;
    }
    Some(1 + old.lines().zip(new.lines()).take_while(|(a, b)| a == b).count())
}
