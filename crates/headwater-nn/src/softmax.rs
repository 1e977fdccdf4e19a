//! Masked log-softmax: from logits and a mask to probabilities and a log-sum-exp, without branches per element.
#![allow(unsafe_code)]

use crate::elementwise::multiversion;
use crate::vec16::Isa;

/// e^x for x ≤ 0, and 0 below −87, to two units in the last place: range reduction and the polynomial of Cephes.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, the first of which has few enough bits for k·LN2_HIGH to be exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x > -87.0 { x } else { -87.0 };
    // Adding and subtracting 1.5·2²³ rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let k = (clamped * LOG2_E + ROUND) - ROUND;
    let r = (clamped - k * LN2_HIGH) - k * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5] {
        p = p * r + c;
    }
    let e = p * (r * r) + r + 1.0;
    let scaled = e * f32::from_bits((((k as i32) + 127) as u32) << 23);
    if x > -87.0 { scaled } else { 0.0 }
}

multiversion! {
    /// Row by row: the softmax of `n` logits over those whose mask bit is set, and the log of their sum of
    /// exponentials. A row of `logits` and one of `probs` are `stride` and `probs_stride` floats apart; `masks` has
    /// `words` words per row. Elements whose bit is not set get probability 0; a row without any has sum −∞.
    ///
    /// `probs_stride` is a multiple of 16 and at least `n`; elements past `n` get 0.
    fn softmax_rows(
        logits: &[f32],
        stride: usize,
        n: usize,
        masks: &[u64],
        words: usize,
        probs: &mut [f32],
        probs_stride: usize,
        log_sum: &mut [f64],
    ) {
        for (r, (probs, log_sum)) in probs.chunks_exact_mut(probs_stride).zip(log_sum).enumerate() {
            let row = &logits[r * stride..r * stride + n];
            let mask = &masks[r * words..(r + 1) * words];
            let mut max = [f32::NEG_INFINITY; 16];
            for (c, probs) in probs.as_chunks_mut::<16>().0.iter_mut().enumerate() {
                let mut x = [f32::NEG_INFINITY; 16];
                if 16 * c < n {
                    let tail = &row[16 * c..];
                    match tail.first_chunk::<16>() {
                        Some(whole) => x = *whole,
                        None => x[..tail.len()].copy_from_slice(tail),
                    }
                    let bits = (mask[c / 4] >> (16 * (c % 4))) as u32;
                    for j in 0..16 {
                        x[j] = if bits >> j & 1 == 1 { x[j] } else { f32::NEG_INFINITY };
                    }
                }
                for j in 0..16 {
                    max[j] = if x[j] > max[j] { x[j] } else { max[j] };
                }
                *probs = x;
            }
            let max = max.into_iter().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = [0.0f32; 16];
            for probs in probs.as_chunks_mut::<16>().0 {
                for j in 0..16 {
                    let e = exp(probs[j] - max);
                    probs[j] = e;
                    sum[j] += e;
                }
            }
            let sum: f32 = sum.into_iter().sum();
            if max == f32::NEG_INFINITY {
                probs.fill(0.0);
                *log_sum = f64::NEG_INFINITY;
                continue;
            }
            let scale = 1.0 / sum;
            for p in probs.iter_mut() {
                *p *= scale;
            }
            *log_sum = f64::from(max) + f64::from(sum).ln();
        }
    }
}

/// Row by row: the softmax of `n` logits over those whose mask bit is set, and the log of their sum of exponentials.
///
/// A row of `logits` and one of `probs` are `stride` and `probs_stride` floats apart; `masks` has `words` words per
/// row; there are as many rows as `log_sum` has elements. Elements whose bit is not set get probability exactly 0; a
/// row without any valid element has the sum −∞. `probs_stride` is a multiple of 16 and at least `n`; elements past
/// `n` get 0.
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
    softmax_rows(Isa::detect(), logits, stride, n, masks, words, probs, probs_stride, log_sum);
}
