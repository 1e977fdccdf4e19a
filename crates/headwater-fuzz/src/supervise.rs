//! The process that watches workers: starts them again where they end or hang, and makes failing inputs small.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::mutate::input;
use crate::readers::Reader;
use crate::worker::{FAILED, Order};

/// Processor time for one input, and time by the clock: a busy machine is no fault of a reader.
const CPU: f64 = 10.0;
const CLOCK: Duration = Duration::from_secs(120);

/// Different failures of one reader that are looked into.
const ENOUGH: usize = 10;

/// Attempts to make a failing input smaller, and time for them.
const ATTEMPTS: usize = 400;
const SHRINKING: Duration = Duration::from_secs(20);

/// What became of the inputs of one reader.
#[derive(Debug, Default)]
pub struct Outcome {
    pub inputs: u64,
    /// Each different one, with the file that has its input.
    pub failures: Vec<(String, PathBuf)>,
}

/// Has inputs read by workers until the order is done.
///
/// # Errors
/// If a process cannot be started, or a file cannot be written.
pub fn run(reader: &Reader, mut order: Order, dir: &Path, save: &Path) -> io::Result<Outcome> {
    let (mut outcome, mut seen) = (Outcome::default(), BTreeSet::new());
    let (started, first, last) = (Instant::now(), order.from, order.from.saturating_add(order.inputs));
    while order.from < last && started.elapsed() < order.time && seen.len() < ENOUGH {
        let left = Order { inputs: last - order.from, time: order.time - started.elapsed(), ..order };
        let (ended, told, at) = watch(reader, left, dir)?;
        let mut failures: Vec<(u64, String)> = told.lines().filter_map(numbered).collect();
        order.from = at;
        if let Some(why) = ended {
            failures.push((at, why));
            order.from += 1;
        }
        for (i, why) in failures {
            // The same place once: what follows it varies.
            if seen.len() < ENOUGH && seen.insert(place(&why)) {
                let bytes = input(&(reader.seeds)(), reader.tokens, order.seed, i);
                let bytes = shrink(reader, bytes, dir);
                let path = save.join(format!("{}-{i}", reader.name));
                std::fs::create_dir_all(save)?;
                std::fs::write(&path, bytes)?;
                outcome.failures.push((why, path));
            }
        }
    }
    outcome.inputs = order.from - first;
    Ok(outcome)
}

fn numbered(line: &str) -> Option<(u64, String)> {
    let (i, why) = line.split_once(' ')?;
    Some((i.parse().ok()?, why.to_owned()))
}

/// What is the same of the same failure: the place of a panic, or what kind of failure it is.
fn place(why: &str) -> String {
    if why.starts_with("panic at ") {
        return why.split(": ").next().unwrap_or_default().to_owned();
    }
    why.split(": ").next().unwrap_or_default().chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn start(args: &[String]) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// Starts a worker and waits for its end. Gives why it ended if it should not have, what it told of inputs, and the
/// number of the last.
fn watch(reader: &Reader, order: Order, dir: &Path) -> io::Result<(Option<String>, String, u64)> {
    let number = |n: u64| n.to_string();
    let seconds = order.time.as_secs_f64().to_string();
    let numbers = [number(order.seed), number(order.from), number(order.inputs), seconds];
    let args = ["worker".to_owned(), reader.name.clone(), dir.display().to_string()];
    let file = dir.join("at");
    std::fs::write(&file, order.from.to_le_bytes())?;
    let at = || -> u64 {
        let bytes = std::fs::read(&file).unwrap_or_default();
        bytes.first_chunk().map_or(order.from, |bytes| u64::from_le_bytes(*bytes))
    };
    let (status, told, said, hung) = wait(start(&[&args[..], &numbers].concat())?, &mut || at())?;
    let why = if hung { Some("hang".to_owned()) } else { ended(status, &said) };
    Ok((why, told, at()))
}

/// Why a process ended, if it should not have.
fn ended(status: ExitStatus, said: &str) -> Option<String> {
    let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    (!status.success()).then(|| format!("{status}: {line}"))
}

/// Waits for the end of a process, or ends it if it stays at the same place for too long: its status, what it wrote to
/// stdout and stderr, and whether it hung.
fn wait(mut child: Child, at: &mut dyn FnMut() -> u64) -> io::Result<(ExitStatus, String, String, bool)> {
    fn read(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(from) = from {
                let _ = from.take(1 << 20).read_to_end(&mut text);
            }
            String::from_utf8_lossy(&text).into_owned()
        })
    }
    let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
    let (mut place, mut since, mut cpu, mut hung) = (at(), Instant::now(), 0.0, false);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
        let (now, used) = (at(), processor_time(child.id()));
        if now != place {
            (place, since, cpu) = (now, Instant::now(), used);
        } else if !hung && (used - cpu > CPU || since.elapsed() > CLOCK) {
            hung = true;
            child.kill()?;
        }
    };
    Ok((status, out.join().unwrap_or_default(), err.join().unwrap_or_default(), hung))
}

/// Seconds of processor time that a process has had; 0 where that is not known.
fn processor_time(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name of the program, in parentheses, may hold blanks.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks = |i: usize| fields.split(' ').nth(i).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Does an input in a file still fail?
pub fn fails(reader: &Reader, file: &Path, dir: &Path) -> io::Result<Option<String>> {
    let args = ["one".to_owned(), reader.name.clone(), dir.display().to_string(), file.display().to_string()];
    let (status, told, said, hung) = wait(start(&args)?, &mut || 0)?;
    Ok(match status.code() {
        _ if hung => Some("hang".to_owned()),
        Some(code) if code == i32::from(FAILED) => Some(told.trim().to_owned()),
        _ => ended(status, &said),
    })
}

/// A smaller input that fails, by leaving out ever smaller pieces.
fn shrink(reader: &Reader, mut bytes: Vec<u8>, dir: &Path) -> Vec<u8> {
    let (started, mut attempts) = (Instant::now(), 0);
    let file = dir.join("shrunk");
    let mut piece = bytes.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        while at < bytes.len() {
            attempts += 1;
            if attempts > ATTEMPTS || started.elapsed() > SHRINKING {
                return bytes;
            }
            let end = (at + piece).min(bytes.len());
            let less = [&bytes[..at], &bytes[end..]].concat();
            let failed = std::fs::write(&file, &less).and_then(|()| fails(reader, &file, dir));
            if matches!(failed, Ok(Some(_))) {
                bytes = less;
            } else {
                at = end;
            }
        }
        piece /= 2;
    }
    bytes
}
