//! Reinforcement learning converges to what dynamic programming says.

mod policy_gradient;
mod repeatable;
mod support;
