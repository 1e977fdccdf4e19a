//! Forests as Newick: one tree after the other, each with its semicolon, in the order of their smallest leaves; of two
//! parts that with the smaller leaf comes first. Names that Newick could mistake for its own signs are quoted.

use super::forest::Forest;

/// Appends the trees of a forest with these names.
pub fn show(forest: &Forest, names: &[String], out: &mut String) {
    for (k, i) in forest.names().enumerate() {
        if k > 0 {
            out.push(' ');
        }
        clade(forest, names, i, out);
        out.push(';');
    }
}

fn clade(forest: &Forest, names: &[String], i: usize, out: &mut String) {
    let taken: Vec<usize> = forest.taken(i).collect();
    taken.iter().for_each(|_| out.push('('));
    quote(&names[i], out);
    for &j in taken.iter().rev() {
        out.push(',');
        clade(forest, names, j, out);
        out.push(')');
    }
}

/// Appends a name, in quotes if it has to be.
fn quote(name: &str, out: &mut String) {
    if name.contains(|c: char| c.is_whitespace() || "()[]{}'\",:;=".contains(c)) {
        out.push('\'');
        out.push_str(&name.replace('\'', "''"));
        out.push('\'');
    } else {
        out.push_str(name);
    }
}

/// The forest that a text shows, if it is one of these names; the caller sees to it that the text is canonical.
pub fn parse(text: &str, names: &[String]) -> Option<Forest> {
    let mut forest = Forest::leaves(names.len());
    let mut rest = text;
    // The names of clades whose closing bracket is still to come; `None` for an open bracket.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut seen = 0u128;
    while let Some(c) = rest.chars().next() {
        match c {
            '(' => open.push(None),
            ',' | ' ' => {}
            ')' => {
                let (j, i) = (open.pop()??, open.pop()??);
                if open.pop()?.is_some() || i >= j {
                    return None;
                }
                forest.merge(i, j);
                open.push(Some(i));
            }
            ';' => {
                open.pop()??;
                if !open.is_empty() {
                    return None;
                }
            }
            _ => {
                let (name, length) = name(rest)?;
                let leaf = names.iter().position(|n| *n == name)?;
                if seen >> leaf & 1 == 1 {
                    return None;
                }
                seen |= 1 << leaf;
                open.push(Some(leaf));
                rest = &rest[length..];
                continue;
            }
        }
        rest = &rest[1..];
    }
    (open.is_empty() && seen == Forest::leaves(names.len()).roots()).then_some(forest)
}

/// The name at the beginning of a text, and how many bytes it takes there.
fn name(text: &str) -> Option<(String, usize)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let length = text.find([',', ')', ';', ' ', '(']).unwrap_or(text.len());
        return Some((text[..length].to_owned(), length));
    };
    let mut at = 0;
    loop {
        at += quoted[at..].find('\'')?;
        if !quoted[at + 1..].starts_with('\'') {
            return Some((quoted[..at].replace("''", "'"), at + 2));
        }
        at += 2;
    }
}
