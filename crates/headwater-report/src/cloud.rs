//! Target and sampler as two distributions over objects, and the pictures that follow: rewards, features, grids.

use std::collections::{BTreeMap, HashSet};

use crate::figure::{Figure, Plot};
use crate::plot::{Bars, Bin, Cell, Heat, Scatter};

/// Bins of a histogram.
const BINS: usize = 32;
/// Values up to which each is a bin of its own.
const VALUES: usize = 40;
/// Independent draws from which on an estimate of the target is worth something.
const RELIABLE: f64 = 100.0;
/// Features that are pictured at most.
const FEATURES: usize = 12;
/// Objects from which on a grid is worth a map.
const SMALLEST: usize = 9;
/// Values of a coordinate of a grid, at most.
const SIDE: usize = 256;

/// An object with what is known of its probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its text.
    pub object: String,
    /// log R.
    pub log_reward: f64,
    /// log p, or its estimate.
    pub log_p: f64,
    /// The ends of the interval of the estimate; both log p where it is exact.
    pub interval: [f64; 2],
}

/// How the target and the sampler are known.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Both on every object.
    Exactly,
    /// From samples: the sampler by counting, the target by weighing them.
    Samples {
        /// How many samples there are.
        samples: usize,
        /// The effective size of the weighted sample.
        effective: f64,
    },
}

/// Two distributions over objects.
#[derive(Clone, Debug, Default)]
pub struct Cloud {
    /// Per object or sample: its weight under the target; they sum to one.
    pub target: Vec<f64>,
    /// Per object or sample: its weight under the sampler; they sum to one.
    pub learned: Vec<f64>,
    /// Per object or sample: log R.
    pub log_reward: Vec<f64>,
    /// Names of the features.
    pub features: Vec<String>,
    /// Per object or sample: its features, one after the other.
    pub values: Vec<f64>,
    /// Number of distinct objects.
    pub distinct: usize,
    /// How it is known; exactly if left out.
    pub known: Option<Known>,
}

impl Cloud {
    /// The pictures of both distributions; `points` are what is known of single objects, `log_z` is what their
    /// line needs, NaN if it is not known.
    pub fn figures(&self, prefix: &str, points: &[Point], log_z: f64) -> Vec<Figure> {
        let how = self.how();
        let mut out = Vec::new();
        if !points.is_empty() {
            let scatter = Scatter::new("log p(x) against log R(x)", points, log_z);
            let intervals = points.iter().any(|p| p.interval[0] < p.interval[1]);
            let what = match intervals {
                true => "estimates with 95 % intervals, from trajectories drawn backwards",
                false => "exact",
            };
            let thinned = scatter.thinned().map_or_else(String::new, |t| format!(" {t}."));
            let line = match log_z.is_finite() {
                true => "lies on the dashed line; above it objects come too often, below it too rarely",
                false => "lies on a line of slope 1, which is not drawn: log Z is not known well enough",
            };
            let caption = format!("A perfect sampler {line}. log p: {what}.{thinned}");
            out.push(Figure::new(format!("{prefix}scatter"), caption, Plot::Scatter(scatter)));
        }
        let heat = self.heat();
        let grid = heat.is_some();
        if let Some(heat) = heat {
            let thinned = heat.thinned().map_or_else(String::new, |t| format!(" {t}."));
            let caption = format!("Every object by its two coordinates. {how}{thinned}");
            out.push(Figure::new(format!("{prefix}grid"), caption, Plot::Heat(heat)));
        }
        if let Some(bars) = self.bars("log R(x)", |i| self.log_reward[i]) {
            let lost: f64 = (0..self.target.len())
                .filter(|&i| self.log_reward[i] == f64::NEG_INFINITY)
                .map(|i| self.learned[i])
                .sum();
            let lost = match lost > 0.0 {
                true => {
                    format!(" {} of the sampler's goes to objects without a reward.", crate::number(lost))
                }
                false => String::new(),
            };
            let caption = format!("How much of the probability goes to which rewards.{lost} {how}");
            let bars = Bars { title: "rewards: sampler and target".to_owned(), ..bars };
            out.push(Figure::new(format!("{prefix}rewards"), caption, Plot::Bars(bars)));
        }
        if !grid {
            out.extend(self.marginals(prefix, &how));
        }
        out
    }

    fn how(&self) -> String {
        match self.known {
            Some(Known::Samples { samples, effective }) => {
                let few = if effective < RELIABLE { ", too few to be relied on" } else { "" };
                format!(
                    "The sampler: {samples} samples, counted. The target: the same, weighted by R P_B / \
                     P_F, which is worth {} independent draws{few}.",
                    crate::number(effective.round())
                )
            }
            Some(Known::Exactly) | None => "Both are exact.".to_owned(),
        }
    }

    /// A picture of each feature that varies.
    fn marginals(&self, prefix: &str, how: &str) -> Vec<Figure> {
        let n = self.features.len();
        let mut out = Vec::new();
        let mut left_out = 0;
        for (f, name) in self.features.iter().enumerate() {
            let Some(bars) = self.bars(name, |i| self.values[i * n + f]) else { continue };
            if bars.bins.len() < 2 {
                continue;
            }
            if out.len() == FEATURES {
                left_out += 1;
                continue;
            }
            let bars = Bars { title: format!("feature {name}"), ..bars };
            out.push(Figure::new(
                format!("{prefix}feature-{f}"),
                format!("How often each value of {name} occurs. {how}"),
                Plot::Bars(bars),
            ));
        }
        if let (Some(last), 1..) = (out.last_mut(), left_out) {
            last.caption += &format!(" {left_out} more features are not drawn.");
        }
        out
    }

    /// Both distributions over a number of an object; `None` if there is nothing to see.
    fn bars(&self, x: &str, of: impl Fn(usize) -> f64) -> Option<Bars> {
        let all = || (0..self.target.len()).map(|i| (i, of(i))).filter(|(_, v)| v.is_finite());
        let mut values: BTreeMap<Key, [f64; 2]> = BTreeMap::new();
        for (i, v) in all() {
            if values.len() > VALUES {
                break;
            }
            let sum = values.entry(Key(v)).or_insert([0.0, 0.0]);
            *sum = [sum[0] + self.target[i], sum[1] + self.learned[i]];
        }
        let (x, title) = (x.to_owned(), String::new());
        if values.is_empty() {
            return None;
        }
        if values.len() <= VALUES {
            let keys: Vec<f64> = values.keys().map(|k| k.0).collect();
            let apart = keys.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
            let span = keys[keys.len() - 1] - keys[0];
            // Values that are close beside the others still get a bar that can be seen.
            let half = if apart.is_finite() { (0.42 * apart).max(span / 160.0) } else { 0.5 };
            let bin = |(k, s): (&Key, &[f64; 2])| Bin {
                low: k.0 - half,
                high: k.0 + half,
                target: s[0],
                learned: s[1],
            };
            return Some(Bars { title, x, bins: values.iter().map(bin).collect(), values: true });
        }
        let (low, high) =
            all().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (_, v)| (a.min(v), b.max(v)));
        let width = (high - low) / BINS as f64;
        let empty = |b: usize| Bin {
            low: low + b as f64 * width,
            high: low + (b + 1) as f64 * width,
            target: 0.0,
            learned: 0.0,
        };
        let mut bins: Vec<Bin> = (0..BINS).map(empty).collect();
        for (i, v) in all() {
            let bin = &mut bins[(((v - low) / width) as usize).min(BINS - 1)];
            bin.target += self.target[i];
            bin.learned += self.learned[i];
        }
        Some(Bars { title, x, bins, values: false })
    }

    /// The map of a grid, if two whole features tell all objects apart, and neither does by itself.
    fn heat(&self) -> Option<Heat> {
        if self.distinct < SMALLEST {
            return None;
        }
        let (n, len) = (self.features.len(), self.target.len());
        let whole = |f: usize| {
            let values: HashSet<i64> = (0..len)
                .map(|i| self.values[i * n + f])
                .take_while(|v| v.fract() == 0.0 && v.abs() < 1e9)
                .map(|v| v as i64)
                .collect();
            let all =
                (0..len).all(|i| self.values[i * n + f].fract() == 0.0 && self.values[i * n + f].abs() < 1e9);
            (all && values.len() > 1 && values.len() <= SIDE && values.len() < self.distinct)
                .then_some(values.len())
        };
        let whole: Vec<(usize, usize)> = (0..n.min(64)).filter_map(|f| Some((f, whole(f)?))).collect();
        for (i, &(a, n_a)) in whole.iter().enumerate() {
            for &(b, n_b) in &whole[i + 1..] {
                // A grid is not mostly holes.
                if n_a * n_b < self.distinct || n_a * n_b > 2 * self.distinct {
                    continue;
                }
                let at = |i: usize| [self.values[i * n + a] as i64, self.values[i * n + b] as i64];
                let places: HashSet<[i64; 2]> = (0..len).map(at).collect();
                if places.len() != self.distinct {
                    continue;
                }
                let cells: Vec<Cell> = (0..len)
                    .map(|i| Cell { at: at(i), target: self.target[i], learned: self.learned[i] })
                    .collect();
                let axes = [self.features[a].clone(), self.features[b].clone()];
                return Some(Heat::new("target and sampler, cell by cell", axes, &cells));
            }
        }
        None
    }
}

/// A finite number as a key.
#[derive(Clone, Copy, PartialEq)]
struct Key(f64);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
