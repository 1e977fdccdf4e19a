//! The flow that a run has learned, on the nodes and edges of the file's graph.

use std::path::Path;

use headwater_core::{RewardScale, StateGraph};
use headwater_exact::{Flow, ForwardPolicy, log_sum_exp, log_terminating_after, log_visits};
use headwater_graph::Network;
use headwater_rewards::Transform;
use headwater_run::Problem;
use headwater_run::task::native_transform;
use headwater_train::Exact;

use crate::door::load;
use crate::out::{Failure, fail};

/// What a run has learned of a network.
pub struct Learned {
    /// Flows of nodes, edges and stop edges: how often the learned policy passes, times the true Z.
    pub flow: Flow,
    /// Per edge: log P_B as the run has it; that of the learned flow itself if its objective has none.
    pub backward: Vec<f64>,
    /// Per node: log p(x).
    pub log_p: Vec<f64>,
    /// The objective, for people.
    pub objective: &'static str,
    /// The network with the rewards that the run has: those of the file, as its transform, floor and ceiling have them.
    pub network: Network,
}

impl Learned {
    /// Loads a run that was trained on this graph.
    pub fn load(run: &Path, network: &Network) -> Result<Self, Failure> {
        let (checked, mut assembly) = load(run)?;
        let other = |why: String| {
            let problem = Problem::new(format!("the run `{}` is not of this graph: {why}", run.display()));
            problem.hint("train on it first: `headwater train GRAPH`".to_owned())
        };
        if checked.kind("env") != "dag" {
            return Err(other(format!("its environment is `{}`", checked.kind("env"))).into());
        }
        let mut exact =
            assembly.exact.take().ok_or_else(|| fail("the run's graph is too large to evaluate exactly"))?;
        let native = native_transform(&checked);
        let log_rewards = log_rewards(native.unwrap_or(Transform::plain(RewardScale::Reward)), network);
        let network = network.clone().with_rewards(rewards(network, &log_rewards));
        // Only where the reward is that of the graph does it say which nodes are left out.
        let kept = if native.is_some() { network.clone().without_zeros() } else { network.clone() };
        let states = states(&mut exact, &network, &kept, &log_rewards).map_err(other)?;
        let edges = edges(&exact, &network, &states).map_err(other)?;
        let policies = exact.policies(&mut assembly.trainer.policy());
        // What the run left out is never visited.
        let log_p = |place: &Option<usize>, of: &[f64]| place.map_or(f64::NEG_INFINITY, |i| of[i]);
        let forward = ForwardPolicy {
            edge: edges.iter().map(|e| log_p(e, &policies.forward.edge)).collect(),
            stop: states.iter().map(|s| log_p(s, &policies.forward.stop)).collect(),
        };
        let g = network.graph();
        let visits = log_visits(g, &forward);
        let log_z = exact.log_z();
        let flow = Flow {
            state: visits.iter().map(|v| v + log_z).collect(),
            edge: (0..g.n_edges()).map(|e| visits[g.from(e)] + forward.edge[e] + log_z).collect(),
            stop: (0..g.n_states()).map(|v| visits[v] + forward.stop[v] + log_z).collect(),
            log_z,
        };
        let objective = checked.kind("objective");
        let entry = headwater_objectives::find(objective).expect("a run has a registered objective");
        let has_backward = (entry.build)(&checked.section("objective").values).needs().backward;
        // A network's probabilities are f32, and the flow of a policy needs those that sum to one.
        let mut backward: Vec<f64> = if has_backward {
            edges.iter().map(|e| log_p(e, &policies.backward)).collect()
        } else {
            flow.edge.clone()
        };
        for v in 0..g.n_states() {
            let total = log_sum_exp(g.entering(v).iter().map(|&e| backward[e as usize]));
            let uniform = -(g.entering(v).len() as f64).ln();
            for &e in g.entering(v) {
                let log_p = &mut backward[e as usize];
                // Where nothing ever comes, any choice among the parents will do.
                *log_p = if total == f64::NEG_INFINITY { uniform } else { *log_p - total };
            }
        }
        let log_p = log_terminating_after(g, &forward, &visits);
        Ok(Self { flow, backward, log_p, objective, network })
    }
}

/// Per node: log R of the file as the run's transform has it, −∞ for nodes without one.
fn log_rewards(transform: Transform, network: &Network) -> Vec<f64> {
    let log_reward = |r: &Option<f64>| r.and_then(|r| transform.log_reward(r).ok());
    network.rewards().iter().map(|r| log_reward(r).unwrap_or(f64::NEG_INFINITY)).collect()
}

/// The rewards with these logarithms; to the last bit those of the file where the run changes nothing.
fn rewards(network: &Network, log_rewards: &[f64]) -> Vec<Option<f64>> {
    let reward = |(r, &log_r): (&Option<f64>, &f64)| r.map(|r| if r.ln() == log_r { r } else { log_r.exp() });
    network.rewards().iter().zip(log_rewards).map(reward).collect()
}

/// The state of every node in the run's space, which has those of `kept`.
fn states(
    exact: &mut Exact,
    network: &Network,
    kept: &Network,
    log_rewards: &[f64],
) -> Result<Vec<Option<usize>>, String> {
    let g = network.graph();
    let have = |g: &StateGraph| (g.n_states(), g.n_edges());
    if have(exact.graph()) != have(kept.graph()) {
        let ((n, e), (nodes, edges)) = (have(exact.graph()), have(kept.graph()));
        return Err(format!("it has {n} nodes and {e} edges instead of {nodes} and {edges}"));
    }
    let state = |v: usize| {
        let name = network.name(v);
        if kept.names().find(name).is_none() {
            return Ok(None);
        }
        let state = exact.graph_mut().find(name).ok().flatten();
        let state = state.ok_or_else(|| format!("it has no node `{name}`"))?;
        let (theirs, ours) = (exact.log_reward()[state], log_rewards[v]);
        if g.is_object(v) && theirs != ours && (theirs - ours).abs() > 1e-9 {
            return Err(format!("its reward of `{name}` is {} instead of {}", theirs.exp(), ours.exp()));
        }
        Ok(Some(state))
    };
    (0..g.n_states()).map(state).collect()
}

/// The edge of the run's space for every edge; `None` for those to nodes that are not in it.
fn edges(exact: &Exact, network: &Network, states: &[Option<usize>]) -> Result<Vec<Option<usize>>, String> {
    let (theirs, ours) = (exact.graph(), network.graph());
    let edge = |e: usize| {
        let (from, to) = (ours.from(e), ours.to(e));
        let (Some(s), Some(t)) = (states[from], states[to]) else { return Ok(None) };
        let found = theirs.out(s).find(|&f| theirs.to(f) == t);
        let lacks = || format!("it has no edge from `{}` to `{}`", network.name(from), network.name(to));
        found.map(Some).ok_or_else(lacks)
    };
    (0..ours.n_edges()).map(edge).collect()
}
