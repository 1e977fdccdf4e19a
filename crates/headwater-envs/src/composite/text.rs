//! Texts of parts within the text of a whole.

/// Appends the text of a part, so that no separator is in it.
pub(super) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        if matches!(c, ';' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
}

/// The texts between the separators, with what was escaped as it was; `None` if an escape is not one.
pub(super) fn split(text: &str, between: &str) -> Option<Vec<String>> {
    let mut texts = vec![String::new()];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let last = texts.last_mut().expect("there is one at least");
        if let Some(after) = rest.strip_prefix(between) {
            texts.push(String::new());
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let escaped = rest.chars().next().filter(|c| matches!(c, ';' | '\\'))?;
                last.push(escaped);
                rest = &rest[1..];
            }
            ';' => return None,
            _ => last.push(c),
        }
    }
    Some(texts)
}
