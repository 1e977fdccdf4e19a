//! How fast objects go through a program, and how busy its copies are kept.
//!
//! ```sh
//! cargo run --release -p headwater-rewards --example command_speed
//! ```
//!
//! Prints one line per case: objects per second through a filter that does nothing (this program itself, and Python),
//! and the share of the time that copies of a program spend at work which takes 20 ms for each chunk.

#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use headwater_core::Settings;
use headwater_core::settings::{Value, defaults};
use headwater_rewards::{Command, CommandConfig, Objects, Oracle};

type Outcome<T> = Result<T, Box<dyn Error>>;

const PYTHON: &str = "import sys\nfor line in sys.stdin: print(len(line), flush=True)";
const PYTHON_BATCHES: &str = "\
import os
rest = b''
while got := os.read(0, 1 << 20):
    *lines, rest = (rest + got).split(b'\\n')
    if lines: os.write(1, b''.join(b'%d\\n' % len(line) for line in lines))";
const PYTHON_20_MS: &str = "\
import os, time
rest = b''
while got := os.read(0, 1 << 20):
    *lines, rest = (rest + got).split(b'\\n')
    if lines:
        time.sleep(0.02)
        os.write(1, b'1\\n' * len(lines))";

fn main() -> Outcome<()> {
    if env::args().nth(1).as_deref() == Some("filter") {
        return Ok(filter()?);
    }
    let own = env::current_exe()?.to_string_lossy().into_owned();
    let filter = [own.as_str(), "filter"];
    for (name, command, chunk) in [
        ("compiled filter", &filter[..], 64),
        ("compiled filter", &filter, 1024),
        ("Python, line by line", &["python3", "-c", PYTHON], 1024),
        ("Python, in batches", &["python3", "-c", PYTHON_BATCHES], 1024),
    ] {
        let mut oracle = start(command, 1, chunk)?;
        let rate = rate(&mut oracle, 4096, Duration::from_secs(2))?;
        println!("{name}, chunks of {chunk}: {rate:.0} objects/s");
    }
    let (workers, chunk, batch) = (4, 16, 64);
    let mut oracle = start(&["python3", "-c", PYTHON_20_MS], workers, chunk)?;
    let rate = rate(&mut oracle, batch, Duration::from_secs(3))?;
    let busy = rate / chunk as f64 * 0.02 / workers as f64;
    println!("20 ms per chunk of {chunk}, batches of {batch}, {workers} workers: {:.1} % busy", 100.0 * busy);
    Ok(())
}

fn start(command: &[&str], workers: usize, chunk: usize) -> Outcome<Command> {
    let mut values = defaults(&CommandConfig::FIELDS[1..])?;
    values.insert("command", Value::Texts(command.iter().map(|&s| s.to_owned()).collect()));
    Ok(Command::new(&CommandConfig { workers, chunk, ..CommandConfig::read(&values) })?)
}

/// Objects per second in batches of `n` strings of 20 letters, after a first batch that starts the program.
fn rate(oracle: &mut Command, n: usize, time: Duration) -> Outcome<f64> {
    let texts: Vec<String> = (0..n).map(|i| format!("ACGTACGTACGT{i:08}")).collect();
    let objects = Objects::from_iter(texts.iter().map(String::as_str));
    let mut out = vec![0.0; n];
    oracle.score(&objects, &mut out)?;
    let (begin, mut batches) = (Instant::now(), 0);
    while begin.elapsed() < time {
        oracle.score(&objects, &mut out)?;
        batches += 1;
    }
    Ok((batches * n) as f64 / begin.elapsed().as_secs_f64())
}

/// Answers the length of every line, and writes when there is nothing more to read.
fn filter() -> io::Result<()> {
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    let mut answers = Vec::new();
    loop {
        let got = stdin.fill_buf()?;
        if got.is_empty() {
            return Ok(());
        }
        let used = got.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        for line in got[..used].split_inclusive(|&b| b == b'\n') {
            writeln!(answers, "{}", line.len())?;
        }
        if used == 0 {
            // The rest of the line is on its way.
            let mut line = String::new();
            stdin.read_line(&mut line)?;
            writeln!(answers, "{}", line.len())?;
        } else {
            stdin.consume(used);
        }
        stdout.write_all(&answers)?;
        stdout.flush()?;
        answers.clear();
    }
}
