//! The posterior over networks, and what a trained sampler makes of it.

use std::collections::HashMap;

use headwater_core::{Environment, Key};
use headwater_envs::bayesnet::BayesNet;
use headwater_exact::log_terminating;
use headwater_posterior::{Graph, Networks, Probability, Relation};
use headwater_run::Checked;
use headwater_run::assemble::Assembly;
use headwater_run::evaluation::Evaluation;
use headwater_train::{Behaviour, sample};

use super::files::pairs;
use super::rival::Rival;
use super::truth::{Additive, Chains};
use crate::out::{Failure, fail};

/// All networks on so many nodes are listed: 29,281.
const LISTED: usize = 5;

/// Edges that differ by more are a finding.
pub const FAR: f64 = 0.05;

/// What is known.
pub struct Found {
    /// The posterior: all networks, or draws.
    pub posterior: Networks,
    /// Where it comes from.
    pub source: Source,
    /// log Z, edges and the best network, where the sum over all DAGs is worked out.
    pub truth: Option<Truth>,
    /// log R of the networks that were found.
    pub log_reward: HashMap<Graph, f64>,
    /// What Markov chains say, where they were asked.
    pub chains: Option<Chains>,
    /// What a trained sampler says, if there is one.
    pub sampler: Option<Sampler>,
    /// What a rival found, if one was asked.
    pub rival: Option<Rival>,
}

/// Where a posterior comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// All networks are listed, with their probabilities.
    List,
    /// So many independent draws from the sum over all DAGs.
    Sum(usize),
    /// So many networks that Markov chains came through.
    Chains(usize),
    /// So many weighted draws from a trained sampler.
    Weights(usize),
}

/// What the sum over all DAGs says.
pub struct Truth {
    /// The logarithm of the sum of R.
    pub log_z: f64,
    /// P(i → j) at i · n + j.
    pub edges: Vec<f64>,
    /// The most probable network.
    pub best: Graph,
}

/// What a trained sampler says.
pub struct Sampler {
    /// How good it is by its own measures.
    pub evaluation: Evaluation,
    /// P(i → j) at i · n + j under the sampler as it is.
    pub edges: Vec<f64>,
    /// The posterior that its draws have with their weights, unless its space is enumerated.
    pub weighted: Option<Networks>,
    /// Number of draws; none where its space is enumerated.
    pub draws: usize,
}

/// The posterior as far as no sampler is needed for it.
pub struct Known {
    found: Found,
    additive: Option<Additive>,
}

impl Known {
    /// Works out all that can be known without training, `key` deciding what is drawn: the sum over all DAGs of up to
    /// `nodes` nodes, with `samples` networks drawn from it, or what Markov chains say beyond. Nothing where the reward is
    /// no sum over nodes.
    ///
    /// # Errors
    /// If the reward cannot be built.
    pub fn new(
        env: &BayesNet,
        checked: &Checked,
        nodes: usize,
        samples: usize,
        key: Key,
    ) -> Result<Self, Failure> {
        let additive = Additive::new(env, checked)?;
        let n = env.n();
        let mut found = Found {
            posterior: Networks::exact(n, []),
            source: Source::Weights(0),
            truth: None,
            log_reward: HashMap::new(),
            chains: None,
            sampler: None,
            rival: None,
        };
        match &additive {
            Some(additive) if n <= nodes => found.sum_up(additive, samples, key)?,
            Some(additive) => found.chain_up(additive, key),
            None => {}
        }
        Ok(Self { found, additive })
    }

    /// Is the posterior known without a sampler?
    pub fn is_known(&self) -> bool {
        self.additive.is_some()
    }

    /// Is it exact?
    pub fn is_exact(&self) -> bool {
        self.found.truth.is_some()
    }

    /// The networks that chains came through, if they were asked, each once: the most visited first.
    pub fn visited(&self) -> impl Iterator<Item = &Graph> {
        let graphs = self.found.chains.as_ref().map(|_| self.found.posterior.graphs());
        graphs.unwrap_or_default().iter().map(|(graph, _)| graph)
    }

    /// All that there is without a sampler.
    pub fn alone(self) -> Found {
        self.found
    }

    /// And what a trained sampler says of `samples` draws, or exactly where its space is enumerated.
    ///
    /// # Errors
    /// If a reward fails.
    pub fn with(
        mut self,
        env: &BayesNet,
        assembly: &mut Assembly,
        evaluation: &Evaluation,
        samples: usize,
        key: Key,
    ) -> Result<Found, Failure> {
        let keep = !self.is_known();
        self.found.listen(env, assembly, evaluation, samples, key, keep)?;
        Ok(self.found)
    }
}

impl Found {
    fn sum_up(&mut self, additive: &Additive, samples: usize, key: Key) -> Result<(), Failure> {
        let (dags, log_z) = additive.dags()?;
        let n = dags.n();
        let best = dags.best();
        self.posterior = if n <= LISTED {
            self.source = Source::List;
            Networks::exact(n, dags.list().into_iter().map(|graph| (graph.clone(), dags.log_weight(&graph))))
        } else {
            self.source = Source::Sum(samples);
            Networks::draws(n, dags.draw(samples, key).into_iter().map(|graph| (graph, 0.0)))
        };
        let intercept = log_z - dags.marginals.log_z;
        let graphs = self.posterior.graphs().iter().map(|(graph, _)| graph).chain([&best]);
        self.log_reward = graphs.map(|graph| (graph.clone(), dags.log_weight(graph) + intercept)).collect();
        self.truth = Some(Truth { log_z, edges: dags.marginals.edges, best });
        Ok(())
    }

    fn chain_up(&mut self, additive: &Additive, key: Key) {
        let mut chains = additive.chains(key);
        let graphs: Vec<Graph> =
            chains.traces.iter_mut().flat_map(|t| std::mem::take(&mut t.graphs)).collect();
        self.source = Source::Chains(graphs.len());
        let effective = if chains.apart() <= FAR { chains.effective(graphs.len()) } else { 0.0 };
        for graph in &graphs {
            if !self.log_reward.contains_key(graph) {
                self.log_reward.insert(graph.clone(), additive.log_reward(graph));
            }
        }
        self.posterior = Networks::dependent(chains.n(), graphs, effective);
        self.chains = Some(chains);
    }

    /// Takes down what a sampler says; where nothing else is known, that is the posterior.
    fn listen(
        &mut self,
        env: &BayesNet,
        assembly: &mut Assembly,
        evaluation: &Evaluation,
        samples: usize,
        key: Key,
        keep: bool,
    ) -> Result<(), Failure> {
        let graph = |text: &str| -> Graph {
            let graph = env.parse(text).expect("the environment reads the texts that it shows");
            graph.parents().into()
        };
        let n = env.n();
        let Assembly { exact, trainer, .. } = assembly;
        if let Some(exact) = exact {
            let policies = exact.policies(&mut trainer.policy());
            let g = exact.graph();
            let log_p = log_terminating(g, &policies.forward);
            let (mut target, mut model) = (Vec::new(), Vec::new());
            for s in g.objects() {
                let x = graph(&g.sim().text(s as u32));
                if keep {
                    self.log_reward.insert(x.clone(), exact.log_reward()[s]);
                    target.push((x.clone(), exact.log_target()[s]));
                }
                model.push((x, log_p[s]));
            }
            if keep {
                (self.posterior, self.source) = (Networks::exact(n, target), Source::List);
            }
            let edges = Networks::exact(n, model).matrix(Relation::Edge);
            self.sampler = Some(Sampler { evaluation: *evaluation, edges, weighted: None, draws: 0 });
            return Ok(());
        }
        let mut weighted = Vec::with_capacity(samples);
        let mut edges = vec![0.0; n * n];
        let share = 1.0 / samples as f64;
        sample(&mut trainer.policy(), samples, Behaviour::ON_POLICY, key, &mut |s| {
            let x = graph(&s.text);
            pairs(n).filter(|(i, j, _)| x[*j] >> i & 1 == 1).for_each(|(_, _, k)| edges[k] += share);
            if keep {
                self.log_reward.insert(x.clone(), s.log_reward);
            }
            weighted.push((x, s.log_reward + s.log_pb - s.log_pf));
        })
        .map_err(fail)?;
        let weighted = Networks::draws(n, weighted);
        if keep {
            (self.posterior, self.source) = (weighted.clone(), Source::Weights(samples));
        }
        let evaluation = *evaluation;
        self.sampler = Some(Sampler { evaluation, edges, weighted: Some(weighted), draws: samples });
        Ok(())
    }

    /// Are log Z and edges exact?
    pub fn is_exact(&self) -> bool {
        self.truth.is_some() || self.source == Source::List
    }

    /// The edges' probabilities, as well as they are known.
    pub fn edges(&self) -> Vec<f64> {
        self.known_edges().into_iter().map(|p| p.value).collect()
    }

    /// The same with their intervals.
    pub fn known_edges(&self) -> Vec<Probability> {
        if let Some(truth) = &self.truth {
            return truth
                .edges
                .iter()
                .map(|&value| Probability { value, interval: Some([value, value]) })
                .collect();
        }
        let mut known = self.posterior.known(Relation::Edge);
        // Chains count every round, and keep some of the networks.
        if let Some(chains) = &self.chains {
            let evidence = self.posterior.evidence();
            for (known, value) in known.iter_mut().zip(chains.edges()) {
                *known = evidence.of_independent(value);
            }
        }
        known
    }

    /// How far the sampler's edges are from those of [`Found::edges`].
    pub fn sampler_error(&self) -> Option<EdgeError> {
        let sampler = self.sampler.as_ref()?;
        Some(EdgeError::between(self.posterior.n(), &sampler.edges, &self.edges()))
    }

    /// How far the edges of its weighted draws are from those, where these come from elsewhere.
    pub fn draws_error(&self) -> Option<EdgeError> {
        let weighted = self.sampler.as_ref()?.weighted.as_ref()?;
        if matches!(self.source, Source::Weights(_)) {
            return None;
        }
        Some(EdgeError::between(self.posterior.n(), &weighted.matrix(Relation::Edge), &self.edges()))
    }

    /// How far a rival's edges are from those of [`Found::edges`].
    pub fn rival_error(&self, rival: &Rival) -> EdgeError {
        EdgeError::between(self.posterior.n(), &rival.edges, &self.edges())
    }

    /// How the edges compare with the network that the data were generated from, if they were.
    pub fn origin(&self, env: &BayesNet) -> Option<Origin> {
        let (network, n) = (env.truth()?.parents(), env.n());
        let there = |i: usize, j: usize| network[j] >> i & 1 == 1;
        let of = |p: &[f64]| auroc(pairs(n).map(|(i, j, k)| (p[k], there(i, j))).collect());
        let joined = |p: &[f64]| {
            let pairs = pairs(n).filter(|(i, j, _)| i < j);
            auroc(pairs.map(|(i, j, k)| (p[k] + p[j * n + i], there(i, j) || there(j, i))).collect())
        };
        let known = self.edges();
        let sampler = self.sampler.as_ref().map(|sampler| &*sampler.edges);
        Some(Origin {
            edges: network.iter().map(|parents| parents.count_ones()).sum(),
            auroc: of(&known),
            auroc_joined: joined(&known),
            sampler_auroc: sampler.map(of),
            sampler_auroc_joined: sampler.map(joined),
            distance: self.posterior.mean_distance(network),
        })
    }

    /// The exact probability of a graph that was found, if log Z is known.
    pub fn probability(&self, graph: &Graph) -> Option<f64> {
        self.truth.as_ref().map(|truth| (self.log_reward[graph] - truth.log_z).exp())
    }

    /// The graphs that were found and their probabilities as well as they are known, the most probable first. The best of
    /// all is among them, if it is known.
    pub fn graphs(&self) -> Vec<(&Graph, Probability)> {
        let found = self.posterior.graphs();
        let exactly = |value| Probability { value, interval: Some([value, value]) };
        let known = |i: usize, graph: &Graph| {
            self.probability(graph).map_or_else(|| self.posterior.known_graph(i), exactly)
        };
        let mut graphs: Vec<(&Graph, Probability)> =
            found.iter().enumerate().map(|(i, (graph, _))| (graph, known(i, graph))).collect();
        if let Some(best) = self.truth.as_ref().map(|truth| &truth.best)
            && !found.iter().any(|(graph, _)| graph == best)
        {
            graphs.push((best, exactly(self.probability(best).unwrap_or_default())));
        }
        // Chains and weights tell probable networks apart by log R, where they were met about as often.
        let log_reward = |graph: &Graph| self.log_reward.get(graph).copied().unwrap_or(f64::NEG_INFINITY);
        graphs.sort_by(|a, b| {
            let by_reward = log_reward(b.0).total_cmp(&log_reward(a.0));
            b.1.value.total_cmp(&a.1.value).then(by_reward).then_with(|| a.0.cmp(b.0))
        });
        graphs
    }

    /// The most probable network: the best of all if that is known, else the best that was found.
    pub fn best(&self) -> Option<(&Graph, f64)> {
        if let Some(truth) = &self.truth {
            return Some((&truth.best, self.log_reward[&truth.best]));
        }
        let found = self.log_reward.iter().map(|(graph, &log_reward)| (graph, log_reward));
        found.max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(a.0)))
    }
}

/// A posterior beside the network that its data were generated from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin {
    /// Its edges.
    pub edges: u32,
    /// P(an edge of it is more probable than one that is none), ties counting half; 1 is perfect, ½ is chance; NaN
    /// if it has all edges or none.
    pub auroc: f64,
    /// The same of pairs that are joined, in whichever direction.
    pub auroc_joined: f64,
    /// The same of the sampler's edges, without weights.
    pub sampler_auroc: Option<f64>,
    /// The same of its pairs.
    pub sampler_auroc_joined: Option<f64>,
    /// Expected structural Hamming distance from it.
    pub distance: f64,
}

/// The area under the curve of true over false positives: the share of pairs, one that is and one that is not, in which the
/// former scores more.
fn auroc(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut won, mut below, mut positive) = (0.0, 0.0, 0.0);
    for tied in scored.chunk_by(|a, b| a.0 == b.0) {
        let here = tied.iter().filter(|s| s.1).count() as f64;
        let not = tied.len() as f64 - here;
        won += here * (below + 0.5 * not);
        (below, positive) = (below + not, positive + here);
    }
    won / (below * positive)
}

/// Differences between probabilities of edges, of all ordered pairs of nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgeError {
    /// The largest.
    pub largest: f64,
    /// Their mean.
    pub mean: f64,
    /// Of which edge the largest is: from and to.
    pub at: (usize, usize),
}

impl EdgeError {
    fn between(n: usize, a: &[f64], b: &[f64]) -> Self {
        let apart = || a.iter().zip(b).map(|(x, y)| (x - y).abs()).enumerate();
        let largest = apart().fold((0, 0.0), |far, next| if next.1 > far.1 { next } else { far });
        let mean = apart().map(|(_, far)| far).sum::<f64>() / (n * (n - 1)) as f64;
        Self { largest: largest.1, mean, at: (largest.0 / n, largest.0 % n) }
    }
}

#[cfg(test)]
mod tests {
    use super::auroc;

    #[test]
    fn auroc_is_the_share_of_pairs_in_order() {
        assert_eq!(auroc(vec![(0.9, true), (0.1, false), (0.4, true), (0.2, false)]), 1.0);
        assert_eq!(auroc(vec![(0.5, true), (0.5, false)]), 0.5);
        // Of two that are and two that are not: 0.3 beats one of two, 0.8 ties with one and beats the other.
        assert_eq!(auroc(vec![(0.3, true), (0.8, true), (0.8, false), (0.2, false)]), 0.625);
    }
}
