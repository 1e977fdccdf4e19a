//! From a document of the repository to a page of the book: formulas, links, galleries.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::gallery;
use crate::math::mathml;
use crate::places::Places;

/// What was made of a document.
#[derive(Debug, Default)]
pub struct Page {
    pub text: String,
    pub formulas: usize,
    /// Pictures that galleries show, relative to the directory in which their commands ran.
    pub pictures: Vec<String>,
    /// What is wrong, with the line.
    pub faults: Vec<(usize, String)>,
}

/// The comment before a block of commands that become cards with the pictures that they draw.
const GALLERY: &str = "<!-- gallery -->";

/// The page of the document at `here`. Code is left alone, in spans and in blocks.
pub fn page(text: &str, here: &str, places: &mut Places) -> Page {
    let mut page = Page::default();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let options = Options::ENABLE_MATH | Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut fault = |at: usize, what: String| {
        page.faults.push((1 + text[..at].matches('\n').count(), what));
    };
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::InlineMath(latex) | Event::DisplayMath(latex) => {
                page.formulas += 1;
                let block = text[range.clone()].starts_with("$$");
                match mathml(&latex, block) {
                    Ok(math) => edits.push((range, math)),
                    Err(what) => fault(range.start, format!("the formula `{latex}` does not parse: {what}")),
                }
            }
            // In a paragraph a line that begins like an item of a list ends it, also within a formula.
            Event::Text(_) if text[range.start..].starts_with("$$") => {
                let why =
                    "`$$` begins or ends no formula: no line in one may begin with `-`, `+`, `*`, `#` or `>`";
                fault(range.start, why.to_owned());
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                match places.link(here, &dest_url) {
                    Ok(None) => {}
                    Ok(Some(new)) => match text[range.clone()].rfind(&format!("({dest_url}")) {
                        Some(at) => {
                            let start = range.start + at + 1;
                            edits.push((start..start + dest_url.len(), new));
                        }
                        None => fault(range.start, format!("write `{dest_url}` as `[…]({dest_url})`")),
                    },
                    Err(what) => fault(range.start, what),
                }
            }
            Event::Start(Tag::CodeBlock(_)) if text[..range.start].trim_end().ends_with(GALLERY) => {
                match gallery::cards(&text[range.clone()]) {
                    Ok(gallery) => {
                        page.pictures.extend(gallery.pictures);
                        edits.push((range, gallery.html));
                    }
                    Err(what) => fault(range.start, what),
                }
            }
            _ => {}
        }
    }
    // A link around a picture begins before the picture's: edits are not yet in order.
    edits.sort_by_key(|(range, _)| range.start);
    let mut done = 0;
    for (range, new) in edits {
        page.text.push_str(&text[done..range.start]);
        page.text.push_str(&new);
        done = range.end;
    }
    page.text.push_str(&text[done..]);
    page
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn made(text: &str) -> Page {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        page(text, "docs/a.md", &mut Places::new(root, "docs/SUMMARY.md", "[A](a.md) [B](b/b.md)"))
    }

    #[test]
    fn formulas_are_drawn_and_code_is_left_alone() {
        let page =
            made("Flow $F(s)$ and\n\n$$\nZ = \\sum_x R(x)\n$$\n\n| a | b |\n|---|---|\n| $x_1$ | $y_1$ |\n");
        assert_eq!((page.formulas, page.faults.len()), (4, 0));
        assert!(!page.text.contains('$'), "{}", page.text);
        for code in ["`$F(s)$`", "```sh\nheadwater $a $b\n```", "    $x$ indented\n", "<!-- $x$ -->"] {
            let page = made(code);
            assert_eq!((page.text.as_str(), page.formulas), (code, 0));
        }
    }

    #[test]
    fn a_dollar_is_a_dollar() {
        for text in
            ["it costs $5 and not $6", "write `$ headwater list` or $ alone", "\\$x\\$", "US$ 5, US$ 6"]
        {
            let page = made(text);
            assert_eq!((page.text.as_str(), page.formulas), (text, 0));
        }
    }

    #[test]
    fn faults_have_lines() {
        let page = made("a\n\nb $\\frac{a}$ c\n\n$$\n\\nosuch\n$$\n\n[x](no.md)\n\n![y](no.svg)\n");
        let lines: Vec<usize> = page.faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 5, 9, 11], "{:?}", page.faults);
        assert!(page.faults[0].1.contains("\\frac{a}"));
        let torn = made("$$\na\n- b\n$$\n");
        assert_eq!(torn.faults.first().map(|(line, _)| *line), Some(1), "{:?}", torn.faults);
    }

    #[test]
    fn links_are_led_to_where_things_lie_on_the_site() {
        let page = made(
            "[b](b/b.md#x) [c](../Cargo.toml), `[d](no.md)`, [![e](../src)](b/b.md)\n```\n[f](no.md)\n```\n",
        );
        assert_eq!(page.faults, []);
        assert_eq!(
            page.text,
            "[b](b/b.html#x) [c](files/Cargo.toml.txt), `[d](no.md)`, [![e](files/src/index.html)](b/b.html)\n```\n[f](no.md)\n```\n"
        );
    }

    #[test]
    fn only_marked_blocks_are_galleries() {
        let text = "```sh\nheadwater play line --svg line.svg # A line\n```\n";
        assert_eq!(made(text).text, text);
        let page = made(&format!("{GALLERY}\n{text}"));
        assert_eq!(page.pictures, ["line.svg"]);
        assert!(page.text.contains("<img") && page.text.contains("alt=\"A line\""), "{}", page.text);
    }
}
