//! The perceptron from inputs to outputs, with the activations that the way back needs.

use std::cell::Cell;
use std::ops::Range;

use headwater_core::{BitMatrix, Encoded, Encoding, Ones};

use super::layout::{Layer, Trunk};
use super::{Activation, Mlp};
use crate::elementwise::nonlinearity;
use crate::gather::gather;
use crate::gemm::{Epilogue, Left, Out, Right, gemm, gemm_panels, gemm_rows};
use crate::panels::{List, ROWS, runs};

/// Panels of one row that are computed together, so that there are enough independent sums. A run of panels and rows
/// with fewer results than that is cut into rows, whose panels are collected.
const TOGETHER: usize = 8;

impl Mlp {
    /// Is the nonlinearity fused into the product before it?
    pub(super) fn fused(&self, layer: &Layer) -> bool {
        layer.gain.is_none() && self.activation == Activation::Relu
    }

    /// Evaluates the rows `rows` of `x`, layer by layer; they are all of `out` and of `tape`.
    pub(super) fn forward_block(
        &self,
        x: &Encoded,
        rows: Range<usize>,
        wanted: Option<&BitMatrix>,
        out: &mut [f32],
        tape: &mut [f32],
    ) {
        let (n, width) = (rows.len(), self.tape_width);
        for trunk in &self.trunks {
            for (l, layer) in trunk.hidden.iter().enumerate() {
                match l.checked_sub(1) {
                    None => self.first_layer(x, rows.clone(), layer, tape),
                    Some(before) => {
                        let bias = &self.params.data[layer.biases()];
                        let tape = Cell::from_mut(&mut *tape).as_slice_of_cells();
                        let epilogue = match layer.gain {
                            None if self.fused(layer) => Epilogue::BiasRelu(bias),
                            None => Epilogue::Bias(bias),
                            Some(_) => Epilogue::Store,
                        };
                        let left = Left::cells(&tape[trunk.hidden[before].tape..], width, 1);
                        let out = Out::cells(&tape[layer.tape..], width, 16);
                        gemm(
                            self.isa,
                            n,
                            layer.inputs,
                            layer.panels,
                            left,
                            self.weights(layer),
                            out,
                            epilogue,
                        );
                    }
                }
                let first_with_reals = l == 0 && self.encoding.reals > 0;
                if !self.fused(layer) || first_with_reals {
                    let data = &self.params.data;
                    let norm = layer.gain.map(|g| (&data[g..g + layer.outputs()], &data[layer.biases()]));
                    nonlinearity(
                        self.isa,
                        self.activation,
                        norm,
                        layer.outputs(),
                        &mut tape[layer.tape..],
                        width,
                    );
                }
            }
            match wanted {
                Some(wanted) => self.some_of_head(trunk, rows.clone(), wanted, out, tape),
                None => self.head(trunk, n, out, tape),
            }
        }
    }

    /// The head of a trunk for the first `n` rows of `tape`.
    fn head(&self, trunk: &Trunk, n: usize, out: &mut [f32], tape: &[f32]) {
        let head = &trunk.head;
        let left = Left::new(&tape[trunk.last().tape..], self.tape_width, 1);
        let bias = Epilogue::Bias(&self.params.data[head.biases()]);
        let out = Out::new(&mut out[trunk.at..], self.heads.stride, 16);
        gemm(self.isa, n, head.inputs, head.panels, left, self.weights(head), out, bias);
    }

    /// The panels of the head of a trunk that the rows `rows` want.
    fn some_of_head(
        &self,
        trunk: &Trunk,
        rows: Range<usize>,
        wanted: &BitMatrix,
        out: &mut [f32],
        tape: &[f32],
    ) {
        let (stride, width) = (self.heads.stride, self.tape_width);
        let head = &trunk.head;
        for start in rows.clone().step_by(ROWS) {
            let (block, at) = (start..(start + ROWS).min(rows.end), start - rows.start);
            let tape = &tape[at * width + trunk.last().tape..];
            let out = &mut out[at * stride + trunk.at..];
            let mut few = [const { List::EMPTY }; ROWS];
            runs(wanted, block, trunk.wanted(), |run, set| {
                let panel = run.start - trunk.wanted().start;
                let set = &[set];
                if run.len() * (set[0].count_ones() as usize) >= TOGETHER {
                    let list = List::<ROWS>::of(set);
                    let left = Left::new(tape, width, 1);
                    let right = self.weights_from(head, panel);
                    let bias = Epilogue::Bias(&self.params.data[head.biases()][16 * panel..]);
                    let out = Out::new(&mut out[16 * panel..], stride, 16);
                    gemm_rows(self.isa, &list, head.inputs, run.len(), left, right, out, bias);
                    return;
                }
                for r in Ones::new(set) {
                    for p in panel..panel + run.len() {
                        few[r].push(p as u32);
                        if few[r].is_full() {
                            self.few_panels(head, &few[r], &tape[r * width..], &mut out[r * stride..]);
                            few[r].clear();
                        }
                    }
                }
            });
            for (r, few) in few.iter().enumerate().filter(|(_, few)| !few.is_empty()) {
                self.few_panels(head, few, &tape[r * width..], &mut out[r * stride..]);
            }
        }
    }

    /// Some panels of a head for one row.
    fn few_panels(&self, head: &Layer, panels: &List<TOGETHER>, tape: &[f32], out: &mut [f32]) {
        let (left, right) = (Left::new(tape, self.tape_width, 1), self.weights(head));
        let bias = &self.params.data[head.biases()];
        gemm_panels(self.isa, head.inputs, panels, left, right, Out::new(out, self.heads.stride, 16), bias);
    }

    /// The first linear map: a gather over the active columns, a product over the dense values.
    fn first_layer(&self, x: &Encoded, rows: Range<usize>, layer: &Layer, tape: &mut [f32]) {
        let Encoding { active, columns, reals, .. } = self.encoding;
        let out = &mut tape[layer.tape..];
        let weights = &self.params.data[layer.weights()];
        // Under layer norm the bias belongs behind the normalisation.
        let bias = if layer.gain.is_some() { &self.zeros[..] } else { &self.params.data[layer.biases()] };
        let indices = &x.all_indices()[rows.start * active..rows.end * active];
        let relu = self.fused(layer) && reals == 0;
        let (n, width) = (rows.len(), self.tape_width);
        gather(self.isa, (indices, active), weights, layer.inputs, bias, relu, n, out, width);
        if reals > 0 {
            let left = Left::new(&x.all_reals()[rows.start * reals..rows.end * reals], reals, 1);
            let right = Right { data: &weights[16 * columns..], rs: 16, ps: 16 * layer.inputs };
            let out = Out::new(out, self.tape_width, 16);
            gemm(self.isa, rows.len(), reals, layer.panels, left, right, out, Epilogue::Accumulate);
        }
    }

    fn weights(&self, layer: &Layer) -> Right<'_> {
        self.weights_from(layer, 0)
    }

    /// The weights of a layer from some panel on.
    fn weights_from(&self, layer: &Layer, panel: usize) -> Right<'_> {
        let size = 16 * layer.inputs;
        Right { data: &self.params.data[layer.weights()][panel * size..], rs: 16, ps: size }
    }
}
