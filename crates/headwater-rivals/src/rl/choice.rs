//! The distribution over the edges of one state, against values of those edges.

use headwater_core::Ones;

/// A distribution over edges: the softmax of their logits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    /// Logits; those of no edge are undefined.
    pub logits: &'a [f32],
    /// The bits of the edges.
    pub mask: &'a [u64],
    /// The log of the sum of the exponentials of the edges' logits.
    pub lse: f64,
}

impl Choice<'_> {
    /// The edges, each with log p.
    fn edges(&self) -> impl Iterator<Item = (usize, f64)> {
        Ones::new(self.mask).map(|a| (a, f64::from(self.logits[a]) - self.lse))
    }

    /// The entropy H = −Σ p log p.
    pub fn entropy(&self) -> f64 {
        -self.edges().map(|(_, log_p)| log_p.exp() * log_p).sum::<f64>()
    }

    /// The soft value Σ p (q − α log p).
    pub fn value(&self, q: &[f32], alpha: f64) -> f64 {
        self.edges().map(|(a, log_p)| log_p.exp() * (f64::from(q[a]) - alpha * log_p)).sum()
    }

    /// Adds the slopes of −`weight` · [`Choice::value`] by the logits, −w p (q − α log p − V).
    pub fn descend(&self, q: &[f32], alpha: f64, weight: f64, slopes: &mut [f32]) {
        let value = self.value(q, alpha);
        for (a, log_p) in self.edges() {
            slopes[a] -= (weight * log_p.exp() * (f64::from(q[a]) - alpha * log_p - value)) as f32;
        }
    }
}
