//! Locks on files, which the system gives back when their process ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::RunError;

/// The file in a directory that the one process that may write there has locked.
pub(crate) const LOCK: &str = "lock";

/// Time that a lock is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Locks the directory `dir` for this process, by its file [`LOCK`], for as long as the result lives.
///
/// # Errors
/// If another process has locked it, or the file cannot be written.
pub(crate) fn lock_dir(dir: &Path) -> Result<File, RunError> {
    let path = dir.join(LOCK);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(RunError::io("write", &path))?;
    // A process that was killed while it started a program lives on in that for a moment.
    let asked = Instant::now();
    let locked = loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if asked.elapsed() < PATIENCE => sleep(PATIENCE / 50),
            other => break other,
        }
    };
    match locked {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
            return Err(RunError::Locked { path: dir.to_owned(), pid });
        }
        // Some network file systems have no locks; the directory is then as safe as its user is careful.
        Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(e)) => return Err(RunError::io("lock", &path)(e)),
    }
    let note = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    note.map_err(RunError::io("write", &path))?;
    Ok(file)
}
