//! Real numbers by their signs and logarithms: products of many rewards leave the range of a float.

use std::cmp::Ordering;

/// A real number, ±eˡᵒᵍ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Signed {
    negative: bool,
    /// The logarithm of its absolute value: −∞ for 0, NaN for what is not a number.
    log: f64,
}

impl Signed {
    pub const ZERO: Self = Self::exp(f64::NEG_INFINITY);
    pub const ONE: Self = Self::exp(0.0);
    pub const NAN: Self = Self::exp(f64::NAN);
    pub const INFINITY: Self = Self::exp(f64::INFINITY);

    /// e^log.
    pub const fn exp(log: f64) -> Self {
        Self { negative: false, log }
    }

    /// −e^log.
    pub const fn minus_exp(log: f64) -> Self {
        Self { negative: true, log }
    }

    pub fn is_nan(self) -> bool {
        self.log.is_nan()
    }

    /// The logarithm of a number that is not negative; `None` for one that is.
    pub fn ln(self) -> Option<f64> {
        (!self.negative || self.log == f64::NEG_INFINITY).then_some(self.log)
    }

    /// As a float, 0 or infinite where it is too small or too large for one.
    pub fn to_f64(self) -> f64 {
        if self.negative { -self.log.exp() } else { self.log.exp() }
    }

    /// e^log times it.
    pub fn times_exp(self, log: f64) -> Self {
        // 0 stays 0, whatever the factor.
        if self.log == f64::NEG_INFINITY { self } else { Self { log: self.log + log, ..self } }
    }

    pub fn times(self, other: Self) -> Self {
        if other.is_nan() {
            return other;
        }
        Self { negative: self.negative != other.negative, ..self.times_exp(other.log) }
    }

    /// Its `w`-th power, for w ≥ 0; not a number where it is negative and w is not whole.
    pub fn power(self, w: f64) -> Self {
        if w == 0.0 {
            return Self::ONE;
        }
        if self.negative && w.fract() != 0.0 {
            return Self::NAN;
        }
        Self { negative: self.negative && w % 2.0 != 0.0, log: w * self.log }
    }

    pub fn plus(self, other: Self) -> Self {
        if self.is_nan() || other.is_nan() {
            return Self::NAN;
        }
        let (large, small) = if self.log >= other.log { (self, other) } else { (other, self) };
        if small.log == f64::NEG_INFINITY {
            return large;
        }
        let ratio = (small.log - large.log).exp();
        match (large.negative == small.negative, large.log == f64::INFINITY) {
            (true, true) => large,
            (true, false) => Self { log: large.log + ratio.ln_1p(), ..large },
            (false, _) if large.log == small.log && large.log.is_finite() => Self::ZERO,
            (false, _) => Self { log: large.log + (-ratio).ln_1p(), ..large },
        }
    }

    /// The lesser of two; not a number if one is none.
    pub fn min(self, other: Self) -> Self {
        let key = |x: Self| if x.log == f64::NEG_INFINITY { Self::ZERO } else { x };
        let (a, b) = (key(self), key(other));
        let order = match (a.negative, b.negative) {
            _ if a.is_nan() || b.is_nan() => return Self::NAN,
            (true, true) => b.log.total_cmp(&a.log),
            (false, false) => a.log.total_cmp(&b.log),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        };
        if order == Ordering::Greater { b } else { a }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(x: f64) -> Signed {
        if x < 0.0 { Signed::minus_exp((-x).ln()) } else { Signed::exp(x.ln()) }
    }

    #[test]
    fn arithmetic_is_that_of_floats_where_these_reach() {
        let numbers = [0.0, 1.0, -1.0, 2.5, -2.5, 1e-9, -1e9, 3.0, 1e300, -1e-300];
        let close = |x: f64, y: f64| x == y || (x - y).abs() <= 1e-12 * x.abs().max(y.abs());
        for x in numbers {
            for y in numbers {
                let (a, b) = (of(x), of(y));
                // A sum of numbers that nearly cancel has no digits in either arithmetic.
                assert!(close(a.plus(b).to_f64(), x + y), "{x} + {y}: {}", a.plus(b).to_f64());
                assert!(close(a.min(b).to_f64(), x.min(y)), "min {x} {y}");
                if (x * y).abs() > 1e-290 && (x * y).abs() < 1e290 || x * y == 0.0 {
                    assert!(close(a.times(b).to_f64(), x * y), "{x} · {y}: {}", a.times(b).to_f64());
                }
            }
            for w in [0.0, 0.5, 1.0, 2.0, 3.0] {
                let (got, want) = (of(x).power(w).to_f64(), x.powf(w));
                let out_of_range = want == 0.0 && x != 0.0 || want.is_infinite();
                assert!(out_of_range || got.is_nan() && want.is_nan() || close(got, want), "{x}^{w}: {got}");
            }
        }
    }

    #[test]
    fn and_goes_on_beyond_them() {
        let tiny = Signed::exp(-800.0);
        assert!((tiny.plus(tiny).ln().unwrap() - (2f64.ln() - 800.0)).abs() < 1e-12);
        assert_eq!(tiny.times(Signed::exp(750.0)).ln(), Some(-50.0));
        assert_eq!(tiny.min(Signed::exp(-801.0)).ln(), Some(-801.0));
        assert_eq!(Signed::minus_exp(-800.0).min(tiny).ln(), None);
        assert_eq!(tiny.plus(Signed::minus_exp(-800.0)), Signed::ZERO);
        assert_eq!(Signed::exp(900.0).plus(Signed::ZERO).ln(), Some(900.0));
        assert_eq!(Signed::ZERO.times_exp(f64::INFINITY), Signed::ZERO);
        assert!(
            Signed::NAN.plus(tiny).is_nan()
                && tiny.plus(Signed::NAN).is_nan()
                && tiny.min(Signed::NAN).is_nan()
        );
        assert!(Signed::INFINITY.plus(Signed::minus_exp(f64::INFINITY)).is_nan());
    }
}
