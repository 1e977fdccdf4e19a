//! Where a model runs: in a process of its own if there is a program for that, or here.
//!
//! A model is a program: it can ask for any amount of memory, divide by zero within the runtime, or go round forever. In
//! a process of its own that costs an error and not the training.

use std::panic::AssertUnwindSafe;

use headwater_core::SettingError;

use super::OnnxConfig;
use super::input::Input;
use super::model::Model;
use super::packed::Packed;
#[cfg(unix)]
use super::remote::Remote;

/// A model that can be run.
pub(super) enum Engine {
    Here(Box<Model>),
    #[cfg(unix)]
    Apart(Box<Remote>),
}

impl Engine {
    /// Reads the model of a configuration, to be given objects as `input` packs them.
    ///
    /// # Errors
    /// If the file is not a model, or its input or output does not fit.
    pub(super) fn new(config: &OnnxConfig, input: &Input) -> Result<Self, SettingError> {
        // Before it goes anywhere, so that the message has the byte.
        super::model::check(&config.model)?;
        #[cfg(unix)]
        if let Some(program) = super::host::program() {
            return Ok(Self::Apart(Box::new(Remote::new(program, config, input)?)));
        }
        Ok(Self::Here(Box::new(load(config, input)?)))
    }

    /// The most objects in one run.
    pub(super) fn batch(&self) -> usize {
        match self {
            Self::Here(model) => model.batch(),
            #[cfg(unix)]
            Self::Apart(remote) => remote.batch(),
        }
    }

    /// Writes the scores of `out.len()` objects, of which there are at most [`Engine::batch`].
    ///
    /// # Errors
    /// What the runtime says, or what became of the process.
    pub(super) fn run(&mut self, packed: &Packed, out: &mut [f64]) -> Result<(), String> {
        match self {
            Self::Here(model) => run(model, packed, out),
            #[cfg(unix)]
            Self::Apart(remote) => remote.run(packed, out),
        }
    }
}

/// As [`Model::new`]; a panic of the runtime is an error.
pub(super) fn load(config: &OnnxConfig, input: &Input) -> Result<Model, SettingError> {
    std::panic::catch_unwind(AssertUnwindSafe(|| Model::new(config, input))).unwrap_or_else(|panic| {
        let message = format!("`{}` cannot be read: {}", config.model.path, panicked(&*panic));
        Err(SettingError::at("model", message).hint("export the model again"))
    })
}

/// As [`Model::run`]; a panic of the runtime is an error.
pub(super) fn run(model: &mut Model, packed: &Packed, out: &mut [f64]) -> Result<(), String> {
    // What a model computed halfway is overwritten by its next run.
    std::panic::catch_unwind(AssertUnwindSafe(|| model.run(packed, out)))
        .unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// What is said of a panic of the runtime.
fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    let text = headwater_core::excerpt(text.unwrap_or("it does not say why")).replace('\n', " ");
    format!("the runtime does not cope with the model: {text}")
}
