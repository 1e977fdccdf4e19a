use super::{Edges, Grid, close, graph, graphs, random_log_reward, trajectories};
use crate::{
    Divergence, ForwardPolicy, Graph, flow, flow_errors, log_sum_exp, log_target, log_terminating,
    log_trajectories, log_visits, mass, maxent_backward, uniform_backward, worst,
};
use headwater_core::{Key, Stop};

/// Random log-probabilities over the choices of every state.
fn random_policy(g: &Graph, key: Key) -> ForwardPolicy {
    let mut policy = ForwardPolicy::uniform(g);
    for s in 0..g.n_states() {
        let logit = |e: usize| 3.0 * key.fold(e as u64).normal();
        let stop = match g.stops()[s] {
            Stop::Never => f64::NEG_INFINITY,
            Stop::May => key.fold(1 << 32).fold(s as u64).normal(),
            Stop::Must => 0.0,
        };
        let lse = log_sum_exp(g.out(s).map(logit).chain([stop]));
        g.out(s).for_each(|e| policy.edge[e] = logit(e) - lse);
        policy.stop[s] = stop - lse;
    }
    policy
}

/// Random log P_B over the edges entering every state.
fn random_backward(g: &Graph, key: Key) -> Vec<f64> {
    let logit = |e: usize| 3.0 * key.fold(e as u64).normal();
    let lse = |s: usize| log_sum_exp(g.entering(s).iter().map(|&e| logit(e as usize)));
    (0..g.n_edges()).map(|e| logit(e) - lse(g.to(e))).collect()
}

#[test]
fn terminating_in_one_pass_is_the_sum_over_all_trajectories() {
    for (i, g) in graphs().iter().enumerate() {
        let policy = random_policy(g, Key::new(i as u64));
        let (log_p, visits) = (log_terminating(g, &policy), log_visits(g, &policy));
        let mut want = vec![0.0; g.n_states()];
        for (edges, x) in trajectories(g) {
            want[x] += (edges.iter().map(|&e| policy.edge[e]).sum::<f64>() + policy.stop[x]).exp();
        }
        assert!(log_p.iter().zip(&want).all(|(l, w)| close(l.exp(), *w, 1e-12)), "graph {i}");
        assert!(close(mass(&log_p), 1.0, 1e-12));
        assert_eq!(visits[0], 0.0);
        assert!((0..g.n_states()).all(|s| g.is_object(s) || log_p[s] == f64::NEG_INFINITY));
    }
}

#[test]
fn the_flow_is_the_reward_spread_over_trajectories_by_the_backward_policy() {
    for (i, g) in graphs().iter().enumerate() {
        let key = Key::new(100 + i as u64);
        let log_reward = random_log_reward(g, key, 2.0);
        for backward in [uniform_backward(g), maxent_backward(g), random_backward(g, key)] {
            let f = flow(g, &log_reward, &backward);
            let (mut state, mut edge) = (vec![0.0; g.n_states()], vec![0.0; g.n_edges()]);
            for (edges, x) in trajectories(g) {
                let carried = (edges.iter().map(|&e| backward[e]).sum::<f64>() + log_reward[x]).exp();
                state[0] += carried;
                edges.iter().for_each(|&e| edge[e] += carried);
                edges.iter().for_each(|&e| state[g.to(e)] += carried);
            }
            let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| close(a.exp(), *b, 1e-10));
            assert!(same(&f.state, &state) && same(&f.edge, &edge), "graph {i}");
            assert!(close(f.log_z, log_sum_exp(g.objects().map(|x| log_reward[x])), 1e-12));
            // The policy of the flow samples the target and visits each state as the flow says.
            let policy = f.forward_policy(g);
            let d = Divergence::between(&log_target(g, &log_reward), &log_terminating(g, &policy));
            assert!(d.tv < 1e-12 && d.kl_model_target < 1e-12, "graph {i}: {d:?}");
            assert!(flow_errors(g, &policy, &f).iter().all(|e| *e < 1e-12));
        }
    }
}

#[test]
fn maxent_makes_the_trajectories_of_an_object_equally_probable() {
    for (i, g) in graphs().iter().enumerate() {
        let log_reward = random_log_reward(g, Key::new(200 + i as u64), 1.0);
        let f = flow(g, &log_reward, &maxent_backward(g));
        let (policy, n) = (f.forward_policy(g), log_trajectories(g));
        for (edges, x) in trajectories(g) {
            let log_p = edges.iter().map(|&e| policy.edge[e]).sum::<f64>() + policy.stop[x];
            assert!(close(log_p, log_reward[x] - f.log_z - n[x], 1e-10), "graph {i}, object {x}");
        }
    }
}

#[test]
fn the_toy_dag_has_its_published_flow() {
    let toy = Edges::toy();
    let rewards = toy.rewards.clone();
    let g = &mut graph(toy);
    let mut log_reward = vec![f64::NAN; g.n_states()];
    for (x, r) in rewards {
        log_reward[g.find(&x.to_string()).unwrap().unwrap()] = r.ln();
    }
    let f = flow(g, &log_reward, &uniform_backward(g));
    assert!(close(f.log_z.exp(), 112.0, 1e-10));
    let mut flow_of = |text: &str| f.state[g.find(text).unwrap().unwrap()].exp();
    // By hand, from the leaves: 9 sends 15 to each of 7 and 8; 8 holds 10 + 15 and halves it; and so on.
    for (text, want) in [("9", 30.0), ("8", 25.0), ("5", 27.5), ("6", 40.5), ("4", 54.5), ("3", 57.5)] {
        assert!(close(flow_of(text), want, 1e-10), "{text}");
    }
    assert!(close(flow_of("1"), 28.75, 1e-10) && close(flow_of("2"), 83.25, 1e-10));
}

#[test]
fn rewards_of_six_hundred_orders_of_magnitude_keep_nine_digits() {
    let g = graph(Grid { dim: 2, side: 12 });
    let log_reward: Vec<f64> =
        (0..g.n_states()).map(|s| if s % 2 == 0 { 1e-300f64 } else { 1e300 }.ln()).collect();
    let f = flow(&g, &log_reward, &uniform_backward(&g));
    let p = log_terminating(&g, &f.forward_policy(&g));
    let target = log_target(&g, &log_reward);
    assert!(p.iter().zip(&target).all(|(a, b)| close(*a, *b, 1e-9)));
    assert!(close(f.log_z, 72.0f64.ln() + 1e300f64.ln(), 1e-9));
}

#[test]
fn states_without_reward_carry_nothing_and_choose_uniformly() {
    let g = graph(Grid { dim: 2, side: 3 });
    let corner = g.order()[g.n_states() - 1] as usize;
    let mut log_reward = vec![f64::NEG_INFINITY; g.n_states()];
    log_reward[0] = 0.0;
    let f = flow(&g, &log_reward, &uniform_backward(&g));
    let policy = f.forward_policy(&g);
    assert_eq!(f.state[corner], f64::NEG_INFINITY);
    assert_eq!((policy.stop[0], policy.stop[corner]), (0.0, 0.0));
    assert!(policy.edge.iter().chain(&policy.stop).all(|p| !p.is_nan()));
    assert_eq!(mass(&log_terminating(&g, &policy)), 1.0);
    assert!(flow_errors(&g, &policy, &f).iter().all(|e| *e == 0.0));
    // No reward at all is no distribution, and no NaN either.
    let nothing = vec![f64::NEG_INFINITY; g.n_states()];
    let f = flow(&g, &nothing, &uniform_backward(&g));
    assert_eq!((f.log_z, mass(&log_target(&g, &nothing))), (f64::NEG_INFINITY, 0.0));
    assert!(close(mass(&log_terminating(&g, &f.forward_policy(&g))), 1.0, 1e-12));
    assert!(flow_errors(&g, &f.forward_policy(&g), &f).iter().all(|e| !e.is_nan()));
}

#[test]
fn flow_errors_point_at_the_state_that_gets_too_much() {
    let g = graph(Grid { dim: 2, side: 3 });
    let log_reward = vec![0.0; g.n_states()];
    let f = flow(&g, &log_reward, &uniform_backward(&g));
    let mut policy = f.forward_policy(&g);
    // All of the source's trajectories go along the first axis.
    let [first, second] = [g.out(0).start, g.out(0).start + 1];
    policy.edge[first] = log_sum_exp([policy.edge[first], policy.edge[second]]);
    policy.edge[second] = f64::NEG_INFINITY;
    let errors = flow_errors(&g, &policy, &f);
    let top = worst(&errors, 2);
    let states = [g.to(first), g.to(second)];
    assert!(top.iter().all(|(s, e)| states.contains(s) && close(*e, 4.0 / 9.0, 1e-12)), "{top:?}");
    assert_eq!(worst(&errors, 100).len(), 9);
    assert!(worst(&errors, 100).windows(2).all(|w| w[0].1 >= w[1].1));
}
