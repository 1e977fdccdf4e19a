//! Sources of scores that see the texts of objects, and their registry.

use headwater_core::settings::Values;
use headwater_core::{Entry, RewardScale, SettingError, Settings};

use crate::RewardError;
use crate::table::{Table, TableConfig};

/// Texts of a batch of objects, in one buffer that is kept from batch to batch.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    buffer: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets every text and keeps the allocations.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.ends.clear();
    }

    /// Adds the text that `write` appends to the string it is given. It must not touch what is there.
    pub fn push_with(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.buffer);
        self.ends.push(self.buffer.len());
    }

    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.push_with(|out| out.push_str(text));
    }

    /// The `i`-th text.
    pub fn get(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.buffer[start..self.ends[i]]
    }

    /// The texts, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i))
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut all = Self::default();
        texts.into_iter().for_each(|text| all.push(text));
        all
    }
}

/// Scores objects by their texts; knows no environment.
pub trait Oracle: Send {
    /// Writes the scores of `objects` into `out`, which has as many places. A score may be anything but must be
    /// the same for the same text; what is not finite is refused later, with the object's name.
    ///
    /// # Errors
    /// If some object has no score, or the oracle fails.
    fn score(&mut self, objects: &Texts, out: &mut [f64]) -> Result<(), RewardError>;

    /// The smallest and the largest score there is, if the oracle knows: the default range of `min-max`.
    fn range(&self) -> Option<(f64, f64)> {
        None
    }
}

/// The registry's view of a kind of oracle.
#[derive(Clone, Copy, Debug)]
pub struct OracleEntry {
    /// Name, summary, formula, source and fields.
    pub entry: Entry,
    /// What its score means, unless a transform says otherwise.
    pub scale: RewardScale,
    /// Builds one from values that were checked against the fields.
    pub build: fn(&Values) -> Result<Box<dyn Oracle>, SettingError>,
}

/// Every kind of oracle, sorted by name.
pub fn oracles() -> &'static [OracleEntry] {
    ORACLES
}

/// The kind of oracle called `name`.
pub fn find_oracle(name: &str) -> Option<&'static OracleEntry> {
    ORACLES.iter().find(|o| o.entry.name == name)
}

static ORACLES: &[OracleEntry] = &[OracleEntry {
    entry: Entry {
        name: "table",
        summary: "scores looked up in a CSV file",
        formula: "y(x) = the number beside the text of x",
        reference: "the file",
        fields: TableConfig::FIELDS,
    },
    scale: RewardScale::Reward,
    build: |values| Ok(Box::new(Table::new(&TableConfig::read(values))?)),
}];
