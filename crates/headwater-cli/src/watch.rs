//! `headwater watch`: how a run stands, drawn again and again until it ends.

mod braille;
mod frame;

use std::io::{self, IsTerminal, Write, stdout};
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use headwater_run::{Manifest, Status, View};
use terminal_size::{Height, Width, terminal_size};

use crate::args::Watch;
use crate::out::{self, Failure};
use crate::watch::frame::{Room, frame};
use crate::{Verdict, door, signal};

pub fn run(args: &Watch) -> Result<Verdict, Failure> {
    door::look(&args.run)?;
    let terminal = stdout().is_terminal();
    if args.once || !terminal {
        let (view, now) = look(&args.run)?;
        let lines = frame(&args.run.display().to_string(), &view, now, Room::PLAIN);
        out::picture(&lines.join("\n"))?;
        return Ok(verdict(&view, now));
    }
    let stop = signal::stop();
    let screen = Screen::enter()?;
    let last = loop {
        let (view, now) = look(&args.run)?;
        let lines = frame(&args.run.display().to_string(), &view, now, room());
        screen.draw(&lines)?;
        if view.manifest.status != Status::Running {
            break Some((lines, verdict(&view, now)));
        }
        match stop.recv_timeout(Duration::from_secs_f64(args.every)) {
            Err(RecvTimeoutError::Timeout) => {}
            // Without a handler there is nothing to wait for, and Ctrl-C ends the process by itself.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_secs_f64(args.every)),
            Ok(()) => break None,
        }
    };
    drop(screen);
    let Some((lines, verdict)) = last else { return Ok(Verdict::Clean) };
    // The last picture stays on the terminal.
    out::picture(&lines.join("\n"))?;
    Ok(verdict)
}

fn look(run: &Path) -> Result<(View, u64), Failure> {
    let view = View::of(run)?;
    Ok((view, Manifest::now_unix_s()))
}

/// A run that failed, or died without a word, is a finding.
fn verdict(view: &View, now_unix_s: u64) -> Verdict {
    match view.manifest.status == Status::Failed || view.is_dead(now_unix_s) {
        true => Verdict::Findings,
        false => Verdict::Clean,
    }
}

/// What this terminal has room for now; it may have changed since the last picture.
fn room() -> Room {
    // By the convention of no-color.org, an empty value says nothing.
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match terminal_size() {
        Some((Width(width), Height(height))) => Room { width: width.into(), height: height.into(), colour },
        None => Room { colour, ..Room::PLAIN },
    }
}

/// The terminal's other screen, without a cursor; what was there before comes back however this ends.
struct Screen;

impl Screen {
    fn enter() -> io::Result<Self> {
        put("\x1b[?1049h\x1b[?25l\x1b[2J")?;
        Ok(Self)
    }

    /// Draws over the last picture, line by line, so that nothing flickers.
    fn draw(&self, lines: &[String]) -> io::Result<()> {
        put(&format!("\x1b[H{}\x1b[K\x1b[J", lines.join("\x1b[K\r\n")))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // If the terminal is gone, there is nothing to restore.
        let _ = put("\x1b[?25h\x1b[?1049l");
    }
}

fn put(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
