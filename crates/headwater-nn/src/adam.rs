//! Adam with decoupled weight decay, one pass over flat arrays (arXiv:1412.6980, arXiv:1711.05101).

use headwater_core::Floats;

use crate::elementwise::{BETA1, BETA2, adam, sum_of_squares};
use crate::pool::Pool;
use crate::vec16::Isa;

/// Parameters per piece of work: some microseconds.
const PIECE: usize = 16 * 1024;

/// Below so many, parameters and moments stay with the thread whose cache they are in.
pub(crate) const PARAMS_WORTH_SHARING: usize = 80_000;

/// First and second moments of the gradient of a flat parameter array.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adam {
    /// Mean of gradients.
    pub mean: Floats,
    /// Mean of squared gradients.
    pub square: Floats,
    /// Number of updates made.
    pub steps: u64,
}

impl Adam {
    /// Moments of `n` parameters before the first update.
    pub fn new(n: usize) -> Self {
        Self { mean: Floats::zeros(n), square: Floats::zeros(n), steps: 0 }
    }

    /// One update, on all threads of `pool`: `scale` is multiplied onto the gradients first (for clipping), `decay` is the weight decay per
    /// unit of rate (0 gives Adam, otherwise AdamW).
    pub fn update(
        &mut self,
        pool: &Pool,
        params: &mut [f32],
        grads: &[f32],
        rate: f64,
        scale: f64,
        decay: f64,
    ) {
        self.steps += 1;
        let t = self.steps.min(i32::MAX as u64) as i32;
        let step = (rate / (1.0 - f64::from(BETA1).powi(t))) as f32;
        let root = (1.0 / (1.0 - f64::from(BETA2).powi(t)).sqrt()) as f32;
        let keep = (1.0 - rate * decay) as f32;
        let isa = Isa::detect();
        let piece = if params.len() >= PARAMS_WORTH_SHARING { PIECE } else { params.len() };
        pool.zip3_chunks(params, &mut self.mean, &mut self.square, piece, &|start, params, mean, square| {
            let grads = &grads[start..start + params.len()];
            adam(isa, params, grads, mean, square, step, root, scale as f32, keep);
        });
    }
}

/// The Euclidean norm of a gradient: squares are summed in sixteen lanes over blocks, and blocks in double precision.
pub fn norm(grads: &[f32]) -> f64 {
    let mut sum = 0.0;
    sum_of_squares(Isa::detect(), grads, &mut sum);
    sum.sqrt()
}
