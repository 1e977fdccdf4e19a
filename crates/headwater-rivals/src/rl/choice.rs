//! The distribution over the edges of one state, against values of those edges.

/// A distribution over edges: probabilities, and the logits that they are the softmax of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    /// Probabilities; 0 where there is no edge.
    pub probs: &'a [f32],
    /// Logits; those of no edge are undefined.
    pub logits: &'a [f32],
    /// The log of the sum of the exponentials of the edges' logits.
    pub lse: f64,
}

impl Choice<'_> {
    /// E p of `f(edge, log p)`.
    fn mean(&self, f: impl Fn(usize, f64) -> f64) -> f64 {
        let term = |(a, &p): (usize, &f32)| {
            // What is never chosen counts for nothing, whatever its logit is.
            if p > 0.0 { f64::from(p) * f(a, f64::from(self.logits[a]) - self.lse) } else { 0.0 }
        };
        self.probs.iter().enumerate().map(term).sum()
    }

    /// The entropy H = −Σ p log p.
    pub fn entropy(&self) -> f64 {
        -self.mean(|_, log_p| log_p)
    }

    /// The soft value Σ p (q − α log p).
    pub fn value(&self, q: &[f32], alpha: f64) -> f64 {
        self.mean(|a, log_p| f64::from(q[a]) - alpha * log_p)
    }

    /// Adds the slopes of −`weight` · [`Choice::value`] by the logits, −w p (q − α log p − V).
    pub fn descend(&self, q: &[f32], alpha: f64, weight: f64, slopes: &mut [f32]) {
        let value = self.value(q, alpha);
        for (a, (slope, &p)) in slopes.iter_mut().zip(self.probs).enumerate() {
            if p > 0.0 {
                let log_p = f64::from(self.logits[a]) - self.lse;
                *slope -= (weight * f64::from(p) * (f64::from(q[a]) - alpha * log_p - value)) as f32;
            }
        }
    }
}
