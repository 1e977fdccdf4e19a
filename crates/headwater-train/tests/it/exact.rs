//! Exact evaluation against known flows and against sums over all trajectories.

use std::sync::Arc;

use headwater_core::{Action, BitMatrix, Simulator, Stop};
use headwater_exact::{flow, maxent_backward, uniform_backward};
use headwater_nn::Pool;
use headwater_train::{BackwardKind, Exact, Trainer};

use crate::support::{Net, Plan, Problem, grid, int, objective, problem, strings, text};

fn problems() -> Vec<Problem> {
    let wall = [("dim", int(3)), ("side", int(4)), ("wall", text("terminate"))];
    let subsets = [("n", int(6)), ("min_size", int(2)), ("max_size", int(4))];
    let small = headwater_envs::find("dag").unwrap();
    let dags = small.small().into_iter().map(|sim| Problem {
        sim,
        scale: small.rewards[0].scale,
        state_reward: small.rewards[0].covers_unfinished,
    });
    [
        grid(2, 6),
        problem("hypergrid", &wall, "original", &[]),
        strings(4),
        problem("subsets", &subsets, "energies", &[]),
        problem("binary-tree", &[], "index", &[]),
    ]
    .into_iter()
    .chain(dags)
    .collect()
}

/// Writes the flow of the problem's reward and of P_B into the trainer's table: logits that are log edge flows less
/// `offset`, log F(s) less `offset` in the flow head, and backward logits that are log P_B.
fn fill(
    trainer: &mut Trainer,
    exact: &Exact,
    log_pb: &[f64],
    offset: f64,
    plan: &Plan,
    needs: headwater_core::Needs,
) {
    let g = exact.graph();
    let flow = flow(g, exact.log_reward(), log_pb);
    let heads = plan.estimator(g.sim(), needs, &Arc::new(Pool::new(1))).heads();
    let mut state = trainer.state();
    // A table's rows have the edges that leave a state, its stop edge, its flow and the edges that enter it, by label.
    let mut entries = Vec::new();
    for s in 0..g.n_states() {
        entries.extend(g.out(s).map(|e| flow.edge[e] - offset));
        entries.extend(g.is_object(s).then(|| flow.stop[s] - offset));
        entries.extend(heads.flow.map(|_| flow.state[s] - offset));
        if heads.backward.is_some() {
            let mut entering: Vec<usize> = g.entering(s).iter().map(|&e| e as usize).collect();
            entering.sort_by_key(|&e| g.action(e));
            entries.extend(entering.into_iter().map(|e| log_pb[e] - 0.75));
        }
    }
    let entries: Vec<f32> = entries.into_iter().map(|x| x as f32).collect();
    state.params.data.copy_from_slice(&entries);
    trainer.restore(state).unwrap();
}

#[test]
fn the_exact_flow_is_perfect() {
    for problem in problems() {
        for backward in [BackwardKind::Uniform, BackwardKind::MaxEnt, BackwardKind::Learned] {
            for name in ["tb", "db", "fm", "vargrad"] {
                let exact = problem.exact();
                let g = exact.graph();
                let offset = 0.5;
                let log_z = if name == "tb" { exact.log_z() } else { offset };
                let plan = Plan { net: Net::Table, backward, ..Plan::default() }.log_z(log_z);
                let needs = objective(name).needs();
                let mut trainer = plan.trainer(&problem, objective(name));
                // A learned P_B may be any: here that of maximum entropy.
                let log_pb =
                    if backward == BackwardKind::Uniform { uniform_backward(g) } else { maxent_backward(g) };
                fill(&mut trainer, &exact, &log_pb, offset, &plan, needs);
                let report = exact.evaluate(&mut trainer.policy());
                let what = format!("{name} on {} with {backward:?}: {report:?}", problem.sim.spec().name);
                // Single precision of logits, over trajectories of some ten edges.
                assert!(report.divergence.tv < 1e-6, "{what}");
                assert_eq!(report.log_z_learned.is_none(), name == "vargrad", "{what}");
                let learned = report.log_z_learned.unwrap_or(report.elbo);
                for estimate in [learned, report.log_z_true, report.elbo, report.eubo] {
                    assert!((estimate - exact.log_z()).abs() < 1e-5, "{what}");
                }
                assert!((report.mean_reward_ratio - 1.0).abs() < 1e-6, "{what}");
                assert!(report.pearson.is_none_or(|r| r > 1.0 - 1e-9), "{what}");
                let policies = exact.policies(&mut trainer.policy());
                let (_, errors) = exact.flow_errors(&policies);
                assert!(errors.iter().all(|&e| e < 1e-6), "{what}");
                // At the exact flow there is nothing to learn either.
                let step = trainer.step().unwrap();
                assert!(step.residual_rms < 1e-5, "{what}: {step:?}");
            }
        }
    }
}

/// Sums over every trajectory of uniform play, made with the simulator alone.
#[derive(Default)]
struct Brute {
    /// Objects by text: their number of trajectories, log R, and probability under uniform play.
    objects: std::collections::BTreeMap<String, (u64, f64, f64)>,
    /// Per trajectory: its object, log P_F and log P_B.
    trajectories: Vec<(String, f64, f64)>,
}

impl Brute {
    fn new(problem: &Problem) -> Self {
        let mut brute = Self::default();
        let mut sim = problem.sim.fork();
        sim.reset(1);
        brute.walk(&mut *sim, problem, 0.0, 0.0);
        brute
    }

    fn walk(&mut self, sim: &mut dyn Simulator, problem: &Problem, log_pf: f64, log_pb: f64) {
        let mut masks = BitMatrix::new(1, sim.spec().n_actions);
        sim.forward_masks(&[0], &mut masks, 0);
        let mut stop = [Stop::Never];
        sim.stops(&[0], &mut stop);
        let may_stop = stop[0] != Stop::Never;
        let choices = f64::from(masks.count(0)) + f64::from(u8::from(may_stop));
        let log_p = log_pf - choices.ln();
        if may_stop {
            let mut log_reward = [0.0];
            problem.scorer().log_reward(&*sim, &[0], &mut log_reward).unwrap();
            let entry = self.objects.entry(sim.text(0)).or_insert((0, log_reward[0], 0.0));
            entry.0 += 1;
            entry.2 += log_p.exp();
            self.trajectories.push((sim.text(0), log_p, log_pb));
        }
        for a in masks.ones(0) {
            let a = Action(a as u32);
            sim.step(&[0], &[a]);
            let mut back = BitMatrix::new(1, sim.spec().n_actions);
            sim.backward_masks(&[0], &mut back, 0);
            self.walk(sim, problem, log_p, log_pb - f64::from(back.count(0)).ln());
            sim.unstep(&[0], &[a]);
        }
    }
}

#[test]
fn uniform_play_is_what_brute_force_says() {
    for problem in problems() {
        let exact = problem.exact();
        let mut trainer = Plan { net: Net::Table, ..Plan::default() }.trainer(&problem, objective("tb"));
        let report = exact.evaluate(&mut trainer.policy());
        let brute = Brute::new(&problem);
        let objects = &brute.objects;
        let z: f64 = objects.values().map(|x| x.1.exp()).sum();
        let expected_log_weight = |under_target: bool| -> f64 {
            let term = |(text, log_pf, log_pb): &(String, f64, f64)| {
                let log_reward = objects[text].1;
                let p = if under_target { log_reward.exp() / z * log_pb.exp() } else { log_pf.exp() };
                p * (log_reward + log_pb - log_pf)
            };
            brute.trajectories.iter().map(term).sum()
        };
        let target = |x: &(u64, f64, f64)| x.1.exp() / z;
        let kl: f64 = objects.values().map(|x| target(x) * (target(x) / x.2).ln()).sum();
        let reverse: f64 = objects.values().map(|x| x.2 * (x.2 / target(x)).ln()).sum();
        let mean =
            |p: &dyn Fn(&(u64, f64, f64)) -> f64| -> f64 { objects.values().map(|x| p(x) * x.1.exp()).sum() };
        let pairs: Vec<(f64, f64)> = objects.values().map(|x| (x.2.ln(), x.1)).collect();
        let what = problem.sim.spec().name.clone();
        for (name, got, want) in [
            ("tv", report.divergence.tv, objects.values().map(|x| 0.5 * (x.2 - target(x)).abs()).sum()),
            ("KL", report.divergence.kl_target_model, kl),
            ("reverse KL", report.divergence.kl_model_target, reverse),
            ("log Z", report.log_z_true, z.ln()),
            ("ELBO", report.elbo, expected_log_weight(false)),
            ("EUBO", report.eubo, expected_log_weight(true)),
            ("mean reward", report.mean_reward_ratio, mean(&|x| x.2) / mean(&target)),
            (
                "Pearson",
                report.pearson.unwrap_or(f64::NAN),
                headwater_train::pearson(&pairs).unwrap_or(f64::NAN),
            ),
        ] {
            // Where uniform play makes all objects equally likely, there is no correlation.
            let same = (got - want).abs() < 1e-9 * (1.0 + want.abs()) || got.is_nan() && want.is_nan();
            assert!(same, "{name} of {what}: {got}, brute force {want}");
        }
    }
}

#[test]
fn modes_are_counted_from_the_exact_maximum() {
    let exact = grid(2, 8).exact();
    // The four cells of reward 2.6, with slack for rounding; the plateaus have 0.6.
    assert_eq!(exact.n_modes(exact.mode_log_reward(1.0)), 4);
    assert_eq!(exact.n_modes(exact.mode_log_reward(0.9)), 4);
    assert_eq!(exact.n_modes(exact.mode_log_reward(0.6 / 2.6)), 16);
    assert_eq!(exact.n_modes(exact.mode_log_reward(1e-3)), 64);
}
