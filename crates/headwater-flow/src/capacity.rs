//! Flows within capacities: whether there are any, the cheapest, and the most even.

use headwater_core::StateGraph;
use headwater_exact::flow;
use headwater_graph::Network;

use crate::Unsolvable;
use crate::cut::{Cut, MaxFlow, crossing, upstream};
use crate::lp;
use crate::paths::{Tree, carried_backward, cheapest, tree_backward};

/// How far over its capacity an edge may be, as a share of Z.
const TOLERANCE: f64 = 1e-9;

/// log P_B of a flow of least total cost within capacities, of which `tree` is one where there are none.
///
/// If the tree fits, it is the answer, exactly, whatever the range of rewards. Otherwise the flow is a vertex of the
/// linear program, which in double precision sees no rewards and capacities below about 1e-14 of Z: flows of less take a
/// cheapest path of edges that have some capacity.
///
/// # Errors
/// If no flow is within the capacities, or the program could not be solved.
pub fn cheapest_within(network: &Network, costs: &[f64], tree: &Tree) -> Result<Vec<f64>, Unsolvable> {
    let backward = tree_backward(network, tree);
    let Some(limits) = Limits::new(network) else { return Ok(backward) };
    if limits.hold(&backward, 1e-12) {
        return Ok(backward);
    }
    limits.check()?;
    limits.solve(costs, 1.0)
}

/// log P_B of the flow whose largest used share of a finite capacity is as small as can be; of these flows, one with
/// the least total flow. `None` if no edge has a capacity.
///
/// # Errors
/// If no flow is within the capacities, or the program could not be solved.
pub fn most_even(network: &Network) -> Option<Result<Vec<f64>, Unsolvable>> {
    let limits = Limits::new(network)?;
    let solved = limits.check().and_then(|()| {
        let costs = vec![1.0; network.graph().n_edges()];
        limits.solve(&costs, limits.least_share())
    });
    Some(solved)
}

/// A network's capacities, beside its rewards in one scale.
struct Limits<'a> {
    network: &'a Network,
    g: &'a StateGraph,
    /// As in the file.
    given: &'a [f64],
    /// Per node: R/Z.
    rewards: Vec<f64>,
    /// Per edge: the capacity over Z; infinite also where it is more than any flow by hundreds of orders of magnitude.
    capacities: Vec<f64>,
}

impl<'a> Limits<'a> {
    /// `None` if no edge has a capacity.
    fn new(network: &'a Network) -> Option<Self> {
        let given = network.attribute(headwater_graph::Attribute::Capacity)?;
        // In units of the largest reward, as the sum may be more than the largest number.
        let rewards = network.rewards().iter().map(|r| r.unwrap_or(0.0));
        let largest = rewards.clone().fold(0.0, f64::max);
        let z: f64 = rewards.clone().map(|r| r / largest).sum();
        let rewards = rewards.map(|r| r / largest / z).collect();
        let capacities = given.iter().map(|c| c / largest / z).collect();
        Some(Self { network, g: network.graph(), given, rewards, capacities })
    }

    /// Is the flow within the capacities, to a relative `slack` of each? In logarithms, so at any scale.
    fn hold(&self, backward: &[f64], slack: f64) -> bool {
        let flow = flow(self.g, &self.network.log_rewards(), backward);
        flow.edge.iter().zip(self.given).all(|(f, c)| *f <= c.ln() + slack)
    }

    /// # Errors
    /// With a cut if no flow is within the capacities.
    fn check(&self) -> Result<(), Unsolvable> {
        let cut = |behind: &[bool]| Err(Unsolvable::Cut(Cut::new(self.network, self.given, behind)));
        // Edges that carry nothing at all are in the way of the smallest reward.
        let open = |e: usize| self.given[e] > 0.0;
        let tree = cheapest(self.g, &self.open_costs(&vec![0.0; self.g.n_edges()]));
        let reached = |v: usize| v == self.g.source() || tree[v].is_some();
        let rewarded = |v: &usize| self.network.rewards()[*v] > Some(0.0);
        if let Some(v) = self.g.objects().filter(rewarded).find(|&v| !reached(v)) {
            return cut(&upstream(self.g, v, open));
        }
        let most = MaxFlow::new(self.g, &self.rewards, self.capacities.iter().copied());
        most.worst().map_or(Ok(()), |v| cut(&most.behind([v].into_iter())))
    }

    /// Costs by which edges without any capacity are closed.
    fn open_costs(&self, costs: &[f64]) -> Vec<f64> {
        costs.iter().zip(self.given).map(|(&cost, &c)| if c > 0.0 { cost } else { f64::INFINITY }).collect()
    }

    /// The least t for which some flow carries at most t times the capacity of every edge.
    ///
    /// It is the largest need over capacity of any cut, and found by Newton's method: a cut that is in the way of t
    /// has a larger ratio, which is the next t. Starting at 0 few steps are needed.
    fn least_share(&self) -> f64 {
        let mut t = 0.0;
        loop {
            let share = |&c: &f64| if c.is_finite() { c * t } else { c };
            let behind = MaxFlow::new(self.g, &self.rewards, self.capacities.iter().map(share)).all_behind();
            let carry: f64 = crossing(self.g, &behind).map(|e| self.capacities[e]).sum();
            let need: f64 = (0..behind.len()).filter(|&v| behind[v]).map(|v| self.rewards[v]).sum();
            // Where nothing is in the way both are zero; where only rounding is, the ratio grows no more.
            if need <= carry * t || need / carry <= t {
                return t.min(1.0);
            }
            t = need / carry;
        }
    }

    /// log P_B of the flow of least cost that uses at most the share `t` of finite capacities.
    fn solve(&self, costs: &[f64], t: f64) -> Result<Vec<f64>, Unsolvable> {
        let g = self.g;
        // With the room that the search for a cut leaves too.
        let bound = |&c: &f64| if c.is_finite() { c * t * (1.0 + 1e-12) } else { c };
        let bounds = Vec::from_iter(self.capacities.iter().map(bound));
        let mut weights = lp::least(g, &self.rewards, &bounds, costs)?;
        // Rounding is not to look like flow. All that goes together is at most a tenth of what is tolerated.
        let noise = (0.1 * TOLERANCE / g.n_edges() as f64).min(1e-14);
        weights.iter_mut().filter(|w| **w < noise).for_each(|w| *w = 0.0);
        let tree = cheapest(g, &self.open_costs(costs));
        for v in 0..g.n_states() {
            if let Some(e) = tree[v]
                && g.entering(v).iter().all(|&e| weights[e as usize] == 0.0)
            {
                weights[e as usize] = 1.0;
            }
        }
        let backward = carried_backward(self.network, &weights);
        let flow = flow(g, &self.network.log_rewards(), &backward);
        let over = |e: usize| (flow.edge[e] - flow.log_z).exp() - bounds[e];
        match (0..g.n_edges()).find(|&e| over(e) > TOLERANCE) {
            None => Ok(backward),
            Some(e) => {
                let (from, to) = (self.network.name(g.from(e)), self.network.name(g.to(e)));
                let over = over(e);
                let message =
                    format!("its flow of `{from}` → `{to}` is over the capacity by {over:.1e} of Z");
                Err(Unsolvable::Numerical(message))
            }
        }
    }
}
