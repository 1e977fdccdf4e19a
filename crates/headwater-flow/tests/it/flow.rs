//! The flows of backward policies that the file or the graph gives: validity, samples, entropy, residuals.

use headwater_core::Key;
use headwater_exact::{log_sum_exp, log_terminating};
use headwater_flow::{Choice, Equation, Sampler, Solution, Unsolvable, residuals, soft_rl};
use headwater_graph::{Attribute, Network};

use crate::random::{dag, small, wide};
use crate::reference::trajectories;
use crate::{assert_valid, carried, close, network, node, random, solve, with};

const CHOICES: [Choice; 3] = [Choice::Uniform, Choice::MaxEnt, Choice::Given];

fn weighted(n: Network, key: Key) -> Network {
    let weight = |k: Key| if k.below(7) == 0 { 1e-3 } else { 5.0 * k.fold(1).unit() };
    random::with(n, Attribute::Weight, key, weight)
}

/// 100 random DAGs of 3 to 42 nodes with rewards of any range: [`solve`] checks conservation and p(x) = R/Z to 1e-9.
#[test]
fn flows_are_valid() {
    for trial in 0..100 {
        let key = Key::new(1).fold(trial);
        let n = weighted(dag(key, 3 + key.below(40), wide), key.fold(7));
        for choice in CHOICES {
            solve(&n, choice).unwrap();
        }
    }
}

#[test]
fn hand_computed_shares() {
    let edges = [("s", "a"), ("s", "b"), ("s", "x"), ("a", "x"), ("b", "x"), ("a", "b")];
    let n = with(network(&edges, &[("x", 12.0)]), Attribute::Weight, &[("a", "x", 4.0), ("b", "x", 1.0)]);
    let uniform = solve(&n, Choice::Uniform).unwrap();
    assert!(close(carried(&n, &uniform, "s", "x"), 4.0) && close(carried(&n, &uniform, "a", "b"), 2.0));
    // Four trajectories, one by a, two by b.
    let maxent = solve(&n, Choice::MaxEnt).unwrap();
    assert!(close(carried(&n, &maxent, "b", "x"), 6.0) && close(carried(&n, &maxent, "a", "x"), 3.0));
    assert!(close(maxent.entropy, 4f64.ln()));
    let given = solve(&n, Choice::Given).unwrap();
    assert!(close(carried(&n, &given, "a", "x"), 8.0) && close(carried(&n, &given, "s", "x"), 2.0));
}

#[test]
fn weights_of_zero_everywhere_are_refused() {
    let n = with(network(&[("s", "x")], &[("x", 1.0)]), Attribute::Weight, &[("s", "x", 0.0)]);
    assert_eq!(solve(&n, Choice::Given).unwrap_err(), Unsolvable::NoWeight("x".to_owned()));
}

/// 100 random DAGs of 3 to 14 nodes: the entropy is that of the enumerated trajectories, and none is larger than that
/// of the flow of maximum entropy.
#[test]
fn entropies_are_those_of_enumeration() {
    for trial in 0..100 {
        let key = Key::new(2).fold(trial);
        let n = weighted(dag(key, 3 + key.below(12), small), key.fold(7));
        let entropies = CHOICES.map(|choice| {
            let solution = solve(&n, choice).unwrap();
            let term = |(v, edges): &(usize, Vec<usize>)| {
                let log_p =
                    edges.iter().map(|&e| solution.forward.edge[e]).sum::<f64>() + solution.forward.stop[*v];
                if log_p == f64::NEG_INFINITY { 0.0 } else { -log_p.exp() * log_p }
            };
            let wanted: f64 = trajectories(n.graph()).iter().map(term).sum();
            assert!((solution.entropy - wanted).abs() < 1e-9, "{trial}: {} {wanted}", solution.entropy);
            solution.entropy
        });
        assert!(entropies.iter().all(|h| *h <= entropies[1] + 1e-9));
    }
}

/// 100 random DAGs of 3 to 14 nodes.
#[test]
fn reinforcement_learning_counts_trajectories() {
    for trial in 0..100 {
        let key = Key::new(3).fold(trial);
        let n = dag(key, 3 + key.below(12), small);
        let mut wanted = vec![0.0; n.graph().n_states()];
        trajectories(n.graph()).iter().for_each(|(v, _)| wanted[*v] += n.rewards()[*v].unwrap());
        let total: f64 = wanted.iter().sum();
        let log_p = log_terminating(n.graph(), &soft_rl(&n));
        for v in 0..wanted.len() {
            assert!((log_p[v].exp() - wanted[v] / total).abs() < 1e-9, "{trial}");
        }
    }
}

/// Pearson's χ² of draws against p, with bins of less than ten expected draws put together, and into another if they still
/// are less; the number of bins less 1.
fn chi_squared(log_p: &[f64], counts: &[u64], n: f64) -> (f64, f64) {
    let all = log_p.iter().zip(counts).map(|(p, &count)| (n * p.exp(), count as f64));
    let (mut bins, few): (Vec<_>, Vec<_>) = all.partition(|bin| bin.0 >= 10.0);
    let rest = few.iter().fold((0.0, 0.0), |rest, bin| (rest.0 + bin.0, rest.1 + bin.1));
    match bins.last_mut() {
        Some(last) if rest.0 < 10.0 => *last = (last.0 + rest.0, last.1 + rest.1),
        _ => bins.push(rest),
    }
    let chi = bins.iter().map(|(expected, found)| (found - expected).powi(2) / expected).sum();
    (chi, (bins.len() - 1) as f64)
}

/// 20 000 trajectories on each of 20 random DAGs for each choice. The bound is the 1 - 1e-7 quantile of χ² (by Wilson
/// and Hilferty), so that 60 right samplers would fail with probability 6e-6; the draws are fixed.
#[test]
fn samples_end_in_proportion_to_rewards() {
    const DRAWS: u64 = 20_000;
    for trial in 0..20 {
        let key = Key::new(4).fold(trial);
        let n = weighted(dag(key, 3 + key.below(30), small), key.fold(7));
        for choice in CHOICES {
            let solution = solve(&n, choice).unwrap();
            let sampler = Sampler::new(&n, &solution.forward, key.fold(8));
            let mut counts = vec![0; n.graph().n_states()];
            for i in 0..DRAWS {
                let t = sampler.draw(i);
                counts[t.object()] += 1;
                assert_eq!(t.nodes[0] as usize, n.graph().source());
                let edges = t.nodes.windows(2).map(|w| n.edge(w[0] as usize, w[1] as usize).unwrap());
                let log_pf: f64 = edges.map(|e| solution.forward.edge[e]).sum();
                assert!((t.log_pf - log_pf - solution.forward.stop[t.object()]).abs() < 1e-9);
            }
            assert!((0..counts.len()).all(|v| counts[v] == 0 || n.rewards()[v] > Some(0.0)));
            let (chi, df) = chi_squared(&solution.log_p, &counts, DRAWS as f64);
            let bound = df * (1.0 - 2.0 / (9.0 * df) + 5.2 * (2.0 / (9.0 * df)).sqrt()).powi(3);
            assert!(df < 1.0 || chi < bound, "{trial} {choice:?}: {chi} of {bound}");
        }
    }
}

#[test]
fn draws_depend_on_their_numbers_alone() {
    let n = dag(Key::new(5), 30, small);
    let solution = solve(&n, Choice::Uniform).unwrap();
    let sampler = Sampler::new(&n, &solution.forward, Key::new(6));
    let forward = Vec::from_iter((0..50).map(|i| sampler.draw(i)));
    let mut back = Vec::from_iter((0..50).rev().map(|i| sampler.draw(i)));
    back.reverse();
    assert_eq!(forward, back);
}

#[test]
fn residuals_point_at_the_spoiled_node() {
    let n = dag(Key::new(7), 30, small);
    let solution = solve(&n, Choice::Uniform).unwrap();
    let wrong = |flow: &headwater_exact::Flow| {
        let off = residuals(&n, flow).into_iter().filter(|r| r.relative() > 1e-9);
        Vec::from_iter(off.map(|r| (r.node, r.equation)))
    };
    assert_eq!(wrong(&solution.flow), []);
    let g = n.graph();
    for e in 0..g.n_edges() {
        if solution.flow.edge[e] == f64::NEG_INFINITY {
            continue;
        }
        let mut flow = solution.flow.clone();
        flow.edge[e] += 0.01;
        let first = if g.from(e) == g.source() { Equation::Source } else { Equation::Conservation };
        let mut wanted = vec![(g.from(e), first), (g.to(e), Equation::Conservation)];
        wanted.sort_by_key(|w| w.0);
        assert_eq!(wrong(&flow), wanted);
    }
    let x = (0..g.n_states()).find(|&v| v != g.source() && n.rewards()[v] > Some(0.0)).unwrap();
    let mut flow = solution.flow;
    flow.stop[x] = f64::NEG_INFINITY;
    assert_eq!(wrong(&flow), [(x, Equation::Conservation), (x, Equation::Reward)]);
    assert_eq!(residuals(&n, &flow).iter().map(headwater_flow::Residual::relative).fold(0.0, f64::max), 1.0);
}

#[test]
fn nodes_without_a_reward_behind_them_are_never_visited() {
    let n = network(&[("s", "a"), ("a", "dead"), ("s", "x")], &[("dead", 0.0), ("x", 2.0), ("s", 1.0)]);
    for choice in [Choice::Uniform, Choice::MaxEnt, Choice::Sparse] {
        let solution = solve(&n, choice).unwrap();
        assert_eq!(solution.flow.state[node(&n, "a")], f64::NEG_INFINITY);
        assert_eq!(solution.log_p[node(&n, "dead")], f64::NEG_INFINITY);
        assert!(close(solution.log_p[node(&n, "s")].exp(), 1.0 / 3.0));
    }
}

#[test]
fn any_backward_policy_makes_a_valid_flow() {
    let n = network(&[("s", "a"), ("s", "b"), ("a", "x"), ("b", "x")], &[("x", 1e300), ("a", 1e-300)]);
    let mut backward = vec![0.0; 4];
    backward[crate::edge(&n, "a", "x")] = 0.25f64.ln();
    backward[crate::edge(&n, "b", "x")] = 0.75f64.ln();
    let solution = Solution::new(&n, backward);
    assert_valid(&n, &solution);
    assert!((log_sum_exp(solution.log_p.iter().copied())).abs() < 1e-9);
}
