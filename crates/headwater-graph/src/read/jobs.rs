//! Jobs with durations, and which waits for which, from JSON or DOT.

use headwater_core::settings::File;

use super::json::cursor::Cursor;
use super::{Format, dot, json};
use crate::check::{acyclic, shown};
use crate::raw::{Fault, FileError, Place, Raw, Source, shorten};
use crate::{Attribute, Names, ReadError};

const FORMATS: &str = "write JSON, `{\"jobs\": [{\"name\": \"a\", \"time\": 3}], \"edges\": [{\"from\": \"a\", \"to\": \"b\", \
                       \"cost\": 0.5}]}`, or DOT, `digraph { a [time=3]; a -> b [cost=0.5] }`";
const JOB: &str = "a job is an object with `name` and `time`, such as `{\"name\": \"a\", \"time\": 3.0}`";

/// A job that waits for another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dependency {
    /// The job that must be done before.
    pub from: u32,
    /// The job that waits.
    pub to: u32,
    /// How long the way takes from one machine to another; not negative.
    pub cost: f64,
}

/// Jobs, each with its duration, that wait for each other without cycles.
#[derive(Clone, Debug)]
pub struct Jobs {
    names: Names,
    times: Vec<f64>,
    dependencies: Vec<Dependency>,
}

impl Jobs {
    /// Jobs that are called `j0`, `j1` and so on.
    ///
    /// Requires finite numbers that are not negative, and dependencies that each lead to a job of a larger number.
    pub fn numbered(times: Vec<f64>, dependencies: Vec<Dependency>) -> Self {
        debug_assert!(
            dependencies.iter().all(|d| d.from < d.to && (d.to as usize) < times.len()),
            "dependencies lead to later jobs"
        );
        let mut names = Names::default();
        (0..times.len()).for_each(|i| {
            names.add(&format!("j{i}"));
        });
        Self { names, times, dependencies }
    }

    /// The jobs' names, by number.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The jobs' durations, by number.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Which job waits for which.
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }
}

/// Reads jobs and checks them: each has a duration, no number is negative, and no job waits for itself in the end. The
/// format is that of the file's name, or else of how the file begins.
///
/// # Errors
/// With the first thing that is not as it should be.
pub fn read_jobs(file: &File) -> Result<Jobs, FileError> {
    let source = Source::of(file).map_err(|ReadError { path, line, message, hint, .. }| FileError {
        path,
        line,
        column: 1,
        message,
        hint,
    })?;
    raw(source).and_then(check).map_err(|fault| fault.in_file(source))
}

fn fault(at: usize, message: impl Into<String>) -> Fault {
    Fault::new(Place::Graph(at), message)
}

/// The durations are the rewards of the graph.
fn raw(source: Source<'_>) -> Result<Raw, Fault> {
    let (text, mut raw) = (source.text, Raw::default());
    if text.trim().is_empty() {
        return Err(fault(0, "the file is empty").hint(FORMATS));
    }
    let read = match Format::of(source) {
        Format::Json => read_json(text, &mut raw),
        Format::Dot => dot::read(text, "time", &mut raw),
        Format::Csv | Format::GraphMl => Err(fault(0, "the file is neither JSON nor DOT").hint(FORMATS)),
    };
    // A name that cannot be one comes before whatever stopped the reader.
    raw.settle()?;
    read.map(|()| raw)
}

fn read_json(text: &str, raw: &mut Raw) -> Result<(), Fault> {
    let mut seen = [false; 2];
    let mut json = Cursor::new(text);
    json.list('{', '}', |json| {
        let (key, at) = json.key()?;
        let Some(i) = ["jobs", "edges"].iter().position(|&k| k == key) else {
            return Err(fault(at, format!("unknown key `{}`", shorten(&key))).hint(FORMATS));
        };
        if std::mem::replace(&mut seen[i], true) {
            return Err(fault(at, format!("a second `{key}`")));
        }
        match i {
            0 => json.list('[', ']', |json| job(json, raw)),
            _ => json.list('[', ']', |json| json::edge(json, raw)),
        }
    })?;
    json.end()
}

fn job(json: &mut Cursor<'_>, raw: &mut Raw) -> Result<(), Fault> {
    json.peek();
    let start = json.at();
    let (mut name, mut time) = (None, None);
    json.list('{', '}', |json| {
        let (key, at) = json.key()?;
        let wrong = |json: &mut Cursor<'_>, what: &str| {
            Err(fault(at, format!("the {key} of a job is `{}`, not a {what}", json.skip()?)).hint(JOB))
        };
        let again = match key.as_ref() {
            "name" => match json.string()? {
                Some(text) => name.replace((text, at)).is_some(),
                None => return wrong(json, "string"),
            },
            "time" => match json.number()? {
                Some(value) => time.replace(value).is_some(),
                None => return wrong(json, "number"),
            },
            _ => return Err(fault(at, format!("unknown key `{}` of a job", shorten(&key))).hint(JOB)),
        };
        if again { Err(fault(at, format!("a second `{key}` of a job"))) } else { Ok(()) }
    })?;
    let missing = |key| fault(start, format!("a job without `{key}`")).hint(JOB);
    let (name, at) = name.ok_or_else(|| missing("name"))?;
    raw.reward(&name, time.ok_or_else(|| missing("time"))?, Place::Graph(at))
}

fn check(raw: Raw) -> Result<Jobs, Fault> {
    let Raw { names, edges, declared, rewards, attributes, .. } = raw;
    let mut times = vec![None; names.len()];
    for r in &rewards {
        let name = names.get(r.node as usize);
        let fault = |message| Err(Fault::new(r.place, message));
        if !(r.value.is_finite() && r.value >= 0.0) {
            let message = format!("the time of `{}` is `{}`", shorten(name), r.value);
            return fault(message).map_err(|f| f.hint("times are finite and not negative"));
        }
        if times[r.node as usize].replace(r.value).is_some() {
            return fault(format!("a second job `{}`", shorten(name)));
        }
        if name == "-" || name.contains(|c: char| c.is_whitespace() || c == ',' || c == '|') {
            return fault(format!("`{}` cannot name a job", shorten(name)))
                .map_err(|f| f.hint("schedules are written as `a,b | c`: use no blanks, `,` or `|`"));
        }
    }
    let ends = edges.iter().flat_map(|e| [(e.from, e.at), (e.to, e.at)]);
    let mut mentioned: Vec<(u32, usize)> = declared.into_iter().chain(ends).collect();
    mentioned.sort_by_key(|&(_, at)| at);
    if let Some(&(v, at)) = mentioned.iter().find(|m| times[m.0 as usize].is_none()) {
        return Err(fault(at, format!("there is no job `{}` with a time", shown(&names, v))).hint(FORMATS));
    }
    if names.is_empty() {
        return Err(fault(0, "there are no jobs").hint(FORMATS));
    }
    let costs = &attributes[Attribute::Cost as usize];
    if let Some((e, cost)) = edges.iter().zip(costs).find(|(_, cost)| **cost < 0.0) {
        return Err(fault(e.at, format!("the cost is `{cost}`")).hint("costs are not negative"));
    }
    let (sorted, graph) = acyclic(&names, edges)?;
    let costs = sorted.attribute(Attribute::Cost, costs);
    let dependency = |e: usize| Dependency {
        from: graph.from(e) as u32,
        to: graph.to(e) as u32,
        cost: costs.get(e).copied().unwrap_or(0.0),
    };
    let dependencies = (0..graph.n_edges()).map(dependency).collect();
    Ok(Jobs { names, times: times.into_iter().flatten().collect(), dependencies })
}
