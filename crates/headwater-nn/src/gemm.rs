//! Matrix products over panels of 16 columns, with the layer's epilogue fused in.
//!
//! Every element is accumulated over `k` in ascending order in one register, so that its bits depend neither on the
//! blocking nor on the thread that computes it; AVX2 and AVX-512 give the same bits, the portable path rounds twice.
//! Nor do they depend on whether terms with a zero on the left are added or skipped: such a term can change nothing
//! but the sign of a sum that is zero, and no stored zero has a sign.
#![allow(unsafe_code)]

mod walk;

use std::cell::Cell;
use std::marker::PhantomData;

use self::walk::{Apart, Chosen, Listed, Neighbours, Rows, Strided, Terms};
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

/// What happens to an accumulated element before it is stored. Without a bias, zero becomes positive.
#[derive(Clone, Copy)]
pub(crate) enum Epilogue<'a> {
    /// Nothing more.
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

/// Which rows of the result, or which terms of its sums, there are.
#[derive(Clone, Copy)]
enum Which<'a> {
    All,
    /// Rows of the left operand and of the result.
    Rows(&'a [u32]),
    /// Columns of the left operand, rows of the right.
    Terms(&'a [u32]),
}

/// `out = epilogue(left · right)` for `m` rows, inner dimension `k` and `panels` panels of columns.
///
/// # Panics
/// If an operand is too short for its strides.
#[allow(clippy::too_many_arguments)]
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
    product(isa, (m, m), (k, k), panels, left, right, out, epilogue, Which::All);
}

/// [`gemm`] for the rows `rows` of `left` and of `out` alone.
///
/// # Panics
/// If an operand is too short for its strides.
#[allow(clippy::too_many_arguments)]
pub(crate) fn gemm_rows(
    isa: Isa,
    rows: &[u32],
    k: usize,
    panels: usize,
    left: Left<'_>,
    right: Right<'_>,
    out: Out<'_>,
    epilogue: Epilogue<'_>,
) {
    let reach = reach(rows);
    product(isa, (rows.len(), reach), (k, k), panels, left, right, out, epilogue, Which::Rows(rows));
}

/// [`gemm`] over the terms `terms` of the inner dimension alone, in that order.
///
/// # Panics
/// If an operand is too short for its strides.
#[allow(clippy::too_many_arguments)]
pub(crate) fn gemm_terms(
    isa: Isa,
    m: usize,
    terms: &[u32],
    panels: usize,
    left: Left<'_>,
    right: Right<'_>,
    out: Out<'_>,
    epilogue: Epilogue<'_>,
) {
    let reach = reach(terms);
    product(isa, (m, m), (terms.len(), reach), panels, left, right, out, epilogue, Which::Terms(terms));
}

/// [`gemm`] of one row for the panels `panels` of `right`, `out` and the bias alone.
///
/// # Panics
/// If an operand is too short for its strides.
pub(crate) fn gemm_panels(
    isa: Isa,
    k: usize,
    panels: &[u32],
    left: Left<'_>,
    right: Right<'_>,
    out: Out<'_>,
    bias: &[f32],
) {
    if panels.is_empty() {
        return;
    }
    let job = &Job::new((1, 1), (k, k), reach(panels), left, right, out, Epilogue::Bias(bias), Which::All);
    // SAFETY: `Job::new` bounds every access; `isa` comes from `Isa::detect` or `available`.
    unsafe { dispatch!(isa, run_panels(job: &Job<'_>, panels: &[u32])) }
}

/// One more than the largest number of a list.
fn reach(list: &[u32]) -> usize {
    list.iter().max().map_or(0, |&i| i as usize + 1)
}

#[allow(clippy::too_many_arguments)]
fn product(
    isa: Isa,
    rows: (usize, usize),
    terms: (usize, usize),
    panels: usize,
    left: Left<'_>,
    right: Right<'_>,
    out: Out<'_>,
    epilogue: Epilogue<'_>,
    which: Which<'_>,
) {
    if rows.0 == 0 || panels == 0 {
        return;
    }
    let job = &Job::new(rows, terms, panels, left, right, out, epilogue, which);
    // SAFETY: `Job::new` bounds every access of `Job::run`; `isa` comes from `Isa::detect` or `available`.
    unsafe { dispatch!(isa, run(job: &Job<'_>)) }
}

/// The operands as pointers that reach far enough.
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
    which: Which<'a>,
}

impl<'a> Job<'a> {
    /// Checks that operands of `m` rows out of `rows`, `k` terms out of `terms`, reach far enough.
    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
    fn new(
        (m, rows): (usize, usize),
        (k, terms): (usize, usize),
        panels: usize,
        left: Left<'a>,
        right: Right<'a>,
        out: Out<'a>,
        epilogue: Epilogue<'a>,
        which: Which<'a>,
    ) -> Self {
        assert!(k == 0 || left.len > (rows - 1) * left.rs + (terms - 1) * left.cs);
        assert!(k == 0 || right.data.len() >= (panels - 1) * right.ps + (terms - 1) * right.rs + 16);
        let extent = (panels - 1) * out.ps + (rows - 1) * out.rs + 16;
        assert!(out.data.len() >= extent);
        match epilogue {
            Epilogue::Bias(b) | Epilogue::BiasRelu(b) => assert!(b.len() >= 16 * panels),
            Epilogue::WherePositive(h) => assert!(h.len() >= extent),
            Epilogue::Store | Epilogue::Accumulate => {}
        }
        Self {
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
            which,
        }
    }
}

#[inline(always)]
unsafe fn run<V: Tiles>(job: &Job<'_>) {
    unsafe { job.run::<V>() }
}

#[inline(always)]
unsafe fn run_panels<V: Tiles>(job: &Job<'_>, panels: &[u32]) {
    unsafe { V::some_panels(job, panels) }
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
    /// Computes the panels `panels` of row 0, several at a time.
    unsafe fn some_panels(job: &Job<'_>, panels: &[u32]);
}

macro_rules! tiles {
    ($vec:ty, most $most:literal, together $together:literal, $($rows:literal x $panels:literal)*) => {
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

            #[inline(always)]
            unsafe fn some_panels(job: &Job<'_>, panels: &[u32]) {
                let (whole, rest) = panels.as_chunks::<$together>();
                unsafe {
                    for panels in whole {
                        job.listed::<Self, $together>(panels);
                    }
                    for panel in rest {
                        job.listed::<Self, 1>(&[*panel]);
                    }
                }
            }
        }
    };
}

tiles!([f32; 16], most 3, together 2, 1 x 2 2 x 1 3 x 1);
// Six rows of two registers fill twelve of the sixteen; two hold the panel, one the broadcast.
#[cfg(target_arch = "x86_64")]
tiles!(x86::Avx2, most 6, together 4, 1 x 4 2 x 2 3 x 2 4 x 1 5 x 1 6 x 1);
// Twelve rows of two panels fill twenty-four of the thirty-two registers, as six rows of four do.
#[cfg(target_arch = "x86_64")]
tiles!(x86::Avx512, most 12, together 8, 1 x 8 2 x 8 3 x 8 4 x 4 5 x 4 6 x 4 7 x 2 8 x 2 9 x 2 10 x 2 11 x 2 12 x 2);

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
        let (strided, out) = (Strided { acs: self.acs, brs: self.brs }, self.crs);
        // SAFETY: lists are in bounds, as `Job::new` has checked; the rest is the contract of `tile_at`.
        unsafe {
            match self.which {
                // The rows of a weight gradient's left operand are neighbours, so that their offsets are constants.
                Which::All if self.ars == 1 => {
                    self.tile_at::<V, M, NP>(&Neighbours { first: i, out }, &strided, panel);
                }
                Which::All => self.tile_at::<V, M, NP>(&Apart::new(i, self.ars, out), &strided, panel),
                Which::Rows(rows) => {
                    let rows = &Listed::<M>::new(rows.get_unchecked(i..i + M), self.ars, out);
                    self.tile_at::<V, M, NP>(rows, &strided, panel);
                }
                Which::Terms(list) => {
                    let terms = &Chosen { list, acs: self.acs, brs: self.brs };
                    self.tile_at::<V, M, NP>(&Neighbours { first: i, out }, terms, panel);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn tile_at<V: Vec16, const M: usize, const NP: usize>(
        &self,
        rows: &impl Rows,
        terms: &impl Terms,
        panel: usize,
    ) {
        // SAFETY: the rows are among those of the job and panel + NP <= panels, so every address lies within what
        // `Job::new` asserted.
        unsafe {
            let first = rows.first();
            let c = self.c.add(panel * self.cps + first * self.crs);
            let mut acc = [[V::splat(0.0); NP]; M];
            if let Epilogue::Accumulate = self.epilogue {
                for r in 0..M {
                    for p in 0..NP {
                        acc[r][p] = V::load(c.add(rows.out(r) + p * self.cps));
                    }
                }
            }
            let (a0, b0) = (self.a.add(first * self.ars), self.b.add(panel * self.bps));
            let (mut a, mut b) = (a0, b0);
            for l in 0..self.k {
                (a, b) = terms.enter(l, (a0, b0), (a, b));
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
                (a, b) = terms.leave((a, b));
            }
            match self.epilogue {
                Epilogue::Store | Epilogue::Accumulate => {
                    for r in 0..M {
                        for p in 0..NP {
                            acc[r][p] = acc[r][p].add(V::splat(0.0));
                        }
                    }
                }
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
                    let h = h.as_ptr().add(panel * self.cps + first * self.crs);
                    for r in 0..M {
                        for p in 0..NP {
                            let h = V::load(h.add(rows.out(r) + p * self.cps));
                            acc[r][p] = acc[r][p].add(V::splat(0.0)).where_positive(h);
                        }
                    }
                }
            }
            for r in 0..M {
                for p in 0..NP {
                    acc[r][p].store(c.add(rows.out(r) + p * self.cps));
                }
            }
        }
    }

    /// The panels `panels` of row 0, with their biases.
    #[inline(always)]
    unsafe fn listed<V: Vec16, const NP: usize>(&self, panels: &[u32; NP]) {
        let Epilogue::Bias(bias) = self.epilogue else { return };
        // SAFETY: the panels are among those that `Job::new` has asserted.
        unsafe {
            let mut acc = [V::splat(0.0); NP];
            for l in 0..self.k {
                let left = V::splat(*self.a.add(l * self.acs));
                let b = self.b.add(l * self.brs);
                for p in 0..NP {
                    acc[p] = left.mul_add(V::load(b.add(panels[p] as usize * self.bps)), acc[p]);
                }
            }
            for p in 0..NP {
                let panel = panels[p] as usize;
                acc[p].add(V::load(bias.as_ptr().add(16 * panel))).store(self.c.add(panel * self.cps));
            }
        }
    }
}
