//! The oracle: objects in batches through the model, and the test before all of them.

use headwater_core::settings::File;
use headwater_core::{SettingError, Simulator, Stop};

use super::OnnxConfig;
use super::engine::Engine;
use super::input::Input;
use super::packed::Packed;
use super::vector::Vector;
use crate::{Forms, Objects, Oracle, RewardError, World};

/// Scores by a model in an ONNX file: one model, one buffer of input.
pub struct Onnx {
    engine: Engine,
    path: String,
    input: Input,
    packed: Packed,
    test: File,
    column: usize,
    tolerance: f64,
    n_features: usize,
}

impl Onnx {
    /// Reads the model and checks its shapes and types against the objects of a world.
    ///
    /// # Errors
    /// If the file is no model, or its input or output does not fit.
    pub fn new(config: &OnnxConfig, world: &World<'_>) -> Result<Self, SettingError> {
        let input = Input::new(config.encoding, world)?;
        let engine = Engine::new(config, &input)?;
        let OnnxConfig { model, test, column, tolerance, .. } = config.clone();
        let (path, n_features) = (model.path, world.features.len());
        Ok(Self { engine, path, input, packed: Packed::default(), test, column, tolerance, n_features })
    }

    /// The objects that `texts` name, as the scorer reads them.
    fn objects(&self, sim: &dyn Simulator, texts: &[String]) -> Result<Objects, SettingError> {
        let mut sim = sim.fork();
        sim.reset(texts.len());
        let lanes: Vec<u32> = (0..texts.len() as u32).collect();
        for (&lane, text) in lanes.iter().zip(texts) {
            let mut stop = [Stop::Never];
            let loaded = sim.load(lane, text);
            sim.stops(&[lane], &mut stop);
            let why = match loaded {
                Err(e) => e.to_string(),
                Ok(()) if stop == [Stop::Never] => format!("`{text}` is not finished"),
                Ok(()) => continue,
            };
            let message = format!("{why}, and `{}` has a score for it", self.test.path);
            return Err(SettingError::at("test", message).hint(
                "write objects as `headwater sample` does, or set the environment as it was for the model",
            ));
        }
        let mut objects = Objects::default();
        objects.read(&*sim, &lanes, self.forms(), self.n_features);
        Ok(objects)
    }

    /// The outputs for rows that the test vector itself has.
    fn outputs(&mut self, vector: &Vector) -> Result<Vec<f64>, SettingError> {
        let width = self.input.width();
        if let Some(row) = vector.inputs.iter().find(|row| row.len() != width) {
            let message = format!(
                "a row of `inputs` in `{}` has {} numbers instead of {width}",
                vector.path,
                row.len()
            );
            return Err(SettingError::at("test", message).hint(self.input.layout()));
        }
        let mut found = vec![0.0; vector.inputs.len()];
        let batch = self.engine.batch();
        for (rows, out) in vector.inputs.chunks(batch).zip(found.chunks_mut(batch)) {
            self.input.pack_rows(rows, &mut self.packed);
            self.engine.run(&self.packed, out).map_err(|message| unusable(&self.failed(message)))?;
        }
        Ok(found)
    }

    fn failed(&self, message: String) -> RewardError {
        RewardError::Failed { oracle: format!("`{}`", self.path), message }
    }
}

/// A model that cannot be run.
fn unusable(error: &RewardError) -> SettingError {
    SettingError::at("model", error.to_string())
        .hint("`onnxruntime` may say more of what is wrong with the model")
}

impl Oracle for Onnx {
    fn forms(&self) -> Forms {
        self.input.forms()
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        let batch = self.engine.batch();
        for (i, out) in out.chunks_mut(batch).enumerate() {
            let which = i * batch..i * batch + out.len();
            let packed = self.input.pack(objects, which, &mut self.packed);
            packed
                .and_then(|()| self.engine.run(&self.packed, out))
                .map_err(|message| self.failed(message))?;
        }
        Ok(())
    }

    fn rehearse(&mut self, sim: &dyn Simulator) -> Result<(), SettingError> {
        let vector = Vector::read(&self.test, self.column)?;
        let found = self.outputs(&vector)?;
        let row = |i| format!("row {i} of `inputs`");
        vector.compare(&self.path, row, &vector.outputs, &found, self.tolerance)?;
        let objects = self.objects(sim, &vector.objects)?;
        let mut found = vec![0.0; vector.objects.len()];
        self.score(&objects, &mut found).map_err(|e| unusable(&e))?;
        let object = |i: usize| format!("`{}`", vector.objects[i]);
        vector.compare(&self.path, object, &vector.scores, &found, self.tolerance)
    }
}
