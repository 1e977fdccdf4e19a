//! How probable a way back and forth is: the arithmetic of the move that every Markov chain here is made of.
//!
//! The move goes from an object back to a state, the *turn*, and forth to an object. Its two halves are [`Leg`]s that
//! meet at the turn; the reverse move is the same two legs with their parts exchanged.
//!
//! How many edges are walked is drawn from q, a geometric distribution cut off at the longest trajectory. It has full
//! support, so that whatever the DAG every object can be reached from every other in one move, by way of the source.
//! - Back: k edges, k ~ q, by uniform P_B; fewer where the source is reached. A complete object, from which nothing
//!   leads on, is left by at least one edge: k ~ q given k ≥ 1.
//! - Forth: m edges, m ~ q, and then on to the nearest object; fewer where a complete object is reached. If no edge was
//!   walked back, m ~ q given m ≥ 1.
//!
//! Where every state is an object the move is one of k edges back and m forth. Where objects are complete at full length
//! it is one of k edges back and k forth.

use headwater_core::Key;

/// The edges between a turn and an object, walked in either direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Leg {
    /// How many there are.
    pub edges: u32,
    /// log-probability of the choices on the way from the object to the turn.
    pub log_back: f64,
    /// log-probability of the choices on the way from the turn to the object.
    pub log_forth: f64,
    /// How many numbers m of edges forth end at this object and no earlier: the edges since the object before it; and
    /// one more than `edges` if there is none.
    pub open: u32,
    /// Does no edge leave the object?
    pub complete: bool,
}

impl Leg {
    /// The leg without edges.
    pub fn new(complete: bool) -> Self {
        Self { edges: 0, log_back: 0.0, log_forth: 0.0, open: 1, complete }
    }

    /// One edge more at the turn: the leg now begins at a state that may be an object.
    #[inline]
    pub fn extend_back(&mut self, log_back: f64, log_forth: f64, object: bool) {
        let none = self.open > self.edges;
        self.open += u32::from(none && !object);
        self.add(log_back, log_forth);
    }

    /// One edge more at the other end, where the leg ended in a state that may be an object.
    #[inline]
    pub fn extend_forth(&mut self, log_back: f64, log_forth: f64, object: bool) {
        self.open = if object { 1 } else { self.open + 1 };
        self.add(log_back, log_forth);
    }

    #[inline]
    fn add(&mut self, log_back: f64, log_forth: f64) {
        self.edges += 1;
        self.log_back += log_back;
        self.log_forth += log_forth;
    }
}

/// The distribution q of numbers of edges: geometric on 0..=`most`.
#[derive(Clone, Debug)]
pub(crate) struct Law {
    most: u32,
    log_ratio: f64,
    /// log(1 − ratioⁿ) for n up to `most + 1`.
    log_head: Vec<f64>,
}

impl Law {
    /// The law with mean `mean` before it is cut off at `most`.
    pub fn new(mean: f64, most: usize) -> Self {
        let log_ratio = -mean.recip().ln_1p();
        let log_head = (0..most + 2).map(|n| (-(n as f64 * log_ratio).exp_m1()).ln()).collect();
        Self { most: most as u32, log_ratio, log_head }
    }

    /// A number of edges, at least `least`.
    #[inline]
    pub fn draw(&self, least: u32, key: Key) -> u32 {
        let room = (self.most + 1).saturating_sub(least);
        let mass = -(f64::from(room) * self.log_ratio).exp_m1();
        let more = (-key.unit() * mass).ln_1p() / self.log_ratio;
        least + (more as u32).min(room.saturating_sub(1))
    }

    /// log P(from ≤ k < from + n), given k ≥ least. Requires `from ≥ least` and n ≤ `most + 1 − from`.
    #[inline]
    fn log_range(&self, least: u32, from: u32, n: u32) -> f64 {
        let head = self.log_head[n as usize] - self.log_head[(self.most + 1 - least) as usize];
        f64::from(from - least) * self.log_ratio + head
    }

    /// log-probability of going back along `a` and forth along `b`, from object to object; `source` says whether they
    /// meet at the source.
    #[inline]
    pub fn log_path(&self, a: &Leg, b: &Leg, source: bool) -> f64 {
        a.log_back + self.log_edges_back(a, source) + b.log_forth + self.log_edges_forth(b, a.edges == 0)
    }

    /// log of how much more probable the reverse of [`Law::log_path`] is: the correction of Metropolis and Hastings.
    #[inline]
    pub fn log_reverse(&self, a: &Leg, b: &Leg, source: bool) -> f64 {
        self.log_path(b, a, source) - self.log_path(a, b, source)
    }

    /// log-probability that the way back has as many edges as `a`.
    fn log_edges_back(&self, a: &Leg, source: bool) -> f64 {
        let least = u32::from(a.complete);
        match (source, a.edges <= least) {
            // The source is reached whatever was drawn.
            (true, true) => 0.0,
            (true, false) => self.log_range(least, a.edges, self.most + 1 - a.edges),
            (false, _) if a.edges < least => f64::NEG_INFINITY,
            (false, _) => self.log_range(least, a.edges, 1),
        }
    }

    /// log-probability that the way forth ends where `b` does; `still` if no edge was walked back.
    fn log_edges_forth(&self, b: &Leg, still: bool) -> f64 {
        let least = u32::from(still);
        let from = (b.edges + 1 - b.open).max(least);
        match (b.complete, from <= least) {
            // The complete object is reached whatever was drawn.
            (true, true) => 0.0,
            (true, false) => self.log_range(least, from, self.most + 1 - from),
            (false, _) if b.edges < from => f64::NEG_INFINITY,
            (false, _) => self.log_range(least, from, b.edges + 1 - from),
        }
    }
}

/// Does a chain with a reward of `from` go on to `to`? `log_reverse` is that of the move, `beta` the power to which
/// rewards are raised, `u` uniform in [0, 1).
///
/// α = min(1, (R(x′)/R(x))^β · P(reverse) / P(move)). A chain without reward goes anywhere until it has found one, and
/// never back.
#[inline]
pub(crate) fn accepts(from: f64, to: f64, beta: f64, log_reverse: f64, u: f64) -> bool {
    from == f64::NEG_INFINITY || u < log_alpha(from, to, beta, log_reverse).exp()
}

/// log of the probability that [`accepts`] says yes, for a chain that has a reward.
#[inline]
pub(crate) fn log_alpha(from: f64, to: f64, beta: f64, log_reverse: f64) -> f64 {
    if to == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    (beta * (to - from) + log_reverse).min(0.0)
}
