//! The logarithms of the gamma function and of sums.

/// lnΓ(x) for x > 0, to about 1e-14 of its size: by Stirling's series from 10 on, and by Γ(x) = Γ(x + 1)/x below.
pub fn ln_gamma(x: f64) -> f64 {
    let (mut y, mut product) = (x, 1.0);
    while y < 10.0 {
        product *= y;
        y += 1.0;
    }
    let inverse = 1.0 / y;
    let square = inverse * inverse;
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    let tail = series.iter().rev().fold(0.0, |sum, c| sum * square + c) * inverse;
    (y - 0.5) * y.ln() - y + 0.5 * std::f64::consts::TAU.ln() + tail - product.ln()
}

/// lnΓ(a + n) − lnΓ(a) = ln a(a + 1)…(a + n − 1), also where a is tiny.
pub fn ln_rising(a: f64, n: u32) -> f64 {
    if n < 16 {
        return (0..n).map(|k| a + f64::from(k)).product::<f64>().ln();
    }
    ln_gamma(a + f64::from(n)) - ln_gamma(a)
}

/// log Σ e^x, without overflow; −∞ of nothing.
pub fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + terms.map(|x| (x - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_has_its_known_values() {
        let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-13 * (1.0 + y.abs()), "{x} instead of {y}");
        close(ln_gamma(1.0), 0.0);
        close(ln_gamma(0.5), 0.5 * std::f64::consts::PI.ln());
        close(ln_gamma(10.0), 362_880f64.ln());
        close(ln_gamma(21.0), 2_432_902_008_176_640_000f64.ln());
        // Γ(1/4), from tables.
        close(ln_gamma(0.25), 3.625_609_908_221_908f64.ln());
        close(ln_gamma(1e-30), 30.0 * 10f64.ln());
        for n in [0, 1, 15, 16, 17, 300] {
            let plain: f64 = (0..n).map(|k| (0.3 + f64::from(k)).ln()).sum();
            close(ln_rising(0.3, n), plain);
        }
    }
}
