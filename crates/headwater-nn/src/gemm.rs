//! Matrix products over panels of 16 columns, with the layer's epilogue fused in.
//!
//! Every element is accumulated over `k` in ascending order in one register, so that its bits depend neither on the
//! blocking nor on the thread that computes it; AVX2 and AVX-512 give the same bits, the portable path rounds twice.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;

#[cfg(target_arch = "x86_64")]
use crate::vec16::x86;
use crate::vec16::{Isa, Vec16};

/// Left operand: element (i, l) is at `i * rs + l * cs`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    ptr: *const f32,
    len: usize,
    rs: usize,
    cs: usize,
    _data: PhantomData<&'a [Cell<f32>]>,
}

impl<'a> Left<'a> {
    pub fn new(data: &'a [f32], rs: usize, cs: usize) -> Self {
        Self { ptr: data.as_ptr(), len: data.len(), rs, cs, _data: PhantomData }
    }

    /// A left operand in memory that the result is written to as well, in other columns.
    pub fn cells(data: &'a [Cell<f32>], rs: usize, cs: usize) -> Self {
        Self { ptr: data.as_ptr().cast(), len: data.len(), rs, cs, _data: PhantomData }
    }
}

/// Right operand in panels: element (l, 16 p + j) is `data[p * ps + l * rs + j]`.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    pub data: &'a [f32],
    pub rs: usize,
    pub ps: usize,
}

/// Result in panels: element (i, 16 p + j) is at `p * ps + i * rs + j`.
pub(crate) struct Out<'a> {
    data: &'a [Cell<f32>],
    rs: usize,
    ps: usize,
}

impl<'a> Out<'a> {
    pub fn new(data: &'a mut [f32], rs: usize, ps: usize) -> Self {
        Self::cells(Cell::from_mut(data).as_slice_of_cells(), rs, ps)
    }

    /// A result in memory that the left operand is read from as well, in other columns.
    pub fn cells(data: &'a [Cell<f32>], rs: usize, ps: usize) -> Self {
        Self { data, rs, ps }
    }
}

/// What happens to an accumulated element before it is stored.
#[derive(Clone, Copy)]
pub(crate) enum Epilogue<'a> {
    /// Nothing.
    Store,
    /// It is added onto what `Out` holds.
    Accumulate,
    /// The bias of its column is added.
    Bias(&'a [f32]),
    /// The bias is added and negative results become zero.
    BiasRelu(&'a [f32]),
    /// It becomes zero where the matrix (laid out like `Out`) is not positive: the derivative of ReLU.
    WherePositive(&'a [f32]),
}

/// `out = epilogue(left · right)` for `m` rows, inner dimension `k` and `panels` panels of columns.
///
/// # Panics
/// If an operand is too short for its strides.
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub(crate) fn gemm(
    isa: Isa,
    m: usize,
    k: usize,
    panels: usize,
    left: Left<'_>,
    right: Right<'_>,
    out: Out<'_>,
    epilogue: Epilogue<'_>,
) {
    if m == 0 || panels == 0 {
        return;
    }
    assert!(k == 0 || left.len > (m - 1) * left.rs + (k - 1) * left.cs);
    assert!(k == 0 || right.data.len() >= (panels - 1) * right.ps + (k - 1) * right.rs + 16);
    let extent = (panels - 1) * out.ps + (m - 1) * out.rs + 16;
    assert!(out.data.len() >= extent);
    let (kind, e) = match epilogue {
        Epilogue::Store => (STORE, &[][..]),
        Epilogue::Accumulate => (ACCUMULATE, &[][..]),
        Epilogue::Bias(b) => (BIAS, b),
        Epilogue::BiasRelu(b) => (BIAS_RELU, b),
        Epilogue::WherePositive(h) => (WHERE_POSITIVE, h),
    };
    match epilogue {
        Epilogue::Bias(b) | Epilogue::BiasRelu(b) => assert!(b.len() >= 16 * panels),
        Epilogue::WherePositive(h) => assert!(h.len() >= extent),
        Epilogue::Store | Epilogue::Accumulate => {}
    }
    let job = Job {
        m,
        k,
        panels,
        a: left.ptr,
        ars: left.rs,
        acs: left.cs,
        b: right.data.as_ptr(),
        brs: right.rs,
        bps: right.ps,
        c: out.data.as_ptr().cast::<f32>().cast_mut(),
        crs: out.rs,
        cps: out.ps,
        e: e.as_ptr(),
    };
    // SAFETY: the assertions above bound every access of `Job::run`; `isa` comes from `Isa::detect` or `available`.
    unsafe {
        match isa {
            Isa::Portable => job.run_kind::<[f32; 16]>(kind),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => run_avx2(&job, kind),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => run_avx512(&job, kind),
            #[cfg(not(target_arch = "x86_64"))]
            _ => job.run_kind::<[f32; 16]>(kind),
        }
    }
}

const STORE: u8 = 0;
const ACCUMULATE: u8 = 1;
const BIAS: u8 = 2;
const BIAS_RELU: u8 = 3;
const WHERE_POSITIVE: u8 = 4;

/// The operands as pointers; `gemm` has checked that they reach far enough.
struct Job {
    m: usize,
    k: usize,
    panels: usize,
    a: *const f32,
    ars: usize,
    acs: usize,
    b: *const f32,
    brs: usize,
    bps: usize,
    c: *mut f32,
    crs: usize,
    cps: usize,
    e: *const f32,
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2(job: &Job, kind: u8) {
    unsafe { job.run_kind::<x86::Avx2>(kind) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn run_avx512(job: &Job, kind: u8) {
    unsafe { job.run_kind::<x86::Avx512>(kind) }
}

/// How tall and wide an instruction set's register tiles are.
trait Tiles: Vec16 {
    /// Most rows of a tile.
    const ROWS: usize;
    /// Panels of a tile, where there are as many left.
    const PANELS: usize;
    /// Runs the tile of `n` rows from row `i`, panel `panel`.
    unsafe fn tile<const NP: usize, const E: u8>(job: &Job, n: usize, i: usize, panel: usize);
}

macro_rules! tiles {
    ($vec:ty, rows $($n:literal)*, most $rows:literal, panels $panels:literal) => {
        impl Tiles for $vec {
            const ROWS: usize = $rows;
            const PANELS: usize = $panels;

            #[inline(always)]
            unsafe fn tile<const NP: usize, const E: u8>(job: &Job, n: usize, i: usize, panel: usize) {
                match n {
                    $($n => unsafe { job.tile::<Self, $n, NP, E>(i, panel) },)*
                    _ => unreachable!("a tile has 1 to ROWS rows"),
                }
            }
        }
    };
}

tiles!([f32; 16], rows 1 2 3, most 3, panels 1);
// Six rows of two registers fill twelve of the sixteen; two hold the panel, one the broadcast.
#[cfg(target_arch = "x86_64")]
tiles!(x86::Avx2, rows 1 2 3 4 5 6, most 6, panels 1);
// Twelve rows of two panels fill twenty-four of the thirty-two registers.
#[cfg(target_arch = "x86_64")]
tiles!(x86::Avx512, rows 1 2 3 4 5 6 7 8 9 10 11 12, most 12, panels 2);

impl Job {
    #[inline(always)]
    unsafe fn run_kind<V: Tiles>(&self, kind: u8) {
        unsafe {
            match kind {
                STORE => self.run::<V, STORE>(),
                ACCUMULATE => self.run::<V, ACCUMULATE>(),
                BIAS => self.run::<V, BIAS>(),
                BIAS_RELU => self.run::<V, BIAS_RELU>(),
                _ => self.run::<V, WHERE_POSITIVE>(),
            }
        }
    }

    /// Walks panels outside and rows inside, so that a panel of the right operand stays in the first-level cache.
    #[inline(always)]
    unsafe fn run<V: Tiles, const E: u8>(&self) {
        let mut panel = 0;
        while panel < self.panels {
            unsafe {
                if V::PANELS == 2 && panel + 2 <= self.panels {
                    self.rows::<V, 2, E>(panel);
                    panel += 2;
                } else {
                    self.rows::<V, 1, E>(panel);
                    panel += 1;
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn rows<V: Tiles, const NP: usize, const E: u8>(&self, panel: usize) {
        // Tiles of nearly equal height: a last tile of one row would run at a fraction of the speed.
        let height = self.m.div_ceil(self.m.div_ceil(V::ROWS));
        let mut i = 0;
        while i < self.m {
            let n = height.min(self.m - i);
            unsafe { V::tile::<NP, E>(self, n, i, panel) };
            i += n;
        }
    }

    #[inline(always)]
    unsafe fn tile<V: Vec16, const M: usize, const NP: usize, const E: u8>(&self, i: usize, panel: usize) {
        // SAFETY: i + M <= m and panel + NP <= panels, so every address lies within what `gemm` asserted.
        unsafe {
            let c = self.c.add(panel * self.cps + i * self.crs);
            let mut acc = [[V::splat(0.0); NP]; M];
            if E == ACCUMULATE {
                for r in 0..M {
                    for p in 0..NP {
                        acc[r][p] = V::load(c.add(r * self.crs + p * self.cps));
                    }
                }
            }
            let mut a = self.a.add(i * self.ars);
            let mut b = self.b.add(panel * self.bps);
            for _ in 0..self.k {
                let mut right = [V::splat(0.0); NP];
                for p in 0..NP {
                    right[p] = V::load(b.add(p * self.bps));
                }
                for r in 0..M {
                    let left = V::splat(*a.add(r * self.ars));
                    for p in 0..NP {
                        acc[r][p] = left.mul_add(right[p], acc[r][p]);
                    }
                }
                a = a.wrapping_add(self.acs);
                b = b.wrapping_add(self.brs);
            }
            for r in 0..M {
                for p in 0..NP {
                    let at = r * self.crs + p * self.cps;
                    let x = acc[r][p];
                    let y = match E {
                        BIAS => x.add(V::load(self.e.add(16 * (panel + p)))),
                        BIAS_RELU => x.add(V::load(self.e.add(16 * (panel + p)))).relu(),
                        WHERE_POSITIVE => {
                            x.where_positive(V::load(self.e.add(panel * self.cps + i * self.crs + at)))
                        }
                        _ => x,
                    };
                    y.store(c.add(at));
                }
            }
        }
    }
}
