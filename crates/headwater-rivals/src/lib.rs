//! What GFlowNets are compared with: Markov chains, reinforcement learning, search, and the exact sampler.
//!
//! Every method works on any environment and reward through a `dyn Simulator` and a [`Scorer`], and is driven round by
//! round through [`Method`], so that all of them can be held to one budget. One file each; [`methods`] lists them.
//!
//! [`Scorer`]: headwater_rewards::Scorer

mod exact;
mod method;
mod random;
mod registry;
mod rl;

pub use method::{Arena, Found, Method, Spent};
pub use registry::{MethodEntry, find, methods};
