//! Pictures of numbers, and a page of what runs have learned: data in, SVG, CSV and HTML out.
//!
//! There is no I/O here, and nothing knows of environments or training. A [`Report`] is filled by whoever knows the
//! runs; [`Report::page`] is one file that asks nobody for anything. Whatever comes from outside (names of objects,
//! of runs, of features) is text and stays text. Long series and many points are thinned before they are drawn, and
//! the page says so.

mod cloud;
mod columns;
mod csv;
mod curves;
mod data;
mod figure;
mod page;
mod plot;
mod thin;

pub use cloud::{Cloud, Known, Point};
pub use columns::Columns;
pub use csv::number;
pub use curves::curves;
pub use data::{Check, Group, Learned, Report, Run, Shown, Step, Summary, Table, Trajectory, Verdict};
pub use figure::{Figure, Plot};
pub use page::{FIGURES_CSS, FIGURES_JS, figures};
pub use plot::{Bars, Bin, Cell, Chart, Heat, Line, Scatter};
