//! What there is to ask for.

use headwater_core::picture;
use headwater_report::{FIGURES_CSS, FIGURES_JS};
use serde_json::{Value as Json, json};

use crate::serve::answer::Answer;
use crate::serve::runs::Runs;

/// One page for all: its script looks at the address, and asks for what it shows.
const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// The answer to a request for `target`.
pub fn route(target: &str, runs: &Runs) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let page = || Answer::new("text/html; charset=utf-8", PAGE);
    let json = |json: Json| Answer::new("application/json", json.to_string());
    match path {
        "/" => page(),
        "/live.js" => Answer::new("text/javascript; charset=utf-8", FIGURES_JS.to_owned() + SCRIPT),
        "/live.css" => {
            Answer::new("text/css; charset=utf-8", FIGURES_CSS.to_owned() + &picture::style() + STYLE)
        }
        "/api/runs" => json(json!({ "runs": runs.list() })),
        _ => {
            let of = |prefix| runs.named(&decoded(path.strip_prefix(prefix)?)?);
            if of("/run/").is_some() {
                page()
            } else if let Some(run) = of("/api/run/") {
                let all = query.split('&').all(|pair| pair != "without=tables");
                let since = query.split('&').find_map(|pair| pair.strip_prefix("since="));
                run.report(all, since.and_then(|rows| rows.parse().ok())).map_or_else(absent, json)
            } else if let Some(run) = of("/figures/") {
                run.figures().map_or_else(absent, |figures| Answer::new("application/xhtml+xml", figures))
            } else {
                absent()
            }
        }
    }
}

fn absent() -> Answer {
    Answer::text(404, "there is nothing of that name here")
}

/// A part of a path without its percent signs; `None` if that is no text. The result is compared with names, and
/// nothing else is done with it.
pub fn decoded(part: &str) -> Option<String> {
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(b) = bytes.next() {
        let digit = |b: u8| char::from(b).to_digit(16);
        out.push(match b {
            b'%' => (digit(bytes.next()?)? * 16 + digit(bytes.next()?)?) as u8,
            b => b,
        });
    }
    String::from_utf8(out).ok()
}
