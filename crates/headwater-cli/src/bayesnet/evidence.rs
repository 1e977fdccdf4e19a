//! The posterior over networks: enumerated with the exact target, or by weighted draws from the sampler.

use std::collections::HashMap;

use headwater_core::Environment;
use headwater_envs::bayesnet::BayesNet;
use headwater_exact::log_terminating;
use headwater_posterior::{Graph, Modular, Networks};
use headwater_run::Checked;
use headwater_run::assemble::{Assembly, Purpose, key};
use headwater_run::evaluation::Evaluation;
use headwater_train::{Behaviour, sample};

use super::files::pairs;
use super::rival::Rival;
use super::truth::truth;
use crate::out::{Failure, fail};

/// What is known.
pub struct Found {
    /// The posterior, enumerated or from draws.
    pub posterior: Networks,
    /// log Z and the edges' probabilities, where the sum over all DAGs is worked out.
    pub truth: Option<Modular>,
    /// log R of its graphs.
    pub log_reward: HashMap<Graph, f64>,
    /// What a rival found, if one was asked.
    pub rival: Option<Rival>,
    /// How good the sampler is.
    pub evaluation: Evaluation,
    /// P(i → j) at i · n + j under the sampler as it is.
    pub sampler_edges: Vec<f64>,
    /// Number of draws; none where the space is enumerated.
    pub draws: Option<usize>,
}

impl Found {
    /// Enumerates the posterior if the run does, and else draws `samples` networks, weighted by R · P_B / P_F.
    ///
    /// # Errors
    /// If a reward fails.
    pub fn new(
        env: &BayesNet,
        checked: &Checked,
        assembly: &mut Assembly,
        evaluation: &Evaluation,
        samples: usize,
    ) -> Result<Self, Failure> {
        let graph = |text: &str| -> Graph {
            let graph = env.parse(text).expect("the environment reads the texts that it shows");
            graph.parents().into()
        };
        let n = env.n();
        let mut log_reward = HashMap::new();
        // The posterior and the sampler's own distribution.
        let (posterior, model) = if let Some(exact) = &assembly.exact {
            let policies = exact.policies(&mut assembly.trainer.policy());
            let g = exact.graph();
            let log_p = log_terminating(g, &policies.forward);
            let (mut target, mut model) = (Vec::new(), Vec::new());
            for s in g.objects() {
                let x = graph(&g.sim().text(s as u32));
                log_reward.insert(x.clone(), exact.log_reward()[s]);
                target.push((x.clone(), exact.log_target()[s]));
                model.push((x, log_p[s]));
            }
            (Networks::exact(n, target), Networks::exact(n, model))
        } else {
            let key = key(assembly.seed, Purpose::Sample);
            let (mut weighted, mut plain) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
            let mut view = assembly.trainer.policy();
            sample(&mut view, samples.max(1), Behaviour::ON_POLICY, key, &mut |s| {
                let x = graph(&s.text);
                log_reward.insert(x.clone(), s.log_reward);
                weighted.push((x.clone(), s.log_reward + s.log_pb - s.log_pf));
                plain.push((x, 0.0));
            })
            .map_err(fail)?;
            (Networks::draws(n, weighted), Networks::draws(n, plain))
        };
        Ok(Self {
            posterior,
            truth: truth(env, checked)?,
            log_reward,
            rival: None,
            evaluation: *evaluation,
            sampler_edges: model.edges(),
            draws: assembly.exact.is_none().then_some(samples),
        })
    }

    /// The edges' probabilities, as well as they are known.
    pub fn edges(&self) -> Vec<f64> {
        self.truth.as_ref().map_or_else(|| self.posterior.edges(), |truth| truth.edges.clone())
    }

    /// How far the sampler's edges are from those of [`Found::edges`].
    pub fn sampler_error(&self) -> EdgeError {
        EdgeError::between(self.posterior.n(), &self.sampler_edges, &self.edges())
    }

    /// How far the edges of weighted draws are from the exact ones, where these are known.
    pub fn draws_error(&self) -> Option<EdgeError> {
        let truth = self.truth.as_ref().filter(|_| self.draws.is_some())?;
        Some(EdgeError::between(self.posterior.n(), &self.posterior.edges(), &truth.edges))
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
        Some(Origin {
            edges: network.iter().map(|parents| parents.count_ones()).sum(),
            auroc: of(&known),
            auroc_joined: joined(&known),
            sampler_auroc: of(&self.sampler_edges),
            sampler_auroc_joined: joined(&self.sampler_edges),
            distance: self.posterior.mean_distance(network),
        })
    }

    /// The exact probability of a graph that was found, if log Z is known.
    pub fn probability(&self, graph: &Graph) -> Option<f64> {
        self.truth.as_ref().map(|truth| (self.log_reward[graph] - truth.log_z).exp())
    }

    /// The graphs that were found and their probabilities as well as they are known, the most probable first.
    pub fn graphs(&self) -> Vec<(&Graph, f64)> {
        let known = |(graph, p): &'_ (Graph, f64)| self.probability(graph).unwrap_or(*p);
        let mut graphs: Vec<(&Graph, f64)> =
            self.posterior.graphs().iter().map(|g| (&g.0, known(g))).collect();
        graphs.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        graphs
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
    pub sampler_auroc: f64,
    /// The same of its pairs.
    pub sampler_auroc_joined: f64,
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
}

impl EdgeError {
    fn between(n: usize, a: &[f64], b: &[f64]) -> Self {
        let apart = || a.iter().zip(b).map(|(x, y)| (x - y).abs());
        let pairs = (n * (n - 1)) as f64;
        Self { largest: apart().fold(0.0, f64::max), mean: apart().sum::<f64>() / pairs }
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
