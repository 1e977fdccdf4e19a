//! The one door through which runs are read. It says what is wrong with a run before anything is made of it: a damaged
//! checkpoint, a configuration that is not that of the training, a table that is gone.

use std::path::Path;

use crate::account::Account;
use crate::assemble::{Assembly, RESUMABLE, assemble_for, schema};
use crate::saved::unpack;
use crate::session::SessionError;
use crate::task::Use;
use crate::{Checked, Input, Loaded, Problem, RunDir, RunError};

/// A run that is read and not written.
#[derive(Debug)]
pub struct Reading {
    /// Its directory.
    pub dir: RunDir,
    /// Its configuration, which is that of its training.
    pub checked: Checked,
    /// What a person should know of it: sentences without a period.
    pub cautions: Vec<String>,
}

impl Reading {
    /// Opens the run in `path`.
    ///
    /// # Errors
    /// If it is not a run, or its configuration cannot be read or has been changed since the run began: a policy must not be
    /// taken for one that was trained with other settings.
    pub fn open(path: &Path) -> Result<Self, SessionError> {
        Self::with(path, &[])
    }

    /// The same, with `sets` overriding its configuration.
    ///
    /// # Errors
    /// As [`Reading::open`], or if the overrides are wrong.
    pub fn with(path: &Path, sets: &[String]) -> Result<Self, SessionError> {
        let dir = RunDir::open(path)?;
        let mut cautions = Vec::new();
        let (mut checked, fingerprint) = configuration(&dir, &[])?;
        match dir.manifest() {
            Ok(manifest) if manifest.fingerprint != fingerprint => {
                return Err(RunError::Edited(dir.config_path()).into());
            }
            Ok(_) => {}
            Err(e) => cautions.push(format!("{e}: whether `config.toml` is as it was cannot be said")),
        }
        if !sets.is_empty() {
            checked = configuration(&dir, sets)?.0;
        }
        cautions.extend(lost(&dir)?);
        Ok(Self { dir, checked, cautions })
    }

    /// Builds what the configuration describes, in the state of the newest whole checkpoint.
    ///
    /// # Errors
    /// If it cannot be built, has no checkpoint, or its files do not fit together.
    pub fn load(&mut self) -> Result<Assembly, SessionError> {
        let account = Account::of(&self.dir)?;
        let mut assembly = assemble_for(&self.checked, &account, Use::Look).map_err(SessionError::Config)?;
        self.cautions.extend(account.changes());
        self.cautions.append(&mut assembly.notes);
        let loaded = self.dir.checkpoints(1).load_latest()?.ok_or_else(|| {
            let missing = "it has no checkpoint yet".to_owned();
            RunError::NotARun { path: self.dir.path().to_owned(), missing }
        })?;
        self.cautions.extend(loaded.cautions());
        let state = unpack(&loaded.checkpoint, &assembly.trainer)?;
        assembly.trainer.restore(state)?;
        Ok(assembly)
    }

    /// Looks whether the newest checkpoint is whole, for those who do not [`Reading::load`] it.
    pub fn inspect(&mut self) {
        match self.dir.checkpoints(1).load_latest() {
            Ok(loaded) => self.cautions.extend(loaded.iter().flat_map(Loaded::cautions)),
            Err(e) => self.cautions.push(e.to_string()),
        }
    }
}

/// What a person should know of a run whose tables alone are looked at, whatever state it is in.
pub fn cautions(path: &Path) -> Vec<String> {
    match Reading::open(path) {
        Ok(mut run) => {
            run.inspect();
            run.cautions
        }
        Err(e) => e.problems().first.into_iter().map(|Problem { what, detail, .. }| what + &detail).collect(),
    }
}

/// What is missing or damaged of a run's own files; no file that its configuration names is looked at.
pub fn damage(path: &Path) -> Vec<String> {
    let Ok(dir) = RunDir::open(path) else { return Vec::new() };
    let mut all = lost(&dir).unwrap_or_default();
    match dir.checkpoints(1).load_latest() {
        Ok(loaded) => all.extend(loaded.iter().flat_map(Loaded::cautions)),
        Err(e) => all.push(e.to_string()),
    }
    all
}

fn lost(dir: &RunDir) -> Result<Vec<String>, RunError> {
    Ok(dir.lost_tables()?.iter().map(|table| format!("{table} is missing or empty")).collect())
}

/// The configuration of a run, with `sets` overriding it, and the fingerprint of all that may not change in it.
pub(crate) fn configuration(dir: &RunDir, sets: &[String]) -> Result<(Checked, String), SessionError> {
    let input = Input::read(&dir.config_path()).map_err(|p| SessionError::Config(p.into()))?;
    let mut checked = input.set(sets.iter().cloned()).check(&schema()).map_err(SessionError::Config)?;
    let fingerprint = checked.fingerprint_of_written(RESUMABLE);
    checked.keep_marks();
    Ok((checked, fingerprint))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A later version may have keys that a run's own configuration does not have yet.
    #[test]
    fn a_fingerprint_is_of_the_keys_that_are_there() {
        let text = "[env]\nkind = \"hypergrid\"\n";
        let check = |text: &str| Input::text("config.toml", text).check(&schema()).unwrap();
        let whole = check(text);
        let resolved = whole.resolved();
        assert_eq!(check(&resolved).fingerprint_of_written(RESUMABLE), whole.fingerprint(RESUMABLE));
        let older: String =
            resolved.lines().filter(|l| !l.starts_with("clip")).map(|l| l.to_owned() + "\n").collect();
        let of_older = check(&older).fingerprint_of_written(RESUMABLE);
        assert_ne!(of_older, whole.fingerprint(RESUMABLE));
        // The version that had no such key took the fingerprint of all that it had.
        assert_eq!(of_older, digest_without(&whole, "train.clip"));
    }

    fn digest_without(checked: &Checked, key: &str) -> String {
        checked.fingerprint(&[RESUMABLE, &[key]].concat())
    }
}
