//! Small statistics: correlations, and intervals by a bootstrap that is a function of its key.

use headwater_core::Key;

/// An estimate with the interval that the bootstrap gives it.
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

/// Pearson's correlation; NaN if one side does not vary.
pub fn pearson(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = pairs.clone().count() as f64;
    let (sx, sy) = pairs.clone().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x, sy + y));
    let (mx, my) = (sx / n, sy / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        xx += (x - mx) * (x - mx);
        yy += (y - my) * (y - my);
        xy += (x - mx) * (y - my);
    }
    if xx == 0.0 || yy == 0.0 { f64::NAN } else { xy / (xx * yy).sqrt() }
}

/// Spearman's rank correlation, ties sharing their mean rank; NaN if one side does not vary.
pub fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let xs = ranks(&pairs.iter().map(|p| p.0).collect::<Vec<_>>());
    let ys = ranks(&pairs.iter().map(|p| p.1).collect::<Vec<_>>());
    pearson(xs.into_iter().zip(ys).collect::<Vec<_>>().into_iter())
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
        assert!((pearson(pairs.into_iter()) - 3.0 / (2.0f64 * 14.0 / 3.0).sqrt()).abs() < 1e-12);
        assert!((spearman(&[(1.0, 1.0), (2.0, 10.0), (3.0, 100.0)]) - 1.0).abs() < 1e-12);
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
        assert!(pearson([(1.0, 1.0), (1.0, 2.0)].into_iter()).is_nan());
    }

    /// Coverage of a 95 % interval for a normal mean over 200 repetitions at fixed keys: 190 expected, standard
    /// deviation 3.1; the bootstrap of 60 points covers a little less. Outside 174..=200 has probability < 1e-5.
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
