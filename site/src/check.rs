//! Whether every link of a built site leads somewhere, and every picture says what it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::html::{Tag, tags};
use crate::places::resolved;

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct Checked {
    pub pages: usize,
    pub links: usize,
    pub faults: Vec<String>,
}

/// Attributes whose value is an address that a browser follows or loads.
const ADDRESSES: [&str; 5] = ["href", "src", "action", "data", "poster"];

/// Looks at every page below a directory.
///
/// # Errors
/// If files cannot be read.
pub fn check(site: &Path) -> Result<Checked, String> {
    let mut files = BTreeMap::new();
    walk(site, "", &mut files)?;
    Ok(check_files(&files))
}

/// The pages among the files, with their text.
fn pages(files: &Files) -> impl Iterator<Item = (&str, &str)> {
    let texts = files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)));
    texts.filter(|(path, _)| path.ends_with(".html"))
}

/// The files of a site: their paths, and the text of those that are pages or styles.
type Files = BTreeMap<String, Option<String>>;

fn check_files(files: &Files) -> Checked {
    let mut checked = Checked::default();
    let pages: BTreeMap<&str, Vec<Tag<'_>>> = pages(files).map(|(path, text)| (path, tags(text))).collect();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".css")) {
        let text = text.as_deref().unwrap_or_default().replace(['"', '\''], "");
        if ["url(http", "url(//", "@import"].iter().any(|load| text.contains(load)) {
            checked.faults.push(format!("{path}: a style that loads from the web"));
        }
    }
    let anchors: BTreeMap<&str, BTreeSet<&str>> = pages
        .iter()
        .map(|(path, tags)| (*path, tags.iter().filter_map(|tag| tag.get("id")).collect()))
        .collect();
    checked.pages = pages.len();
    for (path, tags) in &pages {
        for tag in tags {
            let mut fault = |what: String| checked.faults.push(format!("{path}: {what}"));
            if tag.name == "img" && tag.get("alt").is_none_or(|alt| alt.trim().is_empty()) {
                fault(format!("the picture `{}` has no text", tag.get("src").unwrap_or_default()));
            }
            for (name, address) in &tag.attributes {
                if !ADDRESSES.contains(name) {
                    continue;
                }
                checked.links += 1;
                if let Err(what) = leads_somewhere(path, tag, address, files, &anchors) {
                    fault(what);
                }
            }
        }
    }
    checked
}

fn leads_somewhere(
    here: &str,
    tag: &Tag<'_>,
    address: &str,
    files: &Files,
    anchors: &BTreeMap<&str, BTreeSet<&str>>,
) -> Result<(), String> {
    // Whoever reads may follow a link into the web; opening a page may not.
    if address.contains("://") || address.starts_with("//") {
        let loads = tag.name != "a";
        return if loads { Err(format!("`{address}` is loaded from the web")) } else { Ok(()) };
    }
    if address.starts_with("data:") || address.starts_with("mailto:") {
        return Ok(());
    }
    let (path, fragment) = address.split_once('#').map_or((address, ""), |(p, f)| (p, f));
    let path = path.split('?').next().unwrap_or_default();
    let target = if path.is_empty() { Some(here.to_owned()) } else { resolved(here, path) };
    let target =
        target.filter(|target| files.contains_key(target)).ok_or(format!("dead link `{address}`"))?;
    let there = anchors.get(target.as_str());
    if fragment.is_empty() || there.is_some_and(|there| there.contains(decoded(fragment).as_str())) {
        return Ok(());
    }
    Err(format!("`{address}`: there is no `#{fragment}` on that page"))
}

/// A fragment with its `%XX` as characters.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = fragment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let hex = hex.and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok());
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn walk(directory: &Path, prefix: &str, files: &mut Files) -> Result<(), String> {
    let cannot = |e| format!("cannot read `{}`: {e}", directory.display());
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{name}/"), files)?;
        } else {
            let read = name.ends_with(".html") || name.ends_with(".css");
            let text = read.then(|| fs::read_to_string(entry.path())).transpose().map_err(cannot)?;
            files.insert(name, text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(page: &str) -> Vec<String> {
        let other = "<h1 id=\"top\">x</h1><h2 id=\"é\">y</h2>".to_owned();
        let files = [("a/a.html", Some(page.to_owned())), ("b.html", Some(other)), ("c.svg", None)];
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
        check_files(&files).faults
    }

    #[test]
    fn links_and_anchors_that_are_there() {
        let good = "<a id='x' href=\"../b.html#top\">a</a><a href=\"#x\">b</a><a href='../b.html#%C3%A9'>c</a>\
                    <a href=\"https://example.org\">d</a><img src=\"../c.svg\" alt=\"a circle\">\
                    <!-- <a href=\"no.html\"> --><script>\"<a href='no.html'>\"</script>";
        assert_eq!(faults(good), [""; 0]);
    }

    #[test]
    fn styles_load_nothing_from_the_web() {
        let of = |style: &str| {
            check_files(&BTreeMap::from([("a.css".to_owned(), Some(style.to_owned()))])).faults.len()
        };
        assert_eq!(of("/* https://example.org */ a { src: url('fonts/a.woff2') }"), 0);
        for style in
            ["a { src: url(\"https://example.org/a.woff2\") }", "a { src: url(//x/a) }", "@import 'b.css';"]
        {
            assert_eq!(of(style), 1, "{style}");
        }
    }

    #[test]
    fn a_broken_anchor_and_its_like_are_found() {
        for (page, what) in [
            ("<a href=\"../b.html#botom\">x</a>", "no `#botom`"),
            ("<a href=\"#botom\">x</a>", "no `#botom`"),
            ("<a href=\"b.html\">x</a>", "dead link `b.html`"),
            ("<a href=\"../../../b.html\">x</a>", "dead link"),
            ("<img alt=\"x\" src=\"../d.svg\">", "dead link `../d.svg`"),
            ("<img src=\"../c.svg\">", "has no text"),
            ("<img src=\"../c.svg\" alt=\" \">", "has no text"),
            ("<script src=\"https://example.org/x.js\"></script>", "loaded from the web"),
            ("<link href=\"//example.org/x.css\">", "loaded from the web"),
        ] {
            let faults = faults(page);
            assert!(faults.len() == 1 && faults[0].contains(what), "{page}: {faults:?}");
        }
    }
}
