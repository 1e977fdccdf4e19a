//! The Markov kernels, written out on small spaces, and what walks beside them.

mod balance;
mod guided;
mod ladder;
mod space;
mod walks;
