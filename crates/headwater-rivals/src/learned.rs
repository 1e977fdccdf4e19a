//! A network that chooses edges on the way forth, and learns which ones were worth it.

use std::sync::Arc;

use headwater_core::{
    Action, BackwardHead, BitMatrix, Encoded, EnvSpec, Estimator, Floats, Heads, Key, Simulator, Wanted,
};
use headwater_nn::{Adam, Pool, Softmax, masked_softmax};

use crate::Arena;
use crate::walk::{Guide, grow_rows};

/// Edges by (1 − ε) · softmax + ε / n, over the n edges of a state: every one stays possible.
pub(crate) struct Learned {
    net: Box<dyn Estimator>,
    pool: Arc<Pool>,
    epsilon: f64,
    rows: Rows,
}

/// States as the network sees them, and what it says of their edges.
struct Rows {
    x: Encoded,
    masks: BitMatrix,
    out: Floats,
    tape: Floats,
    softmax: Vec<Softmax>,
    /// Per state: the sum of its probabilities as they were rounded, and the number of its edges.
    sums: Vec<(f64, f64)>,
}

impl Rows {
    fn new(spec: &EnvSpec) -> Self {
        Self {
            x: Encoded::new(spec.encoding, 0),
            masks: BitMatrix::new(0, spec.n_actions),
            out: Floats::default(),
            tape: Floats::default(),
            softmax: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// Makes room for `n` states.
    fn resize(&mut self, n: usize) {
        if self.x.rows() < n {
            self.x.resize(n);
        }
        grow_rows(&mut self.masks, n);
    }

    /// Evaluates the first `n` states.
    fn evaluate(&mut self, net: &dyn Estimator, n: usize) {
        let Heads { n_actions, stride, .. } = net.heads();
        self.out.grow(n * stride);
        self.tape.grow(n * net.tape_width());
        self.softmax.resize(n, Softmax::default());
        let (out, tape) = (&mut self.out[..n * stride], &mut self.tape[..n * net.tape_width()]);
        net.forward(&self.x, 0..n, Wanted::All, out, tape);
        let (masks, words) = (self.masks.words(0..n), self.masks.words_per_row());
        masked_softmax(out, stride, n_actions, masks, words, &mut self.softmax);
        self.sums.clear();
        for r in 0..n {
            let sum = self.masks.ones(r).map(|a| self.p(stride, r, a)).sum();
            self.sums.push((sum, f64::from(self.masks.count(r))));
        }
    }

    /// The probability of a valid edge of a state, as it was rounded.
    fn p(&self, stride: usize, r: usize, a: usize) -> f64 {
        f64::from(self.softmax[r].probability(self.out[r * stride + a]))
    }
}

impl Learned {
    /// A network that has learned nothing, for lanes of the arena's simulator.
    pub fn new(arena: &Arena, epsilon: f64) -> Self {
        let spec = arena.sim.spec();
        let net =
            (arena.network)(Heads::new(spec.n_actions, BackwardHead::None, false), arena.key.fold(u64::MAX));
        Self { net, pool: Arc::clone(&arena.pool), epsilon, rows: Rows::new(spec) }
    }

    fn p(&self, i: usize, a: usize) -> f64 {
        let (sum, n) = self.rows.sums[i];
        (1.0 - self.epsilon) * self.rows.p(self.net.heads().stride, i, a) / sum + self.epsilon / n
    }

    /// The parameters of the network.
    pub fn params(&self) -> &[f32] {
        &self.net.params().data
    }
}

impl Guide for Learned {
    fn look(&mut self, sim: &dyn Simulator, lanes: &[u32]) {
        self.rows.resize(lanes.len());
        sim.encode(lanes, &mut self.rows.x, 0);
        sim.forward_masks(lanes, &mut self.rows.masks, 0);
        self.rows.evaluate(&*self.net, lanes.len());
    }

    fn draw(&self, i: usize, key: Key) -> Action {
        let (mut left, mut last) = (key.unit(), 0);
        for a in self.rows.masks.ones(i) {
            last = a;
            left -= self.p(i, a);
            if left < 0.0 {
                break;
            }
        }
        Action(last as u32)
    }

    fn log_p(&self, i: usize, a: Action) -> f64 {
        self.p(i, a.index()).ln()
    }
}

/// Edges to learn from, the latest `capacity` of them, and how: by maximum likelihood, with Adam.
pub(crate) struct Lessons {
    x: Encoded,
    masks: BitMatrix,
    edges: Vec<Action>,
    capacity: usize,
    /// Where the next ones go.
    next: usize,
    batch: usize,
    rate: f64,
    adam: Adam,
    grads: Floats,
    d_out: Floats,
    rows: Rows,
}

impl Lessons {
    /// For the parameters of `guide`.
    pub fn new(guide: &Learned, spec: &EnvSpec, capacity: usize, batch: usize, rate: f64) -> Self {
        let n = guide.params().len();
        Self {
            x: Encoded::new(spec.encoding, capacity),
            masks: BitMatrix::new(capacity, spec.n_actions),
            edges: Vec::with_capacity(capacity),
            capacity,
            next: 0,
            batch,
            rate,
            adam: Adam::new(n),
            grads: Floats::zeros(n),
            d_out: Floats::default(),
            rows: Rows::new(spec),
        }
    }

    /// Remembers the edges that leave the states in `lanes`, and forgets the oldest where there is no room.
    pub fn remember(&mut self, sim: &dyn Simulator, lanes: &[u32], edges: &[Action]) {
        let n = lanes.len().min(self.capacity);
        // Rows are written in one piece: what does not fit behind the last goes to the front.
        let at = if self.next + n > self.capacity { 0 } else { self.next };
        sim.encode(&lanes[..n], &mut self.x, at);
        sim.forward_masks(&lanes[..n], &mut self.masks, at);
        self.edges.resize(self.edges.len().max(at + n), Action(0));
        self.edges[at..at + n].copy_from_slice(&edges[..n]);
        self.next = at + n;
    }

    /// One step of Adam towards a greater mean log-likelihood of some of the edges, drawn by `key`.
    pub fn study(&mut self, guide: &mut Learned, key: Key) {
        if self.edges.is_empty() {
            return;
        }
        let (n, net) = (self.batch, &mut guide.net);
        let drawn = |i: usize| key.fold(i as u64).below(self.edges.len() as u32) as usize;
        self.rows.resize(n);
        for i in 0..n {
            let (row, from) = (self.rows.x.row_mut(i), drawn(i));
            row.indices.copy_from_slice(self.x.indices(from));
            row.reals.copy_from_slice(self.x.reals(from));
            self.rows.masks.write(i, self.masks.row(from));
        }
        self.rows.evaluate(&**net, n);
        let stride = net.heads().stride;
        self.d_out.reset(n * stride);
        let share = 1.0 / n as f32;
        for (i, d) in self.d_out.chunks_exact_mut(stride).enumerate() {
            for a in self.rows.masks.ones(i) {
                d[a] = share * self.rows.p(stride, i, a) as f32;
            }
            d[self.edges[drawn(i)].index()] -= share;
        }
        let tape = &self.rows.tape[..n * net.tape_width()];
        net.backward(&self.rows.x, n, Wanted::All, &self.d_out, tape, &mut self.grads);
        let Self { adam, grads, rate, .. } = self;
        net.update(&mut |p| adam.update(&guide.pool, &mut p.data, grads, *rate, 1.0, 0.0));
    }
}
