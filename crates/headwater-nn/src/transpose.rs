//! Transposed weights: what carries gradients back through a layer.
#![allow(unsafe_code)]

use crate::vec16::{Isa, Vec16, dispatch};

/// One panel of the transpose of `from`, which is panels of `inputs` rows of sixteen floats: row 16 p + j of `to` is
/// column j of the rows 16 q..16 q + 16 of panel p.
///
/// # Panics
/// If `from` is not as long as its shape says, or has no rows 16 q..16 q + 16.
pub(crate) fn transpose_panel(isa: Isa, from: &[f32], inputs: usize, q: usize, to: &mut [f32]) {
    assert!(from.len() == to.len() / 16 * inputs && to.len().is_multiple_of(256) && 16 * (q + 1) <= inputs);
    // SAFETY: the assertion bounds every access; `isa` comes from `Isa::detect` or `Isa::available`.
    unsafe { dispatch!(isa, transpose(from: &[f32], inputs: usize, q: usize, to: &mut [f32])) }
}

#[inline(always)]
unsafe fn transpose<V: Vec16>(from: &[f32], inputs: usize, q: usize, to: &mut [f32]) {
    for (p, to) in to.chunks_exact_mut(256).enumerate() {
        // SAFETY: the sixteen rows lie within panel p, as the caller has asserted.
        unsafe {
            let from = from.as_ptr().add((p * inputs + 16 * q) * 16);
            let mut rows = [V::splat(0.0); 16];
            for i in 0..16 {
                rows[i] = V::load(from.add(16 * i));
            }
            let columns = V::transpose(rows);
            for j in 0..16 {
                columns[j].store(to.as_mut_ptr().add(16 * j));
            }
        }
    }
}
