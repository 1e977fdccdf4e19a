//! The perceptron's derivative: from the gradient of outputs to that of parameters.

use std::cell::Cell;
use std::ops::Range;

use headwater_core::{BitMatrix, Encoded, Encoding, Floats};

use super::layout::{Item, Part, Trunk};
use super::{DEPTH, DEPTH_OF_LARGE, LARGE, Mlp, PANELS, PART, PARTIAL, PARTS, PIECE, rows_per_piece};
use crate::elementwise::{column_products, column_sums, nonlinearity_backward, panel_sums, sum_parts};
use crate::gather::scatter;
use crate::gemm::{Epilogue, Left, Out, Right, gemm, gemm_rows, gemm_terms};
use crate::panels::{List, ROWS, fetch, runs, window};
use crate::pool::Pool;

/// What `backward` was given.
#[derive(Clone, Copy)]
pub(super) struct Back<'a> {
    pub x: &'a Encoded,
    pub d_out: &'a [f32],
    pub tape: &'a [f32],
    /// If the gradient of outputs has few panels that are not zero.
    pub sparse: Option<Sparse<'a>>,
}

/// Which panels of the gradient of outputs are not zero.
#[derive(Clone, Copy)]
pub(super) struct Sparse<'a> {
    /// By row.
    pub wanted: &'a BitMatrix,
    /// By panel; see [`panels::by_panel`].
    pub by_panel: &'a [u64],
    /// Number of rows.
    pub rows: usize,
}

impl Sparse<'_> {
    /// Those of the rows `rows` where panel `panel` is not zero, counted from the first of `rows`.
    fn rows(&self, panel: usize, rows: Range<usize>) -> List<DEPTH_OF_LARGE> {
        let blocks = self.rows.div_ceil(ROWS);
        List::within(&self.by_panel[panel * blocks..(panel + 1) * blocks], rows)
    }
}

impl Mlp {
    /// Sums the gradient over parts of the batch, and the parts.
    pub(super) fn all_parts(
        &self,
        back: Back<'_>,
        rows: usize,
        delta: &mut Floats,
        partial: &mut Floats,
        grads: &mut [f32],
    ) {
        let n = grads.len();
        let room = self.depth() * self.delta_width;
        let parts = (rows / PART).min(PARTIAL / n).clamp(1, PARTS);
        let parts = 1 << parts.ilog2();
        delta.grow(parts * room);
        if parts == 1 {
            self.part(self.threads(rows), back, 0..rows, delta, grads);
            return;
        }
        partial.grow(parts * n);
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
                self.part(pool, back, range(p), delta, out);
            }
        }
        pool.pieces(grads, PIECE, &|i, out| sum_parts(self.isa, &partial[i * PIECE..parts * n], n, out));
    }

    /// Rows that are carried back together.
    fn depth(&self) -> usize {
        if self.params.data.len() < LARGE { DEPTH } else { DEPTH_OF_LARGE }
    }

    /// Carries gradients from the outputs of the rows `rows` to every hidden layer, into `delta`.
    fn deltas_block(&self, back: Back<'_>, rows: Range<usize>, delta: &mut [f32]) {
        let (stride, width) = (self.heads.stride, self.delta_width);
        let (n, d_out) = (rows.len(), &back.d_out[rows.start * stride..]);
        let tape = &back.tape[rows.start * self.tape_width..];
        for trunk in &self.trunks {
            for l in (0..trunk.hidden.len()).rev() {
                let layer = &trunk.hidden[l];
                let above = trunk.hidden.get(l + 1).unwrap_or(&trunk.head);
                let last = l + 1 == trunk.hidden.len();
                let sparse = back.sparse.filter(|_| last);
                let values = &tape[layer.tape..];
                let fused = self.fused(layer) && self.tape_width == width && sparse.is_none();
                if let Some(sparse) = sparse {
                    self.some_deltas(trunk, sparse.wanted, rows.clone(), d_out, delta);
                } else {
                    let delta = Cell::from_mut(&mut *delta).as_slice_of_cells();
                    let left = if last {
                        Left::new(&d_out[trunk.at..], stride, 1)
                    } else {
                        Left::cells(&delta[above.linear_delta()..], width, 1)
                    };
                    let transposed = &self.transposed[above.transposed..];
                    let right = Right { data: transposed, rs: 16, ps: 16 * above.outputs() };
                    let out = Out::cells(&delta[layer.delta..], width, 16);
                    let epilogue = if fused { Epilogue::WherePositive(values) } else { Epilogue::Store };
                    gemm(self.isa, n, above.outputs(), layer.panels, left, right, out, epilogue);
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

    /// Carries the gradients that are not zero from the outputs of the rows `rows`, which `d_out` starts with, to the
    /// last hidden layer.
    fn some_deltas(
        &self,
        trunk: &Trunk,
        wanted: &BitMatrix,
        rows: Range<usize>,
        d_out: &[f32],
        delta: &mut [f32],
    ) {
        let (stride, width) = (self.heads.stride, self.delta_width);
        let (head, last) = (&trunk.head, trunk.last());
        for start in rows.clone().step_by(ROWS) {
            let (block, at) = (start..(start + ROWS).min(rows.end), start - rows.start);
            let delta = &mut delta[at * width..];
            for row in delta.chunks_mut(width).take(block.len()) {
                row[last.delta..last.delta + last.outputs()].fill(0.0);
            }
            let (d_out, delta) = (&d_out[at * stride..], &mut delta[last.delta..]);
            for (i, r) in block.clone().enumerate() {
                fetch(&d_out[i * stride..], wanted.row(r));
            }
            runs(wanted, block, trunk.wanted(), |run, set| {
                let list = List::<ROWS>::of(&[set]);
                let left = Left::new(&d_out[16 * run.start..], stride, 1);
                let transposed = head.transposed + 256 * (run.start - trunk.wanted().start);
                let right = Right { data: &self.transposed[transposed..], rs: 16, ps: 16 * head.outputs() };
                let out = Out::new(delta, width, 16);
                let terms = 16 * run.len();
                gemm_rows(self.isa, &list, terms, last.panels, left, right, out, Epilogue::Accumulate);
            });
        }
    }

    /// The gradient of the parameters over the rows `rows`, on the threads of `pool`.
    fn part(&self, pool: &Pool, back: Back<'_>, rows: Range<usize>, delta: &mut [f32], grads: &mut [f32]) {
        let width = self.delta_width;
        for start in rows.clone().step_by(self.depth()) {
            let end = (start + self.depth()).min(rows.end);
            let block = rows_per_piece(pool, end - start);
            pool.pieces(&mut delta[..(end - start) * width], block * width, &|i, delta| {
                let first = start + i * block;
                self.deltas_block(back, first..(first + block).min(end), delta);
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
        let Back { x, d_out, tape, sparse } = back;
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
        if let Some(sparse) = sparse.filter(|_| item.layer == trunk.hidden.len()) {
            self.head_gradient(trunk, item.part, sparse, rows, (d, width), tape, first, out);
            return;
        }
        // A product can store its first result; sums have to start from zero.
        if first && !(item.layer > 0 && matches!(item.part, Part::Panels(_))) {
            out.fill(0.0);
        }
        match item.part {
            Part::Bias(p) => {
                let end = (n - 1) * width + 16 * p + out.len();
                column_sums(self.isa, &d[16 * p..end], width, out);
            }
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
                let Encoding { active, columns, reals, .. } = self.encoding;
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

    /// Adds rows to one piece of the gradient of a head, panel by panel over the rows where it is not zero.
    #[allow(clippy::too_many_arguments)]
    fn head_gradient(
        &self,
        trunk: &Trunk,
        part: Part,
        sparse: Sparse<'_>,
        rows: Range<usize>,
        (d, width): (&[f32], usize),
        tape: &[f32],
        first: bool,
        out: &mut [f32],
    ) {
        let (inputs, at) = (trunk.head.inputs, trunk.wanted().start);
        let p = match part {
            Part::Panels(p) => p,
            Part::Bias(p) => {
                let panels = out.len() / 16;
                let bits = rows.map(|r| window(sparse.wanted.row(r), at + p, panels));
                if first {
                    out.fill(0.0);
                }
                panel_sums(self.isa, &d[16 * p..], width, bits, out);
                return;
            }
            Part::Gain => unreachable!("a head has no gain"),
        };
        let (mut lists, size) = ([const { List::EMPTY }; PANELS], 16 * inputs);
        let lists = &mut lists[..out.len() / size];
        for (i, list) in lists.iter_mut().enumerate() {
            *list = sparse.rows(at + p + i, rows.clone());
        }
        // Neighbours that the same rows want make a whole tile.
        let together = if lists.iter().all(|list| **list == *lists[0]) { lists.len() } else { 1 };
        for (i, out) in out.chunks_exact_mut(size * together).enumerate() {
            let list = &lists[i * together];
            if list.is_empty() {
                if first {
                    out.fill(0.0);
                }
                continue;
            }
            let left = Left::new(&tape[trunk.last().tape..], 1, self.tape_width);
            let right = Right { data: &d[16 * (p + i * together)..], rs: width, ps: 16 };
            let epilogue = if first { Epilogue::Store } else { Epilogue::Accumulate };
            gemm_terms(self.isa, inputs, list, together, left, right, Out::new(out, 16, size), epilogue);
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
