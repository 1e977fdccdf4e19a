//! Where a perceptron's parameters, activations and gradients lie.

use std::ops::Range;

use headwater_core::{Encoding, Key, Params, Tensor};

use super::{MlpConfig, PIECE};
use crate::pool::Pool;

/// One linear map with what follows it. Weights are stored in panels: shape `[panels, inputs, 16]`, so that element
/// (i, 16 p + j) of the map is at `[p, i, j]`.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub inputs: usize,
    pub panels: usize,
    pub weight: usize,
    pub bias: usize,
    /// Where the gain of layer norm is, if there is one.
    pub gain: Option<usize>,
    /// Where the transposed panels are in `Mlp::transposed`; the first layer has none.
    pub transposed: usize,
    /// Where the layer's values are in a row of tape: activations, then normalised inputs and 1/σ under layer norm.
    pub tape: usize,
    /// Where the layer's gradients are in a row of delta: at the argument of the nonlinearity, then, under layer
    /// norm, at its input.
    pub delta: usize,
}

impl Layer {
    pub fn outputs(&self) -> usize {
        16 * self.panels
    }

    pub fn weights(&self) -> Range<usize> {
        self.weight..self.weight + self.inputs * self.outputs()
    }

    /// Where the gradient at the output of the layer's linear map is in a row of delta.
    pub fn linear_delta(&self) -> usize {
        if self.gain.is_some() { self.delta + self.outputs() } else { self.delta }
    }

    pub fn biases(&self) -> Range<usize> {
        self.bias..self.bias + self.outputs()
    }
}

/// A stack of hidden layers and a head that writes output columns `at..at + 16 * panels` of the head layer.
#[derive(Clone, Debug)]
pub(super) struct Trunk {
    pub hidden: Vec<Layer>,
    pub head: Layer,
    pub at: usize,
}

impl Trunk {
    /// The last hidden layer.
    pub fn last(&self) -> &Layer {
        &self.hidden[self.hidden.len() - 1]
    }

    /// The panels of output rows that the head writes.
    pub fn wanted(&self) -> Range<usize> {
        self.at / 16..self.at / 16 + self.head.panels
    }
}

/// An odd number of cache lines per row keeps the rows of a column in different cache sets.
pub(super) fn odd_lines(floats: usize) -> usize {
    let lines = floats.div_ceil(16);
    16 * (lines | 1)
}

/// One disjoint piece of the parameter gradient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub trunk: usize,
    /// Index of the layer; the head is the one after the last hidden layer.
    pub layer: usize,
    pub part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// Some panels of the weights, from this one on.
    Panels(usize),
    /// Some panels of the biases, from this one on.
    Bias(usize),
    Gain,
}

/// Lays out parameters, tape and deltas while the layers are made.
pub(super) struct Build<'a> {
    pub params: Params,
    pub transposed: usize,
    pub tape: usize,
    pub delta: usize,
    pub key: Key,
    /// The threads that draw weights.
    pub pool: &'a Pool,
}

impl Build<'_> {
    pub fn trunk(
        &mut self,
        name: &str,
        config: &MlpConfig,
        encoding: Encoding,
        at: usize,
        head_panels: usize,
    ) -> Trunk {
        let mut hidden = Vec::with_capacity(config.depth);
        for l in 0..config.depth {
            let first = l == 0;
            let inputs = if first { encoding.width() } else { config.width };
            let fan_in = if first { encoding.active + encoding.reals } else { inputs };
            let std = (2.0 / fan_in.max(1) as f64).sqrt();
            let mut layer =
                self.layer(&format!("{name}.{l}"), inputs, config.width / 16, std, config.layer_norm);
            if !first {
                layer.transposed = self.transposed;
                self.transposed += inputs * config.width;
            }
            (layer.tape, layer.delta) = (self.tape, self.delta);
            self.tape += if config.layer_norm { 2 * config.width + 16 } else { config.width };
            self.delta += if config.layer_norm { 2 * config.width } else { config.width };
            hidden.push(layer);
        }
        let std = 0.1 * (1.0 / config.width as f64).sqrt();
        let mut head = self.layer(&format!("{name}.head"), config.width, head_panels, std, false);
        head.transposed = self.transposed;
        self.transposed += config.width * head.outputs();
        Trunk { hidden, head, at }
    }

    pub fn layer(&mut self, name: &str, inputs: usize, panels: usize, std: f64, norm: bool) -> Layer {
        let key = self.key.fold(self.params.tensors.len() as u64);
        let weight = self.tensor(format!("{name}.weight"), vec![panels, inputs, 16], |i| {
            (std * key.fold(i as u64).normal()) as f32
        });
        let bias = self.tensor(format!("{name}.bias"), vec![16 * panels], |_| 0.0);
        let gain = norm.then(|| self.tensor(format!("{name}.gain"), vec![16 * panels], |_| 1.0));
        Layer { inputs, panels, weight, bias, gain, transposed: 0, tape: 0, delta: 0 }
    }

    pub fn tensor(&mut self, name: String, shape: Vec<usize>, value: impl Fn(usize) -> f32 + Sync) -> usize {
        let tensor = Tensor { name, shape, at: self.params.data.len() };
        let at = tensor.at;
        self.params.data.resize(at + tensor.len());
        self.pool.pieces(&mut self.params.data[at..], PIECE, &|piece, data| {
            for (i, x) in (piece * PIECE..).zip(data) {
                *x = value(i);
            }
        });
        self.params.tensors.push(tensor);
        at
    }
}
