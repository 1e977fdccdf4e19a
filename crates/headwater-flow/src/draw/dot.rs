//! A flow as DOT, the language of Graphviz.

use std::fmt::Write;

use headwater_exact::log_sum_exp;

use super::Picture;
use super::bands::share;
use super::colour::{ink, shade};
use super::text::number;

/// Digits of flows; logarithms have few more.
const DIGITS: usize = 12;

/// The network and its flow for other tools. Nodes have `reward` and `flow`, edges `flow` and, as `weight`, P_B, so that
/// the graph can be read back with the same flow; the rest is for the eye.
///
/// # Panics
/// If a flow has not one value per node or edge of the network.
pub fn dot(picture: &Picture<'_>) -> String {
    let (network, flow) = (picture.network, picture.flow);
    let g = network.graph();
    let mut out = String::from("digraph {\n");
    let mut line = |args: std::fmt::Arguments<'_>| {
        out.write_fmt(args).expect("a string takes any text");
    };
    if !picture.title.is_empty() {
        line(format_args!("  label=\"{}\";\n", label(picture.title)));
    }
    line(format_args!("  rankdir=LR;\n"));
    line(format_args!("  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n"));
    line(format_args!("  edge [color=\"#5c86b8\", fontname=\"sans-serif\"];\n"));
    for v in 0..g.n_states() {
        let fill = shade(share(flow.state[v], flow.log_z)).light;
        let reward = network.rewards()[v];
        let shown = reward.map_or_else(String::new, |r| format!("\\nR = {}", number(r.ln(), 3)));
        let label = format!("\"{}{shown}\"", label(network.name(v)));
        let reward = reward.map_or_else(String::new, |r| format!(", reward=\"{}\"", decimal(r)));
        line(format_args!(
            "  {} [label={label}{reward}, flow=\"{}\", fillcolor=\"{fill}\", fontcolor=\"{}\"];\n",
            quote(network.name(v)),
            number(flow.state[v], DIGITS),
            ink(fill),
        ));
    }
    for v in 0..g.n_states() {
        let into = log_sum_exp(g.entering(v).iter().map(|&e| flow.edge[e as usize]));
        for &e in g.entering(v) {
            let e = e as usize;
            // Where no flow arrives, P_B is uniform.
            let idle = into == f64::NEG_INFINITY;
            let weight = if idle { 1.0 / g.entering(v).len() as f64 } else { share(flow.edge[e], into) };
            let learned = picture.learned.map(|l| format!(", learned=\"{}\"", number(l.edge[e], DIGITS)));
            line(format_args!(
                "  {} -> {} [label=\"{}\", flow=\"{}\", weight=\"{}\", penwidth={:.2}{}];\n",
                quote(network.name(g.from(e))),
                quote(network.name(v)),
                number(flow.edge[e], 3),
                number(flow.edge[e], DIGITS),
                decimal(weight),
                0.4 + 9.6 * share(flow.edge[e], flow.log_z).min(1.0),
                learned.unwrap_or_default(),
            ));
        }
    }
    out.push_str("}\n");
    out
}

/// A name in quotes. Only quotes are escaped: other backslashes are themselves in DOT, but for an odd number of them
/// before a quote or at the end, which cannot be written and becomes even.
fn quote(name: &str) -> String {
    let mut out = String::from("\"");
    let mut odd = false;
    for c in name.chars() {
        if c == '"' {
            out.push_str(if odd { "\\\\\"" } else { "\\\"" });
        } else {
            out.push(if c.is_control() { ' ' } else { c });
        }
        odd = c == '\\' && !odd;
    }
    out.push_str(if odd { "\\\"" } else { "\"" });
    out
}

/// What stands between the quotes of a label, where backslashes are doubled to be shown.
fn label(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if c.is_control() => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// A number in the fewest digits that give it back.
fn decimal(x: f64) -> String {
    if x == 0.0 || (1e-5..1e15).contains(&x) { format!("{x}") } else { format!("{x:e}") }
}
