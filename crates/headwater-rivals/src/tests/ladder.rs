//! The joint kernel of two tempered chains.

use headwater_core::Key;

use crate::Method;
use crate::leg::Law;
use crate::tempering::{Config, Tempering, log_swap};

use super::balance::{Kernel, metropolis};
use super::space::Space;
use super::walks::chi_squared;

const BETAS: [f64; 2] = [1.0, 0.25];

/// Spaces whose pairs of objects are few.
fn tiny() -> Vec<Space> {
    Space::all()
        .into_iter()
        .filter(|s| (3..=20).contains(&s.objects.len()) && s.all_legs().is_some())
        .collect()
}

/// The exchange of two objects, on pairs `x · n + y`.
fn exchange(space: &Space) -> Kernel {
    exchange_at(space, BETAS)
}

/// The same with the probability that belongs to other temperatures.
fn exchange_at(space: &Space, betas: [f64; 2]) -> Kernel {
    let log_reward = space.log_reward();
    let n = log_reward.len();
    let mut kernel = Kernel::new(n * n);
    for x in 0..n {
        for y in (0..n).filter(|&y| y != x) {
            kernel.p[(x * n + y) * n * n + y * n + x] = log_swap(betas, [log_reward[x], log_reward[y]]).exp();
        }
    }
    kernel.rest()
}

/// The two kernels at their temperatures.
fn levels(space: &Space, steps: f64) -> [Kernel; 2] {
    let law = Law::new(steps, space.sim.spec().max_len);
    let legs = space.all_legs().unwrap();
    BETAS.map(|beta| metropolis(space, &legs, &law, beta, Law::log_reverse).0)
}

/// The probabilities of all pairs when independent chains have `p` and `q`.
fn product(p: &[f64], q: &[f64]) -> Vec<f64> {
    p.iter().flat_map(|p| q.iter().map(move |q| p * q)).collect()
}

/// A distribution after one step.
fn after(p: &[f64], kernel: &Kernel) -> Vec<f64> {
    let into = |y: usize| (0..kernel.n).map(|x| p[x] * kernel.row(x)[y]).sum();
    (0..kernel.n).map(into).collect()
}

#[test]
fn exchanges_and_moves_keep_the_product_of_the_targets() {
    let spaces = tiny();
    assert!(spaces.len() >= 5);
    for space in &spaces {
        let power = |beta: f64| {
            let p = space.target().iter().map(|p| p.powf(beta)).collect::<Vec<_>>();
            let sum: f64 = p.iter().sum();
            p.into_iter().map(|p| p / sum).collect::<Vec<_>>()
        };
        let [cold, hot] = BETAS.map(power);
        let target = product(&cold, &hot);
        let exchange = exchange(space);
        assert!(exchange.imbalance(&target) < 1e-12, "{}", space.name);
        let flat = space.log_reward().iter().all(|&r| r == space.log_reward()[0]);
        let mutant = exchange_at(space, [BETAS[1], BETAS[0]]);
        assert!(flat || mutant.imbalance(&target) > 1e-9, "{}: exchanged temperatures pass", space.name);
        // The product of kernels moves a product of distributions to the product of where each goes.
        let [move_cold, move_hot] = levels(space, 1.0);
        let moved = product(&after(&cold, &move_cold), &after(&hot, &move_hot));
        for (p, q) in after(&moved, &exchange).iter().zip(&target) {
            assert!((p - q).abs() < 1e-12, "{}", space.name);
        }
    }
}

/// Fails by chance once in 10⁹ times for each of the starts.
#[test]
fn one_round_has_the_distribution_that_the_kernel_says() {
    for space in tiny() {
        let n = space.objects.len();
        let [cold, hot] = levels(&space, 1.0);
        for (x, y) in [(0, n - 1), (n - 1, 0), (n / 2, n / 3)] {
            let config = Config { chains: 1 << 13, levels: 2, hottest: BETAS[1], steps: 1.0, burn_in: 0 };
            let mut method = Tempering::new(&config, space.arena(Key::new(3)));
            for _ in 0..2 {
                method.round(&mut |_| ()).unwrap();
            }
            let ladders = config.chains;
            for i in 0..2 * ladders {
                let (lane, x) = (method.chains.lanes[i], if i < ladders { x } else { y });
                space.put(&mut *method.arena.sim, lane, x);
                method.chains.log_reward[i] = space.log_reward()[x];
            }
            method.round(&mut |_| ()).unwrap();
            let at = |i: usize| space.at(&*method.arena.sim, method.chains.lanes[i]);
            let mut counts = vec![0; n * n];
            (0..ladders).for_each(|c| counts[at(c) * n + at(ladders + c)] += 1);
            let row = after(&product(cold.row(x), hot.row(y)), &exchange(&space));
            let z = chi_squared(&counts, &row);
            assert!(z < 6.0, "{}: {z:.1} deviations", space.name);
        }
    }
}
