//! What the user wrote: the text of a file and the assignments of the command line, not yet checked.

use std::path::{Path, PathBuf};

use crate::check::check;
use crate::error::{cause, utf8};
use crate::{Checked, Place, Problem, Problems, Schema};

/// A configuration before it is checked.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The file's name as the user gave it, for messages; `None` if there is no file.
    pub name: Option<String>,
    /// The directory that paths inside the file are relative to; empty for the working directory.
    pub dir: PathBuf,
    /// The file's contents.
    pub text: String,
    /// Assignments `section.key=value` that override the file; of two of the same key the last counts.
    ///
    /// The value is TOML, or failing that a bare string; paths are relative to the working directory. An assignment
    /// of a `kind` does not remove the file's keys of the old kind: they are reported unless the new kind has them too.
    pub sets: Vec<String>,
    /// So many of `sets`, the first, are what a command takes for granted: nobody gave them, and nobody is warned of them.
    pub assumed: usize,
}

impl Input {
    /// The contents of a file.
    ///
    /// # Errors
    /// If the file cannot be read, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let text = read_text(path).map_err(|problem| {
            let hint =
                (!path.exists()).then(|| "`headwater config init` prints a file to start from".to_owned());
            problem.hint(hint)
        })?;
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { name: Some(path.display().to_string()), dir, text, ..Self::default() })
    }

    /// A text that stands for a file of this name in the working directory.
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: Some(name.into()), text: text.into(), ..Self::default() }
    }

    /// The same input with assignments that a command takes for granted, behind others of that sort and before those
    /// that a person gives.
    #[must_use]
    pub fn assume(mut self, sets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let given = self.sets.split_off(self.assumed);
        self.sets.extend(sets.into_iter().map(Into::into));
        self.assumed = self.sets.len();
        self.sets.extend(given);
        self
    }

    /// The same input with more assignments.
    #[must_use]
    pub fn set(mut self, sets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.sets.extend(sets.into_iter().map(Into::into));
        self
    }

    /// Checks the input against a schema.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first thing.
    pub fn check(self, schema: &Schema) -> Result<Checked, Problems> {
        check(self, schema)
    }

    /// The place of a byte of the file.
    pub(crate) fn at(&self, offset: usize) -> Option<Place> {
        self.name.as_ref().map(|name| Place::at(name, &self.text, offset))
    }

    /// The file as a whole.
    pub(crate) fn whole(&self) -> Option<Place> {
        self.name.clone().map(Place::File)
    }
}

/// The contents of a file that is text.
///
/// # Errors
/// If the file cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Problem> {
    let fail =
        |why: String| Problem::new(format!("cannot read `{}`", path.display())).detail(format!(": {why}"));
    utf8(std::fs::read(path).map_err(|e| fail(cause(&e)))?).map_err(fail)
}
