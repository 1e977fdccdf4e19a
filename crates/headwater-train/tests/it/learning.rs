//! Every objective learns every kind of environment that it can be trained on, to exact numbers.

use headwater_core::Regression;
use headwater_core::settings::{File, Value};
use headwater_objectives::{Capabilities, unmet};
use headwater_train::BackwardKind;

use crate::support::{Net, Plan, Problem, grid, int, objective, problem, strings, text};

const BACKWARD: [BackwardKind; 4] =
    [BackwardKind::Uniform, BackwardKind::Learned, BackwardKind::LearnedOwn, BackwardKind::MaxEnt];

/// A DAG in which every node is an object, with two ways to most.
const FULL_DAG: &str = r#"{"edges": [["s","a"], ["s","b"], ["a","c"], ["b","c"], ["b","d"], ["c","e"], ["d","e"], ["d","f"]],
    "rewards": {"s": 1, "a": 0.5, "b": 2, "c": 1, "d": 3, "e": 0.2, "f": 6}}"#;

/// Names and problems, as unlike as they come.
fn problems() -> Vec<(&'static str, Problem)> {
    let dag = |text: &str| {
        let file = File::new("dag.json", text);
        problem("dag", &[("graph", Value::File(file))], "given", &[])
    };
    let wall = [("dim", int(3)), ("side", int(4)), ("wall", text("terminate"))];
    vec![
        ("grid", grid(2, 6)),
        ("walled grid", problem("hypergrid", &wall, "cosine", &[])),
        ("strings", strings(4)),
        ("subsets", problem("subsets", &[("n", int(5))], "energies", &[])),
        ("full dag", dag(FULL_DAG)),
        ("toy dag", dag(include_str!("../../../../examples/toy.json"))),
        ("binary tree", problem("binary-tree", &[("depth", int(4))], "index", &[])),
    ]
}

/// Trains `name` on every problem that meets its needs, backward policies and regressions changing from one to the
/// next, `phase` apart; checks the result of each.
fn learns(name: &str, phase: usize) {
    let mut tried = 0;
    for (i, (env, problem)) in problems().into_iter().enumerate() {
        let exact = problem.exact();
        let g = exact.graph();
        let have = Capabilities {
            env,
            stop_everywhere: g.n_objects() == g.n_states(),
            reward: "reward",
            state_reward: problem.state_reward,
        };
        let needs = objective(name).needs();
        if !unmet(name, needs, &have).is_empty() {
            continue;
        }
        tried += 1;
        let nets: &[Net] = if i % 3 == phase % 3 { &[Net::Mlp(32), Net::Table] } else { &[Net::Mlp(32)] };
        for &net in nets {
            let backward = if needs.backward { BACKWARD[(i + phase) % 4] } else { BackwardKind::Uniform };
            let regression = Regression::ALL[(i + phase / 2) % 4];
            let lr = if net == Net::Table { 0.05 } else { 0.005 };
            let plan = Plan { net, backward, regression, ..Plan::default() };
            let plan = plan.cosine(1500, lr, 0.05).batch(64);
            let what = format!("{name} on {env} with {net:?}, {backward:?}, {regression:?}");
            let before = exact.evaluate(&mut plan.trainer(&problem, objective(name)).policy());
            assert!(before.divergence.tv > 0.1, "{what} has nothing to learn: {before:?}");
            let after = exact.evaluate(&mut plan.trained(&problem, objective(name)).policy());
            assert!(after.divergence.tv < 0.01, "{what}: {after:?}");
            assert!(
                (after.log_z_learned.unwrap_or(after.elbo) - after.log_z_true).abs() < 0.01,
                "{what}: {after:?}"
            );
            // The slack is the rounding of logits to single precision.
            assert!(after.elbo <= after.log_z_true + 1e-5, "{what}: {after:?}");
            assert!(after.eubo >= after.log_z_true - 1e-5, "{what}: {after:?}");
        }
    }
    assert!(tried >= 5, "{name} was trained on {tried} environments only");
}

macro_rules! learns {
    ($($test:ident: $name:literal, $phase:literal;)+) => {
        $(#[test]
        fn $test() {
            learns($name, $phase);
        })+

        #[test]
        fn every_objective_is_tried() {
            let names: Vec<&str> = headwater_objectives::registry().iter().map(|e| e.entry.name).collect();
            assert_eq!(names, [$($name),+]);
        }
    };
}

learns! {
    detailed_balance: "db", 0;
    forward_looking_detailed_balance: "fl-db", 1;
    forward_looking_subtrajectory_balance: "fl-subtb", 2;
    flow_matching: "fm", 3;
    modified_detailed_balance: "mdb", 4;
    subtrajectory_balance: "subtb", 5;
    trajectory_balance: "tb", 6;
    variance_of_log_partition: "vargrad", 7;
}

/// A guide changes where the policy starts, and not what it learns; a strong one is unlearned where it is wrong.
#[test]
fn guided_policies_learn_the_same_target() {
    for strength in [1.0, 3.0] {
        let ring = || problem("ising", &[("dim", int(1)), ("side", int(6))], "torus", &[]);
        let (unguided, mut problem) = (ring(), ring());
        problem.sim.guide_by(strength);
        let exact = problem.exact();
        for name in ["tb", "fl-db"] {
            let plan = Plan { net: Net::Mlp(32), ..Plan::default() }.cosine(4000, 0.005, 0.05).batch(64);
            let before = exact.evaluate(&mut plan.trainer(&problem, objective(name)).policy()).divergence.tv;
            let plain = exact.evaluate(&mut plan.trainer(&unguided, objective(name)).policy()).divergence.tv;
            assert!(
                strength > 1.0 || before < plain,
                "a guide of strength 1 helps: {before} against {plain}"
            );
            let after = exact.evaluate(&mut plan.trained(&problem, objective(name)).policy());
            assert!(after.divergence.tv < 0.01, "{name}, strength {strength}: {after:?}");
        }
    }
}
