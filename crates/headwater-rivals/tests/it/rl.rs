//! Reinforcement learning converges to what dynamic programming says.

mod policy_gradient;
mod repeatable;
mod soft_values;
mod support;
