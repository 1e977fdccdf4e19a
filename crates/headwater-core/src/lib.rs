//! Vocabulary and contracts of Headwater: no I/O, no threads, no clock, no environments.
//!
//! Two planes meet here. Below the array boundary an [`Environment`] describes one typed state at a time; above it a
//! [`Simulator`] steps many of them at once, and everything else (estimators, objectives, the trainer) sees flat
//! arrays only and is compiled once.

mod encoding;
mod env;
mod estimator;
mod excerpt;
mod floats;
mod graph;
mod hash;
mod key;
mod lanes;
mod mask;
mod nearest;
mod objective;
pub mod picture;
mod play;
mod registry;
mod reward;
mod rows;
mod scored;
pub mod settings;
mod sim;

pub use encoding::{Encoded, EncodedRow, Encoding};
pub use env::{Action, Environment, Stop};
pub use estimator::{BackwardHead, Estimator, Flops, Heads, Params, Tensor, Wanted};
pub use excerpt::{EXCERPT, excerpt, listed};
pub use floats::Floats;
pub use graph::{Cyclic, StateGraph};
pub use hash::StateHasher;
pub use key::Key;
pub use lanes::Lanes;
pub use mask::{BitMatrix, MaskRow, Ones};
pub use nearest::nearest;
pub use objective::{LossReport, Needs, Objective, Regression};
pub use picture::Picture;
pub use play::Play;
pub use registry::{Entry, RewardScale};
pub use reward::Reward;
pub use rows::RowSet;
pub use scored::{Grads, InFlow, Scored};
pub use settings::{SettingError, Settings};
pub use sim::{EnvSpec, ParseError, Simulator};

#[cfg(test)]
mod tests;
