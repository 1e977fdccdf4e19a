//! Links between documents.

use std::path::Path;

/// The relative links of a document at `path` that lead to no file. Links into the web are not followed.
pub fn dead(path: &Path, text: &str) -> Vec<String> {
    let base = path.parent().expect("documents lie in directories");
    let mut fenced = false;
    let mut dead = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for link in links(line) {
            let file = link.split('#').next().unwrap_or_default();
            let local = !file.is_empty() && !file.contains(':');
            if local && !base.join(file).exists() {
                dead.push(link.to_owned());
            }
        }
    }
    dead
}

/// The targets of `[text](target)` in a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_named() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("x.md");
        let text =
            "[a](Cargo.toml) and [b](src/nothing.rs#top), [c](https://example.org)\n```\n[d](no)\n```\n";
        assert_eq!(dead(&here, text), ["src/nothing.rs#top"]);
    }
}
