//! A probability as it is known: exactly, or from draws with an interval.

/// Where weighted structures come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidence {
    /// Every structure that there is, with its probability.
    Exact,
    /// Draws; the weights say how much each counts for.
    Draws {
        /// (Σw)² / Σw²: the number of draws of equal weight that say as much.
        effective: f64,
    },
}

/// A probability with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probability {
    /// The probability, or its estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 97.5 % point of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

impl Evidence {
    /// What this evidence says of something that is the case in a share `value` of the weights.
    ///
    /// From draws, the interval is Wilson's for the effective number of them: it holds its level near 0 and 1 too, where
    /// most edges are, and there is no estimate of a variance in it that few draws would get wrong.
    pub fn probability(self, value: f64) -> Probability {
        let value = value.clamp(0.0, 1.0);
        let Self::Draws { effective: n } = self else {
            return Probability { value, low: value, high: value };
        };
        let n = n.max(1.0);
        let scale = 1.0 / (1.0 + Z * Z / n);
        let centre = scale * (value + Z * Z / (2.0 * n));
        let half = scale * Z * (value * (1.0 - value) / n + Z * Z / (4.0 * n * n)).sqrt();
        // Rounding may leave the ends just inside the estimate where it is 0 or 1.
        let (low, high) = ((centre - half).clamp(0.0, value), (centre + half).clamp(value, 1.0));
        Probability { value, low, high }
    }
}
