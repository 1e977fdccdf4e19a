//! A policy that starts from what a reward prefers: its guide is added to the logits that a network learns.

use std::ops::Range;

use headwater_core::{Encoded, Estimator, Flops, Heads, Params, Wanted};

/// Another estimator, with the guides of encoded rows added to its forward logits. Nothing is learned by the guide, and
/// gradients pass it unchanged.
pub struct Guided(Box<dyn Estimator>);

impl Guided {
    /// `inner`, guided. Rows must have a guide for every label.
    pub fn new(inner: Box<dyn Estimator>) -> Self {
        Self(inner)
    }
}

impl Estimator for Guided {
    fn heads(&self) -> Heads {
        self.0.heads()
    }

    fn tape_width(&self) -> usize {
        self.0.tape_width()
    }

    fn flops(&self) -> Flops {
        self.0.flops()
    }

    fn forward(
        &self,
        x: &Encoded,
        rows: Range<usize>,
        wanted: Wanted<'_>,
        out: &mut [f32],
        tape: &mut [f32],
    ) {
        self.0.forward(x, rows.clone(), wanted, out, tape);
        for (r, out) in rows.zip(out.chunks_exact_mut(self.heads().stride)) {
            // Panels that are not wanted are undefined before, and stay so.
            out.iter_mut().zip(x.guide(r)).for_each(|(logit, guide)| *logit += guide);
        }
    }

    fn backward(
        &mut self,
        x: &Encoded,
        rows: usize,
        wanted: Wanted<'_>,
        d_out: &[f32],
        tape: &[f32],
        grads: &mut [f32],
    ) {
        self.0.backward(x, rows, wanted, d_out, tape, grads);
    }

    fn params(&self) -> &Params {
        self.0.params()
    }

    fn update(&mut self, update: &mut dyn FnMut(&mut Params)) {
        self.0.update(update);
    }
}
