//! How far a model's distribution is from its target, and how far a perfect sampler's histogram would be.

/// Distances between two distributions over the same objects. None is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Divergence {
    /// Total variation, ½ Σ |p − q|, between 0 and 1.
    pub tv: f64,
    /// Jensen–Shannon divergence in nats, between 0 and ln 2.
    pub jsd: f64,
    /// KL(target ‖ model) in nats; infinite if the model cannot make an object of the target.
    pub kl_target_model: f64,
    /// KL(model ‖ target) in nats; infinite if the model makes an object without reward.
    pub kl_model_target: f64,
}

impl Divergence {
    /// Compares log-probabilities, entry by entry. −∞ is probability zero; each side sums to one.
    pub fn between(log_target: &[f64], log_model: &[f64]) -> Self {
        debug_assert_eq!(log_target.len(), log_model.len());
        let mut sum = Self::default();
        for (&p, &q) in log_target.iter().zip(log_model) {
            sum.add(p, q);
        }
        Self { tv: sum.tv.min(1.0), jsd: sum.jsd.min(std::f64::consts::LN_2), ..sum }
    }

    fn add(&mut self, log_p: f64, log_q: f64) {
        let (p, q) = (log_p.exp(), log_q.exp());
        if p == 0.0 && q == 0.0 {
            return;
        }
        let mean = 0.5 * (p + q);
        // r = (p − q) / (p + q), which keeps its digits where p and q are close.
        let r = (0.5 * (log_p - log_q)).tanh();
        self.tv += mean * r.abs();
        self.jsd += 0.5 * mean * (entropic(r) + entropic(-r)).max(0.0);
        self.kl_target_model += kl_term(log_p, log_q);
        self.kl_model_target += kl_term(log_q, log_p);
    }
}

/// (1 + r) ln(1 + r) for −1 ≤ r ≤ 1.
fn entropic(r: f64) -> f64 {
    if r <= -1.0 { 0.0 } else { (1.0 + r) * r.ln_1p() }
}

/// p·ln(p / q) − p + q: the summand of KL as a Bregman divergence, which is never negative. The −p + q add up to zero
/// over two distributions.
fn kl_term(log_p: f64, log_q: f64) -> f64 {
    let (p, q) = (log_p.exp(), log_q.exp());
    if p == 0.0 {
        return q;
    }
    let d = log_p - log_q;
    let term = if d.abs() < 1.0 { p * ((-d).exp_m1() + d) } else { p * d - p + q };
    term.max(0.0)
}

/// The expected Σ |k(x)/n − p(x)| of the histogram of `n` independent samples from `log_p`: the sampled L1 (twice the
/// total variation) that even a perfect sampler shows.
///
/// Exact up to rounding: the mean absolute deviation of the binomial is 2·m·C(n, m)·pᵐ·qⁿ⁻ᵐ⁺¹ with m = ⌊np⌋ + 1
/// (de Moivre 1730).
pub fn perfect_sampler_l1(log_p: &[f64], n: u64) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let log_n_factorial = log_factorial(n);
    let deviation = |&log_p: &f64| {
        let p = log_p.exp().min(1.0);
        let m = (n as f64 * p).floor() as u64 + 1;
        if p == 0.0 || m > n {
            return 0.0;
        }
        let log_q = (-p).ln_1p();
        let log_choose = log_n_factorial - log_factorial(m) - log_factorial(n - m);
        2.0 * m as f64 * (log_choose + m as f64 * log_p + (n - m + 1) as f64 * log_q).exp()
    };
    log_p.iter().map(deviation).sum::<f64>() / n as f64
}

/// ln n!, by Stirling's series where it is good to 1e-15 of the result.
fn log_factorial(n: u64) -> f64 {
    if n < 20 {
        return (2..=n).map(|i| i as f64).product::<f64>().ln();
    }
    let x = n as f64;
    let r = 1.0 / (x * x);
    let series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r / 1680.0))) / x;
    (x + 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series
}
