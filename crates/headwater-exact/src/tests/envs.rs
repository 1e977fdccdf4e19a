//! Three small unlike environments: a grid, bounded subsets, and an explicit list of edges.

use headwater_core::{Action, EncodedRow, Encoding, Environment, MaskRow, Stop};

/// A grid of `dim` dimensions and `side` cells each; every cell is an object.
pub(crate) struct Grid {
    pub(crate) dim: usize,
    pub(crate) side: u8,
}

impl Environment for Grid {
    type State = [u8; 4];

    fn initial(&self) -> [u8; 4] {
        [0; 4]
    }

    fn n_actions(&self) -> usize {
        self.dim
    }

    fn max_len(&self) -> usize {
        self.dim * (usize::from(self.side) - 1)
    }

    fn stop(&self, s: &[u8; 4]) -> Stop {
        if s[..self.dim].iter().all(|&x| x + 1 == self.side) { Stop::Must } else { Stop::May }
    }

    fn forward_mask(&self, s: &[u8; 4], mask: &mut MaskRow<'_>) {
        (0..self.dim).filter(|&d| s[d] + 1 < self.side).for_each(|d| mask.set(d));
    }

    fn backward_mask(&self, s: &[u8; 4], mask: &mut MaskRow<'_>) {
        (0..self.dim).filter(|&d| s[d] > 0).for_each(|d| mask.set(d));
    }

    fn step(&self, s: &mut [u8; 4], a: Action) {
        s[a.index()] += 1;
    }

    fn unstep(&self, s: &mut [u8; 4], a: Action) {
        s[a.index()] -= 1;
    }

    fn encoding(&self) -> Encoding {
        Encoding::dense(self.dim)
    }

    fn encode(&self, s: &[u8; 4], row: EncodedRow<'_>) {
        row.reals.iter_mut().zip(s).for_each(|(r, &x)| *r = f32::from(x));
    }

    fn show(&self, s: &[u8; 4], out: &mut String) {
        out.push_str(&s[..self.dim].iter().map(u8::to_string).collect::<Vec<_>>().join(","));
    }

    fn parse(&self, text: &str) -> Option<[u8; 4]> {
        let cells = text.split(',').map(str::parse).collect::<Result<Vec<u8>, _>>().ok()?;
        let mut s = [0; 4];
        (cells.len() == self.dim && cells.iter().all(|&x| x < self.side)).then(|| {
            s[..self.dim].copy_from_slice(&cells);
            s
        })
    }

    fn small() -> Vec<Self> {
        vec![Self { dim: 2, side: 4 }, Self { dim: 3, side: 3 }]
    }
}

/// Subsets of `{0..n}` with at most `k` elements; a trajectory may end once `min` are in.
pub(crate) struct Subsets {
    pub(crate) n: usize,
    pub(crate) k: u32,
    pub(crate) min: u32,
}

impl Environment for Subsets {
    type State = u64;

    fn initial(&self) -> u64 {
        0
    }

    fn n_actions(&self) -> usize {
        self.n
    }

    fn max_len(&self) -> usize {
        self.k as usize
    }

    fn stop(&self, s: &u64) -> Stop {
        match s.count_ones() {
            c if c == self.k => Stop::Must,
            c if c >= self.min => Stop::May,
            _ => Stop::Never,
        }
    }

    fn forward_mask(&self, s: &u64, mask: &mut MaskRow<'_>) {
        if s.count_ones() < self.k {
            mask.0[0] = !s & ((1 << self.n) - 1);
        }
    }

    fn backward_mask(&self, s: &u64, mask: &mut MaskRow<'_>) {
        mask.0[0] = *s;
    }

    fn step(&self, s: &mut u64, a: Action) {
        *s |= 1 << a.0;
    }

    fn unstep(&self, s: &mut u64, a: Action) {
        *s &= !(1 << a.0);
    }

    fn encoding(&self) -> Encoding {
        Encoding::dense(self.n)
    }

    fn encode(&self, s: &u64, row: EncodedRow<'_>) {
        row.reals.iter_mut().enumerate().for_each(|(i, r)| *r = (s >> i & 1) as f32);
    }

    fn show(&self, s: &u64, out: &mut String) {
        out.push_str(&s.to_string());
    }

    fn parse(&self, text: &str) -> Option<u64> {
        text.parse().ok().filter(|s: &u64| s.count_ones() <= self.k && s >> self.n == 0)
    }

    fn small() -> Vec<Self> {
        vec![Self { n: 4, k: 2, min: 2 }, Self { n: 5, k: 4, min: 1 }]
    }
}

/// A graph written out as edges `(from, to)`; the label of an edge is its place in the list. State 0 is initial.
pub(crate) struct Edges {
    pub(crate) list: Vec<(u32, u32)>,
    /// Rewards of the objects.
    pub(crate) rewards: Vec<(u32, f64)>,
}

impl Edges {
    /// The toy DAG of the Foundations paper, Z = 112.
    pub(crate) fn toy() -> Self {
        Self {
            list: vec![
                (0, 1),
                (0, 2),
                (1, 3),
                (2, 3),
                (2, 4),
                (3, 5),
                (4, 6),
                (5, 7),
                (5, 8),
                (6, 8),
                (6, 10),
                (7, 9),
                (8, 9),
            ],
            rewards: vec![(3, 30.0), (4, 14.0), (6, 23.0), (8, 10.0), (9, 30.0), (10, 5.0)],
        }
    }
}

impl Environment for Edges {
    type State = u32;

    fn initial(&self) -> u32 {
        0
    }

    fn n_actions(&self) -> usize {
        self.list.len()
    }

    fn max_len(&self) -> usize {
        5
    }

    fn stop(&self, s: &u32) -> Stop {
        match (self.rewards.iter().any(|r| r.0 == *s), self.list.iter().any(|e| e.0 == *s)) {
            (false, _) => Stop::Never,
            (true, true) => Stop::May,
            (true, false) => Stop::Must,
        }
    }

    fn forward_mask(&self, s: &u32, mask: &mut MaskRow<'_>) {
        self.list.iter().enumerate().filter(|(_, e)| e.0 == *s).for_each(|(i, _)| mask.set(i));
    }

    fn backward_mask(&self, s: &u32, mask: &mut MaskRow<'_>) {
        self.list.iter().enumerate().filter(|(_, e)| e.1 == *s).for_each(|(i, _)| mask.set(i));
    }

    fn step(&self, s: &mut u32, a: Action) {
        *s = self.list[a.index()].1;
    }

    fn unstep(&self, s: &mut u32, a: Action) {
        *s = self.list[a.index()].0;
    }

    fn encoding(&self) -> Encoding {
        Encoding::one_hot(11, 1)
    }

    fn encode(&self, s: &u32, row: EncodedRow<'_>) {
        row.indices[0] = *s;
    }

    fn show(&self, s: &u32, out: &mut String) {
        out.push_str(&s.to_string());
    }

    fn parse(&self, text: &str) -> Option<u32> {
        text.parse().ok()
    }

    fn small() -> Vec<Self> {
        vec![Self::toy()]
    }
}
