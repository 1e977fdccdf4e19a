//! Many copies of one environment behind one erased face: the array boundary.

use crate::{Action, BitMatrix, Encoded, Encoding, Picture, Stop};

/// The facts of an environment that buffers are sized from.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvSpec {
    /// Registered name.
    pub name: String,
    /// Number of edge labels; above the boundary this value is also the label of the stop edge.
    pub n_actions: usize,
    /// Edges of the longest trajectory, the stop edge not counted.
    pub max_len: usize,
    /// A lower bound of the number of states; 1 where nothing is known.
    pub states_at_least: f64,
    /// Layout of encoded rows.
    pub encoding: Encoding,
}

/// A text that names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a state of `{env}`", crate::excerpt(text))]
pub struct ParseError {
    /// The text that was given.
    pub text: String,
    /// The environment's name.
    pub env: String,
}

/// Many copies of one environment (*lanes*), erased. One virtual call per batch, never per state.
///
/// `lanes` lists the lanes that a call concerns, in any order; `out[i]` or row `at + i` belongs to `lanes[i]`.
/// [`crate::Lanes`] implements this for every [`crate::Environment`]; a hot environment may bring its own. What a wrapper
/// has to pass on has no default, so that none can forget it.
pub trait Simulator: Send + Sync {
    /// The environment's facts.
    fn spec(&self) -> &EnvSpec;

    /// Number of lanes.
    fn lanes(&self) -> usize;

    /// Has `lanes` lanes from now on, each in the initial state.
    fn reset(&mut self, lanes: usize);

    /// Has `lanes` lanes from now on; those that existed keep their states, new ones are in the initial state.
    fn resize(&mut self, lanes: usize);

    /// Whether trajectories may end in the lanes' states.
    fn stops(&self, lanes: &[u32], out: &mut [Stop]);

    /// Writes the forward masks into rows `at..`, which need not be cleared.
    fn forward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize);

    /// Writes the backward masks into rows `at..`, which need not be cleared.
    fn backward_masks(&self, lanes: &[u32], out: &mut BitMatrix, at: usize);

    /// Follows one edge per lane. Requires each to be in its lane's forward mask.
    fn step(&mut self, lanes: &[u32], actions: &[Action]);

    /// Retraces one edge per lane. Requires each to be in its lane's backward mask.
    fn unstep(&mut self, lanes: &[u32], actions: &[Action]);

    /// Writes the encodings into rows `at..`.
    fn encode(&self, lanes: &[u32], out: &mut Encoded, at: usize);

    /// Hashes of the lanes' states, the same in every process; equal states have equal hashes.
    fn hashes(&self, lanes: &[u32], out: &mut [u64]);

    /// Are two lanes in the same state?
    fn same(&self, a: u32, b: u32) -> bool;

    /// Puts lane `to` into the state of lane `from`.
    fn copy(&mut self, from: u32, to: u32);

    /// Does the simulator carry a native reward, so that [`Simulator::score`] may be called?
    fn has_score(&self) -> bool;

    /// Is the native score also defined on unfinished states?
    fn scores_unfinished(&self) -> bool;

    /// Native scores of the lanes' objects. Requires [`Simulator::has_score`].
    fn score(&self, lanes: &[u32], out: &mut [f64]);

    /// Can the native reward say which edges it prefers, so that [`Simulator::guide_by`] may be called?
    fn has_guide(&self) -> bool;

    /// Writes guides into encodings from now on: `strength` times what the native reward prefers. Forks do the same.
    /// Requires [`Simulator::has_guide`].
    fn guide_by(&mut self, strength: f32);

    /// Names of the numbers that [`Simulator::measure`] writes; see [`crate::Environment::features`].
    fn features(&self) -> Vec<String>;

    /// Writes the features of the lanes' states into `out`, one row per lane.
    fn measure(&self, lanes: &[u32], out: &mut [f64]);

    /// Appends the canonical text of a lane's state.
    fn show(&self, lane: u32, out: &mut String);

    /// How a lane's state looks; `None` where the environment draws none. See [`crate::Environment::draw`].
    fn draw(&self, lane: u32) -> Option<Picture>;

    /// Puts a lane into the state that `text` names.
    ///
    /// # Errors
    /// If `text` names no state; the lane is then unchanged.
    fn load(&mut self, lane: u32, text: &str) -> Result<(), ParseError>;

    /// A person's name for an edge.
    fn describe(&self, a: Action) -> String;

    /// An independent simulator over the same environment and reward, without lanes.
    fn fork(&self) -> Box<dyn Simulator>;

    /// The text of a lane's state as a new string.
    fn text(&self, lane: u32) -> String {
        let mut out = String::new();
        self.show(lane, &mut out);
        out
    }
}
