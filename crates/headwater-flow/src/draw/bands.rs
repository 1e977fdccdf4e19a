//! Widths of bands by flow.

use headwater_exact::Flow;

use super::Picture;

/// Least width of a band that carries something, in pixels.
pub(super) const HAIR: f64 = 0.9;
/// Width of an edge without flow.
pub(super) const NONE: f64 = 0.6;
/// A learned flow may be anything; nothing is drawn broader than this many Z.
const MOST: f64 = 2.0;

/// Widths in pixels: Z is as broad as the style says.
pub(super) struct Bands {
    /// Per edge.
    pub edge: Vec<f64>,
    /// Per edge, of the learned flow if there is one.
    pub learned: Option<Vec<f64>>,
    /// Per node: what stops there.
    pub stop: Vec<f64>,
}

impl Bands {
    pub fn new(picture: &Picture<'_>, unit: f64) -> Self {
        let log_z = picture.flow.log_z;
        let widths = |flows: &[f64]| Vec::from_iter(flows.iter().map(|&f| band(f, log_z, unit)));
        let learned = picture.learned.map(|l: &Flow| widths(&l.edge));
        let stop = picture.flow.stop.iter().map(|&f| unit * share(f, log_z).min(MOST)).collect();
        Self { edge: widths(&picture.flow.edge), learned, stop }
    }

    /// The room that an edge needs, for either flow.
    pub fn room(&self, e: usize) -> f64 {
        self.learned.as_ref().map_or(0.0, |l| l[e]).max(self.edge[e])
    }
}

/// A flow as a share of Z, from logarithms; 0 where there is no flow or no Z.
pub(super) fn share(log_flow: f64, log_z: f64) -> f64 {
    let share = (log_flow - log_z).exp();
    if share.is_nan() { 0.0 } else { share }
}

/// A flow may be so small that its share of Z is rounded to nothing, and yet it is one.
fn band(log_flow: f64, log_z: f64, unit: f64) -> f64 {
    if log_flow > f64::NEG_INFINITY { (unit * share(log_flow, log_z).min(MOST)).max(HAIR) } else { NONE }
}
