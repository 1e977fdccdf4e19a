//! What is sampled is distributed as the policy says, and exploration alters acting alone.

use std::collections::HashMap;

use headwater_core::{Key, Stop};
use headwater_exact::{ForwardPolicy, Graph, log_terminating};
use headwater_train::{BackwardKind, Behaviour, Exact, Sample, Trainer, sample, sampled_l1};

use crate::support::{Plan, Problem, chi_square, grid, int, objective, problem, strings, text};

const DRAWS: usize = 30_000;

fn problems() -> [(Problem, BackwardKind); 4] {
    let wall = [("side", int(6)), ("wall", text("terminate"))];
    [
        (grid(2, 6), BackwardKind::Learned),
        (problem("hypergrid", &wall, "original", &[]), BackwardKind::Uniform),
        (strings(4), BackwardKind::MaxEnt),
        (
            problem("subsets", &[("n", int(6)), ("min_size", int(2))], "additive", &[]),
            BackwardKind::LearnedOwn,
        ),
    ]
}

fn draw(trainer: &mut Trainer, how: Behaviour, key: u64) -> Vec<Sample> {
    let mut samples = Vec::new();
    sample(&mut trainer.policy(), DRAWS, how, Key::new(key), &mut |s| samples.push(s)).unwrap();
    samples
}

/// How many standard deviations the samples are from the distribution `log_p` over states.
fn deviation(g: &Graph, samples: &[Sample], log_p: &[f64]) -> f64 {
    let mut states = HashMap::new();
    for s in g.objects() {
        states.insert(g.sim().text(s as u32), s);
    }
    let mut counts = vec![0; g.n_states()];
    samples.iter().for_each(|x| counts[states[&x.text]] += 1);
    chi_square(&counts, &log_p.iter().map(|p| p.exp()).collect::<Vec<_>>())
}

/// A policy away from uniform play and from its target.
fn half_trained(problem: &Problem, backward: BackwardKind) -> (Exact, Trainer) {
    let plan = Plan { backward, ..Plan::default() }.cosine(120, 0.01, 0.1);
    (problem.exact(), plan.trained(problem, objective("tb")))
}

/// The policy that raises the probabilities of `policy` to `power` and makes them sum to one again.
fn tempered(g: &Graph, policy: &ForwardPolicy, power: f64) -> ForwardPolicy {
    let mut warm = policy.clone();
    for s in 0..g.n_states() {
        let may_stop = g.stops()[s] == Stop::May;
        let all = policy.edge[g.out(s)].iter().copied().chain(may_stop.then_some(policy.stop[s]));
        let total = all.map(|p| (power * p).exp()).sum::<f64>().ln();
        g.out(s).for_each(|e| warm.edge[e] = power * policy.edge[e] - total);
        if may_stop {
            warm.stop[s] = power * policy.stop[s] - total;
        }
    }
    warm
}

/// χ² at fixed keys: a false alarm has probability below 1e-6 per comparison, of which there are 16.
#[test]
fn samples_follow_the_policy_and_exploration_its_own() {
    for (problem, backward) in problems() {
        let (exact, mut trainer) = half_trained(&problem, backward);
        let g = exact.graph();
        let own = exact.policies(&mut trainer.policy()).forward;
        let uniform = ForwardPolicy::uniform(g);
        let on = Behaviour::ON_POLICY;
        let cases = [
            ("the policy", on, own.clone()),
            ("uniform play", Behaviour { epsilon: 1.0, ..on }, uniform),
            ("hot", Behaviour { temperature: 2.5, ..on }, tempered(g, &own, 0.4)),
            ("cold", Behaviour { temperature: 0.5, ..on }, tempered(g, &own, 2.0)),
        ];
        for (k, (what, how, policy)) in cases.iter().enumerate() {
            let samples = draw(&mut trainer, *how, k as u64);
            let z = deviation(g, &samples, &log_terminating(g, policy));
            assert!(z < 5.0, "{}: {what}: {z} standard deviations", problem.sim.spec().name);
            // The test tells the cases apart.
            let (_, _, other) = &cases[(k + 1) % cases.len()];
            let z = deviation(g, &samples, &log_terminating(g, other));
            assert!(z > 5.0, "{}: {what} might be another: {z}", problem.sim.spec().name);
        }
    }
}

/// ε mixes choice by choice, so that in between the distribution is that of the mixed policy.
#[test]
fn a_little_exploration_mixes_every_choice() {
    let (exact, mut trainer) = half_trained(&grid(2, 6), BackwardKind::Uniform);
    let g = exact.graph();
    let own = exact.policies(&mut trainer.policy()).forward;
    let uniform = ForwardPolicy::uniform(g);
    let mix = |p: &[f64], q: &[f64]| -> Vec<f64> {
        p.iter().zip(q).map(|(p, q)| (0.7 * p.exp() + 0.3 * q.exp()).ln()).collect()
    };
    let mixed = ForwardPolicy { edge: mix(&own.edge, &uniform.edge), stop: mix(&own.stop, &uniform.stop) };
    let samples = draw(&mut trainer, Behaviour { epsilon: 0.3, temperature: 1.0 }, 9);
    let z = deviation(g, &samples, &log_terminating(g, &mixed));
    assert!(z < 5.0, "{z} standard deviations");
}

/// On a tree an object has one trajectory, whose probability a sample tells whatever the behaviour was.
#[test]
fn samples_tell_the_policys_own_probability() {
    let problem = problem("strings", &[("max_len", int(6)), ("min_len", int(0))], "motifs", &[]);
    let (mut exact, mut trainer) = half_trained(&problem, BackwardKind::Uniform);
    let own = exact.policies(&mut trainer.policy()).forward;
    let log_p = log_terminating(exact.graph(), &own);
    for how in [
        Behaviour::ON_POLICY,
        Behaviour { epsilon: 1.0, temperature: 1.0 },
        Behaviour { epsilon: 0.0, temperature: 3.0 },
    ] {
        for x in draw(&mut trainer, how, 2).iter().take(300) {
            let s = exact.graph_mut().find(&x.text).unwrap().unwrap();
            assert!((x.log_pf - log_p[s]).abs() < 1e-6, "{}: {} for {}", x.text, x.log_pf, log_p[s]);
            assert_eq!((x.log_pb, x.log_reward), (0.0, exact.log_reward()[s]));
        }
    }
}

/// The coldest temperature takes the likeliest edge, also where the powers of all probabilities vanish.
#[test]
fn the_coldest_temperature_is_greedy() {
    let problem =
        problem("subsets", &[("n", int(6)), ("min_size", int(3)), ("max_size", int(3))], "additive", &[]);
    let (exact, mut trainer) = half_trained(&problem, BackwardKind::Uniform);
    let g = exact.graph();
    let own = exact.policies(&mut trainer.policy()).forward;
    assert!(own.edge[g.out(0)].iter().all(|p| 1000.0 * p < f64::MIN_POSITIVE.ln()), "every power vanishes");
    let mut s = 0;
    while !g.out(s).is_empty() {
        s = g.to(g.out(s).max_by(|&d, &e| own.edge[d].total_cmp(&own.edge[e])).unwrap());
    }
    let greedy = g.sim().text(s as u32);
    let samples = draw(&mut trainer, Behaviour { epsilon: 0.0, temperature: 1e-3 }, 1);
    let hits = samples.iter().filter(|x| x.text == greedy).count();
    assert!(hits > DRAWS / 2, "{hits} of {DRAWS} are {greedy}");
}

/// A sample is a function of its key and its place: not of how many are drawn.
#[test]
fn shorter_samples_are_beginnings_of_longer_ones() {
    let (_, mut trainer) = half_trained(&strings(5), BackwardKind::Learned);
    let mut of = |n| {
        let mut samples = Vec::new();
        let how = Behaviour::ON_POLICY;
        sample(&mut trainer.policy(), n, how, Key::new(4), &mut |s| samples.push(s)).unwrap();
        samples
    };
    let long = of(1300);
    assert_eq!(long.len(), 1300);
    for n in [0, 1, 511, 512, 513, 1200] {
        assert_eq!(of(n), long[..n]);
    }
}

/// The sampled L1 of a trained policy is that of a perfect sampler; that of an untrained one is not. With 20000 draws
/// over 36 cells the L1 has a standard deviation of about a tenth of its mean.
#[test]
fn sampled_l1_approaches_that_of_a_perfect_sampler() {
    let problem = grid(2, 6);
    let exact = problem.exact();
    let plan = Plan::default().cosine(1000, 0.01, 0.1);
    let mut trainer = plan.trained(&problem, objective("tb"));
    let (l1, perfect) = sampled_l1(&mut trainer.policy(), &exact, 20_000, Key::new(1)).unwrap();
    assert!((l1 / perfect - 1.0).abs() < 0.6, "{l1} for {perfect}");
    let mut untrained = plan.trainer(&problem, objective("tb"));
    let (l1, perfect) = sampled_l1(&mut untrained.policy(), &exact, 20_000, Key::new(1)).unwrap();
    assert!(l1 > 5.0 * perfect, "{l1} for {perfect}");
}
