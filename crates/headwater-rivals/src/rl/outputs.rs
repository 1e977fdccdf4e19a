//! A network's outputs on the states of a minibatch, and the gradient of a loss by them.

use headwater_core::{Estimator, Floats};
use headwater_nn::masked_softmax;

use super::choice::Choice;
use super::replay::States;

/// Outputs, state by state.
#[derive(Default)]
pub(super) struct Outputs {
    columns: usize,
    stride: usize,
    wide: usize,
    out: Floats,
    tape: Floats,
    probs: Floats,
    lse: Vec<f64>,
    slopes: Floats,
}

impl Outputs {
    /// Evaluates `net` on every state.
    pub fn evaluate(&mut self, net: &dyn Estimator, states: &States) {
        let (n, heads) = (states.len(), net.heads());
        self.columns = heads.n_actions + 1;
        self.stride = heads.stride;
        self.wide = self.columns.next_multiple_of(16);
        let Self { columns, stride, wide, out, tape, probs, lse, .. } = self;
        out.grow(n * *stride);
        tape.grow(n * net.tape_width());
        probs.grow(n * *wide);
        lse.clear();
        lse.resize(n, 0.0);
        net.forward(states.inputs(), 0..n, &mut out[..n * *stride], &mut tape[..n * net.tape_width()]);
        let (masks, words) = (states.masks().words(0..n), states.masks().words_per_row());
        masked_softmax(out, *stride, *columns, masks, words, probs, *wide, lse);
    }

    /// The logits of the edges that leave state `s`, the stop edge behind them; those of no edge are undefined.
    pub fn logits(&self, s: u32) -> &[f32] {
        &self.out[s as usize * self.stride..][..self.columns]
    }

    /// The softmax over the edges that leave state `s`.
    pub fn choice(&self, s: u32) -> Choice<'_> {
        let probs = &self.probs[s as usize * self.wide..][..self.columns];
        Choice { probs, logits: self.logits(s), lse: self.lse(s) }
    }

    /// The log of the sum of their exponentials.
    pub fn lse(&self, s: u32) -> f64 {
        self.lse[s as usize]
    }

    /// The logit of one edge.
    pub fn logit(&self, s: u32, action: u32) -> f64 {
        f64::from(self.logits(s)[action as usize])
    }

    /// Forgets all slopes.
    pub fn level(&mut self) {
        self.slopes.reset(self.lse.len() * self.stride);
    }

    /// The slopes of a loss by [`Outputs::logits`], to be added to.
    pub fn slopes(&mut self, s: u32) -> &mut [f32] {
        &mut self.slopes[s as usize * self.stride..][..self.columns]
    }

    /// Both at once.
    pub fn choice_and_slopes(&mut self, s: u32) -> (Choice<'_>, &mut [f32]) {
        let Self { columns, stride, wide, out, probs, lse, slopes, .. } = self;
        let (s, n) = (s as usize, *columns);
        let (probs, logits) = (&probs[s * *wide..][..n], &out[s * *stride..][..n]);
        (Choice { probs, logits, lse: lse[s] }, &mut slopes[s * *stride..][..n])
    }

    /// Writes the gradient of the parameters of `net`, which made these outputs.
    pub fn differentiate(&self, net: &mut dyn Estimator, states: &States, grads: &mut [f32]) {
        net.backward(states.inputs(), states.len(), &self.slopes, &self.tape, grads);
    }
}
