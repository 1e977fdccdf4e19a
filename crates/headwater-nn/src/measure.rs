//! What the kernels reach on this machine: the peak of its multiply-add units, and each kernel at typical shapes.
#![allow(unsafe_code)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use headwater_core::Floats;

use crate::adam::Adam;
use crate::gather::{gather, scatter};
use crate::gemm::{Epilogue, Left, Out, Right, gemm, gemm_rows};
use crate::pool::Pool;
use crate::softmax::{Softmax, masked_softmax};
use crate::vec16::{Isa, Vec16, dispatch};

/// How long each measurement repeats its work; the fastest of ten parts of it counts.
const WINDOW: Duration = Duration::from_millis(40);

/// One kernel at one shape, on one thread.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelRate {
    /// Which kernel, and at what shape.
    pub name: String,
    /// Seconds per call.
    pub seconds: f64,
    /// Multiplications and additions per call; 0 where arithmetic is not what bounds the kernel.
    pub flops: f64,
    /// Bytes read or written per call at least once.
    pub bytes: f64,
}

/// Peak rate of f32 fused multiply-adds on `threads` threads at once, in FLOP/s: registers only, no memory.
pub fn peak(threads: usize) -> f64 {
    let pool = Pool::new(threads);
    let isa = Isa::detect();
    const ROUNDS: usize = 4096;
    let seconds = seconds_per_call(|| pool.run(threads, &|_| multiply_add(isa, ROUNDS)));
    (threads * ROUNDS * chains(isa) * 16 * 2) as f64 / seconds
}

/// Independent chains of multiply-adds: enough to hide their latency, few enough for the registers.
fn chains(isa: Isa) -> usize {
    if isa == Isa::Avx512 { 12 } else { 6 }
}

fn multiply_add(isa: Isa, rounds: usize) {
    // SAFETY: the kernel asks for nothing; `isa` comes from `Isa::detect`.
    unsafe {
        if chains(isa) == 12 {
            dispatch!(isa, twelve_chains(rounds: usize));
        } else {
            dispatch!(isa, six_chains(rounds: usize));
        }
    }
}

#[inline(always)]
unsafe fn six_chains<V: Vec16>(rounds: usize) {
    unsafe { run_chains::<V, 6>(rounds) }
}

#[inline(always)]
unsafe fn twelve_chains<V: Vec16>(rounds: usize) {
    unsafe { run_chains::<V, 12>(rounds) }
}

#[inline(always)]
unsafe fn run_chains<V: Vec16, const CHAINS: usize>(rounds: usize) {
    // SAFETY: the caller enables the instruction set.
    unsafe {
        let (a, b) = (V::splat(black_box(0.999)), V::splat(black_box(0.001)));
        let mut x = [b; CHAINS];
        for _ in 0..rounds {
            for x in &mut x {
                *x = x.mul_add(a, b);
            }
        }
        for x in x {
            black_box(x.elements());
        }
    }
}

/// Seconds per call of `work`: the fastest of ten windows.
fn seconds_per_call(mut work: impl FnMut()) -> f64 {
    work();
    let start = Instant::now();
    work();
    let once = start.elapsed().max(Duration::from_nanos(50));
    let calls = (WINDOW.as_secs_f64() / 10.0 / once.as_secs_f64()).ceil() as u32;
    let mut best = f64::INFINITY;
    for _ in 0..10 {
        let start = Instant::now();
        (0..calls).for_each(|_| work());
        best = best.min(start.elapsed().as_secs_f64() / f64::from(calls));
    }
    best
}

/// Every kernel at the shapes of a perceptron of `width` units, on one thread.
pub fn kernels(width: usize) -> Vec<KernelRate> {
    let mut all = Vec::new();
    for rows in [1, 2, 4, 8, 16, 32, 64, 128, 512] {
        all.push(product(rows, width));
    }
    for rows in [4, 16, 64] {
        all.push(listed_product(rows, width));
    }
    for rows in [16, 128, 512] {
        all.push(weight_gradient(rows, width));
    }
    for columns in [5, 64, 4096] {
        all.push(softmax(columns));
    }
    all.push(first_layer(width, false));
    all.push(first_layer(width, true));
    all.push(optimiser(width));
    all
}

/// Numbers in (−1, 1) without a pattern that matters.
fn numbers(n: usize) -> Floats {
    let mut x = Floats::zeros(n);
    for (i, x) in x.iter_mut().enumerate() {
        *x = ((i * 7919 % 2003) as f32 - 1001.0) / 1001.0;
    }
    x
}

fn product(rows: usize, width: usize) -> KernelRate {
    let (a, b, bias) = (numbers(rows * (width + 16)), numbers(width * width), numbers(width));
    let mut c = Floats::zeros(rows * (width + 16));
    let isa = Isa::detect();
    let seconds = seconds_per_call(|| {
        for start in (0..rows).step_by(96) {
            let m = 96.min(rows - start);
            gemm(
                isa,
                m,
                width,
                width / 16,
                Left::new(&a[start * (width + 16)..], width + 16, 1),
                Right { data: &b, rs: 16, ps: 16 * width },
                Out::new(&mut c[start * (width + 16)..], width + 16, 16),
                Epilogue::BiasRelu(&bias),
            );
        }
    });
    KernelRate {
        name: format!("product {rows}×{width} · {width}×{width}"),
        seconds,
        flops: (2 * rows * width * width) as f64,
        bytes: (4 * (2 * rows * width + width * width)) as f64,
    }
}

/// Every other row, as where a head is computed for some rows only.
fn listed_product(rows: usize, width: usize) -> KernelRate {
    let (stride, list) = (width + 16, (0..rows).map(|i| 2 * i as u32).collect::<Vec<_>>());
    let (a, b, bias) = (numbers(2 * rows * stride), numbers(width * width), numbers(width));
    let mut c = Floats::zeros(2 * rows * stride);
    let isa = Isa::detect();
    let seconds = seconds_per_call(|| {
        let right = Right { data: &b, rs: 16, ps: 16 * width };
        let (left, out) = (Left::new(&a, stride, 1), Out::new(&mut c, stride, 16));
        gemm_rows(isa, &list, width, width / 16, left, right, out, Epilogue::Bias(&bias));
    });
    KernelRate {
        name: format!("product of {rows} listed rows"),
        seconds,
        flops: (2 * rows * width * width) as f64,
        bytes: (4 * (2 * rows * width + width * width)) as f64,
    }
}

fn weight_gradient(rows: usize, width: usize) -> KernelRate {
    let (a, d) = (numbers(rows * (width + 16)), numbers(rows * (width + 16)));
    let mut c = Floats::zeros(width * width);
    let isa = Isa::detect();
    let seconds = seconds_per_call(|| {
        for (p, c) in c.chunks_exact_mut(128 * width).enumerate() {
            for start in (0..rows).step_by(128) {
                let left = Left::new(&a[start * (width + 16)..], 1, width + 16);
                let right = Right { data: &d[start * (width + 16) + 128 * p..], rs: width + 16, ps: 16 };
                let epilogue = if start == 0 { Epilogue::Store } else { Epilogue::Accumulate };
                gemm(
                    isa,
                    width,
                    128.min(rows - start),
                    8,
                    left,
                    right,
                    Out::new(c, 16, 16 * width),
                    epilogue,
                );
            }
        }
    });
    KernelRate {
        name: format!("weight gradient {width}×{rows} · {rows}×{width}"),
        seconds,
        flops: (2 * rows * width * width) as f64,
        bytes: (4 * (2 * rows * width + width * width)) as f64,
    }
}

fn softmax(columns: usize) -> KernelRate {
    const ROWS: usize = 64;
    let (stride, words) = (columns.next_multiple_of(16), columns.div_ceil(64));
    let logits = numbers(ROWS * stride);
    let masks = vec![u64::MAX; ROWS * words];
    let mut out = vec![Softmax::default(); ROWS];
    let seconds = seconds_per_call(|| {
        masked_softmax(&logits, stride, columns, &masks, words, &mut out);
    });
    KernelRate {
        name: format!("softmax {ROWS}×{columns}"),
        seconds,
        flops: 0.0,
        bytes: (4 * ROWS * columns) as f64,
    }
}

fn first_layer(width: usize, backward: bool) -> KernelRate {
    const ROWS: usize = 64;
    const ACTIVE: usize = 4;
    const COLUMNS: usize = 32;
    let indices: Vec<u32> = (0..ROWS * ACTIVE).map(|i| (i % ACTIVE * 8 + i * 31 % 8) as u32).collect();
    let mut weights = numbers(COLUMNS * width);
    let mut rows = numbers(ROWS * (width + 16));
    let bias = numbers(width);
    let isa = Isa::detect();
    let seconds = seconds_per_call(|| {
        if backward {
            scatter(isa, (&indices, ACTIVE), ROWS, &rows, width + 16, &mut weights, COLUMNS);
        } else {
            gather(isa, (&indices, ACTIVE), &weights, COLUMNS, &bias, true, ROWS, &mut rows, width + 16);
        }
    });
    KernelRate {
        name: format!("{} {ROWS} rows × {ACTIVE} columns", if backward { "scatter" } else { "gather" }),
        seconds,
        flops: 0.0,
        bytes: (4 * ROWS * width * (ACTIVE + 1)) as f64,
    }
}

fn optimiser(width: usize) -> KernelRate {
    let n = width * width;
    let (mut params, grads, mut adam) = (numbers(n), numbers(n), Adam::new(n));
    let alone = Pool::new(1);
    let seconds = seconds_per_call(|| adam.update(&alone, &mut params, &grads, 1e-3, 1.0, 0.0));
    KernelRate { name: format!("adam {n} parameters"), seconds, flops: 0.0, bytes: (28 * n) as f64 }
}
