//! What is written beside a run: edges, graphs, Markov blankets, the posterior as a whole, and a picture.

use std::fmt::Write;
use std::path::Path;

use headwater_core::Environment;
use headwater_envs::bayesnet::BayesNet;
use headwater_posterior::Graph;
use headwater_run::write_atomic;
use serde_json::Value as Json;

use super::evidence::Found;
use super::network;
use crate::out::{Failure, quoted};

/// Networks that are listed, at most.
const MAX_GRAPHS: usize = 1000;

/// Writes the files into `dir`.
///
/// # Errors
/// If a file cannot be written.
pub fn write(dir: &Path, env: &BayesNet, found: &Found, json: &Json) -> Result<(), Failure> {
    let (edges, graphs, blankets) = (edges(env, found), graphs(env, found), blankets(env, found));
    write_atomic(&dir.join("edges.csv"), edges.as_bytes())?;
    write_atomic(&dir.join("graphs.csv"), graphs.as_bytes())?;
    write_atomic(&dir.join("markov_blankets.csv"), blankets.as_bytes())?;
    write_atomic(&dir.join("posterior.json"), format!("{json:#}\n").as_bytes())?;
    // A picture goes to others, whom the place of the run does not concern.
    let run = dir.file_name().map_or_else(|| "the run".into(), |name| name.to_string_lossy());
    let title = format!("Probable edges of {run}");
    write_atomic(&dir.join("network.svg"), network::draw(env, &found.edges()).svg(&title).as_bytes())?;
    Ok(())
}

/// The text of a graph with these parents.
pub fn text(env: &BayesNet, graph: &Graph) -> String {
    let mut state = env.initial();
    // Along an order: a node is done when its parents are.
    let mut done = 0u64;
    while let Some(node) = (0..env.n()).find(|&j| done >> j & 1 == 0 && graph[j] & !done == 0) {
        (0..env.n()).filter(|&i| graph[node] >> i & 1 == 1).for_each(|i| state.add(i, node));
        done |= 1 << node;
    }
    let mut text = String::new();
    env.show(&state, &mut text);
    text
}

/// Pairs of different nodes with their place in a matrix.
pub fn pairs(n: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let all = (0..n).flat_map(move |i| (0..n).map(move |j| (i, j, i * n + j)));
    all.filter(|(i, j, _)| i != j)
}

fn edges(env: &BayesNet, found: &Found) -> String {
    let (p, paths) = (found.posterior.edges(), found.posterior.paths());
    let mut out = "from,to,probability,low,high,path,path_low,path_high,exact\n".to_owned();
    for (i, j, k) in pairs(env.n()) {
        let (edge, path) = (found.posterior.known(p[k]), found.posterior.known(paths[k]));
        let numbers = [edge.value, edge.low, edge.high, path.value, path.low, path.high];
        let exact = found.truth.as_ref().map(|truth| truth.edges[k]);
        row(&mut out, &[env.name(i), env.name(j)], &numbers, Some(exact));
    }
    out
}

fn graphs(env: &BayesNet, found: &Found) -> String {
    let mut out = "graph,probability,low,high,log_reward,exact\n".to_owned();
    for (graph, p) in found.posterior.graphs().iter().take(MAX_GRAPHS) {
        let p = found.posterior.known(*p);
        let numbers = [p.value, p.low, p.high, found.log_reward[graph]];
        row(&mut out, &[&text(env, graph)], &numbers, Some(found.probability(graph)));
    }
    out
}

fn blankets(env: &BayesNet, found: &Found) -> String {
    let p = found.posterior.blankets();
    let mut out = "node,member,probability,low,high\n".to_owned();
    for (i, j, k) in pairs(env.n()) {
        let p = found.posterior.known(p[k]);
        row(&mut out, &[env.name(i), env.name(j)], &[p.value, p.low, p.high], None);
    }
    out
}

/// A row of names, of numbers, and in some files of one that may be unknown, which leaves its cell empty.
fn row(out: &mut String, names: &[&str], numbers: &[f64], last: Option<Option<f64>>) {
    let names = names.iter().map(|name| quoted(name));
    let cells = names.chain(numbers.iter().map(f64::to_string));
    let last = last.map(|x| x.map_or_else(String::new, |x| x.to_string()));
    let cells: Vec<String> = cells.chain(last).collect();
    writeln!(out, "{}", cells.join(",")).expect("a string takes any text");
}
