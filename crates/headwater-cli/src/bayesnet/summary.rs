//! What is printed: the posterior as a summary for people and as JSON for programs.

use std::path::Path;

use headwater_envs::bayesnet::BayesNet;
use headwater_posterior::{Essential, Evidence, Networks, Probability};
use headwater_run::Checked;
use serde_json::{Value as Json, json};

use super::evidence::Found;
use super::files::{pairs, text as text_of};
use crate::out::{self, columns, count, number};

/// Edges that are shown: at most so many, and none below this probability.
const EDGES: (usize, f64) = (25, 0.05);

/// Networks and classes that are shown.
const GRAPHS: usize = 5;

/// An effective sample size below this is too little to rely on.
const FEW: f64 = 400.0;

/// The summary for people.
pub fn text(env: &BayesNet, checked: &Checked, found: &Found, path: &Path) -> String {
    let p = &found.posterior;
    let rows = [
        ("data", format!("{} rows, {} columns", count(env.data().rows() as u64), env.n())),
        ("score", score(checked)),
        ("posterior", posterior(found)),
        ("sampler", sampler(found)),
        ("edges", format!("{} expected", number(p.mean_edges()))),
    ];
    let mut out = out::table(&rows);
    out += &format!("\n{}", edges(env, p));
    out += "\nmost probable networks\n";
    for (graph, q) in p.graphs().iter().take(GRAPHS) {
        out += &format!("{:>8}  {}\n", short(*q), text_of(env, graph));
    }
    out += "\nmost probable classes (no data can turn an edge written --)\n";
    for (class, q) in p.classes().iter().take(GRAPHS) {
        out += &format!("{:>8}  {}\n", short(*q), class_text(env, class));
    }
    out += &format!("\n{}", blankets(env, p));
    let path = path.display();
    out += &format!(
        "\nwritten   edges.csv, graphs.csv, markov_blankets.csv, posterior.json, network.svg in {path}\n"
    );
    if let Evidence::Draws { effective } = p.evidence()
        && effective < FEW
    {
        out += &format!(
            "caution   the draws count for {} only: raise `--samples`, or train longer (`--set train.steps=…`)\n",
            number(effective)
        );
    }
    out
}

fn score(checked: &Checked) -> String {
    let kind = checked.kind("reward");
    let set = |key: &str| checked.section("reward").values.get(key).map(headwater_run::toml_text);
    let prior = set("prior").map_or_else(String::new, |prior| format!(", prior {}", prior.trim_matches('"')));
    let standard = set("standardise").is_some_and(|s| s == "true");
    format!("{kind}{}{prior}", if standard { " of standardised columns" } else { "" })
}

fn posterior(found: &Found) -> String {
    let distinct = count(found.posterior.graphs().len() as u64);
    match (found.draws, found.posterior.evidence()) {
        (Some(n), Evidence::Draws { effective }) => format!(
            "from {} weighted draws that count for {}; {distinct} distinct networks",
            count(n as u64),
            count(effective as u64)
        ),
        _ => format!("exact: all {distinct} networks"),
    }
}

fn sampler(found: &Found) -> String {
    let e = &found.evaluation;
    let edge = format!("edges within {}", number(found.edge_error));
    match (&e.exact, &e.sampled) {
        (Some(x), _) => {
            let d = x.divergence;
            format!("TV {}, JSD {} nats from the posterior, {edge}", number(d.tv), number(d.jsd))
        }
        (None, Some(s)) => format!(
            "log Z in [{:.3}, {:.3}] (ELBO, EUBO), effective sample {:.0} %, {edge} of the weighted ones",
            s.elbo.value,
            s.eubo.value,
            100.0 * s.ess
        ),
        (None, None) => edge,
    }
}

fn edges(env: &BayesNet, posterior: &Networks) -> String {
    let (p, n) = (posterior.edges(), env.n());
    let mut all: Vec<(usize, usize, f64)> = pairs(n).map(|(i, j, k)| (i, j, p[k])).collect();
    all.retain(|edge| edge.2 >= EDGES.1);
    all.sort_by(|a, b| b.2.total_cmp(&a.2));
    let more = all.len().saturating_sub(EDGES.0);
    let row = |&(i, j, value): &(usize, usize, f64)| {
        let either = posterior.known(value + p[j * n + i]);
        let edge = format!("{}->{}", env.name(i), env.name(j));
        vec![edge, short(value), interval(posterior, value), short(either.value)]
    };
    let rows: Vec<Vec<String>> = all.iter().take(EDGES.0).map(row).collect();
    let mut out = columns(&["edge", "probability", "95 %", "either way"], &rows);
    if more > 0 {
        out += &format!("{more} more of probability {} and above are in edges.csv\n", EDGES.1);
    }
    out
}

fn blankets(env: &BayesNet, posterior: &Networks) -> String {
    let row = |node: usize| {
        let (members, q) = posterior.blankets_of(node)[0];
        let names: Vec<&str> = (0..env.n()).filter(|j| members >> j & 1 == 1).map(|j| env.name(j)).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(" ") };
        format!("{:>8}  {}: {names}\n", short(q), env.name(node))
    };
    "most probable Markov blankets\n".to_owned() + &(0..env.n()).map(row).collect::<String>()
}

fn short(p: f64) -> String {
    format!("{p:.4}")
}

fn interval(posterior: &Networks, value: f64) -> String {
    match posterior.evidence() {
        Evidence::Exact => "exact".to_owned(),
        Evidence::Draws { .. } => {
            let p = posterior.known(value);
            format!("[{}, {}]", short(p.low), short(p.high))
        }
    }
}

/// A class as its edges: `a->b` where they all have it, `a--b` where they differ in its direction.
fn class_text(env: &BayesNet, class: &Essential) -> String {
    let bit = |rows: &[u64], i: usize, j: usize| rows[j] >> i & 1 == 1;
    let edge = |(i, j, _): (usize, usize, usize)| {
        let (a, b) = (env.name(i), env.name(j));
        if bit(&class.directed, i, j) {
            Some(format!("{a}->{b}"))
        } else {
            (i < j && bit(&class.undirected, i, j)).then(|| format!("{a}--{b}"))
        }
    };
    let edges: Vec<String> = pairs(env.n()).filter_map(edge).collect();
    if edges.is_empty() { "no edges".to_owned() } else { edges.join(";") }
}

/// The posterior as JSON.
pub fn json(env: &BayesNet, checked: &Checked, found: &Found, path: &Path) -> Json {
    let p = &found.posterior;
    let names: Vec<&str> = (0..env.n()).map(|i| env.name(i)).collect();
    let known = |value: f64| {
        let Probability { value, low, high } = p.known(value);
        json!({"probability": value, "low": low, "high": high})
    };
    let listed = |text: String, q: f64| {
        let mut row = known(q);
        row["graph"] = json!(text);
        row
    };
    let graphs: Vec<Json> = p.graphs().iter().take(20).map(|(g, q)| listed(text_of(env, g), *q)).collect();
    let classes: Vec<Json> =
        p.classes().iter().take(20).map(|(c, q)| listed(class_text(env, c), *q)).collect();
    let matrix = |values: Vec<f64>| values.chunks(env.n()).map(|row| json!(row)).collect::<Vec<Json>>();
    let blanket = |node: usize| {
        let sets = p.blankets_of(node);
        let sets = sets.iter().take(5).map(|&(members, q)| {
            let members: Vec<&str> =
                (0..env.n()).filter(|j| members >> j & 1 == 1).map(|j| env.name(j)).collect();
            let mut row = known(q);
            row["members"] = json!(members);
            row
        });
        json!({"node": env.name(node), "blankets": sets.collect::<Vec<Json>>()})
    };
    let effective = match p.evidence() {
        Evidence::Exact => None,
        Evidence::Draws { effective } => Some(effective),
    };
    json!({
        "run": path.display().to_string(),
        "rows": env.data().rows(),
        "nodes": names,
        "score": checked.kind("reward"),
        "exact": effective.is_none(),
        "draws": found.draws,
        "effective_draws": effective,
        "distinct_graphs": p.graphs().len(),
        "sampler": found.evaluation.to_json(),
        "edge_error": found.edge_error,
        "mean_edges": p.mean_edges(),
        "entropy": p.entropy(),
        "edges": matrix(p.edges()),
        "paths": matrix(p.paths()),
        "markov_blankets": matrix(p.blankets()),
        "blankets_by_node": (0..env.n()).map(blanket).collect::<Vec<Json>>(),
        "graphs": graphs,
        "classes": classes,
    })
}
