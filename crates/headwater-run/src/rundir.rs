//! The directory that a run leaves behind: everything needed to understand it, sample from it and resume it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use headwater_report::Columns;
use serde_json::Value as Json;

use crate::atomic::{self, leftovers, parent, sweep, sync_dir};
use crate::error::cause;
use crate::lock::{LOCK, lock_dir};
use crate::{AtomicFile, Checkpoints, Manifest, RunError, Samples, Table, former, visible, write_atomic};

const CONFIG: &str = "config.toml";
const MANIFEST: &str = "manifest.json";
const CHECKPOINTS: &str = "checkpoints";
const EXACT: &str = "exact.json";
const SAMPLES: &str = "samples.csv";
const LOG: &str = "log.txt";
const METRICS: &str = "metrics.csv";
const STEPS: &str = "steps.csv";

/// The directory of a run.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    /// Held by the one process that may write.
    lock: Option<File>,
}

impl RunDir {
    /// Makes the directory `parent/name-0001`, or with the next free number, for this process to write to. It appears
    /// with the configuration and the manifest in it, or not at all; two processes never get the same.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(parent: &Path, name: &str, config: &str, manifest: &Manifest) -> Result<Self, RunError> {
        let name = clean(name);
        fs::create_dir_all(parent).map_err(RunError::io("create", parent))?;
        let staged = Staged::new(&parent.join(&name), config, manifest)?;
        let mut number = 1 + last_number(parent, &name);
        loop {
            let path = parent.join(format!("{name}-{number:04}"));
            match fs::rename(&staged.path, &path) {
                Ok(()) => return staged.begin(path),
                Err(e) if is_taken(&e) => number += 1,
                Err(e) => return Err(RunError::io("create", &path)(e)),
            }
        }
    }

    /// Makes the directory `path` for a new run; it may exist if it is empty. See [`RunDir::create`].
    ///
    /// # Errors
    /// If there is something already, or it cannot be written.
    pub fn create_at(path: &Path, config: &str, manifest: &Manifest) -> Result<Self, RunError> {
        let above = parent(path);
        fs::create_dir_all(above).map_err(RunError::io("create", above))?;
        let staged = Staged::new(path, config, manifest)?;
        match fs::rename(&staged.path, path) {
            Ok(()) => staged.begin(path.to_owned()),
            Err(e) if is_taken(&e) => Err(RunError::Taken(path.to_owned())),
            Err(e) => Err(RunError::io("create", path)(e)),
        }
    }

    /// Opens a run for reading.
    ///
    /// # Errors
    /// If there is no such directory, or it lacks what makes it a run.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let not = |missing: String| RunError::NotARun { path: path.to_owned(), missing };
        fs::read_dir(path).map_err(|e| not(cause(&e)))?;
        let missing: Vec<String> = [CONFIG, MANIFEST, CHECKPOINTS]
            .iter()
            .filter(|name| !path.join(name).exists())
            .map(|name| format!("`{name}`"))
            .collect();
        match missing.as_slice() {
            [] => Ok(Self { path: path.to_owned(), lock: None }),
            [one] => Err(not(format!("{one} is missing"))),
            [rest @ .., last] => Err(not(format!("{} and {last} are missing", rest.join(", ")))),
        }
    }

    /// Opens a run for writing, and removes what a killed process left half done.
    ///
    /// # Errors
    /// As [`RunDir::open`], or if another process writes to it.
    pub fn resume(path: &Path) -> Result<Self, RunError> {
        let mut run = Self::open(path)?;
        run.lock = Some(lock_dir(path)?);
        sweep(&run.path);
        sweep(&run.path.join(CHECKPOINTS));
        Ok(run)
    }

    /// May this process write?
    pub fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// Where the run is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its resolved configuration is.
    pub fn config_path(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// Where the final samples are, once there are any.
    pub fn samples_path(&self) -> PathBuf {
        self.path.join(SAMPLES)
    }

    /// Its resolved configuration.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn config(&self) -> Result<String, RunError> {
        let path = self.config_path();
        fs::read_to_string(&path).map_err(RunError::io("read", &path))
    }

    /// Replaces its resolved configuration, as when a run is resumed with more steps.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_config(&self, config: &str) -> Result<(), RunError> {
        write_atomic(&self.config_path(), config.as_bytes())
    }

    /// Its manifest.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged.
    pub fn manifest(&self) -> Result<Manifest, RunError> {
        let path = self.path.join(MANIFEST);
        let json = read_json(&path)?;
        Manifest::from_json(&json).map_err(|reason| RunError::Damaged { path, reason })
    }

    /// Replaces its manifest.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), RunError> {
        write_json(&self.path.join(MANIFEST), &manifest.to_json())
    }

    /// `metrics.csv`: a row per evaluation.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn metrics(&self, columns: &[&str]) -> Result<Table, RunError> {
        Table::open(&self.path.join(METRICS), columns)
    }

    /// `metrics.csv` as it is now, whether or not somebody still writes to it; empty if there is none yet.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn read_metrics(&self) -> Result<Columns, RunError> {
        Ok(Columns::parse(&former::metrics(read_text(&self.path.join(METRICS))?)))
    }

    /// `steps.csv`, in the same way.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn read_steps(&self) -> Result<Columns, RunError> {
        Ok(Columns::parse(&former::steps(read_text(&self.path.join(STEPS))?, &self.objective())))
    }

    /// Writes both tables anew if their columns have former names, so that a run can go on.
    ///
    /// # Errors
    /// If they cannot be read or written.
    pub fn rename_columns(&self) -> Result<(), RunError> {
        let objective = self.objective();
        let rename = |name: &str, renamed: &dyn Fn(String) -> String| {
            let path = self.path.join(name);
            let text = read_text(&path)?;
            let new = renamed(text.clone());
            if new == text { Ok(()) } else { write_atomic(&path, new.as_bytes()) }
        };
        rename(METRICS, &former::metrics)?;
        rename(STEPS, &|text| former::steps(text, &objective))
    }

    /// The kind of its objective, or nothing if the configuration does not say.
    fn objective(&self) -> String {
        let config: toml::Table = self.config().ok().and_then(|text| text.parse().ok()).unwrap_or_default();
        let kind = config.get("objective").and_then(|section| section.get("kind")?.as_str());
        kind.unwrap_or_default().to_owned()
    }

    /// `steps.csv`: a row for every so many steps.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn steps(&self, columns: &[&str]) -> Result<Table, RunError> {
        Table::open(&self.path.join(STEPS), columns)
    }

    /// The tables, in backticks, that a run with a checkpoint has and this one has not, or has without a line.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn lost_tables(&self) -> Result<Vec<String>, RunError> {
        if self.checkpoints(1).steps()?.is_empty() {
            return Ok(Vec::new());
        }
        let tables = [STEPS, METRICS].map(|name| self.path.join(name));
        let lost = |table: &&PathBuf| !fs::metadata(table).is_ok_and(|file| file.len() > 0);
        Ok(tables.iter().filter(lost).map(|table| format!("`{}`", table.display())).collect())
    }

    /// Its checkpoints, of which the newest `keep` are kept.
    pub fn checkpoints(&self, keep: usize) -> Checkpoints {
        Checkpoints::new(self.path.join(CHECKPOINTS), keep)
    }

    /// Writes `samples.csv`: `fill` is given the list, with the configuration already in it.
    ///
    /// # Errors
    /// If it cannot be written; an older list is then still there.
    pub fn write_samples(
        &self,
        fill: impl FnOnce(&mut Samples<AtomicFile>) -> io::Result<()>,
    ) -> Result<PathBuf, RunError> {
        let path = self.samples_path();
        let config = self.config()?;
        let file = AtomicFile::create(&path)?;
        let list = Samples::new(file, &config).and_then(|mut list| {
            fill(&mut list)?;
            list.finish()
        });
        list.map_err(RunError::io("write", &path))?.commit()?;
        Ok(path)
    }

    /// `exact.json`, if it has been written.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn exact(&self) -> Result<Option<Json>, RunError> {
        let path = self.path.join(EXACT);
        if path.exists() { read_json(&path).map(Some) } else { Ok(None) }
    }

    /// Writes `exact.json`: what enumeration found.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_exact(&self, exact: &Json) -> Result<(), RunError> {
        write_json(&self.path.join(EXACT), exact)
    }

    /// Appends a line to `log.txt`, which is for people to read: see [`visible()`].
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn log(&self, line: &str) -> Result<(), RunError> {
        let path = self.path.join(LOG);
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let line = format!("{}\n", visible(line.trim_end()));
        file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(RunError::io("write", &path))
    }
}

/// A run directory under a name of its own until it is complete; removed if it never is.
struct Staged {
    path: PathBuf,
    /// Held from the first moment, so that nobody takes it for something left behind.
    lock: Option<File>,
}

impl Staged {
    /// Writes the directory that is to become `target`, and removes those that killed processes left beside it.
    fn new(target: &Path, config: &str, manifest: &Manifest) -> Result<Self, RunError> {
        leftovers(parent(target)).filter(|left| left.is_dir()).for_each(|left| remove_left(&left));
        let mut staged = Self::locked(target)?;
        let checkpoints = staged.path.join(CHECKPOINTS);
        fs::create_dir(&checkpoints).map_err(RunError::io("create", target))?;
        write_atomic(&staged.path.join(CONFIG), config.as_bytes())?;
        write_json(&staged.path.join(MANIFEST), &manifest.to_json())?;
        // Windows renames no directory in which a file is open.
        staged.lock = staged.lock.take().filter(|_| !cfg!(windows));
        Ok(staged)
    }

    /// An empty directory, locked.
    fn locked(target: &Path) -> Result<Self, RunError> {
        loop {
            let path = atomic::unfinished(target);
            fs::create_dir(&path).map_err(RunError::io("create", target))?;
            let mut staged = Self { path, lock: None };
            match lock_dir(&staged.path) {
                Ok(lock) if staged.path.join(LOCK).exists() => {
                    staged.lock = Some(lock);
                    return Ok(staged);
                }
                // Another process thought that it was left behind, before it was locked.
                Ok(_) | Err(RunError::Locked { .. }) => {}
                Err(RunError::Io { .. }) if !staged.path.exists() => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// The run, now that it has been renamed to `path`.
    fn begin(mut self, path: PathBuf) -> Result<RunDir, RunError> {
        // The run is there either way; that its name survives a power failure is a courtesy of the file system.
        let _ = sync_dir(parent(&path));
        let lock = self.lock.take().map_or_else(|| lock_dir(&path), Ok)?;
        Ok(RunDir { path, lock: Some(lock) })
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After the rename there is nothing of this name.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes a run directory that was never completed, unless its process is alive; what else may be in it stays, and so
/// does the directory then. Left-overs cost space only: failing to remove them is no reason to stop.
fn remove_left(path: &Path) {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK));
    let Some(lock) = lock.ok().filter(|lock| lock.try_lock().is_ok()) else { return };
    sweep(path);
    for name in [CONFIG, MANIFEST, LOCK] {
        let _ = fs::remove_file(path.join(name));
    }
    let _ = fs::remove_dir(path.join(CHECKPOINTS));
    let _ = fs::remove_dir(path);
    drop(lock);
}

fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory, ResourceBusy};
    matches!(error.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory | ResourceBusy)
}

/// A name that is one part of a path on every system.
fn clean(name: &str) -> String {
    let ok = |c: char| if c.is_alphanumeric() || "._-+=".contains(c) { c } else { '-' };
    let name: String = name.trim().trim_start_matches('.').chars().map(ok).take(100).collect();
    if name.is_empty() { "run".to_owned() } else { name }
}

/// The highest number in use by a run of this name.
fn last_number(parent: &Path, name: &str) -> u64 {
    let number = |entry: fs::DirEntry| {
        let file = entry.file_name();
        file.to_str()?.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
    };
    fs::read_dir(parent).into_iter().flatten().flatten().filter_map(number).max().unwrap_or(0)
}

/// A file as text; nothing if there is none.
fn read_text(path: &Path) -> Result<String, RunError> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(RunError::io("read", path)(e)),
    }
}

fn read_json(path: &Path) -> Result<Json, RunError> {
    let bytes = fs::read(path).map_err(RunError::io("read", path))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| RunError::Damaged { path: path.to_owned(), reason: format!("it is not JSON: {e}") })
}

fn write_json(path: &Path, json: &Json) -> Result<(), RunError> {
    write_atomic(path, format!("{json:#}\n").as_bytes())
}
