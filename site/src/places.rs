//! Where the files of the repository lie on the site, and what a link from one to another becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Which documents are pages; which other files pages link to; what is wrong.
pub struct Places {
    root: PathBuf,
    /// Pages: path in the repository, and on the site, ending in `.md`.
    pages: BTreeMap<String, String>,
    /// Files and directories that pages link to, by their paths in the repository.
    pub linked: BTreeSet<String>,
}

impl Places {
    /// The pages that a summary lists. Its links are relative to the file at `here`.
    pub fn new(root: &Path, here: &str, summary: &str) -> Self {
        let listed = summary.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let pages = listed
            .filter_map(|(link, _)| resolved(here, link))
            .map(|path| (path.clone(), page_at(&path)))
            .collect();
        Self { root: root.to_owned(), pages, linked: BTreeSet::new() }
    }

    /// The pages, as paths in the repository and on the site.
    pub fn pages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pages.iter().map(|(from, to)| (from.as_str(), to.as_str()))
    }

    /// What a link of the document at `here` is on the site: `None` if it stays as it is.
    ///
    /// # Errors
    /// If it leads to nothing.
    pub fn link(&mut self, here: &str, link: &str) -> Result<Option<String>, String> {
        if link.starts_with("//") {
            return Err(format!("link `{link}` names no protocol; write `https:` before it"));
        }
        let (path, fragment) = link.split_once('#').map_or((link, None), |(p, f)| (p, Some(f)));
        if path.is_empty() || path.contains(':') {
            return Ok(None);
        }
        let dead = || format!("dead link `{link}`");
        let target = resolved(here, path).ok_or_else(dead)?;
        let from = self.pages.get(here).map_or(here, String::as_str);
        if let Some(page) = self.pages.get(&target) {
            let page = relative(from, &html_of(page));
            return Ok(Some(fragment.map_or(page.clone(), |f| format!("{page}#{f}"))));
        }
        if !self.root.join(&target).exists() {
            return Err(dead());
        }
        let to = file_at(&target, self.root.join(&target).is_dir());
        self.linked.insert(target);
        Ok(Some(relative(from, &to)))
    }
}

/// The page of a document: `docs` is the root of the site.
fn page_at(path: &str) -> String {
    path.strip_prefix("docs/").map_or_else(|| path.to_lowercase(), str::to_owned)
}

/// What a page is called once it is built.
pub fn html_of(page: &str) -> String {
    page.strip_suffix(".md").map_or_else(|| page.to_owned(), |stem| format!("{stem}.html"))
}

/// Where a file that is no page lies on the site. What is not shown by every browser becomes plain text, so that
/// a configuration is read and not downloaded; a directory becomes a list of its files.
pub fn file_at(path: &str, directory: bool) -> String {
    if directory {
        return format!("files/{path}/index.html");
    }
    // The last of them is no text, and is downloaded.
    let shown = [".svg", ".png", ".csv", ".onnx"].iter().any(|end| path.ends_with(end));
    match path.strip_prefix("docs/") {
        Some(inside) if shown => inside.to_owned(),
        _ if shown => format!("files/{path}"),
        _ => format!("files/{path}.txt"),
    }
}

/// The path of a link of the file at `here`, from the root; `None` if it leaves it.
pub fn resolved(here: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = here.split('/').collect();
    parts.pop();
    for part in Path::new(link).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// The path from one file of the site to another.
pub fn relative(from: &str, to: &str) -> String {
    let (mut from, mut to) = (from.split('/').peekable(), to.split('/').peekable());
    while from.peek() == to.peek() && from.clone().count() > 1 && to.clone().count() > 1 {
        from.next();
        to.next();
    }
    let up = from.count() - 1;
    "../".repeat(up) + &to.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let summary = "[A](index.md)\n- [B](guides/b.md)\n- [C](../GLOSSARY.md)\n";
        Places::new(root, "docs/SUMMARY.md", summary)
    }

    #[test]
    fn pages_lie_where_documents_do() {
        let pages: Vec<_> = places().pages().map(|(a, b)| format!("{a} {b}")).collect();
        assert_eq!(
            pages,
            ["GLOSSARY.md glossary.md", "docs/guides/b.md guides/b.md", "docs/index.md index.md"]
        );
    }

    #[test]
    fn links_between_pages_and_to_files() {
        let mut places = places();
        let mut link = |here, to| places.link(here, to).unwrap();
        assert_eq!(link("docs/guides/b.md", "../../GLOSSARY.md#x"), Some("../glossary.html#x".into()));
        assert_eq!(link("GLOSSARY.md", "docs/guides/b.md"), Some("guides/b.html".into()));
        assert_eq!(link("docs/guides/b.md", "../../src/math.rs"), Some("../files/src/math.rs.txt".into()));
        assert_eq!(link("docs/guides/b.md", "../../src"), Some("../files/src/index.html".into()));
        assert_eq!(link("docs/index.md", "#here"), None);
        assert_eq!(link("docs/index.md", "https://arxiv.org/abs/2106.04399"), None);
        assert_eq!(places.linked.into_iter().collect::<Vec<_>>(), ["src", "src/math.rs"]);
    }

    #[test]
    fn dead_links_are_errors() {
        let mut places = places();
        for dead in ["no.md", "../../../outside.md", "/etc/hosts", "//example.org/x"] {
            assert!(places.link("docs/index.md", dead).is_err(), "{dead}");
        }
    }

    #[test]
    fn ways_between_files() {
        assert_eq!(relative("a/b.html", "a/c.html"), "c.html");
        assert_eq!(relative("a/b.html", "c.html"), "../c.html");
        assert_eq!(relative("b.html", "a/a/c.html"), "a/a/c.html");
        assert_eq!(relative("a.html", "a.html"), "a.html");
    }
}
