//! Scores by a trained model in an ONNX file.
//!
//! The model is judged before anything is trained on it: its input against the encoding of the objects, its output, and
//! its numbers against a test vector that whoever exported it has written. An exporter can turn a model into another
//! one without a word, and nothing else would show it. It runs in a process of its own, within limits of time and memory,
//! if a program was named that does so ([`run_models_with`]; the command is one).
//!
//! Without the cargo feature `onnx` the settings are there, and building one says how to get it.

#[cfg(feature = "onnx")]
mod engine;
#[cfg(all(feature = "onnx", unix))]
mod host;
#[cfg(feature = "onnx")]
mod input;
#[cfg(feature = "onnx")]
mod model;
#[cfg(feature = "onnx")]
mod oracle;
#[cfg(feature = "onnx")]
mod packed;
#[cfg(all(feature = "onnx", unix))]
mod remote;
#[cfg(feature = "onnx")]
mod vector;
#[cfg(feature = "onnx")]
mod wire;

use headwater_core::SettingError;
use headwater_core::settings::{File, choice, settings};

#[cfg(feature = "onnx")]
pub use oracle::Onnx;

#[cfg(all(feature = "onnx", unix))]
pub use host::{run_models_with, serve_model};

use crate::{Oracle, World};

choice! {
    /// How objects become the input of a model.
    pub enum InputForm {
        /// The encoding that policies see, written out: a number per column, then the reals.
        OneHot = "one-hot",
        /// The number of the active column within each group of columns.
        Tokens = "tokens",
        /// The environment's features.
        Features = "features",
    }
}

settings! {
    /// Settings of a reward by a model in an ONNX file.
    pub struct OnnxConfig {
        /// The model: an ONNX file.
        model: File, Kind::File;
        /// The file of weights, if the exporter wrote them beside the model.
        weights: Option<File>, Kind::File;
        /// What the model must answer, or nothing is trained: JSON `{"objects": ["ACGT"], "scores": [0.25]}`, with
        /// `inputs` and `outputs` of the model itself besides or instead.
        test: File, Kind::File;
        /// Largest difference from the test, relative to scores above 1 and absolute below.
        tolerance: f64 = "1e-4", Kind::Real { min: 0.0, max: 1.0 };
        /// What the model sees: `one-hot` (the encoding that policies see, written out), `tokens` (one number per
        /// position) or `features` (those that `headwater show` lists).
        encoding: InputForm = "\"one-hot\"", Kind::Choice(InputForm::NAMES);
        /// The model's input, if it has several.
        input: Option<String>, Kind::Text;
        /// The model's output, if it has several.
        output: Option<String>, Kind::Text;
        /// The column of the output that is the score, from 0.
        column: usize = "0", Kind::Int { min: 0, max: 1_000_000 };
        /// Threads that the model runs on, apart from those of training.
        threads: usize = "1", Kind::Int { min: 1, max: 256 };
        /// How long a batch, or reading the model, may take, in seconds.
        timeout_s: f64 = "60", Kind::Real { min: 0.001, max: 1e6 };
        /// Memory that the model may take beside that of its files, in gigabytes.
        max_memory_gb: f64 = "4", Kind::Real { min: 0.01, max: 1e6 };
    }
}

/// Reads the model and checks its shapes; see [`Oracle::rehearse`] for its numbers.
#[cfg(feature = "onnx")]
pub(crate) fn build(config: &OnnxConfig, world: &World<'_>) -> Result<Box<dyn Oracle>, SettingError> {
    Ok(Box::new(Onnx::new(config, world)?))
}

/// Says how to get a program that can.
#[cfg(not(feature = "onnx"))]
pub(crate) fn build(_: &OnnxConfig, _: &World<'_>) -> Result<Box<dyn Oracle>, SettingError> {
    let message = "this program was built without rewards of the kind `onnx`";
    Err(SettingError::at("kind", message).hint("build it with `--features onnx`"))
}
