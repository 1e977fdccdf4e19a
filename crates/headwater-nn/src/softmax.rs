//! Masked softmax: from logits and a mask to a log-sum-exp, draws and gradients, without branches per element.
//!
//! Probabilities are not stored, but for the first sixteen: with thousands of labels that would cost more than to
//! exponentiate anew. Groups of sixteen columns without a valid one are skipped.
#![allow(unsafe_code)]

use crate::vec16::{Isa, Vec16, dispatch};

/// e^x for x ≤ 0, and 0 below −87, to two units in the last place: range reduction and the polynomial of Cephes.
#[inline(always)]
unsafe fn exp<V: Vec16>(x: V) -> V {
    const LEAST: f32 = -87.0;
    // ln 2 in two parts, the first of which has few enough bits for k·LN2_HIGH to be exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5·2²³ rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    // SAFETY: the caller has enabled the instruction set of `V`.
    unsafe {
        let least = V::splat(LEAST);
        let clamped = x.max(least);
        let k = clamped.mul_add(V::splat(std::f32::consts::LOG2_E), V::splat(ROUND)).sub(V::splat(ROUND));
        let r = k.mul_add(V::splat(-LN2_LOW), k.mul_add(V::splat(-LN2_HIGH), clamped));
        let mut p = V::splat(1.987_569_1e-4);
        for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5] {
            p = p.mul_add(r, V::splat(c));
        }
        let e = p.mul_add(r.mul(r), r).add(V::splat(1.0));
        e.mul(k.power_of_two()).where_positive(x.sub(least))
    }
}

/// Bits of a mask that belong to sixteen columns from `column` on, of `n` columns.
#[inline(always)]
fn bits(mask: &[u64], column: usize, n: usize) -> u16 {
    let bits = (mask[column / 64] >> (column % 64)) as u16;
    if n - column < 16 { bits & ((1 << (n - column)) - 1) } else { bits }
}

/// What turns a row of logits into probabilities over its valid columns: p = scale · exp(x − shift).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Softmax {
    shift: f32,
    scale: f32,
    /// The log of the sum of exponentials; −∞ where nothing is valid.
    pub log_sum: f64,
    /// Probabilities of the first sixteen columns, 0 where invalid: all there are in many an environment.
    first: [f32; 16],
}

/// The first columns of the groups of sixteen that have a valid column, with their bits.
#[inline(always)]
fn groups(mask: &[u64], n: usize) -> impl Iterator<Item = (usize, u16)> {
    (0..n).step_by(16).map(move |column| (column, bits(mask, column, n))).filter(|&(_, bits)| bits != 0)
}

impl Softmax {
    /// Probabilities of the sixteen columns from `logits` on, 0 where invalid.
    ///
    /// # Safety
    /// The instruction set of `V` is enabled; the floats whose bit is set are readable.
    #[inline(always)]
    unsafe fn group<V: Vec16>(&self, logits: *const f32, bits: u16) -> V {
        // SAFETY: the caller's promise.
        unsafe { exp(V::load_where(logits, bits).sub(V::splat(self.shift))).mul(V::splat(self.scale)) }
    }

    /// The probability of a valid column whose logit is `x`.
    pub fn probability(&self, x: f32) -> f32 {
        // SAFETY: arrays need no instruction set, and the sixteen floats are there.
        unsafe { self.group::<[f32; 16]>([x; 16].as_ptr(), 1).elements()[0] }
    }

    /// Draws a column of `logits` among those whose mask bit is set: the one at which the running sum of
    /// probabilities exceeds `u`; the last of positive probability if rounding keeps the sum below it. `None` if there
    /// is none. Sixteen probabilities are summed at a time, by halves.
    ///
    /// # Panics
    /// If the mask is too short.
    pub fn draw(&self, logits: &[f32], mask: &[u64], u: f64) -> Option<usize> {
        assert!(64 * mask.len() >= logits.len());
        let mut drawn = None;
        if logits.len() <= 16 {
            find(&self.first, u, 0.0, 0, &mut drawn);
            return drawn;
        }
        let (softmax, isa) = (self, Isa::detect());
        let out = &mut drawn;
        // SAFETY: the logits are as many as the kernel says there are; the instruction set was detected.
        unsafe {
            dispatch!(
                isa,
                draw(softmax: &Softmax, logits: &[f32], mask: &[u64], u: f64, out: &mut Option<usize>)
            );
        }
        drawn
    }

    /// `d += a · p` in the groups of sixteen columns with a valid one: with a = ∂/∂(log-sum-exp), its part of the
    /// gradient by the logits. Rounded after the product and after the sum.
    ///
    /// # Panics
    /// If the mask is too short, or `d` has another length than `logits`.
    pub fn pull(&self, logits: &[f32], mask: &[u64], a: f32, d: &mut [f32]) {
        assert!(64 * mask.len() >= logits.len() && d.len() == logits.len());
        if logits.len() <= 16 {
            for (d, p) in d.iter_mut().zip(&self.first) {
                *d += a * p;
            }
            return;
        }
        let (softmax, isa) = (self, Isa::detect());
        // SAFETY: there are as many gradients as logits; the instruction set was detected.
        unsafe {
            dispatch!(isa, pull(softmax: &Softmax, logits: &[f32], mask: &[u64], a: f32, d: &mut [f32]));
        }
    }
}

/// # Safety
/// The instruction set of `V` is enabled; `mask` has a bit for every logit.
#[inline(always)]
unsafe fn draw<V: Vec16>(softmax: &Softmax, logits: &[f32], mask: &[u64], u: f64, out: &mut Option<usize>) {
    let (mut sum, mut last) = (0.0, None);
    for (column, bits) in groups(mask, logits.len()) {
        // SAFETY: only floats whose bit is set are read, and no bit from `logits.len()` on is.
        let p = unsafe { softmax.group::<V>(logits.as_ptr().wrapping_add(column), bits) };
        let here = f64::from(unsafe { p.sum() });
        if here > 0.0 {
            last = Some((column, p, sum));
            if u < sum + here {
                break;
            }
            sum += here;
        }
    }
    if let Some((column, p, sum)) = last {
        find(&unsafe { p.elements() }, u, sum, column, out);
    }
}

/// The column among sixteen from `column` on at which the sum, which is `sum` before them, exceeds `u`; the last of
/// positive probability if none does.
#[inline(always)]
fn find(p: &[f32; 16], u: f64, mut sum: f64, column: usize, out: &mut Option<usize>) {
    for (i, &p) in p.iter().enumerate() {
        if p > 0.0 {
            sum += f64::from(p);
            *out = Some(column + i);
            if u < sum {
                break;
            }
        }
    }
}

/// # Safety
/// The instruction set of `V` is enabled; `mask` has a bit for every logit, and `d` is as long as `logits`.
#[inline(always)]
unsafe fn pull<V: Vec16>(softmax: &Softmax, logits: &[f32], mask: &[u64], a: f32, d: &mut [f32]) {
    let n = logits.len();
    for (column, bits) in groups(mask, n) {
        // SAFETY: only logits whose bit is set are read; sixteen gradients are only where as many columns are left.
        unsafe {
            let p = if column == 0 {
                V::load(softmax.first.as_ptr())
            } else {
                softmax.group::<V>(logits.as_ptr().wrapping_add(column), bits)
            };
            let change = p.mul(V::splat(a));
            if column + 16 <= n {
                let d = d.as_mut_ptr().add(column);
                V::load(d).add(change).store(d);
            } else {
                for (d, change) in d[column..].iter_mut().zip(change.elements()) {
                    *d += change;
                }
            }
        }
    }
}

/// The operands of `masked_softmax`, which has checked their lengths.
#[derive(Clone, Copy)]
struct Rows<'a> {
    logits: *const f32,
    stride: usize,
    n: usize,
    masks: &'a [u64],
    words: usize,
}

/// # Safety
/// The instruction set of `V` is enabled; there are as many rows behind the pointer as `out` has elements.
#[inline(always)]
unsafe fn softmax_rows<V: Vec16>(rows: Rows<'_>, out: &mut [Softmax]) {
    let Rows { logits, stride, n, masks, words } = rows;
    for (r, out) in out.iter_mut().enumerate() {
        let mask = &masks[r * words..(r + 1) * words];
        // SAFETY: a row of logits has `n` floats, and only those whose bit is set are loaded.
        unsafe {
            let logits = logits.add(r * stride);
            let mut largest = V::splat(f32::NEG_INFINITY);
            for (column, bits) in groups(mask, n) {
                largest = largest.max(V::load_where(logits.add(column), bits));
            }
            let shift = largest.largest();
            let (mut sum, mut first) = (V::splat(0.0), V::splat(0.0));
            for (column, bits) in groups(mask, n) {
                let e = exp(V::load_where(logits.add(column), bits).sub(V::splat(shift)));
                first = if column == 0 { e } else { first };
                sum = sum.add(e);
            }
            let sum = sum.sum();
            let empty = shift == f32::NEG_INFINITY;
            let log_sum = if empty { f64::NEG_INFINITY } else { f64::from(shift) + f64::from(sum).ln() };
            let scale = if empty { 0.0 } else { 1.0 / sum };
            *out = Softmax { shift, scale, log_sum, first: first.mul(V::splat(scale)).elements() };
        }
    }
}

/// Row by row: the softmax of `n` logits over those whose mask bit is set.
///
/// Rows of `logits` are `stride` floats apart; `masks` has `words` words per row; there are as many rows as `out` has
/// elements. Logits are read only where their bit is set.
///
/// # Panics
/// If an operand is too short for its rows.
pub fn masked_softmax(
    logits: &[f32],
    stride: usize,
    n: usize,
    masks: &[u64],
    words: usize,
    out: &mut [Softmax],
) {
    let rows = out.len();
    if rows == 0 {
        return;
    }
    assert!(logits.len() >= (rows - 1) * stride + n);
    assert!(words * 64 >= n && masks.len() >= rows * words);
    let rows = Rows { logits: logits.as_ptr(), stride, n, masks, words };
    // SAFETY: the assertions bound every access; the instruction set was detected.
    unsafe { dispatch!(Isa::detect(), softmax_rows(rows: Rows<'_>, out: &mut [Softmax])) }
}
