//! Random graphs, each a function of a key.

use std::collections::HashSet;

use headwater_core::Key;
use headwater_graph::{Attribute, Network};

/// A random DAG of nodes `0` to `n - 1` in which every node but `0` has one to three parents. Those without children
/// and a third of the others have a reward; one in six of these is zero.
pub fn dag(key: Key, n: u32, reward: impl Fn(Key) -> f64) -> Network {
    let mut edges = Vec::new();
    let mut has_child = vec![false; n as usize];
    for v in 1..n {
        let parents = 1 + key.fold(1).fold(u64::from(v)).below(3).min(v - 1);
        let mut chosen = Vec::new();
        for i in 0.. {
            let p = key.fold(2).fold(u64::from(v)).fold(i).below(v);
            if !chosen.contains(&p) {
                chosen.push(p);
            }
            if chosen.len() == parents as usize {
                break;
            }
        }
        for p in chosen {
            has_child[p as usize] = true;
            edges.push(format!("[\"{p}\", \"{v}\"]"));
        }
    }
    let mut rewards = Vec::new();
    for v in 0..n {
        let key = key.fold(3).fold(u64::from(v));
        if !has_child[v as usize] || key.fold(0).below(3) == 0 {
            // The last node is a leaf; its reward is positive.
            let zero = v + 1 < n && key.fold(1).below(6) == 0;
            let reward = if zero { 0.0 } else { reward(key.fold(2)) };
            rewards.push(format!("\"{v}\": {reward:e}"));
        }
    }
    let (edges, rewards) = (edges.join(", "), rewards.join(", "));
    crate::read(&format!("{{\"edges\": [{edges}], \"rewards\": {{{rewards}}}}}"))
}

/// `layers` of `width` nodes, each but the first with `degree` parents in the one before; rewards on the last.
pub fn layered(key: Key, layers: u32, width: u32, degree: u32) -> Network {
    let mut edges = Vec::new();
    for l in 0..layers {
        for i in 0..width {
            if l == 0 {
                edges.push(format!("[\"s\", \"0.{i}\"]"));
                continue;
            }
            // Distinct ones: a random start and a stride without common divisors with a width that is a power of two.
            let key = key.fold(u64::from(l)).fold(u64::from(i));
            let (start, stride) = (key.fold(0).below(width), 2 * key.fold(1).below(width) + 1);
            for j in 0..degree {
                edges.push(format!("[\"{}.{}\", \"{l}.{i}\"]", l - 1, (start + j * stride) % width));
            }
        }
    }
    let used: HashSet<String> = edges.iter().filter_map(|e| Some(e.split('"').nth(1)?.to_owned())).collect();
    let mut rewards = Vec::new();
    for (l, i) in (0..layers).flat_map(|l| (0..width).map(move |i| (l, i))) {
        let name = format!("{l}.{i}");
        if !used.contains(&name) {
            let reward = (4.0 * key.fold(9).fold(u64::from(l * width + i)).unit()).exp();
            rewards.push(format!("\"{name}\": {reward:e}"));
        }
    }
    let (edges, rewards) = (edges.join(", "), rewards.join(", "));
    crate::read(&format!("{{\"edges\": [{edges}], \"rewards\": {{{rewards}}}}}"))
}

/// Whole rewards from 1 to 9.
pub fn small(key: Key) -> f64 {
    f64::from(1 + key.below(9))
}

/// Rewards from 1e-300 to 1e300, uniform in their logarithms.
pub fn wide(key: Key) -> f64 {
    10f64.powf(600.0 * key.unit() - 300.0)
}

/// The network with an attribute drawn for every edge.
pub fn with(network: Network, which: Attribute, key: Key, draw: impl Fn(Key) -> f64) -> Network {
    let values = (0..network.graph().n_edges()).map(|e| draw(key.fold(e as u64))).collect();
    network.with_attribute(which, values).expect("numbers in range")
}
