use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_core::{BackwardHead, BitMatrix, Encoded, Encoding, Estimator, Heads, Key, RowSet, Wanted};
use proptest::prelude::*;

use crate::gather::{gather, scatter};
use crate::gemm::{Epilogue, Left, Out, Right, gemm};
use crate::transpose::transpose_panel;
use crate::{Activation, Adam, Guided, Isa, Mlp, MlpConfig, Pool, Softmax, Tabular, masked_softmax, norm};

fn random(key: Key, n: usize) -> Vec<f32> {
    (0..n).map(|i| key.fold(i as u64).normal() as f32).collect()
}

/// The product in double precision from the definition of the layouts.
#[allow(clippy::too_many_arguments)]
fn reference(
    m: usize,
    k: usize,
    panels: usize,
    (a, ars, acs): (&[f32], usize, usize),
    (b, brs, bps): (&[f32], usize, usize),
    (c, crs, cps): (&mut [f32], usize, usize),
    epilogue: Epilogue<'_>,
) {
    for i in 0..m {
        for j in 0..16 * panels {
            let (p, lane) = (j / 16, j % 16);
            let at = p * cps + i * crs + lane;
            let sum: f64 = (0..k)
                .map(|l| f64::from(a[i * ars + l * acs]) * f64::from(b[p * bps + l * brs + lane]))
                .sum();
            c[at] = match epilogue {
                Epilogue::Store => sum,
                Epilogue::Accumulate => sum + f64::from(c[at]),
                Epilogue::Bias(e) => sum + f64::from(e[j]),
                Epilogue::BiasRelu(e) => (sum + f64::from(e[j])).max(0.0),
                Epilogue::WherePositive(h) => {
                    if h[at] > 0.0 {
                        sum
                    } else {
                        0.0
                    }
                }
            } as f32;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn products_agree_with_the_definition(m in 0usize..40, k in 0usize..40, panels in 0usize..5, seed: u64, kind in 0..5) {
        let key = Key::new(seed);
        let (lda, ldc) = (k + 3, 16 * panels + 5);
        let a = random(key.fold(0), m * lda + 8);
        let b = random(key.fold(1), panels * k * 16 + 16);
        let e = random(key.fold(2), m * ldc + 16 * panels + 16);
        let start = random(key.fold(3), m * ldc + 16);
        let epilogue = match kind {
            0 => Epilogue::Store,
            1 => Epilogue::Accumulate,
            2 => Epilogue::Bias(&e),
            3 => Epilogue::BiasRelu(&e),
            _ => Epilogue::WherePositive(&e),
        };
        let mut want = start.clone();
        reference(m, k, panels, (&a, lda, 1), (&b, 16, 16 * k), (&mut want, ldc, 16), epilogue);
        for isa in Isa::available() {
            let mut got = start.clone();
            let right = Right { data: &b, rs: 16, ps: 16 * k };
            gemm(isa, m, k, panels, Left::new(&a, lda, 1), right, Out::new(&mut got, ldc, 16), epilogue);
            for (g, w) in got.iter().zip(&want) {
                prop_assert!((g - w).abs() <= 1e-5 * (1.0 + w.abs()) * (1.0 + k as f32).sqrt(), "{isa:?}: {g} {w}");
            }
        }
    }

    /// The transposed left operand of weight gradients, cut into pieces of the inner dimension.
    #[test]
    fn accumulating_pieces_gives_the_bits_of_the_whole(m in 1usize..30, k in 2usize..60, seed: u64) {
        let key = Key::new(seed);
        let (a, b) = (random(key.fold(0), k * m), random(key.fold(1), k * 32));
        for isa in Isa::available() {
            let run = |pieces: &[(usize, usize)]| {
                let mut c = vec![0.0; m * 32];
                for (n, &(from, to)) in pieces.iter().enumerate() {
                    let epilogue = if n == 0 { Epilogue::Store } else { Epilogue::Accumulate };
                    let right = Right { data: &b[from * 32..], rs: 32, ps: 16 };
                    let out = Out::new(&mut c, 16, 16 * m);
                    gemm(isa, m, to - from, 2, Left::new(&a[from * m..], 1, m), right, out, epilogue);
                }
                c
            };
            prop_assert_eq!(run(&[(0, k)]), run(&[(0, k / 2), (k / 2, k)]));
        }
    }
}

proptest! {
    /// Gathering adds the rows of the active columns; scattering is its transpose.
    #[test]
    fn one_hot_inputs_select_rows(rows in 0usize..9, active in 0usize..4, panels in 1usize..7, relu: bool, seed: u64) {
        let (key, inputs) = (Key::new(seed), 5);
        let width = 16 * panels + 3;
        let weights = random(key.fold(0), 16 * panels * inputs);
        let (bias, d) = (random(key.fold(1), 16 * panels), random(key.fold(2), rows * width));
        let indices: Vec<u32> = (0..rows * active).map(|i| key.fold(3).fold(i as u64).below(5)).collect();
        let at = |i: u32, j: usize| (j / 16 * inputs + i as usize) * 16 + j % 16;
        for isa in Isa::available() {
            let mut out = vec![7.0; rows * width];
            gather(isa, (&indices, active), &weights, inputs, &bias, relu, rows, &mut out, width);
            let mut sums = weights.clone();
            scatter(isa, (&indices, active), rows, &d, width, &mut sums, inputs);
            let mut want_sums = weights.clone();
            for r in 0..rows {
                for j in 0..16 * panels {
                    let mut want = bias[j];
                    for &i in &indices[r * active..(r + 1) * active] {
                        want += weights[at(i, j)];
                        want_sums[at(i, j)] += d[r * width + j];
                    }
                    let want = if relu { want.max(0.0) } else { want };
                    prop_assert_eq!(out[r * width + j], want);
                }
                prop_assert!(out[r * width + 16 * panels..(r + 1) * width].iter().all(|&x| x == 7.0));
            }
            prop_assert_eq!(sums, want_sums);
        }
    }
}

const ENCODING: Encoding = Encoding { columns: 12, active: 3, reals: 2, guide: 0 };

fn inputs(rows: usize, encoding: Encoding, key: Key) -> Encoded {
    let mut x = Encoded::new(encoding, rows);
    for r in 0..rows {
        let row = x.row_mut(r);
        for (i, index) in row.indices.iter_mut().enumerate() {
            *index = 4 * i as u32 + key.fold(r as u64).fold(i as u64).below(4);
        }
        for (i, real) in row.reals.iter_mut().enumerate() {
            *real = key.fold(r as u64).fold(100 + i as u64).normal() as f32;
        }
    }
    x
}

fn config(activation: Activation, layer_norm: bool) -> MlpConfig {
    MlpConfig { width: 32, depth: 3, activation, layer_norm }
}

fn mlp(config: &MlpConfig, encoding: Encoding, own: bool, threads: usize) -> Mlp {
    let backward = if own { BackwardHead::Own } else { BackwardHead::Shared };
    let heads = Heads::new(5, backward, true);
    let pool = Arc::new(Pool::new(threads));
    Mlp::new(config, encoding, heads, pool, Key::new(3)).unwrap()
}

/// The network in double precision, straight from the definition, reading tensors by name.
fn scalar_forward(
    net: &Mlp,
    params: &[f64],
    config: &MlpConfig,
    x: &Encoded,
    r: usize,
    trunk: &str,
) -> Vec<f64> {
    let tensor = |name: String| {
        let t = net.params().tensors.iter().find(|t| t.name == name);
        t.map(|t| (&params[t.at..t.at + t.len()], t.shape.clone()))
    };
    let mut h = vec![0.0; x.encoding().width()];
    x.indices(r).iter().for_each(|&i| h[i as usize] = 1.0);
    let columns = x.encoding().columns;
    x.reals(r).iter().enumerate().for_each(|(i, &v)| h[columns + i] = f64::from(v));
    for layer in (0..config.depth).map(|l| l.to_string()).chain(["head".to_owned()]) {
        let (w, shape) = tensor(format!("{trunk}.{layer}.weight")).unwrap();
        let (b, _) = tensor(format!("{trunk}.{layer}.bias")).unwrap();
        let gain = tensor(format!("{trunk}.{layer}.gain"));
        let mut z: Vec<f64> = (0..shape[0] * 16)
            .map(|j| (0..shape[1]).map(|i| h[i] * w[((j / 16) * shape[1] + i) * 16 + j % 16]).sum())
            .collect();
        if let Some((gain, _)) = gain {
            let mean = z.iter().sum::<f64>() / z.len() as f64;
            let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / z.len() as f64;
            z.iter_mut().zip(gain).for_each(|(z, g)| *z = (*z - mean) / (variance + 1e-5).sqrt() * g);
        }
        z.iter_mut().zip(b).for_each(|(z, b)| *z += b);
        if layer != "head" {
            z.iter_mut().for_each(|z| {
                *z = match config.activation {
                    Activation::Relu => z.max(0.0),
                    Activation::LeakyRelu => {
                        if *z > 0.0 {
                            *z
                        } else {
                            0.01 * *z
                        }
                    }
                    Activation::Tanh => z.tanh(),
                    Activation::Elu => {
                        if *z > 0.0 {
                            *z
                        } else {
                            z.exp_m1()
                        }
                    }
                }
            });
        }
        h = z;
    }
    h
}

/// Columns of the output row in use, each with the trunk and the head column that write it.
fn columns(heads: Heads, own: bool) -> Vec<(usize, &'static str, usize)> {
    let front = heads.flow.unwrap() + 1;
    let back = heads.backward.unwrap();
    let mut all: Vec<_> = (0..front).map(|c| (c, "trunk", c)).collect();
    all.extend(
        (back..back + heads.n_actions).map(|c| if own { (c, "backward", c - back) } else { (c, "trunk", c) }),
    );
    all
}

#[test]
fn networks_and_their_gradients_agree_with_double_precision() {
    let activations = [Activation::Relu, Activation::LeakyRelu, Activation::Tanh, Activation::Elu];
    for (case, activation) in activations.into_iter().enumerate() {
        for (layer_norm, own) in [(false, false), (true, false), (false, true)] {
            for encoding in [ENCODING, Encoding::one_hot(12, 3), Encoding::dense(4)] {
                let config = config(activation, layer_norm);
                check_gradient(&config, encoding, own, Key::new(case as u64));
            }
        }
    }
}

fn check_gradient(config: &MlpConfig, encoding: Encoding, own: bool, key: Key) {
    let rows = 7;
    let mut net = mlp(config, encoding, own, 1);
    // Random biases and gains, so that no derivative is trivial; heads as large as the rest.
    net.update(&mut |p| {
        for (i, x) in p.data.iter_mut().enumerate() {
            *x += 0.1 * key.fold(i as u64).normal() as f32;
        }
    });
    let heads = net.heads();
    let x = inputs(rows, encoding, key);
    let (mut out, mut tape) = (vec![0.0; rows * heads.stride], vec![0.0; rows * net.tape_width()]);
    net.forward(&x, 0..rows, Wanted::All, &mut out, &mut tape);
    let params: Vec<f64> = net.params().data.iter().map(|&p| f64::from(p)).collect();
    let used = columns(heads, own);
    let mut d_out = vec![0.0; out.len()];
    for r in 0..rows {
        for &(c, trunk, at) in &used {
            let want = scalar_forward(&net, &params, config, &x, r, trunk)[at];
            let got = f64::from(out[r * heads.stride + c]);
            assert!(
                (got - want).abs() < 1e-5 * (1.0 + want.abs()),
                "{config:?} row {r} column {c}: {got} {want}"
            );
            d_out[r * heads.stride + c] = key.fold(7).fold((r * 100 + c) as u64).normal() as f32;
        }
    }
    let mut grads = vec![f32::NAN; params.len()];
    net.backward(&x, rows, Wanted::All, &d_out, &tape, &mut grads);
    let loss = |params: &[f64]| -> f64 {
        let row = |r: usize| {
            let both = ["trunk", "backward"].map(|t| {
                if t == "trunk" || own { scalar_forward(&net, params, config, &x, r, t) } else { Vec::new() }
            });
            used.iter()
                .map(|&(c, t, at)| {
                    f64::from(d_out[r * heads.stride + c]) * both[usize::from(t != "trunk")][at]
                })
                .sum::<f64>()
        };
        (0..rows).map(row).sum()
    };
    for i in (0..params.len()).step_by(params.len() / 60) {
        let h = 1e-6;
        let (mut plus, mut minus) = (params.clone(), params.clone());
        plus[i] += h;
        minus[i] -= h;
        let want = (loss(&plus) - loss(&minus)) / (2.0 * h);
        let got = f64::from(grads[i]);
        assert!(
            (got - want).abs() < 2e-4 * (1.0 + want.abs()),
            "{config:?} {encoding:?} own {own} #{i}: {got} {want}"
        );
    }
}

#[test]
fn bits_depend_neither_on_threads_nor_on_neighbours() {
    let config = MlpConfig { width: 64, depth: 2, activation: Activation::Relu, layer_norm: false };
    let rows = 301;
    let x = inputs(rows, ENCODING, Key::new(5));
    let run = |threads: usize, cut: usize| {
        let mut net = mlp(&config, ENCODING, false, threads);
        let (stride, width) = (net.heads().stride, net.tape_width());
        let (mut out, mut tape) = (vec![0.0; rows * stride], vec![0.0; rows * width]);
        for (from, to) in [(0, cut), (cut, rows)] {
            net.forward(
                &x,
                from..to,
                Wanted::All,
                &mut out[from * stride..to * stride],
                &mut tape[from * width..to * width],
            );
        }
        let d_out: Vec<f32> =
            (0..out.len()).map(|i| if i % stride < 12 { out[i] - 0.3 } else { 0.0 }).collect();
        let mut grads = vec![0.0; net.params().data.len()];
        net.backward(&x, rows, Wanted::All, &d_out, &tape, &mut grads);
        (out, grads)
    };
    let one = run(1, 0);
    for (threads, cut) in [(1, 13), (2, 150), (4, 1), (7, 300)] {
        assert!(run(threads, cut) == one, "{threads} threads, cut at {cut}");
    }
}

/// Rows that want a tenth of 40 panels, some of them in runs: what is wanted has the bits of the dense products, and so
/// does the gradient, where the rest is zero there and anything here.
#[test]
fn wanted_panels_have_the_bits_of_all_of_them() {
    let heads = Heads::new(300, BackwardHead::Shared, true);
    let panels = heads.stride / 16;
    for (own, rows) in [(false, 301), (false, 3), (true, 70)] {
        let heads = if own { Heads::new(300, BackwardHead::Own, true) } else { heads };
        let key = Key::new(rows as u64);
        let mut wanted = BitMatrix::new(rows, heads.stride / 16);
        for r in 0..rows {
            for p in 0..panels {
                let run = key.fold(r as u64 % 7).fold(p as u64 / 8).below(20) == 0;
                if run || key.fold(9).fold(r as u64).fold(p as u64).below(12) == 0 {
                    wanted.row_mut(r).set(p);
                }
            }
        }
        let config = MlpConfig { width: 64, depth: 2, activation: Activation::Relu, layer_norm: false };
        let x = inputs(rows, ENCODING, key);
        let run = |isa: Isa, threads: usize, wanted: Option<&BitMatrix>, zero: f32, mask: &BitMatrix| {
            let pool = Arc::new(Pool::new(threads));
            let net = Mlp::new(&config, ENCODING, heads, pool, Key::new(3)).unwrap();
            let mut net = net.with_isa(isa);
            let (mut out, mut tape) = (vec![0.0; rows * heads.stride], vec![0.0; rows * net.tape_width()]);
            let wanted = wanted.map_or(Wanted::All, Wanted::Panels);
            net.forward(&x, 0..rows, wanted, &mut out, &mut tape);
            let mut d_out = out.clone();
            for (i, d) in d_out.iter_mut().enumerate() {
                let (r, p) = (i / heads.stride, i % heads.stride / 16);
                // Products with tiny gradients round to zeroes of either sign.
                let scale = if i % 5 == 0 { 1e-38 } else { 1.0 };
                *d = if mask.get(r, p) { (*d - 0.3) * scale } else { zero };
            }
            out.iter_mut().enumerate().for_each(|(i, x)| {
                let (r, p) = (i / heads.stride, i % heads.stride / 16);
                *x = if mask.get(r, p) { *x } else { 0.0 };
            });
            let mut grads = vec![f32::NAN; net.params().data.len()];
            net.backward(&x, rows, wanted, &d_out, &tape, &mut grads);
            let bits = |x: Vec<f32>| x.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            (bits(out), bits(grads))
        };
        for isa in Isa::available() {
            let dense = run(isa, 1, None, 0.0, &wanted);
            for threads in [1, 2, 5] {
                let some = run(isa, threads, Some(&wanted), f32::NAN, &wanted);
                assert!(some == dense, "{isa:?}, {threads} threads, {rows} rows, own {own}");
            }
        }
    }
}

#[test]
fn words_are_transposed() {
    let key = Key::new(4);
    let words: [u64; 64] = std::array::from_fn(|i| key.fold(i as u64).bits());
    let mut turned = words;
    crate::panels::transpose(&mut turned);
    for i in 0..64 {
        assert!((0..64).all(|j| turned[j] >> i & 1 == words[i] >> j & 1), "{i}");
    }
}

#[test]
fn tables_hand_out_and_collect_rows_by_state() {
    let encoding = Encoding::one_hot(12, 3);
    let x = inputs(40, encoding, Key::new(1));
    let mut states = RowSet::new(encoding, 4);
    let ids: Vec<usize> = (0..40).map(|r| states.intern(&x, r).0 as usize).collect();
    assert!(states.len() < 40, "the test wants repeated states");
    // Rows of two panels, in which state s has column 0 and, if it is even, column 20.
    let columns = |s: usize, columns: &mut Vec<u32>| columns.extend([0, 20].into_iter().take(2 - s % 2));
    let n = states.len();
    let mut table = Tabular::new(states, Heads::new(20, BackwardHead::None, false), columns);
    assert_eq!(table.params().data.len(), n + n.div_ceil(2), "no entry without a column");
    table.update(&mut |p| p.data.iter_mut().enumerate().for_each(|(i, v)| *v = 1.0 + i as f32));
    let entry = |s: usize| s + s.div_ceil(2);
    let mut out = vec![7.0; 40 * 32];
    table.forward(&x, 0..40, Wanted::All, &mut out, &mut []);
    for (row, &s) in out.chunks(32).zip(&ids) {
        let second = if s % 2 == 0 { 2.0 + entry(s) as f32 } else { 0.0 };
        assert_eq!((row[0], row[20]), (1.0 + entry(s) as f32, second));
        assert!(row.iter().enumerate().all(|(c, &v)| c == 0 || c == 20 || v == 0.0));
    }
    let mut grads = vec![9.0; table.params().data.len()];
    table.backward(&x, 40, Wanted::All, &vec![1.0; 40 * 32], &[], &mut grads);
    let seen = |s: usize| ids.iter().filter(|&&i| i == s).count() as f32;
    for s in 0..n {
        assert!(grads[entry(s)..entry(s + 1)].iter().all(|&g| g == seen(s)), "{s}");
    }
    // What is not wanted counts as zero.
    let mut wanted = BitMatrix::new(40, 2);
    (0..40).for_each(|r| wanted.row_mut(r).set(1));
    table.backward(&x, 40, Wanted::Panels(&wanted), &vec![1.0; 40 * 32], &[], &mut grads);
    for s in 0..n {
        assert_eq!(grads[entry(s)], 0.0);
        assert!(s % 2 == 1 || grads[entry(s) + 1] == seen(s));
    }
}

#[test]
fn a_trunk_of_its_own_writes_every_backward_column() {
    let encoding = Encoding::one_hot(12, 3);
    let x = inputs(5, encoding, Key::new(1));
    let config = MlpConfig { width: 16, depth: 1, activation: Activation::Relu, layer_norm: false };
    let kinds = [BackwardHead::None, BackwardHead::Shared, BackwardHead::Own];
    for n in [1, 3, 14, 15, 16, 40] {
        for (backward, flow) in kinds.into_iter().flat_map(|b| [(b, false), (b, true)]) {
            let heads = Heads::new(n, backward, flow);
            assert_eq!(heads.backward.is_some(), backward != BackwardHead::None);
            assert!(heads.shared().backward_head != BackwardHead::Own);
            let net = Mlp::new(&config, encoding, heads, Arc::new(Pool::new(1)), Key::new(2)).unwrap();
            let own = net.params().tensors.iter().any(|t| t.name.starts_with("backward."));
            assert_eq!(own, backward == BackwardHead::Own);
            let mut out = vec![f32::NAN; 5 * heads.stride];
            net.forward(&x, 0..5, Wanted::All, &mut out, &mut vec![0.0; 5 * net.tape_width()]);
            for row in out.chunks(heads.stride) {
                let backward = heads.backward.into_iter().flat_map(|at| at..at + n);
                let columns: Vec<usize> = (0..=n).chain(heads.flow).chain(backward).collect();
                assert!(columns.iter().all(|&c| row[c].is_finite()), "{heads:?}: {row:?}");
                let distinct: std::collections::HashSet<usize> = columns.iter().copied().collect();
                assert_eq!(distinct.len(), columns.len(), "{heads:?}");
            }
        }
    }
}

/// Two updates by hand: with g = 0.5 and rate 0.1, the first moves by exactly the rate; decay multiplies by 1 − 0.1·0.2.
#[test]
fn adam_takes_the_textbook_steps() {
    let (mut p, mut adam) = (vec![1.0f32], Adam::new(1));
    let pool = Pool::new(1);
    adam.update(&pool, &mut p, &[1.0], 0.1, 0.5, 0.2);
    assert!((p[0] - (0.98 - 0.1)).abs() < 1e-6, "{p:?}");
    assert!((adam.mean[0] - 0.05).abs() < 1e-7 && (adam.square[0] - 0.00025).abs() < 1e-8);
    adam.update(&pool, &mut p, &[-0.5], 0.1, 1.0, 0.0);
    // m = .9·.05 − .1·.5 = −.005, v = .999·.00025 + .001·.25; corrected by .19 and .001999.
    let step = 0.1 * (-0.005 / 0.19) / ((0.000_499_75_f64 / 0.001_999).sqrt());
    assert!((f64::from(p[0]) - (0.88 - step)).abs() < 1e-6, "{p:?} {step}");
}

#[test]
fn norms_of_any_length() {
    for n in [0, 1, 15, 16, 1023, 1024, 1025, 5000] {
        let x = random(Key::new(n as u64), n);
        let want = x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        assert!((norm(&x) - want).abs() <= 1e-6 * want, "{n}");
    }
    assert_eq!(norm(&[3.0, 4.0]), 5.0);
    assert!(norm(&[1.0, f32::NAN]).is_nan());
}

#[test]
fn pools_run_every_item_once_and_pass_panics_on() {
    let pool = Pool::new(4);
    for items in [0, 1, 2, 100, 1000] {
        let hits: Vec<_> = (0..items).map(|_| AtomicUsize::new(0)).collect();
        pool.run(items, &|i| {
            hits[i].fetch_add(1, Ordering::Relaxed);
        });
        assert!(hits.iter().all(|h| h.load(Ordering::Relaxed) == 1), "{items}");
    }
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pool.run(64, &|i| assert!(i != 40, "item 40"));
    }));
    assert!(caught.is_err());
    let sum = AtomicUsize::new(0);
    pool.run(10, &|i| {
        sum.fetch_add(i, Ordering::Relaxed);
    });
    assert_eq!(sum.into_inner(), 45, "the pool lives on after a panic");
}

proptest! {
    #[test]
    fn softmax_agrees_with_double_precision(n in 1usize..200, rows in 0usize..4, spread in 0.0f32..60.0, seed: u64) {
        let key = Key::new(seed);
        let (stride, words) = (n + 3, n.div_ceil(64));
        let logits: Vec<f32> = random(key, rows * stride).iter().map(|x| x * spread).collect();
        let masks: Vec<u64> = (0..rows * words).map(|i| key.fold(1).fold(i as u64).bits()).collect();
        let valid = |r: usize, j: usize| masks[r * words + j / 64] >> (j % 64) & 1 == 1;
        let mut softmax = vec![Softmax::default(); rows];
        masked_softmax(&logits, stride, n, &masks, words, &mut softmax);
        for r in 0..rows {
            let x = |j: usize| f64::from(logits[r * stride + j]);
            let max = (0..n).filter(|&j| valid(r, j)).map(x).fold(f64::NEG_INFINITY, f64::max);
            let want = max + (0..n).filter(|&j| valid(r, j)).map(|j| (x(j) - max).exp()).sum::<f64>().ln();
            let (softmax, mask) = (softmax[r], &masks[r * words..(r + 1) * words]);
            let row = &logits[r * stride..r * stride + n];
            if max == f64::NEG_INFINITY {
                prop_assert_eq!(softmax.log_sum, max);
                prop_assert_eq!(softmax.draw(row, mask, 0.5), None);
                continue;
            }
            prop_assert!((softmax.log_sum - want).abs() < 2e-6, "{} {want}", softmax.log_sum);
            let mut d = vec![0.0; n];
            softmax.pull(row, mask, 1.0, &mut d);
            let mut sum = 0.0;
            for j in 0..n {
                let p = f64::from(d[j]);
                let want = if valid(r, j) { (x(j) - want).exp() } else { 0.0 };
                // The difference of two logits is rounded to single precision before it is exponentiated.
                let rounding = if want > 0.0 { 6e-8 * (x(j) - max).abs() } else { 0.0 };
                prop_assert!((p - want).abs() <= (2e-6 + rounding) * want + 1e-37, "{j}: {p} {want}");
                prop_assert!(want > 0.0 || p == 0.0);
                if valid(r, j) {
                    prop_assert!((f64::from(softmax.probability(row[j])) - p).abs() <= 1e-6 * p + 1e-37);
                    // A number within the column's share of the unit interval draws the column.
                    if p > 1e-4 {
                        prop_assert_eq!(softmax.draw(row, mask, sum + 0.5 * p), Some(j));
                    }
                }
                sum += p;
            }
            let last = softmax.draw(row, mask, 1.5);
            prop_assert_eq!(last, (0..n).rfind(|&j| d[j] > 0.0));
        }
    }
}

#[test]
fn transposed_panels_hold_the_columns() {
    let (inputs, panels) = (48, 3);
    let from = random(Key::new(2), 16 * inputs * panels);
    for isa in Isa::available() {
        for q in 0..inputs / 16 {
            let mut to = vec![0.0; 256 * panels];
            transpose_panel(isa, &from, inputs, q, &mut to);
            for (i, x) in to.iter().enumerate() {
                let (output, input) = (i / 16, 16 * q + i % 16);
                assert_eq!(*x, from[(output / 16 * inputs + input) * 16 + output % 16], "{isa:?}");
            }
        }
    }
}

#[test]
fn guides_are_added_to_forward_logits_only() {
    let inner = |encoding| mlp(&config(Activation::Relu, false), encoding, false, 1);
    let heads = inner(ENCODING).heads();
    let mut x = inputs(3, ENCODING.guided(5), Key::new(1));
    for (r, a) in (0..3).flat_map(|r| (0..5).map(move |a| (r, a))) {
        x.guide_mut(r)[a] = (10 * r + a) as f32;
    }
    let guided = Guided::new(Box::new(inner(x.encoding())));
    let plain = inputs(3, ENCODING, Key::new(1));
    let [mut with, mut without] = [(); 2].map(|()| vec![0.0; 2 * heads.stride]);
    let mut tape = vec![0.0; 2 * guided.tape_width()];
    guided.forward(&x, 1..3, Wanted::All, &mut with, &mut tape);
    inner(ENCODING).forward(&plain, 1..3, Wanted::All, &mut without, &mut tape);
    for (i, (with, without)) in with.iter().zip(&without).enumerate() {
        let (row, column) = (1 + i / heads.stride, i % heads.stride);
        let guide = if column < 5 { (10 * row + column) as f32 } else { 0.0 };
        assert_eq!(*with, without + guide, "row {row}, column {column}");
    }
}

/// A unit that is never active has no gradient; its moments must not decay into numbers that the processor is slow at.
#[test]
fn moments_without_gradients_become_zero() {
    let pool = Pool::new(1);
    let (mut p, mut adam) = (vec![1.0f32; 3], Adam::new(3));
    adam.update(&pool, &mut p, &[1.0, -1e-3, 1e-25], 1e-3, 1.0, 0.0);
    for _ in 0..2_000 {
        adam.update(&pool, &mut p, &[0.0; 3], 1e-3, 1.0, 0.0);
        assert!(adam.mean.iter().chain(adam.square.iter()).all(|x| *x == 0.0 || x.is_normal()), "{adam:?}");
    }
    assert_eq!(*adam.mean, [0.0; 3]);
    assert!(adam.square[0] > 0.0 && p.iter().all(|p| p.is_finite()));
}
