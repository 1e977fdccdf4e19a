//! A table with one row of head outputs per state: exact in the limit, for problems small enough to enumerate.

use std::ops::Range;

use headwater_core::{Encoded, Estimator, Floats, Flops, Heads, Params, RowSet, Tensor, Wanted};

/// One row of head outputs per state of an enumerated environment, all zero at first: the uniform policy.
///
/// A row has the columns that its state has a use for, and no others, so that a table of a graph is as large as the graph
/// and not as its states times its labels. Outputs in other columns are zero.
pub struct Tabular {
    heads: Heads,
    states: RowSet,
    /// State s has the entries `first[s]..first[s + 1]`.
    first: Vec<usize>,
    /// Per entry: its column.
    columns: Vec<u32>,
    params: Params,
}

impl Tabular {
    /// A table over `states`. Every row that is ever evaluated must be among them. `columns` appends those of a state, by
    /// its number, in ascending order and each below [`Heads::stride`].
    ///
    /// # Panics
    /// If they are not.
    pub fn new(states: RowSet, heads: Heads, mut columns: impl FnMut(usize, &mut Vec<u32>)) -> Self {
        let (mut first, mut all) = (vec![0], Vec::new());
        for s in 0..states.len() {
            let start = all.len();
            columns(s, &mut all);
            let own = &all[start..];
            assert!(own.windows(2).all(|w| w[0] < w[1]), "columns ascend");
            assert!(own.last().is_none_or(|&c| (c as usize) < heads.stride), "columns are those of a row");
            first.push(all.len());
        }
        all.shrink_to_fit();
        let tensor = Tensor { name: "table".to_owned(), shape: vec![all.len()], at: 0 };
        let params = Params { data: Floats::zeros(all.len()), tensors: vec![tensor] };
        Self { heads, states, first, columns: all, params }
    }

    fn entries(&self, x: &Encoded, r: usize) -> Range<usize> {
        let state = self.states.find(x, r).expect("a table has a row for every state of its environment");
        self.first[state as usize]..self.first[state as usize + 1]
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
        Flops { forward: 0, backward: (self.columns.len() / self.states.len().max(1)) as u64 }
    }

    fn forward(&self, x: &Encoded, rows: Range<usize>, wanted: Wanted<'_>, out: &mut [f32], _: &mut [f32]) {
        for (r, out) in rows.zip(out.chunks_exact_mut(self.heads.stride)) {
            match wanted {
                Wanted::All => out.fill(0.0),
                Wanted::Panels(panels) => panels.ones(r).for_each(|p| out[16 * p..16 * (p + 1)].fill(0.0)),
            }
            let entries = self.entries(x, r);
            for (&column, &value) in self.columns[entries.clone()].iter().zip(&self.params.data[entries]) {
                out[column as usize] = value;
            }
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
            let entries = self.entries(x, r);
            for (&column, g) in self.columns[entries.clone()].iter().zip(&mut grads[entries]) {
                let column = column as usize;
                if matches!(wanted, Wanted::Panels(panels) if !panels.get(r, column / 16)) {
                    continue;
                }
                *g += d[column];
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
