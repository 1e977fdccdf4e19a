//! What is written beside a run: edges, graphs, Markov blankets, the posterior as a whole, the best network, and a picture.

use std::fmt::Write;
use std::path::Path;

use headwater_core::Environment;
use headwater_envs::bayesnet::BayesNet;
use headwater_posterior::{Graph, Probability, Relation};
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
    if let Some((best, _)) = found.best() {
        write_atomic(&dir.join("best.dot"), dot(env, best).as_bytes())?;
    }
    write_atomic(&dir.join("posterior.json"), format!("{json:#}\n").as_bytes())?;
    // A picture goes to others, whom the place of the run does not concern.
    let run = dir.file_name().map_or_else(|| "the run".into(), |name| name.to_string_lossy());
    let title = format!("Probable edges of {run}");
    let picture = network::draw(env, &found.edges()).svg(&title);
    write_atomic(&dir.join("network.svg"), picture.as_bytes())?;
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
    let (edges, paths) = (found.known_edges(), found.posterior.known(Relation::Path));
    let mut out = "from,to,probability,low,high,path,path_low,path_high,exact\n".to_owned();
    for (i, j, k) in pairs(env.n()) {
        let exact = found.is_exact().then_some(edges[k].value);
        let numbers = [numbers(&edges[k]), numbers(&paths[k])].concat();
        row(&mut out, &[env.name(i), env.name(j)], numbers.into_iter().chain([exact]));
    }
    out
}

fn graphs(env: &BayesNet, found: &Found) -> String {
    let mut out = "graph,probability,low,high,log_reward,exact\n".to_owned();
    for (graph, p) in found.graphs().into_iter().take(MAX_GRAPHS) {
        let more = [Some(found.log_reward[graph]), found.probability(graph)];
        row(&mut out, &[&text(env, graph)], numbers(&p).into_iter().chain(more));
    }
    out
}

fn blankets(env: &BayesNet, found: &Found) -> String {
    let p = found.posterior.known(Relation::Blanket);
    let mut out = "node,member,probability,low,high\n".to_owned();
    for (i, j, k) in pairs(env.n()) {
        row(&mut out, &[env.name(i), env.name(j)], numbers(&p[k]).into_iter());
    }
    out
}

/// A probability and the ends of its interval, if it has one.
fn numbers(p: &Probability) -> [Option<f64>; 3] {
    [Some(p.value), p.interval.map(|ends| ends[0]), p.interval.map(|ends| ends[1])]
}

/// The network as a graph for Graphviz.
fn dot(env: &BayesNet, graph: &Graph) -> String {
    let name = |node: usize| format!("\"{}\"", env.name(node).replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = "digraph {\n".to_owned();
    (0..env.n()).for_each(|node| out += &format!("  {};\n", name(node)));
    for (from, to, _) in pairs(env.n()).filter(|(i, j, _)| graph[*j] >> i & 1 == 1) {
        out += &format!("  {} -> {};\n", name(from), name(to));
    }
    out + "}\n"
}

/// A row of names and of numbers; one that is unknown leaves its cell empty.
fn row(out: &mut String, names: &[&str], numbers: impl Iterator<Item = Option<f64>>) {
    let names = names.iter().map(|name| quoted(name));
    let numbers = numbers.map(|x| x.map_or_else(String::new, |x| x.to_string()));
    let cells: Vec<String> = names.chain(numbers).collect();
    writeln!(out, "{}", cells.join(",")).expect("a string takes any text");
}
