//! The multi-layer perceptron: gather, panels, fused epilogues, and its derivative by hand.

mod backward;
mod forward;
mod layout;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_core::settings::{choice, settings};
use headwater_core::{
    BackwardHead, Encoded, Encoding, Estimator, Floats, Flops, Heads, Key, Params, SettingError, Wanted,
};

use self::backward::{Back, Sparse};
use self::layout::{Build, Item, Layer, Part, Trunk, odd_lines};
use crate::adam::PARAMS_WORTH_SHARING;
use crate::panels::{self, sparse};
use crate::pool::Pool;
use crate::transpose::transpose_panel;
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

/// The same for networks of `LARGE` parameters or more, whose gradient leaves every cache between two such passes.
const DEPTH_OF_LARGE: usize = 512;
const LARGE: usize = 1 << 20;

/// Rows per part of a batch whose gradient is summed by itself, at least. Parts depend on the number of rows alone, so
/// that the order of summation does not depend on threads; threads that work on a part each share nothing.
const PART: usize = 256;

/// Most parts of a batch, and most gradients of parameters in all of them: large ones cost more to write and to sum
/// than sharing saves.
const PARTS: usize = 16;
const PARTIAL: usize = 1 << 22;

/// Panels of biases per piece of gradient work.
const PANELS_OF_BIAS: usize = 32;

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
    /// Which rows want which panels of outputs.
    by_panel: Vec<u64>,
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

impl Mlp {
    /// A network with weights drawn from `key`: He's normal initialisation with the number of *active* inputs as
    /// fan-in (arXiv:1502.01852), and heads at a tenth of that, so that the first policy is close to uniform.
    ///
    /// [`BackwardHead::Own`] gives backward logits a second trunk.
    ///
    /// # Errors
    /// If the width is not a multiple of 16.
    pub fn new(
        config: &MlpConfig,
        encoding: Encoding,
        heads: Heads,
        threads: Arc<Pool>,
        key: Key,
    ) -> Result<Self, SettingError> {
        if !config.width.is_multiple_of(16) {
            let below = (config.width / 16 * 16).max(16);
            return Err(SettingError::at("width", format!("`{}` is not a multiple of 16", config.width))
                .hint(format!("{below} and {} are", config.width.next_multiple_of(16))));
        }
        let (pool, params) = (&*threads, Params::default());
        let mut build = Build { params, transposed: 0, tape: 0, delta: 0, key, pool };
        let own = heads.backward.filter(|_| heads.backward_head == BackwardHead::Own);
        let front = own.unwrap_or(heads.stride);
        let mut trunks = vec![build.trunk("trunk", config, encoding, 0, front / 16)];
        if own.is_some() {
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
            by_panel: Vec::new(),
            zeros: Floats::zeros(config.width),
            rows: AtomicUsize::new(0),
            rows_before: 0,
            isa: Isa::detect(),
            pool: threads,
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
                for p in (0..layer.panels).step_by(PANELS_OF_BIAS) {
                    let end = (p + PANELS_OF_BIAS).min(layer.panels);
                    let range = layer.bias + 16 * p..layer.bias + 16 * end;
                    pieces.push((range, item(Part::Bias(p))));
                }
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
                pool.pieces(to, 16 * outputs, &|q, to| transpose_panel(self.isa, from, inputs, q, to));
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

    fn forward(
        &self,
        x: &Encoded,
        rows: Range<usize>,
        wanted: Wanted<'_>,
        out: &mut [f32],
        tape: &mut [f32],
    ) {
        let (stride, width) = (self.heads.stride, self.tape_width);
        let n = rows.len();
        self.rows.fetch_add(n, Ordering::Relaxed);
        let wanted = sparse(wanted, rows.clone(), stride / 16);
        let pool = self.threads(n);
        let block = rows_per_piece(pool, n);
        pool.zip_chunks(
            &mut out[..n * stride],
            block * stride,
            &mut tape[..n * width],
            block * width,
            &|i, out, tape| {
                let start = rows.start + i * block;
                self.forward_block(x, start..start + out.len() / stride, wanted, out, tape);
            },
        );
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
        if rows == 0 {
            grads.fill(0.0);
            return;
        }
        let wanted = sparse(wanted, 0..rows, self.heads.stride / 16);
        if let Some(wanted) = wanted {
            panels::by_panel(wanted, rows, &mut self.by_panel);
        }
        let sparse = wanted.map(|wanted| Sparse { wanted, by_panel: &self.by_panel, rows });
        let (mut delta, mut partial) = (std::mem::take(&mut self.delta), std::mem::take(&mut self.partial));
        self.all_parts(Back { x, d_out, tape, sparse }, rows, &mut delta, &mut partial, grads);
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

/// Rows per piece of work, so that all threads have as much to do.
fn rows_per_piece(pool: &Pool, rows: usize) -> usize {
    let pieces = rows.div_ceil(BLOCK * pool.threads()) * pool.threads();
    rows.div_ceil(pieces.max(1)).max(1)
}
