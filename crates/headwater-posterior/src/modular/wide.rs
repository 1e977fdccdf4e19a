//! Numbers of about 32 digits and of any size, for sums of terms of both signs.

/// What one limb of the exponent stands for: 2^512.
const LIMB: f64 = 1.340_780_792_994_259_7e154;

/// Its logarithm.
const LOG_LIMB: f64 = 512.0 * std::f64::consts::LN_2;

/// Its square root, 2^256: beyond, a limb is carried.
const LARGE: f64 = 1.157_920_892_373_162e77;

/// (hi + lo) · 2^(512 limb), where lo is at most half of hi's last place, and |hi| in [2^−256, 2^256), or 0.
///
/// Sums are off by at most 3 · 2^−106 of their size, products by 7 · 2^−106 (AccurateDWPlusDW and DWTimesDW1 of Joldes,
/// Muller & Popescu 2017), without fused operations: the same bits everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wide {
    hi: f64,
    lo: f64,
    limb: i32,
}

/// a + b and what rounding lost of it.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// The same where |a| ≥ |b|.
fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// The upper and the lower half of a number's digits.
fn halves(a: f64) -> (f64, f64) {
    let t = 134_217_729.0 * a;
    let high = t - (t - a);
    (high, a - high)
}

/// a · b and what rounding lost of it.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    let ((a1, a2), (b1, b2)) = (halves(a), halves(b));
    (product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2)
}

impl Wide {
    pub const ZERO: Self = Self { hi: 0.0, lo: 0.0, limb: 0 };
    pub const ONE: Self = Self { hi: 1.0, lo: 0.0, limb: 0 };

    /// e^x; 0 for −∞.
    pub fn exp(x: f64) -> Self {
        if x == f64::NEG_INFINITY {
            return Self::ZERO;
        }
        let limbs = (x / LOG_LIMB).round();
        Self { hi: (x - limbs * LOG_LIMB).exp(), lo: 0.0, limb: limbs as i32 }.carried()
    }

    /// The logarithm of a number that is not negative.
    pub fn ln(self) -> f64 {
        self.hi.ln() + if self.hi > 0.0 { self.lo / self.hi } else { 0.0 } + f64::from(self.limb) * LOG_LIMB
    }

    /// The quotient of two numbers, the second above 0, as a plain number.
    pub fn over(self, other: Self) -> f64 {
        // Twice the digits are of no use here: what is asked for has half of them.
        let limbs = f64::from(self.limb) - f64::from(other.limb);
        self.hi / other.hi * LIMB.powf(limbs.clamp(-2.0, 2.0))
    }

    pub fn negative(self) -> Self {
        Self { hi: -self.hi, lo: -self.lo, limb: self.limb }
    }

    pub fn plus(self, other: Self) -> Self {
        let (a, b) = if self.limb >= other.limb { (self, other) } else { (other, self) };
        if b.hi == 0.0 {
            return a;
        }
        let scale = match a.limb - b.limb {
            0 => 1.0,
            _ if a.hi == 0.0 => return b,
            1 => 1.0 / LIMB,
            // Less than 2^−512 of the larger one.
            _ => return a,
        };
        let (sum, lost) = two_sum(a.hi, b.hi * scale);
        let (low, lower) = two_sum(a.lo, b.lo * scale);
        let (sum, low) = fast_two_sum(sum, lost + low);
        let (hi, lo) = fast_two_sum(sum, low + lower);
        Self { hi, lo, limb: a.limb }.carried()
    }

    pub fn times(self, other: Self) -> Self {
        let (product, lost) = two_product(self.hi, other.hi);
        let (hi, lo) = fast_two_sum(product, lost + (self.hi * other.lo + self.lo * other.hi));
        Self { hi, lo, limb: self.limb.saturating_add(other.limb) }.carried()
    }

    fn carried(self) -> Self {
        let size = self.hi.abs();
        let (scale, limbs) = match size {
            0.0 => return Self::ZERO,
            _ if size >= LARGE => (1.0 / LIMB, 1),
            _ if size < 1.0 / LARGE => (LIMB, -1),
            _ => return self,
        };
        Self { hi: self.hi * scale, lo: self.lo * scale, limb: self.limb.saturating_add(limbs) }
    }
}

#[cfg(test)]
impl Wide {
    /// The whole number that this is.
    pub fn whole(self) -> i128 {
        assert_eq!(self.limb, 0);
        self.hi as i128 + self.lo as i128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(n: i128) -> Wide {
        let hi = n as f64;
        Wide { hi, lo: (n - hi as i128) as f64, limb: 0 }
    }

    #[test]
    fn whole_numbers_of_thirty_digits_add_and_multiply_exactly() {
        let (a, b) = (1_138_779_265_000_001_i128, 987_654_321_987_653_i128);
        assert_eq!(of(a).times(of(b)).whole(), a * b);
        let large = of(a * b).plus(of(-a * b + 7));
        assert_eq!(large.whole(), 7);
        assert_eq!(of(a * b).plus(of(12_345)).whole(), a * b + 12_345);
        assert_eq!(of(a).plus(of(a).negative()).whole(), 0);
    }

    #[test]
    fn numbers_may_be_of_any_size() {
        for x in [-1e6, -1000.0, -400.0, -177.4, 0.0, 1.5, 177.5, 5000.0, 1e6] {
            let e = Wide::exp(x);
            assert!((e.ln() - x).abs() <= 1e-15 * x.abs(), "{x}: {}", e.ln());
            let double = e.plus(e).times(Wide::exp(-x));
            assert!((double.over(Wide::ONE) - 2.0).abs() < 1e-9, "{x}: {double:?}");
            // What is left of a sum when its larger part is taken away again.
            let small = Wide::exp(x - 60.0);
            let left = e.plus(small).plus(e.negative());
            assert!((left.over(small) - 1.0).abs() < 1e-5, "{x}: {left:?}");
            assert_eq!(e.plus(Wide::exp(x - 1000.0)), e);
            assert_eq!(e.plus(e.negative()), Wide::ZERO);
        }
        assert_eq!(Wide::exp(f64::NEG_INFINITY), Wide::ZERO);
        assert_eq!(Wide::ZERO.times(Wide::exp(900.0)), Wide::ZERO);
        assert_eq!(Wide::ZERO.ln(), f64::NEG_INFINITY);
        // Across a limb: 2^256 times its half, and back.
        let edge = Wide::exp(256.0 * std::f64::consts::LN_2);
        assert!((edge.times(edge).over(edge) / edge.over(Wide::ONE) - 1.0).abs() < 1e-12);
    }
}
