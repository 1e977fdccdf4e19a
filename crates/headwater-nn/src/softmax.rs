//! Masked log-softmax: from logits and a mask to probabilities and a log-sum-exp, without branches per element.
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

/// The operands of `masked_softmax`, which has checked their lengths.
#[derive(Clone, Copy)]
struct Rows<'a> {
    logits: *const f32,
    stride: usize,
    n: usize,
    masks: &'a [u64],
    words: usize,
    probs: *mut f32,
    probs_stride: usize,
}

/// # Safety
/// The instruction set of `V` is enabled; there are as many rows behind the pointers as `log_sum` has elements.
#[inline(always)]
unsafe fn softmax_rows<V: Vec16>(rows: Rows<'_>, log_sum: &mut [f64]) {
    let Rows { logits, stride, n, masks, words, probs, probs_stride } = rows;
    for (r, log_sum) in log_sum.iter_mut().enumerate() {
        let mask = &masks[r * words..(r + 1) * words];
        // SAFETY: a row of logits has `n` floats, and only those are loaded; a row of probabilities has
        // `probs_stride` floats, a multiple of 16 that is at least `n`.
        unsafe {
            let (logits, probs) = (logits.add(r * stride), probs.add(r * probs_stride));
            let mut largest = V::splat(f32::NEG_INFINITY);
            for column in (0..n).step_by(16) {
                let bits = bits(mask, column, n);
                if bits == 0 {
                    continue;
                }
                let x = V::load_where(logits.add(column), bits);
                x.store(probs.add(column));
                largest = largest.max(x);
            }
            let largest = largest.largest();
            let (mut sum, shift) = (V::splat(0.0), V::splat(largest));
            for column in (0..n).step_by(16) {
                if bits(mask, column, n) == 0 {
                    continue;
                }
                let e = exp(V::load(probs.add(column)).sub(shift));
                e.store(probs.add(column));
                sum = sum.add(e);
            }
            let sum = sum.sum();
            let empty = largest == f32::NEG_INFINITY;
            let scale = V::splat(1.0 / sum);
            for column in (0..n).step_by(16) {
                if bits(mask, column, n) == 0 {
                    continue;
                }
                V::load(probs.add(column)).mul(scale).store(probs.add(column));
            }
            *log_sum = if empty { f64::NEG_INFINITY } else { f64::from(largest) + f64::from(sum).ln() };
        }
    }
}

/// Row by row: the softmax of `n` logits over those whose mask bit is set, and the log of their sum of exponentials.
///
/// A row of `logits` and one of `probs` are `stride` and `probs_stride` floats apart; `masks` has `words` words per
/// row; there are as many rows as `log_sum` has elements. Only groups of sixteen elements (from a multiple of sixteen
/// on) where some bit is set are read or written; in them, elements whose bit is not set get probability exactly 0. A
/// row without any valid element has the sum −∞. `probs_stride` is a multiple of 16 and at least `n`.
///
/// # Panics
/// If an operand is too short for its rows, or `probs_stride` is not a multiple of 16.
#[allow(clippy::too_many_arguments)]
pub fn masked_softmax(
    logits: &[f32],
    stride: usize,
    n: usize,
    masks: &[u64],
    words: usize,
    probs: &mut [f32],
    probs_stride: usize,
    log_sum: &mut [f64],
) {
    let rows = log_sum.len();
    if rows == 0 {
        return;
    }
    assert!(logits.len() >= (rows - 1) * stride + n);
    assert!(probs_stride.is_multiple_of(16) && probs_stride >= n && probs.len() >= rows * probs_stride);
    assert!(words * 64 >= n && masks.len() >= rows * words);
    let (logits, probs) = (logits.as_ptr(), probs.as_mut_ptr());
    let rows = Rows { logits, stride, n, masks, words, probs, probs_stride };
    // SAFETY: the assertions bound every access; the instruction set was detected.
    unsafe { dispatch!(Isa::detect(), softmax_rows(rows: Rows<'_>, log_sum: &mut [f64])) }
}
