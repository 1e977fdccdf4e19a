//! Graphs with very many labels, and trajectories of very many steps: room and time grow with the graph.

use std::fmt::Write;

use headwater_core::settings::{File, Value};
use headwater_core::{BackwardHead, Heads};
use headwater_train::{BackwardKind, table};

use crate::support::{Net, Plan, Problem, bits, objective, problem};

/// A source with so many leaves, of which the i-th has the reward 1 + i mod 7.
fn star(leaves: usize) -> Problem {
    let (mut edges, mut rewards) = (String::new(), String::new());
    for i in 0..leaves {
        write!(edges, "[\"s\",\"{i}\"],").unwrap();
        write!(rewards, "\"{i}\":{},", 1 + i % 7).unwrap();
    }
    let cut = |s: &str| s.trim_end_matches(',').to_owned();
    let text = format!("{{\"edges\":[{}],\"rewards\":{{{}}}}}", cut(&edges), cut(&rewards));
    problem("dag", &[("graph", Value::File(File::new("star.json", text)))], "given", &[])
}

#[test]
fn a_table_is_as_large_as_its_graph() {
    let n = 20_000;
    let problem = star(n);
    let exact = problem.exact();
    assert_eq!((exact.graph().n_states(), problem.sim.spec().n_actions), (n + 1, n));
    let size = |backward, flow| {
        let net = table(exact.graph(), Heads::new(n, backward, flow));
        headwater_core::Estimator::params(&net).data.len()
    };
    // An entry per edge seen from its source and one per stop edge; a flow per state, an entry per edge seen from its end.
    assert_eq!(size(BackwardHead::None, false), 2 * n);
    assert_eq!(size(BackwardHead::Shared, true), 2 * n + n + 1 + n);
    // It is trained and evaluated like any other.
    let plan = Plan { net: Net::Table, ..Plan::default() }.batch(16);
    let mut trainer = plan.trainer(&problem, objective("tb"));
    let before = exact.evaluate(&mut trainer.policy()).divergence.tv;
    trainer.step().unwrap();
    let after = exact.evaluate(&mut trainer.policy()).divergence.tv;
    assert!(before.is_finite() && after.is_finite() && before != after);
}

/// A table has the outputs that it had when every row was as wide as all labels, and learns them all the same.
#[test]
fn a_table_learns_every_kind_of_output() {
    let problem = problem("subsets", &[("n", crate::support::int(4))], "energies", &[]);
    let exact = problem.exact();
    for (name, backward) in
        [("subtb", BackwardKind::Learned), ("fm", BackwardKind::Uniform), ("db", BackwardKind::LearnedOwn)]
    {
        let plan = Plan { net: Net::Table, backward, ..Plan::default() }.cosine(800, 0.05, 0.1);
        let mut trainer = plan.trained(&problem, objective(name));
        let tv = exact.evaluate(&mut trainer.policy()).divergence.tv;
        assert!(tv < 0.02, "{name}: {tv}");
        let state = trainer.state();
        assert_eq!(bits(&state).0.len(), 3 * state.params.data.len());
    }
}

/// `subtb` on trajectories of 4,000 steps: one update, which took minutes when each piece was looked at.
#[test]
fn sub_trajectories_of_long_chains_are_summed_in_linear_time() {
    let n = 4000;
    let edges: Vec<String> = (0..n).map(|i| format!("[\"{i}\",\"{}\"]", i + 1)).collect();
    let text = format!("{{\"edges\":[{}],\"rewards\":{{\"{n}\":2}}}}", edges.join(","));
    let problem = problem("dag", &[("graph", Value::File(File::new("chain.json", text)))], "given", &[]);
    for regression in headwater_core::Regression::ALL {
        let plan = Plan { net: Net::Table, regression, ..Plan::default() }.batch(16);
        let mut trainer = plan.trainer(&problem, objective("subtb"));
        let report = trainer.step().unwrap();
        assert_eq!(report.transitions, 16 * n);
        assert!(report.loss.is_finite());
    }
}
