//! What an agent is paid.

use headwater_core::Scored;
use headwater_core::settings::choice;

choice! {
    /// What an agent is paid, as it walks an edge.
    pub enum Payoff {
        /// R(x) at the end: what standard reinforcement learning maximises.
        Reward = "reward",
        /// log R(x) at the end. Under an entropy of weight one, the optimal policy ends in x with probability ∝ n(x)R(x),
        /// where n(x) is the number of trajectories that end there (arXiv:2106.04399).
        LogReward = "log-reward",
        /// log R(x) at the end and log P_B(s | s′), uniform over parents, along each edge. Under an entropy of weight
        /// one, the optimal policy samples ∝ R(x) (arXiv:2310.12934, arXiv:2402.10309).
        Corrected = "corrected",
    }
}

impl Payoff {
    /// What row `r` of trajectory `b` pays.
    fn of(self, rows: &Scored, b: usize, r: usize) -> f64 {
        let ends = r + 1 == rows.offsets[b + 1] as usize;
        let along = if self == Self::Corrected { rows.log_pb[r] } else { 0.0 };
        match self {
            _ if !ends => along,
            Self::Reward => rows.log_reward[b].exp(),
            Self::LogReward | Self::Corrected => along + rows.log_reward[b],
        }
    }
}

/// Pays, less a constant at the end of every trajectory.
///
/// Every trajectory ends once, so that the constant changes no policy. It is what a trajectory of the first batch pays
/// on average, entropy included, so that values start near zero and need not climb through the network to where they
/// belong: under `corrected` to log Z.
pub(super) struct Payer {
    payoff: Payoff,
    /// Weight of the entropy in the constant.
    entropy: f64,
    level: Option<f64>,
    payoffs: Vec<f64>,
}

impl Payer {
    pub fn new(payoff: Payoff, entropy: f64) -> Self {
        Self { payoff, entropy, level: None, payoffs: Vec::new() }
    }

    /// What every row pays.
    pub fn pay(&mut self, rows: &Scored) -> &[f64] {
        let Self { payoff, entropy, level, payoffs } = self;
        payoffs.clear();
        for b in 0..rows.trajectories() {
            payoffs.extend(rows.range(b).map(|r| payoff.of(rows, b, r)));
        }
        let level = *level.get_or_insert_with(|| {
            let log_p: f64 = rows.logit.iter().zip(&rows.lse).map(|(logit, lse)| logit - lse).sum();
            (payoffs.iter().sum::<f64>() - *entropy * log_p) / rows.trajectories() as f64
        });
        for end in rows.offsets.windows(2).filter(|ends| ends[0] < ends[1]) {
            payoffs[end[1] as usize - 1] -= level;
        }
        payoffs
    }
}
