//! Methods that claim to sample the target do so.

use headwater_core::Key;
use headwater_core::settings::Value;
use headwater_rivals::methods;

use crate::support::{Space, learns};

/// How many standard deviations a χ² of `counts` against `p` is above its mean, by the cube root of Wilson and Hilferty.
/// Cells that expect fewer than eight are one; if that expects fewer too, another takes it in, since the χ² of a cell of
/// which nothing is expected has a long tail.
fn chi_squared(counts: &[u64], p: &[f64]) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    let of = |(&count, &p): (&u64, &f64)| {
        assert!(p > 0.0 || count == 0, "what is impossible happened {count} times");
        (count as f64, n * p)
    };
    let (mut cells, few): (Vec<_>, Vec<_>) = counts.iter().zip(p).map(of).partition(|&(_, due)| due >= 8.0);
    let rest = few.iter().fold((0.0, 0.0), |rest, cell| (rest.0 + cell.0, rest.1 + cell.1));
    match cells.last_mut() {
        Some(last) if rest.1 < 8.0 => *last = (last.0 + rest.0, last.1 + rest.1),
        _ => cells.push(rest),
    }
    if cells.len() < 2 {
        return 0.0;
    }
    let free = (cells.len() - 1) as f64;
    let sum: f64 = cells.iter().map(|(seen, due)| (seen - due).powi(2) / due).sum();
    let v = 2.0 / (9.0 * free);
    ((sum / free).cbrt() - 1.0 + v) / v.sqrt()
}

/// Chains of one method are independent: where all of them are after some rounds is a sample of as many independent
/// draws, so that no effective sample size is needed. Each space fails by chance once in 10⁹ times.
#[test]
fn chains_end_where_the_target_says() {
    let settings = [
        ("chains", Value::Int(1024)),
        ("batch", Value::Int(1024)),
        ("levels", Value::Int(3)),
        ("steps", Value::Real(3.0)),
        ("adapt", Value::Int(50)),
    ];
    for space in Space::all(70) {
        for m in methods().iter().filter(|m| m.samples_target && !learns(m)) {
            let mut method = space.method(m, &settings, Key::new(21));
            for _ in 0..200 {
                method.round(&mut |_| ()).unwrap();
            }
            let mut counts = vec![0; space.objects.len()];
            method
                .round(&mut |f| f.lanes.iter().for_each(|&lane| counts[space.at(f.sim, lane).0] += 1))
                .unwrap();
            assert_eq!(counts.iter().sum::<u64>(), 1024);
            let z = chi_squared(&counts, &space.target());
            assert!(z < 6.0, "{} on {}: {z:.1} deviations", m.entry.name, space.name);
        }
    }
}

/// One long run of few chains: its histogram is at most three times as far from the target as that of independent draws
/// a quarter as many as the trace of log R is worth, which need not be the slowest to mix. In a space of two objects that
/// is 4.8 standard deviations, exceeded by chance once in 600,000 times, and in larger ones more.
#[test]
fn long_runs_have_the_histogram_of_the_target() {
    for space in Space::all(70) {
        for m in methods().iter().filter(|m| m.samples_target && !learns(m)) {
            let mut method = space.method(m, &[("chains", Value::Int(16))], Key::new(22));
            let mut counts = vec![0u64; space.objects.len()];
            let mut traces = vec![Vec::new(); 16];
            for _ in 0..2000 {
                method
                    .round(&mut |f| {
                        for (chain, (&lane, &r)) in f.lanes.iter().zip(f.log_reward).enumerate() {
                            counts[space.at(f.sim, lane).0] += 1;
                            traces[chain].push(r);
                        }
                    })
                    .unwrap();
            }
            let (n, p) = (counts.iter().sum::<u64>() as f64, space.target());
            let tv = 0.5 * counts.iter().zip(&p).map(|(&c, p)| (c as f64 / n - p).abs()).sum::<f64>();
            let log_p: Vec<f64> = p.iter().map(|p| p.ln()).collect();
            let ess = headwater_rivals::diagnose::effective_sample_size(&traces) / 4.0;
            let ess = if ess.is_nan() { n / 100.0 } else { ess };
            let floor = 0.5 * headwater_exact::perfect_sampler_l1(&log_p, ess as u64);
            assert!(
                // Both are 0 where there is one object.
                tv <= 3.0 * floor,
                "{} on {}: {tv} where {floor} is to be expected",
                m.entry.name,
                space.name
            );
        }
    }
}
