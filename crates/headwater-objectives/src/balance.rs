//! What the objectives share: the log-ratio of an edge, a state's flow, and the tally of residuals.

use headwater_core::{Grads, LossReport, Regression, Scored};

/// log P_F − log P_B of the edge of row `r`.
#[inline]
pub(crate) fn log_ratio(rows: &Scored, r: usize) -> f64 {
    rows.logit[r] - rows.lse[r] - rows.log_pb[r]
}

/// Adds the gradient of a loss whose derivative by [`log_ratio`] of row `r` is `slope`.
#[inline]
pub(crate) fn pull_ratio(grads: &mut Grads, r: usize, slope: f64) {
    grads.logit[r] += slope;
    grads.lse[r] -= slope;
    grads.log_pb[r] -= slope;
}

/// What [`Scored::log_flow`] means to an objective. Its gradient is the same either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowHead {
    /// log F(s).
    Plain,
    /// log F̃(s), where F(s) = R̃(s)·F̃(s) and R̃ scores s as if it were finished.
    ForwardLooking,
}

impl FlowHead {
    /// log F of the source of row `r`.
    #[inline]
    pub(crate) fn log_flow(self, rows: &Scored, r: usize) -> f64 {
        match self {
            Self::Plain => rows.log_flow[r],
            Self::ForwardLooking => rows.state_log_reward[r] + rows.log_flow[r],
        }
    }
}

/// Running sums of the weighted regression losses and squares of residuals.
pub(crate) struct Tally {
    g: Regression,
    loss: f64,
    squares: f64,
}

impl Tally {
    pub(crate) fn new(g: Regression) -> Self {
        Self { g, loss: 0.0, squares: 0.0 }
    }

    /// Counts a residual with a weight; the weights of a batch sum to one. Returns ∂loss/∂residual.
    #[inline]
    pub(crate) fn add(&mut self, residual: f64, weight: f64) -> f64 {
        let (value, slope) = self.g.at(residual);
        self.loss += weight * value;
        self.squares += weight * residual * residual;
        weight * slope
    }

    /// Counts residuals under the squared loss, given the weighted sum of their squares.
    #[inline]
    pub(crate) fn add_squares(&mut self, sum: f64) {
        debug_assert_eq!(self.g, Regression::Squared, "squares are the squared loss");
        self.loss += sum;
        self.squares += sum;
    }

    /// Zero for a batch without residuals.
    pub(crate) fn report(self) -> LossReport {
        LossReport { loss: self.loss, residual_rms: self.squares.sqrt() }
    }
}
