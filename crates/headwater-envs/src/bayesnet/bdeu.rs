//! The score of categories: BDeu, the marginal likelihood under Dirichlet priors of one equivalent sample size.

use std::collections::HashMap;

use headwater_core::settings::{File, settings};
use headwater_core::{Entry, RewardScale, SettingError, Settings};

use super::BayesNet;
use super::data::Data;
use super::families::{Families, Local, Sink};
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
        /// Edges per node in the mean over all DAGs, under the prior `erdos-renyi`.
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
    /// Per column the categories of the distinct rows, and how many there are.
    columns: Vec<(Vec<u32>, usize)>,
    /// How often each distinct row occurs.
    times: Vec<u32>,
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
        let times = merge(&mut columns, data.rows());
        Ok(Self { columns, times, sample_size })
    }

    /// Gives the rows of each group that differ in `column` groups of their own: numbers them in the order of the rows.
    fn refine(&self, groups: &mut Groups, column: usize) {
        let (codes, arity) = &self.columns[column];
        let mut numbers = vec![u32::MAX; groups.n * arity];
        let mut n = 0;
        for (row, group) in groups.rows.iter().zip(&mut groups.of) {
            let number = &mut numbers[*group as usize * arity + codes[*row as usize] as usize];
            if *number == u32::MAX {
                *number = n;
                n += 1;
            }
            *group = *number;
        }
        groups.n = n as usize;
    }

    /// All rows in one group.
    fn together(&self) -> Groups {
        let rows = self.times.len();
        Groups { rows: (0..rows as u32).collect(), of: vec![0; rows], n: 1, alone: Tally::default() }
    }

    /// The rows by the values of `parents`.
    fn groups(&self, parents: u64) -> Groups {
        let mut groups = self.together();
        for i in nodes(parents) {
            self.refine(&mut groups, i);
            groups.set_aside(&self.times);
        }
        groups
    }

    /// log p(column `node` | columns `parents`), whose values make `groups`. The sums are over counts in ascending order,
    /// so that the number is the same however the groups were come by.
    fn of_groups(&self, node: usize, parents: u64, groups: &Groups) -> f64 {
        let (codes, arity) = &self.columns[node];
        let mut counts = vec![0u32; groups.n * arity];
        for (&row, &group) in groups.rows.iter().zip(&groups.of) {
            counts[group as usize * arity + codes[row as usize] as usize] += self.times[row as usize];
        }
        let (mut cells, mut wholes) = (groups.alone.clone(), groups.alone.clone());
        for counts in counts.chunks_exact(*arity) {
            counts.iter().for_each(|&count| cells.add(count));
            wholes.add(counts.iter().sum());
        }
        let q: f64 = nodes(parents).map(|i| self.columns[i].1 as f64).product();
        let a = self.sample_size / q;
        cells.sum(a / *arity as f64) - wholes.sum(a)
    }

    /// Hands over the scores of all nodes outside `parents`, given these; then of the sets with further parents from
    /// `first` on.
    fn descend(&self, parents: u64, first: usize, groups: &Groups, most: usize, sink: &mut Sink<'_>) {
        let n = self.columns.len();
        for node in (0..n).filter(|&node| parents >> node & 1 == 0) {
            sink(node, parents, self.of_groups(node, parents, groups));
        }
        if parents.count_ones() as usize == most.min(n - 1) {
            return;
        }
        for i in first..n {
            let mut finer = groups.clone();
            self.refine(&mut finer, i);
            finer.set_aside(&self.times);
            self.descend(parents | 1 << i, i + 1, &finer, most, sink);
        }
    }
}

impl Local for Categories {
    fn local(&self, node: usize, parents: u64) -> f64 {
        self.of_groups(node, parents, &self.groups(parents))
    }

    fn extended(&self, node: usize, parents: u64, out: &mut [f64]) {
        let groups = self.groups(parents);
        let mut finer = groups.clone();
        for (i, out) in out.iter_mut().enumerate() {
            if (parents | 1 << node) >> i & 1 == 0 && out.is_nan() {
                finer.of.copy_from_slice(&groups.of);
                finer.n = groups.n;
                self.refine(&mut finer, i);
                *out = self.of_groups(node, parents | 1 << i, &finer);
            }
        }
    }

    fn every(&self, n: usize, most: usize, sink: &mut Sink<'_>) {
        debug_assert_eq!(n, self.columns.len());
        self.descend(0, 0, &self.together(), most, sink);
    }
}

/// Rows by the values of some columns. Those that are alone in a group are set aside: nothing can divide them further.
#[derive(Clone)]
struct Groups {
    /// Distinct rows that share their group with others.
    rows: Vec<u32>,
    /// The groups of these.
    of: Vec<u32>,
    n: usize,
    /// How often each of the others occurs.
    alone: Tally,
}

impl Groups {
    fn set_aside(&mut self, times: &[u32]) {
        let mut sizes = vec![0u32; self.n];
        self.of.iter().for_each(|&group| sizes[group as usize] += 1);
        let mut kept = 0;
        for i in 0..self.rows.len() {
            let (row, group) = (self.rows[i], self.of[i]);
            if sizes[group as usize] == 1 {
                self.alone.add(times[row as usize]);
            } else {
                (self.rows[kept], self.of[kept]) = (row, group);
                kept += 1;
            }
        }
        self.rows.truncate(kept);
        self.of.truncate(kept);
        // Numbers that nobody has any more are given away.
        let mut n = 0;
        for size in &mut sizes {
            let shared = *size > 1;
            *size = n;
            n += u32::from(shared);
        }
        self.of.iter_mut().for_each(|group| *group = sizes[*group as usize]);
        self.n = n as usize;
    }
}

/// How often each count occurs; zeros are left out.
#[derive(Clone)]
struct Tally {
    small: [u32; Self::SMALL],
    large: Vec<u32>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { small: [0; Self::SMALL], large: Vec::new() }
    }
}

impl Tally {
    const SMALL: usize = 32;

    fn add(&mut self, count: u32) {
        match self.small.get_mut(count as usize) {
            Some(times) => *times += 1,
            None => self.large.push(count),
        }
    }

    /// Σ log a(a + 1)…(a + count − 1) over all counts.
    fn sum(mut self, a: f64) -> f64 {
        self.large.sort_unstable();
        let small = self.small.into_iter().zip(0u32..).skip(1).filter(|(times, _)| *times > 0);
        let small: f64 = small.map(|(times, count)| f64::from(times) * ln_rising(a, count)).sum();
        let large = self.large.chunk_by(|x, y| x == y);
        small + large.map(|same| same.len() as f64 * ln_rising(a, same[0])).sum::<f64>()
    }
}

/// Makes one row of equal ones; how often each occurs.
fn merge(columns: &mut [(Vec<u32>, usize)], rows: usize) -> Vec<u32> {
    let mut places: HashMap<Vec<u32>, usize> = HashMap::new();
    let (mut first, mut times) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let key = columns.iter().map(|(codes, _)| codes[row]).collect();
        let place = *places.entry(key).or_insert(times.len());
        if place == times.len() {
            first.push(row);
            times.push(0);
        }
        times[place] += 1;
    }
    for (codes, _) in columns {
        *codes = first.iter().map(|&row| codes[row]).collect();
    }
    times
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
