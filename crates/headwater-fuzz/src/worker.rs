//! The process in which inputs are read: it says how far it is, and what went wrong without ending it.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::mutate::input;
use crate::readers::{Read, Reader};

/// Memory that a reader may have, in bytes: inputs are of 256 kB at most.
const MEMORY: u64 = 1 << 30;

/// The longest message, and the longest piece of an input in it.
const MESSAGE: usize = 6000;
const QUOTED: usize = 201;

/// Exit code of a process that has seen a failure.
pub const FAILED: u8 = 3;

thread_local! {
    /// What the last panic of this thread said.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Which inputs a worker reads.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub seed: u64,
    /// The first input.
    pub from: u64,
    /// How many, at most.
    pub inputs: u64,
    pub time: Duration,
}

/// Memory is bounded from now on, and panics are kept instead of printed.
pub fn prepare() {
    let resource = if cfg!(target_os = "linux") { Resource::Data } else { Resource::As };
    let maximum = getrlimit(resource).maximum;
    // Without the limit, failures are seen later.
    let _ = setrlimit(resource, Rlimit { current: Some(MEMORY), maximum });
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or(String::new(), |at| format!("{}:{}: ", at.file(), at.line()));
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("?");
        PANIC.with_borrow_mut(|panic| *panic = format!("{place}{text}"));
    }));
}

/// Reads inputs one after the other. The number of the one at hand is in the file `at`; failures go to `out`, a line each.
///
/// # Errors
/// If a file cannot be written.
pub fn work(reader: &Reader, order: Order, dir: &Path, out: &mut dyn Write) -> std::io::Result<()> {
    let (at, started) = (File::create(dir.join("at"))?, Instant::now());
    let seeds = (reader.seeds)();
    let mut read = (reader.open)(dir);
    let mut i = order.from;
    while i - order.from < order.inputs && started.elapsed() < order.time {
        at.write_all_at(&i.to_le_bytes(), 0)?;
        let bytes = input(&seeds, reader.tokens, order.seed, i);
        if let Err(failure) = attempt(&mut read, &bytes) {
            writeln!(out, "{i} {}", failure.replace('\n', " "))?;
            out.flush()?;
            // What it had in hand may be half done.
            read = (reader.open)(dir);
        }
        i += 1;
    }
    at.write_all_at(&i.to_le_bytes(), 0)
}

/// Reads one input.
///
/// # Errors
/// If the reader panics, or its message is not for people.
pub fn attempt(read: &mut Read, bytes: &[u8]) -> Result<(), String> {
    match std::panic::catch_unwind(AssertUnwindSafe(|| read(bytes))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(message)) => presentable(&message),
        Err(_) => Err(format!("panic at {}", PANIC.with_borrow(Clone::clone))),
    }
}

/// A message has an end, does not repeat all that it was given, and does nothing to a terminal.
fn presentable(message: &str) -> Result<(), String> {
    let beginning = || message.chars().take(120).collect::<String>();
    if message.chars().count() > MESSAGE {
        return Err(format!("a message of {} bytes: {}", message.len(), beginning()));
    }
    if message.starts_with("error: ") && message.contains(headwater_run::is_obeyed) {
        return Err(format!("a message with control characters: {}", beginning()));
    }
    match message.split('`').skip(1).step_by(2).find(|piece| piece.chars().count() > QUOTED) {
        Some(piece) => Err(format!("a message repeats {} bytes: {}", piece.len(), beginning())),
        None => Ok(()),
    }
}
