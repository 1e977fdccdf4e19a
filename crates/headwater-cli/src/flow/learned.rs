//! The flow that a run has learned, on the nodes and edges of the file's graph.

use std::path::Path;

use headwater_exact::{Flow, ForwardPolicy, log_sum_exp, log_terminating_after, log_visits};
use headwater_graph::Network;
use headwater_run::Problem;
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
        let states = states(&mut exact, network).map_err(other)?;
        let edges = edges(&exact, network, &states).map_err(other)?;
        let policies = exact.policies(&mut assembly.trainer.policy());
        let forward = ForwardPolicy {
            edge: edges.iter().map(|&e| policies.forward.edge[e]).collect(),
            stop: states.iter().map(|&s| policies.forward.stop[s]).collect(),
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
            edges.iter().map(|&e| policies.backward[e]).collect()
        } else {
            flow.edge.clone()
        };
        for v in 0..g.n_states() {
            let total = log_sum_exp(g.entering(v).iter().map(|&e| backward[e as usize]));
            g.entering(v).iter().for_each(|&e| backward[e as usize] -= total);
        }
        let log_p = log_terminating_after(g, &forward, &visits);
        Ok(Self { flow, backward, log_p, objective })
    }
}

/// The state of every node in the run's space.
fn states(exact: &mut Exact, network: &Network) -> Result<Vec<usize>, String> {
    let g = network.graph();
    if exact.graph().n_states() != g.n_states() || exact.graph().n_edges() != g.n_edges() {
        return Err(format!(
            "it has {} nodes and {} edges instead of {} and {}",
            exact.graph().n_states(),
            exact.graph().n_edges(),
            g.n_states(),
            g.n_edges()
        ));
    }
    let log_rewards = network.log_rewards();
    (0..g.n_states())
        .map(|v| {
            let name = network.name(v);
            let state = exact.graph_mut().find(name).ok().flatten();
            let state = state.ok_or_else(|| format!("it has no node `{name}`"))?;
            let (theirs, ours) = (exact.log_reward()[state], log_rewards[v]);
            if g.is_object(v) && theirs != ours && (theirs - ours).abs() > 1e-9 {
                return Err(format!("its reward of `{name}` is {} instead of {}", theirs.exp(), ours.exp()));
            }
            Ok(state)
        })
        .collect()
}

/// The edge of the run's space for every edge.
fn edges(exact: &Exact, network: &Network, states: &[usize]) -> Result<Vec<usize>, String> {
    let (theirs, ours) = (exact.graph(), network.graph());
    (0..ours.n_edges())
        .map(|e| {
            let (from, to) = (ours.from(e), ours.to(e));
            let found = theirs.out(states[from]).find(|&f| theirs.to(f) == states[to]);
            found.ok_or_else(|| {
                format!("it has no edge from `{}` to `{}`", network.name(from), network.name(to))
            })
        })
        .collect()
}
