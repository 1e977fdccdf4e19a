use super::close;
use crate::{Divergence, log_sum_exp, perfect_sampler_l1};
use headwater_core::Key;
use std::f64::consts::LN_2;

const NONE: f64 = f64::NEG_INFINITY;

fn log_probabilities(key: Key, n: u64, spread: f64) -> Vec<f64> {
    let logits = Vec::from_iter((0..n).map(|i| spread * key.fold(i).normal()));
    let lse = log_sum_exp(logits.iter().copied());
    logits.into_iter().map(|l| l - lse).collect()
}

#[test]
fn divergences_of_two_points_by_hand() {
    // p = (1/2, 1/2), q = (1/4, 3/4).
    let d = Divergence::between(&[0.5f64.ln(), 0.5f64.ln()], &[0.25f64.ln(), 0.75f64.ln()]);
    let kl = 0.5 * 2f64.ln() + 0.5 * (2.0 / 3.0f64).ln();
    let reverse = 0.25 * 0.5f64.ln() + 0.75 * 1.5f64.ln();
    let to_mean = |p: f64, q: f64| p * (2.0 * p / (p + q)).ln();
    let jsd = 0.5 * (to_mean(0.5, 0.25) + to_mean(0.5, 0.75) + to_mean(0.25, 0.5) + to_mean(0.75, 0.5));
    assert!(close(d.tv, 0.25, 1e-15) && close(d.jsd, jsd, 1e-15));
    assert!(close(d.kl_target_model, kl, 1e-15) && close(d.kl_model_target, reverse, 1e-15));
}

#[test]
fn disjoint_and_equal_distributions_are_the_extremes() {
    let d = Divergence::between(&[0.0, NONE, NONE], &[NONE, 0.0, NONE]);
    assert_eq!((d.tv, d.jsd), (1.0, LN_2));
    assert_eq!((d.kl_target_model, d.kl_model_target), (f64::INFINITY, f64::INFINITY));
    let p = log_probabilities(Key::new(1), 1000, 4.0);
    assert_eq!(Divergence::between(&p, &p), Divergence::default());
    // A model that also makes an object without reward misses nothing of the target.
    let d = Divergence::between(&[0.0, NONE], &[0.5f64.ln(), 0.5f64.ln()]);
    assert!(close(d.kl_target_model, LN_2, 1e-15) && d.kl_model_target == f64::INFINITY);
}

#[test]
fn divergences_are_those_of_the_definitions_and_never_negative() {
    for i in 0..20 {
        let spread = [1e-9, 1e-4, 1.0, 30.0][i as usize % 4];
        let (p, q) = (
            log_probabilities(Key::new(2 * i), 500, spread),
            log_probabilities(Key::new(2 * i + 1), 500, spread),
        );
        let d = Divergence::between(&p, &q);
        let pairs = || p.iter().zip(&q);
        let tv = 0.5 * pairs().map(|(p, q)| (p.exp() - q.exp()).abs()).sum::<f64>();
        let kl: f64 = pairs().map(|(p, q)| p.exp() * (p - q)).sum();
        let kl_reverse: f64 = pairs().map(|(p, q)| q.exp() * (q - p)).sum();
        assert!(close(d.tv, tv, 1e-12) && close(d.kl_target_model, kl, 1e-11), "{i}: {d:?}");
        assert!(close(d.kl_model_target, kl_reverse, 1e-11), "{i}: {d:?}");
        assert!(d.jsd >= 0.0 && d.jsd <= LN_2 && d.jsd <= d.tv * LN_2 + 1e-15, "{i}: {d:?}");
        assert!(0.5 * d.tv * d.tv <= d.jsd * (1.0 + 1e-6), "{i}: {d:?}");
    }
}

#[test]
fn the_histogram_of_a_perfect_sampler_is_as_far_as_the_binomial_says() {
    // Σ_k C(n, k) pᵏ qⁿ⁻ᵏ |k/n − p| written out.
    for n in [1u64, 2, 7, 30] {
        for p in [0.001f64, 0.2, 0.5, 0.93] {
            let mut pmf = (1.0 - p).powi(n as i32);
            let mut want = 0.0;
            for k in 0..=n {
                want += pmf * (k as f64 / n as f64 - p).abs();
                pmf *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
            }
            let got = perfect_sampler_l1(&[p.ln(), NONE], n);
            assert!(close(got, want, 1e-12), "n = {n}, p = {p}: {got}, not {want}");
        }
    }
    assert_eq!(perfect_sampler_l1(&[0.0], 100), 0.0);
    assert_eq!(perfect_sampler_l1(&[0.5f64.ln(), 0.5f64.ln()], 0), 0.0);
}

/// The hypergrid's original reward with R1 = 0.5, R2 = 2; log-probabilities of all cells.
fn hypergrid(dim: u32, side: u32, floor: f64) -> Vec<f64> {
    let reward = |cell: u32| {
        let coordinate = |d| cell / side.pow(d) % side;
        let offset = |d| (f64::from(coordinate(d)) / f64::from(side - 1) - 0.5).abs();
        let wide = (0..dim).all(|d| offset(d) > 0.25);
        let narrow = (0..dim).all(|d| offset(d) > 0.3 && offset(d) < 0.4);
        floor + 0.5 * f64::from(u8::from(wide)) + 2.0 * f64::from(u8::from(narrow))
    };
    let log_r = Vec::from_iter((0..side.pow(dim)).map(|c| reward(c).ln()));
    let log_z = log_sum_exp(log_r.iter().copied());
    log_r.into_iter().map(|r| r - log_z).collect()
}

/// The published values are the normal approximation √(2pq / πn), rounded to three digits. It is good to half a percent
/// where cells are few beside the samples; where most cells expect less than one sample it is not.
#[test]
fn a_perfect_sampler_of_the_hypergrids_shows_the_published_distance() {
    for (dim, side, floor, want) in [
        (2, 8, 0.1, 0.0115),
        (4, 8, 0.1, 0.107),
        (4, 8, 0.01, 0.0730),
        (4, 8, 0.001, 0.0440),
        (2, 64, 0.1, 0.0967),
        (2, 64, 0.01, 0.0716),
        (2, 64, 0.001, 0.0596),
    ] {
        let got = perfect_sampler_l1(&hypergrid(dim, side, floor), 200_000);
        assert!((got / want - 1.0).abs() < 5e-3, "{side}^{dim}, floor {floor}: {got}, not {want}");
    }
}
