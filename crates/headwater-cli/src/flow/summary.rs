//! A flow in a few lines, or as one JSON object.

use headwater_exact::{Divergence, log_target, log_trajectories, worst};
use headwater_flow::Count;
use serde_json::{Value as Json, json};

use super::{View, largest_residual};
use crate::out::{self, count, number};

/// Objects shown, those of largest reward.
const OBJECTS: usize = 20;

/// Edges shown on which a learned flow differs most.
const DIFFERENCES: usize = 10;

/// What there is to say in numbers.
pub fn json(view: &View<'_>) -> Json {
    let View { network, solution, learned, .. } = view;
    let g = network.graph();
    let mut json = json!({
        "n_nodes": g.n_states(),
        "n_edges": g.n_edges(),
        "n_objects": g.n_objects(),
        "n_trajectories": Count::new(g).to_string(),
        "max_len": g.longest(),
        "log_z": solution.flow.log_z,
        "entropy": solution.entropy,
        "carrying_edges": solution.n_carrying(),
        "mean_cost": solution.mean_cost(network),
        "largest_used_share": solution.used_share(network),
        "largest_residual": largest_residual(network, &solution.flow),
    });
    if let Some(learned) = learned {
        let divergence = divergence(view, &learned.log_p);
        json["tv_run"] = json!(divergence.tv);
        json["disagreements"] = disagreements(view)
            .into_iter()
            .map(|d| {
                json!({
                    "from": d.from, "to": d.to, "share": d.exact.exp(), "share_run": d.learned.exp(),
                    "difference": d.difference,
                })
            })
            .collect();
    }
    if let Some(soft_rl) = &view.soft_rl {
        json["tv_soft_rl"] = json!(divergence(view, soft_rl).tv);
    }
    json
}

/// The summary, the objects, and the largest disagreements with a learned flow.
pub fn text(view: &View<'_>) -> String {
    let View { network, solution, learned, .. } = view;
    let g = network.graph();
    let carrying = solution.n_carrying();
    let mut rows = vec![
        ("nodes", count(g.n_states() as u64)),
        ("edges", format!("{}, of which {} carry flow", count(g.n_edges() as u64), count(carrying as u64))),
        ("objects", count(g.n_objects() as u64)),
        ("trajectories", trajectories(&Count::new(g))),
        ("longest", format!("{} edges", g.longest())),
        ("Z", format!("{}, log Z {:.6}", out::exp(solution.flow.log_z), solution.flow.log_z)),
        ("entropy", format!("{} nats, of the trajectories", number(solution.entropy))),
        ("equations", format!("hold {}", below(largest_residual(network, &solution.flow)))),
    ];
    if let Some(cost) = solution.mean_cost(network) {
        rows.push(("cost", format!("{} of a trajectory on average", number(cost))));
    }
    if let Some(log_share) = solution.log_used_share(network) {
        rows.push(("capacity", capacity(log_share)));
    }
    if let Some(learned) = learned {
        let tv = divergence(view, &learned.log_p).tv;
        rows.push(("learned", format!("{}, total variation {}", learned.objective, number(tv))));
    }
    if let Some(soft_rl) = &view.soft_rl {
        rows.push(("soft RL", format!("total variation {}", number(divergence(view, soft_rl).tv))));
    }
    let mut text = out::table(&rows);
    text += &objects(view);
    if learned.is_some() {
        text += "\nedges on which the learned flow differs most, as shares of Z:\n";
        let differences = disagreements(view);
        let cells = differences.iter().map(|d| {
            let to = d.to.map_or("stop".to_owned(), str::to_owned);
            vec![format!("{} → {to}", d.from), share(d.exact), share(d.learned), number(d.difference)]
        });
        text += &out::columns(&["edge", "exact", "learned", "difference"], &cells.collect::<Vec<_>>());
    }
    text
}

/// The largest share of its capacity that an edge carries, from its logarithm.
fn capacity(log_share: f64) -> String {
    match log_share {
        f64::INFINITY => "an edge of capacity 0 carries flow".to_owned(),
        // A thousand times: what is that in per cent?
        x if x > 7.0 => format!("exceeded: an edge carries {} times its capacity", out::exp(x)),
        x => format!("{:.1} % used at most, of any edge", 100.0 * x.exp()),
    }
}

/// Every digit up to twenty; else the leading ones and how many there are.
fn trajectories(n: &Count) -> String {
    let digits = n.to_string();
    match digits.parse::<u64>() {
        Ok(n) => count(n),
        Err(_) if digits.len() <= 20 || !digits.starts_with(|c: char| c.is_ascii_digit()) => digits,
        Err(_) => format!("{}.{}e{}", &digits[..1], &digits[1..6], digits.len() - 1),
    }
}

/// The objects of largest reward, with their probabilities.
fn objects(view: &View<'_>) -> String {
    let View { network, solution, learned, soft_rl } = view;
    let g = network.graph();
    let paths = log_trajectories(g);
    let mut objects: Vec<usize> = g.objects().collect();
    let reward = |v: usize| network.rewards()[v].unwrap_or(0.0);
    objects.sort_by(|&a, &b| reward(b).total_cmp(&reward(a)).then(a.cmp(&b)));
    let mut header = vec!["object", "reward", "R/Z", "p(x)"];
    header.extend(learned.map(|_| "learned"));
    header.extend(soft_rl.as_ref().map(|_| "soft RL"));
    header.push("trajectories");
    let cells = objects.iter().take(OBJECTS).map(|&v| {
        let mut row = vec![network.name(v).to_owned(), short(reward(v))];
        row.push(share(reward(v).ln() - solution.flow.log_z));
        row.push(share(solution.log_p[v]));
        row.extend(learned.map(|l| share(l.log_p[v])));
        row.extend(soft_rl.as_ref().map(|p| share(p[v])));
        row.push(if paths[v] < 34.0 { count(paths[v].exp().round() as u64) } else { out::exp(paths[v]) });
        row
    });
    let mut text = format!("\n{}", out::columns(&header, &cells.collect::<Vec<_>>()));
    if objects.len() > OBJECTS {
        let more = count((objects.len() - OBJECTS) as u64);
        text += &format!("… and {more} more; `--nodes FILE` writes all\n");
    }
    text
}

/// A relative error; one that is nothing but rounding differs between machines, and is shown as such.
pub fn below(error: f64) -> String {
    if error < 1e-12 { "within 1e-12".to_owned() } else { format!("within {error:.1e}") }
}

/// A number from a file as it stands there, if it is short.
fn short(x: f64) -> String {
    let text = x.to_string();
    if text.len() <= 9 { text } else { number(x) }
}

/// A probability from its logarithm.
fn share(log_p: f64) -> String {
    if log_p == f64::NEG_INFINITY || log_p > -9.0 { format!("{:.5}", log_p.exp()) } else { out::exp(log_p) }
}

fn divergence(view: &View<'_>, log_p: &[f64]) -> Divergence {
    Divergence::between(&log_target(view.network.graph(), &view.network.log_rewards()), log_p)
}

/// An edge with its flows, as logarithms of shares of Z.
struct Disagreement<'a> {
    from: &'a str,
    /// None for a stop edge.
    to: Option<&'a str>,
    exact: f64,
    learned: f64,
    /// By how much the learned share is too large.
    difference: f64,
}

/// The edges and stop edges on which the learned flow differs most from the exact one.
fn disagreements<'a>(view: &View<'a>) -> Vec<Disagreement<'a>> {
    let Some(learned) = view.learned else { return Vec::new() };
    let (network, exact) = (view.network, &view.solution.flow);
    let g = network.graph();
    let pairs = exact.edge.iter().zip(&learned.flow.edge).chain(exact.stop.iter().zip(&learned.flow.stop));
    let errors: Vec<f64> =
        pairs.map(|(a, b)| ((a - exact.log_z).exp() - (b - exact.log_z).exp()).abs()).collect();
    let row = |(i, _): (usize, f64)| {
        let stop = i.checked_sub(g.n_edges());
        let (from, to) = stop.map_or_else(|| (g.from(i), Some(network.name(g.to(i)))), |v| (v, None));
        let flow = |f: &headwater_exact::Flow| stop.map_or_else(|| f.edge[i], |v| f.stop[v]) - exact.log_z;
        let (exact, learned) = (flow(exact), flow(&learned.flow));
        Disagreement { from: network.name(from), to, exact, learned, difference: learned.exp() - exact.exp() }
    };
    worst(&errors, DIFFERENCES).into_iter().map(row).collect()
}
