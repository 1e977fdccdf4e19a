//! Explicit flow networks: a DAG with rewards, and perhaps weights, costs and capacities, read from a file and checked.
//!
//! A [`Network`] is what the flow tool solves and draws and what the environment `dag` plays on; both read the same
//! files by [`read()`]. Nothing here does I/O: files arrive as text.

mod check;
mod names;
mod network;
mod raw;
mod read;

pub use names::Names;
pub use network::{Attribute, BadAttribute, Network};
pub use raw::{ReadError, shorten};
pub use read::read;
