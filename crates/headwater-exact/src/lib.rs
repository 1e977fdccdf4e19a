//! Exact answers on environments small enough to enumerate: state graphs, flows, p(x) and divergences.
//!
//! Everything works on an erased [`headwater_core::Simulator`] and asks nothing of an environment beyond it. All
//! probabilities, flows and rewards are natural logarithms in f64, so that rewards may span hundreds of orders of
//! magnitude. Nothing here does I/O, spawns a thread or draws a random number.

mod divergence;
mod enumerate;
mod flow;
mod graph;
mod policy;

pub use divergence::{Divergence, perfect_sampler_l1};
pub use enumerate::{EnumerateError, enumerate};
pub use flow::{
    Flow, count_trajectories, flow, flow_errors, log_target, log_trajectories, maxent_backward,
    uniform_backward, worst,
};
pub use graph::Graph;
pub use policy::{ForwardPolicy, log_sum_exp, log_terminating, log_terminating_after, log_visits, mass};

#[cfg(test)]
mod tests;
