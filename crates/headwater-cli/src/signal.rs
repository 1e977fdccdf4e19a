//! Ctrl-C: the first asks for a clean stop, the second ends at once; those who only look end at the first.
//!
//! A request to end (SIGTERM) is the same, and so is the end of the terminal (SIGHUP), unless `nohup` or another parent
//! had that ignored when the process began.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use crate::out;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Is there nothing to save, so that the first request ends the process?
static AT_ONCE: AtomicBool = AtomicBool::new(false);

/// From now on there is nothing left to save: Ctrl-C, or a termination request, ends the process at once.
pub fn at_once() {
    AT_ONCE.store(true, Ordering::Relaxed);
}

/// The flag that Ctrl-C (and a termination request) sets from now on.
pub fn watch() -> &'static AtomicBool {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) || AT_ONCE.load(Ordering::Relaxed) {
            abort();
        }
        out::talk("\nfinishing the step and saving; once more to stop at once");
    };
    if let Err(e) = heed(handler) {
        out::talk(&format!("warning: Ctrl-C will not save: {e}"));
    }
    &INTERRUPTED
}

/// A channel that hears of Ctrl-C, or of a termination request.
pub fn stop() -> Receiver<()> {
    let (told, stop) = channel();
    let handler = move || {
        // After the first nobody may listen any more.
        let _ = told.send(());
    };
    if let Err(e) = heed(handler) {
        out::talk(&format!("warning: Ctrl-C will not end this in good order: {e}"));
    }
    stop
}

/// Has `handler` called, on a thread of its own, for every signal that asks for an end.
#[cfg(unix)]
fn heed(mut handler: impl FnMut() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let hangup = (!is_ignored(SIGHUP)).then_some(SIGHUP);
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup))?;
    let listen = move || signals.forever().for_each(|_| handler());
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
}

#[cfg(not(unix))]
fn heed(handler: impl FnMut() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(handler).map_err(io::Error::other)
}

/// Is this signal ignored, as `nohup` leaves it? Known under Linux, which says so in a file; `false` elsewhere.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[allow(clippy::exit)]
fn abort() {
    // The files of a run are whole at every moment, so that nothing but the steps since the last checkpoint is lost.
    std::process::exit(130)
}
