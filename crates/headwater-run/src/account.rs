//! What a run has asked of its rewards, and of which programs: kept in the run's directory, and nowhere else.
//!
//! The run's name in ledgers and the identities of its rewards are in `ledger.json`. Calls are counted in `calls.txt`, which
//! is written at every call that is made: a line per reward, so short that it is written at one go.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use headwater_core::settings::Value;
use headwater_rewards::Meter;
use serde_json::{Value as Json, json};

use crate::task::LedgerConfig;
use crate::{Checked, RunDir, RunError, write_atomic};

const FACTS: &str = "ledger.json";
const CALLS: &str = "calls.txt";

/// The account of a run, or of a process that is none. Clones are the same account.
#[derive(Clone, Default)]
pub struct Account(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    owner: Owner,
    /// Calls of each reward, as long as there is no file.
    calls: BTreeMap<String, u64>,
    file: Option<PathBuf>,
    /// What the run wrote down when it last went on, by the section of the reward.
    before: BTreeMap<String, String>,
    /// The same as it is now.
    now: BTreeMap<String, String>,
}

/// Whose account it is.
#[derive(Default)]
enum Owner {
    /// A process that leaves nothing behind.
    #[default]
    Nobody,
    /// A run of this name.
    Run(String),
    /// A run of an earlier version, which had no file. Ledgers know it by its place and its start.
    Former { place: String, start: String },
}

impl Account {
    /// The account of a run that begins now; see [`Account::settle`].
    pub(crate) fn of_new_run() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name =
            format!("run {}.{:09} of process {}", now.as_secs(), now.subsec_nanos(), std::process::id());
        Self(Arc::new(Mutex::new(Books { owner: Owner::Run(name), ..Books::default() })))
    }

    /// The account of a run that has begun.
    ///
    /// # Errors
    /// If its files cannot be read, or are damaged.
    pub(crate) fn of(dir: &RunDir) -> Result<Self, RunError> {
        let path = dir.path().join(FACTS);
        let file = dir.path().join(CALLS);
        let books = match std::fs::read_to_string(&path) {
            Ok(text) => {
                let damaged =
                    || RunError::Damaged { path: path.clone(), reason: "it is no account".to_owned() };
                let json: Json = serde_json::from_str(&text).map_err(|_| damaged())?;
                let name = json["run"].as_str().ok_or_else(damaged)?.to_owned();
                let pairs = json["identities"].as_object().ok_or_else(damaged)?.iter();
                let before = pairs.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect();
                Books { owner: Owner::Run(name), before, ..Books::default() }
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let place = std::path::absolute(dir.path()).unwrap_or_else(|_| dir.path().to_owned());
                let start = dir.manifest().map_or(0, |manifest| manifest.start_unix_s).to_string();
                let owner = Owner::Former { place: place.display().to_string(), start };
                Books { owner, ..Books::default() }
            }
            Err(e) => return Err(RunError::io("read", &path)(e)),
        };
        let file = file.exists().then_some(file);
        Ok(Self(Arc::new(Mutex::new(Books { file, ..books }))))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name under which ledgers keep what the run pays for the reward of this section.
    pub(crate) fn name(&self, section: &str) -> Option<String> {
        let part = section.split_once('.').map_or(String::new(), |(_, part)| format!(" {part}"));
        match &self.books().owner {
            Owner::Nobody => None,
            Owner::Run(name) => Some(format!("{name}{part}")),
            Owner::Former { place, start } => Some(format!("{place} {start}{part}")),
        }
    }

    /// For a run of an earlier version: its name in ledgers, and how that ends wherever it is.
    pub(crate) fn former(&self, section: &str) -> Option<(String, String)> {
        let ending = match &self.books().owner {
            Owner::Former { start, .. } => format!(" {start}"),
            _ => return None,
        };
        let name = self.name(section)?;
        let part = section.split_once('.').map_or(String::new(), |(_, part)| format!(" {part}"));
        Some((name, ending + &part))
    }

    /// Takes over what was counted elsewhere for the reward of a section, unless this account counts already.
    pub(crate) fn take_over(&self, section: &str, calls: u64) {
        let books = &mut *self.books();
        if books.file.is_none() {
            books.calls.insert(section.to_owned(), calls);
        }
    }

    /// Notes the identity of the reward of a section, as it is now.
    pub(crate) fn note(&self, section: &str, identity: &str) {
        self.books().now.insert(section.to_owned(), identity.to_owned());
    }

    /// The identity of the reward of a section when the run last went on.
    pub(crate) fn before(&self, section: &str) -> Option<String> {
        self.books().before.get(section).cloned()
    }

    /// What counts the calls of the reward of a section.
    pub(crate) fn meter(&self, section: &str) -> Box<dyn Meter> {
        self.books().calls.entry(section.to_owned()).or_default();
        Box::new(Counter { account: self.clone(), section: section.to_owned() })
    }

    /// The configuration that a run writes down: where its ledger is does not depend on where the run goes on.
    pub(crate) fn written_down(&self, checked: &Checked) -> Checked {
        let mut checked = checked.clone();
        if self.books().now.is_empty() {
            return checked;
        }
        let path = checked.read::<LedgerConfig>("ledger").path;
        if let Ok(path) = std::path::absolute(&path)
            && let Some(path) = path.to_str()
        {
            checked.replace("ledger", "path", Value::Text(path.to_owned()));
        }
        checked
    }

    /// Writes the account down in the run's directory, if there is anything to account for. From now on it is there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn settle(&self, dir: &RunDir) -> Result<(), RunError> {
        let name = self.name("reward");
        let books = &mut *self.books();
        if books.calls.is_empty() {
            return Ok(());
        }
        let path = dir.path().join(CALLS);
        for (section, n) in std::mem::take(&mut books.calls) {
            let counted = if books.file.is_some() { 0 } else { n };
            add(&path, &section, counted).map_err(RunError::io("write", &path))?;
        }
        books.file = Some(path);
        let facts = json!({ "run": name, "identities": books.now });
        write_atomic(&dir.path().join(FACTS), format!("{facts:#}\n").as_bytes())?;
        books.before.clone_from(&books.now);
        Ok(())
    }

    /// What is no longer as it was when the run last went on, in words: one sentence for each reward.
    pub(crate) fn changes(&self) -> Vec<String> {
        let books = self.books();
        let changed = books.now.iter().filter_map(|(section, now)| {
            let before = books.before.get(section).filter(|before| *before != now)?;
            let what = differences(before, now);
            Some(format!("`{section}` is not what it was when this run last went on ({what} changed): scores from before are not used, and what was learned from them stays"))
        });
        changed.collect()
    }
}

/// What tells an identity from another one, in words.
pub(crate) fn differences(other: &str, now: &str) -> String {
    let new = now.lines().filter(|line| !other.lines().any(|old| old == *line));
    let words = new.map(|line| match line.split_once(' ') {
        Some(("file", rest)) => {
            format!("the contents of {}", rest.rsplit_once(' ').map_or(rest, |(name, _)| name))
        }
        Some(("dir", _)) => "the directory".to_owned(),
        Some(("program", _)) => "the program's place".to_owned(),
        _ => "its settings".to_owned(),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "the files that are named".to_owned() } else { words.join(", ") }
}

/// Counts the calls of one reward.
struct Counter {
    account: Account,
    section: String,
}

impl Meter for Counter {
    fn calls(&mut self) -> Result<u64, String> {
        let books = self.account.books();
        let Some(path) = &books.file else { return Ok(books.calls.get(&self.section).copied().unwrap_or(0)) };
        let counts = std::fs::read_to_string(path).and_then(|text| read(&text));
        let counts = counts.map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(counts.iter().find(|(name, _)| *name == self.section).map_or(0, |(_, n)| *n))
    }

    fn count(&mut self, n: u64) -> Result<(), String> {
        let books = &mut *self.account.books();
        if let Some(path) = &books.file {
            return add(path, &self.section, n).map_err(|e| format!("{}: {e}", path.display()));
        }
        *books.calls.entry(self.section.clone()).or_default() += n;
        Ok(())
    }
}

/// Adds to the count of a section in the file at `path`, which is made if there is none. Processes that do so at the same
/// time wait for each other.
fn add(path: &Path, section: &str, n: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.lock() {
        // Some network file systems have no locks.
        Err(e) if e.kind() != ErrorKind::Unsupported => return Err(e),
        _ => {}
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let mut counts = read(&text)?;
    let at = counts.iter().position(|(name, _)| name == section).unwrap_or_else(|| {
        counts.push((section.to_owned(), 0));
        counts.len() - 1
    });
    counts[at].1 += n;
    // All digits are written, so that nothing moves.
    let text: String = counts.iter().map(|(name, n)| format!("{name} {n:020}\n")).collect();
    file.rewind()?;
    file.write_all(text.as_bytes())
}

/// The counts in the text of a file.
fn read(text: &str) -> io::Result<Vec<(String, u64)>> {
    let count = |line: &str| {
        let (name, n) = line.split_once(' ')?;
        Some((name.to_owned(), n.parse().ok()?))
    };
    let counts: Option<_> = text.lines().map(count).collect();
    counts.ok_or_else(|| io::Error::other("it is damaged: expected a reward and a number per line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_two_programs_apart_is_said() {
        let identity = |dir: &str, hash: &str| {
            format!(
                "strings\ncommand [\"sh\", \"s.sh\"] version \"\"\nprogram \"/bin/sh\"\ndir {dir}\nfile \"s.sh\" {hash}"
            )
        };
        assert_eq!(differences(&identity("a", "1"), &identity("a", "2")), "the contents of \"s.sh\"");
        assert_eq!(differences(&identity("a", "1"), &identity("b", "1")), "the directory");
        assert_eq!(differences("strings\ncommand 1", "strings\ncommand 2"), "its settings");
    }
}
