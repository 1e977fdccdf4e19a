//! Nodes, edges and trajectories of a flow as CSV and JSON lines.

use std::io::{self, Write};

use headwater_exact::log_trajectories;
use headwater_flow::{Residual, Sampler, residuals};
use serde_json::json;

use super::View;
use crate::args::Format;
use crate::out::{self, Failure, quoted};

/// Every node: its flow, reward, probabilities, number of trajectories and largest residual.
pub fn nodes(out: &mut dyn Write, view: &View<'_>) -> Result<(), Failure> {
    let View { network, solution, learned, soft_rl } = view;
    let g = network.graph();
    let paths = log_trajectories(g);
    let mut errors = vec![0.0f64; g.n_states()];
    for r in residuals(network, &solution.flow) {
        errors[r.node] = errors[r.node].max(Residual::relative(&r));
    }
    write!(out, "node,flow,log_flow,log_visit,reward,log_target,log_p,log_trajectories,residual")?;
    write!(out, "{}", if learned.is_some() { ",log_flow_run,log_p_run" } else { "" })?;
    writeln!(out, "{}", if soft_rl.is_some() { ",log_p_soft_rl" } else { "" })?;
    let log_z = solution.flow.log_z;
    for v in 0..g.n_states() {
        let log_flow = solution.flow.state[v];
        write!(out, "{},{},{log_flow},{}", quoted(network.name(v)), plain(log_flow), log_flow - log_z)?;
        match network.rewards()[v] {
            Some(reward) => {
                write!(out, ",{},{},{}", digits(reward), reward.ln() - log_z, solution.log_p[v])?;
            }
            None => write!(out, ",,,")?,
        }
        write!(out, ",{},{}", paths[v], errors[v])?;
        let p = |log_p: f64| if g.is_object(v) { log_p.to_string() } else { String::new() };
        if let Some(learned) = learned {
            write!(out, ",{},{}", learned.flow.state[v], p(learned.log_p[v]))?;
        }
        if let Some(soft_rl) = soft_rl {
            write!(out, ",{}", p(soft_rl[v]))?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

/// Every edge, and every stop edge as one without an end: its flow and both its probabilities.
pub fn edges(out: &mut dyn Write, view: &View<'_>) -> Result<(), Failure> {
    let View { network, solution, learned, .. } = view;
    let g = network.graph();
    let tail = if learned.is_some() { ",log_flow_run" } else { "" };
    writeln!(out, "from,to,flow,log_flow,log_p_forward,log_p_backward{tail}")?;
    let mut row = |ends: [usize; 2],
                   flow: f64,
                   forward: f64,
                   backward: f64,
                   run: Option<f64>|
     -> io::Result<()> {
        let to = if ends[0] == ends[1] { String::new() } else { quoted(network.name(ends[1])) };
        // Adding zero makes the negative zero of a certain choice a plain one.
        let (forward, backward) = (forward + 0.0, backward + 0.0);
        write!(out, "{},{to},{},{flow},{forward},{backward}", quoted(network.name(ends[0])), plain(flow))?;
        run.map_or(Ok(()), |run| write!(out, ",{run}"))?;
        writeln!(out)
    };
    for v in 0..g.n_states() {
        for e in g.out(v) {
            let run = learned.map(|l| l.flow.edge[e]);
            row([v, g.to(e)], solution.flow.edge[e], solution.forward.edge[e], solution.backward[e], run)?;
        }
        if g.is_object(v) {
            row(
                [v, v],
                solution.flow.stop[v],
                solution.forward.stop[v],
                0.0,
                learned.map(|l| l.flow.stop[v]),
            )?;
        }
    }
    Ok(out.flush()?)
}

/// A flow from its logarithm to twelve digits, which rounding has left alone; all digits are in the logarithm.
fn plain(log_flow: f64) -> String {
    digits(format!("{:.11e}", log_flow.exp()).parse().unwrap_or(f64::NAN))
}

/// Every digit of a number, with an exponent where it is long without.
fn digits(x: f64) -> String {
    if x == 0.0 || (1e-5..1e16).contains(&x.abs()) { x.to_string() } else { format!("{x:e}") }
}

/// Trajectories of the solution, to stdout.
pub fn trajectories(sampler: &Sampler<'_>, view: &View<'_>, n: usize, format: Format) -> Result<(), Failure> {
    let View { network, solution, .. } = view;
    let mut out = out::stdout();
    if matches!(format, Format::Csv) {
        writeln!(out, "object,reward,log_p,log_pf,trajectory")?;
    }
    for i in 0..n {
        let drawn = sampler.draw(i as u64);
        let x = drawn.object();
        let names: Vec<&str> = drawn.nodes.iter().map(|&v| network.name(v as usize)).collect();
        let (reward, log_p, log_pf) = (network.rewards()[x].unwrap_or(0.0), solution.log_p[x], drawn.log_pf);
        match format {
            Format::Csv => {
                let (object, path) = (quoted(network.name(x)), quoted(&names.join(" > ")));
                writeln!(out, "{object},{},{log_p},{log_pf},{path}", digits(reward))?;
            }
            Format::Jsonl => {
                let row = json!({
                    "object": network.name(x), "reward": reward, "log_p": log_p, "log_pf": log_pf,
                    "trajectory": names,
                });
                writeln!(out, "{row}")?;
            }
        }
    }
    Ok(out.flush()?)
}
