//! Sixteen floats at a time: the one vector width that every kernel is written in, for three instruction sets.
//!
//! A panel of a matrix is 16 columns wide: one register of AVX-512, two of AVX2, an array anywhere else.
#![allow(unsafe_code)]

/// Which instructions the kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Whatever the compiler makes of plain arrays.
    Portable,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX-512F.
    Avx512,
}

impl Isa {
    /// The widest instruction set of this machine.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// The name that people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable code",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
        }
    }

    /// Every instruction set that this machine can run.
    pub fn available() -> Vec<Self> {
        let widest = Self::detect();
        [Self::Portable, Self::Avx2, Self::Avx512].into_iter().take(widest as usize + 1).collect()
    }
}

/// Calls `kernel::<V>(arguments)` with the vectors of an instruction set, compiled for it.
///
/// The kernel is an `unsafe fn`, `#[inline(always)]`, generic over one [`Vec16`]. It must not hide its vectors in
/// closures, which are compiled without the instruction set.
///
/// # Safety
/// The arguments must be what the kernel asks for; `$isa` must come from [`Isa::detect`] or [`Isa::available`].
macro_rules! dispatch {
    ($isa:expr, $kernel:ident($($arg:ident: $type:ty),* $(,)?)) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        #[allow(clippy::too_many_arguments)]
        unsafe fn avx2($($arg: $type),*) {
            unsafe { $kernel::<$crate::vec16::x86::Avx2>($($arg),*) }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f")]
        #[allow(clippy::too_many_arguments)]
        unsafe fn avx512($($arg: $type),*) {
            unsafe { $kernel::<$crate::vec16::x86::Avx512>($($arg),*) }
        }
        match $isa {
            #[cfg(target_arch = "x86_64")]
            $crate::vec16::Isa::Avx2 => avx2($($arg),*),
            #[cfg(target_arch = "x86_64")]
            $crate::vec16::Isa::Avx512 => avx512($($arg),*),
            _ => $kernel::<[f32; 16]>($($arg),*),
        }
    }};
}

pub(crate) use dispatch;

/// Sixteen floats.
///
/// # Safety
/// Methods may only be called where the implementing instruction set is enabled (see [`Isa`]); `load` and `store`
/// need 16 readable or writable floats at `p`, of any alignment.
pub(crate) trait Vec16: Copy {
    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(p: *const f32) -> Self;
    /// Loads the floats whose bit is set, which must be readable; −∞ elsewhere.
    unsafe fn load_where(p: *const f32, bits: u16) -> Self;
    unsafe fn store(self, p: *mut f32);
    /// `self · a + b`, rounded once where the instruction set can.
    unsafe fn mul_add(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, a: Self) -> Self;
    unsafe fn sub(self, a: Self) -> Self;
    unsafe fn mul(self, a: Self) -> Self;
    /// The larger of each pair; `a` where either is not a number.
    unsafe fn max(self, a: Self) -> Self;
    /// `self` where `h > 0`, else 0.
    unsafe fn where_positive(self, h: Self) -> Self;
    /// 2 to the power of each element, which must be an integer from −126 to 127.
    unsafe fn power_of_two(self) -> Self;
    /// Element j of vector i becomes element i of vector j.
    unsafe fn transpose(rows: [Self; 16]) -> [Self; 16];

    /// `max(self, 0)`.
    #[inline(always)]
    unsafe fn relu(self) -> Self {
        unsafe { self.max(Self::splat(0.0)) }
    }

    /// The elements as an array.
    #[inline(always)]
    unsafe fn elements(self) -> [f32; 16] {
        let mut x = [0.0; 16];
        // SAFETY: the array has sixteen floats.
        unsafe { self.store(x.as_mut_ptr()) };
        x
    }

    /// The sum of the elements, added by halves: the same order for every instruction set.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let mut x = unsafe { self.elements() };
        for half in [8, 4, 2, 1] {
            for j in 0..half {
                x[j] += x[j + half];
            }
        }
        x[0]
    }

    /// The largest element, found by halves.
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        let mut x = unsafe { self.elements() };
        for half in [8, 4, 2, 1] {
            for j in 0..half {
                x[j] = if x[j] > x[j + half] { x[j] } else { x[j + half] };
            }
        }
        x[0]
    }
}

impl Vec16 for [f32; 16] {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        [x; 16]
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller vouches for 16 floats; `read_unaligned` needs no alignment.
        unsafe { p.cast::<Self>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: as for `load`.
        unsafe { p.cast::<Self>().write_unaligned(self) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        std::array::from_fn(|i| self[i] * a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn add(self, a: Self) -> Self {
        std::array::from_fn(|i| self[i] + a[i])
    }
    #[inline(always)]
    unsafe fn load_where(p: *const f32, bits: u16) -> Self {
        // SAFETY: only floats whose bit is set are read, and the caller vouches for those.
        std::array::from_fn(|i| if bits >> i & 1 == 1 { unsafe { *p.add(i) } } else { f32::NEG_INFINITY })
    }
    #[inline(always)]
    unsafe fn sub(self, a: Self) -> Self {
        std::array::from_fn(|i| self[i] - a[i])
    }
    #[inline(always)]
    unsafe fn mul(self, a: Self) -> Self {
        std::array::from_fn(|i| self[i] * a[i])
    }
    #[inline(always)]
    unsafe fn max(self, a: Self) -> Self {
        std::array::from_fn(|i| if self[i] > a[i] { self[i] } else { a[i] })
    }
    #[inline(always)]
    unsafe fn where_positive(self, h: Self) -> Self {
        std::array::from_fn(|i| if h[i] > 0.0 { self[i] } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        self.map(|x| f32::from_bits((x as i32 + 127).cast_unsigned() << 23))
    }
    #[inline(always)]
    unsafe fn transpose(rows: [Self; 16]) -> [Self; 16] {
        std::array::from_fn(|j| std::array::from_fn(|i| rows[i][j]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod x86 {
    //! The two x86 instruction sets.
    use super::Vec16;
    use std::arch::x86_64::*;

    /// Two registers of AVX2.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256, __m256);

    // SAFETY (all blocks): the trait's contract is that AVX2 and FMA are enabled and pointers cover 16 floats.
    impl Vec16 for Avx2 {
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            unsafe { Self(_mm256_set1_ps(x), _mm256_set1_ps(x)) }
        }
        #[inline(always)]
        unsafe fn load(p: *const f32) -> Self {
            unsafe { Self(_mm256_loadu_ps(p), _mm256_loadu_ps(p.add(8))) }
        }
        #[inline(always)]
        unsafe fn store(self, p: *mut f32) {
            unsafe {
                _mm256_storeu_ps(p, self.0);
                _mm256_storeu_ps(p.add(8), self.1);
            }
        }
        #[inline(always)]
        unsafe fn mul_add(self, a: Self, b: Self) -> Self {
            unsafe { Self(_mm256_fmadd_ps(self.0, a.0, b.0), _mm256_fmadd_ps(self.1, a.1, b.1)) }
        }
        #[inline(always)]
        unsafe fn add(self, a: Self) -> Self {
            unsafe { Self(_mm256_add_ps(self.0, a.0), _mm256_add_ps(self.1, a.1)) }
        }
        #[inline(always)]
        unsafe fn load_where(p: *const f32, bits: u16) -> Self {
            unsafe {
                let low = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
                let bits = _mm256_set1_epi32(i32::from(bits));
                let high = _mm256_slli_epi32::<8>(low);
                let low = _mm256_cmpeq_epi32(_mm256_and_si256(bits, low), low);
                let high = _mm256_cmpeq_epi32(_mm256_and_si256(bits, high), high);
                let none = _mm256_set1_ps(f32::NEG_INFINITY);
                let (a, b) = (_mm256_maskload_ps(p, low), _mm256_maskload_ps(p.wrapping_add(8), high));
                Self(
                    _mm256_blendv_ps(none, a, _mm256_castsi256_ps(low)),
                    _mm256_blendv_ps(none, b, _mm256_castsi256_ps(high)),
                )
            }
        }
        #[inline(always)]
        unsafe fn sub(self, a: Self) -> Self {
            unsafe { Self(_mm256_sub_ps(self.0, a.0), _mm256_sub_ps(self.1, a.1)) }
        }
        #[inline(always)]
        unsafe fn mul(self, a: Self) -> Self {
            unsafe { Self(_mm256_mul_ps(self.0, a.0), _mm256_mul_ps(self.1, a.1)) }
        }
        #[inline(always)]
        unsafe fn max(self, a: Self) -> Self {
            unsafe { Self(_mm256_max_ps(self.0, a.0), _mm256_max_ps(self.1, a.1)) }
        }
        #[inline(always)]
        unsafe fn power_of_two(self) -> Self {
            unsafe {
                let bias = _mm256_set1_epi32(127);
                let low = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), bias);
                let high = _mm256_add_epi32(_mm256_cvtps_epi32(self.1), bias);
                Self(
                    _mm256_castsi256_ps(_mm256_slli_epi32::<23>(low)),
                    _mm256_castsi256_ps(_mm256_slli_epi32::<23>(high)),
                )
            }
        }
        #[inline(always)]
        unsafe fn where_positive(self, h: Self) -> Self {
            unsafe {
                let zero = _mm256_setzero_ps();
                Self(
                    _mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_GT_OQ>(h.0, zero)),
                    _mm256_and_ps(self.1, _mm256_cmp_ps::<_CMP_GT_OQ>(h.1, zero)),
                )
            }
        }
        #[inline(always)]
        unsafe fn transpose(rows: [Self; 16]) -> [Self; 16] {
            unsafe {
                let mut out = [Self::splat(0.0); 16];
                for half in [0, 8] {
                    let low = transpose8(std::array::from_fn(|i| rows[half + i].0));
                    let high = transpose8(std::array::from_fn(|i| rows[half + i].1));
                    for i in 0..8 {
                        let (low, high) = (low[i], high[i]);
                        if half == 0 {
                            (out[i].0, out[i + 8].0) = (low, high);
                        } else {
                            (out[i].1, out[i + 8].1) = (low, high);
                        }
                    }
                }
                out
            }
        }
    }

    /// Transposes eight registers of eight floats.
    ///
    /// # Safety
    /// AVX2 is enabled.
    #[inline(always)]
    unsafe fn transpose8(r: [__m256; 8]) -> [__m256; 8] {
        unsafe {
            let mut a = [_mm256_setzero_ps(); 8];
            for i in 0..4 {
                a[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
                a[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
            }
            let mut b = [_mm256_setzero_ps(); 8];
            for i in 0..2 {
                b[4 * i] = _mm256_shuffle_ps::<0x44>(a[4 * i], a[4 * i + 2]);
                b[4 * i + 1] = _mm256_shuffle_ps::<0xEE>(a[4 * i], a[4 * i + 2]);
                b[4 * i + 2] = _mm256_shuffle_ps::<0x44>(a[4 * i + 1], a[4 * i + 3]);
                b[4 * i + 3] = _mm256_shuffle_ps::<0xEE>(a[4 * i + 1], a[4 * i + 3]);
            }
            let mut c = [_mm256_setzero_ps(); 8];
            for i in 0..4 {
                c[i] = _mm256_permute2f128_ps::<0x20>(b[i], b[i + 4]);
                c[i + 4] = _mm256_permute2f128_ps::<0x31>(b[i], b[i + 4]);
            }
            c
        }
    }

    /// One register of AVX-512.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512);

    // SAFETY (all blocks): the trait's contract is that AVX-512F is enabled and pointers cover 16 floats.
    impl Vec16 for Avx512 {
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            unsafe { Self(_mm512_set1_ps(x)) }
        }
        #[inline(always)]
        unsafe fn load(p: *const f32) -> Self {
            unsafe { Self(_mm512_loadu_ps(p)) }
        }
        #[inline(always)]
        unsafe fn store(self, p: *mut f32) {
            unsafe { _mm512_storeu_ps(p, self.0) }
        }
        #[inline(always)]
        unsafe fn mul_add(self, a: Self, b: Self) -> Self {
            unsafe { Self(_mm512_fmadd_ps(self.0, a.0, b.0)) }
        }
        #[inline(always)]
        unsafe fn add(self, a: Self) -> Self {
            unsafe { Self(_mm512_add_ps(self.0, a.0)) }
        }
        #[inline(always)]
        unsafe fn load_where(p: *const f32, bits: u16) -> Self {
            unsafe { Self(_mm512_mask_loadu_ps(_mm512_set1_ps(f32::NEG_INFINITY), bits, p)) }
        }
        #[inline(always)]
        unsafe fn sub(self, a: Self) -> Self {
            unsafe { Self(_mm512_sub_ps(self.0, a.0)) }
        }
        #[inline(always)]
        unsafe fn mul(self, a: Self) -> Self {
            unsafe { Self(_mm512_mul_ps(self.0, a.0)) }
        }
        #[inline(always)]
        unsafe fn max(self, a: Self) -> Self {
            unsafe { Self(_mm512_max_ps(self.0, a.0)) }
        }
        #[inline(always)]
        unsafe fn power_of_two(self) -> Self {
            unsafe {
                let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127));
                Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent)))
            }
        }
        #[inline(always)]
        unsafe fn where_positive(self, h: Self) -> Self {
            unsafe {
                let keep = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(h.0, _mm512_setzero_ps());
                Self(_mm512_maskz_mov_ps(keep, self.0))
            }
        }
        #[inline(always)]
        unsafe fn transpose(r: [Self; 16]) -> [Self; 16] {
            unsafe {
                let zero = _mm512_setzero_ps();
                // Within quarters of a register: pairs of rows, then fours.
                let mut a = [zero; 16];
                for i in 0..8 {
                    a[2 * i] = _mm512_unpacklo_ps(r[2 * i].0, r[2 * i + 1].0);
                    a[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i].0, r[2 * i + 1].0);
                }
                let mut b = [zero; 16];
                for i in 0..4 {
                    b[4 * i] = _mm512_shuffle_ps::<0x44>(a[4 * i], a[4 * i + 2]);
                    b[4 * i + 1] = _mm512_shuffle_ps::<0xEE>(a[4 * i], a[4 * i + 2]);
                    b[4 * i + 2] = _mm512_shuffle_ps::<0x44>(a[4 * i + 1], a[4 * i + 3]);
                    b[4 * i + 3] = _mm512_shuffle_ps::<0xEE>(a[4 * i + 1], a[4 * i + 3]);
                }
                // Then the quarters are a matrix of four by four, for each of four columns.
                let mut out = [Self(zero); 16];
                for i in 0..4 {
                    let low = _mm512_shuffle_f32x4::<0x88>(b[i], b[i + 4]);
                    let odd = _mm512_shuffle_f32x4::<0xDD>(b[i], b[i + 4]);
                    let low_too = _mm512_shuffle_f32x4::<0x88>(b[i + 8], b[i + 12]);
                    let odd_too = _mm512_shuffle_f32x4::<0xDD>(b[i + 8], b[i + 12]);
                    out[i] = Self(_mm512_shuffle_f32x4::<0x88>(low, low_too));
                    out[i + 4] = Self(_mm512_shuffle_f32x4::<0x88>(odd, odd_too));
                    out[i + 8] = Self(_mm512_shuffle_f32x4::<0xDD>(low, low_too));
                    out[i + 12] = Self(_mm512_shuffle_f32x4::<0xDD>(odd, odd_too));
                }
                out
            }
        }
    }
}
