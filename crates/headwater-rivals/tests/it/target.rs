//! Methods that claim to sample the target do so.

use headwater_core::Key;
use headwater_core::settings::Value;
use headwater_rivals::methods;

use crate::support::{Space, learns};

/// How many standard deviations a χ² of `counts` against `p` is above its mean, by the cube root of Wilson and Hilferty.
/// Cells that expect fewer than eight are one.
fn chi_squared(counts: &[u64], p: &[f64]) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    let (mut sum, mut cells, mut rest) = (0.0, 0.0, (0.0, 0.0));
    let mut add = |count: f64, expected: f64| {
        sum += (count - expected).powi(2) / expected;
        cells += 1.0;
    };
    for (&count, &p) in counts.iter().zip(p) {
        if n * p < 8.0 {
            rest = (rest.0 + count as f64, rest.1 + n * p);
        } else {
            add(count as f64, n * p);
        }
    }
    if rest.1 > 1e-9 {
        add(rest.0, rest.1);
    }
    if cells < 2.0 {
        return 0.0;
    }
    let v = 2.0 / (9.0 * (cells - 1.0));
    ((sum / (cells - 1.0)).cbrt() - 1.0 + v) / v.sqrt()
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
