//! The multi-layer perceptron: gather, panels, fused epilogues, and its derivative by hand.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_core::settings::{choice, settings};
use headwater_core::{Encoded, Encoding, Estimator, Floats, Flops, Heads, Key, Params, SettingError, Tensor};

use crate::adam::PARAMS_WORTH_SHARING;
use crate::elementwise::{column_products, column_sums, nonlinearity, nonlinearity_backward, sum_parts};
use crate::gather::{gather, scatter};
use crate::gemm::{Epilogue, Left, Out, Right, gemm};
use crate::pool::Pool;
use crate::vec16::Isa;

/// Rows evaluated together: their activations stay in the second-level cache between layers.
const BLOCK: usize = 96;

/// Panels per piece of gradient work: as wide as a tile, and few enough for threads to share evenly.
const PANELS: usize = 2;

/// The same for one-hot inputs, where more sums are under way at a time.
const PANELS_OF_ONE_HOT: usize = 4;

/// Multiplications of one call below which a second thread costs more than it saves.
const WORTH_SHARING: usize = 1 << 19;

/// The same for all calls between two changes of the parameters, which every thread that helps has to fetch anew.
const WORTH_FETCHING: usize = 1 << 22;

/// Rows that are carried back together: their activations and gradients stay in the second-level cache until every
/// layer has used them. Gradients of parameters are summed row by row in order, so that this changes no bit.
const DEPTH: usize = 128;

/// Rows per part of a batch whose gradient is summed by itself, at least. Parts depend on the number of rows alone, so
/// that the order of summation does not depend on threads; threads that work on a part each share nothing.
const PART: usize = 256;

/// Most parts of a batch.
const PARTS: usize = 16;

/// Parameters per piece of what is done to each of them, in some microseconds.
const PIECE: usize = 16 * 1024;

choice! {
    /// Nonlinearity of hidden layers. Each one's derivative is a function of its value.
    pub enum Activation {
        /// max(0, z).
        Relu = "relu",
        /// z for z > 0, else z / 100.
        LeakyRelu = "leaky-relu",
        /// tanh z.
        Tanh = "tanh",
        /// z for z > 0, else e^z − 1.
        Elu = "elu",
    }
}

settings! {
    /// Settings of the multi-layer perceptron.
    pub struct MlpConfig {
        /// Units per hidden layer; a multiple of 16.
        width: usize = "256", Kind::Int { min: 16, max: 8192 };
        /// Number of hidden layers.
        depth: usize = "2", Kind::Int { min: 1, max: 16 };
        /// Nonlinearity of hidden layers.
        activation: Activation = "\"relu\"", Kind::Choice(Activation::NAMES);
        /// Normalise each hidden layer's inputs to mean 0 and variance 1 before the nonlinearity (arXiv:1607.06450).
        layer_norm: bool = "false", Kind::Bool;
    }
}

/// One linear map with what follows it. Weights are stored in panels: shape `[panels, inputs, 16]`, so that element
/// (i, 16 p + j) of the map is at `[p, i, j]`.
#[derive(Clone, Debug)]
struct Layer {
    inputs: usize,
    panels: usize,
    weight: usize,
    bias: usize,
    /// Where the gain of layer norm is, if there is one.
    gain: Option<usize>,
    /// Where the transposed panels are in `Mlp::transposed`; the first layer has none.
    transposed: usize,
    /// Where the layer's values are in a row of tape: activations, then normalised inputs and 1/σ under layer norm.
    tape: usize,
    /// Where the layer's gradients are in a row of delta: at the argument of the nonlinearity, then, under layer
    /// norm, at its input.
    delta: usize,
}

impl Layer {
    fn outputs(&self) -> usize {
        16 * self.panels
    }

    fn weights(&self) -> Range<usize> {
        self.weight..self.weight + self.inputs * self.outputs()
    }

    /// Where the gradient at the output of the layer's linear map is in a row of delta.
    fn linear_delta(&self) -> usize {
        if self.gain.is_some() { self.delta + self.outputs() } else { self.delta }
    }

    fn biases(&self) -> Range<usize> {
        self.bias..self.bias + self.outputs()
    }
}

/// A stack of hidden layers and a head that writes output columns `at..at + 16 * panels` of the head layer.
#[derive(Clone, Debug)]
struct Trunk {
    hidden: Vec<Layer>,
    head: Layer,
    at: usize,
}

/// A multi-layer perceptron over encoded rows; with a trunk of its own for P_B if asked.
pub struct Mlp {
    heads: Heads,
    encoding: Encoding,
    activation: Activation,
    trunks: Vec<Trunk>,
    params: Params,
    transposed: Floats,
    tape_width: usize,
    delta_width: usize,
    /// Per part, gradients at the hidden layers' values (after the affine map of layer norm) of up to `DEPTH` rows.
    delta: Floats,
    /// Per part, its gradient of the parameters.
    partial: Floats,
    /// A bias of nothing, as wide as a hidden layer.
    zeros: Floats,
    /// Rows evaluated since the last update, and between the two before.
    rows: AtomicUsize,
    rows_before: usize,
    isa: Isa,
    pool: Arc<Pool>,
    /// A pool of the caller alone, for work too small to share.
    alone: Pool,
    /// Work items of the gradient products: parameter ranges in ascending order, and what fills each.
    ranges: Vec<Range<usize>>,
    items: Vec<Item>,
}

/// One disjoint piece of the parameter gradient.
#[derive(Clone, Copy, Debug)]
struct Item {
    trunk: usize,
    /// Index of the layer; the head is the one after the last hidden layer.
    layer: usize,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// Some panels of the weights, from this one on.
    Panels(usize),
    Bias,
    Gain,
}

impl Mlp {
    /// A network with weights drawn from `key`: He's normal initialisation with the number of *active* inputs as
    /// fan-in (arXiv:1502.01852), and heads at a tenth of that, so that the first policy is close to uniform.
    ///
    /// With `own_backward`, `heads` must be [`Heads::split`], and a second trunk writes the backward columns.
    ///
    /// # Errors
    /// If the width is not a multiple of 16.
    pub fn new(
        config: &MlpConfig,
        encoding: Encoding,
        heads: Heads,
        own_backward: bool,
        pool: Arc<Pool>,
        key: Key,
    ) -> Result<Self, SettingError> {
        if !config.width.is_multiple_of(16) {
            let below = (config.width / 16 * 16).max(16);
            return Err(SettingError::at("width", format!("`{}` is not a multiple of 16", config.width))
                .hint(format!("{below} and {} are", config.width.next_multiple_of(16))));
        }
        let mut build = Build { params: Params::default(), transposed: 0, tape: 0, delta: 0, key };
        let front = match heads.backward {
            Some(at) if own_backward => at,
            _ => heads.stride,
        };
        let mut trunks = vec![build.trunk("trunk", config, encoding, 0, front / 16)];
        if own_backward {
            trunks.push(build.trunk("backward", config, encoding, front, (heads.stride - front) / 16));
        }
        let Build { params, transposed, tape, delta, .. } = build;
        let mut mlp = Self {
            heads,
            encoding,
            activation: config.activation,
            trunks,
            params,
            transposed: Floats::zeros(transposed),
            tape_width: odd_lines(tape),
            delta_width: odd_lines(delta),
            delta: Floats::default(),
            partial: Floats::default(),
            zeros: Floats::zeros(config.width),
            rows: AtomicUsize::new(0),
            rows_before: 0,
            isa: Isa::detect(),
            pool,
            alone: Pool::new(1),
            ranges: Vec::new(),
            items: Vec::new(),
        };
        mlp.plan();
        mlp.transpose();
        Ok(mlp)
    }

    /// The same network on another instruction set; for tests and measurements.
    #[must_use]
    pub fn with_isa(self, isa: Isa) -> Self {
        Self { isa, ..self }
    }

    /// Cuts the parameters into disjoint pieces of gradient work, in ascending order.
    fn plan(&mut self) {
        let mut pieces = Vec::new();
        for (t, trunk) in self.trunks.iter().enumerate() {
            for (l, layer) in trunk.hidden.iter().chain([&trunk.head]).enumerate() {
                let item = |part| Item { trunk: t, layer: l, part };
                let panel = 16 * layer.inputs;
                let share = if l == 0 { PANELS_OF_ONE_HOT } else { PANELS };
                for p in (0..layer.panels).step_by(share) {
                    let end = (p + share).min(layer.panels);
                    let range = layer.weight + p * panel..layer.weight + end * panel;
                    pieces.push((range, item(Part::Panels(p))));
                }
                pieces.push((layer.biases(), item(Part::Bias)));
                if let Some(gain) = layer.gain {
                    pieces.push((gain..gain + layer.outputs(), item(Part::Gain)));
                }
            }
        }
        pieces.sort_by_key(|(range, _)| range.start);
        (self.ranges, self.items) = pieces.into_iter().unzip();
    }

    /// Refreshes the transposed weights, which carry gradients back through a layer.
    fn transpose(&mut self) {
        for trunk in &self.trunks {
            for layer in trunk.hidden.iter().skip(1).chain([&trunk.head]) {
                let (inputs, outputs) = (layer.inputs, layer.outputs());
                let from = &self.params.data[layer.weights()];
                let to = &mut self.transposed[layer.transposed..layer.transposed + inputs * outputs];
                let pool = if to.len() >= PARAMS_WORTH_SHARING { &*self.pool } else { &self.alone };
                pool.pieces(to, 16 * outputs, &|q, panel| {
                    for (p, block) in panel.chunks_exact_mut(256).enumerate() {
                        let source = &from[(p * inputs + 16 * q) * 16..][..256];
                        for (j, row) in block.chunks_exact_mut(16).enumerate() {
                            for (i, x) in row.iter_mut().enumerate() {
                                *x = source[16 * i + j];
                            }
                        }
                    }
                });
            }
        }
    }

    /// The threads that work on so many rows.
    fn threads(&self, rows: usize) -> &Pool {
        let size = self.params.data.len();
        let between = self.rows_before.max(self.rows.load(Ordering::Relaxed));
        let worth = rows * size >= WORTH_SHARING && between * size >= WORTH_FETCHING;
        if worth { &self.pool } else { &self.alone }
    }

    fn layer(&self, trunk: usize, layer: usize) -> &Layer {
        let trunk = &self.trunks[trunk];
        trunk.hidden.get(layer).unwrap_or(&trunk.head)
    }

    /// Is the nonlinearity fused into the product before it?
    fn fused(&self, layer: &Layer) -> bool {
        layer.gain.is_none() && self.activation == Activation::Relu
    }

    /// Evaluates the rows `rows` of `x`, layer by layer; they are all of `out` and of `tape`.
    fn forward_block(&self, x: &Encoded, rows: Range<usize>, out: &mut [f32], tape: &mut [f32]) {
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
            let (head, last) = (&trunk.head, &trunk.hidden[trunk.hidden.len() - 1]);
            let left = Left::new(&tape[last.tape..], width, 1);
            let bias = Epilogue::Bias(&self.params.data[head.biases()]);
            let out = Out::new(&mut out[trunk.at..], self.heads.stride, 16);
            gemm(self.isa, n, head.inputs, head.panels, left, self.weights(head), out, bias);
        }
    }

    /// The first linear map: a gather over the active columns, a product over the dense values.
    fn first_layer(&self, x: &Encoded, rows: Range<usize>, layer: &Layer, tape: &mut [f32]) {
        let Encoding { active, columns, reals } = self.encoding;
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
        Right { data: &self.params.data[layer.weights()], rs: 16, ps: 16 * layer.inputs }
    }

    /// Carries gradients from the outputs of a block of rows to every hidden layer, into `delta`.
    fn deltas_block(&self, d_out: &[f32], tape: &[f32], delta: &mut [f32]) {
        let (stride, width) = (self.heads.stride, self.delta_width);
        let rows = d_out.len() / stride;
        for trunk in &self.trunks {
            for l in (0..trunk.hidden.len()).rev() {
                let layer = &trunk.hidden[l];
                let above = trunk.hidden.get(l + 1).unwrap_or(&trunk.head);
                let values = &tape[layer.tape..];
                let fused = self.fused(layer) && self.tape_width == width;
                {
                    let delta = Cell::from_mut(&mut *delta).as_slice_of_cells();
                    let left = if l + 1 == trunk.hidden.len() {
                        Left::new(&d_out[trunk.at..], stride, 1)
                    } else {
                        Left::cells(&delta[above.linear_delta()..], width, 1)
                    };
                    let transposed = &self.transposed[above.transposed..];
                    let right = Right { data: transposed, rs: 16, ps: 16 * above.outputs() };
                    let out = Out::cells(&delta[layer.delta..], width, 16);
                    let epilogue = if fused { Epilogue::WherePositive(values) } else { Epilogue::Store };
                    gemm(self.isa, rows, above.outputs(), layer.panels, left, right, out, epilogue);
                }
                if !fused {
                    let gain = layer.gain.map(|g| &self.params.data[g..g + layer.outputs()]);
                    let d = &mut delta[layer.delta..];
                    let (n, kind) = (layer.outputs(), self.activation);
                    nonlinearity_backward(self.isa, kind, gain, n, d, width, values, self.tape_width);
                }
            }
        }
    }

    /// The gradient of the parameters over the rows `rows`, on the threads of `pool`.
    fn part(&self, pool: &Pool, back: Back<'_>, rows: Range<usize>, delta: &mut [f32], grads: &mut [f32]) {
        let (stride, width) = (self.heads.stride, self.delta_width);
        for start in rows.clone().step_by(DEPTH) {
            let end = (start + DEPTH).min(rows.end);
            let block = rows_per_piece(pool, end - start);
            pool.pieces(&mut delta[..(end - start) * width], block * width, &|i, delta| {
                let first = start + i * block;
                let d_out = &back.d_out[first * stride..(first + block).min(end) * stride];
                self.deltas_block(d_out, &back.tape[first * self.tape_width..], delta);
            });
            let delta = &*delta;
            pool.ranges(grads, &self.ranges, &|i, out| {
                self.gradient(self.items[i], back, start..end, delta, start == rows.start, out);
            });
        }
    }

    /// Adds the rows `rows`, whose gradients at hidden layers are `delta`, to one piece of the parameter gradient; they
    /// are the first of it if `first`.
    fn gradient(
        &self,
        item: Item,
        back: Back<'_>,
        rows: Range<usize>,
        delta: &[f32],
        first: bool,
        out: &mut [f32],
    ) {
        let Back { x, d_out, tape } = back;
        let trunk = &self.trunks[item.trunk];
        let layer = self.layer(item.trunk, item.layer);
        let (d, width) = if item.layer == trunk.hidden.len() {
            (&d_out[rows.start * self.heads.stride + trunk.at..], self.heads.stride)
        } else {
            let of_weights = matches!(item.part, Part::Panels(_));
            let at = if of_weights { layer.linear_delta() } else { layer.delta };
            (&delta[at..], self.delta_width)
        };
        let tape = &tape[rows.start * self.tape_width..];
        let n = rows.len();
        // A product can store its first result; sums have to start from zero.
        if first && !(item.layer > 0 && matches!(item.part, Part::Panels(_))) {
            out.fill(0.0);
        }
        match item.part {
            Part::Bias => column_sums(self.isa, &d[..(n - 1) * width + layer.outputs()], width, out),
            Part::Gain => {
                let normal = &tape[layer.tape + layer.outputs()..];
                let d = &d[..(n - 1) * width + layer.outputs()];
                column_products(self.isa, d, width, normal, self.tape_width, out);
            }
            Part::Panels(p) => {
                let d = &d[16 * p..];
                let inputs = layer.inputs;
                if let Some(before) = item.layer.checked_sub(1) {
                    let input = (&tape[trunk.hidden[before].tape..], self.tape_width);
                    let epilogue = if first { Epilogue::Store } else { Epilogue::Accumulate };
                    self.outer(inputs, n, input, (d, width), out, inputs, epilogue);
                    return;
                }
                let Encoding { active, columns, reals } = self.encoding;
                if active > 0 {
                    let indices = &x.all_indices()[rows.start * active..rows.end * active];
                    scatter(self.isa, (indices, active), n, d, width, out, inputs);
                }
                if reals > 0 {
                    let input = (&x.all_reals()[rows.start * reals..], reals);
                    let out = &mut out[16 * columns..];
                    self.outer(reals, n, input, (d, width), out, inputs, Epilogue::Accumulate);
                }
            }
        }
    }

    /// `inputᵀ · d` for `m` columns of the input, stored or added: the gradient of weights, summed over rows in order.
    #[allow(clippy::too_many_arguments)]
    fn outer(
        &self,
        m: usize,
        rows: usize,
        (input, input_width): (&[f32], usize),
        (d, d_width): (&[f32], usize),
        out: &mut [f32],
        panel_rows: usize,
        epilogue: Epilogue<'_>,
    ) {
        let panels = out.len().div_ceil(16 * panel_rows);
        let left = Left::new(input, 1, input_width);
        let right = Right { data: d, rs: d_width, ps: 16 };
        let out = Out::new(out, 16, 16 * panel_rows);
        gemm(self.isa, m, rows, panels, left, right, out, epilogue);
    }
}

impl Estimator for Mlp {
    fn heads(&self) -> Heads {
        self.heads
    }

    fn tape_width(&self) -> usize {
        self.tape_width
    }

    fn flops(&self) -> Flops {
        let mut flops = Flops::default();
        for trunk in &self.trunks {
            for (l, layer) in trunk.hidden.iter().chain([&trunk.head]).enumerate() {
                let Encoding { active, reals, .. } = self.encoding;
                // One-hot inputs are added, forward and backward; other inputs multiplied and added.
                let (one, product) = if l == 0 {
                    (active * layer.outputs(), 2 * reals * layer.outputs())
                } else {
                    (0, 2 * layer.inputs * layer.outputs())
                };
                flops.forward += (one + product) as u64;
                // The first layer has no gradient by its inputs.
                let products = if l == 0 { 1 } else { 2 };
                flops.backward += (one + products * product) as u64;
            }
        }
        flops
    }

    fn forward(&self, x: &Encoded, rows: Range<usize>, out: &mut [f32], tape: &mut [f32]) {
        let (stride, width) = (self.heads.stride, self.tape_width);
        let n = rows.len();
        self.rows.fetch_add(n, Ordering::Relaxed);
        let pool = self.threads(n);
        let block = rows_per_piece(pool, n);
        pool.zip_chunks(
            &mut out[..n * stride],
            block * stride,
            &mut tape[..n * width],
            block * width,
            &|i, out, tape| {
                let start = rows.start + i * block;
                self.forward_block(x, start..start + out.len() / stride, out, tape);
            },
        );
    }

    fn backward(&mut self, x: &Encoded, rows: usize, d_out: &[f32], tape: &[f32], grads: &mut [f32]) {
        if rows == 0 {
            grads.fill(0.0);
            return;
        }
        let (back, n, room) = (Back { x, d_out, tape }, grads.len(), DEPTH * self.delta_width);
        let parts = (rows / PART).clamp(1, PARTS);
        let parts = 1 << parts.ilog2();
        self.delta.grow(parts * room);
        let mut delta = std::mem::take(&mut self.delta);
        if parts == 1 {
            self.part(self.threads(rows), back, 0..rows, &mut delta, grads);
            self.delta = delta;
            return;
        }
        self.partial.grow(parts * n);
        let mut partial = std::mem::take(&mut self.partial);
        let pool = &*self.pool;
        let range = |p: usize| p * rows / parts..(p + 1) * rows / parts;
        if pool.threads() <= parts {
            pool.zip_chunks(
                &mut partial[..parts * n],
                n,
                &mut delta[..parts * room],
                room,
                &|p, out, delta| {
                    self.part(&self.alone, back, range(p), delta, out);
                },
            );
        } else {
            for (p, out) in partial[..parts * n].chunks_exact_mut(n).enumerate() {
                self.part(pool, back, range(p), &mut delta, out);
            }
        }
        pool.pieces(grads, PIECE, &|i, out| sum_parts(self.isa, &partial[i * PIECE..parts * n], n, out));
        (self.delta, self.partial) = (delta, partial);
    }

    fn params(&self) -> &Params {
        &self.params
    }

    fn update(&mut self, update: &mut dyn FnMut(&mut Params)) {
        update(&mut self.params);
        self.rows_before = std::mem::take(self.rows.get_mut());
        self.transpose();
    }
}

/// What `backward` was given.
#[derive(Clone, Copy)]
struct Back<'a> {
    x: &'a Encoded,
    d_out: &'a [f32],
    tape: &'a [f32],
}

/// Rows per piece of work, so that all threads have as much to do.
fn rows_per_piece(pool: &Pool, rows: usize) -> usize {
    let pieces = rows.div_ceil(BLOCK * pool.threads()) * pool.threads();
    rows.div_ceil(pieces.max(1)).max(1)
}

/// An odd number of cache lines per row keeps the rows of a column in different cache sets.
fn odd_lines(floats: usize) -> usize {
    let lines = floats.div_ceil(16);
    16 * (lines | 1)
}

/// Lays out parameters, tape and deltas while the layers are made.
struct Build {
    params: Params,
    transposed: usize,
    tape: usize,
    delta: usize,
    key: Key,
}

impl Build {
    fn trunk(
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

    fn layer(&mut self, name: &str, inputs: usize, panels: usize, std: f64, norm: bool) -> Layer {
        let key = self.key.fold(self.params.tensors.len() as u64);
        let weight = self.tensor(format!("{name}.weight"), vec![panels, inputs, 16], |i| {
            (std * key.fold(i as u64).normal()) as f32
        });
        let bias = self.tensor(format!("{name}.bias"), vec![16 * panels], |_| 0.0);
        let gain = norm.then(|| self.tensor(format!("{name}.gain"), vec![16 * panels], |_| 1.0));
        Layer { inputs, panels, weight, bias, gain, transposed: 0, tape: 0, delta: 0 }
    }

    fn tensor(&mut self, name: String, shape: Vec<usize>, value: impl Fn(usize) -> f32) -> usize {
        let tensor = Tensor { name, shape, at: self.params.data.len() };
        let at = tensor.at;
        self.params.data.resize(at + tensor.len());
        for (i, x) in self.params.data[at..].iter_mut().enumerate() {
            *x = value(i);
        }
        self.params.tensors.push(tensor);
        at
    }
}
