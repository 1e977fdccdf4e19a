//! Flows through explicit networks: solved exactly, checked, sampled and drawn.
//!
//! A network with rewards has many valid flows, one for every backward policy, and each is a generative model: to
//! follow π(a|s) = F(s,a)/F(s) from the source ends in x with probability R(x)/Z (arXiv:2106.04399). A [`Choice`] names
//! the flows to be had, a [`Solution`] is one of them with all that follows from it. Flows are natural logarithms in
//! f64, so that rewards may span hundreds of orders of magnitude. Nothing here does I/O or draws its own randomness.

mod capacity;
mod check;
mod choice;
mod count;
mod cut;
mod draw;
mod lp;
mod paths;
mod sample;
mod solution;

pub use check::{Equation, Residual, read_flow, residuals};
pub use choice::{Choice, Unsolvable, backward};
pub use count::Count;
pub use cut::Cut;
pub use draw::{Picture, TooLarge, dot, svg};
#[cfg(feature = "png")]
pub use draw::{PngError, png};
pub use sample::{Sampler, Trajectory};
pub use solution::{Solution, soft_rl};
