//! Trained, sampled and evaluated: the whole of training against exact answers, on spaces small enough to enumerate.
#![allow(clippy::unwrap_used)]

mod backward;
mod data;
mod equal_rewards;
mod exact;
mod experience;
mod failure;
mod invariance;
mod lag;
mod learning;
mod replay;
mod reward_power;
mod rows;
mod sampling;
mod support;
mod wide;
