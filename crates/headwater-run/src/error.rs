//! What can go wrong with the files of a run, named by path and cause.

use std::io;
use std::path::{Path, PathBuf};

use crate::Problem;

/// Why a run directory or one of its files cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {}", path.display(), cause(source))]
    Io {
        /// What was tried: `read`, `write`, `create`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A directory that lacks the files that make a run.
    #[error("`{}` is not a run directory: {missing}", path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
        /// What is missing.
        missing: String,
    },
    /// A new run was to go where something is already.
    #[error("`{}` exists already and is not empty", .0.display())]
    Taken(PathBuf),
    /// The configuration of a run is not that of its training any more.
    #[error("`{}` is not what the run was trained with: it, or a file that it names, was changed since", .0.display())]
    Edited(PathBuf),
    /// Another process writes to the run.
    #[error("`{}` is in use by another process{}", path.display(), holder(*pid))]
    Locked {
        /// The run directory.
        path: PathBuf,
        /// The process that holds it, if it said so.
        pid: Option<u32>,
    },
    /// A table to be continued has other columns.
    #[error("`{}` has the columns `{found}`, expected `{expected}`", path.display())]
    Header {
        /// The table.
        path: PathBuf,
        /// The columns to be written.
        expected: String,
        /// The columns in the file.
        found: String,
    },
    /// A file of the run that cannot be made sense of.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor that a checkpoint lacks or has in another shape.
    #[error("the checkpoint of step {step} does not fit: {reason}")]
    Unfit {
        /// The checkpoint's step.
        step: u64,
        /// What is missing or different.
        reason: String,
    },
}

impl RunError {
    /// For `map_err` on an operation on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// What to try.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Io { source, .. } if is_full(source) => {
                "make room; nothing written before was damaged, and the run can be resumed".to_owned()
            }
            Self::Io { .. } => return None,
            Self::NotARun { .. } => "name the directory that `headwater train` printed".to_owned(),
            Self::Taken(_) => "name another directory, or leave `--out` out for a numbered one".to_owned(),
            Self::Edited(_) => "undo the change, or train anew with it; `headwater train --resume RUN --set KEY=VALUE` changes \
                 what may change, such as `train.steps`"
                .to_owned(),
            Self::Locked { .. } => "wait until it ends, or end it with Ctrl-C so that it saves".to_owned(),
            Self::Header { .. } => "the run was started with other metrics; start a new one".to_owned(),
            Self::Damaged { .. } => return None,
            Self::Unfit { .. } => {
                "the run was started with another environment or policy, or by a version of this program whose policies \
                 have other shapes; the run's `manifest.json` says which version it was"
                    .to_owned()
            }
        })
    }
}

impl From<&RunError> for Problem {
    fn from(error: &RunError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), FileTooLarge | QuotaExceeded | StorageFull)
}

fn holder(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" ({pid})")).unwrap_or_default()
}

/// The contents of a file as text, or what is wrong with them.
pub(crate) fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = 1 + e.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count();
        format!("byte {at}, in line {line}, is not text in UTF-8")
    })
}

/// The cause of a failure in plain words, without the operating system's number where there are words for it.
pub fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::FileTooLarge => "the file would be larger than is allowed".to_owned(),
        io::ErrorKind::AlreadyExists => "something of that name is there already".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is not a directory".to_owned(),
        _ => error.to_string(),
    }
}
