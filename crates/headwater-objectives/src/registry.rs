//! The list of objectives.

use headwater_core::settings::Values;
use headwater_core::{Entry, Objective};

use crate::{db, fl, fm, mdb, subtb, tb, vargrad};

/// One line of the list.
#[derive(Clone, Copy)]
pub struct ObjectiveEntry {
    /// Name, documentation and settings.
    pub entry: Entry,
    /// Builds the objective from checked values.
    pub build: fn(&Values) -> Box<dyn Objective>,
}

/// Every objective, sorted by name.
pub fn registry() -> &'static [ObjectiveEntry] {
    &[db::ENTRY, fl::DB, fl::SUBTB, fm::ENTRY, mdb::ENTRY, subtb::ENTRY, tb::ENTRY, vargrad::ENTRY]
}

/// The objective called `name`.
pub fn find(name: &str) -> Option<&'static ObjectiveEntry> {
    registry().iter().find(|e| e.entry.name == name)
}
