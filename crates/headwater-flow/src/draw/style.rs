//! Sizes of marks and distances, by how much there is to show.

use headwater_core::StateGraph;

/// Most nodes of a picture with large and with middling marks.
pub(super) const SMALL: usize = 24;
const MEDIUM: usize = 79;

/// Sizes in pixels, by how much there is to show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Sizes of the fonts of names, and of flows and rewards.
    pub name: f64,
    pub label: f64,
    /// Are edges labelled, and with how many digits?
    pub labels: bool,
    pub digits: usize,
    /// Characters of a name that are shown.
    pub chars: usize,
    /// Least height and width of a node, and the room beside its name.
    pub node: [f64; 2],
    pub pad: f64,
    /// Least distance between nodes, between edges that pass, and between layers.
    pub gap_node: f64,
    pub gap_bend: f64,
    pub gap_layer: f64,
    /// Most distance that steep edges ask for between layers.
    pub gap_most: f64,
    /// Width of a band that carries Z.
    pub unit: f64,
    /// Length of the longest bar of an object, and the height of all.
    pub bar: [f64; 2],
}

impl Style {
    /// The style for a graph with nodes in these layers, whose links cross so often.
    pub fn new(g: &StateGraph, assigned: &[u32], crossings: usize) -> Self {
        let mut style = match g.n_states() {
            n if n <= SMALL => Self::SMALL,
            n if n <= MEDIUM => Self::MEDIUM,
            _ => Self::LARGE,
        };
        // Among many crossings it is not seen to which edge a label belongs.
        style.labels &= g.n_edges() <= 120 && 2 * crossings <= g.n_edges();
        // Bands are slender where nodes stand in a row, and broad where they stand in a long column.
        let mut column = vec![0u32; 1 + assigned.iter().copied().max().unwrap_or(0) as usize];
        assigned.iter().for_each(|&l| column[l as usize] += 1);
        let longest = f64::from(column.into_iter().max().unwrap_or(1));
        style.unit *= (longest / 3.0).clamp(0.5, 1.0).max((longest / 40.0).min(2.0));
        style
    }

    const SMALL: Self = Self {
        name: 14.0,
        label: 11.0,
        labels: true,
        digits: 4,
        chars: 16,
        node: [30.0, 40.0],
        pad: 10.0,
        gap_node: 26.0,
        gap_bend: 14.0,
        gap_layer: 56.0,
        gap_most: 300.0,
        unit: 64.0,
        bar: [48.0, 9.0],
    };
    const MEDIUM: Self = Self {
        name: 12.0,
        label: 10.0,
        digits: 3,
        node: [22.0, 34.0],
        pad: 7.0,
        gap_node: 16.0,
        gap_bend: 10.0,
        gap_layer: 52.0,
        unit: 90.0,
        bar: [46.0, 7.0],
        ..Self::SMALL
    };
    const LARGE: Self = Self {
        name: 10.0,
        label: 9.0,
        labels: false,
        digits: 3,
        chars: 14,
        node: [16.0, 26.0],
        pad: 5.0,
        gap_node: 9.0,
        gap_bend: 4.0,
        gap_layer: 44.0,
        gap_most: 120.0,
        unit: 110.0,
        bar: [36.0, 6.0],
    };

    /// Height of the line with an object's bar and reward.
    pub fn mark(&self) -> f64 {
        self.label + 4.0
    }
}
