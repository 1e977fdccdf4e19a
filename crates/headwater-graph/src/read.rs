//! Files of graphs to raw graphs, by format.

mod csv;
mod dot;
mod graphml;
mod jobs;
mod json;

use headwater_core::settings::File;

use crate::raw::{Fault, Place, Raw, Source, shorten};
use crate::{Network, ReadError};

pub use jobs::{Dependency, Jobs, read_jobs};

const FORMATS: &str = "write JSON, `{\"edges\": [[\"a\", \"b\"]], \"rewards\": {\"b\": 2.5}}`, CSV with the \
                       header `from,to`, GraphML or DOT";

/// A format of graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    GraphMl,
    Dot,
}

impl Format {
    /// By the name of the file, or else by how it begins.
    fn of(source: Source<'_>) -> Self {
        let path = source.path.to_ascii_lowercase();
        match path.rsplit_once('.').map(|(_, end)| end) {
            Some("json") => Self::Json,
            Some("graphml" | "xml") => Self::GraphMl,
            Some("dot" | "gv") => Self::Dot,
            _ => Self::by_start(source.text.trim_start()),
        }
    }

    fn by_start(text: &str) -> Self {
        let word = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let is_dot = ["digraph", "strict", "graph"].iter().any(|w| word.eq_ignore_ascii_case(w));
        match text.as_bytes() {
            [b'{', ..] => Self::Json,
            [b'<', ..] => Self::GraphMl,
            [b'/', b'/' | b'*', ..] => Self::Dot,
            // A header of CSV could begin with such a word.
            _ if is_dot && !text[word.len()..].trim_start().starts_with(',') => Self::Dot,
            _ => Self::Csv,
        }
    }
}

/// Reads a graph, and its rewards if they are in a file of their own, and checks that it is a flow network.
///
/// # Errors
/// With the first line that is not as it should be.
pub fn read(graph: &File, rewards: Option<&File>) -> Result<Network, ReadError> {
    let graph = Source::of(graph)?;
    let rewards = rewards.map(Source::of).transpose();
    let rewards = rewards.map_err(|error| ReadError { in_rewards: true, ..error })?;
    raw(graph, rewards).and_then(Raw::check).map_err(|fault| fault.in_files(graph, rewards))
}

/// A number of an edge or a node as text.
fn number(what: &str, text: &str, at: usize) -> Result<f64, Fault> {
    text.parse().map_err(|_| {
        let message = format!("the {what} is `{}`, not a number", shorten(text));
        Fault::new(Place::Graph(at), message)
    })
}

fn raw(graph: Source<'_>, rewards: Option<Source<'_>>) -> Result<Raw, Fault> {
    let mut raw = Raw::default();
    let text = graph.text;
    if text.trim().is_empty() {
        return Err(Fault::new(Place::Graph(0), "the file is empty").hint(FORMATS));
    }
    let read = match Format::of(graph) {
        Format::Json => json::read(text, &mut raw),
        Format::Csv => csv::edges(text, &mut raw),
        Format::GraphMl => graphml::read(text, &mut raw),
        Format::Dot => dot::read(text, "reward", &mut raw),
    };
    // A name that cannot be one comes before whatever stopped the reader.
    raw.settle()?;
    read?;
    match rewards {
        Some(_) if raw.has_rewards => {
            let message = "the rewards are already in the graph's file";
            Err(Fault::new(Place::Rewards(0), message).hint("leave one of the two out"))
        }
        Some(source) => csv::rewards(source.text, &mut raw).map(|()| raw),
        None if raw.has_rewards => Ok(raw),
        None => Err(Fault::new(Place::Graph(0), "there are no rewards").hint(
            "give `rewards`, a CSV file with the header `node,reward`, or write them into a graph that is not CSV",
        )),
    }
}
