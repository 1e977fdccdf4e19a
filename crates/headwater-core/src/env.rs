//! What an environment is: a pointed DAG of objects, described one state at a time.

use std::fmt::Debug;
use std::hash::Hash;

use crate::{EncodedRow, Encoding, MaskRow, Picture};

/// Label of an edge leaving a state; dense in `0..env.n_actions()`.
///
/// Above the array boundary the value `n_actions` stands for the framework's own *stop* edge.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Action(pub u32);

impl Action {
    /// The label as an index into per-action arrays.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// May, must, or may not a trajectory end in this state?
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stop {
    /// The state is unfinished: it is not an object.
    Never,
    /// The state is an object, and more edges leave it: the stop edge competes with them.
    May,
    /// The state is an object and nothing leaves it: the trajectory ends with probability one.
    Must,
}

/// A pointed DAG of objects, described one state at a time.
///
/// The framework owns the sink, the stop action, batching, randomness and rewards; an environment only says which
/// edges exist and where they lead. Once constructed it cannot fail. The conformance suite of `headwater-testkit`
/// checks every sentence below, exhaustively on [`Environment::small`] and by random play on any other instance.
pub trait Environment: Send + Sync + 'static {
    /// One object or unfinished object. Equality is identity of objects: isomorphic objects must be equal.
    ///
    /// Small and inline where possible; `clone_from` must not allocate.
    type State: Clone + Eq + Hash + Debug + Send + Sync;

    /// The source of the DAG.
    fn initial(&self) -> Self::State;

    /// Number of edge labels.
    fn n_actions(&self) -> usize;

    /// Number of edges of the longest trajectory, the stop edge not counted. Exact, or an upper bound where finding it is
    /// too hard (the size of a maximum independent set, say); exact on [`Environment::small`].
    fn max_len(&self) -> usize;

    /// A lower bound of the number of states, where it is easy to say: it spares the enumeration of what is too large.
    fn states_at_least(&self) -> f64 {
        1.0
    }

    /// Whether a trajectory may end in `s`. [`Stop::Must`] iff no edge leaves `s`.
    fn stop(&self, s: &Self::State) -> Stop;

    /// Sets bit `a` iff edge `a` leaves `s`. `mask` arrives cleared.
    fn forward_mask(&self, s: &Self::State, mask: &mut MaskRow<'_>);

    /// Sets bit `a` iff some parent reaches `s` by edge `a`. `mask` arrives cleared.
    ///
    /// No two parents may reach `s` by the same label: undoing an edge must be unambiguous.
    fn backward_mask(&self, s: &Self::State, mask: &mut MaskRow<'_>);

    /// Follows edge `a`. Requires that `forward_mask(s)` has bit `a`.
    fn step(&self, s: &mut Self::State, a: Action);

    /// Retraces edge `a`. Requires that `backward_mask(s)` has bit `a`; `step(a)` then restores `s`.
    fn unstep(&self, s: &mut Self::State, a: Action);

    /// The layout of [`Environment::encode`]'s rows.
    fn encoding(&self) -> Encoding;

    /// Writes what an estimator sees of `s`. Every slot must be written; distinct states have distinct rows.
    fn encode(&self, s: &Self::State, row: EncodedRow<'_>);

    /// Appends the canonical text of `s` to `out`. Distinct states have distinct texts, each on one line.
    fn show(&self, s: &Self::State, out: &mut String);

    /// The state that `text` names, or `None` if it names none. Inverse of [`Environment::show`].
    fn parse(&self, text: &str) -> Option<Self::State>;

    /// Names of the numbers that [`Environment::measure`] writes, each an identifier: what a reward by expression may
    /// speak of, such as the length of a string.
    fn features(&self) -> Vec<String> {
        Vec::new()
    }

    /// Writes the features of `s`, each finite, into `out`, which has as many places as there are names.
    fn measure(&self, s: &Self::State, out: &mut [f64]) {
        let _ = (s, out);
    }

    /// How `s` looks, where a picture says more than the text; about as large as a playing card.
    fn draw(&self, s: &Self::State) -> Option<Picture> {
        let _ = s;
        None
    }

    /// A person's name for edge `a`.
    fn describe(&self, a: Action) -> String {
        a.0.to_string()
    }

    /// Instances small enough to enumerate in a test (at most 10,000 states each), between them covering every option
    /// that changes the DAG.
    fn small() -> Vec<Self>
    where
        Self: Sized;
}
