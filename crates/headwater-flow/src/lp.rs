//! The linear program of flows within capacities.

use headwater_core::StateGraph;
use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, SolveOutcome, Variable};

use crate::Unsolvable;

/// Z, and the largest cost, in the units of the program. Its solver lets rows, bounds and reduced costs be off by 1e-10,
/// which are 1e-15 of this.
const UNIT: f64 = (1u64 << 17) as f64;

/// The least number that the solver is told of, as a share of Z.
const LEAST: f64 = 1e-16;

/// Flows of edges that conserve flow, pay every demand, keep to the bounds and have the least total of cost times flow.
///
/// All are shares of Z: the demand of a node is its reward, and bounds may be infinite. The flows are a vertex: edges
/// that are neither empty nor full form a forest. They are exact to about 1e-15, so that a demand or a bound below
/// that may as well not be there; edges with the bound 0 carry nothing. Costs are told apart to about 1e-14 of the largest.
///
/// The rows are those of a network, with coefficients of one, and so the program is well scaled and its vertices come
/// out without error but that of adding up demands.
///
/// # Errors
/// If the solver gives up or takes the program to have no solution.
pub fn least(g: &StateGraph, demand: &[f64], bounds: &[f64], costs: &[f64]) -> Result<Vec<f64>, Unsolvable> {
    // Nodes behind which something is demanded, over edges that are open.
    let mut wanted = vec![false; g.n_states()];
    for &v in g.order().iter().rev() {
        let v = v as usize;
        wanted[v] = demand[v] > LEAST || g.out(v).any(|e| bounds[e] > 0.0 && wanted[g.to(e)]);
    }
    let largest = costs.iter().map(|c| c.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let mut rows: Vec<Vec<(Variable, f64)>> = vec![Vec::new(); g.n_states()];
    let mut variables = Vec::new();
    for e in (0..g.n_edges()).filter(|&e| bounds[e] > 0.0 && wanted[g.to(e)]) {
        let bound = if bounds[e] < 1.0 { bounds[e].max(LEAST) * UNIT } else { f64::INFINITY };
        let x = problem.add_var(costs[e] / largest * UNIT, (0.0, bound));
        rows[g.from(e)].push((x, -1.0));
        rows[g.to(e)].push((x, 1.0));
        variables.push((e, x));
    }
    // The source's row follows from the others.
    rows[g.source()].clear();
    for (row, &demand) in rows.into_iter().zip(demand).filter(|(row, _)| !row.is_empty()) {
        let demand = if demand > LEAST { demand * UNIT } else { 0.0 };
        problem.add_constraint(row, ComparisonOp::Eq, demand);
    }
    let mut options = SolveOptions::default();
    options.tolerances.feasibility = 1e-10;
    let solution = match problem.solve_with(options) {
        Ok(SolveOutcome::Solution(solution)) => solution,
        Ok(SolveOutcome::Interrupted(_)) => return Err(Unsolvable::Numerical("interrupted".to_owned())),
        Err(error) => return Err(Unsolvable::Numerical(error.to_string())),
    };
    let mut flows = vec![0.0; g.n_edges()];
    variables.iter().for_each(|&(e, x)| flows[e] = (solution.var_value(x) / UNIT).max(0.0));
    Ok(flows)
}
