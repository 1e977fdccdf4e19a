//! The first layer over one-hot inputs: weights are gathered by column, and their gradients scattered.
#![allow(unsafe_code)]

use crate::vec16::{Isa, Vec16, dispatch};

/// Panels that are worked on together, so that several sums are under way at a time.
const TOGETHER: usize = 4;

/// One-hot inputs and the panels of weights that they select from, as pointers; the callers have checked that
/// everything lies within.
#[derive(Clone, Copy)]
struct Job<'a> {
    /// Active columns, `active` per row, each below `inputs`.
    indices: &'a [u32],
    active: usize,
    /// Panels of `inputs` rows of sixteen floats.
    weights: *mut f32,
    inputs: usize,
    panels: usize,
    rows: usize,
    /// Rows of outputs, or of their gradients, `width` floats apart.
    out: *mut f32,
    width: usize,
}

impl Job<'_> {
    /// Asserts that every access lies within `weights` floats of weights and `out` floats of rows.
    fn check(&self, weights: usize, out: usize) {
        assert!(self.indices.len() == self.rows * self.active);
        // The largest is found by vectors; a search for one too large would look at each.
        let largest = self.indices.iter().fold(0, |most, &i| most.max(i));
        assert!(self.indices.is_empty() || (largest as usize) < self.inputs);
        assert!(weights >= 16 * self.panels * self.inputs);
        assert!(self.rows == 0 || out >= (self.rows - 1) * self.width + 16 * self.panels);
    }
}

/// First layer: `out = bias + Σ weights[index]` over each row's active columns, then ReLU if asked.
///
/// `weights` are panels of `inputs` rows of sixteen; `indices` hold `active` columns for each of `rows` rows; rows of
/// `out` are `width` floats apart.
///
/// # Panics
/// If an operand is too short or an index too large.
#[allow(clippy::too_many_arguments)]
pub(crate) fn gather(
    isa: Isa,
    (indices, active): (&[u32], usize),
    weights: &[f32],
    inputs: usize,
    bias: &[f32],
    relu: bool,
    rows: usize,
    out: &mut [f32],
    width: usize,
) {
    let panels = bias.len() / 16;
    // Nothing is written to weights: `sum` only reads them.
    let (from, to) = (weights.as_ptr().cast_mut(), out.as_mut_ptr());
    let job = Job { indices, active, weights: from, inputs, panels, rows, out: to, width };
    job.check(weights.len(), out.len());
    // SAFETY: `check` bounds every access; `isa` comes from `Isa::detect` or `Isa::available`.
    unsafe { dispatch!(isa, sum(job: Job<'_>, bias: &[f32], relu: bool)) }
}

/// The transpose of `gather`: adds each row's gradient onto the weights of its active columns.
///
/// # Panics
/// If an operand is too short or an index too large.
pub(crate) fn scatter(
    isa: Isa,
    (indices, active): (&[u32], usize),
    rows: usize,
    d: &[f32],
    width: usize,
    weights: &mut [f32],
    inputs: usize,
) {
    let panels = weights.len() / (16 * inputs);
    // Nothing is written to gradients: `spread` only reads them.
    let (to, from) = (weights.as_mut_ptr(), d.as_ptr().cast_mut());
    let job = Job { indices, active, weights: to, inputs, panels, rows, out: from, width };
    job.check(weights.len(), d.len());
    // SAFETY: `check` bounds every access; `isa` comes from `Isa::detect` or `Isa::available`.
    unsafe { dispatch!(isa, spread(job: Job<'_>)) }
}

#[inline(always)]
unsafe fn sum<V: Vec16>(job: Job<'_>, bias: &[f32], relu: bool) {
    let mut panel = 0;
    while panel < job.panels {
        unsafe {
            if panel + TOGETHER <= job.panels {
                sum_panels::<V, TOGETHER>(&job, bias, relu, panel);
                panel += TOGETHER;
            } else {
                sum_panels::<V, 1>(&job, bias, relu, panel);
                panel += 1;
            }
        }
    }
}

#[inline(always)]
unsafe fn sum_panels<V: Vec16, const N: usize>(job: &Job<'_>, bias: &[f32], relu: bool, panel: usize) {
    unsafe {
        let weights = job.weights.add(16 * job.inputs * panel);
        for r in 0..job.rows {
            let mut sums = [V::splat(0.0); N];
            for p in 0..N {
                sums[p] = V::load(bias.as_ptr().add(16 * (panel + p)));
            }
            for &i in job.indices.get_unchecked(r * job.active..(r + 1) * job.active) {
                for p in 0..N {
                    let w = weights.add(16 * (i as usize + p * job.inputs));
                    sums[p] = sums[p].add(V::load(w));
                }
            }
            for p in 0..N {
                let x = if relu { sums[p].relu() } else { sums[p] };
                x.store(job.out.add(r * job.width + 16 * (panel + p)));
            }
        }
    }
}

#[inline(always)]
unsafe fn spread<V: Vec16>(job: Job<'_>) {
    let mut panel = 0;
    while panel < job.panels {
        unsafe {
            if panel + TOGETHER <= job.panels {
                spread_panels::<V, TOGETHER>(&job, panel);
                panel += TOGETHER;
            } else {
                spread_panels::<V, 1>(&job, panel);
                panel += 1;
            }
        }
    }
}

#[inline(always)]
unsafe fn spread_panels<V: Vec16, const N: usize>(job: &Job<'_>, panel: usize) {
    unsafe {
        let weights = job.weights.add(16 * job.inputs * panel);
        for r in 0..job.rows {
            let mut d = [V::splat(0.0); N];
            for p in 0..N {
                d[p] = V::load(job.out.add(r * job.width + 16 * (panel + p)));
            }
            for &i in job.indices.get_unchecked(r * job.active..(r + 1) * job.active) {
                for p in 0..N {
                    let w = weights.add(16 * (i as usize + p * job.inputs));
                    V::load(w).add(d[p]).store(w);
                }
            }
        }
    }
}
