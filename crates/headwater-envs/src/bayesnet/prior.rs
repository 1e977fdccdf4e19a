//! What is believed of structures before there are data: a number per family.

use headwater_core::settings::{File, choice};
use headwater_core::{Environment, SettingError};

use super::BayesNet;
use super::edges::log_factor;
use super::graph::nodes;
use super::special::ln_gamma;

choice! {
    /// A prior over structures by the number p of parents of each of the d nodes.
    pub enum Structure {
        /// All structures alike: 1.
        Uniform = "uniform",
        /// Each edge by a factor: β^p.
        Edge = "edge",
        /// Each edge by a factor ω^p, where ω is such that the DAGs of this prior have e edges per node in the mean.
        ErdosRenyi = "erdos-renyi",
        /// All numbers of parents alike: 1/C(d − 1, p), one by the number of sets of as many parents.
        Fair = "fair",
    }
}

/// The settings of a prior, which are those of each score.
pub struct Beliefs<'a> {
    /// The prior by numbers of parents.
    pub prior: Structure,
    /// β of the prior `edge`.
    pub factor: f64,
    /// e of the prior `erdos-renyi`, edges per node.
    pub expected_edges: f64,
    /// Probabilities of single edges.
    pub edge_prior: Option<&'a File>,
}

/// The logarithm of a prior, less that of the graph without edges.
#[derive(Clone, Debug)]
pub(super) struct Prior {
    /// By the number of parents.
    by_count: Vec<f64>,
    /// Log odds of the edge from i to j at i · n + j; empty if there are none.
    by_edge: Vec<f64>,
}

impl Prior {
    pub(super) fn new(beliefs: &Beliefs<'_>, env: &BayesNet) -> Result<Self, SettingError> {
        let n = env.n();
        let count = n as f64;
        let log: Box<dyn Fn(f64) -> f64> = match beliefs.prior {
            Structure::Uniform => Box::new(|_| 0.0),
            Structure::Edge => Box::new(|p| p * beliefs.factor.ln()),
            Structure::ErdosRenyi => {
                let (e, most) = (beliefs.expected_edges, env.max_len() as f64 / count);
                if e >= most {
                    let what = format!("`{e}` edges per node are all that {n} nodes can have, or more");
                    return Err(
                        SettingError::at("expected_edges", what).hint(format!("give less than {most}"))
                    );
                }
                let factor = log_factor(n, env.max_parents(), e * count);
                Box::new(move |p| p * factor)
            }
            // log C(n − 1, p) = lnΓ(n) − lnΓ(p + 1) − lnΓ(n − p), and C(n − 1, 0) = 1.
            Structure::Fair => Box::new(move |p| ln_gamma(p + 1.0) + ln_gamma(count - p) - ln_gamma(count)),
        };
        let by_count = (0..n).map(|p| if p == 0 { 0.0 } else { log(p as f64) }).collect();
        let by_edge = beliefs.edge_prior.map_or(Ok(Vec::new()), |file| read_odds(file, env))?;
        Ok(Self { by_count, by_edge })
    }

    pub(super) fn log(&self, node: usize, parents: u64) -> f64 {
        let mut log = self.by_count[(parents.count_ones() as usize).min(self.by_count.len() - 1)];
        if !self.by_edge.is_empty() {
            log += nodes(parents).map(|i| self.by_edge[i * self.by_count.len() + node]).sum::<f64>();
        }
        log
    }
}

/// Reads `from,to,probability`, and gives log p/(1 − p) per edge.
fn read_odds(file: &File, env: &BayesNet) -> Result<Vec<f64>, SettingError> {
    const HINT: &str = "write `from,to,probability`, one edge per line, with 0 < probability < 1";
    let mut odds = vec![0.0; env.n() * env.n()];
    let text = file.text().map_err(|e| e.of("edge_prior"))?;
    let lines = text.lines().zip(1..).filter(|(text, line)| !text.trim().is_empty() && *line > 1);
    for (text, line) in lines {
        let wrong =
            |what: String| SettingError::at("edge_prior", format!("{}:{line}: {what}", file.path)).hint(HINT);
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let &[from, to, p] = fields.as_slice() else {
            return Err(wrong(format!("`{text}` is not an edge with its probability")));
        };
        let node =
            |name: &str| env.node(name).ok_or_else(|| wrong(format!("`{name}` is no column of the data")));
        let (from, to) = (node(from)?, node(to)?);
        let p = match p.parse::<f64>() {
            Ok(p) if p > 0.0 && p < 1.0 => p,
            _ => return Err(wrong(format!("`{p}` is no probability between 0 and 1"))),
        };
        odds[from * env.n() + to] = (p / (1.0 - p)).ln();
    }
    Ok(odds)
}
