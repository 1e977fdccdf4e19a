//! Small statistics: means and correlations with intervals, and a bootstrap that is a function of its key.

use headwater_core::Key;

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// Resamples of a bootstrap: 400, and fewer for samples so large that their intervals are narrow anyway.
fn resamples(n: usize) -> u64 {
    (20_000_000 / n.max(1)).clamp(50, 400) as u64
}

/// `statistic` of `data`, with the 2.5 % and 97.5 % quantiles of its value on resamples of `data` drawn from `key`
/// (the percentile bootstrap of Efron 1979).
pub fn bootstrap<T: Copy>(data: &[T], key: Key, statistic: impl Fn(&[T]) -> f64) -> Estimate {
    let value = statistic(data);
    let mut resample = data.to_vec();
    let mut values: Vec<f64> = (0..resamples(data.len()))
        .map(|k| {
            for (i, x) in resample.iter_mut().enumerate() {
                *x = data[key.fold(k).fold(i as u64).below(data.len() as u32) as usize];
            }
            statistic(&resample)
        })
        .filter(|v| !v.is_nan())
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    let quantile = |q: f64| values.get((q * (values.len().max(1) - 1) as f64).round() as usize).copied();
    Estimate { value, low: quantile(0.025).unwrap_or(f64::NAN), high: quantile(0.975).unwrap_or(f64::NAN) }
}

/// The 97.5 % point of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The mean of independent values with its 95 % interval by Hall's transformation, which removes the effect of their
/// skewness to first order (Hall 1992, "On the removal of skewness by transformation").
///
/// With t = (mean − μ) / (s/√n) and a = γ/√n for the skewness γ, g(t) = t + a t²/3 + a² t³/27 + a/6 is nearly normal, and its
/// inverse g⁻¹(z) = (3/a) ((1 + a (z − a/6))^⅓ − 1) of ±1.96 gives the ends. The estimate lies within them.
pub fn mean(values: &[f64]) -> Estimate {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    let moment = |k: i32| values.iter().map(|x| (x - value).powi(k)).sum::<f64>() / n;
    let variance = moment(2);
    if variance == 0.0 || values.len() < 2 {
        return Estimate { value, low: value, high: value };
    }
    let error = (variance / (n - 1.0)).sqrt();
    let a = moment(3) / variance.powf(1.5) / n.sqrt();
    let inverse = |z: f64| match a.abs() < 1e-6 {
        true => z,
        false => 3.0 / a * ((1.0 + a * (z - a / 6.0)).cbrt() - 1.0),
    };
    let (low, high) = (value - inverse(Z) * error, value - inverse(-Z) * error);
    Estimate { value, low: low.min(value), high: high.max(value) }
}

/// A correlation of pairs with its 95 % interval, in which it lies: on Fisher's scale, atanh r ± 1.96 standard errors, the
/// error being that of `statistic` on resamples drawn from `key` (Efron 1979). `None` where the correlation is undefined.
pub fn correlation(
    pairs: &[(f64, f64)],
    key: Key,
    statistic: impl Fn(&[(f64, f64)]) -> Option<f64>,
) -> Option<Estimate> {
    // A perfect correlation is infinitely far on this scale; this far is as good.
    let scale = |r: f64| r.clamp(-1.0 + 1e-12, 1.0 - 1e-12).atanh();
    let value = statistic(pairs)?.clamp(-1.0, 1.0);
    let mut resample = pairs.to_vec();
    let mut values = Vec::new();
    for k in 0..resamples(pairs.len()) {
        for (i, x) in resample.iter_mut().enumerate() {
            *x = pairs[key.fold(k).fold(i as u64).below(pairs.len() as u32) as usize];
        }
        values.extend(statistic(&resample).map(scale));
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let error = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    // Of two or three pairs hardly a resample has a correlation, and those that do say nothing.
    let [low, high] = match pairs.len() >= 4 && error.is_finite() {
        true => [-Z, Z].map(|z| (scale(value) + z * error).tanh()),
        false => [-1.0, 1.0],
    };
    Some(Estimate { value, low: low.min(value), high: high.max(value) })
}

/// Do the values differ by more than rounding?
fn vary(values: impl Iterator<Item = f64>) -> bool {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
    high - low > 1e-9 * low.abs().max(high.abs()).max(1.0)
}

/// Pearson's correlation; `None` if one side does not vary beyond rounding.
pub fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    if !vary(pairs.iter().map(|p| p.0)) || !vary(pairs.iter().map(|p| p.1)) {
        return None;
    }
    let n = pairs.len() as f64;
    let (sx, sy) = pairs.iter().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x, sy + y));
    let (mx, my) = (sx / n, sy / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        xx += (x - mx) * (x - mx);
        yy += (y - my) * (y - my);
        xy += (x - mx) * (y - my);
    }
    Some(xy / (xx * yy).sqrt())
}

/// Spearman's rank correlation, ties sharing their mean rank; `None` if one side does not vary beyond rounding.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    if !vary(pairs.iter().map(|p| p.0)) || !vary(pairs.iter().map(|p| p.1)) {
        return None;
    }
    let xs = ranks(&pairs.iter().map(|p| p.0).collect::<Vec<_>>());
    let ys = ranks(&pairs.iter().map(|p| p.1).collect::<Vec<_>>());
    pearson(&xs.into_iter().zip(ys).collect::<Vec<_>>())
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let tie = order[from..].iter().take_while(|&&i| values[i] == values[order[from]]).count();
        let rank = from as f64 + (tie - 1) as f64 / 2.0;
        for &i in &order[from..from + tie] {
            ranks[i] = rank;
        }
        from += tie;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_of_small_tables() {
        // Anscombe-sized by hand: x = 1, 2, 3, y = 2, 4, 5 gives 3 / √(2 · 14/3).
        let pairs = [(1.0, 2.0), (2.0, 4.0), (3.0, 5.0)];
        assert!((pearson(&pairs).unwrap() - 3.0 / (2.0f64 * 14.0 / 3.0).sqrt()).abs() < 1e-12);
        assert!((spearman(&[(1.0, 1.0), (2.0, 10.0), (3.0, 100.0)]).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
    }

    /// Equal up to rounding is equal: neither the order nor the size of rounding errors is a correlation.
    #[test]
    fn what_does_not_vary_has_no_correlation() {
        for one in [[(1.0, 1.0), (1.0, 2.0)], [(1.0, -7.0), (2.0, -7.0)], [(1.0, -7.0), (2.0, -7.0 + 1e-12)]]
        {
            assert_eq!((pearson(&one), spearman(&one)), (None, None), "{one:?}");
            assert_eq!(correlation(&one, Key::new(1), spearman), None);
        }
    }

    /// Coverage of both correlations of 60 normal pairs with ρ = 0.6 (and rank correlation 6/π asin 0.3) over 200
    /// repetitions at fixed keys: 190 expected, standard deviation 3.1. Fewer than 176 has a probability below 1e-3 at a
    /// coverage of 93 %.
    #[test]
    fn intervals_of_correlations_hold_and_have_their_estimate_within() {
        let truths = [0.6, 6.0 / std::f64::consts::PI * 0.3f64.asin()];
        let mut held = [0; 2];
        for r in 0..200 {
            let key = Key::new(21).fold(r);
            let pair = |i: u64| {
                let (x, e) = (key.fold(i).fold(0).normal(), key.fold(i).fold(1).normal());
                (x, 0.6 * x + 0.8 * e)
            };
            let pairs: Vec<(f64, f64)> = (0..60).map(pair).collect();
            let both = [correlation(&pairs, key, pearson), correlation(&pairs, key, spearman)];
            for ((e, truth), held) in both.into_iter().flatten().zip(truths).zip(&mut held) {
                assert!(-1.0 <= e.low && e.low <= e.value && e.value <= e.high && e.high <= 1.0);
                *held += usize::from(e.low <= truth && truth <= e.high);
            }
        }
        assert!(held.iter().all(|&n| n >= 176), "{held:?} of 200");
        // Ties, few pairs, and a perfect order: the percentile bootstrap left such estimates outside.
        for n in [2u64, 3, 5, 12] {
            let pairs: Vec<(f64, f64)> = (0..n).map(|i| ((i / 2) as f64, (i * i) as f64)).collect();
            for e in [correlation(&pairs, Key::new(n), spearman), correlation(&pairs, Key::new(n), pearson)] {
                assert!(e.is_none_or(|e| e.low <= e.value && e.value <= e.high && e.high <= 1.0), "{e:?}");
            }
        }
        let line: Vec<(f64, f64)> = (0..9).map(|i| (f64::from(i), f64::from(2 * i))).collect();
        let Estimate { value, low, high } = correlation(&line, Key::new(3), pearson).unwrap();
        assert!((value - 1.0).abs() < 1e-12 && low > 0.999_999 && (high - 1.0).abs() < 1e-12);
    }

    /// Coverage of a 95 % interval for a normal mean over 200 repetitions at fixed keys: 190 expected, standard
    /// deviation 3.1. Fewer than 174 have probability 3e-6 at a coverage of 95 %, and 7e-5 at the 94 % that the bootstrap
    /// of 60 points has.
    #[test]
    fn bootstrap_intervals_cover() {
        let key = Key::new(11);
        let covered = (0..200)
            .filter(|&r| {
                let data: Vec<f64> = (0..60).map(|i| key.fold(r).fold(i).normal()).collect();
                let e = bootstrap(&data, key.fold(1000 + r), |d| d.iter().sum::<f64>() / d.len() as f64);
                e.low <= 0.0 && 0.0 <= e.high
            })
            .count();
        assert!((174..=200).contains(&covered), "{covered} of 200");
    }
}
