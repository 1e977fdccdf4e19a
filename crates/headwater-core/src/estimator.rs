//! What an estimator is: encoded rows in, head outputs out, head gradients back in.

use crate::{BitMatrix, Encoded, Floats};

/// Who writes the backward logits of an output row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackwardHead {
    /// Nobody: there are none.
    None,
    /// The network that writes the other heads.
    Shared,
    /// A network of their own. They begin at a multiple of sixteen columns, so that the two write no vector together.
    Own,
}

/// The columns of an estimator's output row; made by [`Heads::new`].
///
/// Columns `0..n_actions` are forward logits and column `n_actions` is the stop logit; the other heads are where the
/// fields say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heads {
    /// Number of edge labels.
    pub n_actions: usize,
    /// Who writes the backward logits; [`Heads::backward`] says where they are.
    pub backward_head: BackwardHead,
    /// First of `n_actions` columns of backward logits, if P_B is learned.
    pub backward: Option<usize>,
    /// Column of log F(s), if flows are learned.
    pub flow: Option<usize>,
    /// Distance between rows in floats, a multiple of 16.
    pub stride: usize,
}

impl Heads {
    /// Heads side by side: forward, stop, flow, backward; with a gap before the last only if it is of another network.
    pub fn new(n_actions: usize, backward_head: BackwardHead, flow: bool) -> Self {
        let after_flow = n_actions + 1 + usize::from(flow);
        let (backward, width) = match backward_head {
            BackwardHead::None => (None, after_flow),
            BackwardHead::Shared => (Some(after_flow), after_flow + n_actions),
            BackwardHead::Own => {
                let at = after_flow.next_multiple_of(16);
                (Some(at), at + n_actions)
            }
        };
        let flow = flow.then_some(n_actions + 1);
        Self { n_actions, backward_head, backward, flow, stride: width.next_multiple_of(16) }
    }

    /// The same heads, all written by one network.
    #[must_use]
    pub fn shared(self) -> Self {
        let backward = match self.backward_head {
            BackwardHead::None => BackwardHead::None,
            BackwardHead::Shared | BackwardHead::Own => BackwardHead::Shared,
        };
        Self::new(self.n_actions, backward, self.flow.is_some())
    }
}

/// Which parts of output rows anybody reads. A *panel* is sixteen columns, from a multiple of sixteen on.
///
/// With thousands of edge labels most panels of a row hold no valid label, and need not be computed.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// All panels of every row.
    All,
    /// Panel p of output row r where bit p of row r is set. The rows are those of the network's input.
    Panels(&'a BitMatrix),
}

/// One named tensor inside [`Params::data`], row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Path of the tensor, such as `trunk.0.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Where it starts in [`Params::data`].
    pub at: usize,
}

impl Tensor {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Has the tensor no elements?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The parameters of an estimator: one flat array and a directory of named tensors.
///
/// Tensors may be padded for the kernels' sake; padding is zero, has zero gradient, and stays zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    /// All elements.
    pub data: Floats,
    /// Which tensor is where. Checkpoints and optimisers' masks are made from this.
    pub tensors: Vec<Tensor>,
}

/// Multiplications and additions that an estimator does for one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flops {
    /// From inputs to outputs.
    pub forward: u64,
    /// From the gradient of outputs to that of parameters.
    pub backward: u64,
}

/// Encoded rows in, head outputs out; differentiated by hand. Knows no environment and no objective.
///
/// The *tape* of a row is what `backward` needs from its `forward`; the caller owns it, so that rows evaluated while
/// acting need no second forward pass.
pub trait Estimator: Send + Sync {
    /// The output columns.
    fn heads(&self) -> Heads;

    /// Floats of tape per row.
    fn tape_width(&self) -> usize;

    /// Arithmetic per row: products of layers, and the sums over active inputs.
    fn flops(&self) -> Flops;

    /// Evaluates rows `rows` of `x`. Row `rows.start + i` is written to the `i`-th row of `out` (stride
    /// [`Heads::stride`]; columns of no head, and panels that are not wanted, are undefined) and of `tape` (stride
    /// [`Estimator::tape_width`]).
    ///
    /// A row's result depends on that row alone, bit for bit: not on its neighbours, not on what is wanted besides,
    /// not on the number of threads.
    fn forward(
        &self,
        x: &Encoded,
        rows: std::ops::Range<usize>,
        wanted: Wanted<'_>,
        out: &mut [f32],
        tape: &mut [f32],
    );

    /// Writes the gradient of the parameters over the first `rows` rows, given that of their outputs. `tape` is what
    /// `forward` left for these rows; `d_out` has the layout of `out`, with zeroes in columns of no head. It counts as
    /// zero, whatever it holds, in panels that are not wanted.
    ///
    /// `grads` has the layout of [`Params::data`] and is overwritten. The same bits for any number of threads, and
    /// for panels of zeroes whether they are wanted or not.
    fn backward(
        &mut self,
        x: &Encoded,
        rows: usize,
        wanted: Wanted<'_>,
        d_out: &[f32],
        tape: &[f32],
        grads: &mut [f32],
    );

    /// The parameters.
    fn params(&self) -> &Params;

    /// Lets `update` change the parameters, then refreshes whatever is derived from them.
    fn update(&mut self, update: &mut dyn FnMut(&mut Params));
}
