//! A network's outputs on the states of a minibatch, and the gradient of a loss by them.

use headwater_core::{Estimator, Floats, Wanted};
use headwater_nn::{Softmax, masked_softmax};

use super::choice::Choice;
use super::replay::States;

/// Outputs, state by state.
#[derive(Default)]
pub(super) struct Outputs {
    columns: usize,
    stride: usize,
    out: Floats,
    tape: Floats,
    softmax: Vec<Softmax>,
    slopes: Floats,
}

impl Outputs {
    /// Evaluates `net` on every state.
    pub fn evaluate(&mut self, net: &dyn Estimator, states: &States) {
        let (n, heads) = (states.len(), net.heads());
        self.columns = heads.n_actions + 1;
        self.stride = heads.stride;
        let Self { columns, stride, out, tape, softmax, .. } = self;
        out.grow(n * *stride);
        tape.grow(n * net.tape_width());
        softmax.resize(n, Softmax::default());
        let tape = &mut tape[..n * net.tape_width()];
        net.forward(states.inputs(), 0..n, Wanted::All, &mut out[..n * *stride], tape);
        let (masks, words) = (states.masks().words(0..n), states.masks().words_per_row());
        masked_softmax(out, *stride, *columns, masks, words, softmax);
    }

    /// The logits of the edges that leave state `s`, the stop edge behind them; those of no edge are undefined.
    pub fn logits(&self, s: u32) -> &[f32] {
        &self.out[s as usize * self.stride..][..self.columns]
    }

    /// The softmax over the edges that leave state `s`, which is one of `states`.
    pub fn choice<'a>(&'a self, states: &'a States, s: u32) -> Choice<'a> {
        Choice { logits: self.logits(s), mask: states.masks().row(s as usize), lse: self.lse(s) }
    }

    /// The log of the sum of their exponentials.
    pub fn lse(&self, s: u32) -> f64 {
        self.softmax[s as usize].log_sum
    }

    /// The logit of one edge.
    pub fn logit(&self, s: u32, action: u32) -> f64 {
        f64::from(self.logits(s)[action as usize])
    }

    /// Forgets all slopes.
    pub fn level(&mut self) {
        self.slopes.reset(self.softmax.len() * self.stride);
    }

    /// The slopes of a loss by [`Outputs::logits`], to be added to.
    pub fn slopes(&mut self, s: u32) -> &mut [f32] {
        &mut self.slopes[s as usize * self.stride..][..self.columns]
    }

    /// Both at once.
    pub fn choice_and_slopes<'a>(&'a mut self, states: &'a States, s: u32) -> (Choice<'a>, &'a mut [f32]) {
        let Self { columns, stride, out, softmax, slopes, .. } = self;
        let (at, n) = (s as usize * *stride, *columns);
        let (mask, lse) = (states.masks().row(s as usize), softmax[s as usize].log_sum);
        (Choice { logits: &out[at..][..n], mask, lse }, &mut slopes[at..][..n])
    }

    /// Writes the gradient of the parameters of `net`, which made these outputs.
    pub fn differentiate(&self, net: &mut dyn Estimator, states: &States, grads: &mut [f32]) {
        net.backward(states.inputs(), states.len(), Wanted::All, &self.slopes, &self.tape, grads);
    }
}
