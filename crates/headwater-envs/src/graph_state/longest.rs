//! Lengths of longest trajectories: sizes of the best solutions, by branch and bound.
//!
//! They are hard to find, so each search visits a bounded number of nodes. If that does not suffice, the length is a
//! bound that follows from what was visited: never too small, and the same on every machine.

use super::Vertices;

/// Nodes that a search visits at most: some tenths of a second at the largest number of vertices.
const NODES: u32 = 10_000;

/// The size of the largest set without a pair in conflict. `conflicts` has a row per vertex, with the vertex itself.
///
/// Tomita & Seki 2003: vertices are partitioned into sets of pairwise conflicts, of which a solution has one vertex each.
pub(crate) fn compatible(conflicts: &[Vertices]) -> usize {
    let mut search = Compatible { conflicts, best: 0, nodes: NODES };
    let all = Vertices::first(conflicts.len());
    if search.expand(all, 0) { search.best } else { search.cover(all).last().map_or(0, |last| last.1) }
}

struct Compatible<'a> {
    conflicts: &'a [Vertices],
    best: usize,
    nodes: u32,
}

impl Compatible<'_> {
    /// The vertices in an order, each with the number of sets that cover it and those before it.
    fn cover(&self, mut rest: Vertices) -> Vec<(usize, usize)> {
        let mut order = Vec::new();
        let mut sets = 0;
        while !rest.is_empty() {
            sets += 1;
            let mut fits = rest;
            while let Some(v) = fits.smallest() {
                order.push((v, sets));
                rest.remove(v);
                fits = fits.and(&self.conflicts[v]);
                fits.remove(v);
            }
        }
        order
    }

    /// Searches for solutions with `size` vertices and some of `rest`; false if it had to be given up.
    fn expand(&mut self, mut rest: Vertices, size: usize) -> bool {
        self.best = self.best.max(size);
        for (v, sets) in self.cover(rest).into_iter().rev() {
            if size + sets <= self.best {
                return true;
            }
            if self.nodes == 0 {
                return false;
            }
            self.nodes -= 1;
            if !self.expand(rest.less(&self.conflicts[v]), size + 1) {
                return false;
            }
            rest.remove(v);
        }
        true
    }
}

/// The number of vertices less that of the smallest dominating set. `closed` has a row per vertex: itself and its
/// neighbours.
pub(crate) fn removable(closed: &[Vertices]) -> usize {
    let n = closed.len();
    let all = Vertices::first(n);
    let mut search = Domination { closed, best: n, nodes: NODES };
    if search.expand(all, all, 0) {
        return n - search.best;
    }
    // Vertices whose closed neighbourhoods are disjoint need one vertex each.
    let (mut packed, mut covered) = (0, Vertices::default());
    for row in closed {
        if row.and(&covered).is_empty() {
            packed += 1;
            covered = covered.or(row);
        }
    }
    n - packed
}

struct Domination<'a> {
    closed: &'a [Vertices],
    best: usize,
    nodes: u32,
}

impl Domination<'_> {
    /// Searches for solutions with `size` vertices and some of `allowed` that dominate `open`; false if it had to be
    /// given up.
    fn expand(&mut self, open: Vertices, mut allowed: Vertices, size: usize) -> bool {
        if open.is_empty() {
            self.best = self.best.min(size);
            return true;
        }
        let most = allowed.iter().map(|v| self.closed[v].and(&open).len()).max().unwrap_or(0);
        if most == 0 || size + open.len().div_ceil(most) as usize >= self.best {
            return true;
        }
        if self.nodes == 0 {
            return false;
        }
        self.nodes -= 1;
        let hardest = open.iter().min_by_key(|&u| self.closed[u].and(&allowed).len());
        let candidates = hardest.map_or(Vertices::default(), |u| self.closed[u].and(&allowed));
        for v in candidates.iter() {
            allowed.remove(v);
            if !self.expand(open.less(&self.closed[v]), allowed, size + 1) {
                return false;
            }
        }
        true
    }
}

/// The most vertices that `k` colours can colour properly. `rows` has the neighbours of each vertex.
pub(crate) fn colourable(rows: &[Vertices], k: usize) -> usize {
    let n = rows.len();
    let mut search = Colours { rows, classes: vec![Vertices::default(); k], nodes: NODES };
    // With one vertex less each time, until it succeeds or has to be given up.
    (0..n).find(|&skips| search.expand(Vertices::first(n), skips) != Some(false)).map_or(0, |skips| n - skips)
}

struct Colours<'a> {
    rows: &'a [Vertices],
    classes: Vec<Vertices>,
    nodes: u32,
}

impl Colours<'_> {
    /// Can `rest` be coloured, but for `skips` vertices? `None` if the search had to be given up.
    fn expand(&mut self, mut rest: Vertices, skips: usize) -> Option<bool> {
        let used = self.classes.iter().take_while(|c| !c.is_empty()).count();
        let open = self.classes.len().min(used + 1);
        let fits = |search: &Self, v: usize, c: usize| search.rows[v].and(&search.classes[c]).is_empty();
        let choices = |search: &Self, v: usize| (0..open).filter(|&c| fits(search, v, c)).count();
        // The vertex with the fewest colours left, and of those the one with the most neighbours to come.
        let key = |v: usize| (choices(self, v), u32::MAX - self.rows[v].and(&rest).len());
        let Some(v) = rest.iter().min_by_key(|&v| key(v)) else { return Some(true) };
        self.nodes = self.nodes.checked_sub(1)?;
        rest.remove(v);
        for c in 0..open {
            if fits(self, v, c) {
                self.classes[c].add(v);
                let found = self.expand(rest, skips);
                self.classes[c].remove(v);
                if found != Some(false) {
                    return found;
                }
            }
        }
        if skips == 0 { Some(false) } else { self.expand(rest, skips - 1) }
    }
}

#[cfg(test)]
mod tests;
