//! The command line: what to read, for how long.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::readers::{self, Reader};
use crate::supervise::{self, fails};
use crate::worker::{self, FAILED, Order, attempt, work};

const HELP: &str = "\
Reads broken and hostile files, and says what panics, hangs, ends the process or talks too much.

  --seconds N     for so long, all readers together; 180 if left out
  --inputs N      so many inputs for each reader, and as long as that takes
  --seed N        other inputs; 1 if left out
  --reader NAME   this one alone; several may be named
  --file FILE     reads this file with the reader that is named
  --save DIR      where failing inputs go; target/fuzz if left out
  --list          names the readers

Exit status: 0 nothing was found, 1 something was, 2 it could not be tried.
";

struct Options {
    seconds: f64,
    inputs: Option<u64>,
    seed: u64,
    readers: Vec<String>,
    file: Option<PathBuf>,
    save: PathBuf,
    list: bool,
}

/// Does what the command line says.
pub fn run(args: &[&str]) -> Result<ExitCode, String> {
    #[cfg(feature = "onnx")]
    if let (["serve-model"], true) = (args, headwater_rewards::serve_model()) {
        return Ok(ExitCode::SUCCESS);
    }
    match *args {
        ["worker", name, dir, seed, from, inputs, seconds] => {
            let number = |text: &str| text.parse::<u64>().map_err(|e| e.to_string());
            let time = seconds.parse::<f64>().map_err(|e| e.to_string())?;
            let time = Duration::try_from_secs_f64(time).map_err(|e| e.to_string())?;
            let order = Order { seed: number(seed)?, from: number(from)?, inputs: number(inputs)?, time };
            let reader = prepared(name)?;
            work(&reader, order, Path::new(dir), &mut std::io::stdout()).map_err(|e| e.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
        ["one", name, dir, file] => {
            let bytes = std::fs::read(file).map_err(|e| format!("{file}: {e}"))?;
            let reader = prepared(name)?;
            match attempt(&mut (reader.open)(Path::new(dir)), &bytes) {
                Ok(()) => Ok(ExitCode::SUCCESS),
                Err(failure) => {
                    println!("{failure}");
                    Ok(ExitCode::from(FAILED))
                }
            }
        }
        ["--help" | "-h" | "help"] => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => supervise(&options(args)?),
    }
}

/// The reader of a worker, whose models run apart from it.
fn prepared(name: &str) -> Result<Reader, String> {
    #[cfg(feature = "onnx")]
    if let Ok(path) = std::env::current_exe() {
        headwater_rewards::run_models_with(path, vec!["serve-model".into()]);
    }
    worker::prepare();
    readers::find(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> String {
    format!("there is no reader `{name}`; `--list` names them")
}

fn options(args: &[&str]) -> Result<Options, String> {
    let mut options = Options {
        seconds: 180.0,
        inputs: None,
        seed: 1,
        readers: Vec::new(),
        file: None,
        save: PathBuf::from("target/fuzz"),
        list: false,
    };
    let mut args = args.iter().copied();
    while let Some(option) = args.next() {
        if option == "--list" {
            options.list = true;
            continue;
        }
        let value =
            args.next().ok_or_else(|| format!("`{option}` lacks its value, or is unknown\n\n{HELP}"))?;
        let wrong = |e: &dyn std::fmt::Display| format!("`{option} {value}`: {e}");
        match option {
            "--seconds" => options.seconds = value.parse().map_err(|e| wrong(&e))?,
            "--inputs" => options.inputs = Some(value.parse().map_err(|e| wrong(&e))?),
            "--seed" => options.seed = value.parse().map_err(|e| wrong(&e))?,
            "--reader" => options.readers.push(value.to_owned()),
            "--file" => options.file = Some(value.into()),
            "--save" => options.save = value.into(),
            _ => return Err(format!("unknown option `{option}`\n\n{HELP}")),
        }
    }
    Ok(options)
}

fn supervise(options: &Options) -> Result<ExitCode, String> {
    let mut all = readers::all();
    if options.list {
        all.iter().for_each(|reader| println!("{}", reader.name));
        return Ok(ExitCode::SUCCESS);
    }
    if !options.readers.is_empty() {
        let named = options.readers.iter().map(|name| readers::find(name).ok_or_else(|| unknown(name)));
        all = named.collect::<Result<_, _>>()?;
    }
    let dir = std::env::temp_dir().join(format!("headwater-fuzz-{}", std::process::id()));
    let done = read_all(options, &all, &dir);
    // What is left there is only of use to the readers.
    let _ = std::fs::remove_dir_all(&dir);
    let failures = done?;
    println!("{failures} failures");
    Ok(ExitCode::from(u8::from(failures > 0)))
}

/// Has every reader read; the number of failures.
fn read_all(options: &Options, all: &[Reader], dir: &Path) -> Result<usize, String> {
    let io = |e: std::io::Error| e.to_string();
    let (started, mut failures, mut total) = (Instant::now(), 0, 0);
    for (i, reader) in all.iter().enumerate() {
        let dir = dir.join(&reader.name);
        std::fs::create_dir_all(&dir).map_err(io)?;
        if let Some(file) = &options.file {
            let failure = fails(reader, file, &dir).map_err(io)?;
            println!("{}: {}", reader.name, failure.as_deref().unwrap_or("nothing was found"));
            failures += usize::from(failure.is_some());
            continue;
        }
        let share = (options.seconds - started.elapsed().as_secs_f64()) / (all.len() - i) as f64;
        let time = if options.inputs.is_some() { 1e6 } else { share.max(0.5) };
        let inputs = options.inputs.unwrap_or(u64::MAX / 2);
        let order = Order { seed: options.seed, from: 0, inputs, time: Duration::from_secs_f64(time) };
        let outcome = supervise::run(reader, order, &dir, &options.save).map_err(io)?;
        println!("{:24} {:9} inputs, {} failures", reader.name, outcome.inputs, outcome.failures.len());
        for (why, path) in &outcome.failures {
            println!("  {why}\n    {}", path.display());
        }
        failures += outcome.failures.len();
        total += outcome.inputs;
    }
    if options.file.is_none() {
        println!("{total} inputs in {:.0} s", started.elapsed().as_secs_f64());
    }
    Ok(failures)
}
