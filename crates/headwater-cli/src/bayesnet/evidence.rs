//! The posterior over networks: enumerated with the exact target, or by weighted draws from the sampler.

use std::collections::HashMap;

use headwater_core::Environment;
use headwater_envs::bayesnet::BayesNet;
use headwater_exact::log_terminating;
use headwater_posterior::{Graph, Networks};
use headwater_run::assemble::{Assembly, Purpose, key};
use headwater_run::evaluation::Evaluation;
use headwater_train::{Behaviour, sample};

use crate::out::{Failure, fail};

/// What is known.
pub struct Found {
    /// The posterior.
    pub posterior: Networks,
    /// log R of its graphs.
    pub log_reward: HashMap<Graph, f64>,
    /// How good the sampler is.
    pub evaluation: Evaluation,
    /// The largest difference between the probability of an edge under the posterior, and under the sampler as it is.
    pub edge_error: f64,
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
        if let Some(exact) = &assembly.exact {
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
            let posterior = Networks::exact(n, target);
            let edge_error = largest_difference(&posterior, &Networks::exact(n, model));
            return Ok(Self { posterior, log_reward, evaluation: *evaluation, edge_error, draws: None });
        }
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
        let posterior = Networks::draws(n, weighted);
        let edge_error = largest_difference(&posterior, &Networks::draws(n, plain));
        Ok(Self { posterior, log_reward, evaluation: *evaluation, edge_error, draws: Some(samples) })
    }
}

fn largest_difference(a: &Networks, b: &Networks) -> f64 {
    a.edges().iter().zip(b.edges()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}
