//! A batch of objects, in the forms that sources of scores ask for.

use std::ops::BitOr;

use headwater_core::{Encoded, Simulator};

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

/// The forms of an object that a source of scores reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// Its canonical text.
    pub texts: bool,
    /// Its encoding, as policies see it.
    pub rows: bool,
    /// The environment's features of it.
    pub features: bool,
    /// The environment's own score.
    pub native: bool,
}

impl Forms {
    /// Only texts.
    pub const TEXTS: Self = Self { texts: true, rows: false, features: false, native: false };
    /// Only encodings.
    pub const ROWS: Self = Self { texts: false, rows: true, features: false, native: false };
    /// Only features.
    pub const FEATURES: Self = Self { texts: false, rows: false, features: true, native: false };
    /// Only native scores.
    pub const NATIVE: Self = Self { texts: false, rows: false, features: false, native: true };
}

impl BitOr for Forms {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            texts: self.texts || other.texts,
            rows: self.rows || other.rows,
            features: self.features || other.features,
            native: self.native || other.native,
        }
    }
}

/// A batch of objects in some of the [`Forms`]; what was not asked for is empty. Keeps its buffers from batch to batch.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    len: usize,
    texts: Texts,
    rows: Option<Encoded>,
    features: Vec<f64>,
    native: Vec<f64>,
}

impl Objects {
    /// Reads the objects in `lanes` of `sim`, `n_features` features each.
    ///
    /// Requires that `sim` has a native score if that is asked for.
    pub fn read(&mut self, sim: &dyn Simulator, lanes: &[u32], forms: Forms, n_features: usize) {
        self.len = lanes.len();
        self.texts.clear();
        if forms.texts {
            for &lane in lanes {
                self.texts.push_with(|text| sim.show(lane, text));
            }
        }
        if forms.rows {
            let rows = self.rows.get_or_insert_with(|| Encoded::new(sim.spec().encoding, 0));
            rows.resize(lanes.len());
            sim.encode(lanes, rows, 0);
        }
        if forms.features {
            self.features.resize(lanes.len() * n_features, 0.0);
            sim.measure(lanes, &mut self.features);
        }
        if forms.native {
            self.native.resize(lanes.len(), 0.0);
            sim.score(lanes, &mut self.native);
        }
    }

    /// Takes the objects of `other` at `which`, in all of its forms.
    pub fn pick(&mut self, other: &Self, which: &[usize]) {
        self.len = which.len();
        self.texts.clear();
        if !other.texts.is_empty() {
            which.iter().for_each(|&i| self.texts.push(other.texts.get(i)));
        }
        if let Some(from) = &other.rows {
            let rows = self.rows.get_or_insert_with(|| Encoded::new(from.encoding(), 0));
            rows.resize(which.len());
            for (to, &i) in which.iter().enumerate() {
                rows.write(to, from, i);
            }
        }
        self.features.clear();
        which.iter().for_each(|&i| self.features.extend(other.features_of(i)));
        self.native.clear();
        if !other.native.is_empty() {
            self.native.extend(which.iter().map(|&i| other.native[i]));
        }
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Their texts, if [`Forms::texts`] was asked for.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Their encodings, if [`Forms::rows`] was asked for.
    pub fn rows(&self) -> Option<&Encoded> {
        self.rows.as_ref()
    }

    /// The features of the `i`-th, if [`Forms::features`] was asked for, else none.
    pub fn features_of(&self, i: usize) -> &[f64] {
        let width = self.features.len() / self.len.max(1);
        &self.features[i * width..(i + 1) * width]
    }

    /// Their native scores, if [`Forms::native`] was asked for.
    pub fn native(&self) -> &[f64] {
        &self.native
    }
}

impl<'a> FromIterator<&'a str> for Objects {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let texts = Texts::from_iter(texts);
        Self { len: texts.len(), texts, ..Self::default() }
    }
}
