//! Counter-based randomness: a draw is a pure function of what its key was folded with.

/// A key of the random number tree.
///
/// Fold a key with step, lane and position, then draw from the leaf: results cannot depend on the order of
/// evaluation, the number of threads or the size of a batch. The mixing function is the finaliser of SplitMix64
/// (Steele, Lea & Flood 2014), applied once per fold and once per draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// The root of the tree of `seed`.
    pub fn new(seed: u64) -> Self {
        Key(mix(seed ^ 0x5851_F42D_4C95_7F2D))
    }

    /// The `i`-th child.
    #[inline]
    #[must_use]
    pub fn fold(self, i: u64) -> Key {
        Key(mix(self.0 ^ i.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0xD1B5_4A32_D192_ED03)))
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(self) -> u64 {
        mix(self.0.wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    /// Uniform in `[0, 1)`, with 53 random bits.
    #[inline]
    pub fn unit(self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in `0..n`, with a bias below `n / 2^64`. Requires `n > 0`.
    #[inline]
    pub fn below(self, n: u32) -> u32 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u32
    }

    /// Standard normal, by the transform of Box and Muller.
    pub fn normal(self) -> f64 {
        let radius = (-2.0 * (1.0 - self.fold(0).unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.fold(1).unit()).cos()
    }
}

#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
