//! Fixed points: at an exact flow every objective vanishes, and it notices every departure from it.

use std::slice::{from_mut, from_ref};

use headwater_core::settings::defaults;
use headwater_core::{Grads, Key, LossReport, Needs, Objective, Regression, Scored, Stop};
use headwater_exact::{Flow, Graph, flow, log_sum_exp, maxent_backward, uniform_backward};
use headwater_objectives::{Capabilities, registry, unmet};

/// Largest residual, in nats, and gradient that count as zero. The sums have some ten terms of at most some hundred
/// nats, so rounding leaves about 1e-12; a missing or wrong term is larger than 1e-3.
const TOLERANCE: f64 = 1e-9;

/// Least mean loss that counts as noticed, when one number is wrong by one nat. Rounding alone gives 1e-24.
const NOTICED: f64 = 1e-9;

/// Trajectories in a batch. Finite differences take the first few of them.
const WALKS: u64 = 24;

/// Half the width of a finite difference: rounding and curvature then each cost less than 1e-8 of the loss.
const STEP: f64 = 1e-5;

/// Checks every registered objective, with its default settings, at exact flows of a graph.
///
/// `log_reward` has one value per state, finite for objects; the others are ignored. Objectives whose needs the graph
/// cannot meet are passed over.
///
/// # Errors
/// The first failure of [`check_objective`], or why no flow exists to check at.
pub fn check(g: &Graph, log_reward: &[f64]) -> Result<(), String> {
    for entry in registry() {
        let values = defaults(entry.entry.fields).map_err(|field| format!("`{field}` has no default"))?;
        let objective = (entry.build)(&values);
        check_objective(g, log_reward, entry.entry.name, &*objective)?;
    }
    Ok(())
}

/// Checks one objective at the exact flows of three backward policies: uniform, of maximum entropy, and random.
///
/// With every regression loss: loss and gradient vanish at the flow, whatever constant is added to all logits of a state
/// (but for flow matching, whose logits are flows), and whatever reward unfinished states are given; away from the
/// flow the gradient matches finite differences. A wrong reward or edge is noticed. Fields that the objective does not
/// need hold NaN, so that it must not read them.
///
/// # Errors
/// If one of these does not hold, or an object has a reward of zero.
pub fn check_objective(
    g: &Graph,
    log_reward: &[f64],
    name: &str,
    objective: &dyn Objective,
) -> Result<(), String> {
    if let Some(s) = g.objects().find(|&s| !log_reward[s].is_finite()) {
        let text = g.sim().text(s as u32);
        return Err(format!(
            "object `{text}` has log reward `{}`; fixed points need finite ones",
            log_reward[s]
        ));
    }
    let needs = objective.needs();
    let stop_everywhere = g.objects().count() == g.n_states();
    let have = Capabilities { env: "", stop_everywhere, reward: "", state_reward: true };
    if !unmet(name, needs, &have).is_empty() {
        return Ok(());
    }
    let key = Key::new(20);
    let backwards = [
        ("uniform", uniform_backward(g)),
        ("maxent", maxent_backward(g)),
        ("random", random_backward(g, key.fold(0))),
    ];
    let walks = Vec::from_iter((0..WALKS).map(|i| walk(g, key.fold(1).fold(i))));
    for (backward, log_pb) in backwards {
        let exact = Exact::new(g, log_reward, log_pb, key.fold(2));
        let at = |e: String| format!("`{name}` at the exact flow of the {backward} backward policy: {e}");
        exact.vanishes(objective, &walks).map_err(at)?;
        exact.notices(objective, &walks).map_err(at)?;
        let mut rows = exact.rows(needs, &walks[..4], Wrong::Nothing);
        scatter(&mut rows, key.fold(3));
        for g in Regression::ALL {
            gradients(objective, g, &rows).map_err(|e| format!("`{name}` with `{}`: {e}", g.name()))?;
        }
    }
    Ok(())
}

/// Checks every entry of an objective's gradient against a central finite difference.
///
/// Entries of `rows` that are not finite stand for what the objective must not read: their gradient must be zero.
///
/// # Errors
/// If an entry differs by more than 1e-7 of the loss (at least of 1), or the loss is not finite.
pub fn gradients(objective: &dyn Objective, g: Regression, rows: &Scored) -> Result<(), String> {
    let (report, grads) = evaluate(objective, g, rows);
    if !report.loss.is_finite() {
        return Err(format!("the loss is `{}` at finite rows", report.loss));
    }
    type Access = fn(&mut Scored) -> &mut [f64];
    let fields: [(&str, Access, &[f64]); 7] = [
        ("logit", |s| &mut s.logit, &grads.logit),
        ("lse", |s| &mut s.lse, &grads.lse),
        ("log_pb", |s| &mut s.log_pb, &grads.log_pb),
        ("log_flow", |s| &mut s.log_flow, &grads.log_flow),
        ("stop_logit", |s| &mut s.stop_logit, &grads.stop_logit),
        ("inflow", |s| &mut s.inflow.logit, &grads.inflow),
        ("log_z", |s| from_mut(&mut s.log_z), from_ref(&grads.log_z)),
    ];
    let mut moved = rows.clone();
    for (field, access, gradient) in fields {
        for (i, &gradient) in gradient.iter().enumerate() {
            let x = access(&mut moved)[i];
            let mut loss_at = |x: f64| {
                access(&mut moved)[i] = x;
                evaluate(objective, g, &moved).0.loss
            };
            let slope =
                if x.is_finite() { (loss_at(x + STEP) - loss_at(x - STEP)) / (2.0 * STEP) } else { 0.0 };
            access(&mut moved)[i] = x;
            // Written so that a gradient that is not a number fails.
            let agrees = (gradient - slope).abs() <= 1e-7 * report.loss.max(1.0);
            if !agrees {
                return Err(format!(
                    "the gradient of `{field}[{i}]` is `{gradient}`, by finite differences `{slope}`"
                ));
            }
        }
    }
    Ok(())
}

/// The number that is wrong by one nat in otherwise exact rows.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    /// The reward of an object.
    Reward(usize),
    /// The flow along an edge.
    Edge(usize),
}

/// An exact flow, and what else rows are made from.
struct Exact<'a> {
    g: &'a Graph,
    flow: Flow,
    log_pb: Vec<f64>,
    /// Per state, the unfinished ones included.
    log_reward: Vec<f64>,
    /// Per state: what a policy adds to all of its logits.
    shift: Vec<f64>,
}

impl<'a> Exact<'a> {
    fn new(g: &'a Graph, log_reward: &[f64], log_pb: Vec<f64>, key: Key) -> Self {
        let invented = |s: usize| key.fold(0).fold(s as u64).normal();
        let states = 0..g.n_states();
        Self {
            g,
            flow: flow(g, log_reward, &log_pb),
            log_pb,
            log_reward: states
                .clone()
                .map(|s| if g.is_object(s) { log_reward[s] } else { invented(s) })
                .collect(),
            shift: states.map(|s| 3.0 * key.fold(1).fold(s as u64).normal()).collect(),
        }
    }

    /// Loss and gradient are zero up to rounding.
    fn vanishes(&self, objective: &dyn Objective, walks: &[Walk]) -> Result<(), String> {
        let rows = self.rows(objective.needs(), walks, Wrong::Nothing);
        for g in Regression::ALL {
            let (report, grads) = evaluate(objective, g, &rows);
            let Grads { logit, lse, log_pb, log_flow, stop_logit, inflow, log_z } = &grads;
            let gradient = [logit, lse, log_pb, log_flow, stop_logit, inflow, &vec![*log_z]];
            let (loss, residual) = (report.loss, report.residual_rms);
            // Written so that numbers that are not fail.
            let zero = loss <= TOLERANCE * TOLERANCE
                && residual <= TOLERANCE
                && gradient.into_iter().flatten().all(|d| d.abs() <= TOLERANCE);
            if !zero {
                return Err(format!(
                    "loss `{loss}` with `{}`, residual `{residual}`; expected zero",
                    g.name()
                ));
            }
        }
        Ok(())
    }

    /// A wrong reward or edge of some trajectories, but not of all, has a loss.
    ///
    /// What is common to all trajectories may pass for another log Z.
    fn notices(&self, objective: &dyn Objective, walks: &[Walk]) -> Result<(), String> {
        let g = self.g;
        let ends = walks.iter().filter(|w| !w.is_empty()).map(|w| Wrong::Reward(end(g, w)));
        for wrong in walks.iter().flatten().map(|&e| Wrong::Edge(e)).chain(ends) {
            let shares = |w: &Walk| match wrong {
                Wrong::Edge(e) => w.contains(&e),
                Wrong::Reward(x) => end(g, w) == x,
                Wrong::Nothing => false,
            };
            if walks.iter().all(shares) {
                continue;
            }
            let rows = self.rows(objective.needs(), walks, wrong);
            let (report, _) = evaluate(objective, Regression::Squared, &rows);
            if report.loss < NOTICED {
                let text = |s: usize| g.sim().text(s as u32);
                let what = match wrong {
                    Wrong::Edge(e) => format!("the edge `{}` to `{}`", text(g.from(e)), text(g.to(e))),
                    Wrong::Reward(x) => format!("the reward of `{}`", text(x)),
                    Wrong::Nothing => "nothing".to_owned(),
                };
                return Err(format!("{what} is wrong by one nat, and the loss is `{}`", report.loss));
            }
        }
        Ok(())
    }

    /// The rows of `walks`, with NaN in place of what `needs` does not ask for.
    fn rows(&self, needs: Needs, walks: &[Walk], wrong: Wrong) -> Scored {
        let Self { g, flow, .. } = self;
        let given = |asked: bool, value: f64| if asked { value } else { f64::NAN };
        let log_edge = |e: usize| flow.edge[e] + f64::from(wrong == Wrong::Edge(e));
        let log_reward = |s: usize| self.log_reward[s] + f64::from(wrong == Wrong::Reward(s));
        let shift = |s: usize| if needs.inflow { 0.0 } else { self.shift[s] };
        // The only objectives that need both are forward-looking: their flows are relative to the state's reward.
        let known = |s: usize| if needs.flow && needs.state_reward { self.log_reward[s] } else { 0.0 };
        let mut rows = Scored { log_z: given(needs.log_z, flow.log_z), ..Scored::default() };
        rows.offsets.push(0);
        rows.inflow.offsets.push(0);
        for walk in walks {
            let x = end(g, walk);
            let complete = g.stops()[x] == Stop::Must;
            for e in walk.iter().copied().map(Some).chain((!complete).then_some(None)) {
                let s = e.map_or(x, |e| g.from(e));
                rows.logit.push(e.map_or(flow.stop[s], log_edge) + shift(s));
                rows.lse.push(flow.state[s] + shift(s));
                rows.log_pb.push(given(needs.backward, e.map_or(0.0, |e| self.log_pb[e])));
                rows.log_flow.push(given(needs.flow, flow.state[s] - known(s)));
                rows.stop_logit.push(flow.stop[s] + shift(s));
                rows.state_log_reward.push(given(needs.state_reward, log_reward(s)));
                if let Some(e) = e.filter(|_| needs.inflow) {
                    rows.inflow.logit.extend(g.entering(g.to(e)).iter().map(|&e| log_edge(e as usize)));
                }
                rows.inflow.offsets.push(rows.inflow.logit.len() as u32);
            }
            rows.offsets.push(rows.logit.len() as u32);
            rows.log_reward.push(log_reward(x));
            rows.complete.push(complete);
        }
        rows
    }
}

/// A trajectory: the edges that it takes before it stops.
type Walk = Vec<usize>;

/// A trajectory that takes every way on, stopping included, with equal probability.
fn walk(g: &Graph, key: Key) -> Walk {
    let mut edges = Walk::new();
    loop {
        let s = end(g, &edges);
        let out = g.out(s);
        let ways = out.len() + usize::from(g.stops()[s] == Stop::May);
        // A state without a way on is complete.
        let way = if ways == 0 { 0 } else { key.fold(edges.len() as u64).below(ways as u32) as usize };
        if way == out.len() {
            return edges;
        }
        edges.push(out.start + way);
    }
}

/// The state in which a trajectory ends.
fn end(g: &Graph, walk: &Walk) -> usize {
    walk.last().map_or(0, |&e| g.to(e))
}

/// A backward policy with normally distributed logits.
fn random_backward(g: &Graph, key: Key) -> Vec<f64> {
    let logit = |e: usize| key.fold(e as u64).normal();
    let total = |s: usize| log_sum_exp(g.entering(s).iter().map(|&e| logit(e as usize)));
    (0..g.n_edges()).map(|e| logit(e) - total(g.to(e))).collect()
}

/// Moves every number that an objective may read, so that no residual is zero.
fn scatter(rows: &mut Scored, key: Key) {
    let Scored {
        logit, lse, log_pb, log_flow, stop_logit, state_log_reward, log_reward, log_z, inflow, ..
    } = rows;
    let fields = [logit, lse, log_pb, log_flow, stop_logit, state_log_reward, log_reward, &mut inflow.logit];
    for (i, x) in fields.into_iter().flatten().chain([log_z]).enumerate() {
        *x += 0.5 * key.fold(i as u64).normal();
    }
}

fn evaluate(objective: &dyn Objective, g: Regression, rows: &Scored) -> (LossReport, Grads) {
    let mut grads = Grads::default();
    grads.zero_like(rows);
    (objective.loss(rows, g, &mut grads), grads)
}

#[cfg(test)]
mod tests;
