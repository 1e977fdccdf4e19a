//! The flow equations and how far a flow is from them: one's own, or one that a user brings as a file.

use headwater_core::settings::File;
use headwater_exact::{Flow, log_sum_exp};
use headwater_graph::{Network, ReadError, shorten};

/// An equation that a valid flow satisfies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equation {
    /// What flows into a node flows out of it, over its edges or as its stop edge's flow.
    Conservation,
    /// The stop edge of a node carries its reward.
    Reward,
    /// Z, the sum of all rewards, flows out of the source.
    Source,
}

/// How far an equation is from being true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual {
    /// The node.
    pub node: usize,
    /// The equation.
    pub equation: Equation,
    /// Log of what arrives: the inflow, the reward, or Z.
    pub expected: f64,
    /// Log of what leaves: the outflow, or the stop edge's flow.
    pub found: f64,
}

impl Residual {
    /// |expected − found| over the larger of the two: 0 where the equation holds, 1 where one side is nothing.
    pub fn relative(&self) -> f64 {
        let (a, b) = (self.expected, self.found);
        if a == b { 0.0 } else { -(-(a - b).abs()).exp_m1() }
    }
}

/// Every equation of the network, and how far the flows of edges and stop edges are from it.
pub fn residuals(network: &Network, flow: &Flow) -> Vec<Residual> {
    let g = network.graph();
    let log_rewards = network.log_rewards();
    let mut out = Vec::with_capacity(g.n_states() + g.n_objects());
    for v in 0..g.n_states() {
        let leaving = flow.edge[g.out(v)].iter().copied().chain([flow.stop[v]]);
        let (equation, expected) = if v == g.source() {
            (Equation::Source, log_sum_exp(log_rewards.iter().copied()))
        } else {
            let entering = g.entering(v).iter().map(|&e| flow.edge[e as usize]);
            (Equation::Conservation, log_sum_exp(entering))
        };
        out.push(Residual { node: v, equation, expected, found: log_sum_exp(leaving) });
        if g.is_object(v) {
            let (expected, found) = (log_rewards[v], flow.stop[v]);
            out.push(Residual { node: v, equation: Equation::Reward, expected, found });
        }
    }
    out
}

/// Reads flows from CSV with the columns `from`, `to` and `flow` or `log_flow`, as the tool itself writes them; other
/// columns are ignored. A row without `to` is the stop edge of its node. Edges without a row carry nothing, and where
/// there is no row of a stop edge at all, every stop edge carries its reward.
///
/// # Errors
/// With the first line that is not as it should be.
pub fn read_flow(network: &Network, file: &File) -> Result<Flow, ReadError> {
    let g = network.graph();
    let text = file.text()?;
    let fault = |at: usize, message: String| {
        // A record's place is before the blank lines above it.
        let blank = text[at..].find(|c: char| !c.is_whitespace()).unwrap_or(0);
        let line = 1 + text[..at + blank].matches('\n').count();
        ReadError { in_rewards: false, path: file.path.clone(), line, message, hint: None }
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let broken = |error: csv::Error| {
        let at = error.position().map_or(0, |p| p.byte() as usize);
        let what = match error.kind() {
            csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
                format!("{len} fields where the header has {expected_len}")
            }
            _ => error.to_string(),
        };
        fault(at, what)
    };
    let header = reader.headers().map_err(broken)?.clone();
    let column = |name: &str| header.iter().position(|h| h == name);
    let values = column("log_flow").map(|at| (at, true)).or(column("flow").map(|at| (at, false)));
    let (Some(from), Some(to), Some((value, is_log))) = (column("from"), column("to"), values) else {
        let message = "the header lacks `from`, `to`, or one of `flow` and `log_flow`".to_owned();
        return Err(ReadError { hint: Some(COLUMNS.to_owned()), ..fault(0, message) });
    };
    // NaN marks what has no row yet.
    let mut flow = Flow {
        state: vec![f64::NEG_INFINITY; g.n_states()],
        edge: vec![f64::NAN; g.n_edges()],
        stop: vec![f64::NAN; g.n_states()],
        log_z: f64::NEG_INFINITY,
    };
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        let at = record.position().map_or(0, |p| p.byte() as usize);
        let node = |name: &str| {
            let found = network.names().find(name).map(|v| v as usize);
            found.ok_or_else(|| fault(at, format!("the graph has no node `{}`", shorten(name))))
        };
        let source = node(&record[from])?;
        let slot = if record[to].is_empty() {
            if !g.is_object(source) {
                return Err(fault(at, format!("`{}` has no reward and so no stop edge", &record[from])));
            }
            &mut flow.stop[source]
        } else {
            let edge = network.edge(source, node(&record[to])?).ok_or_else(|| {
                fault(at, format!("the graph has no edge from `{}` to `{}`", &record[from], &record[to]))
            })?;
            &mut flow.edge[edge]
        };
        let parsed = record[value].parse::<f64>().ok().map(|x| if is_log { x } else { x.ln() });
        // The logarithm of a negative number is none.
        let log_flow = parsed.filter(|x| !x.is_nan() && *x < f64::INFINITY).ok_or_else(|| {
            let wanted = if is_log { "a logarithm, or `-inf`" } else { "a number that is not negative" };
            fault(at, format!("the flow is `{}`; expected {wanted}", shorten(&record[value])))
        })?;
        if !std::mem::replace(slot, log_flow).is_nan() {
            let (from, to) = (&record[from], &record[to]);
            let what = if to.is_empty() {
                format!("stop edge of `{from}`")
            } else {
                format!("edge from `{from}` to `{to}`")
            };
            return Err(fault(at, format!("a second flow of the {what}")));
        }
    }
    let silent = flow.stop.iter().all(|x| x.is_nan());
    let log_rewards = network.log_rewards();
    for v in 0..g.n_states() {
        if flow.stop[v].is_nan() {
            flow.stop[v] = if silent { log_rewards[v] } else { f64::NEG_INFINITY };
        }
    }
    flow.edge.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = f64::NEG_INFINITY);
    for v in 0..g.n_states() {
        flow.state[v] = log_sum_exp(flow.edge[g.out(v)].iter().copied().chain([flow.stop[v]]));
    }
    flow.log_z = flow.state[g.source()];
    Ok(flow)
}

const COLUMNS: &str = "write CSV with the header `from,to,flow`; a row without `to` is a stop edge";
