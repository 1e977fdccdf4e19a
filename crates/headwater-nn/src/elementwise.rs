//! The loops between matrix products, written as plain Rust and compiled once per instruction set.
//!
//! Matrices here are columns `at..at + n` of rows that are `width` floats apart.
#![allow(unsafe_code)]

use crate::mlp::Activation;
use crate::vec16::Isa;

/// Compiles a function for every instruction set; the first argument of the result chooses.
///
/// Rust never contracts a multiplication and an addition, so all versions give the same bits.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name(isa: Isa, $($arg: $type),*) {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn portable($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            fn avx2($($arg: $type),*) {
                portable($($arg),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            #[allow(clippy::too_many_arguments)]
            fn avx512($($arg: $type),*) {
                portable($($arg),*);
            }
            match isa {
                // SAFETY: an `Isa` other than `Portable` comes from `Isa::detect` or `Isa::available`.
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => unsafe { avx2($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => unsafe { avx512($($arg),*) },
                _ => portable($($arg),*),
            }
        }
    };
}

multiversion! {
    /// `sum[j] += Σ_r d[r][j]`: the gradient of a bias.
    pub(crate) fn column_sums(d: &[f32], width: usize, sum: &mut [f32]) {
        for row in d.chunks(width) {
            for (s, &x) in sum.iter_mut().zip(row) {
                *s += x;
            }
        }
    }
}

multiversion! {
    /// `sum[j] += Σ_r d[r][j]` for up to 64 panels, panel p in the rows where bit p of `wanted[r]` is set.
    pub(crate) fn panel_sums(d: &[f32], width: usize, wanted: impl Iterator<Item = u64>, sum: &mut [f32]) {
        let (sum, _) = sum.as_chunks_mut::<16>();
        for (d, mut bits) in d.chunks(width).zip(wanted) {
            while bits != 0 {
                let p = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                for (s, &x) in sum[p].iter_mut().zip(&d[16 * p..16 * (p + 1)]) {
                    *s += x;
                }
            }
        }
    }
}

multiversion! {
    /// `sum[j] += Σ_r d[r][j] · x[r][j]`: the gradient of a gain.
    pub(crate) fn column_products(d: &[f32], d_width: usize, x: &[f32], x_width: usize, sum: &mut [f32]) {
        for (d, x) in d.chunks(d_width).zip(x.chunks(x_width)) {
            for (s, (&d, &x)) in sum.iter_mut().zip(d.iter().zip(x)) {
                *s += d * x;
            }
        }
    }
}

multiversion! {
    /// `sum = Σ parts`, part after part; they are `n` floats apart.
    pub(crate) fn sum_parts(parts: &[f32], n: usize, sum: &mut [f32]) {
        sum.fill(0.0);
        for part in parts.chunks(n) {
            for (s, &x) in sum.iter_mut().zip(part) {
                *s += x;
            }
        }
    }
}

/// `h = φ(z)` in place, for one row.
#[inline(always)]
fn activate(kind: Activation, h: &mut [f32]) {
    match kind {
        Activation::Relu => h.iter_mut().for_each(|x| *x = x.max(0.0)),
        Activation::LeakyRelu => h.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { 0.01 * *x }),
        Activation::Tanh => h.iter_mut().for_each(|x| *x = x.tanh()),
        Activation::Elu => h.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { x.exp_m1() }),
    }
}

/// `d *= φ′`, the derivative at the point whose value is `h`, for one row.
#[inline(always)]
fn differentiate(kind: Activation, d: &mut [f32], h: &[f32]) {
    let rows = d.iter_mut().zip(h);
    match kind {
        Activation::Relu => rows.for_each(|(d, &h)| *d = if h > 0.0 { *d } else { 0.0 }),
        Activation::LeakyRelu => rows.for_each(|(d, &h)| *d *= if h > 0.0 { 1.0 } else { 0.01 }),
        Activation::Tanh => rows.for_each(|(d, &h)| *d *= 1.0 - h * h),
        Activation::Elu => rows.for_each(|(d, &h)| *d *= if h > 0.0 { 1.0 } else { h + 1.0 }),
    }
}

/// Guards the variance of a layer whose inputs are all equal.
const EPSILON: f32 = 1e-5;

multiversion! {
    /// `h = φ(z)`, or with layer norm `x̂ = (z − mean) / σ`, `h = φ(gain · x̂ + bias)`.
    ///
    /// Each row of `tape` starts with `n` values of z, which become h. Under layer norm x̂ is written behind them,
    /// and 1/σ behind that.
    pub(crate) fn nonlinearity(
        kind: Activation,
        norm: Option<(&[f32], &[f32])>,
        n: usize,
        tape: &mut [f32],
        width: usize,
    ) {
        for row in tape.chunks_mut(width) {
            if let Some((gain, bias)) = norm {
                let (h, rest) = row.split_at_mut(n);
                let (normal, rest) = rest.split_at_mut(n);
                let mean = h.iter().sum::<f32>() / n as f32;
                let variance = h.iter().map(|&z| (z - mean) * (z - mean)).sum::<f32>() / n as f32;
                let scale = 1.0 / (variance + EPSILON).sqrt();
                rest[0] = scale;
                for j in 0..n {
                    normal[j] = (h[j] - mean) * scale;
                    h[j] = gain[j] * normal[j] + bias[j];
                }
            }
            activate(kind, &mut row[..n]);
        }
    }
}

multiversion! {
    /// The derivative of `nonlinearity`. Each row of `d` starts with `n` values of ∂/∂h, which become ∂/∂(argument
    /// of φ); under layer norm ∂/∂z is written behind them.
    pub(crate) fn nonlinearity_backward(
        kind: Activation,
        gain: Option<&[f32]>,
        n: usize,
        d: &mut [f32],
        d_width: usize,
        tape: &[f32],
        tape_width: usize,
    ) {
        for (d, tape) in d.chunks_mut(d_width).zip(tape.chunks(tape_width)) {
            differentiate(kind, &mut d[..n], &tape[..n]);
            if let Some(gain) = gain {
                let (normal, scale) = (&tape[n..2 * n], tape[2 * n]);
                let (du, dz) = d.split_at_mut(n);
                let (mut sum, mut dot) = (0.0, 0.0);
                for j in 0..n {
                    let g = gain[j] * du[j];
                    sum += g;
                    dot += g * normal[j];
                }
                let (sum, dot) = (sum / n as f32, dot / n as f32);
                for j in 0..n {
                    dz[j] = scale * (gain[j] * du[j] - sum - normal[j] * dot);
                }
            }
        }
    }
}

/// Adam's decay rate of the mean of gradients.
pub(crate) const BETA1: f32 = 0.9;
/// Adam's decay rate of the mean of squared gradients.
pub(crate) const BETA2: f32 = 0.999;
/// Guards Adam's division by the root of the second moment.
const ADAM_EPSILON: f32 = 1e-8;
/// Gradients and moments below these count as zero. They move no parameter, and where a gradient has vanished (a unit
/// that is never active) the moments would decay into numbers too small for the processor's fast path.
const LEAST_GRADIENT: f32 = 1e-17;
const LEAST_MEAN: f32 = 1e-30;
const LEAST_SQUARE: f32 = 1e-36;

multiversion! {
    /// One update of Adam with decoupled decay: `step` is the rate over the first bias correction, `root` one over
    /// the root of the second, `scale` multiplies gradients, `keep` parameters.
    pub(crate) fn adam(
        params: &mut [f32],
        grads: &[f32],
        mean: &mut [f32],
        square: &mut [f32],
        step: f32,
        root: f32,
        scale: f32,
        keep: f32,
    ) {
        let moments = mean.iter_mut().zip(square);
        for ((p, &g), (m, v)) in params.iter_mut().zip(grads).zip(moments) {
            let g = g * scale;
            let g = if g.abs() > LEAST_GRADIENT { g } else { 0.0 };
            let mean = BETA1 * *m + (1.0 - BETA1) * g;
            let square = BETA2 * *v + (1.0 - BETA2) * (g * g);
            *m = if mean.abs() > LEAST_MEAN { mean } else { 0.0 };
            *v = if square > LEAST_SQUARE { square } else { 0.0 };
            *p = *p * keep - step * *m / (v.sqrt() * root + ADAM_EPSILON);
        }
    }
}

multiversion! {
    /// Adds Σ x² to `sum`, in blocks of 1024 summed in sixteen lanes each.
    pub(crate) fn sum_of_squares(x: &[f32], sum: &mut f64) {
        for block in x.chunks(1024) {
            let (whole, rest) = block.as_chunks::<16>();
            let mut squares = [0.0f32; 16];
            for x in whole {
                for j in 0..16 {
                    squares[j] += x[j] * x[j];
                }
            }
            *sum += f64::from(squares.iter().sum::<f32>());
            *sum += f64::from(rest.iter().map(|x| x * x).sum::<f32>());
        }
    }
}
