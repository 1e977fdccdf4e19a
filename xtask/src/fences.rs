//! Fenced blocks of a document, with the comments before them that say how their commands are run.

/// A fenced block.
#[derive(Debug, PartialEq)]
pub struct Fence<'a> {
    /// The line of its opening fence, from 1.
    pub line: usize,
    pub language: &'a str,
    pub body: &'a str,
    pub how: How<'a>,
    /// `<!-- file: NAME -->`: the file that the block shows.
    pub file: Option<&'a str>,
    /// `<!-- first: COMMANDS -->`: what is run before it, cut short.
    pub first: Option<&'a str>,
}

/// `<!-- run: HOW -->`: how a block of commands is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How<'a> {
    /// As it stands, and to exit code 0.
    Full,
    /// `cut short`: with a small budget for whatever trains or compares.
    Cut,
    /// `exit 1`: the last command ends with this code.
    Exit(i32),
    /// `no, because …`: not at all, and why.
    Not(&'a str),
}

impl<'a> Fence<'a> {
    /// The commands of the block, one a line, without comments; lines that are continued are one.
    pub fn commands(&self) -> Vec<String> {
        let joined = self.body.replace("\\\n", " ");
        let lines = joined.lines().map(|line| line.split(" # ").next().unwrap_or_default().trim().to_owned());
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    }

    fn comment(&mut self, name: &str, value: &'a str) -> Result<(), String> {
        match name {
            "file" => self.file = Some(value),
            "first" => self.first = Some(value),
            "run" => self.how = how(value)?,
            // Other comments have other readers.
            _ => {}
        }
        Ok(())
    }
}

fn how(value: &str) -> Result<How<'_>, String> {
    if value == "cut short" {
        return Ok(How::Cut);
    }
    if let Some(code) = value.strip_prefix("exit ").and_then(|code| code.parse().ok()) {
        return Ok(How::Exit(code));
    }
    let why = value.strip_prefix("no, ").map(str::trim).filter(|why| !why.is_empty());
    why.map(How::Not).ok_or(format!(
        "`run: {value}` is not understood; expected `cut short`, `exit CODE`, or `no, ` and a reason"
    ))
}

/// The blocks of a document, in order; or the line that is wrong, and why.
pub fn fences(text: &str) -> Result<Vec<Fence<'_>>, (usize, String)> {
    let mut found = Vec::new();
    let mut comments: Vec<(&str, &str)> = Vec::new();
    let mut lines = text.split_inclusive('\n').enumerate();
    let mut at = 0;
    while let Some((number, line)) = lines.next() {
        at += line.len();
        let trimmed = line.trim();
        if let Some(comment) = trimmed.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) {
            comments.extend(comment.trim().split_once(": "));
            continue;
        }
        let Some(language) = trimmed.strip_prefix("```") else {
            comments.clear();
            continue;
        };
        let start = at;
        loop {
            let Some((_, line)) = lines.next() else {
                return Err((number + 1, "the block has no end".into()));
            };
            at += line.len();
            if line.trim() == "```" {
                let body = &text[start..at - line.len()];
                let mut fence =
                    Fence { line: number + 1, language, body, how: How::Full, file: None, first: None };
                for (name, value) in comments.drain(..) {
                    fence.comment(name, value).map_err(|what| (number + 1, what))?;
                }
                found.push(fence);
                break;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_with_what_is_said_of_them() {
        let text = "a\n<!-- file: a.toml -->\n```toml\n[env]\n```\n\n<!-- first: headwater list envs -->\n\
                    <!-- run: exit 1 -->\n```sh\nheadwater a \\\n  --b # c\n# d\nheadwater e\n```\n```text\n```\n";
        let found = fences(text).unwrap();
        let [toml, sh, plain] = &found[..] else { panic!("{found:?}") };
        assert_eq!((toml.line, toml.language, toml.body, toml.file), (3, "toml", "[env]\n", Some("a.toml")));
        assert_eq!((sh.line, sh.how, sh.first), (9, How::Exit(1), Some("headwater list envs")));
        assert_eq!(sh.commands(), ["headwater a    --b", "headwater e"]);
        assert_eq!((plain.how, plain.body, plain.file), (How::Full, "", None));
    }

    #[test]
    fn how_is_one_of_few() {
        assert_eq!(how("no, it needs Python"), Ok(How::Not("it needs Python")));
        assert_eq!(how("cut short"), Ok(How::Cut));
        for wrong in ["no", "no, ", "exit x", "maybe"] {
            assert!(how(wrong).is_err(), "{wrong}");
        }
        assert_eq!(fences("<!-- run: maybe -->\n```sh\n```\n").unwrap_err().0, 2);
        assert_eq!(fences("```sh\n").unwrap_err().0, 1);
        let far = fences("<!-- run: exit 1 -->\ntext\n```sh\n```\n").unwrap();
        assert_eq!(far[0].how, How::Full);
    }
}
