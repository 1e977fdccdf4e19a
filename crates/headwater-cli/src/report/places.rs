//! A page is sent to others, whom it does not concern where files lie on this machine.

/// The text with every absolute path cut down to its last part: `/home/ada/data/a.csv` becomes `…/a.csv`. A path begins the
/// text, or stands behind a blank, a quotation mark, a grave accent, a bracket, `=` or `,`, and ends before the next blank,
/// unless it began behind a quotation mark or an accent, which then ends it.
pub fn without_places(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '~']) {
        let (before, path) = rest.split_at(at);
        let opened = before.chars().next_back().or(out.chars().next_back());
        let begins = opened.is_none_or(|c| c.is_whitespace() || "\"'`([=,".contains(c));
        let absolute = path.strip_prefix("~").unwrap_or(path).starts_with('/');
        out += before;
        if !begins || !absolute {
            out += &path[..1];
            rest = &path[1..];
            continue;
        }
        let closing = opened.filter(|c| "\"'`".contains(*c));
        let ends = |c: char| match closing {
            Some(quote) => c == quote || c == '\n',
            None => c.is_whitespace() || "\"'`)],;".contains(c),
        };
        let end = path.find(ends).unwrap_or(path.len());
        out += &last(&path[..end]);
        rest = &path[end..];
    }
    out + rest
}

/// `…/` and the last part of a path; a path of one part stays, as does what is no path at all.
fn last(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts[..] {
        [.., _, last] => format!("…/{last}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_places;

    #[test]
    fn only_the_last_part_of_an_absolute_path_is_left() {
        for (text, short) in [
            ("dir = \"/home/ada lovelace/my data\"  # default", "dir = \"…/my data\"  # default"),
            ("path = '/a/b.csv'", "path = '…/b.csv'"),
            ("`headwater sample /tmp/x/run -n 10`", "`headwater sample …/run -n 10`"),
            (
                "`/tmp/x/run` is not pictured: cannot read /a/b/c.csv.",
                "`…/run` is not pictured: cannot read …/c.csv.",
            ),
            ("[\"python3\", \"/opt/s/score.py\"]", "[\"python3\", \"…/score.py\"]"),
            ("~/data/a.csv and /data", "…/a.csv and /data"),
            // Fractions, addresses and relative paths are none of that.
            ("R P_B / P_F, R(x)/Z, 3 traj/s", "R P_B / P_F, R(x)/Z, 3 traj/s"),
            ("url = \"http://127.0.0.1:80/a/b\"", "url = \"http://127.0.0.1:80/a/b\""),
            ("runs/a/b, ../c/d, ~ 5", "runs/a/b, ../c/d, ~ 5"),
            ("…/é/ü", "…/é/ü"),
        ] {
            assert_eq!(without_places(text), short, "{text}");
        }
    }
}
