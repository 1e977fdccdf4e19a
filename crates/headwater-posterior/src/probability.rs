//! A probability as it is known: exactly, or from draws, with an interval where they support one.

/// Where weighted structures come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidence {
    /// Every structure that there is, with its probability.
    Exact,
    /// Draws; the weights say how much each counts for.
    Draws {
        /// (Σw)² / Σw²: the number of draws of equal weight that say as much.
        effective: f64,
        /// The number of draws.
        count: f64,
    },
}

/// The share of the weight of draws in which something is the case.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// Σw/W over the draws in which it is, W being the sum over all.
    pub value: f64,
    /// Σ(w/W)² over the same draws.
    pub squares: f64,
}

impl Share {
    /// Adds what is the case in other draws.
    pub fn add(&mut self, other: Self) {
        self.value += other.value;
        self.squares += other.squares;
    }
}

/// A probability with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probability {
    /// The probability, or its estimate.
    pub value: f64,
    /// Lower and upper end; the value twice where it is exact, nothing where the draws support no interval.
    pub interval: Option<[f64; 2]>,
}

/// The 97.5 % point of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Below this share of the draws, their effective number is not to be relied on: what was never drawn has no weight.
const LEAST_SHARE: f64 = 0.1;

/// Fewer effective draws support no interval.
const LEAST: f64 = 100.0;

impl Evidence {
    /// Do the weights support intervals? They do where the draws count for a tenth of their number, and for a hundred.
    pub fn supports_intervals(self) -> bool {
        match self {
            Self::Exact => true,
            Self::Draws { effective, count } => effective >= LEAST && effective >= LEAST_SHARE * count,
        }
    }

    /// What as many independent draws of equal weight as these count for say of something with a share of `value`.
    pub fn of_independent(self, value: f64) -> Probability {
        let squares = match self {
            Self::Exact => 0.0,
            Self::Draws { effective, .. } => value / effective.max(1.0),
        };
        self.probability(Share { value, squares })
    }

    /// What this evidence says of something that is the case in a `share` of the weights.
    ///
    /// From draws, the interval is Wilson's for the number n of independent draws that would leave the estimate the
    /// variance that it has: p(1 − p)/n = Σ (w/W)² (1 − p)² where it is the case + Σ (w/W)² p² where it is not, the
    /// variance of a self-normalised estimate. Weights may differ between the two, so that n differs from probability to
    /// probability; it is not taken for more than the number of draws. Where all draws agree, n is the effective number.
    pub fn probability(self, share: Share) -> Probability {
        let value = share.value.clamp(0.0, 1.0);
        let Self::Draws { effective, count } = self else {
            return Probability { value, interval: Some([value, value]) };
        };
        if !self.supports_intervals() {
            return Probability { value, interval: None };
        }
        let squares = share.squares.clamp(0.0, 1.0 / effective);
        let variance = (1.0 - value).powi(2) * squares + value * value * (1.0 / effective - squares);
        let spread = value * (1.0 - value);
        let n = if spread > 0.0 && variance > 0.0 { (spread / variance).min(count) } else { effective };
        let scale = 1.0 / (1.0 + Z * Z / n);
        let centre = scale * (value + Z * Z / (2.0 * n));
        let half = scale * Z * (spread / n + Z * Z / (4.0 * n * n)).sqrt();
        // Rounding may leave the ends just inside the estimate where it is 0 or 1.
        let interval = [(centre - half).clamp(0.0, value), (centre + half).clamp(value, 1.0)];
        Probability { value, interval: Some(interval) }
    }
}
