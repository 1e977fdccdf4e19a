//! From LaTeX to MathML, which browsers draw without a script.

use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

use crate::html;

/// The formula as MathML in one line that can stand in Markdown; or what is wrong with it, in one line.
pub fn mathml(latex: &str, block: bool) -> Result<String, String> {
    let storage = Storage::new();
    // Everything is parsed before anything is drawn: the writer would draw an error in red instead of failing.
    let events = Parser::new(latex, &storage).collect::<Result<Vec<_>, _>>();
    let events = events.map_err(|e| one_line(&e.to_string()))?;
    let display_mode = if block { DisplayMode::Block } else { DisplayMode::Inline };
    let config = RenderConfig { display_mode, ..RenderConfig::default() };
    let mut out = String::new();
    let events = events.into_iter().map(Ok::<_, std::convert::Infallible>);
    push_mathml(&mut out, events, config).map_err(|e| one_line(&e.to_string()))?;
    let out = mended(&out);
    if let Some(tag) = html::malformed(&out) {
        return Err(format!("it became MathML with the broken tag `{tag}`: write it in another way"));
    }
    let out = shielded(&out);
    // A wide formula scrolls inside a box of its own. A span, since it stands in a paragraph.
    Ok(if block { format!("<span class=\"formula\" tabindex=\"0\">{out}</span>") } else { out })
}

/// What pulldown-latex 0.8 writes amiss: a space as an entity whose ampersand is escaped once more, and the size of a
/// delimiter (`\bigl`) without a blank before it.
fn mended(mathml: &str) -> String {
    mathml.replace("&amp;nbsp;", "&#160;").replace("\"minsize=", "\" minsize=")
}

/// Characters between tags that mean something to Markdown, as entities.
fn shielded(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for c in html.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '*' | '_' | '[' | ']' | '`' | '\\' | '|' | '~' | '$' | '!' => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_one_line_that_markdown_leaves_alone() {
        let out = mathml("F(s) = \\sum_{s'}\n F(s \\to s')", false).unwrap();
        assert!(out.starts_with("<math") && out.ends_with("</math>"), "{out}");
        assert!(!out.contains(['\n', '_', '*', '|', '\\']), "{out}");
        assert!(mathml("a,\\ b \\text{ or } c", false).unwrap().find("&amp;").is_none());
        let out = mathml("\\Gamma\\bigl( x \\Bigr]", false).unwrap();
        assert_eq!(out.matches(" minsize=").count(), 2, "{out}");
        let out = mathml("\\lvert x \\rvert * a", true).unwrap();
        assert!(out.starts_with("<span") && out.contains("display=\"block\""), "{out}");
        assert!(!out.contains(['*', '|']), "{out}");
    }

    #[test]
    fn what_does_not_parse_is_an_error() {
        for broken in ["\\frac{a}", "\\nosuchcommand x", "{a", "a_b_c", "\\left( a"] {
            let error = mathml(broken, false).unwrap_err();
            assert!(!error.contains('\n') && !error.is_empty(), "{broken}: {error}");
        }
    }
}
