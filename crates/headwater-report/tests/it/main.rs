//! Pages and their pictures, from the data that they are made of.

// Helpers are tests too.
#![allow(clippy::unwrap_used)]

mod page;
