//! Ctrl-C: the first asks for a clean stop, the second ends at once; those who only look end at the first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use crate::out;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The flag that Ctrl-C (and a termination request) sets from now on.
pub fn watch() -> &'static AtomicBool {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            abort();
        }
        out::talk("\nfinishing the step and saving; once more to stop at once");
    };
    if let Err(e) = ctrlc::set_handler(handler) {
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
    if let Err(e) = ctrlc::set_handler(handler) {
        out::talk(&format!("warning: Ctrl-C will not end this in good order: {e}"));
    }
    stop
}

#[allow(clippy::exit)]
fn abort() {
    // The files of a run are whole at every moment, so that nothing but the steps since the last checkpoint is lost.
    std::process::exit(130)
}
