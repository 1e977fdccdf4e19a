//! Reinforcement learning: the same trajectories, networks and optimiser as the GFlowNet trainer's, other losses.
//!
//! An environment with a reward is an episodic decision process: states, the edges that leave them as actions, and a
//! reward at the end. Nothing is discounted. Forced moves are actions too.

mod actor;
mod advantage;
mod choice;
mod learner;
mod outputs;
mod payoff;
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

pub use payoff::Payoff;
