//! Scores that are a sum over nodes: the exact posterior by the sum over all DAGs, and Markov chains over sets of parents.

use headwater_core::{Key, RewardScale, Settings};
use headwater_envs::NativeReward;
use headwater_envs::bayesnet::bdeu::BdeuConfig;
use headwater_envs::bayesnet::bge::BgeConfig;
use headwater_envs::bayesnet::families::{Families, Local, Sink};
use headwater_envs::bayesnet::{BayesNet, Bdeu, Bge};
use headwater_posterior::{Dags, Lists, LogWeights, Trace, chain};
use headwater_rewards::{Transform, TransformConfig};
use headwater_run::Checked;

use crate::out::{Failure, fail};

/// Up to so many nodes the sum over all DAGs is worked out without being asked for: in seconds.
pub const USUAL: usize = 16;

/// Markov chains that are let loose where there are more.
pub const CHAINS: usize = 8;

/// Sets of parents that chains draw from, of all nodes together, about.
const ROOM: usize = 200_000;

/// Moves of each copy of a chain.
const MOVES: usize = 240_000;

/// Networks that a chain keeps, about.
const KEPT: usize = 1000;

/// The powers of the weights under which a chain's copies walk.
const POWERS: [f64; 2] = [1.0, 0.6];

/// A log-reward that is Σ_v of a number of the node v and its parents, times a slope, and something added.
pub struct Additive {
    families: Box<dyn Score>,
    slope: f64,
    intercept: f64,
    n: usize,
    most: usize,
}

/// What is asked of the environment's own scores.
trait Score: Send + Sync {
    fn family(&self, node: usize, parents: u64) -> f64;
    fn every(&self, most: usize, sink: &mut Sink<'_>);
    fn extended(&self, node: usize, parents: u64, out: &mut [f64]);
}

impl<M: Local> Score for Families<M> {
    fn family(&self, node: usize, parents: u64) -> f64 {
        Families::family(self, node, parents)
    }

    fn every(&self, most: usize, sink: &mut Sink<'_>) {
        Families::every(self, most, sink);
    }

    fn extended(&self, node: usize, parents: u64, out: &mut [f64]) {
        Families::extended(self, node, parents, out);
    }
}

impl Additive {
    /// The reward of `checked`; `None` where it is no such sum: the score is none of the environment's own, or a transform,
    /// a floor or a ceiling makes something else of it.
    ///
    /// # Errors
    /// If the reward cannot be built.
    pub fn new(env: &BayesNet, checked: &Checked) -> Result<Option<Self>, Failure> {
        let values = &checked.section("reward").values;
        let blame = |e| Failure::from(checked.blame("reward", &e));
        let families: Box<dyn Score> = match checked.kind("reward") {
            "bge" => Box::new(Bge::from_config(BgeConfig::read(values), env).map_err(blame)?),
            "bdeu" => Box::new(Bdeu::from_config(BdeuConfig::read(values), env).map_err(blame)?),
            _ => return Ok(None),
        };
        let transform = Transform::new(&TransformConfig::read(values), RewardScale::LogReward, None);
        let Some((slope, intercept)) = transform.map_err(fail)?.line() else { return Ok(None) };
        Ok(Some(Self { families, slope, intercept, n: env.n(), most: env.max_parents() }))
    }

    /// log R of a network.
    pub fn log_reward(&self, graph: &[u64]) -> f64 {
        let family = |(node, &parents)| self.families.family(node, parents);
        self.slope * graph.iter().enumerate().map(family).sum::<f64>() + self.intercept
    }

    /// The distribution over all networks, and log Z.
    ///
    /// # Errors
    /// If there are too many nodes.
    pub fn dags(&self) -> Result<(Dags, f64), Failure> {
        let mut weights = LogWeights::new(self.n).map_err(fail)?;
        self.families.every(self.most, &mut |node, parents, score| {
            weights.set(node, parents, self.slope * score);
        });
        let dags = Dags::new(weights).ok_or_else(|| fail("no network has a reward above 0"))?;
        let log_z = dags.marginals.log_z + self.intercept;
        Ok((dags, log_z))
    }

    /// Lets chains loose, `key` deciding all: one after the other as far as results are concerned, side by side in time.
    pub fn chains(&self, key: Key) -> Chains {
        let extended = |node: usize, parents: u64, out: &mut [f64]| {
            self.families.extended(node, parents, out);
            out.iter_mut().for_each(|score| *score *= self.slope);
        };
        let lists = Lists::grow(self.n, self.most, ROOM / self.n, &extended);
        let one = |k: usize| chain(&lists, &POWERS, MOVES / self.n, KEPT, key.fold(k as u64));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(CHAINS);
        let share = |first: usize| (first..CHAINS).step_by(threads).map(|k| (k, one(k))).collect::<Vec<_>>();
        let mut traces: Vec<(usize, Trace)> = std::thread::scope(|scope| {
            let share = &share;
            let threads: Vec<_> = (0..threads).map(|first| scope.spawn(move || share(first))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a chain does not fail")).collect()
        });
        traces.sort_by_key(|trace| trace.0);
        Chains { traces: traces.into_iter().map(|trace| trace.1).collect(), cut: lists.is_cut(), n: self.n }
    }
}

/// What Markov chains came through that started from different networks.
pub struct Chains {
    /// A trace per chain.
    pub traces: Vec<Trace>,
    /// Whether sets of parents were left out for want of room.
    pub cut: bool,
    n: usize,
}

/// The 97.5 % point of Student's t with seven degrees of freedom, and of the normal distribution: for eight chains.
const STUDENT: f64 = 2.365 / 1.96;

impl Chains {
    /// Moves of each chain.
    pub const MOVES: usize = MOVES;

    /// P(i → j) at i · n + j, the mean over the chains.
    pub fn edges(&self) -> Vec<f64> {
        mean(self.traces.iter())
    }

    /// The largest difference of an edge between the first half of the chains and the second.
    pub fn apart(&self) -> f64 {
        let (first, second) = self.traces.split_at(self.traces.len() / 2);
        let pairs = mean(first.iter()).into_iter().zip(mean(second.iter()));
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    /// How many independent draws would leave that edge as uncertain which is the most so between the chains: the intervals
    /// of that many hold the edges as Student's t of the chains' means would, or more. At most the `kept` networks.
    pub fn effective(&self, kept: usize) -> f64 {
        let (means, chains) = (self.edges(), self.traces.len() as f64);
        let of = |(k, &p): (usize, &f64)| {
            let squares: f64 = self.traces.iter().map(|trace| (trace.edges[k] - p).powi(2)).sum();
            let variance = squares / (chains - 1.0) / chains * STUDENT * STUDENT;
            // An edge that is nearly certain says little of how chains mix.
            if (0.02..=0.98).contains(&p) { p * (1.0 - p) / variance } else { f64::INFINITY }
        };
        means.iter().enumerate().map(of).fold(kept as f64, f64::min)
    }

    /// Number of nodes.
    pub fn n(&self) -> usize {
        self.n
    }
}

fn mean<'a>(traces: impl Iterator<Item = &'a Trace>) -> Vec<f64> {
    let (mut sums, mut count) = (Vec::new(), 0.0);
    for trace in traces {
        sums.resize(trace.edges.len(), 0.0);
        sums.iter_mut().zip(&trace.edges).for_each(|(sum, p): (&mut f64, _)| *sum += p);
        count += 1.0;
    }
    sums.iter_mut().for_each(|sum| *sum /= count);
    sums
}

#[cfg(test)]
mod tests {
    use headwater_core::Environment;
    use headwater_envs::Registered;
    use headwater_envs::bayesnet::Config;
    use headwater_run::Input;
    use headwater_run::assemble::schema;
    use headwater_run::task::Task;

    use super::*;

    fn both(sets: &[&str]) -> (BayesNet, Checked) {
        let sets = ["env.kind=bayesnet", "env.rows=50"].iter().chain(sets).map(|&set| set.to_owned());
        let checked = Input::default().set(sets).check(&schema()).expect("a good configuration");
        let env =
            BayesNet::from_config(Config::read(&checked.section("env").values)).expect("a good network");
        (env, checked)
    }

    /// Holds log Z, all edges and log R against every network added up; the truth's log Z.
    #[track_caller]
    fn agrees(sets: &[&str]) -> f64 {
        let (env, checked) = both(sets);
        let additive = Additive::new(&env, &checked).expect("a good reward").expect("a sum over nodes");
        let (dags, log_z) = additive.dags().expect("few nodes");
        let mut task = Task::build(&checked).expect("a good task");
        let exact = task.enumerate(&checked).expect("rewards").expect("a small space");
        let (g, n) = (exact.graph(), env.n());
        let mut edges = vec![0.0; n * n];
        for s in g.objects() {
            let x = env.parse(&g.sim().text(s as u32)).expect("the text of a network");
            let log_reward = additive.log_reward(x.parents());
            assert!((log_reward - exact.log_reward()[s]).abs() < 1e-9, "{log_reward} of {x:?}");
            for (from, to) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let there = x.parents()[to] >> from & 1 == 1;
                edges[from * n + to] += if there { exact.log_target()[s].exp() } else { 0.0 };
            }
        }
        assert!((log_z - exact.log_z()).abs() < 1e-9, "{log_z}, not {}", exact.log_z());
        let pairs = dags.marginals.edges.iter().zip(&edges);
        let far = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        assert!(far < 1e-9, "an edge is off by {far} under {sets:?}");
        log_z
    }

    #[test]
    fn every_score_and_prior_agrees_with_all_networks_added_up() {
        for score in ["bge", "bdeu"] {
            for prior in ["uniform", "edge", "erdos-renyi", "fair"] {
                let (score, prior) = (format!("reward.kind={score}"), format!("reward.prior={prior}"));
                for more in ["env.n=4", "env.max_parents=2", "reward.beta=0.5", "reward.scale=3.0"] {
                    agrees(&[&score, &prior, "env.n=4", more]);
                }
            }
        }
        agrees(&["env.n=5", "reward.kind=bge"]);
        let z = [1.0, 10.0].map(|s| agrees(&["env.n=3", "reward.kind=bge", &format!("reward.scale={s}")]));
        assert!((z[1] - z[0] - 10f64.ln()).abs() < 1e-12, "{z:?}");
    }

    #[test]
    fn what_is_no_sum_over_nodes_has_no_truth() {
        let none = |sets: &[&str]| {
            let (env, checked) = both(sets);
            assert!(Additive::new(&env, &checked).expect("a good reward").is_none(), "{sets:?}");
        };
        none(&["reward.kind=bge", "reward.floor=1e-3"]);
        none(&["reward.kind=bge", "reward.ceiling=1e3"]);
        none(&["reward.kind=bge", "reward.transform=sigmoid", "reward.mid=0", "reward.width=1"]);
        none(&["reward.kind=expression", "reward.expression=\"edges\""]);
    }

    /// Nine nodes: chains against the sum, of both scores. The seed is fixed; 80,000 rounds leave no edge off by 0.02 where
    /// chains mix, and what they say of themselves is as good as it is.
    #[test]
    fn chains_agree_with_the_sum() {
        for sets in [["env.n=9", "reward.kind=bge"], ["env.n=9", "reward.kind=bdeu"]] {
            let (env, checked) = both(&sets);
            let additive = Additive::new(&env, &checked).expect("a good reward").expect("a sum over nodes");
            let (chains, exact) = (additive.chains(Key::new(1)), additive.dags().expect("few nodes").0);
            let pairs = chains.edges().into_iter().zip(exact.marginals.edges);
            let far = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            assert!(far < 0.02 && chains.apart() < 0.04, "{far} off, {} apart", chains.apart());
            assert!(chains.effective(20_000) > 400.0, "{}", chains.effective(20_000));
        }
    }
}
