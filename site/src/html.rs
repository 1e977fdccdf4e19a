//! The tags of a page of HTML with their attributes.

/// An opening tag.
#[derive(Debug, PartialEq)]
pub struct Tag<'a> {
    pub name: &'a str,
    /// Names with their values as written, entities included.
    pub attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }
}

/// The opening tags of a well-formed page, in order; neither those in comments nor those in scripts and styles.
pub fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let (tag, after) = tag(rest);
        rest = after;
        if matches!(tag.name, "script" | "style") {
            rest = rest.split_once(&format!("</{}", tag.name)).map_or("", |(_, after)| after);
        }
        tags.push(tag);
    }
    tags
}

/// The first tag that is not closed in its turn, or whose attributes are not set apart by blanks.
pub fn malformed(xml: &str) -> Option<&str> {
    let mut open = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at..];
        let end = tag.find('>')? + 1;
        let (tag, after) = tag.split_at(end);
        rest = after;
        let inside = tag.trim_start_matches('<').trim_end_matches('>');
        if let Some(name) = inside.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Some(tag);
            }
            continue;
        }
        // Outside of quotes, every second piece between them; a value is followed by a blank, or by the end.
        let mut pieces = inside.trim_end_matches('/').split('"').step_by(2).skip(1).peekable();
        while let Some(piece) = pieces.next() {
            if !(piece.starts_with(' ') || piece.is_empty() && pieces.peek().is_none()) {
                return Some(tag);
            }
        }
        if !inside.ends_with('/') {
            open.push(inside.split(' ').next().unwrap_or_default());
        }
    }
    (!open.is_empty()).then_some(xml)
}

/// Reads a tag behind its `<`, and what follows it.
fn tag(text: &str) -> (Tag<'_>, &str) {
    let (name, mut rest) = cut(text, |c| c.is_whitespace() || matches!(c, '>' | '/'));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            break;
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let (name, after) = cut(rest, |c| c.is_whitespace() || matches!(c, '=' | '>' | '/'));
        let Some(value) = after.trim_start().strip_prefix('=') else {
            attributes.push((name, ""));
            // A character that begins no name, such as a stray quote, is passed over.
            rest = if name.is_empty() { cut(after, |_| false).1 } else { after };
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            None => cut(value, |c| c.is_whitespace() || c == '>'),
        };
        attributes.push((name, value));
        rest = after;
    }
    (Tag { name, attributes }, rest)
}

fn cut(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_every_kind() {
        let html = "<!doctype html><p><a href=\"x>y\" id='b' hidden>t</a><br/><img src=c.svg alt=\"\">";
        let found = tags(html);
        let names: Vec<&str> = found.iter().map(|tag| tag.name).collect();
        assert_eq!(names, ["p", "a", "br", "img"]);
        assert_eq!(found[1].attributes, [("href", "x>y"), ("id", "b"), ("hidden", "")]);
        assert_eq!(found[3].attributes, [("src", "c.svg"), ("alt", "")]);
    }

    #[test]
    fn broken_tags_are_found() {
        for good in ["<a><b c=\"d\" e=\"f\">x</b><br /><i j=\"k\"/></a>", "no tags"] {
            assert_eq!(malformed(good), None, "{good}");
        }
        for broken in ["<a b=\"c\"d=\"e\"></a>", "<a><b></a></b>", "<a>", "</a>"] {
            assert!(malformed(broken).is_some(), "{broken}");
        }
    }

    #[test]
    fn comments_and_scripts_hold_no_tags_and_ruins_end() {
        assert_eq!(tags("<!-- <a> --><script>if (a<b) '<a>'</script><style>a<b</style><b>").len(), 3);
        for ruin in ["<a", "<a href", "<a href=", "<a href=\"", "<a \"", "<!--", "<script", "<"] {
            assert!(tags(ruin).len() <= 1, "{ruin}");
        }
    }
}
