//! A table with one row of head outputs per state: exact in the limit, for problems small enough to enumerate.

use std::ops::Range;

use headwater_core::{Encoded, Estimator, Floats, Flops, Heads, Params, RowSet, Tensor, Wanted};

/// One row of head outputs per state of an enumerated environment, all zero at first: the uniform policy.
pub struct Tabular {
    heads: Heads,
    states: RowSet,
    params: Params,
}

impl Tabular {
    /// A table over `states`. Every row that is ever evaluated must be among them.
    pub fn new(states: RowSet, heads: Heads) -> Self {
        let shape = vec![states.len(), heads.stride];
        let data = Floats::zeros(states.len() * heads.stride);
        let params = Params { data, tensors: vec![Tensor { name: "table".to_owned(), shape, at: 0 }] };
        Self { heads, states, params }
    }

    fn entry(&self, x: &Encoded, r: usize) -> Range<usize> {
        let state = self.states.find(x, r).expect("a table has a row for every state of its environment");
        let at = state as usize * self.heads.stride;
        at..at + self.heads.stride
    }
}

impl Estimator for Tabular {
    fn heads(&self) -> Heads {
        self.heads
    }

    fn tape_width(&self) -> usize {
        0
    }

    fn flops(&self) -> Flops {
        Flops { forward: 0, backward: self.heads.stride as u64 }
    }

    fn forward(&self, x: &Encoded, rows: Range<usize>, _: Wanted<'_>, out: &mut [f32], _: &mut [f32]) {
        for (r, out) in rows.zip(out.chunks_exact_mut(self.heads.stride)) {
            out.copy_from_slice(&self.params.data[self.entry(x, r)]);
        }
    }

    fn backward(
        &mut self,
        x: &Encoded,
        rows: usize,
        wanted: Wanted<'_>,
        d_out: &[f32],
        _: &[f32],
        grads: &mut [f32],
    ) {
        grads.fill(0.0);
        for (r, d) in d_out.chunks_exact(self.heads.stride).take(rows).enumerate() {
            let panels = grads[self.entry(x, r)].chunks_exact_mut(16).zip(d.chunks_exact(16)).enumerate();
            for (p, (g, d)) in panels {
                if matches!(wanted, Wanted::Panels(panels) if !panels.get(r, p)) {
                    continue;
                }
                for (g, &d) in g.iter_mut().zip(d) {
                    *g += d;
                }
            }
        }
    }

    fn params(&self) -> &Params {
        &self.params
    }

    fn update(&mut self, update: &mut dyn FnMut(&mut Params)) {
        update(&mut self.params);
    }
}
