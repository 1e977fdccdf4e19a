//! Adam with decoupled weight decay, one pass over flat arrays (arXiv:1412.6980, arXiv:1711.05101).

use crate::elementwise::{BETA1, BETA2, adam, sum_of_squares};
use crate::vec16::Isa;

/// First and second moments of the gradient of a flat parameter array.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adam {
    /// Mean of gradients.
    pub mean: Vec<f32>,
    /// Mean of squared gradients.
    pub square: Vec<f32>,
    /// Number of updates made.
    pub steps: u64,
}

impl Adam {
    /// Moments of `n` parameters before the first update.
    pub fn new(n: usize) -> Self {
        Self { mean: vec![0.0; n], square: vec![0.0; n], steps: 0 }
    }

    /// One update: `scale` is multiplied onto the gradients first (for clipping), `decay` is the weight decay per
    /// unit of rate (0 gives Adam, otherwise AdamW).
    pub fn update(&mut self, params: &mut [f32], grads: &[f32], rate: f64, scale: f64, decay: f64) {
        self.steps += 1;
        let t = self.steps.min(i32::MAX as u64) as i32;
        let step = (rate / (1.0 - f64::from(BETA1).powi(t))) as f32;
        let root = (1.0 / (1.0 - f64::from(BETA2).powi(t)).sqrt()) as f32;
        let keep = (1.0 - rate * decay) as f32;
        let (mean, square) = (&mut self.mean[..], &mut self.square[..]);
        adam(Isa::detect(), params, grads, mean, square, step, root, scale as f32, keep);
    }
}

/// The Euclidean norm of a gradient: squares are summed in sixteen lanes over blocks, and blocks in double precision.
pub fn norm(grads: &[f32]) -> f64 {
    let mut sum = 0.0;
    sum_of_squares(Isa::detect(), grads, &mut sum);
    sum.sqrt()
}
