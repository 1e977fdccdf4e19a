//! The score of categories: BDeu, the marginal likelihood under Dirichlet priors of one equivalent sample size.

use headwater_core::settings::{File, settings};
use headwater_core::{Entry, RewardScale, SettingError, Settings};

use super::BayesNet;
use super::data::Data;
use super::families::{Families, Local};
use super::graph::nodes;
use super::prior::{Beliefs, Prior, Structure};
use super::special::ln_rising;
use crate::{NativeReward, RewardEntry};

/// Most categories of a column.
const MAX_ARITY: usize = 64;

settings! {
    /// Settings of [`Bdeu`].
    pub struct BdeuConfig {
        /// Equivalent sample size α: how many observations the prior counts for.
        sample_size: f64 = "1.0", Kind::Real { min: 1e-9, max: 1e9 };
        /// Into how many bins of about equally many rows columns with more than 10 distinct numbers are cut.
        bins: usize = "3", Kind::Int { min: 2, max: MAX_ARITY as i64 };
        /// The prior by numbers of parents: `uniform`, `edge`, `erdos-renyi` or `fair`.
        prior: Structure = "\"uniform\"", Kind::Choice(Structure::NAMES);
        /// The factor β of each edge, under the prior `edge`.
        edge_factor: f64 = "0.5", Kind::Real { min: 1e-9, max: 1e9 };
        /// Edges per node that are expected, under the prior `erdos-renyi`.
        expected_edges: f64 = "1.0", Kind::Real { min: 1e-9, max: 64.0 };
        /// Prior probabilities of single edges besides: CSV with the header `from,to,probability`; each counts as log p/(1 − p).
        edge_prior: Option<File>, Kind::File;
    }
}

/// log R(G) = log p(data | G) − log p(data | no edges) + log prior, for data that are categories.
pub type Bdeu = Families<Categories>;

/// BDeu: log p(j | Pa) = Σ_k [lnΓ(a) − lnΓ(a + N_k)] + Σ_kv [lnΓ(a/r + N_kv) − lnΓ(a/r)], a = α/q, for the q
/// combinations k of values of the parents and the r values v of the node.
pub struct Categories {
    /// Per column its rows' categories, and how many there are.
    columns: Vec<(Vec<u32>, usize)>,
    rows: usize,
    sample_size: f64,
}

impl Categories {
    pub(super) fn new(data: &Data, sample_size: f64, bins: usize) -> Result<Self, SettingError> {
        let mut columns = Vec::with_capacity(data.columns().len());
        for (i, column) in data.columns().iter().enumerate() {
            let (codes, arity) = if column.is_numeric() && column.arity > MAX_CATEGORIES {
                quantiles(data.numbers(i)?, bins)
            } else {
                (column.codes.clone(), column.arity)
            };
            if !(2..=MAX_ARITY).contains(&arity) {
                let what = format!("has `{arity}` categories, and may have 2 to {MAX_ARITY}");
                return Err(data.blame(i, &what).hint("merge rare categories, or leave the column out"));
            }
            columns.push((codes, arity));
        }
        Ok(Self { columns, rows: data.rows(), sample_size })
    }

    /// Gives the rows of each group that differ in `column` groups of their own: numbers them in the order of the rows.
    fn refine(&self, groups: &mut [u32], n_groups: usize, column: usize) -> usize {
        let (codes, arity) = &self.columns[column];
        let mut numbers = vec![u32::MAX; n_groups * arity];
        let mut n = 0;
        for (group, code) in groups.iter_mut().zip(codes) {
            let number = &mut numbers[*group as usize * arity + *code as usize];
            if *number == u32::MAX {
                *number = n;
                n += 1;
            }
            *group = *number;
        }
        n as usize
    }

    /// The rows by the values of `parents`, the number of groups, and q.
    fn groups(&self, parents: u64) -> (Vec<u32>, usize, f64) {
        let (mut groups, mut n, mut q) = (vec![0; self.rows], 1, 1.0);
        for i in nodes(parents) {
            n = self.refine(&mut groups, n, i);
            q *= self.columns[i].1 as f64;
        }
        (groups, n, q)
    }

    fn of_groups(&self, node: usize, groups: &[u32], n: usize, q: f64) -> f64 {
        let (codes, arity) = &self.columns[node];
        let mut counts = vec![0u32; n * arity];
        groups.iter().zip(codes).for_each(|(g, c)| counts[*g as usize * arity + *c as usize] += 1);
        let a = self.sample_size / q;
        let share = a / *arity as f64;
        let group = |counts: &[u32]| {
            let cells: f64 = counts.iter().map(|&n| ln_rising(share, n)).sum();
            cells - ln_rising(a, counts.iter().sum())
        };
        counts.chunks_exact(*arity).map(group).sum()
    }
}

impl Local for Categories {
    fn local(&self, node: usize, parents: u64) -> f64 {
        let (groups, n, q) = self.groups(parents);
        self.of_groups(node, &groups, n, q)
    }

    fn extended(&self, node: usize, parents: u64, out: &mut [f64]) {
        let (groups, n, q) = self.groups(parents);
        let mut finer = groups.clone();
        for (i, out) in out.iter_mut().enumerate() {
            if (parents | 1 << node) >> i & 1 == 0 {
                finer.copy_from_slice(&groups);
                let n = self.refine(&mut finer, n, i);
                *out = self.of_groups(node, &finer, n, q * self.columns[i].1 as f64);
            }
        }
    }
}

/// Columns of numbers with at most so many distinct ones are taken for categories.
pub const MAX_CATEGORIES: usize = 10;

/// Cuts numbers into `bins` of about equal size; equal numbers are never parted.
fn quantiles(values: &[f64], bins: usize) -> (Vec<u32>, usize) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..bins).map(|b| sorted[b * sorted.len() / bins]).collect();
    cuts.dedup();
    cuts.retain(|&cut| cut > sorted[0]);
    (values.iter().map(|x| cuts.partition_point(|cut| cut <= x) as u32).collect(), cuts.len() + 1)
}

impl NativeReward<BayesNet> for Bdeu {
    type Config = BdeuConfig;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "bdeu",
            summary: "how well a network explains categories: BDeu, with a prior over structures",
            formula: "log R = log p(data | G) - log p(data | no edges) + log prior(G) - log prior(no edges)",
            reference: "Heckerman, Geiger & Chickering 1995, with Buntine's uniform priors",
            fields: BdeuConfig::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: true,
    };

    fn from_config(config: BdeuConfig, env: &BayesNet) -> Result<Self, SettingError> {
        let beliefs = Beliefs {
            prior: config.prior,
            factor: config.edge_factor,
            expected_edges: config.expected_edges,
            edge_prior: config.edge_prior.as_ref(),
        };
        let prior = Prior::new(&beliefs, env)?;
        let model = Categories::new(env.data(), config.sample_size, config.bins)?;
        Ok(Self::new(env.n(), model, prior))
    }
}
