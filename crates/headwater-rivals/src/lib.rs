//! What GFlowNets are compared with: Markov chains, reinforcement learning, search, and the exact sampler.
//!
//! Every method works on any environment and reward through a `dyn Simulator` and a [`Scorer`], and is driven round by
//! round through [`Method`], so that all of them can be held to one budget. One file each; [`methods`] lists them.
//!
//! [`Scorer`]: headwater_rewards::Scorer

mod annealing;
mod beam;
mod chains;
mod children;
pub mod diagnose;
mod exact;
mod genetic;
mod gibbs;
mod greedy;
mod learned;
mod leg;
mod mars;
mod mcmc;
mod method;
mod outlook;
mod random;
mod registry;
mod rl;
mod scoreboard;
mod tempering;
mod traces;
mod walk;

pub use method::{Arena, Found, Method, Spent};
pub use registry::{MethodEntry, find, methods};
pub use scoreboard::{Rules, Scoreboard, Standing, distance};
pub use traces::Traces;

#[cfg(test)]
mod tests;
