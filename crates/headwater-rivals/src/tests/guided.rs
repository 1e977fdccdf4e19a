//! Chains with a learned proposal.

use headwater_core::Key;

use crate::Method;
use crate::learned::Learned;
use crate::leg::Law;
use crate::mars::{Config, Mars};
use crate::walk::Guide;

use super::balance::metropolis;
use super::space::Space;
use super::walks::chi_squared;

fn config(chains: usize, adapt: u64) -> Config {
    Config { chains, steps: 1.0, adapt, rate: 0.02, batch: 32, memory: 256, epsilon: 0.1, burn_in: 0 }
}

/// log P of every edge by a guide.
fn edges(space: &Space, guide: &mut Learned) -> Vec<f64> {
    let g = space.exact.graph();
    let log_p = |e: usize| {
        guide.look(g.sim(), &[g.from(e) as u32]);
        guide.log_p(0, g.action(e))
    };
    (0..g.n_edges()).map(log_p).collect()
}

/// After the network has learned and is frozen, the kernel is in detailed balance with the target, and one move has the
/// distribution that the kernel says. Fails by chance once in 10⁹ times for each space.
#[test]
fn frozen_chains_are_in_detailed_balance() {
    let mut learned = 0;
    for space in Space::all() {
        if space.objects.len() > 100 || space.all_legs().is_none() {
            continue;
        }
        let mut method = Mars::new(&config(1 << 12, 40), space.arena(Key::new(6)));
        let before = method.chains.guide.params().to_vec();
        for _ in 0..40 {
            method.round(&mut |_| ()).unwrap();
        }
        let after = method.chains.guide.params().to_vec();
        learned += u32::from(before != after);
        method.round(&mut |_| ()).unwrap();
        assert!(method.chains.guide.params() == after, "{}: it goes on learning", space.name);

        let log_forth = edges(&space, &mut method.chains.guide);
        let legs = space.legs_with(&log_forth).unwrap();
        let law = Law::new(1.0, space.sim.spec().max_len);
        let (kernel, mass) = metropolis(&space, &legs, &law, 1.0, Law::log_reverse);
        assert!(mass.iter().all(|m| (m - 1.0).abs() < 1e-12), "{}", space.name);
        assert!(kernel.imbalance(&space.target()) < 1e-12, "{}", space.name);
        assert!(kernel.is_ergodic(), "{}", space.name);

        let x = space.objects.len() / 2;
        for i in 0..method.chains.lanes.len() {
            space.put(&mut *method.arena.sim, method.chains.lanes[i], x);
        }
        method.chains.log_reward.fill(space.log_reward()[x]);
        method.round(&mut |_| ()).unwrap();
        let mut counts = vec![0; space.objects.len()];
        method.chains.lanes.iter().for_each(|&lane| counts[space.at(&*method.arena.sim, lane)] += 1);
        let z = chi_squared(&counts, kernel.row(x));
        assert!(z < 6.0, "{}: {z:.1} deviations", space.name);
    }
    assert!(learned > 15, "only {learned} networks learned");
}

/// What is remembered are edges to better objects, so that the network prefers them.
#[test]
fn the_network_learns_what_paid_off() {
    let space = Space::all().into_iter().find(|s| s.name == "bits").unwrap();
    let mut method = Mars::new(&config(256, 300), space.arena(Key::new(6)));
    let expected = |method: &mut Mars| {
        let policy = edges(&space, &mut method.chains.guide);
        let (g, target) = (space.exact.graph(), space.exact.log_target());
        let reach = headwater_exact::ForwardPolicy {
            edge: policy,
            stop: (0..g.n_states()).map(|s| if g.is_object(s) { 0.0 } else { f64::NEG_INFINITY }).collect(),
        };
        let log_p = headwater_exact::log_terminating(g, &reach);
        g.objects().map(|s| log_p[s].exp() * target[s]).sum::<f64>()
    };
    let before = expected(&mut method);
    for _ in 0..300 {
        method.round(&mut |_| ()).unwrap();
    }
    let after = expected(&mut method);
    assert!(after > 1.1 * before, "mean probability of what is reached: {before} before, {after} after");
}
