//! Matrix products over panels of 16 columns, with the layer's epilogue fused in.
//!
//! Every element is accumulated over `k` in ascending order in one register, so that its bits depend neither on the
//! blocking nor on the thread that computes it; AVX2 and AVX-512 give the same bits, the portable path rounds twice.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::hint::black_box;
use std::marker::PhantomData;

#[cfg(target_arch = "x86_64")]
use crate::vec16::x86;
use crate::vec16::{Isa, Vec16, dispatch};

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
    match epilogue {
        Epilogue::Bias(b) | Epilogue::BiasRelu(b) => assert!(b.len() >= 16 * panels),
        Epilogue::WherePositive(h) => assert!(h.len() >= extent),
        Epilogue::Store | Epilogue::Accumulate => {}
    }
    let job = &Job {
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
        epilogue,
    };
    // SAFETY: the assertions above bound every access of `Job::run`; `isa` comes from `Isa::detect` or `available`.
    unsafe { dispatch!(isa, run(job: &Job<'_>)) }
}

/// The operands as pointers; `gemm` has checked that they reach far enough.
struct Job<'a> {
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
    epilogue: Epilogue<'a>,
}

#[inline(always)]
unsafe fn run<V: Tiles>(job: &Job<'_>) {
    unsafe { job.run::<V>() }
}

/// How tall and wide an instruction set's register tiles are.
trait Tiles: Vec16 {
    /// Most rows of a tile.
    const ROWS: usize;
    /// Panels of a tile of `rows` rows, where there are as many left: short tiles are wide, so that there are always
    /// enough independent sums to hide the latency of an addition.
    fn panels(rows: usize) -> usize;
    /// Runs the tile of `rows` rows and `panels` panels (one, or what `panels` says) at row `i`, panel `panel`.
    unsafe fn tile(job: &Job<'_>, rows: usize, panels: usize, i: usize, panel: usize);
}

macro_rules! tiles {
    ($vec:ty, most $most:literal, $($rows:literal x $panels:literal)*) => {
        impl Tiles for $vec {
            const ROWS: usize = $most;

            #[inline(always)]
            fn panels(rows: usize) -> usize {
                match rows {
                    $($rows => $panels,)*
                    _ => 1,
                }
            }

            #[inline(always)]
            unsafe fn tile(job: &Job<'_>, rows: usize, panels: usize, i: usize, panel: usize) {
                unsafe {
                    match (rows, panels > 1) {
                        $(($rows, true) => job.tile::<Self, $rows, $panels>(i, panel),
                        ($rows, false) => job.tile::<Self, $rows, 1>(i, panel),)*
                        _ => unreachable!("a tile has 1 to ROWS rows"),
                    }
                }
            }
        }
    };
}

tiles!([f32; 16], most 3, 1 x 2 2 x 1 3 x 1);
// Six rows of two registers fill twelve of the sixteen; two hold the panel, one the broadcast.
#[cfg(target_arch = "x86_64")]
tiles!(x86::Avx2, most 6, 1 x 4 2 x 2 3 x 2 4 x 1 5 x 1 6 x 1);
// Twelve rows of two panels fill twenty-four of the thirty-two registers, as six rows of four do.
#[cfg(target_arch = "x86_64")]
tiles!(x86::Avx512, most 12, 1 x 8 2 x 8 3 x 8 4 x 4 5 x 4 6 x 4 7 x 2 8 x 2 9 x 2 10 x 2 11 x 2 12 x 2);

impl Job<'_> {
    /// Walks panels outside and rows inside, so that a panel of the right operand stays in the first-level cache.
    #[inline(always)]
    unsafe fn run<V: Tiles>(&self) {
        // Tiles of nearly equal height: a last tile of one row would run at a fraction of the speed.
        let height = self.m.div_ceil(self.m.div_ceil(V::ROWS));
        let wide = V::panels(height);
        let mut panel = 0;
        while panel < self.panels {
            let panels = if panel + wide <= self.panels { wide } else { 1 };
            let mut i = 0;
            while i < self.m {
                let rows = height.min(self.m - i);
                unsafe {
                    if panels == V::panels(rows) {
                        V::tile(self, rows, panels, i, panel);
                    } else {
                        for p in panel..panel + panels {
                            V::tile(self, rows, 1, i, p);
                        }
                    }
                }
                i += rows;
            }
            panel += panels;
        }
    }

    #[inline(always)]
    unsafe fn tile<V: Vec16, const M: usize, const NP: usize>(&self, i: usize, panel: usize) {
        // The rows of a weight gradient's left operand are neighbours, so that their offsets are constants.
        unsafe {
            if self.ars == 1 {
                self.tile_at::<V, M, NP>(&Neighbours, i, panel);
            } else {
                self.tile_at::<V, M, NP>(&Apart::new(self.ars), i, panel);
            }
        }
    }

    #[inline(always)]
    unsafe fn tile_at<V: Vec16, const M: usize, const NP: usize>(
        &self,
        rows: &impl RowOffsets,
        i: usize,
        panel: usize,
    ) {
        // SAFETY: i + M <= m and panel + NP <= panels, so every address lies within what `gemm` asserted.
        unsafe {
            let c = self.c.add(panel * self.cps + i * self.crs);
            let mut acc = [[V::splat(0.0); NP]; M];
            if let Epilogue::Accumulate = self.epilogue {
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
                    let left = V::splat(*a.byte_add(rows.bytes(r)));
                    for p in 0..NP {
                        acc[r][p] = left.mul_add(right[p], acc[r][p]);
                    }
                }
                a = a.wrapping_add(self.acs);
                b = b.wrapping_add(self.brs);
            }
            match self.epilogue {
                Epilogue::Store | Epilogue::Accumulate => {}
                Epilogue::Bias(bias) | Epilogue::BiasRelu(bias) => {
                    let relu = matches!(self.epilogue, Epilogue::BiasRelu(_));
                    for p in 0..NP {
                        let bias = V::load(bias.as_ptr().add(16 * (panel + p)));
                        for r in 0..M {
                            acc[r][p] = acc[r][p].add(bias);
                            if relu {
                                acc[r][p] = acc[r][p].relu();
                            }
                        }
                    }
                }
                Epilogue::WherePositive(h) => {
                    let h = h.as_ptr().add(panel * self.cps + i * self.crs);
                    for r in 0..M {
                        for p in 0..NP {
                            acc[r][p] = acc[r][p].where_positive(V::load(h.add(r * self.crs + p * self.cps)));
                        }
                    }
                }
            }
            for r in 0..M {
                for p in 0..NP {
                    acc[r][p].store(c.add(r * self.crs + p * self.cps));
                }
            }
        }
    }
}

/// Where the rows of a tile of the left operand start.
trait RowOffsets {
    /// Bytes from row 0 to row `r`.
    fn bytes(&self, r: usize) -> usize;
}

/// Rows one float apart.
struct Neighbours;

impl RowOffsets for Neighbours {
    #[inline(always)]
    fn bytes(&self, r: usize) -> usize {
        r * size_of::<f32>()
    }
}

/// Rows a stride apart: its odd multiples, since an address may scale a register by 1, 2, 4 or 8 for free. The
/// compiler must not see that they are multiples, or it walks from row to row by additions that wait for each other
/// and take the ports of the multiplications.
struct Apart([usize; 6]);

impl Apart {
    #[inline(always)]
    fn new(stride: usize) -> Self {
        Self(std::array::from_fn(|i| black_box((2 * i + 1) * stride * size_of::<f32>())))
    }
}

impl RowOffsets for Apart {
    #[inline(always)]
    fn bytes(&self, r: usize) -> usize {
        if r == 0 {
            return 0;
        }
        let shift = r.trailing_zeros();
        self.0[(r >> shift) / 2] << shift
    }
}
