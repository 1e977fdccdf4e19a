//! The systems that are compared: installing the peers, and running any of the three once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use super::cells::{Cell, Mode};
use super::load::Ticks;
use super::record::Run;
use super::{CAP, THREADS, TV};
use crate::Error;
use crate::shell::{headwater, output, read, root, run, scratch, write};

/// A system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Headwater,
    Torchgfn,
    Gfnx,
}

impl Which {
    pub fn name(self) -> &'static str {
        match self {
            Which::Headwater => "headwater",
            Which::Torchgfn => "torchgfn",
            Which::Gfnx => "gfnx",
        }
    }
}

/// A library of others that lives in a virtual environment of its own.
struct Peer {
    which: Which,
    /// What pip is asked for.
    package: &'static str,
    version: &'static str,
    /// What it computes with.
    engine: &'static str,
}

const PEERS: [Peer; 2] = [
    Peer { which: Which::Torchgfn, package: "torchgfn==2.4.1", version: "2.4.1", engine: "torch" },
    Peer { which: Which::Gfnx, package: "gfnx[baselines]==0.0.1", version: "0.0.1", engine: "jax" },
];

impl Peer {
    fn python(&self) -> PathBuf {
        root().join(".peers").join(self.which.name()).join("bin/python")
    }

    /// Versions of the library and of its engine, if it is installed.
    fn versions(&self) -> Result<String, Error> {
        let name = self.which.name();
        let code =
            format!("from importlib.metadata import version as v; print(v('{name}'), v('{}'))", self.engine);
        let mut command = Command::new(self.python());
        command.args(["-c", &code]);
        output(command)
    }

    /// Installs the library where it is not there yet; returns what is there in words.
    fn prepare(&self) -> Result<String, Error> {
        let name = self.which.name();
        if !self.python().is_file() {
            eprintln!("installing {} into .peers/{name}", self.package);
            let place = root().join(".peers").join(name);
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv"]).arg(&place);
            output(venv)?;
            let mut pip = Command::new(self.python());
            pip.args(["-m", "pip", "install", "--quiet", self.package]);
            if let Err(error) = output(pip) {
                // Half an environment would be taken for a whole one the next time.
                let left = std::fs::remove_dir_all(&place);
                return Err(format!("{error}{}", left.map_or_else(|e| format!("; {e}"), |()| String::new())));
            }
        }
        let versions = self.versions()?;
        match versions.split_whitespace().collect::<Vec<_>>()[..] {
            [found, engine] if found == self.version => {
                Ok(format!("{name} {found} on {} {engine}", self.engine))
            }
            _ => Err(format!(
                "`.peers/{name}` has version {}, expected {}; remove it to install again",
                versions.trim(),
                self.version
            )),
        }
    }
}

/// All systems, ready to run.
pub struct Systems {
    program: PathBuf,
    /// Rewards of all strings of eight bases, a CSV file.
    table: PathBuf,
    /// Where gfnx keeps what it compiled.
    compiled: PathBuf,
    /// What is compared, in words.
    pub versions: Vec<String>,
}

impl Systems {
    /// Builds our command, installs the peers, and writes the table of random rewards.
    pub fn prepare() -> Result<Self, Error> {
        let program = headwater("release")?;
        let mut versions = vec![output(run(&program, &["--version"]))?.trim().to_owned()];
        for peer in &PEERS {
            versions.push(peer.prepare()?);
        }
        let table = scratch("peers")?.join("bases.csv");
        write(&table, &random_table())?;
        Ok(Self { program, table, compiled: scratch("peers-compiled")?, versions })
    }

    /// Runs a system once in a cell. The repeat is its seed.
    pub fn run(&self, cell: &Cell, which: Which, threads: usize, repeat: usize) -> Result<Run, Error> {
        let before = Ticks::now();
        let json = match PEERS.iter().find(|p| p.which == which) {
            Some(peer) => self.peer(peer, cell, threads, repeat)?,
            None => self.ours(cell, repeat)?,
        };
        let mut run = Run::new(cell, which, threads, repeat, &json)?;
        if let (Some(before), Some(after)) = (before, Ticks::now()) {
            run.others = after.others_since(&before, cores());
        }
        Ok(run)
    }

    fn ours(&self, cell: &Cell, repeat: usize) -> Result<String, Error> {
        let mut sets =
            [cell.sets.clone(), vec![format!("seed={repeat}"), format!("train.threads={THREADS}")]].concat();
        if cell.task == "tfbind8" {
            sets.push(format!("reward.path={}", self.table.display()));
        }
        let directory = scratch("peers-quality")?;
        let out = directory.to_string_lossy();
        let mut args = match cell.mode {
            Mode::Train if cell.steady => {
                vec!["bench", &cell.config, "--json", "--updates", "100", "--seconds", "1"]
            }
            Mode::Train => vec!["bench", &cell.config, "--json", "--updates", "300"],
            Mode::Sample => {
                vec!["bench", &cell.config, "--json", "--sample", "--warmup", "3", "--seconds", "2"]
            }
            Mode::Start => vec!["bench", &cell.config, "--json", "--warmup", "0", "--updates", "1"],
            Mode::Quality => vec!["train", &cell.config, "--json", "--quiet", "--out", &out],
        };
        args.extend(sets.iter().flat_map(|set| ["--set", set]));
        let json = output(run(&self.program, &args))?;
        if cell.mode == Mode::Quality {
            return quality(&read(&directory.join("metrics.csv"))?);
        }
        Ok(json)
    }

    fn peer(&self, peer: &Peer, cell: &Cell, threads: usize, repeat: usize) -> Result<String, Error> {
        let mode = match cell.mode {
            Mode::Train => "train",
            Mode::Sample => "sample",
            Mode::Start => "cold",
            Mode::Quality => "quality",
        };
        let script = root().join(format!("xtask/peers/{}_runner.py", peer.which.name()));
        let started = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
        let mut command = Command::new(peer.python());
        // The warnings of the peers' own dependencies say nothing about the comparison.
        command.args(["-W", "ignore", "-B"]).arg(script).arg(mode).args(cell.task.split(' '));
        for (flag, value) in [
            ("--threads", threads.to_string()),
            ("--seed", repeat.to_string()),
            ("--started", started.as_secs_f64().to_string()),
            ("--tv", TV.to_string()),
            ("--cap", CAP.to_string()),
        ] {
            command.args([flag, &value]);
        }
        if cell.mode != Mode::Start {
            keep_compiled(&mut command, &self.compiled);
        }
        output(command)
    }
}

/// Number of cores of the machine.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Lets JAX keep compiled programs between processes, which shortens the comparison and is not part of any timing.
fn keep_compiled(command: &mut Command, directory: &Path) {
    command
        .env("JAX_COMPILATION_CACHE_DIR", directory)
        .env("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        .env("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1");
}

/// The first evaluation of `metrics.csv` that is good enough, or the last one, as JSON.
fn quality(metrics: &str) -> Result<String, Error> {
    let mut lines = metrics.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let columns = ["step", "wall_s", "tv"].map(|name| header.iter().position(|&h| h == name));
    let [Some(step), Some(seconds), Some(tv)] = columns else {
        return Err("`metrics.csv` lacks one of the columns `step`, `wall_s` and `tv`".to_owned());
    };
    let mut last = None;
    for row in lines {
        let value = |i: usize| row.get(i).and_then(|text| text.parse::<f64>().ok());
        let (Some(step), Some(seconds), Some(tv)) = (value(step), value(seconds), value(tv)) else {
            continue;
        };
        last = Some(format!("{{\"iterations\": {step}, \"seconds\": {seconds}, \"tv\": {tv}}}"));
        if tv <= TV {
            break;
        }
    }
    last.ok_or_else(|| "`metrics.csv` has no evaluation".to_owned())
}

/// All strings of eight bases with scores between 0 and 1, the same every time.
fn random_table() -> String {
    let mut state = 1u64;
    let mut out = String::from("sequence,binding\n");
    for i in 0..1usize << 16 {
        // Knuth's linear congruential generator; the upper bits are random enough.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let score = (state >> 40) as f64 / (1u64 << 24) as f64;
        out.extend((0..8).rev().map(|place| char::from(b"ACGT"[i >> (2 * place) & 3])));
        out.push_str(&format!(",{score}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::number;
    use std::collections::HashSet;

    #[test]
    fn quality_is_that_of_the_first_good_evaluation() {
        let metrics = "step,loss,wall_s,tv\n100,1,0.5,0.3\n200,1,1.5,0.04\n300,1,2.5,0.01\n";
        let json = quality(metrics).unwrap();
        assert_eq!([number(&json, "seconds"), number(&json, "tv")], [Some(1.5), Some(0.04)]);
        let json = quality("step,wall_s,tv\n100,0.5,0.3\n200,1.5,0.2\n").unwrap();
        assert_eq!(number(&json, "iterations"), Some(200.0));
        assert!(quality("step,wall_s\n1,2\n").is_err() && quality("step,wall_s,tv\n").is_err());
    }

    #[test]
    fn the_table_has_every_string_once() {
        let table = random_table();
        let rows: Vec<(&str, f64)> = table
            .lines()
            .skip(1)
            .map(|line| line.split_once(',').unwrap())
            .map(|(text, score)| (text, score.parse().unwrap()))
            .collect();
        assert_eq!(rows.iter().map(|r| r.0).collect::<HashSet<_>>().len(), 65_536);
        assert!(rows.iter().all(|&(text, score)| text.len() == 8 && (0.0..1.0).contains(&score)));
        let mean = rows.iter().map(|r| r.1).sum::<f64>() / 65_536.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }
}
