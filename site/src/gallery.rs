//! Blocks of commands that become cards: a picture, what it shows, and the command that drew it.

/// What a block became.
#[derive(Debug)]
pub struct Gallery {
    pub html: String,
    /// The pictures, relative to the directory in which the commands ran.
    pub pictures: Vec<String>,
}

/// Where the pictures of a gallery lie on the site, beside its page.
pub const DIRECTORY: &str = "gallery";

/// The cards of a fenced block. A line is a command, and behind `#` what it draws; the picture is the file ending in
/// `.svg` that the command names, or the one before a colon in the comment. A line of nothing but a comment is another
/// picture of the command before it. Commands without a comment make what the others draw, and are shown before them.
///
/// # Errors
/// If a line has a comment but no picture.
pub fn cards(block: &str) -> Result<Gallery, String> {
    let mut lines = block.trim_end().lines();
    lines.next();
    let mut before = Vec::new();
    let mut last = "";
    let mut cards = String::new();
    let mut pictures = Vec::new();
    for line in lines.filter(|line| !line.starts_with("```") && !line.trim().is_empty()) {
        let Some((command, comment)) = line.split_once("# ") else {
            before.push(line);
            continue;
        };
        last = if command.trim().is_empty() { last } else { command.trim() };
        let command = last;
        let named = comment.split_once(": ").filter(|(file, _)| file.ends_with(".svg"));
        let written = command.split_whitespace().find(|word| word.ends_with(".svg"));
        let (picture, caption) = match (named, written) {
            (Some((file, caption)), _) => (file, caption),
            (None, Some(file)) => (file, comment),
            (None, None) => return Err(format!("`{command}` names no picture")),
        };
        cards.push_str(&card(picture.trim(), caption.trim(), command));
        pictures.push(picture.trim().to_owned());
    }
    let mut html = String::new();
    if !before.is_empty() {
        html.push_str(&format!("```sh\n{}\n```\n\n", before.join("\n")));
    }
    // One line: in a block of HTML, Markdown begins again after an empty one.
    html.push_str(&format!("<div class=\"gallery\">{cards}</div>\n"));
    Ok(Gallery { html, pictures })
}

fn card(picture: &str, caption: &str, command: &str) -> String {
    let (picture, caption) = (escaped(picture), escaped(caption));
    // Lines break between words, and not behind the hyphens of an option.
    let words = command.split(' ').map(escaped);
    let words: Vec<String> =
        words.map(|word| if word.starts_with('-') { format!("<span>{word}</span>") } else { word }).collect();
    let command = words.join(" ");
    let src = format!("{DIRECTORY}/{picture}");
    format!(
        "<figure><a href=\"{src}\"><img src=\"{src}\" alt=\"{caption}\" loading=\"lazy\"></a>\
         <figcaption><p>{caption}</p><pre><code>{command}</code></pre></figcaption></figure>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_a_picture_a_caption_and_its_command() {
        let block = "```sh\nheadwater train a.toml --out r\nheadwater play a --svg a.svg   # An <a>\n\
                     headwater report r --figures f   # f/tv.svg: Total variation\n  # f/loss.svg: Loss\n```\n";
        let made = cards(block).unwrap();
        assert_eq!(made.pictures, ["a.svg", "f/tv.svg", "f/loss.svg"]);
        assert!(made.html.starts_with("```sh\nheadwater train a.toml --out r\n```\n"), "{}", made.html);
        assert!(made.html.contains("alt=\"An &lt;a&gt;\"") && made.html.contains("src=\"gallery/f/tv.svg\""));
        assert!(made.html.contains("<code>headwater play a <span>--svg</span> a.svg</code>"));
        assert_eq!(made.html.matches("<code>headwater report r <span>--figures</span> f</code>").count(), 2);
        assert!(cards("```sh\nheadwater list envs # nothing drawn\n```").is_err());
    }
}
