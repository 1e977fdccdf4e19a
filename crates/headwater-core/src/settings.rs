//! Settings as data: every key of a configuration is a [`Field`] with its documentation, default and range.
//!
//! The same table feeds the checker (all errors at once), the resolved file with its defaults marked, the JSON
//! schema, `headwater show` and the reference pages. Reading files is the business of `headwater-run`; here a file's
//! contents arrive as a [`File`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One key of a section.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it does: its doc comment, as the compiler hands it over; see [`Field::doc`].
    pub doc: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Its default as a TOML literal; `None` if the key may be left out and then has no value.
    pub default: Option<&'static str>,
    /// Must the user give it?
    pub required: bool,
}

impl Field {
    /// The documentation without surrounding blanks.
    pub fn doc(&self) -> &'static str {
        self.doc.trim()
    }
}

/// What values a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number in `min..=max`.
    Int {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// A finite number in `min..=max`.
    Real {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// `true` or `false`.
    Bool,
    /// Any string.
    Text,
    /// A list of strings.
    Texts,
    /// One of a list of names.
    Choice(&'static [&'static str]),
    /// A path, relative to the file that holds it; the value is the file with its contents.
    File,
    /// A directory that exists; a path as of a [`Kind::File`].
    Dir,
    /// A number, or `{ from = 1.0, to = 0.0, steps = 5000, shape = "linear" }`, with numbers in `min..=max`.
    Schedule {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// A list of finite numbers in `min..=max`.
    Reals {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// Either the word `auto` or a finite number.
    AutoReal,
}

/// A checked value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Kind::Int`].
    Int(i64),
    /// Of [`Kind::Real`].
    Real(f64),
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Text`] or [`Kind::Choice`].
    Text(String),
    /// Of [`Kind::Texts`].
    Texts(Vec<String>),
    /// Of [`Kind::File`].
    File(File),
    /// Of [`Kind::Dir`].
    Dir(PathBuf),
    /// Of [`Kind::Schedule`].
    Schedule(Schedule),
    /// Of [`Kind::Reals`].
    Reals(Vec<f64>),
    /// Of [`Kind::AutoReal`].
    AutoReal(Option<f64>),
}

/// A file that a configuration names, with its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path, for messages.
    pub path: String,
    /// The contents, shared by all copies.
    pub bytes: Arc<Vec<u8>>,
}

impl File {
    /// A file with these contents.
    pub fn new(path: impl Into<String>, contents: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: Arc::new(contents.into()) }
    }

    /// The contents as text, less the byte order marks that some programs begin it with. Every byte is looked at: call
    /// it once.
    ///
    /// # Errors
    /// With the first byte that is not UTF-8.
    pub fn text(&self) -> Result<&str, NotText> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Ok(text.trim_start_matches('\u{feff}')),
            Err(e) => {
                let at = e.valid_up_to();
                let line = 1 + self.bytes[..at].iter().filter(|&&b| b == b'\n').count();
                Err(NotText { path: self.path.clone(), line, at })
            }
        }
    }
}

/// A file that was to be text is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: byte {at} of the file is not text in UTF-8")]
pub struct NotText {
    /// Path of the file.
    pub path: String,
    /// Line, counted from one.
    pub line: usize,
    /// Byte of the file, counted from zero.
    pub at: usize,
}

impl NotText {
    /// The same as an error at the field that names the file.
    pub fn of(&self, field: &'static str) -> SettingError {
        SettingError::at(field, self.to_string())
    }
}

choice! {
    /// How a [`Schedule`] goes from its first value to its last.
    pub enum Shape {
        /// In a straight line.
        Linear = "linear",
        /// Along half a cosine: flat at both ends.
        Cosine = "cosine",
        /// By a constant factor per step; both values must be positive.
        Exponential = "exponential",
    }
}

/// A number that changes with the step of training: `from` at step 0, `to` from step `steps` on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Value at step 0.
    pub from: f64,
    /// Value from step `steps` on.
    pub to: f64,
    /// Length; 0 means that the value is `to` throughout.
    pub steps: u64,
    /// The way between.
    pub shape: Shape,
}

impl Schedule {
    /// The same value at every step.
    pub const fn constant(value: f64) -> Self {
        Self { from: value, to: value, steps: 0, shape: Shape::Linear }
    }

    /// The value at `step`.
    pub fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.to;
        }
        let t = step as f64 / self.steps as f64;
        match self.shape {
            Shape::Linear => self.from + (self.to - self.from) * t,
            Shape::Cosine => self.to + (self.from - self.to) * 0.5 * (1.0 + (std::f64::consts::PI * t).cos()),
            Shape::Exponential => self.from * (self.to / self.from).powf(t),
        }
    }
}

/// The checked values of a section, by field name. A field without a value is absent.
pub type Values = BTreeMap<&'static str, Value>;

/// Why settings that are each in range cannot work together, or why a file that they name cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingError {
    /// The field to point at, if there is one.
    pub field: Option<&'static str>,
    /// What is wrong and what was expected; lower case, no final period.
    pub message: String,
    /// What to try.
    pub hint: Option<String>,
}

impl SettingError {
    /// An error at `field`.
    pub fn at(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), message: message.into(), hint: None }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// A section of a configuration as a struct; implemented by [`settings!`](crate::settings!).
pub trait Settings: Sized {
    /// The section's fields, in order.
    const FIELDS: &'static [Field];

    /// Reads checked values. Every required field and every field with a default has a value of its kind.
    fn read(values: &Values) -> Self;
}

/// The settings of something that has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSettings;

impl Settings for NoSettings {
    const FIELDS: &'static [Field] = &[];

    fn read(_: &Values) -> Self {
        Self
    }
}

/// A Rust type that a [`Value`] can be read as.
pub trait Setting: Sized {
    /// Must the user give a value if there is no default?
    const REQUIRED: bool = true;

    /// Reads the value; `None` if the field has no value or one of another kind.
    fn from_value(value: Option<&Value>) -> Option<Self>;
}

macro_rules! setting {
    ($($type:ty: $pattern:pat => $read:expr;)*) => {
        $(impl Setting for $type {
            fn from_value(value: Option<&Value>) -> Option<Self> {
                match value { Some($pattern) => $read, _ => None }
            }
        })*
    };
}

setting! {
    usize: Value::Int(i) => usize::try_from(*i).ok();
    u32: Value::Int(i) => u32::try_from(*i).ok();
    u64: Value::Int(i) => u64::try_from(*i).ok();
    f64: Value::Real(x) => Some(*x);
    bool: Value::Bool(b) => Some(*b);
    String: Value::Text(s) => Some(s.clone());
    Vec<String>: Value::Texts(v) => Some(v.clone());
    File: Value::File(f) => Some(f.clone());
    PathBuf: Value::Dir(path) => Some(path.clone());
    Schedule: Value::Schedule(s) => Some(*s);
    Vec<f64>: Value::Reals(v) => Some(v.clone());
    AutoReal: Value::AutoReal(x) => Some(AutoReal(*x));
}

/// A number, or `auto` (then `None`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AutoReal(pub Option<f64>);

impl<T: Setting> Setting for Option<T> {
    const REQUIRED: bool = false;

    fn from_value(value: Option<&Value>) -> Option<Self> {
        match value {
            None => Some(None),
            some => T::from_value(some).map(Some),
        }
    }
}

/// The values of a section in which nothing is set.
///
/// # Errors
/// With the name of the first field that must be given (or whose default is no literal of its kind).
pub fn defaults(fields: &[Field]) -> Result<Values, &'static str> {
    let mut values = Values::new();
    for field in fields {
        match field.default {
            Some(text) => {
                values.insert(field.name, literal(field.kind, text).ok_or(field.name)?);
            }
            None if field.required => return Err(field.name),
            None => {}
        }
    }
    Ok(values)
}

/// Reads the TOML literal of a default. Defaults are written by us, and need no more of TOML than this.
fn literal(kind: Kind, text: &str) -> Option<Value> {
    let real = |t: &str| t.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let string = |t: &str| Some(t.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    Some(match kind {
        Kind::Int { .. } => Value::Int(text.parse().ok()?),
        Kind::Real { .. } => Value::Real(real(text)?),
        Kind::Bool => Value::Bool(text.parse().ok()?),
        Kind::Text | Kind::Choice(_) => Value::Text(string(text)?),
        Kind::Schedule { .. } => Value::Schedule(Schedule::constant(real(text)?)),
        Kind::Reals { .. } => {
            let items = text.strip_prefix('[')?.strip_suffix(']')?;
            let items = items.split(',').filter(|t| !t.trim().is_empty());
            Value::Reals(items.map(real).collect::<Option<_>>()?)
        }
        Kind::AutoReal if text == "\"auto\"" => Value::AutoReal(None),
        Kind::AutoReal => Value::AutoReal(Some(real(text)?)),
        Kind::Dir => Value::Dir(string(text)?.into()),
        Kind::Texts | Kind::File => return None,
    })
}

/// Declares a section: a struct whose fields carry documentation, kind and default.
///
/// ```ignore
/// settings! {
///     /// Settings of a grid.
///     pub struct Config {
///         /// Number of dimensions.
///         dim: usize = "2", Kind::Int { min: 1, max: 16 };
///         /// A file of edges.
///         path: Option<File>, Kind::File;
///     }
/// }
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[$attr:meta])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $doc:literal])+ $field:ident : $type:ty $(= $default:literal)?, $kind:expr; )*
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        impl $crate::settings::Settings for $name {
            const FIELDS: &'static [$crate::settings::Field] = {
                #[allow(unused_imports)]
                use $crate::settings::Kind;
                &[ $( $crate::settings::Field {
                    name: stringify!($field),
                    doc: concat!($($doc),+),
                    kind: $kind,
                    default: $crate::settings!(@default $($default)?),
                    required: <$type as $crate::settings::Setting>::REQUIRED
                        && $crate::settings!(@default $($default)?).is_none(),
                }, )* ]
            };

            fn read(values: &$crate::settings::Values) -> Self {
                Self { $(
                    $field: <$type as $crate::settings::Setting>::from_value(values.get(stringify!($field)))
                        .expect("values are checked against FIELDS before they are read"),
                )* }
            }
        }
    };
    (@default $default:literal) => { Some($default) };
    (@default) => { None::<&'static str> };
}

/// Declares a closed set of named options: a `Copy` enum with the names used in configurations.
#[macro_export]
macro_rules! choice {
    (
        $(#[$attr:meta])*
        $vis:vis enum $name:ident {
            $( $(#[doc = $doc:literal])+ $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[doc = $doc])+ $variant, )+ }

        impl $name {
            /// The names, in order.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The option's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl $crate::settings::Setting for $name {
            fn from_value(value: Option<&$crate::settings::Value>) -> Option<Self> {
                match value {
                    $(Some($crate::settings::Value::Text(s)) if s == $text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub use {choice, settings};
