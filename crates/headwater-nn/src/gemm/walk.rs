//! How a tile of a product walks along its operands: which rows it has, and which terms.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::hint::black_box;

/// Where the rows of a tile are: in the left operand, in bytes as addresses are, and in the result, in floats.
pub(super) trait Rows {
    /// Row of the job that offsets count from.
    fn first(&self) -> usize;
    /// Bytes to row `r` of the tile in the left operand.
    fn bytes(&self, r: usize) -> usize;
    /// Floats to row `r` of the tile in the result.
    fn out(&self, r: usize) -> usize;
}

/// Rows one float apart.
pub(super) struct Neighbours {
    pub first: usize,
    pub out: usize,
}

impl Rows for Neighbours {
    #[inline(always)]
    fn first(&self) -> usize {
        self.first
    }
    #[inline(always)]
    fn bytes(&self, r: usize) -> usize {
        r * size_of::<f32>()
    }
    #[inline(always)]
    fn out(&self, r: usize) -> usize {
        r * self.out
    }
}

/// Rows a stride apart: its odd multiples, since an address may scale a register by 1, 2, 4 or 8 for free. The
/// compiler must not see that they are multiples, or it walks from row to row by additions that wait for each other
/// and take the ports of the multiplications.
pub(super) struct Apart {
    pub first: usize,
    odd: [usize; 6],
    pub out: usize,
}

impl Apart {
    #[inline(always)]
    pub fn new(first: usize, stride: usize, out: usize) -> Self {
        let odd = std::array::from_fn(|i| black_box((2 * i + 1) * stride * size_of::<f32>()));
        Self { first, odd, out }
    }
}

impl Rows for Apart {
    #[inline(always)]
    fn first(&self) -> usize {
        self.first
    }
    #[inline(always)]
    fn bytes(&self, r: usize) -> usize {
        if r == 0 {
            return 0;
        }
        let shift = r.trailing_zeros();
        self.odd[(r >> shift) / 2] << shift
    }
    #[inline(always)]
    fn out(&self, r: usize) -> usize {
        r * self.out
    }
}

/// Rows of a list.
pub(super) struct Listed<const M: usize> {
    bytes: [usize; M],
    pub out: [usize; M],
}

impl<const M: usize> Listed<M> {
    #[inline(always)]
    pub fn new(rows: &[u32], stride: usize, out: usize) -> Self {
        Self {
            bytes: std::array::from_fn(|r| rows[r] as usize * stride * size_of::<f32>()),
            out: std::array::from_fn(|r| rows[r] as usize * out),
        }
    }
}

impl<const M: usize> Rows for Listed<M> {
    #[inline(always)]
    fn first(&self) -> usize {
        0
    }
    #[inline(always)]
    fn bytes(&self, r: usize) -> usize {
        self.bytes[r]
    }
    #[inline(always)]
    fn out(&self, r: usize) -> usize {
        self.out[r]
    }
}

/// A position in the left and in the right operand.
pub(super) type At = (*const f32, *const f32);

/// How a sum walks from term to term.
pub(super) trait Terms {
    /// Where term `l` is, given the start and where the term before has left off.
    unsafe fn enter(&self, l: usize, start: At, at: At) -> At;
    /// Where a term leaves off.
    fn leave(&self, at: At) -> At;
}

/// Every term, a stride apart.
pub(super) struct Strided {
    pub acs: usize,
    pub brs: usize,
}

impl Terms for Strided {
    #[inline(always)]
    unsafe fn enter(&self, _: usize, _: At, at: At) -> At {
        at
    }
    #[inline(always)]
    fn leave(&self, (a, b): At) -> At {
        (a.wrapping_add(self.acs), b.wrapping_add(self.brs))
    }
}

/// Terms of a list that are fetched ahead.
const AHEAD: usize = 16;

/// The terms of a list.
pub(super) struct Chosen<'a> {
    pub list: &'a [u32],
    pub acs: usize,
    pub brs: usize,
}

impl Terms for Chosen<'_> {
    #[inline(always)]
    unsafe fn enter(&self, l: usize, (a, b): At, _: At) -> At {
        // SAFETY: the list has as many terms as the job, and `Job::new` has checked them.
        unsafe {
            // Rows of the right operand are far apart, where no hardware fetches ahead.
            #[cfg(target_arch = "x86_64")]
            {
                let ahead = *self.list.get_unchecked((l + AHEAD).min(self.list.len() - 1)) as usize;
                let ahead = b.add(ahead * self.brs);
                _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(16).cast());
            }
            let term = *self.list.get_unchecked(l) as usize;
            (a.add(term * self.acs), b.add(term * self.brs))
        }
    }
    #[inline(always)]
    fn leave(&self, at: At) -> At {
        at
    }
}
