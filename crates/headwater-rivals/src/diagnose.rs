//! Diagnostics of Markov chains: how many independent draws a trace is worth, and whether chains agree.
//!
//! A trace is one number per draw, such as log R, chain by chain. Traces of different lengths are cut to the shortest;
//! the numbers are finite.

/// The effective sample size of the mean over all chains: how many independent draws have a mean of the same variance.
///
/// Chains are cut in halves, their autocorrelations pooled as by Vehtari et al. (2021, arXiv:1903.08008, section 3.2),
/// and summed over Geyer's (1992) initial monotone sequence. Chains that do not agree are worth little. NaN for fewer
/// than eight draws a chain, and where nothing varies.
pub fn effective_sample_size(chains: &[Vec<f64>]) -> f64 {
    let halves = split(chains);
    let Some(moments) = Moments::of(&halves) else { return f64::NAN };
    let (m, n) = (halves.len() as f64, halves[0].len());
    let correlation = |lag: usize| {
        let covariances = halves.iter().zip(&moments.means).map(|(x, &mean)| autocovariance(x, mean, lag));
        1.0 - (moments.within - covariances.sum::<f64>() / m) / moments.total
    };
    let (mut sum, mut least) = (0.0, f64::INFINITY);
    for lag in (0..n - 1).step_by(2) {
        let first = if lag == 0 { 1.0 } else { correlation(lag) };
        let pair = first + correlation(lag + 1);
        if pair <= 0.0 {
            break;
        }
        least = pair.min(least);
        sum += least;
    }
    let draws = m * n as f64;
    // Chains of alternating draws may be worth more than independent ones, but not without limit.
    draws / (2.0 * sum - 1.0).max(1.0 / draws.log10())
}

/// Split R̂ of rank-normalised draws: 1 where chains, and their halves, agree; above 1.01 they should not be trusted.
///
/// The larger of two (Vehtari et al. 2021, section 4): that of the draws' normal scores notices chains that differ in
/// location, that of the scores of distances from the median those that differ in scale. NaN for fewer than eight draws
/// a chain, and where nothing varies.
pub fn split_r_hat(chains: &[Vec<f64>]) -> f64 {
    let halves = split(chains);
    let mut sorted: Vec<f64> = halves.iter().flat_map(|x| x.iter().copied()).collect();
    if sorted.is_empty() {
        return f64::NAN;
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = 0.5 * (sorted[middle] + sorted[(sorted.len() - 1) / 2]);
    let folded: Vec<Vec<f64>> =
        halves.iter().map(|x| x.iter().map(|x| (x - median).abs()).collect()).collect();
    let folded: Vec<&[f64]> = folded.iter().map(Vec::as_slice).collect();
    // Draws of two values may all be equally far from the median: then the second says nothing, and `max` skips it.
    r_hat(&halves).max(r_hat(&folded))
}

/// R̂ of the normal scores of draws.
fn r_hat(chains: &[&[f64]]) -> f64 {
    let scores = normal_scores(chains);
    let scores: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
    Moments::of(&scores).map_or(f64::NAN, |m| (m.total / m.within).sqrt())
}

/// The halves of the chains, all of the same length.
fn split(chains: &[Vec<f64>]) -> Vec<&[f64]> {
    let half = chains.iter().map(Vec::len).min().unwrap_or(0) / 2;
    if half < 4 {
        return Vec::new();
    }
    chains.iter().flat_map(|x| [&x[..half], &x[x.len() - half..]]).collect()
}

/// Means and variances of chains of equal lengths.
struct Moments {
    means: Vec<f64>,
    /// Mean of the chains' variances.
    within: f64,
    /// The same, with the variance between the chains' means: an estimate from above of that of the target.
    total: f64,
}

impl Moments {
    /// `None` if there are no chains, or nothing varies.
    fn of(chains: &[&[f64]]) -> Option<Self> {
        let (first, n) = (*chains.first()?.first()?, chains[0].len() as f64);
        if chains.iter().all(|x| x.iter().all(|&x| x == first)) {
            return None;
        }
        let means: Vec<f64> = chains.iter().map(|x| x.iter().sum::<f64>() / n).collect();
        let unbiased = n / (n - 1.0);
        let variances = chains.iter().zip(&means).map(|(x, &mean)| unbiased * autocovariance(x, mean, 0));
        let within = variances.sum::<f64>() / chains.len() as f64;
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        let between = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (means.len() as f64 - 1.0);
        Some(Self { total: within / unbiased + between, means, within })
    }
}

/// The covariance of draws `lag` apart, divided by the number of draws.
fn autocovariance(x: &[f64], mean: f64, lag: usize) -> f64 {
    x.iter().zip(&x[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / x.len() as f64
}

/// Draws replaced by the normal quantiles of their ranks among all, ties by their mean rank (Blom 1958).
fn normal_scores(chains: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut order: Vec<(f64, usize, usize)> = Vec::new();
    for (c, x) in chains.iter().enumerate() {
        order.extend(x.iter().enumerate().map(|(i, &x)| (x, c, i)));
    }
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut scores: Vec<Vec<f64>> = chains.iter().map(|x| vec![0.0; x.len()]).collect();
    let (n, mut below) = (order.len() as f64, 0);
    for ties in order.chunk_by(|a, b| a.0 == b.0) {
        let rank = below as f64 + 0.5 * (ties.len() as f64 + 1.0);
        let score = normal_quantile((rank - 0.375) / (n + 0.25));
        ties.iter().for_each(|&(_, c, i)| scores[c][i] = score);
        below += ties.len();
    }
    scores
}

/// The quantile of the standard normal distribution for 0 < p < 1, to a relative error of 1.2e-9: the rational
/// approximations of Acklam (2003).
fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    const TAIL: f64 = 0.02425;
    let polynomial = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p < TAIL {
        let q = (-2.0 * p.ln()).sqrt();
        return polynomial(&C, q) / polynomial(&D, q);
    }
    let q = p - 0.5;
    q * polynomial(&A, q * q) / polynomial(&B, q * q)
}

#[cfg(test)]
mod tests {
    use headwater_core::Key;

    use super::*;

    /// Chains of x′ = φx + √(1 − φ²)·ε, which have variance 1 and autocorrelations φᵗ.
    fn autoregressive(phi: f64, chains: u64, n: u64) -> Vec<Vec<f64>> {
        let chain = |c: u64| {
            let key = Key::new(9).fold(c);
            let mut x = key.fold(n).normal();
            let step = |i: u64| {
                x = phi * x + (1.0 - phi * phi).sqrt() * key.fold(i).normal();
                x
            };
            (0..n).map(step).collect()
        };
        (0..chains).map(chain).collect()
    }

    #[test]
    fn autoregressive_chains_are_worth_what_theory_says() {
        for phi in [0.0, 0.5, 0.9, -0.3] {
            let ess = effective_sample_size(&autoregressive(phi, 4, 20_000));
            let expected = 80_000.0 * (1.0 - phi) / (1.0 + phi);
            assert!((ess / expected - 1.0).abs() < 0.1, "{phi}: {ess} for {expected}");
        }
    }

    #[test]
    fn chains_that_agree_have_an_r_hat_of_one() {
        for phi in [0.0, 0.9] {
            let r_hat = split_r_hat(&autoregressive(phi, 4, 20_000));
            assert!((0.999..1.01).contains(&r_hat), "{r_hat}");
        }
    }

    #[test]
    fn chains_elsewhere_are_noticed() {
        let mut chains = autoregressive(0.5, 4, 2000);
        chains[2].iter_mut().for_each(|x| *x += 1.0);
        assert!(split_r_hat(&chains) > 1.05);
        assert!(effective_sample_size(&chains) < 100.0);
    }

    #[test]
    fn chains_of_another_width_are_noticed() {
        let mut chains = autoregressive(0.5, 4, 2000);
        chains[2].iter_mut().for_each(|x| *x *= 4.0);
        assert!(split_r_hat(&chains) > 1.05);
    }

    #[test]
    fn a_chain_that_drifts_is_noticed() {
        let mut chains = autoregressive(0.0, 1, 2000);
        chains[0].iter_mut().enumerate().for_each(|(i, x)| *x += i as f64 / 1000.0);
        assert!(split_r_hat(&chains) > 1.1);
    }

    #[test]
    fn chains_stuck_in_different_places_do_not_agree() {
        let chains = [vec![1.0; 100], vec![2.0; 100]];
        assert!(split_r_hat(&chains) > 1e6);
        assert!(effective_sample_size(&chains) < 10.0);
    }

    #[test]
    fn what_says_nothing_has_no_diagnosis() {
        for chains in [vec![], vec![vec![]], vec![vec![1.0; 7]; 2], vec![vec![0.1; 100]; 2]] {
            assert!(split_r_hat(&chains).is_nan(), "{chains:?}");
            assert!(effective_sample_size(&chains).is_nan(), "{chains:?}");
        }
    }

    #[test]
    fn r_hat_depends_on_ranks_alone() {
        let chains = autoregressive(0.5, 3, 1000);
        let stretched: Vec<Vec<f64>> =
            chains.iter().map(|x| x.iter().map(|x| 3.0 * x + 1.0).collect()).collect();
        assert!((split_r_hat(&chains) - split_r_hat(&stretched)).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.001, -3.090_232_306), (0.9, 1.281_551_566)] {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}");
        }
    }
}
