//! The score of Gaussian data: BGe, the marginal likelihood under a normal-Wishart prior.

use headwater_core::settings::{File, settings};
use headwater_core::{Entry, RewardScale, SettingError, Settings};

use super::BayesNet;
use super::data::Data;
use super::families::{Families, Local};
use super::graph::nodes;
use super::prior::{Beliefs, Prior, Structure};
use super::special::ln_gamma;
use crate::{NativeReward, RewardEntry};

settings! {
    /// Settings of [`Bge`].
    pub struct BgeConfig {
        /// Are columns scaled to variance 1 first? Then units do not matter.
        standardise: bool = "false", Kind::Bool;
        /// Weight α_μ of the prior mean, in observations. The prior mean is that of the data: where zero lies does not matter.
        alpha_mu: f64 = "1.0", Kind::Real { min: 1e-6, max: 1e6 };
        /// Degrees of freedom α_w of the prior of precisions, above d + 1 for d nodes; without it, d + 2.
        alpha_w: Option<f64>, Kind::Real { min: 2.0, max: 1e6 };
        /// The prior by numbers of parents: `uniform`, `edge`, `erdos-renyi` or `fair`.
        prior: Structure = "\"uniform\"", Kind::Choice(Structure::NAMES);
        /// The factor β of each edge, under the prior `edge`.
        edge_factor: f64 = "0.5", Kind::Real { min: 1e-9, max: 1e9 };
        /// Edges per node in the mean over all DAGs, under the prior `erdos-renyi`.
        expected_edges: f64 = "1.0", Kind::Real { min: 1e-9, max: 64.0 };
        /// Prior probabilities of single edges besides: CSV with the header `from,to,probability`; each counts as log p/(1 − p).
        edge_prior: Option<File>, Kind::File;
    }
}

/// log R(G) = log p(data | G) − log p(data | no edges) + log prior, for jointly Gaussian data.
pub type Bge = Families<Gaussian>;

/// BGe: log p(j | Pa) = g_p + ½(N+α_w−d+p) log|R_Pa| − ½(N+α_w−d+p+1) log|R_{Pa∪j}|.
pub struct Gaussian {
    n: usize,
    /// R = tI + Σ(x−x̄)(x−x̄)ᵀ, n × n: the prior mean is x̄, so that there is no term of the difference between the two.
    r: Vec<f64>,
    /// By the number of parents p: g_p.
    constants: Vec<f64>,
    /// N + α_w − d.
    weight: f64,
}

impl Gaussian {
    pub(super) fn new(
        data: &Data,
        alpha_mu: f64,
        alpha_w: f64,
        standardise: bool,
    ) -> Result<Self, SettingError> {
        let (d, rows) = (data.columns().len(), data.rows());
        let columns: Vec<&[f64]> = (0..d).map(|i| data.numbers(i)).collect::<Result<_, _>>()?;
        let (dims, count) = (d as f64, rows as f64);
        let t = alpha_mu * (alpha_w - dims - 1.0) / (alpha_mu + 1.0);
        // From the first value on, so that no digits are lost where zero is far away.
        let mean = |c: &&[f64]| c[0] + c.iter().map(|x| x - c[0]).sum::<f64>() / count;
        let means: Vec<f64> = columns.iter().map(mean).collect();
        let mut r = vec![0.0; d * d];
        for i in 0..d {
            for j in 0..=i {
                let pairs = columns[i].iter().zip(columns[j]);
                let scatter: f64 = pairs.map(|(x, y)| (x - means[i]) * (y - means[j])).sum();
                (r[i * d + j], r[j * d + i]) = (scatter, scatter);
            }
        }
        if let Some(i) = (0..d).find(|&i| !r[i * d + i].is_finite() || r[i * d + i] <= 0.0) {
            return Err(data.blame(i, "has no variance that can be computed").hint("scale its values"));
        }
        let scale: Vec<f64> =
            (0..d).map(|i| if standardise { (r[i * d + i] / count).sqrt() } else { 1.0 }).collect();
        for i in 0..d {
            for j in 0..d {
                r[i * d + j] = r[i * d + j] / (scale[i] * scale[j]) + if i == j { t } else { 0.0 };
            }
        }
        let free = alpha_w - dims;
        let constant = |p: usize| {
            let p = p as f64;
            0.5 * (alpha_mu.ln() - (count + alpha_mu).ln()) + ln_gamma(0.5 * (count + free + p + 1.0))
                - ln_gamma(0.5 * (free + p + 1.0))
                - 0.5 * count * std::f64::consts::PI.ln()
                + 0.5 * (free + 2.0 * p + 1.0) * t.ln()
        };
        Ok(Self { n: d, r, constants: (0..d).map(constant).collect(), weight: count + free })
    }
}

impl Local for Gaussian {
    fn local(&self, node: usize, parents: u64) -> f64 {
        // The factor of R over the parents, and then the node: the last diagonal entry is what the node adds.
        let mut rows = [0; super::MAX_NODES];
        let mut p = 0;
        for i in nodes(parents) {
            rows[p] = i;
            p += 1;
        }
        rows[p] = node;
        let rows = &rows[..=p];
        let mut l = vec![0.0; (p + 1) * (p + 1)];
        let mut log_det = 0.0;
        let mut log_last = 0.0;
        for (i, &a) in rows.iter().enumerate() {
            let (done, row) = l.split_at_mut(i * (p + 1));
            for (j, &b) in rows[..i].iter().enumerate() {
                let other = &done[j * (p + 1)..][..=j];
                let dot: f64 = row[..j].iter().zip(other).map(|(x, y)| x * y).sum();
                row[j] = (self.r[a * self.n + b] - dot) / other[j];
            }
            let square: f64 = row[..i].iter().map(|x| x * x).sum();
            // t > 0 keeps R positive definite; rounding may not.
            let pivot = (self.r[a * self.n + a] - square).max(f64::MIN_POSITIVE);
            row[i] = pivot.sqrt();
            log_det += log_last;
            log_last = pivot.ln();
        }
        let weight = self.weight + p as f64;
        self.constants[p] + 0.5 * weight * log_det - 0.5 * (weight + 1.0) * (log_det + log_last)
    }
}

impl NativeReward<BayesNet> for Bge {
    type Config = BgeConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "bge",
            summary: "how well a network explains Gaussian data: BGe, with a prior over structures",
            formula: "log R = log p(data | G) - log p(data | no edges) + log prior(G) - log prior(no edges)",
            reference: "Geiger & Heckerman 2002; Kuipers, Moffa & Heckerman 2014, arXiv:1402.6863",
            fields: BgeConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: BgeConfig, env: &BayesNet) -> Result<Self, SettingError> {
        let d = env.n() as f64;
        let alpha_w = config.alpha_w.unwrap_or(d + 2.0);
        if alpha_w <= d + 1.0 {
            let what = format!("`{alpha_w}` degrees of freedom are not above d + 1 = {}", d + 1.0);
            return Err(SettingError::at("alpha_w", what).hint(format!("leave it out for {}", d + 2.0)));
        }
        let beliefs = Beliefs {
            prior: config.prior,
            factor: config.edge_factor,
            expected_edges: config.expected_edges,
            edge_prior: config.edge_prior.as_ref(),
        };
        let prior = Prior::new(&beliefs, env)?;
        let model = Gaussian::new(env.data(), config.alpha_mu, alpha_w, config.standardise)?;
        Ok(Self::new(env.n(), model, prior))
    }
}
