//! What an objective sees: one row per taken edge, in flat arrays, with gradients of the same shapes.

/// A batch of trajectories as an objective sees it: one row per taken edge, stop edges included, trajectory by
/// trajectory and in order: rows `offsets[b]..offsets[b + 1]` are the edges of trajectory `b`.
///
/// `log P_F = logit - lse`. Under flow parametrisations `logit = log F(s→s′)` and `lse = log F_out(s)`. All numbers
/// are f64: the rows are few beside the network's arithmetic, and sums over long trajectories stay exact.
///
/// A trajectory ends either in a row that is a stop edge, or, if its object is *complete* ([`crate::Stop::Must`]), in
/// the row of the edge that enters the object; the forced stop has probability one and no row.
#[derive(Clone, Debug, Default)]
pub struct Scored {
    /// Row ranges of the trajectories: `n_trajectories + 1` values, ascending, the first 0.
    pub offsets: Vec<u32>,
    /// Per row: logit of the taken edge.
    pub logit: Vec<f64>,
    /// Per row: log-sum-exp of the logits of all valid edges of the source, the stop edge included.
    pub lse: Vec<f64>,
    /// Per row: log P_B(source | target); 0 for a stop edge.
    pub log_pb: Vec<f64>,
    /// Per row: log F(source). Under forward-looking objectives, log F̃(source). Only if [`crate::Needs::flow`].
    pub log_flow: Vec<f64>,
    /// Per row: logit of the stop edge at the source; −∞ where the source may not stop.
    pub stop_logit: Vec<f64>,
    /// Per row: log R of the source as if it were finished. Only if [`crate::Needs::state_reward`].
    pub state_log_reward: Vec<f64>,
    /// Per trajectory: log R of its object.
    pub log_reward: Vec<f64>,
    /// Per trajectory: does it end without a stop row, because its object is complete?
    pub complete: Vec<bool>,
    /// Estimate of log Z.
    pub log_z: f64,
    /// The edges that enter each row's target. Only if [`crate::Needs::inflow`].
    pub inflow: InFlow,
}

/// Edges entering the target of each row, as compressed sparse rows; a stop row has none.
#[derive(Clone, Debug, Default)]
pub struct InFlow {
    /// Per row, `n_rows + 1` values: the edges entering row `r`'s target are `offsets[r]..offsets[r + 1]`.
    pub offsets: Vec<u32>,
    /// Per entering edge: its logit, that is its log flow.
    pub logit: Vec<f64>,
}

impl Scored {
    /// Number of trajectories.
    pub fn trajectories(&self) -> usize {
        self.log_reward.len()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.logit.len()
    }

    /// Raises every reward to `power`, that of unfinished states too.
    pub fn raise(&mut self, power: f64) {
        if power != 1.0 {
            self.log_reward.iter_mut().chain(&mut self.state_log_reward).for_each(|log_r| *log_r *= power);
        }
    }

    /// The rows of trajectory `b`.
    #[inline]
    pub fn range(&self, b: usize) -> std::ops::Range<usize> {
        self.offsets[b] as usize..self.offsets[b + 1] as usize
    }

    /// Is row `r`, the last of its trajectory `b` or not, a stop edge?
    #[inline]
    pub fn is_stop(&self, b: usize, r: usize) -> bool {
        r + 1 == self.offsets[b + 1] as usize && !self.complete[b]
    }

    /// Empties every field and keeps the allocations.
    pub fn clear(&mut self) {
        let Self {
            offsets,
            logit,
            lse,
            log_pb,
            log_flow,
            stop_logit,
            state_log_reward,
            log_reward,
            complete,
            log_z: _,
            inflow,
        } = self;
        for v in [logit, lse, log_pb, log_flow, stop_logit, state_log_reward, log_reward, &mut inflow.logit] {
            v.clear();
        }
        complete.clear();
        offsets.clear();
        inflow.offsets.clear();
    }
}

/// Gradient of the loss with respect to every field of [`Scored`] that an estimator owns; same shapes.
#[derive(Clone, Debug, Default)]
pub struct Grads {
    /// ∂loss/∂`logit`.
    pub logit: Vec<f64>,
    /// ∂loss/∂`lse`.
    pub lse: Vec<f64>,
    /// ∂loss/∂`log_pb`.
    pub log_pb: Vec<f64>,
    /// ∂loss/∂`log_flow`.
    pub log_flow: Vec<f64>,
    /// ∂loss/∂`stop_logit`.
    pub stop_logit: Vec<f64>,
    /// ∂loss/∂`inflow.logit`.
    pub inflow: Vec<f64>,
    /// ∂loss/∂`log_z`.
    pub log_z: f64,
}

impl Grads {
    /// Takes the shapes of `rows`, all zero; keeps the allocations.
    pub fn zero_like(&mut self, rows: &Scored) {
        let Self { logit, lse, log_pb, log_flow, stop_logit, inflow, log_z } = self;
        for (v, n) in [
            (logit, rows.logit.len()),
            (lse, rows.lse.len()),
            (log_pb, rows.log_pb.len()),
            (log_flow, rows.log_flow.len()),
            (stop_logit, rows.stop_logit.len()),
            (inflow, rows.inflow.logit.len()),
        ] {
            v.clear();
            v.resize(n, 0.0);
        }
        *log_z = 0.0;
    }
}
