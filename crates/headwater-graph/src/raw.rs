//! A graph as it was written, with the place of everything for messages.

use headwater_core::settings::{File, NotText};

use crate::{Attribute, Names};

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {message}")]
pub struct ReadError {
    /// Is it the file of rewards, and not that of the graph?
    pub in_rewards: bool,
    /// Path of the file.
    pub path: String,
    /// Line, counted from one.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What could be done.
    pub hint: Option<String>,
}

/// What is wrong with a file of an undirected graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}:{column}: {message}")]
pub struct FileError {
    /// Path of the file.
    pub path: String,
    /// Line, counted from one.
    pub line: usize,
    /// Character of the line, counted from one.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What could be done.
    pub hint: Option<String>,
}

impl From<NotText> for ReadError {
    fn from(NotText { path, line, at }: NotText) -> Self {
        Self {
            in_rewards: false,
            path,
            line,
            message: format!("byte {at} of the file is not text in UTF-8"),
            hint: None,
        }
    }
}

/// Which of the two files, and the byte in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Graph(usize),
    Rewards(usize),
}

/// What is wrong, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    place: Place,
    message: String,
    hint: Option<String>,
}

impl Fault {
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: None }
    }

    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With its place in the only file that there is.
    pub fn in_file(self, source: Source<'_>) -> FileError {
        let (Place::Graph(at) | Place::Rewards(at)) = self.place;
        let (line, column) = source.position(at);
        let Self { message, hint, .. } = self;
        FileError { path: source.path.to_owned(), line, column, message, hint }
    }

    /// With the line of the file it is in.
    pub fn in_files(self, graph: Source<'_>, rewards: Option<Source<'_>>) -> ReadError {
        let (in_rewards, source, at) = match (self.place, rewards) {
            (Place::Rewards(at), Some(rewards)) => (true, rewards, at),
            (Place::Rewards(at) | Place::Graph(at), _) => (false, graph, at),
        };
        let Self { message, hint, .. } = self;
        ReadError { in_rewards, path: source.path.to_owned(), line: source.line(at), message, hint }
    }
}

/// A file as text; places are bytes in this.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

impl<'a> Source<'a> {
    pub fn of(file: &'a File) -> Result<Self, ReadError> {
        Ok(Self { path: &file.path, text: file.text()? })
    }

    /// The line, counted from one, of what follows the blanks at byte `at`.
    fn line(self, at: usize) -> usize {
        let (before, after) = self.text.split_at(self.text.floor_char_boundary(at));
        let blank = after.find(|c: char| !c.is_whitespace()).unwrap_or(0);
        1 + before.matches('\n').count() + after[..blank].matches('\n').count()
    }

    /// Line and column of byte `at`, both counted from one, the column in characters.
    fn position(self, at: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(at)];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (1 + before.matches('\n').count(), 1 + line.chars().count())
    }
}

/// Characters of a file that a message quotes at most.
pub(crate) const QUOTED: usize = 60;

/// The start of a text that may be long, for messages: no more than sixty characters of it.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// An edge, with its place in the graph's file.
#[derive(Clone, Copy)]
pub(crate) struct RawEdge {
    pub from: u32,
    pub to: u32,
    pub at: usize,
}

/// A reward, with its place in either file.
pub(crate) struct RawReward {
    pub node: u32,
    pub value: f64,
    pub place: Place,
}

/// A graph as it was written: nodes by number, and everything with its place.
#[derive(Default)]
pub(crate) struct Raw {
    pub names: Names,
    pub edges: Vec<RawEdge>,
    /// Nodes that the graph's file mentions by themselves, and where.
    pub declared: Vec<(u32, usize)>,
    pub rewards: Vec<RawReward>,
    /// Does the graph's file say something of rewards?
    pub has_rewards: bool,
    waiting: Waiting,
    /// By [`Attribute`]: the values of the first edges of the file, NaN where an edge has none; edges past the end
    /// have none either.
    pub attributes: [Vec<f64>; Attribute::ALL.len()],
}

/// Names of the ends of the last edges, which are looked up many at a time: each costs a cache miss, and those of one
/// loop overlap.
#[derive(Default)]
struct Waiting {
    text: String,
    /// Where each name ends in `text`; two for every edge.
    ends: Vec<usize>,
}

impl Waiting {
    /// Names that wait at most.
    const MOST: usize = 512;

    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }
}

impl Raw {
    /// The number of a node, which is new or not.
    pub fn node(&mut self, name: &str, place: Place) -> Result<u32, Fault> {
        self.settle()?;
        self.number(name, place)
    }

    fn number(&mut self, name: &str, place: Place) -> Result<u32, Fault> {
        if let Some(number) = self.names.find(name) {
            return Ok(number);
        }
        if name.is_empty() || name.contains(char::is_control) || name.trim() != name {
            let message = format!("{:?} cannot name a node", shorten(name));
            return Err(
                Fault::new(place, message).hint("a name is some text on one line, without blanks around")
            );
        }
        Ok(self.names.add(name))
    }

    /// A node that is mentioned by itself: it must have an edge too.
    pub fn declare(&mut self, name: &str, at: usize) -> Result<u32, Fault> {
        let node = self.node(name, Place::Graph(at))?;
        self.declared.push((node, at));
        Ok(node)
    }

    /// An edge between two nodes by their names. What is wrong with those may be said later, at the latest by
    /// [`Raw::settle`].
    pub fn edge(&mut self, from: &str, to: &str, at: usize) -> Result<(), Fault> {
        self.edges.push(RawEdge { from: u32::MAX, to: u32::MAX, at });
        self.waiting.push(from);
        self.waiting.push(to);
        if self.waiting.ends.len() >= Waiting::MOST { self.settle() } else { Ok(()) }
    }

    /// Gives the ends of all edges their numbers.
    pub fn settle(&mut self) -> Result<(), Fault> {
        if self.waiting.ends.is_empty() {
            return Ok(());
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        let numbers = Vec::from_iter(waiting.names().map(|name| self.names.find(name)));
        let first = self.edges.len() - numbers.len() / 2;
        for (i, name) in waiting.names().enumerate() {
            let e = first + i / 2;
            let number = match numbers[i] {
                Some(number) => number,
                None => self.number(name, Place::Graph(self.edges[e].at))?,
            };
            let RawEdge { from, to, .. } = &mut self.edges[e];
            *(if i % 2 == 0 { from } else { to }) = number;
        }
        waiting.text.clear();
        waiting.ends.clear();
        self.waiting = waiting;
        Ok(())
    }

    /// An attribute of the edge that was added last.
    pub fn attribute(&mut self, which: Attribute, value: f64, at: usize) -> Result<(), Fault> {
        self.attribute_since(self.edges.len().saturating_sub(1), which, value, at)
    }

    /// An attribute of all edges from number `first` on.
    pub fn attribute_since(
        &mut self,
        first: usize,
        which: Attribute,
        value: f64,
        at: usize,
    ) -> Result<(), Fault> {
        if !which.allows(value) {
            let (name, range) = (which.name(), which.range());
            let message = format!("the {name} is `{value}`; expected a number that is {range}");
            return Err(Fault::new(Place::Graph(at), message));
        }
        let values = &mut self.attributes[which as usize];
        values.truncate(first);
        values.resize(first, f64::NAN);
        values.resize(self.edges.len(), value);
        Ok(())
    }

    /// A reward of a node by its name.
    pub fn reward(&mut self, node: &str, value: f64, place: Place) -> Result<(), Fault> {
        let node = self.node(node, place)?;
        self.rewards.push(RawReward { node, value, place });
        Ok(())
    }
}
