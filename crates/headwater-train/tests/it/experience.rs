//! A batch that is looked at again: entropy, drift, and gradients of parameters against finite differences.

use std::sync::Arc;

use headwater_core::{BackwardHead, Estimator, Heads, Key, Needs, Simulator};
use headwater_nn::Pool;
use headwater_train::{Backward, Behaviour, Experience, Looks, PolicyView, Slopes, table};

use crate::support::{Plan, Problem, grid, problem};

const NEEDS: Needs = Needs {
    log_z: false,
    flow: true,
    backward: true,
    state_reward: false,
    stop_everywhere: false,
    inflow: false,
};

/// A linear function of everything that is looked at, with drawn coefficients.
fn loss(experience: &Experience, slopes: &mut Slopes) -> f64 {
    slopes.zero_like(experience);
    let rows = experience.rows();
    let mut sum = 0.0;
    for r in 0..rows.rows() {
        let parts = [
            (rows.logit[r], &mut slopes.rows.logit[r]),
            (rows.lse[r], &mut slopes.rows.lse[r]),
            (rows.log_flow[r], &mut slopes.rows.log_flow[r]),
            (experience.entropy()[r], &mut slopes.entropy[r]),
            (experience.drift()[r], &mut slopes.drift[r]),
        ];
        for (i, (value, slope)) in parts.into_iter().enumerate() {
            *slope = Key::new(7).fold(r as u64).fold(i as u64).normal();
            sum += *slope * value;
        }
    }
    sum
}

/// Adds numbers up to `size` to every parameter.
fn shake(net: &mut dyn Estimator, size: f64, key: Key) {
    net.update(&mut |p| {
        for (x, i) in p.data.iter_mut().zip(0..) {
            *x += (size * key.fold(i).normal()) as f32;
        }
    });
}

struct Case {
    sim: Box<dyn Simulator>,
    scorer: headwater_rewards::Scorer,
    pool: Arc<Pool>,
    experience: Experience,
}

impl Case {
    fn new(problem: &Problem, threads: usize) -> Self {
        let looks = Looks { needs: NEEDS, spread: true, gradients: true };
        Self {
            sim: problem.sim.fork(),
            scorer: problem.scorer(),
            pool: Arc::new(Pool::new(threads)),
            experience: Experience::new(problem.sim.spec(), looks),
        }
    }

    fn roll(&mut self, net: &dyn Estimator) {
        let mut view = PolicyView::new(&mut *self.sim, &mut self.scorer, net, &Backward::Uniform, &self.pool);
        self.experience.roll(&mut view, 0..64, Behaviour::ON_POLICY, Key::new(3)).unwrap();
    }

    fn refresh(&mut self, net: &dyn Estimator) {
        let view = PolicyView::new(&mut *self.sim, &mut self.scorer, net, &Backward::Uniform, &self.pool);
        self.experience.refresh(&view);
    }
}

#[test]
fn gradients_match_finite_differences() {
    let problem = grid(2, 4);
    let mut case = Case::new(&problem, 1);
    let heads = Heads::new(problem.sim.spec().n_actions, BackwardHead::None, true);
    let mut net = table(problem.exact().graph(), heads);
    shake(&mut net, 1.0, Key::new(1));
    case.roll(&net);
    assert!(case.experience.drift().iter().all(|d| d.abs() < 1e-6), "nothing has changed yet");
    shake(&mut net, 0.5, Key::new(2));
    case.refresh(&net);
    assert!(case.experience.drift().iter().any(|&d| d > 0.05));
    assert!(case.experience.drift().iter().all(|&d| d > -1e-6), "a divergence is not negative");
    assert!(case.experience.entropy().iter().all(|&h| h > -1e-6 && h < 3f64.ln() + 1e-6));
    let (mut slopes, mut scratch) = (Slopes::default(), Slopes::default());
    loss(&case.experience, &mut slopes);
    let mut grads = vec![0.0; net.params().data.len()];
    case.experience.differentiate(&mut net, &Backward::Uniform, &case.pool, &slopes, &mut grads);
    // Parameters are single precision: a wide step, and few digits.
    const STEP: f32 = 1.0 / 128.0;
    let mut tried = 0;
    for i in 0..grads.len() {
        let mut at = |d: f32| {
            let old = net.params().data[i];
            net.update(&mut |p| p.data[i] = old + d);
            case.refresh(&net);
            let loss = loss(&case.experience, &mut scratch);
            net.update(&mut |p| p.data[i] = old);
            loss
        };
        let difference = (at(STEP) - at(-STEP)) / f64::from(2.0 * STEP);
        let slope = f64::from(grads[i]);
        assert!((slope - difference).abs() < 2e-3 * (1.0 + slope.abs()), "{i}: {slope} {difference}");
        tried += usize::from(slope != 0.0);
    }
    assert!(tried > 30, "{tried} parameters mattered");
}

#[test]
fn looking_again_changes_nothing_and_threads_change_no_bit() {
    let problem = problem("strings", &[], "motifs", &[]);
    let run = |threads: usize| {
        let mut case = Case::new(&problem, threads);
        let mut net = Plan::default().estimator(&*problem.sim, NEEDS, &case.pool);
        case.roll(&*net);
        let rows = case.experience.rows().clone();
        case.refresh(&*net);
        assert_eq!(rows.logit, case.experience.rows().logit);
        assert_eq!(rows.lse, case.experience.rows().lse);
        shake(&mut *net, 0.1, Key::new(2));
        case.refresh(&*net);
        assert_ne!(rows.lse, case.experience.rows().lse);
        let mut slopes = Slopes::default();
        loss(&case.experience, &mut slopes);
        let mut grads = vec![0.0; net.params().data.len()];
        case.experience.differentiate(&mut *net, &Backward::Uniform, &case.pool, &slopes, &mut grads);
        grads.iter().map(|g| g.to_bits()).collect::<Vec<_>>()
    };
    assert!(run(1) == run(3));
}
