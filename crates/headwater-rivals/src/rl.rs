//! Reinforcement learning: the same trajectories, networks and optimiser as the GFlowNet trainer's, other losses.
//!
//! An environment with a reward is an episodic decision process: states, the edges that leave them as actions, and a
//! reward at the end. Nothing is discounted. Forced moves are actions too.

mod actor;
mod advantage;
mod choice;
mod learner;
mod outputs;
mod policy_gradient;
pub(crate) mod ppo;
pub(crate) mod reinforce;
mod replay;
pub(crate) mod sac;
pub(crate) mod soft_dqn;
mod surrogate;
mod td;
#[cfg(test)]
mod tests;

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
