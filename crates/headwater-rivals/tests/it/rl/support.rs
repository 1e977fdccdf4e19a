//! Arenas on small spaces, methods with settings, and the exact answers of maximum-entropy reinforcement learning.

use std::sync::Arc;

use headwater_core::settings::{File, Schedule, Shape, Value, Values, defaults};
use headwater_core::{Estimator, Heads, Key, RewardScale, Simulator};
use headwater_exact::{Divergence, ForwardPolicy, Graph, log_sum_exp, log_terminating, log_trajectories};
use headwater_nn::{Activation, Mlp, MlpConfig, Pool};
use headwater_rewards::{Native, Scorer, Transform};
use headwater_rivals::{Arena, Method, Spent, find};
use headwater_train::{Exact, table};

/// An environment with a reward.
pub struct Problem {
    sim: Box<dyn Simulator>,
    scale: RewardScale,
    exact: Arc<Exact>,
}

pub fn int(i: i64) -> Value {
    Value::Int(i)
}

pub fn text(s: &str) -> Value {
    Value::Text(s.to_owned())
}

/// Falls along half a cosine.
pub fn fall(from: f64, steps: u64) -> Value {
    Value::Schedule(Schedule { from, to: 0.01 * from, steps, shape: Shape::Cosine })
}

fn with(fields: &[headwater_core::settings::Field], settings: &[(&'static str, Value)]) -> Values {
    let mut values = defaults(fields).unwrap_or_default();
    values.extend(settings.iter().cloned());
    values
}

impl Problem {
    pub fn new(env: &str, settings: &[(&'static str, Value)], reward: &str) -> Self {
        let entry = headwater_envs::find(env).unwrap();
        let native = entry.reward(reward).unwrap();
        let reward_values = with(native.entry.fields, &[]);
        let sim = entry.build(&with(entry.entry.fields, settings), Some((reward, &reward_values))).unwrap();
        let mut scorer = Scorer::new(Box::new(Native), Transform::plain(native.scale));
        let exact = Arc::new(Exact::new(&*sim, &mut scorer, 100_000).unwrap());
        Self { sim, scale: native.scale, exact }
    }

    /// A DAG with two ways to most objects, some unfinished states, forced moves, and rewards from 0.2 to 6.
    pub fn dag() -> Self {
        Self::dag_times("")
    }

    /// The same with rewards times a power of ten, such as `e30`.
    pub fn dag_times(power: &str) -> Self {
        let rewards = [("a", 0.5), ("c", 1.0), ("d", 3.0), ("f", 6.0), ("g", 0.2)];
        let rewards = rewards.map(|(node, reward)| format!(r#""{node}": {reward}{power}"#)).join(", ");
        let edges = r#"["s","a"], ["s","b"], ["a","c"], ["b","c"], ["b","d"], ["c","e"], ["d","e"], ["d","f"], ["e","g"]"#;
        let dag = format!(r#"{{"edges": [{edges}], "rewards": {{{rewards}}}}}"#);
        let file = File::new("dag.json", dag);
        Self::new("dag", &[("graph", Value::File(file))], "given")
    }

    pub fn grid(dim: i64, side: i64) -> Self {
        Self::new("hypergrid", &[("dim", int(dim)), ("side", int(side))], "original")
    }

    pub fn exact(&self) -> &Exact {
        &self.exact
    }

    pub fn graph(&self) -> &Graph {
        self.exact.graph()
    }

    /// The method called `name`, with a table or a small perceptron.
    pub fn method(&self, name: &str, settings: &[(&'static str, Value)], net: Net) -> Box<dyn Method> {
        let entry = find(name).unwrap();
        let pool = Arc::new(Pool::new(net.threads));
        let (encoding, exact) = (self.sim.spec().encoding, Arc::clone(&self.exact));
        let shared = Arc::clone(&pool);
        let network = move |heads: Heads, key: Key| -> Box<dyn Estimator> {
            match net.width {
                None => Box::new(table(exact.graph(), heads)),
                Some(width) => {
                    let config =
                        MlpConfig { width, depth: 2, activation: Activation::LeakyRelu, layer_norm: false };
                    Box::new(Mlp::new(&config, encoding, heads, Arc::clone(&shared), key).unwrap())
                }
            }
        };
        let arena = Arena {
            sim: self.sim.fork(),
            scorer: Scorer::new(Box::new(Native), Transform::plain(self.scale)),
            exact: Some(Arc::clone(&self.exact)),
            network: Box::new(network),
            pool,
            key: Key::new(net.seed),
        };
        (entry.build)(&with(entry.entry.fields, settings), arena).unwrap()
    }

    /// A method after `rounds` rounds, its policy, and what was spent.
    pub fn trained(
        &self,
        name: &str,
        settings: &[(&'static str, Value)],
        net: Net,
        rounds: u64,
    ) -> (Box<dyn Method>, ForwardPolicy, Spent) {
        let mut method = self.method(name, settings, net);
        let mut spent = Spent::default();
        for _ in 0..rounds {
            spent += method.round(&mut |_| ()).unwrap();
        }
        let policy = method.policy(&self.exact).unwrap();
        (method, policy, spent)
    }

    /// Total variation between where a policy ends and the distribution of these log-probabilities.
    pub fn tv(&self, policy: &ForwardPolicy, log_p: &[f64]) -> f64 {
        Divergence::between(log_p, &log_terminating(self.graph(), policy)).tv
    }

    /// The probabilities n(x) R(x) / Σ n R, where n(x) counts the trajectories to x; and that maximum-entropy
    /// reinforcement learning with log R at the end leads there, by dynamic programming.
    pub fn log_counted_target(&self) -> Vec<f64> {
        let (g, paths) = (self.graph(), log_trajectories(self.graph()));
        let log_nr: Vec<f64> = paths.iter().zip(self.exact.log_reward()).map(|(n, r)| n + r).collect();
        let log_z = log_sum_exp(log_nr.iter().copied());
        let target: Vec<f64> = log_nr.iter().map(|v| v - log_z).collect();
        // V(s) = log(R(s) + Σ exp V(s′)), where R is zero for states that are no objects.
        let mut value = vec![f64::NEG_INFINITY; g.n_states()];
        let mut policy = ForwardPolicy::uniform(g);
        for &s in g.order().iter().rev() {
            let s = s as usize;
            let own = self.exact.log_reward()[s];
            value[s] = log_sum_exp(g.out(s).map(|e| value[g.to(e)]).chain([own]));
            for e in g.out(s) {
                policy.edge[e] = value[g.to(e)] - value[s];
            }
            policy.stop[s] = own - value[s];
        }
        assert!(self.tv(&policy, &target) < 1e-12);
        assert!((value[g.source()] - log_z).abs() < 1e-9);
        target
    }
}

/// What is trained: a table, or a perceptron of two hidden layers of this width.
#[derive(Clone, Copy)]
pub struct Net {
    pub width: Option<usize>,
    pub threads: usize,
    pub seed: u64,
}

impl Net {
    pub const TABLE: Self = Self { width: None, threads: 1, seed: 1 };

    pub const fn mlp(width: usize) -> Self {
        Self { width: Some(width), ..Self::TABLE }
    }
}
