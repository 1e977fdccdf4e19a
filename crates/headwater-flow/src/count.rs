//! How many trajectories there are, exactly as long as the numbers can be written down.

use std::fmt;

use headwater_core::StateGraph;
use headwater_exact::{log_sum_exp, log_trajectories};
use num_bigint::BigUint;

/// Bits of all numbers that an exact count may add up.
const BITS: f64 = 4e9;

/// A number of trajectories.
#[derive(Clone, Debug, PartialEq)]
pub enum Count {
    /// Exactly so many.
    Exact(BigUint),
    /// Too many to count exactly: the natural logarithm of their number.
    Log(f64),
}

impl Count {
    /// The trajectories from the source that end in an object, or those that end in `only`.
    ///
    /// Exact if the additions need no more than some seconds.
    pub fn new(g: &StateGraph) -> Self {
        let logs = log_trajectories(g);
        // Every edge adds the number of its source to that of its target.
        let bits: f64 =
            (0..g.n_states()).map(|v| (1 + g.out(v).len()) as f64 * (64.0 + logs[v] / 2f64.ln())).sum();
        if bits > BITS {
            return Self::Log(log_sum_exp(g.objects().map(|v| logs[v])));
        }
        let mut counts = vec![BigUint::ZERO; g.n_states()];
        counts[g.source()] += 1u32;
        let mut total = BigUint::ZERO;
        for &v in g.order() {
            let v = v as usize;
            // No later node asks for this number again.
            let count = std::mem::take(&mut counts[v]);
            g.out(v).for_each(|e| counts[g.to(e)] += &count);
            if g.is_object(v) {
                total += count;
            }
        }
        Self::Exact(total)
    }
}

/// All digits of an exact number; otherwise a power of ten.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(n) => write!(f, "{n}"),
            Self::Log(log) => {
                let log10 = log / 10f64.ln();
                write!(f, "about 10^{log10:.2}")
            }
        }
    }
}
