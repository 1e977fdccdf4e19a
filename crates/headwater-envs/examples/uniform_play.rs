//! How fast environments are played uniformly, on one core.
//!
//! ```sh
//! cargo run --release -p headwater-envs --example uniform_play
//! cargo run --release -p headwater-envs --example uniform_play -- hypergrid dim=4 side=20 ising side=10
//! ```
//!
//! Without arguments every registered environment is played with its defaults; one that needs a file, on its largest
//! small instance. Otherwise each `ENV key=value ...` is: values are what a configuration would say, without quotes,
//! and paths are those of the working directory. `lanes=N` before the first name plays N copies instead of 64.
//!
//! Prints a table. *play* are transitions per second of stop, forward mask, a uniform draw and a step; *seen* those of
//! play in which every state is besides encoded and has its backward mask, as training wants them. The stop edge is not
//! counted. Each is the best slice of a second, a slice being a few milliseconds of whole trajectories, so that it does not
//! matter much what else the machine does.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::{Duration, Instant};

use headwater_core::settings::{Field, File, Kind, Value, Values, defaults};
use headwater_core::{Action, BitMatrix, Encoded, Key, Simulator, Stop};
use headwater_envs::{EnvEntry, find, registry};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long each number is measured, and the least length of a slice: about what a busy machine leaves to a process
/// without interruption.
const TOTAL: Duration = Duration::from_secs(1);
const SLICE: Duration = Duration::from_millis(2);

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1).peekable();
    let mut lanes = 64;
    if let Some(n) = args.peek().and_then(|arg| arg.strip_prefix("lanes=")) {
        lanes =
            n.parse::<usize>().ok().filter(|&n| n > 0).ok_or("`lanes` is to be a whole number above 0")?;
        args.next();
    }
    let mut cases = Vec::new();
    while let Some(name) = args.next() {
        let entry = find(&name).ok_or_else(|| format!("there is no environment `{name}`"))?;
        let mut set = Vec::new();
        while let Some(pair) = args.next_if(|arg| arg.contains('=')) {
            set.push(pair);
        }
        cases.push((name, set.join(" "), with_settings(entry, &set)?));
    }
    if cases.is_empty() {
        cases = registry().iter().map(by_default).collect();
    }
    println!(
        "{:<20} {:>7} {:>8} {:>12} {:>12}  settings",
        "environment", "actions", "max_len", "play/s", "seen/s"
    );
    for (name, settings, mut sim) in cases {
        let [play, seen] = [false, true].map(|seen| rate(&mut *sim, lanes, seen));
        let spec = sim.spec();
        println!(
            "{name:<20} {:>7} {:>8} {play:>12.0} {seen:>12.0}  {settings}",
            spec.n_actions, spec.max_len
        );
    }
    Ok(())
}

type Case = (String, String, Box<dyn Simulator>);

fn by_default(entry: &'static EnvEntry) -> Case {
    let name = entry.entry.name.to_owned();
    let built = defaults(entry.entry.fields).ok().and_then(|values| entry.build(&values, None).ok());
    match built {
        Some(sim) => (name, "defaults".to_owned(), sim),
        None => {
            let small = entry.small().into_iter().max_by_key(|sim| sim.spec().max_len);
            (name, "a small instance".to_owned(), small.expect("every environment has small instances"))
        }
    }
}

/// The environment with its defaults, but for `set`, a list of `key=value`.
fn with_settings(entry: &EnvEntry, set: &[String]) -> Outcome<Box<dyn Simulator>> {
    let fields = entry.entry.fields;
    // Defaults of the others if a field is required.
    let optional: Vec<Field> = fields.iter().filter(|f| !f.required).copied().collect();
    let mut values: Values = defaults(&optional)?;
    for pair in set {
        let (key, value) = pair.split_once('=').ok_or("settings are `key=value`")?;
        let field = fields.iter().find(|f| f.name == key);
        let field = field.ok_or_else(|| format!("`{}` has no setting `{key}`", entry.entry.name))?;
        values.insert(field.name, read(field, value)?);
    }
    if let Some(f) = fields.iter().find(|f| f.required && !values.contains_key(f.name)) {
        return Err(format!("`{}` needs `{}=...`", entry.entry.name, f.name).into());
    }
    Ok(entry.build(&values, None)?)
}

fn read(field: &Field, text: &str) -> Outcome<Value> {
    let number = || text.parse::<f64>().map_err(|_| format!("`{}` is `{text}`, not a number", field.name));
    Ok(match field.kind {
        Kind::Int { min, max } => {
            let i = text.parse().ok().filter(|i| (min..=max).contains(i));
            Value::Int(i.ok_or_else(|| format!("`{}` is `{text}`, not in {min}..={max}", field.name))?)
        }
        Kind::Real { .. } => Value::Real(number()?),
        Kind::Bool => Value::Bool(text.parse().map_err(|_| format!("`{text}` is not `true` or `false`"))?),
        Kind::Text => Value::Text(text.to_owned()),
        Kind::Texts => Value::Texts(text.split(',').map(str::to_owned).collect()),
        Kind::Choice(names) if names.contains(&text) => Value::Text(text.to_owned()),
        Kind::Choice(names) => {
            return Err(format!("`{}` is `{text}`, not one of {names:?}", field.name).into());
        }
        Kind::File => {
            let bytes = std::fs::read(text).map_err(|e| format!("`{text}` cannot be read: {e}"))?;
            Value::File(File::new(text, bytes))
        }
        Kind::Reals { .. } => {
            Value::Reals(text.split(',').map(|x| x.trim().parse()).collect::<Result<_, _>>()?)
        }
        Kind::Dir | Kind::Schedule { .. } | Kind::AutoReal => {
            return Err(format!("`{}` cannot be given here", field.name).into());
        }
    })
}

/// Transitions per second: of the best slice.
fn rate(sim: &mut dyn Simulator, lanes: usize, seen: bool) -> f64 {
    // Lanes whose trajectories are all of one length are always equally far, and not all steps are equally dear.
    let period = 1 + sim.spec().max_len;
    let mut player = Player::new(sim, lanes, seen);
    let (begin, mut best) = (Instant::now(), 0f64);
    while begin.elapsed() < TOTAL {
        let (start, mut taken) = (Instant::now(), 0);
        while start.elapsed() < SLICE {
            taken += (0..period).map(|_| player.round()).sum::<usize>();
        }
        best = best.max(taken as f64 / start.elapsed().as_secs_f64());
    }
    best
}

/// Lanes that are played forever; lane 0 stays in the initial state, and is what finished lanes are reset from.
struct Player<'a> {
    sim: &'a mut dyn Simulator,
    lanes: Vec<u32>,
    stops: Vec<Stop>,
    mask: BitMatrix,
    /// The lanes that step, and by which edges.
    moving: Vec<u32>,
    actions: Vec<Action>,
    seen: Option<(BitMatrix, Encoded)>,
    key: Key,
    draws: u64,
}

impl<'a> Player<'a> {
    fn new(sim: &'a mut dyn Simulator, n: usize, seen: bool) -> Self {
        sim.reset(n + 1);
        let spec = sim.spec();
        let matrix = || BitMatrix::new(n, spec.n_actions);
        Self {
            lanes: (1..=n as u32).collect(),
            stops: vec![Stop::May; n],
            mask: matrix(),
            moving: Vec::new(),
            actions: Vec::new(),
            seen: seen.then(|| (matrix(), Encoded::new(spec.encoding, n))),
            key: Key::new(0),
            draws: 0,
            sim,
        }
    }

    /// One edge for every lane that does not end; their number.
    fn round(&mut self) -> usize {
        self.sim.stops(&self.lanes, &mut self.stops);
        self.sim.forward_masks(&self.lanes, &mut self.mask, 0);
        if let Some((backward, encoded)) = &mut self.seen {
            self.sim.backward_masks(&self.lanes, backward, 0);
            self.sim.encode(&self.lanes, encoded, 0);
        }
        self.moving.clear();
        self.actions.clear();
        for (i, &lane) in self.lanes.iter().enumerate() {
            let edges = self.mask.count(i);
            // The stop edge is one more choice.
            let choices = edges + u32::from(self.stops[i] != Stop::Never);
            self.draws += 1;
            let k = self.key.fold(self.draws).below(choices);
            if k == edges {
                self.sim.copy(0, lane);
            } else {
                self.moving.push(lane);
                self.actions.push(self.mask.select(i, k));
            }
        }
        self.sim.step(&self.moving, &self.actions);
        self.moving.len()
    }
}
