//! Reads graphs from JSON and CSV, and remembers where in the file everything was.

use std::collections::HashMap;

use headwater_core::settings::File;
use serde_json::Value;

/// A graph as it was written: nodes by number, and everything with its place.
#[derive(Default)]
pub(super) struct Raw {
    pub names: Vec<Box<str>>,
    pub numbers: HashMap<Box<str>, u32>,
    pub edges: Vec<RawEdge>,
    pub rewards: Vec<RawReward>,
}

pub(super) struct RawEdge {
    pub from: u32,
    pub to: u32,
    pub at: usize,
}

pub(super) struct RawReward {
    pub node: String,
    pub value: f64,
    pub place: Place,
}

/// Which of the two files, and the byte in it.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Graph(usize),
    Rewards(usize),
}

/// What is wrong, and where.
pub(super) struct Fault {
    pub place: Place,
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// The contents of a file, less a byte order mark; places are bytes in this.
pub(super) fn contents(file: &File) -> &str {
    file.text.trim_start_matches('\u{feff}')
}

/// The line, counted from one, of what follows the blanks at byte `at`.
pub(super) fn line(file: &File, at: usize) -> usize {
    let text = contents(file);
    let blank = text[at..].find(|c: char| !c.is_whitespace()).unwrap_or(0);
    1 + text[..at + blank].matches('\n').count()
}

/// Reads a graph, and its rewards if they are in a file of their own.
pub(super) fn read(graph: &File, rewards: Option<&File>) -> Result<Raw, Fault> {
    let mut raw = Raw::default();
    let text = contents(graph);
    let has_rewards = if text.trim().is_empty() {
        return Err(Fault::new(Place::Graph(0), "the file is empty").hint(FORMATS));
    } else if graph.path.ends_with(".json") || text.trim_start().starts_with('{') {
        raw.read_json(text)?
    } else {
        raw.read_csv_edges(text)?;
        false
    };
    match rewards {
        Some(_) if has_rewards => {
            let message = "the rewards are already in the graph's file";
            Err(Fault::new(Place::Rewards(0), message).hint("leave one of the two out"))
        }
        Some(file) => raw.read_csv_rewards(contents(file)).map(|()| raw),
        None if has_rewards => Ok(raw),
        None => Err(Fault::new(Place::Graph(0), "there are no rewards").hint(
            "give `rewards`, a CSV file with the header `node,reward`, or write them into a JSON graph",
        )),
    }
}

const FORMATS: &str = "write JSON, `{\"edges\": [[\"a\", \"b\"]], \"rewards\": {\"b\": 2.5}}`, or CSV with the \
                       header `from,to`";

impl Raw {
    fn node(&mut self, name: &str, place: Place) -> Result<u32, Fault> {
        if let Some(&number) = self.numbers.get(name) {
            return Ok(number);
        }
        if name.is_empty() || name.contains(char::is_control) || name.trim() != name {
            let message = format!("{name:?} cannot name a node");
            return Err(
                Fault::new(place, message).hint("a name is some text on one line, without blanks around")
            );
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        Ok(number)
    }

    fn edge(&mut self, from: &str, to: &str, at: usize) -> Result<(), Fault> {
        let from = self.node(from, Place::Graph(at))?;
        let to = self.node(to, Place::Graph(at))?;
        self.edges.push(RawEdge { from, to, at });
        Ok(())
    }

    /// The reward of every node that has one.
    pub(super) fn rewards_by_node(&self) -> Result<Vec<Option<f64>>, Fault> {
        let mut values = vec![None; self.names.len()];
        for RawReward { node, value, place } in &self.rewards {
            let Some(&number) = self.numbers.get(node.as_str()) else {
                return Err(Fault::new(*place, format!("`{node}` has a reward but no edge")));
            };
            if !(value.is_finite() && *value >= 0.0) {
                return Err(Fault::new(*place, format!("the reward of `{node}` is `{value}`"))
                    .hint("rewards are finite and not negative: nodes are sampled in proportion to them"));
            }
            if values[number as usize].replace(*value).is_some() {
                return Err(Fault::new(*place, format!("a second reward for `{node}`")));
            }
        }
        Ok(values)
    }

    /// Reads the JSON form; were there rewards in it?
    fn read_json(&mut self, text: &str) -> Result<bool, Fault> {
        let (mut edges, mut rewards) = (false, false);
        let mut json = Json { text, at: 0 };
        json.list('{', '}', |json| {
            let (key, at) = json.key()?;
            let again = match key.as_str() {
                "edges" => std::mem::replace(&mut edges, true),
                "rewards" => std::mem::replace(&mut rewards, true),
                _ => return Err(Fault::new(Place::Graph(at), format!("unknown key `{key}`")).hint(FORMATS)),
            };
            if again {
                return Err(Fault::new(Place::Graph(at), format!("a second `{key}`")));
            }
            if key == "edges" {
                return json.list('[', ']', |json| {
                    let (pair, at) = json.value()?;
                    match pair.as_array().map(Vec::as_slice) {
                        Some([Value::String(from), Value::String(to)]) => self.edge(from, to, at),
                        _ => Err(Fault::new(Place::Graph(at), format!("`{}` is not an edge", short(&pair)))
                            .hint("an edge is a pair of names, such as `[\"a\", \"b\"]`")),
                    }
                });
            }
            json.list('{', '}', |json| {
                let (node, at) = json.key()?;
                let (value, _) = json.value()?;
                let place = Place::Graph(at);
                let Some(value) = value.as_f64() else {
                    let message = format!("the reward of `{node}` is `{}`, not a number", short(&value));
                    return Err(Fault::new(place, message));
                };
                self.rewards.push(RawReward { node, value, place });
                Ok(())
            })
        })?;
        json.end()?;
        if !edges {
            return Err(Fault::new(Place::Graph(0), "there is no key `edges`").hint(FORMATS));
        }
        Ok(rewards)
    }

    fn read_csv_edges(&mut self, text: &str) -> Result<(), Fault> {
        read_csv(text, ["from", "to"], Place::Graph, |[from, to], at| self.edge(from, to, at))
    }

    fn read_csv_rewards(&mut self, text: &str) -> Result<(), Fault> {
        if text.trim().is_empty() {
            return Err(Fault::new(Place::Rewards(0), "the file is empty")
                .hint("write CSV with the header `node,reward`"));
        }
        read_csv(text, ["node", "reward"], Place::Rewards, |[node, reward], at| {
            let place = Place::Rewards(at);
            let value = reward.parse().map_err(|_| {
                Fault::new(place, format!("the reward of `{node}` is `{reward}`, not a number"))
            })?;
            self.rewards.push(RawReward { node: node.to_owned(), value, place });
            Ok(())
        })
    }
}

/// Calls `row` with the fields and the place of every record of a CSV with two columns.
fn read_csv(
    text: &str,
    columns: [&str; 2],
    place: impl Fn(usize) -> Place,
    mut row: impl FnMut([&str; 2], usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let ragged = |error: &csv::Error| {
        let at = error.position().map_or(0, |p| p.byte() as usize);
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
                format!("{len} fields where the header has {expected_len}")
            }
            _ => error.to_string(),
        };
        Fault::new(place(at), message)
    };
    let header = reader.headers().map_err(|e| ragged(&e))?;
    if header.iter().ne(columns) {
        let found = header.iter().collect::<Vec<_>>().join(",");
        let message = format!("the header is `{}` instead of `{}`", shorten(&found), columns.join(","));
        return Err(Fault::new(place(0), message).hint(FORMATS));
    }
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|e| ragged(&e))? {
        let at = record.position().map_or(0, |p| p.byte() as usize);
        row([&record[0], &record[1]], at)?;
    }
    Ok(())
}

/// A cursor over JSON: lists and keys are walked here, so that their places are known; values are serde_json's.
struct Json<'a> {
    text: &'a str,
    at: usize,
}

impl Json<'_> {
    /// The next character that is not blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.text[self.at..].chars().next()
    }

    fn fault(&self, expected: &str, found: Option<char>) -> Fault {
        let found = found.map_or("the end of the file".to_owned(), |c| format!("`{c}`"));
        Fault::new(Place::Graph(self.at), format!("bad JSON: expected {expected}, found {found}"))
    }

    fn expect(&mut self, wanted: char) -> Result<(), Fault> {
        match self.peek() {
            Some(c) if c == wanted => self.at += 1,
            found => return Err(self.fault(&format!("`{wanted}`"), found)),
        }
        Ok(())
    }

    /// Items between brackets, separated by commas.
    fn list(
        &mut self,
        open: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.expect(open)?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            match self.peek() {
                Some(',') => self.at += 1,
                Some(c) if c == close => {
                    self.at += 1;
                    return Ok(());
                }
                found => return Err(self.fault(&format!("`,` or `{close}`"), found)),
            }
        }
    }

    /// A value and its place.
    fn value(&mut self) -> Result<(Value, usize), Fault> {
        if self.peek().is_none() {
            return Err(self.fault("a value", None));
        }
        let at = self.at;
        let mut values = serde_json::Deserializer::from_str(&self.text[at..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok((value, at))
            }
            failed => {
                let error = failed.and_then(Result::err);
                let lines = error.as_ref().map_or(0, |e| e.line().saturating_sub(1));
                let at = at + self.text[at..].split_inclusive('\n').take(lines).map(str::len).sum::<usize>();
                let error = error.map_or_else(String::new, |e| e.to_string());
                let what = error.split(" at line ").next().unwrap_or_default();
                Err(Fault::new(Place::Graph(at), format!("bad JSON: {what}")))
            }
        }
    }

    /// A string, a colon, and the string's place.
    fn key(&mut self) -> Result<(String, usize), Fault> {
        match self.peek() {
            Some('"') => {}
            found => return Err(self.fault("a string", found)),
        }
        let (value, at) = self.value()?;
        self.expect(':')?;
        Ok((value.as_str().unwrap_or_default().to_owned(), at))
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            found => Err(self.fault("the end of the file", found)),
        }
    }
}

fn short(value: &Value) -> String {
    shorten(&value.to_string())
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
