//! Files that are either whole or absent: written beside their place under another name, synced, then renamed.
//!
//! A process that is killed leaves such a file under its other name. Its writer holds a lock on it, which the system
//! gives back when the process ends; what is not locked is left over, and whoever writes there next removes it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::RunError;

/// How names of unfinished files end.
const UNFINISHED: &str = ".tmp";

/// A file being written. Nothing is at its path, or still the old file, until [`AtomicFile::commit`]; dropped without
/// it, it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Starts a file that is to be at `path`, in a directory that exists. A link is followed, not replaced. What killed
    /// writers of the same file left behind is removed.
    ///
    /// # Errors
    /// If the directory does not exist or cannot be written to, or if `path` is something other than a file: a rename
    /// would replace a device, a pipe or a socket by a plain file.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&path).is_ok_and(|there| !there.is_file()) {
            let source = io::Error::other("it exists and is not a regular file");
            return Err(RunError::Io { action: "write", path, source });
        }
        leftovers(parent(&path)).filter(|left| is_of(left, &path)).for_each(|left| remove_left(&left));
        let (unfinished, file) = start(&path).map_err(RunError::io("write", &path))?;
        Ok(Self { path, unfinished, file: Some(BufWriter::new(file)) })
    }

    /// Puts the file in its place, and returns when it is on the disk.
    ///
    /// # Errors
    /// If the disk is full, among others; what was at the path before is then still there.
    pub fn commit(mut self) -> Result<(), RunError> {
        let finish = |this: &mut Self| {
            let file = this.file.take().expect("only commit and drop take the file");
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&this.unfinished, &this.path)?;
            sync_dir(parent(&this.path))
        };
        finish(&mut self).map_err(|source| {
            // The rename may not have happened; then the unfinished file is still there.
            let _ = fs::remove_file(&self.unfinished);
            RunError::Io { action: "write", path: self.path.clone(), source }
        })
    }

    fn inner(&mut self) -> &mut BufWriter<File> {
        self.file.as_mut().expect("only commit and drop take the file")
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            drop(file.into_parts());
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

/// Writes a whole file atomically.
///
/// # Errors
/// As [`AtomicFile`]; an existing file is then untouched.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(RunError::io("write", path))?;
    file.commit()
}

/// An empty file beside `path` under a name of its own, locked.
fn start(path: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let unfinished = unfinished(path);
        let file = File::create_new(&unfinished)?;
        // Before the lock is taken another process may think that the file was left behind, and remove it.
        let locked = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            // Without locks nothing is ever taken for left over.
            Err(TryLockError::Error(_)) => return Ok((unfinished, file)),
        };
        if locked && unfinished.exists() {
            return Ok((unfinished, file));
        }
    }
}

/// A name in the same directory that no other writer uses.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unique = NEXT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{name}.{}.{unique}{UNFINISHED}", std::process::id()))
}

/// What [`unfinished`] was told to make a name for, if this is such a name.
fn target(name: &str) -> Option<&str> {
    let (rest, unique) = name.strip_prefix('.')?.strip_suffix(UNFINISHED)?.rsplit_once('.')?;
    let (target, pid) = rest.rsplit_once('.')?;
    (pid.parse::<u32>().is_ok() && unique.parse::<u64>().is_ok()).then_some(target)
}

/// Is the unfinished file or directory `left` one for `path`?
fn is_of(left: &Path, path: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    name(left).zip(name(path)).is_some_and(|(left, name)| target(&left) == Some(name.as_str()))
}

/// Files and directories in `dir` that are unfinished, by their names.
pub(crate) fn leftovers(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| target(&entry.file_name().to_string_lossy()).is_some()).map(|entry| entry.path())
}

/// Removes an unfinished file unless its writer is alive. Left-overs cost space only; failing to remove them is no
/// reason to stop.
fn remove_left(path: &Path) {
    // The lock is held until the file is gone, so that whoever has just made it knows.
    let file = OpenOptions::new().write(true).open(path).ok().filter(|file| file.try_lock().is_ok());
    if file.is_some() {
        let _ = fs::remove_file(path);
    }
}

/// Removes the files that killed writers left in `dir`.
pub(crate) fn sweep(dir: &Path) {
    leftovers(dir).for_each(|left| remove_left(&left));
}

/// The directory that holds `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes renames in `dir` survive a power failure, where directories can be synced at all.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
