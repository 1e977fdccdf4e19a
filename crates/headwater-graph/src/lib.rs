//! Graphs from files, checked: explicit flow networks, a DAG with rewards and perhaps weights, costs and capacities,
//! undirected graphs, and jobs that wait for each other.
//!
//! A [`Network`] is what the flow tool solves and draws and what the environment `dag` plays on; both read the same
//! files by [`read()`]. An [`Undirected`] graph is what graph problems are posed on, and [`Jobs`] are what is scheduled.
//! Nothing here does I/O: files arrive as text.

mod check;
mod names;
mod network;
mod raw;
mod read;
mod undirected;

pub use names::Names;
pub use network::{Attribute, BadAttribute, Network};
pub use raw::{FileError, ReadError, shorten};
pub use read::{Dependency, Jobs, read, read_jobs};
pub use undirected::{MAX_VERTICES, Undirected, read_undirected};
