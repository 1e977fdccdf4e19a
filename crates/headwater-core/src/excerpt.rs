//! What a message repeats of a text that somebody gave: all of it, unless it is long.

use std::borrow::Cow;

/// The most characters of a text that a message repeats.
pub const EXCERPT: usize = 200;

/// The most items of a list that a message names.
const LISTED: usize = 20;

/// `text` itself, or its first [`EXCERPT`] characters and `…`.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Names in backticks with commas between them, twenty at most, and how many more there are.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names.by_ref().take(LISTED).map(|name| format!("`{}`", excerpt(name))).collect();
    let (first, more) = (first.join(", "), names.count());
    if more == 0 { first } else { format!("{first} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(excerpt("abc"), "abc");
        let exact = "é".repeat(EXCERPT);
        assert_eq!(excerpt(&exact), exact);
        assert_eq!(excerpt(&format!("{exact}x")), format!("{exact}…"));
    }

    #[test]
    fn long_lists_say_how_many_more_there_are() {
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
        assert_eq!(listed([]), "");
        let names: Vec<String> = (0..25).map(|i| i.to_string()).collect();
        assert!(listed(names.iter().map(String::as_str)).ends_with("`19` and 5 more"));
    }
}
