//! The page: one file with its style sheet and its script, which asks nobody for anything.

use std::fmt::Write;

use headwater_core::picture::{escape, style};

use crate::csv::number;
use crate::data::{Check, Learned, Report, Shown, Table, Trajectory, Verdict};
use crate::figure::Figure;
use crate::plot::cut;

#[cfg(test)]
mod contrast;

/// What pages with [`figures`] have in their style sheets: colours of the page, and what figures look like.
pub const FIGURES_CSS: &str = include_str!("page/figures.css");
/// What they have in their scripts, after an element with the name `tip`: figures respond.
pub const FIGURES_JS: &str = include_str!("page/figures.js");
/// The style sheet of the page.
const CSS: &str = include_str!("page/style.css");
/// Its script. Without it the page says and shows the same, but nothing responds.
const JS: &str = include_str!("page/script.js");

/// Characters of a text that is shown beside others.
const TEXT: usize = 240;
/// Bytes of pictures of states, at most; beyond, states are texts.
const PICTURES: usize = 800_000;
/// States of a trajectory that are shown at most.
const STATES: usize = 60;

impl Report {
    /// Every figure, in the order of the page.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.curves.iter().chain(self.learned.iter().flat_map(|l| &l.figures))
    }

    /// The page as HTML.
    pub fn page(&self) -> String {
        let title = escape(&self.title);
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
             <title>{title}</title>\n<style>\n{FIGURES_CSS}{CSS}{}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">to the contents</a>\n<header>\n<h1>{title}</h1>\n<p \
             class=\"soft\">{}</p>\n",
            style(),
            escape(&self.made_by)
        );
        let sections = self.sections();
        let links = sections.iter().map(|s| format!("<a href=\"#{}\">{}</a>\n", s.id, s.title));
        out += &format!(
            "<nav aria-label=\"Sections\">\n{}</nav>\n</header>\n<main id=\"main\">\n",
            links.collect::<String>()
        );
        for Section { id, title, body } in sections {
            out += &format!(
                "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 \
                 id=\"{id}-h\">{title}</h2>\n{body}</section>\n"
            );
        }
        out + &format!(
            "</main>\n<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n{FIGURES_JS}{JS}</script>\n</body>\n</html>\n"
        )
    }

    fn sections(&self) -> Vec<Section> {
        let section = |id, title, body| Section { id, title, body };
        let mut out = vec![section("summary", "Summary", self.summary())];
        if !self.checks.is_empty() {
            out.push(section("diagnostics", "Diagnostics", checks(&self.checks, &self.of_checks)));
        }
        if !self.curves.is_empty() {
            out.push(section("curves", "Training", figures(&self.curves)));
        }
        let by_run = |part: &Part| {
            let mut body = String::new();
            for (i, learned) in self.learned.iter().enumerate() {
                let part = part(i, learned);
                if !part.is_empty() && self.learned.len() > 1 {
                    body += &format!("<h3>{}</h3>\n", escape(&learned.run));
                }
                body += &part;
            }
            body
        };
        let parts: [(_, _, &Part); 3] = [
            ("target", "Target and sampler", &|_, l| figures(&l.figures)),
            ("candidates", "Best objects", &|_, l| candidates(l)),
            ("trajectories", "Trajectories", &|i, l| trajectories(i, l)),
        ];
        for (id, title, part) in parts {
            let body = by_run(part);
            if !body.is_empty() {
                out.push(section(id, title, body));
            }
        }
        out.push(section("configuration", "Configuration", self.configuration()));
        if !self.notes.is_empty() {
            let notes: String = self.notes.iter().map(|note| format!("<li>{}</li>\n", prose(note))).collect();
            out.push(section("notes", "About this page", format!("<ul>\n{notes}</ul>\n")));
        }
        out
    }

    fn summary(&self) -> String {
        let mut out = String::new();
        let parts = [
            ("What was asked", &self.summary.asked),
            ("How close the sampler is", &self.summary.found),
            ("What to do next", &self.summary.next),
        ];
        for (title, paragraphs) in parts.into_iter().filter(|(_, p)| !p.is_empty()) {
            out += &format!("<h3>{title}</h3>\n");
            paragraphs.iter().for_each(|p| out += &format!("<p>{}</p>\n", prose(p)));
        }
        if let Some(finals) = &self.finals {
            out += "<h3>Final numbers</h3>\n";
            out += &table(finals);
        }
        if !self.facts.is_empty() {
            let fact = |(name, value): &(String, String)| {
                format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value))
            };
            let facts: String = self.facts.iter().map(fact).collect();
            out += &format!("<dl>\n{facts}</dl>\n");
        }
        out
    }

    fn configuration(&self) -> String {
        let one = |(name, text): &(String, String)| {
            format!(
                "<details>\n<summary>{}</summary>\n<pre tabindex=\"0\">{}</pre>\n</details>\n",
                escape(name),
                escape(text)
            )
        };
        self.configurations.iter().map(one).collect()
    }
}

/// What a section says of a run, which has this number among those that are pictured.
type Part = dyn Fn(usize, &Learned) -> String;

struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

/// A text whose parts between grave accents are code.
fn prose(text: &str) -> String {
    let part = |(i, part): (usize, &str)| match i % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    };
    text.split('`').enumerate().map(part).collect()
}

fn table(table: &Table) -> String {
    let head: String = table.header.iter().map(|h| format!("<th scope=\"col\">{}</th>", escape(h))).collect();
    let mut rows = String::new();
    for row in &table.rows {
        let cells = row.iter().enumerate().map(|(i, cell)| match i {
            0 => format!("<th scope=\"row\">{}</th>", escape(cell)),
            _ => format!("<td>{}</td>", escape(cell)),
        });
        rows += &format!("<tr>{}</tr>\n", cells.collect::<String>());
    }
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"A \
         table\">\n<table>\n<thead><tr>{head}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

fn checks(checks: &[Check], of_checks: &[String]) -> String {
    let mut out: String = of_checks.iter().map(|text| format!("<p>{}</p>\n", prose(text))).collect();
    for c in checks {
        let (class, word) = match c.verdict {
            Verdict::Passed => ("good", "✓ passed"),
            Verdict::Failed => ("bad", "✗ failed"),
            Verdict::NotChecked => ("soft", "– not checked"),
        };
        let [name, value, threshold] = [&c.name, &c.value, &c.threshold].map(|t| prose(t));
        let found = match c.verdict {
            Verdict::NotChecked => prose(&c.meaning),
            Verdict::Passed | Verdict::Failed => format!("{value} (limit: {threshold})"),
        };
        // What a trouble would mean is of interest where there is one.
        let trouble = match c.verdict {
            Verdict::Failed => format!("<p>{}</p>\n<p>{}</p>\n", prose(&c.meaning), prose(&c.remedy)),
            Verdict::Passed | Verdict::NotChecked => String::new(),
        };
        out += &format!(
            "<div class=\"card check\">\n<h3>{name} <span class=\"{class}\">{word}</span></h3>\n\
             <p class=\"soft\">{found}</p>\n{trouble}</div>\n"
        );
    }
    out
}

/// Figures as they stand in a page, with their captions and their data. The text is XML too.
pub fn figures(figures: &[Figure]) -> String {
    if figures.is_empty() {
        return String::new();
    }
    let all: String = figures.iter().map(figure).collect();
    format!("<div class=\"figures\">\n{all}</div>\n")
}

fn figure(figure: &Figure) -> String {
    let (id, kind) = (&figure.id, figure.kind());
    format!(
        "<figure id=\"{id}\" class=\"card\" data-kind=\"{kind}\">\n{}<figcaption>{} <span \
         class=\"links\"><a download=\"{id}.csv\" href=\"data:text/csv;charset=utf-8,{}\">CSV</a> <button \
         type=\"button\" class=\"save\" aria-label=\"save {id} as \
         SVG\">SVG</button></span></figcaption>\n</figure>\n",
        figure.inline(),
        prose(&figure.caption),
        encode(&figure.csv())
    )
}

/// Text in a data URI in an attribute: what neither may have is written in hexadecimal.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for b in text.bytes() {
        match b {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b','
            | b'.'
            | b'-'
            | b'_'
            | b'+'
            | b'('
            | b')'
            | b'='
            | b'/' => {
                out.push(char::from(b));
            }
            _ => write!(out, "%{b:02X}").expect("a string takes any text"),
        }
    }
    out
}

fn candidates(learned: &Learned) -> String {
    if learned.candidates.is_empty() {
        return String::new();
    }
    let card = |(i, c): (usize, &Shown)| {
        let picture = c
            .picture
            .as_ref()
            .map_or_else(String::new, |p| p.inline(&format!("picture of {}", cut(&c.object, TEXT))));
        let score = c.score.map_or_else(String::new, |y| format!(", score {}", number(y)));
        format!(
            "<li class=\"card\">{picture}<code>{}</code><p class=\"soft\">{}. log R {}{score}</p></li>\n",
            escape(&cut(&c.object, TEXT)),
            i + 1,
            number(c.log_reward)
        )
    };
    let cards: String = learned.candidates.iter().enumerate().map(card).collect();
    format!("<p>{}</p>\n<ol class=\"gallery\">\n{cards}</ol>\n", prose(&learned.source))
}

fn trajectories(run: usize, learned: &Learned) -> String {
    if learned.trajectories.is_empty() {
        return String::new();
    }
    let mut room = PICTURES;
    let mut out =
        "<p>Each row is one sampled trajectory, from the initial state to its object; below a state stands \
         what was done there, and the probability that the policy gave it.</p>\n"
            .to_owned();
    for (i, t) in learned.trajectories.iter().enumerate() {
        out += &trajectory(&format!("t{run}-{i}"), i + 1, t, &mut room);
    }
    out
}

/// One trajectory; `room` is what is left for pictures, in bytes.
fn trajectory(id: &str, number_of: usize, t: &Trajectory, room: &mut usize) -> String {
    let mut states = String::new();
    let left_out = t.steps.len().saturating_sub(STATES);
    let mut gap = false;
    for (i, step) in t.steps.iter().enumerate() {
        // Of a long one the middle is left out.
        if left_out > 0 && (STATES / 2..STATES / 2 + left_out).contains(&i) {
            if !gap {
                states += &format!(
                    "<li class=\"card\"><p class=\"soft\">{left_out} states are left out</p></li>\n"
                );
            }
            gap = true;
            continue;
        }
        let text = escape(&cut(&step.state, TEXT));
        let picture =
            step.picture.as_ref().map(|p| p.inline(&format!("state {i}"))).filter(|svg| svg.len() <= *room);
        *room -= picture.as_ref().map_or(0, String::len);
        let p = if step.p.is_finite() { format!("{:.1}\u{a0}%", 100.0 * step.p) } else { "–".to_owned() };
        states += &format!(
            "<li class=\"card\">{}<code>{text}</code><p>{} <span class=\"soft\">{p}</span></p></li>\n",
            picture.unwrap_or_default(),
            escape(&cut(&step.action, 60))
        );
    }
    let (log_r, log_pf) = (number(t.log_reward), number(t.log_pf));
    format!(
        "<div class=\"viewer\" id=\"{id}\">\n<p><strong>Trajectory {number_of}</strong> \
         <span class=\"soft\">{} states, log R {log_r}, log P_F {log_pf}</span>\n<span class=\"steps\">\
         <button type=\"button\" data-step=\"-1\" aria-controls=\"{id}-s\">← back</button> \
         <button type=\"button\" data-step=\"1\" aria-controls=\"{id}-s\">on →</button></span></p>\n\
         <ol class=\"states\" id=\"{id}-s\" tabindex=\"0\" aria-label=\"states of trajectory \
         {number_of}\">\n{states}</ol>\n</div>\n",
        t.steps.len()
    )
}
