//! What the user wrote: the text of a file and the assignments of the command line, not yet checked.

use std::path::{Path, PathBuf};

use crate::check::check;
use crate::error::cause;
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
}

impl Input {
    /// The contents of a file.
    ///
    /// # Errors
    /// If the file cannot be read, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let fail = |why: String| Problem::new(format!("cannot read `{name}`")).detail(format!(": {why}"));
        let bytes = std::fs::read(path).map_err(|e| {
            let hint = (e.kind() == std::io::ErrorKind::NotFound)
                .then(|| "`headwater config init` prints a file to start from".to_owned());
            fail(cause(&e)).hint(hint)
        })?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            fail(format!("byte {at} is not text in UTF-8"))
        })?;
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { name: Some(name), dir, text, sets: Vec::new() })
    }

    /// A text that stands for a file of this name in the working directory.
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: Some(name.into()), text: text.into(), ..Self::default() }
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
