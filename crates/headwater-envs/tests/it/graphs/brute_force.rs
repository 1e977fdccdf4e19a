//! Every subset and every colouring of random graphs, by definitions that share no code with the environments.

use headwater_core::Key;

use super::*;

/// A random graph as a list of rows of bits, and as a file.
fn random(n: usize, p: f64, seed: u64) -> (Vec<u32>, String) {
    let mut rows = vec![0; n];
    let mut edges = Vec::new();
    for b in 0..n {
        for a in 0..b {
            if Key::new(seed).fold((n * b + a) as u64).unit() < p {
                rows[a] |= 1 << b;
                rows[b] |= 1 << a;
                edges.push((a, b));
            }
        }
    }
    (rows, dimacs(n, &edges))
}

fn members(set: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |v| set >> v & 1 == 1)
}

fn text(sets: &[u32]) -> String {
    let names = |set: u32| members(set).map(|v| (v + 1).to_string()).collect::<Vec<_>>().join(",");
    sets.iter().map(|&set| format!("{{{}}}", names(set))).collect()
}

fn sorted(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut texts = Vec::from_iter(texts);
    texts.sort_unstable();
    texts
}

/// The graphs of these tests.
fn graphs() -> impl Iterator<Item = (usize, Vec<u32>, String)> {
    (0..8).map(|seed| {
        let n = 2 + seed as usize % 7;
        let (rows, text) = random(n, 0.1 + 0.1 * seed as f64, seed);
        (n, rows, text)
    })
}

/// Checks the objects of an environment against the sets with a property, and those that no other one of them is
/// inside (or outside) of.
fn check<E: Environment>(any: &E, extreme: &E, good: &[u32], inside: impl Fn(u32, u32) -> bool) {
    size(any);
    size(extreme);
    assert_eq!(objects(any), sorted(good.iter().map(|&s| text(&[s]))));
    let is_extreme = |&&s: &&u32| !good.iter().any(|&t| t != s && inside(s, t));
    assert_eq!(objects(extreme), sorted(good.iter().filter(is_extreme).map(|&s| text(&[s]))));
}

#[test]
fn sets_are_those_of_their_definitions() {
    for (n, rows, text) in graphs() {
        let sets = || 0..1u32 << n;
        let independent = Vec::from_iter(sets().filter(|&s| members(s).all(|v| rows[v] & s == 0)));
        let [any, maximal] = [false, true].map(|m| independent_sets(&text, m));
        check(&any, &maximal, &independent, |s, t| s & t == s);
        let clique = Vec::from_iter(sets().filter(|&s| members(s).all(|v| (rows[v] | 1 << v) & s == s)));
        let [any, maximal] = [false, true].map(|m| cliques(&text, m));
        check(&any, &maximal, &clique, |s, t| s & t == s);
        let dominates = |s: u32| (0..n).all(|v| (rows[v] | 1 << v) & s != 0);
        let dominating = Vec::from_iter(sets().filter(|&s| dominates(s)));
        let [any, minimal] = [false, true].map(|m| dominating_sets(&text, m));
        check(&any, &minimal, &dominating, |s, t| s & t == t);
    }
}

#[test]
fn cuts_have_the_log_z_of_all_sets_with_the_first_vertex() {
    for (n, rows, graph) in graphs() {
        let all = (1 << n) - 1;
        let sets = Vec::from_iter((0..1u32 << n).filter(|s| s & 1 == 1));
        let env = cuts(&graph);
        assert_eq!(objects(&env), sorted(sets.iter().map(|&s| text(&[s, all & !s]))));
        let cut = |s: u32| members(s).map(|v| (rows[v] & all & !s).count_ones()).sum::<u32>();
        let z: f64 = sets.iter().map(|&s| f64::from(cut(s)).exp()).sum();
        close(native_log_z(&env, "cut", &[]), z.ln());
        close(native_log_z(&env, "weight", &[]), z.ln());
    }
}

/// All partitions of subsets of `rest` into classes without neighbours, each behind the classes `done`.
fn partitions(rows: &[u32], rest: u32, k: usize, done: &mut Vec<u32>, found: &mut Vec<Vec<u32>>) {
    let Some(v) = members(rest).next() else {
        found.push(done.clone());
        return;
    };
    let rest = rest & !(1 << v);
    partitions(rows, rest, k, done, found);
    for c in 0..done.len() {
        if rows[v] & done[c] == 0 {
            done[c] |= 1 << v;
            partitions(rows, rest, k, done, found);
            done[c] &= !(1 << v);
        }
    }
    if done.len() < k {
        done.push(1 << v);
        partitions(rows, rest, k, done, found);
        done.pop();
    }
}

#[test]
fn colourings_are_those_of_their_definition() {
    for (n, rows, graph) in graphs().filter(|(n, ..)| *n < 8) {
        for k in 1..=n.min(4) {
            let mut all = Vec::new();
            partitions(&rows, (1 << n) - 1, k, &mut Vec::new(), &mut all);
            let shown = |sets: &Vec<u32>| if sets.is_empty() { text(&[0]) } else { text(sets) };
            let (any, maximal) = (colourings(&graph, k, false), colourings(&graph, k, true));
            assert_eq!(size(&any), (all.len(), all.len()));
            size(&maximal);
            assert_eq!(objects(&any), sorted(all.iter().map(shown)));
            let stuck = |sets: &&Vec<u32>| {
                let coloured = sets.iter().fold(0, |a, b| a | b);
                let open = |v: usize| sets.len() < k || sets.iter().any(|set| rows[v] & set == 0);
                !members(((1 << n) - 1) & !coloured).any(open)
            };
            assert_eq!(objects(&maximal), sorted(all.iter().filter(stuck).map(shown)));
            let cost = 0.75;
            let score = |sets: &Vec<u32>| {
                let coloured: u32 = sets.iter().map(|s| s.count_ones()).sum();
                (f64::from(coloured) - cost * sets.len() as f64).exp()
            };
            let z: f64 = all.iter().map(score).sum();
            close(native_log_z(&any, "coloured", &[("colour_cost", Value::Real(cost))]), z.ln());
        }
    }
}
