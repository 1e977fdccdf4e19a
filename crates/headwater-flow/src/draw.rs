//! Pictures of flows: as SVG, where bands are as broad as what they carry, and as DOT for other tools.

mod bands;
mod colour;
mod dot;
mod labels;
mod layers;
mod layout;
mod legend;
mod order;
mod place;
#[cfg(feature = "png")]
mod png;
mod style;
mod svg;
mod text;

use headwater_exact::Flow;
use headwater_graph::Network;

use layout::Layout;

pub use dot::dot;
#[cfg(feature = "png")]
pub use png::{PngError, png};

/// Most nodes and edges of a picture, and most links of its layers: an edge that passes k layers is k + 1 links.
const MAX_NODES: usize = 2_000;
const MAX_EDGES: usize = 10_000;
const MAX_LINKS: usize = 60_000;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Nodes, edges and rewards.
    pub network: &'a Network,
    /// Its flow, in logarithms: the widths of bands and the shades of nodes.
    pub flow: &'a Flow,
    /// Per node: log p(x), the probability that a trajectory ends there; −∞ for nodes that are no objects.
    pub log_p: &'a [f64],
    /// A flow that was learned, laid over the other.
    pub learned: Option<&'a Flow>,
    /// The heading; may be empty.
    pub title: &'a str,
}

/// A graph has too many parts for a picture that could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} {what} are too many for a picture, which has at most {limit}: draw a part of the graph, or write DOT \
     (`--dot`) for other tools"
)]
pub struct TooLarge {
    /// What there is too much of.
    pub what: &'static str,
    /// How much of it there is.
    pub found: usize,
    /// How much is drawn at most.
    pub limit: usize,
}

/// The picture as one SVG element without scripts or references, for light and dark backgrounds.
///
/// Flow runs from the source on the left to the right. A band is as broad as its edge's flow is large, a node as deep in
/// colour; every mark has a tooltip with its numbers. The same picture gives the same bytes.
///
/// # Errors
/// If the graph is too large.
///
/// # Panics
/// If a flow or `log_p` has not one value per node or edge of the network.
pub fn svg(picture: &Picture<'_>) -> Result<String, TooLarge> {
    let g = picture.network.graph();
    let within = |found: usize, limit: usize, what: &'static str| {
        if found > limit { Err(TooLarge { what, found, limit }) } else { Ok(()) }
    };
    within(g.n_states(), MAX_NODES, "nodes")?;
    within(g.n_edges(), MAX_EDGES, "edges")?;
    within(layout::n_pieces(g), MAX_LINKS, "pieces of edges between layers")?;
    Ok(svg::write(picture, &Layout::new(picture)))
}

#[cfg(test)]
mod tests;
